import { readFileSync } from "node:fs";
import { environmentOfFpc } from "@lockframe/cpu/floating-point";
import { describe, expect, it } from "vitest";
import { type Expectation, controlOf, rows } from "./rows.ts";

const file = readFileSync(new URL("../../vectors/binary-floating-point.txt", import.meta.url), "utf8");
const vectors = file.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

function answer(line: string): string {
  const [mnemonic, m3 = "", m4 = "", fpcText = "", operandText = ""] = line.split(" ");
  const row = rows.find((candidate) => candidate.mnemonic === mnemonic);
  if (row === undefined) throw new Error(`no function for ${mnemonic}`);
  const fpc = Number.parseInt(fpcText, 16);
  const environment = environmentOfFpc(fpc);
  const operands = operandText.split(",").map((digits) => BigInt(`0x${digits}`));
  const expected = row.expect(operands, environment, controlOf(Number(m3), Number(m4), environment));
  return [
    mnemonic,
    m3,
    m4,
    fpcText,
    operandText,
    resultText(expected),
    codeText(expected),
    fpcAfter(fpc, expected),
  ].join(" ");
}

function resultText({ suppressed, bits, fixed }: Expectation): string {
  return suppressed ? "-" : ((bits ?? fixed)?.toString(16) ?? "-");
}

function codeText({ suppressed, conditionCode }: Expectation): string {
  return suppressed ? "-" : (conditionCode?.toString() ?? "-");
}

function fpcAfter(before: number, { flags, dxc }: Expectation): string {
  const flagged = (before | (flags << 16)) >>> 0;
  const after = dxc === 0 ? flagged : ((flagged & 0xffff00ff) | (dxc << 8)) >>> 0;
  return after.toString(16).padStart(8, "0");
}

describe("binary floating point, as qemu-s390x executed it", () => {
  it.each(rows.map(({ mnemonic }) => mnemonic))("%s", (mnemonic) => {
    const chosen = vectors.filter((line) => line.startsWith(`${mnemonic} `));
    expect(chosen.length).toBeGreaterThanOrEqual(10);
    expect(chosen.map(answer)).toEqual(chosen);
  });
});
