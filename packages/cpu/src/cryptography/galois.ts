/**
 * Arithmetic in the field of 128 bits that GHASH, XTS and CMAC share: polynomials modulo x^128 + x^7 + x^2 + x + 1. They
 * differ in which end of the bytes the constant term stands at. Sources: NIST SP 800-38B, 800-38D, IEEE 1619.
 */

const BYTES = 16;

/** GHASH of whole blocks, from a digest on. The constant term is the leftmost bit. */
export function ghash(subkey: Uint8Array, digest: Uint8Array, blocks: Uint8Array): Uint8Array {
  const table = multiplesOf(subkey);
  const y = Uint8Array.from(digest);
  for (let at = 0; at < blocks.length; at += BYTES) {
    for (let n = 0; n < BYTES; n++) y[n] = (y[n] ?? 0) ^ (blocks[at + n] ?? 0);
    multiply(table, y);
  }
  return y;
}

/** What bits that leave at the right put back at the left: for each byte, 16 bits. */
const reductions = Uint16Array.from({ length: 256 }, (_, byte) => {
  let reduction = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) reduction ^= 0xe100 >> (7 - bit);
  return reduction;
});

/** Products of the subkey and each byte, as four words. */
function multiplesOf(subkey: Uint8Array): Int32Array {
  const view = new DataView(subkey.buffer, subkey.byteOffset, BYTES);
  const table = new Int32Array(256 * 4);
  const power = Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at));
  for (let bit = 0x80; bit > 0; bit >>= 1) {
    table.set(power, bit * 4);
    const lost = (power[3] ?? 0) & 1;
    for (let n = 3; n >= 0; n--)
      power[n] = ((power[n] ?? 0) >>> 1) | ((n === 0 ? 0 : (power[n - 1] ?? 0)) << 31);
    if (lost) power[0] = (power[0] ?? 0) ^ 0xe100_0000;
  }
  for (let byte = 1; byte < 256; byte++) {
    const lowest = byte & -byte;
    if (lowest === byte) continue;
    for (let n = 0; n < 4; n++)
      table[byte * 4 + n] = (table[lowest * 4 + n] ?? 0) ^ (table[(byte ^ lowest) * 4 + n] ?? 0);
  }
  return table;
}

/** y times the subkey, by Horner's rule over its bytes from the right. */
function multiply(table: Int32Array, y: Uint8Array): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let n = BYTES - 1; n >= 0; n--) {
    const reduction = reductions[d & 0xff] ?? 0;
    const row = (y[n] ?? 0) * 4;
    d = ((d >>> 8) | (c << 24)) ^ (table[row + 3] ?? 0);
    c = ((c >>> 8) | (b << 24)) ^ (table[row + 2] ?? 0);
    b = ((b >>> 8) | (a << 24)) ^ (table[row + 1] ?? 0);
    a = ((a >>> 8) | 0) ^ (reduction << 16) ^ (table[row] ?? 0);
  }
  const view = new DataView(y.buffer, y.byteOffset, BYTES);
  [a, b, c, d].forEach((word, n) => view.setInt32(4 * n, word));
}

/** Tweaks of so many blocks, from the first one's on, and the one after them. The constant term is bit 7 of byte 0. */
export function tweaks(first: Uint8Array, count: number): { all: Uint8Array; next: Uint8Array } {
  const all = new Uint8Array(count * BYTES);
  const tweak = Uint8Array.from(first);
  for (let block = 0; block < count; block++) {
    all.set(tweak, block * BYTES);
    timesAlpha(tweak);
  }
  return { all, next: tweak };
}
function timesAlpha(tweak: Uint8Array): void {
  let carry = 0;
  for (let n = 0; n < BYTES; n++) {
    const byte = tweak[n] ?? 0;
    tweak[n] = (byte << 1) | carry;
    carry = byte >> 7;
  }
  if (carry) tweak[0] = (tweak[0] ?? 0) ^ 0x87;
}

/** The first tweak multiplied by the generator to the power of a block's number. */
export function tweakOfBlock(first: Uint8Array, block: bigint): Uint8Array {
  const value = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  let product = value(first);
  let square = 2n;
  for (let rest = block; rest > 0n; rest >>= 1n) {
    if (rest & 1n) product = carrylessProduct(product, square);
    square = carrylessProduct(square, square);
  }
  return Buffer.from(product.toString(16).padStart(2 * BYTES, "0"), "hex").reverse();
}
function carrylessProduct(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = 127n; bit >= 0n; bit--) {
    product <<= 1n;
    if (product >> 128n) product ^= (1n << 128n) | 0x87n;
    if ((b >> bit) & 1n) product ^= a;
  }
  return product;
}

/** The encrypted block of zeros doubled, as CMAC makes its subkeys: the constant term is the rightmost bit. */
export function doubled(block: Uint8Array): Uint8Array {
  const wide = BigInt(block.length * 8);
  const value = BigInt(`0x${Buffer.from(block).toString("hex")}`) << 1n;
  const reduced =
    value >> wide ? (value ^ (block.length === 16 ? 0x87n : 0x1bn)) & ((1n << wide) - 1n) : value;
  return Buffer.from(reduced.toString(16).padStart(2 * block.length, "0"), "hex");
}
