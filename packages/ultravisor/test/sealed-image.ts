/** Small Secure Execution images for tests, with every secret chosen by the test. */
import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { Storage } from "@lockframe/memory";
import {
  buildSeHeader,
  encryptPage,
  PageDigests,
  pageTweak,
  Pcf,
  PCF_DEFAULT,
  PSW_MASK_64BIT,
} from "@lockframe/secure-image";

export const PAGE = 0x1000;
export const HEADER_AT = 0x14000;

export const p521 = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "secp521r1" }).privateKey;

export interface PlainComponent {
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly tweakPrefix: bigint;
}

export interface SealOptions {
  readonly components: readonly PlainComponent[];
  readonly hostKey: KeyObject;
  readonly pcf?: bigint;
  readonly scf?: bigint;
  readonly psw?: { mask: bigint; address: bigint };
  readonly customerKey?: KeyObject;
  readonly headerKey?: Uint8Array;
  readonly iv?: Uint8Array;
  readonly imageKey?: Uint8Array;
  readonly cck?: Uint8Array;
}

export interface SealedImage {
  readonly header: Uint8Array;
  readonly components: readonly { address: number; stored: Uint8Array; tweakPrefix: bigint }[];
}

export function seal(options: SealOptions): SealedImage {
  const pcf = options.pcf ?? PCF_DEFAULT;
  const imageKey = options.imageKey ?? randomBytes(64);
  const digests = new PageDigests();
  const components = options.components.map(({ address, bytes, tweakPrefix }) => {
    const stored = new Uint8Array(bytes.length);
    for (let at = 0; at < bytes.length; at += PAGE) {
      const tweak = pageTweak(tweakPrefix, at);
      const plain = bytes.subarray(at, at + PAGE);
      const page = (pcf & Pcf.noComponentEncryption) === 0n ? encryptPage(imageKey, tweak, plain) : plain;
      digests.add(page, BigInt(address + at), tweak);
      stored.set(page, at);
    }
    return { address, stored, tweakPrefix };
  });
  const header = buildSeHeader({
    customerKey: options.customerKey ?? p521(),
    hostKeys: [createPublicKey(options.hostKey)],
    headerKey: options.headerKey ?? randomBytes(32),
    iv: options.iv ?? randomBytes(12),
    pcf,
    digests: digests.values(),
    secrets: {
      cck: options.cck ?? randomBytes(32),
      imageKey,
      psw: options.psw ?? { mask: PSW_MASK_64BIT, address: 0x16000n },
      scf: options.scf ?? 0n,
    },
  });
  return { header, components };
}

export interface BlockComponent {
  readonly tweakPrefix: bigint;
  readonly address: number;
  readonly length: number;
}

export function iplBlock(
  headerSize: number,
  components: readonly BlockComponent[],
  headerAt = HEADER_AT,
): Uint8Array {
  const length = 0x88 + 24 * components.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0x00, length);
  view.setUint8(0x07, 1);
  view.setUint32(0x08, length - 8);
  view.setUint8(0x0c, 5);
  view.setUint8(0x6f, 1);
  view.setUint32(0x74, components.length);
  view.setBigUint64(0x78, BigInt(headerAt));
  view.setBigUint64(0x80, BigInt(headerSize));
  components.forEach(({ tweakPrefix, address, length: size }, n) => {
    view.setBigUint64(0x88 + 24 * n, tweakPrefix);
    view.setBigUint64(0x90 + 24 * n, BigInt(address));
    view.setBigUint64(0x98 + 24 * n, BigInt(size));
  });
  return bytes;
}

/** The block that goes with an image. */
export function blockFor({ header, components }: SealedImage): Uint8Array {
  return iplBlock(
    header.length,
    components.map(({ address, stored, tweakPrefix }) => ({ address, tweakPrefix, length: stored.length })),
  );
}

/** Load an image as a boot loader does. */
export function load(storage: Storage, { header, components }: SealedImage): void {
  storage.storeBytes(HEADER_AT, header);
  for (const { address, stored } of components) storage.storeBytes(address, stored);
}

export const createStorage = (size = 0x100000): Storage => Storage.create({ size, reserved: 0 });

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A component of `pages` pages that starts with a text. */
export function component(address: number, pages: number, tweakPrefix: bigint, content = ""): PlainComponent {
  const bytes = new Uint8Array(pages * PAGE);
  bytes.set(text(content));
  return { address, bytes, tweakPrefix };
}
