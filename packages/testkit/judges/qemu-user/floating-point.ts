/**
 * Compares the BFP functions of `@lockframe/cpu/floating-point` with qemu-s390x on random and edge operands, all rounding
 * modes and random masks: `pnpm judge:floating-point [--cases N] [--seed N] [--vectors FILE] [MNEMONIC...]`.
 * Needs qemu-s390x-static and s390x-linux-gnu-gcc. Known deviations of QEMU stand in `deviation`.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type BinaryFormat,
  type Environment,
  dataClass,
  environmentOfFpc,
  extended,
} from "@lockframe/cpu/floating-point";
import { explained } from "../../src/explained.ts";
import { operand } from "../../src/floating-point/operands.ts";
import { type Expectation, type Row, controlOf, rows } from "../../src/floating-point/rows.ts";
import { type InstructionResult, type InstructionState, QemuUser, blankState, emulator } from "./harness.ts";
import { Random } from "../../src/random.ts";

const usage = "usage: pnpm judge:floating-point [--cases N] [--seed N] [--vectors FILE] [MNEMONIC...]";
const { values, positionals } = explained(usage, () =>
  parseArgs({
    allowPositionals: true,
    options: {
      cases: { type: "string", default: "4000" },
      seed: { type: "string", default: "1" },
      vectors: { type: "string" },
    },
  }),
);

interface Case {
  row: Row;
  m3: number;
  m4: number;
  operands: bigint[];
  state: InstructionState;
}

const modes = [0, 1, 3, 4, 5, 6, 7];

function fpcOf(random: Random): number {
  const masks = random.below(2) === 0 ? 0 : (random.below(32) << 27) >>> 0;
  const flags = random.below(4) === 0 ? random.below(32) << 19 : 0;
  return masks + flags + random.pick([0, 0, 1, 2, 3, 7]);
}

function place(state: InstructionState, format: BinaryFormat, register: number, bits: bigint): void {
  if (format === extended) {
    state.fpr[register] = bits >> 64n;
    state.fpr[register + 2] = BigInt.asUintN(64, bits);
  } else {
    state.fpr[register] = bits << BigInt(64 - format.width);
  }
}

function bitsAt(state: InstructionState, format: BinaryFormat, register: number): bigint {
  const upper = state.fpr[register] ?? 0n;
  if (format === extended) return (upper << 64n) | (state.fpr[register + 2] ?? 0n);
  return upper >> BigInt(64 - format.width);
}

function fixedOperand(random: Random): bigint {
  const bits = random.bits64() >> BigInt(random.below(64));
  return BigInt.asUintN(64, random.below(2) === 0 ? bits : -bits);
}

function makeCase(row: Row, m3: number, m4: number, random: Random): Case {
  const state = blankState();
  state.fpc = fpcOf(random);
  state.cc = random.below(4);
  state.gr[0] = 0x123456789abcdef0n;
  const first = operand(row.format, random);
  const second = row.fixedOperand === undefined ? operand(row.format, random, first) : fixedOperand(random);
  const third = operand(
    row.format,
    random,
    row.fixedOperand === undefined && random.below(2) === 0 ? second : first,
  );
  place(state, row.format, 0, first);
  if (row.fixedOperand === undefined) place(state, row.format, 1, second);
  else state.gr[1] = second;
  place(state, row.format, 4, third);
  return { row, m3, m4, operands: [first, second, third], state };
}

/** Why a difference is QEMU's fault, or undefined. QEMU 10.0; older ones differ in more. */
function deviation(expected: Expectation, actual: InstructionResult, test: Case): string | undefined {
  const reported = (actual.fpc >>> 8) & 0xff;
  const flagged = (actual.fpc >>> 16) & 0xff;
  const before = ((test.state.fpc >>> 16) & 0xff) | expected.flags;
  // PoP, IEEE exception actions: overflow, underflow and inexact complete, the first two with a scaled result. QEMU suppresses
  // them all, never reports "incremented" (04), and takes "inexact" (08) from the result that is not scaled.
  const completes = expected.dxc !== 0 && !expected.suppressed && actual.signal === 8 && flagged === before;
  if (completes && (reported & ~0x08) === (expected.dxc & ~0x0c)) return "completing trap suppressed";
  // PoP, IEEE underflow: with the mask one, a tiny result traps even if it is exact.
  if (expected.dxc === 0x10 && matchesMasked(actual, test, 0x10)) return "exact underflow does not trap";
  const { mnemonic } = test.row;
  // PoP, LOAD AND TEST: a signaling NaN is an invalid operation and becomes quiet.
  if (/^LT.BR$/.test(mnemonic) && isSignaling(test)) return "signaling NaN not recognized";
  // PoP, results of MULTIPLY: a signaling NaN goes before a quiet one.
  if (mnemonic === "MXDBR" && expected.flags === 0x80 && flagged === before)
    return "first NaN instead of the signaling one";
  if (expected.fixed !== undefined && expected.conditionCode === 3) {
    // PoP, results of CONVERT TO FIXED: the masked special case is inexact too, that of a NaN included; the trap is not.
    if (expected.suppressed && reported === 0x88) return "inexact beside a trapped invalid operation";
    const quiet = { ...expected, flags: expected.flags & ~0x08, dxc: 0 };
    if (differences(quiet, actual, test).length === 0) return "NaN converted without inexact";
  }
  return undefined;
}

