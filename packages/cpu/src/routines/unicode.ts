/** Instructions on characters of two bytes, and conversions between UTF-8, UTF-16 and UTF-32. Source: Principles of Operation, "General Instructions". */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import type { HostRoutines } from "./host.ts";
import { Extent, addressIn, bytesOf, fetch16, inSteps, setAddress } from "./registers.ts";

const specification = (): never => {
  throw new ProgramInterruption(programInterruption.specification);
};
const evenLengths = (...extents: Extent[]): void => {
  if (extents.some(({ length }) => (length & 1n) !== 0n)) specification();
};

/** MVCLU: R1, R3, address whose rightmost 16 bits are the padding character. CC as for MVCLE. */
function moveLongUnicode(cpu: Cpu): number {
  const [first, third] = [new Extent(cpu, cpu.arg32(0)), new Extent(cpu, cpu.arg32(1))];
  evenLengths(first, third);
  const padding = bytesOf(cpu.arg64(2), 2);
  const cc = first.length === third.length ? 0 : first.length < third.length ? 1 : 2;
  const step = (): number | undefined => {
    if (first.length === 0n) return cc;
    const source = third.length !== 0n;
    const character = source ? cpu.fetchBytes(third.address, 2, third.register) : padding;
    cpu.storeBytes(first.address, character, first.register);
    if (source) third.advance(2);
    first.advance(2);
    return first.length === 0n ? cc : undefined;
  };
  return inSteps(cpu, step, () => {
    first.store();
    third.store();
  });
}

/** CLCLU: R1, R3, address whose rightmost 16 bits are the padding character. CC as for CLCLE. */
function compareLongUnicode(cpu: Cpu): number {
  const [first, third] = [new Extent(cpu, cpu.arg32(0)), new Extent(cpu, cpu.arg32(1))];
  evenLengths(first, third);
  const padding = Number(cpu.arg64(2) & 0xffffn);
  const character = ({ length, address, register }: Extent): number =>
    length === 0n ? padding : fetch16(cpu, address, register);
  const step = (): number | undefined => {
    if (first.length === 0n && third.length === 0n) return 0;
    const [a, b] = [character(first), character(third)];
    if (a !== b) return a < b ? 1 : 2;
    for (const extent of [first, third]) if (extent.length !== 0n) extent.advance(2);
    return undefined;
  };
  return inSteps(cpu, step, () => {
    first.store();
    third.store();
  });
}

/** SRSTU: end in R1, start in R2, character in general register 0. CC: 1 found at R1, 2 not found. */
function searchStringUnicode(cpu: Cpu): number {
  const [r1, r2] = [cpu.arg32(0), cpu.arg32(1)];
  const character = cpu.grLow(0);
  if (character > 0xffff) specification();
  let address = addressIn(cpu, r2);
  const end = addressIn(cpu, r1);
  // An end between the bytes of a character is reached behind that character.
  const last = (end + ((address ^ end) & 1n)) & cpu.addressMask;
  let moved = true;
  const step = (): number | undefined => {
    if (address === last) {
      moved = false;
      return 2;
    }
    if (fetch16(cpu, address, r2) === character) {
      moved = false;
      setAddress(cpu, r1, address);
      return 1;
    }
    address = (address + 2n) & cpu.addressMask;
    return undefined;
  };
  return inSteps(cpu, step, () => {
    if (moved) setAddress(cpu, r2, address);
  });
}

// --- conversions -----------------------------------------------------------------------------------

/** Why no character could be read: the source is exhausted, or it is not valid. */
type Unreadable = "exhausted" | "invalid";
interface Character {
  readonly code: number;
  /** Bytes of the source. */
  readonly length: number;
}
/** `byte(n)`: source byte n, asked for only where it is within `available`. */
type Decode = (byte: (n: number) => number, available: bigint, strict: boolean) => Character | Unreadable;
type Encode = (code: number) => number[];

/** First bytes by the length of their character; `strict` leaves out those that begin no well-formed one. */
function utf8Length(first: number, strict: boolean): number | undefined {
  if (first < 0x80) return 1;
  if (first < (strict ? 0xc2 : 0xc0)) return undefined;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < (strict ? 0xf5 : 0xf8) ? 4 : undefined;
}
/** Smallest code that needs so many bytes. */
const shortest = [0, 0, 0x80, 0x800, 0x1_0000];

