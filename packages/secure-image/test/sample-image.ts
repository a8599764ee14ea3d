/** Small images with made-up kernels and loaders, for tests. */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { type SeImageOptions, writeSeImage } from "../src/write-se-image.ts";
import { hostPrivate } from "./known-answers.ts";

/** Bytes that look random and are the same in every run. */
export function noise(seed: string, length: number): Uint8Array {
  return createHash("shake256", { outputLength: length }).update(seed).digest();
}

/** A source of "random" bytes for reproducible images. */
export function reproducible(seed: string): (length: number) => Uint8Array {
  let count = 0;
  return (length) => noise(`${seed} ${count++}`, length);
}

/** Something that passes for a raw s390x kernel. */
export function sampleKernel(size = 0x11800, maxCmdline = 0n): Uint8Array {
  const kernel = new Uint8Array(noise("kernel", size));
  kernel.set(Buffer.from("S390EP"), 0x10008);
  new DataView(kernel.buffer, kernel.byteOffset).setBigUint64(0x10430, maxCmdline);
  return kernel;
}

export const sampleLoaders = { stage3a: noise("stage3a", 0x1200), stage3b: noise("stage3b", 0x840) };
export const sampleCmdline = Buffer.from("root=/dev/ram0 canary-in-the-command-line");
export const sampleInitrd = noise("initrd", 0x2001);

export const sampleHost = hostPrivate;
export const secondHost: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey;

export function sampleOptions(changes: Partial<SeImageOptions> = {}): SeImageOptions {
  return {
    kernel: sampleKernel(),
    initrd: sampleInitrd,
    cmdline: sampleCmdline,
    hostKeys: [createPublicKey(sampleHost)],
    loaders: sampleLoaders,
    ...changes,
  };
}

export function sampleImage(changes: Partial<SeImageOptions> = {}): Promise<Uint8Array> {
  return writeSeImage(sampleOptions(changes));
}
