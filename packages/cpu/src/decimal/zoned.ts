import { bytesOf, hexOf } from "./packed.ts";

/**
 * Changes of format that look at no code's validity. PACK, UNPACK and MOVE WITH OFFSET work from right to left on views that may
 * share their bytes, because the results of overlapping operands are defined; the result stands in `first` afterwards.
 */

/** PACK: zoned digits to packed; the zone of the rightmost byte becomes the sign. */
export function pack(first: Uint8Array, second: Uint8Array): void {
  let from = second.length - 1;
  const next = (): number => (from >= 0 ? (second[from--] ?? 0) : 0);
  const last = next();
  first[first.length - 1] = ((last << 4) | (last >> 4)) & 0xff;
  for (let to = first.length - 2; to >= 0; to -= 1) {
    const right = next() & 0x0f;
    const left = next() & 0x0f;
    first[to] = (left << 4) | right;
  }
}

/** UNPACK: packed digits to zoned with zone F; the sign becomes the zone of the rightmost byte. */
export function unpack(first: Uint8Array, second: Uint8Array): void {
  let from = second.length - 1;
  const next = (): number => (from >= 0 ? (second[from--] ?? 0) : 0);
  const last = next();
  first[first.length - 1] = ((last << 4) | (last >> 4)) & 0xff;
  for (let to = first.length - 2; to >= 0; to -= 2) {
    // One fetched byte makes two result bytes; it is not fetched again.
    const pair = next();
    first[to] = 0xf0 | (pair & 0x0f);
    if (to > 0) first[to - 1] = 0xf0 | (pair >> 4);
  }
}

/** MOVE WITH OFFSET: the second operand to the left of the rightmost four bits of the first. */
export function moveWithOffset(first: Uint8Array, second: Uint8Array): void {
  let from = second.length - 1;
  let carried = (first[first.length - 1] ?? 0) & 0x0f;
  for (let to = first.length - 1; to >= 0; to -= 1) {
    const byte = from >= 0 ? (second[from--] ?? 0) : 0;
    first[to] = ((byte << 4) | carried) & 0xff;
    carried = byte >> 4;
  }
}

/** PACK ASCII and PACK UNICODE: the digits of characters of `size` bytes, with a plus sign, in 16 bytes. */
export function packCharacters(second: Uint8Array, size: 1 | 2): Uint8Array {
  const digits: number[] = [];
  for (let at = second.length - 1; at >= 0 && digits.length < 31; at -= size)
    digits.unshift((second[at] ?? 0) & 0x0f);
  const text = digits.map((digit) => digit.toString(16)).join("");
  return bytesOf(`${text.padStart(31, "0")}c`);
}

/** UNPACK ASCII and UNPACK UNICODE: characters of `size` bytes from 16 packed bytes. CC: 0 plus, 1 minus, 3 sign invalid. */
export function unpackCharacters(
  length: number,
  second: Uint8Array,
  size: 1 | 2,
): { bytes: Uint8Array; conditionCode: number } {
  const text = hexOf(second);
  const bytes = new Uint8Array(length);
  let digit = text.length - 2;
  for (let at = length - 1; at >= 0; at -= size) bytes[at] = 0x30 | Number.parseInt(text[digit--] ?? "0", 16);
  const sign = text.slice(-1);
  const conditionCode = /[bd]/.test(sign) ? 1 : /[acef]/.test(sign) ? 0 : 3;
  return { bytes, conditionCode };
}
