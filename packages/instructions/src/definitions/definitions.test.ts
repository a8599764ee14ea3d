import { describe, expect, it } from "vitest";
import { elaborate, fieldOfWord, fieldsOf } from "../dsl/index.ts";
import { instructions } from "./index.ts";

describe("instruction list", () => {
  it("has each mnemonic and each operation code once", () => {
    const mnemonics = instructions.map((i) => i.mnemonic);
    expect(mnemonics.filter((m, n) => mnemonics.indexOf(m) !== n)).toEqual([]);
    const codes = instructions.map((i) => `${i.format.opcode.length}/${i.opcode.toString(16)}`);
    expect(codes.filter((c, n) => codes.indexOf(c) !== n)).toEqual([]);
  });

  it.each(instructions.map((i) => [i.mnemonic, i] as const))(
    "%s can be elaborated with unknown and with constant fields",
    (_, i) => {
      expect(() => elaborate(i, fieldOfWord)).not.toThrow();
      expect(() => elaborate(i, fieldsOf(0x1234_5678_9abc_def0n))).not.toThrow();
    },
  );
});
