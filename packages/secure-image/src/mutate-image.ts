/** Changes images at random, as damage or an attacker might, to show that nothing tampered with ever starts. */
import { hex, PAGE_SIZE } from "./bytes.ts";
import { METADATA_AT, METADATA_SIZE, STAGE3A_AT } from "./image-layout.ts";
import { type ParsedSeImage, parseSeImage } from "./parse-se-image.ts";

/** Where chance comes from. */
export interface RandomNumbers {
  /** A whole number from 0 to limit - 1. */
  below(limit: number): number;
}

/** A changed copy of an image. */
export interface MutatedImage {
  readonly image: Uint8Array;
  /** What was changed, in order. */
  readonly changes: readonly string[];
}

/** Most changes that one mutation piles up. */
const MOST_CHANGES = 4;

/**
 * A copy of a valid image with one to four changes: bits and bytes anywhere or in the parts that matter, numbers in
 * fields set to values that tempt a reader, pages moved, parts cut off or put in.
 *
 * @throws as {@link parseSeImage} when the image is not valid to begin with.
 */
export function mutateImage(random: RandomNumbers, image: Uint8Array): MutatedImage {
  const scene: Scene = { random, parsed: parseSeImage(image), image: new Uint8Array(image) };
  const changes: string[] = [];
  const count = 1 + random.below(MOST_CHANGES);
  while (changes.length < count) {
    const mutation = pick(random, MUTATIONS);
    changes.push(mutation(scene));
  }
  return { image: scene.image, changes };
}

/** The image as it is being changed; `parsed` tells of the valid one. */
interface Scene {
  readonly random: RandomNumbers;
  readonly parsed: ParsedSeImage;
  image: Uint8Array;
}

type Mutation = (scene: Scene) => string;