/** Whether QEMU did what an instruction does when `mask` is zero. */
function matchesMasked(actual: InstructionResult, test: Case, mask: number): boolean {
  const [environment, control] = environmentAndControl(test);
  const expected = test.row.expect(
    test.operands,
    { ...environment, masks: environment.masks & ~mask },
    control,
  );
  return differences(expected, actual, test).length === 0;
}

function isSignaling({ row, operands }: Case): boolean {
  return (dataClass(row.format, operands[1] ?? 0n) & 3) !== 0;
}

function differences(expected: Expectation, actual: InstructionResult, test: Case): string[] {
  const found: string[] = [];
  const note = (what: string, want: unknown, got: unknown): void => {
    if (want !== got) found.push(`${what} ${text(got)}, expected ${text(want)}`);
  };
  note("signal", expected.dxc === 0 ? 0 : 8, actual.signal);
  const fpc = (test.state.fpc | (expected.flags << 16)) >>> 0;
  note("fpc", (expected.dxc === 0 ? fpc : (fpc & 0xffff00ff) | (expected.dxc << 8)) >>> 0, actual.fpc);
  const code = expected.suppressed ? undefined : expected.conditionCode;
  note("cc", code ?? test.state.cc, actual.cc);
  if (expected.suppressed) {
    note("result", bitsAt(test.state, extended, 0), bitsAt(actual, extended, 0));
    note("gr 2", test.state.gr[0], actual.gr[0]);
  } else if (expected.bits !== undefined && expected.format !== undefined) {
    note("result", expected.bits, bitsAt(actual, expected.format, 0));
  } else if (expected.fixed !== undefined) {
    const kept = expected.width === 32 ? ((test.state.gr[0] ?? 0n) >> 32n) << 32n : 0n;
    note("gr 2", kept | expected.fixed, actual.gr[0]);
  }
  return found;
}

function text(value: unknown): string {
  return typeof value === "bigint" || typeof value === "number" ? `0x${value.toString(16)}` : String(value);
}

function environmentAndControl(test: Case): [Environment, ReturnType<typeof controlOf>] {
  const environment = environmentOfFpc(test.state.fpc);
  return [environment, controlOf(test.m3, test.m4, environment)];
}

