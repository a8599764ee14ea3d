/** Block ciphers by the function codes that all instructions share. */
import { type BlockCipher, aes, tripleDes } from "../../cryptography/block-cipher.ts";
import type { WrappingKeys } from "../../cryptography/wrapping-keys.ts";

export type CiphersByCode = ReadonlyMap<number, BlockCipher>;

/** Keys that are there in clear. */
export const clearKeys: CiphersByCode = new Map([
  [1, tripleDes(1)],
  [2, tripleDes(2)],
  [3, tripleDes(3)],
  [18, aes(128)],
  [19, aes(192)],
  [20, aes(256)],
]);
/** Function codes of the same ciphers with encrypted keys lie so much higher. */
const ENCRYPTED = 8;

/** Keys in clear and encrypted. */
export const blockCiphers = (keys: WrappingKeys): CiphersByCode => withEncrypted(keys, clearKeys);
/** XTS: AES with keys of 128 and 256 bits. */
export const xtsCiphers = (keys: WrappingKeys): CiphersByCode =>
  withEncrypted(
    keys,
    new Map([
      [50, aes(128)],
      [52, aes(256)],
    ]),
  );

const withEncrypted = (keys: WrappingKeys, ciphers: CiphersByCode): CiphersByCode =>
  new Map([
    ...ciphers,
    ...Array.from(ciphers, ([code, cipher]) => [code + ENCRYPTED, keys.protect(cipher)] as const),
  ]);