interface Region {
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

/** The parts of an image that somebody looks at when it starts. */
function regionsOf({ parsed, image }: Scene): Region[] {
  const { headerOffset, header, ipib, metadata } = parsed;
  const regions: Region[] = [
    { name: "short PSW", start: 0, length: 8 },
    { name: "stage3a", start: STAGE3A_AT, length: 0x3000 },
    { name: "SE header", start: headerOffset, length: header.size },
  ];
  if (metadata !== undefined) regions.push({ name: "metadata", start: METADATA_AT, length: METADATA_SIZE });
  if (ipib !== undefined) {
    regions.push({ name: "IPIB", start: ipib.offset, length: 0x88 + 24 * ipib.components.length });
    ipib.components.forEach(({ address, length }, n) => {
      regions.push({ name: `component ${n}`, start: address, length });
    });
  }
  return regions.filter(({ start, length }) => start + length <= image.length);
}

/** Offsets of numbers, with their sizes in bytes. */
function fieldsOf({ parsed }: Scene): readonly { name: string; at: number; size: 4 | 8 }[] {
  const { headerOffset, ipib, metadata } = parsed;
  const fields: { name: string; at: number; size: 4 | 8 }[] = [
    { name: "header version", at: headerOffset + 0x08, size: 4 },
    { name: "header size", at: headerOffset + 0x0c, size: 4 },
    { name: "number of key slots", at: headerOffset + 0x20, size: 8 },
    { name: "size of the encrypted area", at: headerOffset + 0x28, size: 8 },
    { name: "number of pages", at: headerOffset + 0x30, size: 8 },
    { name: "plain-text control flags", at: headerOffset + 0x38, size: 8 },
  ];
  if (metadata !== undefined) {
    fields.push(
      { name: "metadata header offset", at: METADATA_AT + 0x08, size: 8 },
      { name: "metadata version", at: METADATA_AT + 0x10, size: 4 },
      { name: "metadata IPIB offset", at: METADATA_AT + 0x14, size: 8 },
    );
  }
  if (ipib !== undefined) {
    fields.push(
      { name: "IPIB length", at: ipib.offset, size: 4 },
      { name: "IPIB block length", at: ipib.offset + 8, size: 4 },
      { name: "number of components", at: ipib.offset + 0x74, size: 4 },
      { name: "header address", at: ipib.offset + 0x78, size: 8 },
      { name: "IPIB header size", at: ipib.offset + 0x80, size: 8 },
    );
    ipib.components.forEach((_component, n) => {
      const at = ipib.offset + 0x88 + 24 * n;
      fields.push(
        { name: `tweak prefix of component ${n}`, at, size: 8 },
        { name: `address of component ${n}`, at: at + 8, size: 8 },
        { name: `length of component ${n}`, at: at + 16, size: 8 },
      );
    });
  }
  return fields;
}

/** Numbers at which readers have gone wrong. */
const TEMPTING: readonly bigint[] = [
  0n,
  1n,
  15n,
  16n,
  0xfffn,
  0x1000n,
  0x1001n,
  0x10000n,
  0x14000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 0x1000n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 0x1000n,
  (1n << 64n) - 1n,
];

const flipBit: Mutation = (scene) => {
  const region = pick(scene.random, regionsOf(scene));
  return region === undefined ? "nothing" : flipIn(scene, region);
};

const flipAnywhere: Mutation = (scene) =>
  flipIn(scene, { name: "file", start: 0, length: scene.image.length });

function flipIn({ random, image }: Scene, { name, start, length }: Region): string {
  if (length === 0) return "nothing";
  const at = start + random.below(length);
  const bit = random.below(8);
  image[at] = (image[at] ?? 0) ^ (0x80 >> bit);
  return `bit ${bit} of ${hex(at)} (${name}) flipped`;
}

const overwrite: Mutation = ({ random, image }) => {
  if (image.length === 0) return "nothing";
  const at = random.below(image.length);
  const end = Math.min(image.length, at + 1 + random.below(64));
  for (let n = at; n < end; n++) image[n] = random.below(256);
  return `${hex(at)} to ${hex(end)} overwritten`;
};

const setField: Mutation = (scene) => {
  const { random, image } = scene;
  const field = pick(random, fieldsOf(scene));
  if (field.at + field.size > image.length) return "nothing";
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const old = field.size === 8 ? view.getBigUint64(field.at) : BigInt(view.getUint32(field.at));
  const choices = [
    ...TEMPTING,
    old + 1n,
    old - 1n,
    old * 2n,
    old ^ 0x1000n,
    old + 0x1000n,
    BigInt(image.length),
  ];
  const value = pick(random, choices);
  if (field.size === 8) view.setBigUint64(field.at, BigInt.asUintN(64, value));
  else view.setUint32(field.at, Number(BigInt.asUintN(32, value)));
  return `${field.name} set from ${hex(old)} to ${hex(BigInt.asUintN(field.size * 8, value))}`;
};

const swapPages: Mutation = ({ random, image }) => {
  const pages = Math.floor(image.length / PAGE_SIZE);
  if (pages < 2) return "nothing";
  const [a, b] = [random.below(pages) * PAGE_SIZE, random.below(pages) * PAGE_SIZE];
  const kept = image.slice(a, a + PAGE_SIZE);
  image.copyWithin(a, b, b + PAGE_SIZE);
  image.set(kept, b);
  return `pages ${hex(a)} and ${hex(b)} swapped`;
};

const copyPage: Mutation = ({ random, image }) => {
  const pages = Math.floor(image.length / PAGE_SIZE);
  if (pages === 0) return "nothing";
  const [from, to] = [random.below(pages) * PAGE_SIZE, random.below(pages) * PAGE_SIZE];
  image.copyWithin(to, from, from + PAGE_SIZE);
  return `page ${hex(from)} copied over ${hex(to)}`;
};

const clearPage: Mutation = ({ random, image }) => {
  const at = random.below(Math.floor(image.length / PAGE_SIZE) + 1) * PAGE_SIZE;
  image.fill(0, at, at + PAGE_SIZE);
  return `page ${hex(at)} cleared`;
};

const swapComponents: Mutation = ({ random, image, parsed: { ipib } }) => {
  if (ipib === undefined || ipib.offset + ipib.length > image.length) return "nothing";
  const place = () => ipib.offset + 0x88 + 24 * random.below(ipib.components.length);
  const [a, b] = [place(), place()];
  const kept = image.slice(a, a + 24);
  image.copyWithin(a, b, b + 24);
  image.set(kept, b);
  return `component entries at ${hex(a)} and ${hex(b)} swapped`;
};

const cut: Mutation = (scene) => {
  const { random, image } = scene;
  scene.image = image.slice(0, random.below(image.length + 1));
  return `cut to ${hex(scene.image.length)}`;
};

const insert: Mutation = (scene) => {
  const { random, image } = scene;
  const at = random.below(image.length + 1);
  const length = pick(random, [1, 16, 24, 80, PAGE_SIZE]);
  const larger = new Uint8Array(image.length + length);
  larger.set(image.subarray(0, at));
  larger.set(image.subarray(at), at + length);
  scene.image = larger;
  return `${length} bytes put in at ${hex(at)}`;
};

/** Cutting and inserting move everything and are soon found out, so they are rare. */
const MUTATIONS: readonly Mutation[] = [
  ...Array<Mutation>(6).fill(flipBit),
  ...Array<Mutation>(6).fill(setField),
  flipAnywhere,
  overwrite,
  swapPages,
  copyPage,
  clearPage,
  swapComponents,
  cut,
  insert,
];

function pick<T>(random: RandomNumbers, choices: readonly T[]): T {
  const choice = choices[random.below(choices.length)];
  if (choice === undefined) throw new RangeError("nothing to pick from");
  return choice;
}
