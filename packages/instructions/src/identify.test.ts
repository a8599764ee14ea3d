import { expect, test } from "vitest";
import { gaps, identify, instructions, operationCode } from "./index.ts";

/** An instruction, left-aligned in 64 bits. */
const word = (hex: string): bigint => BigInt(`0x${hex.padEnd(16, "0")}`);

test.for([
  ["1823", "LR", "LOAD"],
  ["b9ab0012", "ESSA", "EXTRACT AND SET STORAGE ATTRIBUTES"],
  ["a7f4ffff", "BRC", "BRANCH RELATIVE ON CONDITION"],
  ["c804600030000", "LPD", "LOAD PAIR DISJOINT"],
  ["e310f0000004", "LG", "LOAD"],
  ["eb01000000d1", "SIC", "SET INTERRUPTION CONTROLS"],
  ["0101", "PR", "PROGRAM RETURN"],
  ["e7123004b0f3", "VA", "VECTOR ADD"],
] as const)("%s is %s", ([hex, mnemonic, title]) => {
  expect(identify(operationCode(word(hex)))).toMatchObject({ mnemonic, title });
});

test("what is no instruction has no name", () => {
  expect(identify(operationCode(word("0000")))).toBeUndefined();
  expect(identify(operationCode(word("b9ff0000")))).toBeUndefined();
});

test("every definition is found by its operation code, whatever its operands are", () => {
  const astray = instructions.filter(({ format, opcode, mnemonic }) => {
    let rest = BigInt(opcode);
    let code = (1n << 64n) - 1n;
    for (const [bit, width] of format.opcode.toReversed()) {
      const shift = BigInt(64 - bit - width);
      const mask = (1n << BigInt(width)) - 1n;
      code = (code & ~(mask << shift)) | ((rest & mask) << shift);
      rest >>= BigInt(Math.max(8, width));
    }
    return identify(operationCode(code))?.mnemonic !== mnemonic;
  });
  expect(astray).toEqual([]);
});

test("no gap has a definition, and each stands once", () => {
  const all = [...instructions, ...gaps];
  const twice = (values: readonly (string | number)[]) => values.filter((v, n) => values.indexOf(v) !== n);
  expect(twice(all.map(({ mnemonic }) => mnemonic))).toEqual([]);
  expect(twice(all.map(({ opcode }) => opcode))).toEqual([]);
});