function judge(row: Row, qemu: QemuUser, random: Random, count: number, vectors: string[]): boolean {
  const variants = row.converts
    ? modes.flatMap((m3) => [0, 4].map((m4) => ({ m3, m4 })))
    : [{ m3: 0, m4: 0 }];
  const each = Math.ceil(count / variants.length);
  const groups = variants.map(({ m3, m4 }) => ({
    instruction: row.encode(m3, m4),
    cases: Array.from({ length: each }, () => makeCase(row, m3, m4, random)),
  }));
  const results = qemu.run(
    groups.map(({ instruction, cases }) => ({ instruction, cases: cases.map(({ state }) => state) })),
  );
  const excused = new Map<string, number>();
  let failures = 0;
  groups.forEach(({ cases }, group) =>
    cases.forEach((test, index) => {
      const actual = results[group]?.[index];
      if (actual === undefined) throw new Error("the harness lost a result");
      const expected = row.expect(test.operands, ...environmentAndControl(test));
      const found = differences(expected, actual, test);
      const excuse = found.length === 0 ? undefined : deviation(expected, actual, test);
      if (excuse !== undefined) excused.set(excuse, (excused.get(excuse) ?? 0) + 1);
      else if (found.length > 0 && failures++ < 5) report(test, found);
      if (values.vectors !== undefined && found.length === 0 && index < vectorsPerGroup(variants.length)) {
        vectors.push(vector(test, actual, expected));
      }
    }),
  );
  const notes = [...excused].map(([what, times]) => `; ${times} ${what}`).join("");
  console.log(`${row.mnemonic.padEnd(8)} ${each * variants.length} cases, ${failures} wrong${notes}`);
  return failures === 0;
}

function vectorsPerGroup(variants: number): number {
  return variants === 1 ? 24 : 2;
}

/** One line: mnemonic, M3, M4, FPC and operands before; result, condition code (- if unchanged), FPC after. */
function vector(test: Case, actual: InstructionResult, expected: Expectation): string {
  const operands = test.operands.slice(0, test.row.operands).map((bits) => bits.toString(16));
  const result =
    expected.suppressed || (expected.bits ?? expected.fixed) === undefined
      ? "-"
      : (expected.fixed === undefined
          ? bitsAt(actual, expected.format ?? test.row.format, 0)
          : BigInt.asUintN(expected.width ?? 64, actual.gr[0] ?? 0n)
        ).toString(16);
  const code = expected.conditionCode === undefined || expected.suppressed ? "-" : actual.cc.toString();
  const fpc = (value: number): string => value.toString(16).padStart(8, "0");
  return [
    test.row.mnemonic,
    test.m3,
    test.m4,
    fpc(test.state.fpc),
    operands.join(","),
    result,
    code,
    fpc(actual.fpc),
  ].join(" ");
}

function provenance(): string {
  const version = spawnSync(emulator, ["--version"], { encoding: "utf8" }).stdout.split("\n")[0];
  return [
    `# Single BFP instructions as ${version} executed them; written by pnpm judge:floating-point --vectors.`,
    "# mnemonic, M3, M4, FPC and operands before; result (- if none), condition code (- if unchanged), FPC after.\n",
  ].join("\n");
}

function report(test: Case, found: readonly string[]): void {
  const operands = test.operands.map((bits) => bits.toString(16)).join(" ");
  console.log(
    `  ${test.row.mnemonic} m3=${test.m3} m4=${test.m4} fpc=${test.state.fpc.toString(16)} (${operands}): ${found.join("; ")}`,
  );
}

const chosen =
  positionals.length === 0 ? rows : rows.filter(({ mnemonic }) => positionals.includes(mnemonic));
const vectors: string[] = [];
using qemu = new QemuUser();
const verdicts = chosen.map((row, index) =>
  judge(row, qemu, new Random(BigInt(values.seed) * 1000n + BigInt(index)), Number(values.cases), vectors),
);
if (values.vectors !== undefined) writeFileSync(values.vectors, `${provenance()}${vectors.join("\n")}\n`);
process.exitCode = verdicts.every(Boolean) ? 0 : 1;
