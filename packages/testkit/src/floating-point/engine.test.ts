import { readFileSync } from "node:fs";
import { type BinaryFormat, extended, long, multiplyAdd, short } from "@lockframe/cpu/floating-point";
import { instructions } from "@lockframe/instructions";
import { describe, expect, it } from "vitest";
import { type Case, backgroundState } from "../judge/case.ts";
import { EngineExecutor } from "../judge/engine-executor.ts";
import { type Row, rows } from "./rows.ts";

const engine = new EngineExecutor(instructions);
const file = readFileSync(new URL("../../vectors/binary-floating-point.txt", import.meta.url), "utf8");
const vectors = file.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

/** Operands as the rows' encodings expect them: fpr 0, fpr 1 or gr 3, fpr 4. */
function caseOf(row: Row, m3: number, m4: number, fpc: number, operands: readonly bigint[]): Case {
  const before = backgroundState();
  const [fr, gr] = [[...before.fr], [...before.gr]];
  const place = (register: number, bits: bigint): void => {
    fr[register] = row.format === extended ? bits >> 64n : bits << BigInt(64 - row.format.width);
    if (row.format === extended) fr[register + 2] = BigInt.asUintN(64, bits);
  };
  place(0, operands[0] ?? 0n);
  if (row.fixedOperand === undefined) place(1, operands[1] ?? 0n);
  else gr[3] = operands[1] ?? 0n;
  if (row.operands === 3) place(4, operands[2] ?? 0n);
  return { mnemonic: row.mnemonic, bytes: row.encode(m3, m4), before: { ...before, fpc, cc: 3, fr, gr } };
}

function rowOf(mnemonic: string): Row {
  const row = rows.find((candidate) => candidate.mnemonic === mnemonic);
  if (row === undefined) throw new Error(`no row for ${mnemonic}`);
  return row;
}

/** The line of the vector file that the engine would have written. */
function answer(line: string): string {
  const [mnemonic = "", m3 = "", m4 = "", fpcText = "", operandText = "", result, code] = line.split(" ");
  const row = rowOf(mnemonic);
  const operands = operandText.split(",").map((digits) => BigInt(`0x${digits}`));
  const subject = caseOf(row, Number(m3), Number(m4), Number.parseInt(fpcText, 16), operands);
  const { state } = engine.execute(subject);
  // Width and place of the result are those of the functions' answer.
  const expected = row.expect(operands, { masks: 0, rounding: 0 }, {});
  const format = expected.format ?? row.format;
  const bits =
    expected.fixed === undefined
      ? format === extended
        ? ((state.fr[0] ?? 0n) << 64n) | (state.fr[2] ?? 0n)
        : (state.fr[0] ?? 0n) >> BigInt(64 - format.width)
      : BigInt.asUintN(expected.width ?? 64, state.gr[2] ?? 0n);
  return [
    mnemonic,
    m3,
    m4,
    fpcText,
    operandText,
    result === "-" ? "-" : bits.toString(16),
    code === "-" ? (state.cc === 3 ? "-" : "changed") : state.cc.toString(),
    state.fpc.toString(16).padStart(8, "0"),
  ].join(" ");
}

describe("binary floating point in the engine, as qemu-s390x executed it", () => {
  it.each(rows.map(({ mnemonic }) => mnemonic))("%s", (mnemonic) => {
    const chosen = vectors.filter((line) => line.startsWith(`${mnemonic} `));
    expect(chosen.length).toBeGreaterThanOrEqual(10);
    expect(chosen.map(answer)).toEqual(chosen);
  });
});

describe("IEEE traps", () => {
  const huge = long.largestFinite;
  const trap = (fpc: number, mnemonic: string, ...operands: bigint[]) =>
    engine.execute(caseOf(rowOf(mnemonic), 0, 0, fpc, operands));

  it("of overflow comes after the scaled result and the condition code", () => {
    const { interruption, state } = trap(0x20000000, "ADBR", huge, huge);
    expect(interruption?.class).toBe("data");
    // Exponent 1024 less 1536 is -512.
    expect(state.fr[0]).toBe((BigInt(1023 - 512) << 52n) | long.fractionMask);
    expect([state.cc, state.fpc]).toEqual([2, 0x20002000]);
  });

  it("of invalid operation suppresses the instruction", () => {
    const { interruption, state } = trap(0x80000000, "SDBR", long.infinity, long.infinity);
    expect(interruption?.class).toBe("data");
    expect([state.fr[0], state.cc, state.fpc]).toEqual([long.infinity, 3, 0x80008000]);
  });

  it("of inexact in a conversion comes after the fixed-point result", () => {
    const oneAndAHalf = 0x3ff8000000000000n;
    const { interruption, state } = trap(0x08000000, "CGDBRA", 0n, oneAndAHalf);
    expect(interruption?.class).toBe("data");
    expect([state.gr[2], state.cc, state.fpc]).toEqual([2n, 2, 0x08000c00]);
  });
});

describe("MULTIPLY AND ADD", () => {
  /** Sign, exponent and fraction to bits. */
  const number = (format: BinaryFormat, exponent: number, fraction: bigint): bigint =>
    (BigInt(exponent + format.bias) << BigInt(format.fractionWidth)) | (fraction & format.fractionMask);

  it.each([short, long])("rounds once what lies just beside a tie in $name", (format) => {
    const mnemonic = format === short ? "MAEBR" : "MADBR";
    const row = rowOf(mnemonic);
    const half = format.precision / 2;
    for (const [above, below] of [
      [1n, -1n],
      [1n, -2n],
      [3n, -3n],
      [1n, 2n],
    ] as const) {
      // Factors whose product is half a unit of the addend's last place, but for a digit far to the right.
      const a = number(format, -Math.floor(half), above);
      const b =
        below < 0n ? number(format, -Math.ceil(half) - 1, below) : number(format, -Math.ceil(half), below);
      for (const last of [0n, 1n, 2n, 3n]) {
        for (const sign of [0n, format.signBit]) {
          const c = number(format, 0, last) | sign;
          const { state } = engine.execute(caseOf(row, 0, 0, 0, [c, b, a]));
          const exact = multiplyAdd(format, c, b, a, { masks: 0, rounding: 0 });
          expect((state.fr[0] ?? 0n) >> BigInt(64 - format.width)).toBe(exact.value);
          expect(state.fpc).toBe(exact.flags << 16);
        }
      }
    }
  });
});

describe("DIVIDE TO INTEGER", () => {
  it("puts quotient and remainder into two registers", () => {
    const before = backgroundState();
    const fr = [...before.fr];
    [fr[0], fr[1], fr[4]] = [0x401c000000000000n, 0x4010000000000000n, 0n]; // 7 by 4
    const bytes = Uint8Array.of(0xb3, 0x5b, 0x45, 0x01); // toward zero
    const { interruption, state } = engine.execute({
      mnemonic: "DIDBR",
      bytes,
      before: { ...before, fr, cc: 3 },
    });
    expect(interruption).toBeUndefined();
    expect([state.fr[4], state.fr[0], state.cc]).toEqual([0x3ff0000000000000n, 0x4008000000000000n, 0]);
  });

  it("refuses the same register twice", () => {
    const bytes = Uint8Array.of(0xb3, 0x5b, 0x15, 0x01);
    const { interruption } = engine.execute({ mnemonic: "DIDBR", bytes, before: backgroundState() });
    expect(interruption?.class).toBe("execute-specification-operand");
  });
});
