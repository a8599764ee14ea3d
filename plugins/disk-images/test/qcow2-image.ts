/** Makes empty qcow2 images and checks used ones, apart from the code under test. */
import { readFileSync, writeFileSync } from "node:fs";

export interface BlankOptions {
  readonly size: number;
  readonly version?: 2 | 3;
  readonly clusterBits?: number;
  readonly refcountOrder?: number;
  readonly backing?: { readonly file: string; readonly format?: string };
  /** Change fields of the header. */
  readonly spoil?: (header: DataView) => void;
}

const MAGIC = 0x514649fb;

/** Header, refcount table, one refcount block, first-level table: a cluster each, the last one as many as it takes. */
export function writeBlank(path: string, options: BlankOptions): void {
  const { size, version = 3, clusterBits = 16, refcountOrder = 4, backing } = options;
  const cluster = 2 ** clusterBits;
  const l1Size = Math.max(1, Math.ceil(size / (cluster * (cluster / 8))));
  const l1Clusters = Math.ceil((8 * l1Size) / cluster);
  const image = new Uint8Array((3 + l1Clusters) * cluster);
  const view = new DataView(image.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, version);
  view.setUint32(20, clusterBits);
  view.setBigUint64(24, BigInt(size));
  view.setUint32(36, l1Size);
  view.setBigUint64(40, BigInt(3 * cluster));
  view.setBigUint64(48, BigInt(cluster));
  view.setUint32(56, 1);
  if (version === 3) {
    view.setUint32(96, refcountOrder);
    view.setUint32(100, 104);
  }
  if (backing !== undefined) {
    let at = version === 3 ? 104 : 72;
    if (backing.format !== undefined) {
      view.setUint32(at, 0xe2792aca);
      view.setUint32(at + 4, backing.format.length);
      image.set(Buffer.from(backing.format), at + 8);
      at += 16;
    }
    at += 8; // the end of the extensions
    view.setBigUint64(8, BigInt(at));
    view.setUint32(16, backing.file.length);
    image.set(Buffer.from(backing.file), at);
  }
  view.setBigUint64(cluster, BigInt(2 * cluster));
  const bits = version === 3 ? 2 ** refcountOrder : 16;
  for (let index = 0; index < 3 + l1Clusters; index++) setCount(image, 2 * cluster, bits, index, 1n);
  options.spoil?.(view);
  writeFileSync(path, image);
}

function setCount(image: Uint8Array, block: number, bits: number, index: number, count: bigint): void {
  for (let bit = 0; bit < bits; bit++) {
    if (((count >> BigInt(bit)) & 1n) === 0n) continue;
    const big = bits >= 8 ? (index + 1) * bits - 1 - bit : 0; // bytes are big-endian, parts of bytes are not
    const [at, shift] =
      bits >= 8
        ? [Math.floor(big / 8), 7 - (big % 8)]
        : [Math.floor((index * bits) / 8), ((index * bits) % 8) + bit];
    image[block + at] = (image[block + at] ?? 0) | (1 << shift);
  }
}

function getCount(image: Uint8Array, block: number, bits: number, index: number): number {
  if (bits < 8) {
    const byte = image[block + Math.floor((index * bits) / 8)] ?? 0;
    return (byte >> ((index * bits) % 8)) & (2 ** bits - 1);
  }
  let value = 0;
  for (let i = 0; i < bits / 8; i++) value = value * 256 + (image[block + (index * bits) / 8 + i] ?? 0);
  return value;
}

export interface ImageCheck {
  /** Clusters that something refers to more often than they are counted. */
  readonly errors: number;
  /** Clusters that are counted more often than something refers to them. */
  readonly leaks: number;
}

/** Compare reference counts with references. */
export function checkImage(path: string): ImageCheck {
  const image = new Uint8Array(readFileSync(path));
  const view = new DataView(image.buffer);
  const at64 = (at: number): bigint => (at + 8 <= image.length ? view.getBigUint64(at) : 0n);
  const clusterBits = view.getUint32(20);
  const cluster = 2 ** clusterBits;
  const bits = view.getUint32(4) === 3 ? 2 ** view.getUint32(96) : 16;
  const references = new Map<number, number>();
  const refer = (offset: number, length = cluster): void => {
    const first = Math.floor(offset / cluster);
    for (let index = first; index * cluster < offset + length; index++)
      references.set(index, (references.get(index) ?? 0) + 1);
  };
  refer(0);
  const [l1Size, l1, table, tableClusters] = [
    view.getUint32(36),
    Number(at64(40)),
    Number(at64(48)),
    view.getUint32(56),
  ];
  refer(l1, 8 * l1Size);
  refer(table, tableClusters * cluster);
  for (let i = 0; i < l1Size; i++) {
    const l2 = Number(at64(l1 + 8 * i) & 0xfffffffffffe00n);
    if (l2 === 0) continue;
    refer(l2);
    for (let k = 0; k < cluster / 8; k++) {
      const entry = at64(l2 + 8 * k);
      if ((entry & (1n << 62n)) !== 0n) {
        const low = BigInt(62 - (clusterBits - 8));
        const offset = Number(entry & ((1n << low) - 1n));
        const sectors = Number((entry & 0x3fffffffffffffffn) >> low) + 1;
        refer(offset, sectors * 512 - (offset % 512));
      } else if ((entry & 0xfffffffffffe00n) !== 0n) refer(Number(entry & 0xfffffffffffe00n));
    }
  }
  const perBlock = (cluster * 8) / bits;
  let [errors, leaks] = [0, 0];
  const counted = new Map<number, number>();
  for (let i = 0; i < (tableClusters * cluster) / 8; i++) {
    const block = Number(at64(table + 8 * i));
    if (block === 0) continue;
    refer(block);
    for (let k = 0; k < perBlock; k++) {
      const count = getCount(image, block, bits, k);
      if (count > 0) counted.set(i * perBlock + k, count);
    }
  }
  for (const [index, count] of references) if ((counted.get(index) ?? 0) < count) errors += 1;
  for (const [index, count] of counted) if ((references.get(index) ?? 0) < count) leaks += 1;
  return { errors, leaks };
}
