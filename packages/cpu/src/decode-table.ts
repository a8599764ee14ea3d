/**
 * How an instruction's bits name the handler that runs it: a table by its first halfword and, for
 * operation codes that end in the sixth byte, one of many tables by that byte.
 */
import type { Format } from "@lockframe/architecture";
import type { Instruction } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { DECODE_FIRST, DECODE_SECOND, DECODE_SECOND_END, SECOND_LEVEL } from "./state.ts";

/** One definition, or its special case in which operand fields of the first halfword have known values. */
export interface Handler {
  readonly definition: Instruction;
  readonly fixed: Readonly<Record<string, number>>;
}

const SECOND_SIZE = 256;

/** Value of the bits that stand at `bit` in a first halfword. */
const bitsOf = (halfword: number, bit: number, width: number): number =>
  (halfword >> (16 - bit - width)) & ((1 << width) - 1);

/** Parts of the operation code with their values: the encoding has each part in bytes of its own. */
function partsOf({
  opcode,
  format,
}: Instruction): readonly (readonly [bit: number, width: number, value: number])[] {
  const parts = format.opcode;
  if (parts.length === 1) return parts.map(([bit, width]) => [bit, width, opcode] as const);
  return parts.map(([bit, width], n) => [bit, width, n === 0 ? opcode >> 8 : opcode & 0xff] as const);
}

function fieldOf(format: Format, name: string) {
  const field = format.fields.find((f) => f.name === name);
  if (field === undefined || field.bit + field.width > 16)
    throw new Error(`format ${format.name} has no field ${name} in its first halfword`);
  return field;
}

/** Whether an instruction that begins so may be for the handler. */
function fits(halfword: number, { definition, fixed }: Handler): boolean {
  const { format } = definition;
  return (
    partsOf(definition).every(([bit, width, value]) => bit >= 16 || bitsOf(halfword, bit, width) === value) &&
    Object.entries(fixed).every(([name, value]) => {
      const { bit, width } = fieldOf(format, name);
      return bitsOf(halfword, bit, width) === value;
    })
  );
}

/** Part of the operation code that stands in the sixth byte. */
const sixthByteOf = (definition: Instruction): number | undefined =>
  partsOf(definition).find(([bit]) => bit === 40)?.[2];

/** Fill the tables: numbers start with 1, and of the handlers that fit, the last one counts. */
export function writeDecodeTables(storage: Storage, handlers: readonly Handler[]): void {
  const view = storage.view();
  for (let at16 = DECODE_FIRST; at16 < DECODE_SECOND_END; at16 += 2) view.setUint16(at16, 0, true);
  const byFirstByte = Array.from({ length: 256 }, (): number[] => []);
  handlers.forEach(({ definition }, n) => {
    const [[, width, value] = [0, 0, 0]] = partsOf(definition);
    byFirstByte[width === 16 ? value >> 8 : value]?.push(n);
  });
  const seconds = new Map<string, number>();
  for (let halfword = 0; halfword < 0x10000; halfword++) {
    const candidates =
      byFirstByte[halfword >> 8]?.filter((n) => fits(halfword, handlers[n] as Handler)) ?? [];
    const last = candidates.at(-1);
    if (last === undefined) continue;
    const definitionOf = (n: number): Instruction => (handlers[n] as Handler).definition;
    if (sixthByteOf(definitionOf(last)) === undefined) {
      view.setUint16(DECODE_FIRST + halfword * 2, last + 1, true);
      continue;
    }
    const key = candidates.join();
    const second = seconds.get(key) ?? seconds.size;
    if (!seconds.has(key)) {
      seconds.set(key, second);
      const start = DECODE_SECOND + second * SECOND_SIZE * 2;
      if (start + SECOND_SIZE * 2 > DECODE_SECOND_END) throw new Error("there is no room for decode tables");
      for (const n of candidates) {
        view.setUint16(start + (sixthByteOf(definitionOf(n)) ?? 0) * 2, n + 1, true);
      }
    }
    view.setUint16(DECODE_FIRST + halfword * 2, SECOND_LEVEL | (second * SECOND_SIZE), true);
  }
}
