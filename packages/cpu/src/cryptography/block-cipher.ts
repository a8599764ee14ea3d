/** AES and (triple) DES of the host's library, in the modes of operation that CPUs offer. */
import { createCipheriv, createDecipheriv } from "node:crypto";

export type Mode = "ecb" | "cbc" | "ofb" | "cfb" | "cfb8";

/** Kinds of wrapping keys. */
export type Family = "aes" | "des";

export interface BlockCipher {
  readonly family: Family;
  /** Bytes. */
  readonly blockSize: 8 | 16;
  readonly keySize: number;
  /** Data of whole blocks (any length in the mode cfb8). The initialization vector is one block; ECB has none. */
  run(
    mode: Mode,
    key: Uint8Array,
    iv: Uint8Array | undefined,
    data: Uint8Array,
    decipher?: boolean,
  ): Uint8Array;
}

const cipher = (
  family: Family,
  name: string,
  blockSize: 8 | 16,
  keySize: number,
  expand = (key: Uint8Array) => key,
): BlockCipher => ({
  family,
  blockSize,
  keySize,
  run(mode, key, iv, data, decipher = false) {
    const create = decipher ? createDecipheriv : createCipheriv;
    const transform = create(`${name}-${mode}`, expand(key), iv ?? null);
    transform.setAutoPadding(false);
    return transform.update(data);
  },
});

export const aes = (bits: 128 | 192 | 256): BlockCipher => cipher("aes", `aes-${bits}`, 16, bits / 8);
/** With one, two or three keys: one key three times is DES. */
export const tripleDes = (keys: 1 | 2 | 3): BlockCipher =>
  cipher("des", "des-ede3", 8, keys * 8, (key) => {
    const part = (n: number) => key.subarray(8 * n, 8 * n + 8);
    return Buffer.concat([part(0), part(keys === 1 ? 0 : 1), part(keys === 3 ? 2 : 0)]);
  });

export const xor = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  a.map((byte, index) => byte ^ (b[index] ?? 0));
