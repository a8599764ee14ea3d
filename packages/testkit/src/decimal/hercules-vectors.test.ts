import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type DecimalCase, type DecimalExpectation, decimalRows } from "./rows.ts";

const file = readFileSync(new URL("../../vectors/decimal.txt", import.meta.url), "utf8");
const vectors = file.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function parse(line: string): { test: DecimalCase; after: string[] } {
  const [, instruction = "", first = "", second = "", gr2 = "", ...after] = line.split(" ");
  const test = {
    instruction: bytes(instruction),
    first: bytes(first),
    second: bytes(second),
    gr2: BigInt(`0x${gr2}`),
  };
  return { test, after };
}

/** In the words of the vector file. */
function after(test: DecimalCase, expected: DecimalExpectation): string[] {
  return [
    Buffer.from(expected.first ?? test.first).toString("hex"),
    (expected.gr2 ?? test.gr2).toString(16),
    (expected.conditionCode ?? 3).toString(),
    expected.mark?.toString() ?? "-",
    (expected.interruption ?? 0).toString(16),
  ];
}

describe("decimal instructions, as Hercules executed them", () => {
  it.each(decimalRows)("$mnemonic", ({ mnemonic, expect: answer }) => {
    const chosen = vectors.filter((line) => line.startsWith(`${mnemonic} `)).map(parse);
    expect(chosen.length).toBeGreaterThanOrEqual(10);
    for (const { test, after: seen } of chosen) {
      const expected = answer(test);
      // A terminated operation may have changed its first operand in part, and general register 1.
      const kept = expected.terminated === true ? [1, 2, 4] : [0, 1, 2, 3, 4];
      expect(kept.map((index) => after(test, expected)[index])).toEqual(kept.map((index) => seen[index]));
    }
  });
});
