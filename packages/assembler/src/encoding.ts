/** Between the bytes of an instruction and the values of its fields. */
import { LockframeError, type Field, type Format } from "@lockframe/architecture";

/** What the assembler must know of an instruction; every definition of the instruction list is one. */
export interface InstructionEncoding {
  readonly mnemonic: string;
  readonly format: Format;
  /**
   * Operation code, each of its parts in bytes of its own: RR X'18', RRE X'B908', RI X'A70B'
   * (the second part has four bits), RXY X'E304'.
   */
  readonly opcode: number;
}

/**
 * Values of the fields as the instruction holds them: a length field is one less than the length, a
 * relative field counts halfwords. Signed fields are signed numbers. Absent fields are zero.
 */
export type FieldValues = Readonly<Record<string, number>>;

export interface DecodedInstruction<E extends InstructionEncoding = InstructionEncoding> {
  readonly encoding: E;
  readonly fields: FieldValues;
  /** In bytes. */
  readonly length: 2 | 4 | 6;
}

/** Smallest and largest value of a field, as in {@link FieldValues}. */
export function fieldRange(field: Field): readonly [min: number, max: number] {
  if (field.kind === "v") return [0, 31];
  const values = 2 ** field.width;
  return isSigned(field) ? [-values / 2, values / 2 - 1] : [0, values - 1];
}

const isSigned = (field: Field): boolean => field.kind === "i" || field.kind === "ri" || field.kind === "dl";

/** The instruction's bytes. Throws LF-ASM-030 for a field it does not have, LF-ASM-031 for a value that does not fit. */
export function encode(encoding: InstructionEncoding, fields: FieldValues): Uint8Array {
  const { format } = encoding;
  const bytes = new Uint8Array(format.length);
  for (const [bit, width, value] of opcodeParts(encoding)) putBits(bytes, bit, width, value);
  for (const name of Object.keys(fields)) {
    if (format.fields.some((field) => field.name === name)) continue;
    throw new LockframeError("LF-ASM-030", `${encoding.mnemonic} (${format.name}) has no field ${name}`);
  }
  for (const field of format.fields) {
    const value = fields[field.name] ?? 0;
    const [min, max] = fieldRange(field);
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new LockframeError(
        "LF-ASM-031",
        `field ${field.name} of ${encoding.mnemonic} is ${value}, not between ${min} and ${max}`,
      );
    }
    putField(bytes, field, value);
  }
  return bytes;
}

/** The length that the first byte of an instruction announces (its two leftmost bits). */
export function instructionLength(firstByte: number): 2 | 4 | 6 {
  const code = firstByte >> 6;
  return code === 0 ? 2 : code === 3 ? 6 : 4;
}

/**
 * A function from bytes to the instruction that stands at their beginning, or undefined where the list
 * has none or bytes are missing. Bits that the format does not use are ignored, as the machine does.
 */
export function createDecoder<E extends InstructionEncoding>(
  encodings: readonly E[],
): (bytes: Uint8Array) => DecodedInstruction<E> | undefined {
  const byFirstByte = new Map<number, { encoding: E; parts: OpcodePart[] }[]>();
  for (const encoding of encodings) {
    const parts = opcodeParts(encoding);
    const probe = new Uint8Array(encoding.format.length);
    for (const [bit, width, value] of parts) putBits(probe, bit, width, value);
    const firstByte = probe[0] ?? 0;
    const candidates = byFirstByte.get(firstByte) ?? [];
    byFirstByte.set(firstByte, [...candidates, { encoding, parts }]);
  }
  return (bytes) => {
    const candidates = byFirstByte.get(bytes[0] ?? 0) ?? [];
    const found = candidates.find(
      ({ encoding, parts }) =>
        bytes.length >= encoding.format.length &&
        parts.every(([bit, width, value]) => takeBits(bytes, bit, width) === value),
    );
    if (found === undefined) return undefined;
    const { encoding } = found;
    const fields: Record<string, number> = {};
    for (const field of encoding.format.fields) fields[field.name] = takeField(bytes, field);
    return { encoding, fields, length: encoding.format.length };
  };
}

type OpcodePart = readonly [bit: number, width: number, value: number];

/** The parts of the operation code with their places; they are read off `opcode` from the right. */
function opcodeParts({ format, opcode }: InstructionEncoding): OpcodePart[] {
  let rest = opcode;
  return format.opcode
    .toReversed()
    .map(([bit, width]): OpcodePart => {
      const part = 2 ** (8 * Math.ceil(width / 8));
      const value = rest % part;
      rest = Math.floor(rest / part);
      return [bit, width, value];
    })
    .toReversed();
}

/** A 20-bit displacement stores its low 12 bits (DL) before its high 8 bits (DH). */
const DL_BITS = 12;
const DH_BITS = 8;
/** Where RXB keeps the leftmost bit of a vector register number, by the bit at which the other four stand. */
const RXB_BIT: Readonly<Record<number, number>> = { 8: 36, 12: 37, 16: 38, 32: 39 };

function putField(bytes: Uint8Array, field: Field, value: number): void {
  if (field.kind === "dl") {
    putBits(bytes, field.bit, DL_BITS, value & 0xfff);
    putBits(bytes, field.bit + DL_BITS, DH_BITS, (value >> DL_BITS) & 0xff);
  } else if (field.kind === "v") {
    putBits(bytes, field.bit, 4, value & 0xf);
    putBits(bytes, RXB_BIT[field.bit] ?? 36, 1, value >> 4);
  } else {
    putBits(bytes, field.bit, field.width, value);
  }
}

function takeField(bytes: Uint8Array, field: Field): number {
  if (field.kind === "dl") {
    const low = takeBits(bytes, field.bit, DL_BITS);
    return ((takeBits(bytes, field.bit + DL_BITS, DH_BITS) << 24) >> 12) | low;
  }
  const value = takeBits(bytes, field.bit, field.width);
  if (field.kind === "v") return value | (takeBits(bytes, RXB_BIT[field.bit] ?? 36, 1) << 4);
  return isSigned(field) && value >= 2 ** (field.width - 1) ? value - 2 ** field.width : value;
}

/** Set `width` (at most 32) bits from `bit` on, which must be zero, to the low bits of `value`. */
function putBits(bytes: Uint8Array, bit: number, width: number, value: number): void {
  for (let i = 0; i < width; i++) {
    if (((value >>> (width - 1 - i)) & 1) === 0) continue;
    const at = bit + i;
    bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (0x80 >> (at & 7));
  }
}

function takeBits(bytes: Uint8Array, bit: number, width: number): number {
  let value = 0;
  for (let at = bit; at < bit + width; at++) {
    value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
  }
  return value;
}
