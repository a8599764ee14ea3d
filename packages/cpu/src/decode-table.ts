/**
 * How an instruction's bits name the handler that runs it: a table by its first halfword and, for
 * operation codes that end in the sixth byte, one of many tables by that byte.
 */
import type { Instruction } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { DECODE_FIRST, DECODE_SECOND, DECODE_SECOND_END, SECOND_LEVEL } from "./state.ts";

/** One definition, or its special case in which operand fields of the first halfword have known values. */
export interface Handler {
  readonly definition: Instruction;
  readonly fixed: Readonly<Record<string, number>>;
}

const SECOND_SIZE = 256;

/** What the bits of an instruction say about whether it is for a handler. */
interface Pattern {
  /** Number of the handler. */
  readonly number: number;
  /** The bits of the first halfword that count, and their values. */
  readonly mask: number;
  readonly value: number;
  /** The sixth byte, when part of the operation code stands there. */
  readonly sixth: number | undefined;
}

function patternOf({ definition, fixed }: Handler, number: number): Pattern {
  const { opcode, format } = definition;
  const several = format.opcode.length > 1;
  let [mask, value] = [0, 0];
  let sixth: number | undefined;
  const add = (bit: number, width: number, contents: number) => {
    mask |= ((1 << width) - 1) << (16 - bit - width);
    value |= contents << (16 - bit - width);
  };
  // An encoding has each part of the operation code in bytes of its own.
  format.opcode.forEach(([bit, width], n) => {
    const contents = !several ? opcode : n === 0 ? opcode >> 8 : opcode & 0xff;
    if (bit < 16) add(bit, width, contents);
    else sixth = contents;
  });
  for (const [name, contents] of Object.entries(fixed)) {
    const field = format.fields.find((f) => f.name === name);
    if (field === undefined || field.bit + field.width > 16)
      throw new Error(`format ${format.name} has no field ${name} in its first halfword`);
    add(field.bit, field.width, contents);
  }
  return { number, mask, value, sixth };
}

/** Fill the tables: numbers start with 1, and of the handlers that fit an instruction, the last one counts. */
export function writeDecodeTables(storage: Storage, handlers: readonly Handler[]): void {
  storage.bytes().fill(0, DECODE_FIRST, DECODE_SECOND_END);
  const view = storage.view();
  const byFirstByte = Array.from({ length: 256 }, (): Pattern[] => []);
  handlers.forEach((handler, n) => {
    const pattern = patternOf(handler, n + 1);
    byFirstByte[pattern.value >> 8]?.push(pattern);
  });
  const seconds = new Map<string, number>();
  const secondFor = (patterns: readonly Pattern[]): number => {
    const key = patterns.map(({ number }) => number).join();
    const known = seconds.get(key);
    if (known !== undefined) return known;
    const start = seconds.size * SECOND_SIZE;
    if (DECODE_SECOND + (start + SECOND_SIZE) * 2 > DECODE_SECOND_END)
      throw new Error("there is no room for decode tables");
    seconds.set(key, start);
    for (const { number, sixth } of patterns)
      view.setUint16(DECODE_SECOND + (start + (sixth ?? 0)) * 2, number, true);
    return start;
  };
  const entryFor = (patterns: readonly Pattern[], halfword: number): number => {
    const fitting = patterns.filter(({ mask, value }) => (halfword & mask) === value);
    const last = fitting.at(-1);
    if (last === undefined) return 0;
    return last.sixth === undefined ? last.number : SECOND_LEVEL | secondFor(fitting);
  };
  byFirstByte.forEach((patterns, firstByte) => {
    if (patterns.length === 0) return;
    // Few first bytes are followed by more bits that count.
    const counting = patterns.reduce((all, { mask }) => all | mask, 0);
    const entries = new Map<number, number>();
    for (let halfword = firstByte << 8; halfword >> 8 === firstByte; halfword++) {
      const bits = halfword & counting;
      const entry = entries.get(bits) ?? entryFor(patterns, bits);
      entries.set(bits, entry);
      if (entry !== 0) view.setUint16(DECODE_FIRST + halfword * 2, entry, true);
    }
  });
}
