/**
 * AES-256-XTS over many pages at once, each a data unit of 4096 bytes with a tweak of its own. Source: IEEE 1619;
 * the block cipher is the platform's.
 *
 * A cipher object for each page costs more than its encryption, so the block cipher runs over whole pieces in
 * ECB mode, and the whitening before and after it (tweak times powers of alpha) is WebAssembly.
 */
import { createCipheriv, createDecipheriv, type Cipheriv, type Decipheriv } from "node:crypto";
import { i32, instantiate, op, signed, v128, type WasmFunction } from "@lockframe/memory";
import { PAGE_SIZE } from "./bytes.ts";

const KEY_SIZE = 32;
const BLOCK_SIZE = 16;
/** Bytes that are worked on at a time; the window's second half holds their tweaks. */
const PIECE = 0x10000;

/** Sign of lane 3 (bit 127) into lane 0, of lane 1 (bit 63) into lane 2. */
const CARRIES = [12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3];
/** What a carry adds: x^7 + x^2 + x + 1 out of bit 127, x^64 out of bit 63. */
const CARRIED = [0x87, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/** Blocks for each turn of the loop. */
const UNROLLED = 4;

const { get, set, i32Add, i32Const } = op;

/**
 * whiten(page, tweaks, end): XOR each block from `page` to `end` with its tweak. A page's first tweak stands in
 * `tweaks`; it is a little-endian polynomial over GF(2) modulo x^128 + x^7 + x^2 + x + 1, and the next block's is
 * it times x.
 */
const whiten = (at = 0, tweaks = 1, end = 2, tweak = 3, signs = 4, pageEnd = 5): WasmFunction => ({
  name: "whiten",
  parameters: [i32, i32, i32],
  results: [],
  locals: [v128, v128, i32],
  body: [
    [op.loop],
    [get, tweaks, op.v128Load, set, tweak],
    [get, tweaks, i32Const, BLOCK_SIZE, i32Add, set, tweaks],
    [get, at, i32Const, signed(PAGE_SIZE), i32Add, set, pageEnd],
    [op.loop],
    ...Array.from({ length: UNROLLED }, () => [
      [get, at, get, at, op.v128Load, get, tweak, op.v128Xor, op.v128Store],
      [get, tweak, i32Const, 31, op.i32x4ShrS, set, signs],
      [get, tweak, i32Const, 1, op.i64x2Shl],
      [get, signs, get, signs, op.v128Shuffle, CARRIES, op.v128Const, CARRIED, op.v128And],
      [op.v128Xor, set, tweak],
      [get, at, i32Const, BLOCK_SIZE, i32Add, set, at],
    ]).flat(),
    [get, at, get, pageEnd, op.i32LtU, op.brIf, 0],
    [op.end],
    [get, at, get, end, op.i32LtU, op.brIf, 0],
    [op.end],
  ],
});

interface Window {
  readonly bytes: Uint8Array;
  whiten(at: number, tweaks: number, end: number): void;
}

let shared: Window | undefined;

/** One window for all: nothing of it is kept from one call to the next. */
function openWindow(): Window {
  if (shared !== undefined) return shared;
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
  const { whiten: whitenPages } = instantiate([memory], [whiten()]);
  if (typeof whitenPages !== "function") throw new TypeError("the whitening module lacks its export");
  shared = {
    bytes: new Uint8Array(memory.buffer),
    whiten: (at, tweaks, end) => void whitenPages(at, tweaks, end),
  };
  return shared;
}

/** Encrypts pages, or decrypts them, under one key. */
export class PageXts {
  readonly #window = openWindow();
  readonly #data: Cipheriv | Decipheriv;
  readonly #tweak: Cipheriv;

  /** @param key 64 bytes: data key, then tweak key */
  constructor(direction: "encrypt" | "decrypt", key: Uint8Array) {
    const create = direction === "encrypt" ? createCipheriv : createDecipheriv;
    this.#data = create("aes-256-ecb", key.subarray(0, KEY_SIZE), null).setAutoPadding(false);
    this.#tweak = createCipheriv("aes-256-ecb", key.subarray(KEY_SIZE), null).setAutoPadding(false);
  }

  /**
   * In place.
   * @param pages a whole number of pages
   * @param tweaks 16 bytes for each page
   */
  apply(pages: Uint8Array, tweaks: Uint8Array): void {
    const { bytes } = this.#window;
    const whitening = this.#tweak.update(tweaks);
    for (let at = 0; at < pages.length; at += PIECE) {
      const piece = pages.subarray(at, at + PIECE);
      const first = (at / PAGE_SIZE) * BLOCK_SIZE;
      bytes.set(whitening.subarray(first, first + (piece.length / PAGE_SIZE) * BLOCK_SIZE), PIECE);
      this.#applyToPiece(piece);
    }
    bytes.fill(0, 0, Math.min(pages.length, PIECE));
  }

  #applyToPiece(piece: Uint8Array): void {
    const { bytes, whiten: whitenPages } = this.#window;
    const { length } = piece;
    bytes.set(piece);
    whitenPages(0, PIECE, length);
    const turned = this.#data.update(bytes.subarray(0, length));
    bytes.set(turned);
    turned.fill(0);
    whitenPages(0, PIECE, length);
    piece.set(bytes.subarray(0, length));
  }
}
