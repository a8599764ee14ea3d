import { expect, test } from "vitest";
import { mnemonicOf, operationCodeOf, operationCodes } from "./operation-codes.ts";

test.for([
  ["1823", "LR", "18"],
  ["b9ab0012", "ESSA", "b9ab"],
  ["a7f4ffff", "BRC", "a7.4"],
  ["e310f0000004", "LG", "e3..04"],
  ["eb01000000d1", "SIC", "eb..d1"],
  ["0101", "PR", "0101"],
  ["b2ff0000", "TRAP4", "b2ff"],
] as const)("%s is %s", ([hex, mnemonic, code]) => {
  const instruction = Buffer.from(hex, "hex");
  expect([mnemonicOf(instruction), operationCodeOf(instruction)]).toEqual([mnemonic, code]);
});

test("what is no instruction has a code and no name", () => {
  const instruction = Buffer.from("0000", "hex");
  expect([mnemonicOf(instruction), operationCodeOf(instruction)]).toEqual([undefined, "00"]);
});

test("codes and mnemonics are each used once", () => {
  expect(new Set(operationCodes.map(({ code }) => code)).size).toBe(operationCodes.length);
  expect(new Set(operationCodes.map(({ mnemonic }) => mnemonic)).size).toBe(operationCodes.length);
});
