import type { Format } from "@lockframe/architecture";

/** What the judge needs to know of a definition; `Instruction` of `@lockframe/instructions` satisfies it. */
export interface InstructionToJudge {
  readonly mnemonic: string;
  readonly title: string;
  readonly format: Format;
  /** Each part of the operation code in bytes of its own: AGHI is 0xa70b. */
  readonly opcode: number;
  readonly privileged?: true;
}

/** Where RXB keeps the leftmost bit of a vector register's number, by the bit at which the other four stand. */
const rxb: Readonly<Record<number, number>> = { 8: 36, 12: 37, 16: 38, 32: 39 };

/** The instruction with the given operand fields (raw bits by field name; a missing field is zero). */
export function encode(
  { format, opcode }: InstructionToJudge,
  fields: ReadonlyMap<string, bigint>,
): Uint8Array {
  let word = 0n; // left-aligned in 64 bits, as instructions are numbered
  let remaining = format.opcode.reduce((sum, [, width]) => sum + Math.ceil(width / 8) * 8, 0);
  for (const [bit, width] of format.opcode) {
    remaining -= Math.ceil(width / 8) * 8;
    word |= place(BigInt(opcode >>> remaining), bit, width);
  }
  for (const field of format.fields) {
    const value = fields.get(field.name) ?? 0n;
    if (field.kind === "dl") {
      word |= place(value, field.bit, 12) | place(value >> 12n, field.bit + 12, 8);
    } else if (field.kind === "v") {
      word |= place(value, field.bit, 4) | place(value >> 4n, rxb[field.bit] ?? 36, 1);
    } else {
      word |= place(value, field.bit, field.width);
    }
  }
  return Uint8Array.from({ length: format.length }, (_, index) =>
    Number((word >> BigInt(56 - 8 * index)) & 0xffn),
  );
}

function place(value: bigint, bit: number, width: number): bigint {
  return (value & ((1n << BigInt(width)) - 1n)) << BigInt(64 - bit - width);
}
