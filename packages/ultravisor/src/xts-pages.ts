/**
 * Decryption of an image's pages: AES-256-XTS, data units of 4096 bytes, in place in guest storage. Source:
 * IEEE 1619; the block cipher is the platform's.
 *
 * A cipher object for each page costs more than its decryption, so the block cipher runs over whole pieces in
 * ECB mode, and the whitening before and after it (tweak times powers of alpha) is WebAssembly over the exchange
 * window of `Storage`.
 */
import { createCipheriv, createDecipheriv, type Cipheriv, type Decipheriv } from "node:crypto";
import {
  EXCHANGE_PIECE,
  i32,
  i64,
  instantiate,
  op,
  PAGE_SIZE,
  signed,
  type Storage,
  type WasmFunction,
} from "@lockframe/memory";

const BLOCK_SIZE = 16;
const KEY_SIZE = 32;
/** Pages that fit the exchange window at once. */
export const PIECE_PAGES = EXCHANGE_PIECE / PAGE_SIZE;

const { get, set, i32Add, i32Const, i64Const, i64Load, i64Store, i64Xor, i64And } = op;

/**
 * whiten(page, tweak): XOR each block of a page with its tweak. The tweak is a little-endian polynomial over
 * GF(2) modulo x^128 + x^7 + x^2 + x + 1; the next block's is it times x.
 */
const whiten = (page = 0, tweak = 1, low = 2, high = 3, carry = 4, end = 5): WasmFunction => ({
  name: "whiten",
  parameters: [i32, i32],
  results: [],
  locals: [i64, i64, i64, i32],
  body: [
    [get, tweak, i64Load, set, low],
    [get, tweak, i32Const, 8, i32Add, i64Load, set, high],
    [get, page, i32Const, signed(PAGE_SIZE), i32Add, set, end],
    [op.loop],
    [get, page, get, page, i64Load, get, low, i64Xor, i64Store],
    [get, page, i32Const, 8, i32Add, get, page, i32Const, 8, i32Add, i64Load, get, high, i64Xor, i64Store],
    // carry out of bit 127 comes back as x^7 + x^2 + x + 1
    [get, high, i64Const, signed(63), op.i64ShrS, i64Const, signed(0x87), i64And, set, carry],
    [get, high, i64Const, 1, op.i64Shl, get, low, i64Const, signed(63), op.i64ShrU, op.i64Or, set, high],
    [get, low, i64Const, 1, op.i64Shl, get, carry, i64Xor, set, low],
    [get, page, i32Const, 16, i32Add, op.tee, page, get, end, op.i32LtU, op.brIf, 0],
    [op.end],
  ],
});

export class XtsPages {
  readonly #storage: Storage;
  readonly #whiten: (page: number, tweak: number) => void;
  readonly #data: Decipheriv;
  readonly #tweak: Cipheriv;

  /** @param key 64 bytes: data key, then tweak key */
  constructor(storage: Storage, key: Uint8Array) {
    this.#storage = storage;
    const { whiten: whitenPage } = instantiate(storage.memory, [whiten()]);
    if (typeof whitenPage !== "function") throw new TypeError("whitening module lacks its export");
    this.#whiten = (page, tweak) => void whitenPage(page, tweak);
    this.#data = createDecipheriv("aes-256-ecb", key.subarray(0, KEY_SIZE), null).setAutoPadding(false);
    this.#tweak = createCipheriv("aes-256-ecb", key.subarray(KEY_SIZE), null).setAutoPadding(false);
  }

  /**
   * Decrypt the piece that lies in the exchange window and store it. The window is left to be cleared.
   * @param address absolute address of its first page
   * @param tweaks 16 bytes for each page, at most `PIECE_PAGES`
   */
  decryptPiece(address: number, tweaks: Uint8Array): void {
    const bytes = this.#storage.bytes();
    const window = this.#storage.exchangeBase;
    const count = tweaks.length / BLOCK_SIZE;
    const length = count * PAGE_SIZE;
    bytes.set(this.#tweak.update(tweaks), window + EXCHANGE_PIECE);
    this.#whitenAll(count);
    const plain = this.#data.update(bytes.subarray(window, window + length));
    bytes.set(plain, window);
    plain.fill(0);
    this.#whitenAll(count);
    this.#storage.putPiece(address, length);
  }

  #whitenAll(count: number): void {
    const window = this.#storage.exchangeBase;
    for (let n = 0; n < count; n++)
      this.#whiten(window + n * PAGE_SIZE, window + EXCHANGE_PIECE + n * BLOCK_SIZE);
  }
}
