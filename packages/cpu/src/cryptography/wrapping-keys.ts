/** The keys of a machine under which programs keep keys of their own, encrypted and beyond their reach. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { BlockCipher, Family } from "./block-cipher.ts";

/** The verification pattern of an encrypted key is not that of the wrapping key. */
export class KeyMismatch extends Error {
  constructor() {
    super("a key is encrypted under another wrapping key");
    this.name = "KeyMismatch";
  }
}

/** Bytes. */
const patternSize: Readonly<Record<Family, number>> = { aes: 32, des: 24 };

interface WrappingKey {
  readonly algorithm: string;
  readonly key: Uint8Array;
  readonly iv: Uint8Array | null;
}

export class WrappingKeys {
  readonly #keys: Readonly<Record<Family, WrappingKey>> = {
    aes: { algorithm: "aes-256-xts", key: randomBytes(64), iv: new Uint8Array(16) },
    des: { algorithm: "des-ede3-ecb", key: randomBytes(24), iv: null },
  };
  readonly #patterns: Readonly<Record<Family, Uint8Array>> = {
    aes: randomBytes(patternSize.aes),
    des: randomBytes(patternSize.des),
  };

  /** The key encrypted, and the verification pattern. */
  wrap(family: Family, key: Uint8Array): Uint8Array {
    const { algorithm, key: wrapping, iv } = this.#keys[family];
    const cipher = createCipheriv(algorithm, wrapping, iv).setAutoPadding(false);
    return Buffer.concat([cipher.update(key), cipher.final(), this.#patterns[family]]);
  }
  /** @throws KeyMismatch */
  unwrap(family: Family, wrapped: Uint8Array): Uint8Array {
    const end = wrapped.length - patternSize[family];
    if (Buffer.compare(wrapped.subarray(end), this.#patterns[family]) !== 0) throw new KeyMismatch();
    const { algorithm, key, iv } = this.#keys[family];
    const cipher = createDecipheriv(algorithm, key, iv).setAutoPadding(false);
    return Buffer.concat([cipher.update(wrapped.subarray(0, end)), cipher.final()]);
  }
  /** The same cipher with keys as `wrap` gives them. */
  protect(cipher: BlockCipher): BlockCipher {
    const { family, blockSize, keySize } = cipher;
    return {
      family,
      blockSize,
      keySize: keySize + patternSize[family],
      run: (mode, key, iv, data, decipher) => cipher.run(mode, this.unwrap(family, key), iv, data, decipher),
    };
  }
}
