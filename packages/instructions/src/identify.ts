/** What an operation code means, defined here or not. */
import { instructions } from "./definitions/index.ts";
import type { Instruction } from "./dsl/index.ts";
import { type Gap, gaps } from "./gaps/index.ts";

/** Where the operation code goes on, by first bytes; for all others the first byte is all of it. */
const continuations: readonly (readonly [bit: number, width: number, firstBytes: readonly number[]])[] = [
  [8, 8, [0x01, 0xb2, 0xb3, 0xb9, 0xe5]],
  [12, 4, [0xa5, 0xa7, 0xaa, 0xc0, 0xc2, 0xc4, 0xc6, 0xc8, 0xcc]],
  [40, 8, [0xe3, 0xe6, 0xe7, 0xeb, 0xec, 0xed]],
];

/** Operation code of an instruction, given left-aligned in 64 bits: each of its parts in bytes of its own. */
export function operationCode(word: bigint): number {
  const firstByte = Number((word >> 56n) & 0xffn);
  const continuation = continuations.find(([, , firstBytes]) => firstBytes.includes(firstByte));
  if (continuation === undefined) return firstByte;
  const [bit, width] = continuation;
  return (firstByte << 8) | Number((word >> BigInt(64 - bit - width)) & ((1n << BigInt(width)) - 1n));
}

const byCode: ReadonlyMap<number, Instruction | Gap> = new Map(
  [...gaps, ...instructions].map((instruction) => [instruction.opcode, instruction]),
);

/** The definition of an operation code, or what is known of it without one. */
export const identify = (opcode: number): Instruction | Gap | undefined => byCode.get(opcode);
