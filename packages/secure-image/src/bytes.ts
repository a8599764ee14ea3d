import { PAGE_SIZE } from "@lockframe/memory";
import { ImageError } from "./image-error.ts";

export { PAGE_SIZE };

/** `n` rounded up to the next page boundary. */
export function roundUpToPage(n: number): number {
  return Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
}

/** `0x`-prefixed lower-case hexadecimal, zero-padded to `digits`. */
export function hex(value: number | bigint, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** The bytes as lower-case hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Big-endian fields of a byte range that nobody vouches for: every access is checked, a field that is not
 * wholly inside throws `LF-IMAGE-001` with its offset in the file.
 */
export class FieldReader {
  readonly bytes: Uint8Array;
  /** What is read, for messages. */
  readonly what: string;
  /** File offset of `bytes[0]`. */
  readonly base: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, what: string, base = 0) {
    this.bytes = bytes;
    this.what = what;
    this.base = base;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  u8(at: number): number {
    this.#check(at, 1);
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    this.#check(at, 2);
    return this.#view.getUint16(at);
  }

  u32(at: number): number {
    this.#check(at, 4);
    return this.#view.getUint32(at);
  }

  u64(at: number): bigint {
    this.#check(at, 8);
    return this.#view.getBigUint64(at);
  }

  /** A copy of `length` bytes. */
  slice(at: number, length: number): Uint8Array {
    this.#check(at, length);
    return new Uint8Array(this.bytes.subarray(at, at + length)); // a Buffer's slice() would not copy
  }

  #check(at: number, length: number): void {
    if (at >= 0 && length >= 0 && at + length <= this.bytes.length) return;
    throw new ImageError(
      "LF-IMAGE-001",
      `${this.what} is truncated: ${length} bytes are wanted, ${Math.max(0, this.bytes.length - at)} are there`,
      { offset: this.base + at, hint: "The file is incomplete; copy or build it again." },
    );
  }
}

/** Big-endian fields written into a byte range of fixed size. */
export class FieldWriter {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(at: number, value: number): this {
    this.#view.setUint8(at, value);
    return this;
  }

  u16(at: number, value: number): this {
    this.#view.setUint16(at, value);
    return this;
  }

  u32(at: number, value: number): this {
    this.#view.setUint32(at, value);
    return this;
  }

  u64(at: number, value: bigint): this {
    this.#view.setBigUint64(at, value);
    return this;
  }

  set(at: number, value: Uint8Array): this {
    this.bytes.set(value, at);
    return this;
  }
}
