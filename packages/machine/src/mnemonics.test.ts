import { mnemonicOf } from "@lockframe/architecture";
import { type Instruction, instructions } from "@lockframe/instructions";
import { expect, test } from "vitest";

/** The operation code of a definition in its place, operands zero. */
function bare({ format, opcode }: Instruction): Uint8Array {
  let rest = BigInt(opcode);
  let word = 0n;
  for (const [bit, width] of format.opcode.toReversed()) {
    word |= (rest & ((1n << BigInt(width)) - 1n)) << BigInt(48 - bit - width);
    rest >>= BigInt(Math.max(8, width));
  }
  return Buffer.from(word.toString(16).padStart(12, "0"), "hex");
}

test("the table of mnemonics names every definition as it is named here", () => {
  const strangers = instructions
    .map((definition) => [definition.mnemonic, mnemonicOf(bare(definition))])
    .filter(([ours, listed]) => ours !== listed);
  expect(strangers).toEqual([]);
});