const fromUtf8: Decode = (byte, available, strict) => {
  if (available < 1n) return "exhausted";
  const first = byte(0);
  const length = utf8Length(first, strict);
  if (length === undefined) return "invalid";
  if (available < BigInt(length)) return "exhausted";
  if (length === 1) return { code: first, length };
  let code = first & (0xff >> (length + 1));
  let continued = true;
  for (let n = 1; n < length; n++) {
    const next = byte(n);
    continued &&= (next & 0xc0) === 0x80;
    code = (code << 6) | (next & 0x3f);
  }
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  const wellFormed = continued && !surrogate && code >= (shortest[length] ?? 0) && code <= 0x10_ffff;
  return strict && !wellFormed ? "invalid" : { code, length };
};

const fromUtf16: Decode = (byte, available, strict) => {
  const unit = (n: number) => (byte(n) << 8) | byte(n + 1);
  if (available < 2n) return "exhausted";
  const high = unit(0);
  if ((high & 0xfc00) !== 0xd800) return { code: high, length: 2 };
  if (available < 4n) return "exhausted";
  const low = unit(2);
  if (strict && (low & 0xfc00) !== 0xdc00) return "invalid";
  return { code: 0x1_0000 + ((high & 0x3ff) << 10) + (low & 0x3ff), length: 4 };
};

const fromUtf32: Decode = (byte, available) => {
  if (available < 4n) return "exhausted";
  const code = ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0;
  return (code >= 0xd800 && code <= 0xdbff) || code > 0x10_ffff ? "invalid" : { code, length: 4 };
};

const toUtf8: Encode = (code) => {
  const tail = (shift: number) => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), tail(0)];
  if (code < 0x1_0000) return [0xe0 | (code >> 12), tail(6), tail(0)];
  return [0xf0 | ((code >> 18) & 7), tail(12), tail(6), tail(0)];
};
const toUtf16: Encode = (code) => {
  if (code < 0x1_0000) return [code >> 8, code & 0xff];
  const high = 0xd800 | (((code >> 10) - 0x40) & 0x3ff);
  const low = 0xdc00 | (code & 0x3ff);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff];
};
const toUtf32: Encode = (code) => [...bytesOf(BigInt(code), 4)];

/** By the two digits in the mnemonic: from, to. */
const conversions: ReadonlyMap<number, readonly [Decode, Encode]> = new Map([
  [12, [fromUtf8, toUtf16]],
  [14, [fromUtf8, toUtf32]],
  [21, [fromUtf16, toUtf8]],
  [24, [fromUtf16, toUtf32]],
  [41, [fromUtf32, toUtf8]],
  [42, [fromUtf32, toUtf16]],
]);

/** CUxy: R1, R2, M3 (rightmost bit: well-formedness checking), xy. CC: 0 source exhausted, 1 target full, 2 invalid source. */
function convertUnicode(cpu: Cpu): number {
  const [target, source] = [new Extent(cpu, cpu.arg32(0)), new Extent(cpu, cpu.arg32(1))];
  const strict = (cpu.arg32(2) & 1) !== 0;
  const conversion = conversions.get(cpu.arg32(3));
  if (conversion === undefined) throw new RangeError(`no conversion ${cpu.arg32(3)}`);
  const [decode, encode] = conversion;
  const byte = (n: number): number =>
    cpu.fetch8((source.address + BigInt(n)) & cpu.addressMask, source.register);
  const step = (): number | undefined => {
    const character = decode(byte, source.length, strict);
    if (character === "exhausted") return 0;
    if (character === "invalid") return 2;
    const bytes = encode(character.code);
    if (BigInt(bytes.length) > target.length) return 1;
    cpu.storeBytes(target.address, Uint8Array.from(bytes), target.register);
    source.advance(character.length);
    target.advance(bytes.length);
    return undefined;
  };
  return inSteps(cpu, step, () => {
    target.store();
    source.store();
  });
}

export const unicodeRoutines: HostRoutines = {
  moveLongUnicode,
  compareLongUnicode,
  searchStringUnicode,
  convertUnicode,
};
