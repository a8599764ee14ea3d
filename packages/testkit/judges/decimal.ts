/**
 * Compares the functions of `@lockframe/cpu/decimal` with Hercules and, for the instructions that it knows, qemu-s390x:
 * `pnpm judge:decimal [--cases N] [--seed N] [--vectors FILE] [MNEMONIC...]`. A star marks operands that overlap.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  type DecimalCase,
  type DecimalExpectation,
  type DecimalRow,
  decimalRows,
} from "../src/decimal/rows.ts";
import { explained } from "../src/explained.ts";
import { Random } from "../src/random.ts";
import { Hercules, firstOperandOf } from "./hercules/hercules.ts";
import { QemuUser, blankState } from "./qemu-user/harness.ts";

const usage = "usage: pnpm judge:decimal [--cases N] [--seed N] [--vectors FILE] [MNEMONIC...]";
const { values, positionals } = explained(usage, () =>
  parseArgs({
    allowPositionals: true,
    options: {
      cases: { type: "string", default: "2500" },
      seed: { type: "string", default: "1" },
      vectors: { type: "string" },
    },
  }),
);

/** What either judge saw. */
interface Observed {
  first: Uint8Array;
  gr2: bigint;
  conditionCode: number;
  /** Offset of general register 1 from the first operand. */
  mark: number | undefined;
  interruption: number;
}

const GR1 = 0n;
const CODE = 3;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function observedByHercules(hercules: Hercules, tests: readonly DecimalCase[]): Observed[] {
  const records = tests.map((test) => ({ ...test, gr1: GR1, conditionCode: CODE, interruption: 0 }));
  return hercules.run(records).map(({ first, gr1, gr2, conditionCode, interruption }, index) => ({
    first,
    gr2,
    conditionCode,
    mark: gr1 === GR1 ? undefined : Number(gr1 - firstOperandOf(index)),
    interruption,
  }));
}

function observedByQemu(qemu: QemuUser, tests: readonly DecimalCase[]): Observed[] {
  const groups = tests.map((test) => ({
    instruction: test.instruction,
    cases: [{ ...blankState(), cc: CODE, gr: [test.gr2, 0n, 0n], first: test.first, second: test.second }],
  }));
  return qemu.run(groups).flatMap((results) =>
    results.map(({ first, gr, cc, signal }) => ({
      first,
      gr2: gr[0] ?? 0n,
      conditionCode: cc,
      mark: undefined,
      interruption: signal,
    })),
  );
}

/** `exactCode`: the judge gives program-interruption codes, not signals. */
function differences(
  test: DecimalCase,
  expected: DecimalExpectation,
  actual: Observed,
  exactCode: boolean,
): string[] {
  const found: string[] = [];
  const note = (what: string, want: unknown, got: unknown): void => {
    if (want !== got) found.push(`${what} ${got}, expected ${want}`);
  };
  const interruption = expected.interruption ?? 0;
  if (exactCode) note("interruption", interruption, actual.interruption);
  else note("signal", interruption !== 0, actual.interruption !== 0);
  note("condition code", expected.conditionCode ?? CODE, actual.conditionCode);
  if (expected.terminated !== true)
    note("first operand", hex(expected.first ?? test.first), hex(actual.first));
  note("gr 2", (expected.gr2 ?? test.gr2).toString(16), actual.gr2.toString(16));
  if (expected.terminated !== true) note("mark", expected.mark, actual.mark);
  return found;
}

/** Why a difference is QEMU's fault, or undefined. Hercules sides with the PoP in each. */
function deviation(row: DecimalRow, test: DecimalCase, actual: Observed): string | undefined {
  // PoP, UNPACK: one fetched byte makes two result bytes. QEMU fetches for each, which shows where operands overlap.
  if (row.mnemonic === "UNPK*") return "overlapping byte fetched twice";
  if (!["UNPK", "PKA", "PKU"].includes(row.mnemonic)) return undefined;
  // PoP, UNPACK and PACK ASCII and UNICODE: every digit that fits is used. QEMU leaves out the leftmost source byte.
  const second = Uint8Array.from(test.second);
  second.fill(0, 0, row.mnemonic === "PKU" ? 2 : 1);
  const withoutLeftmost = row.expect({ ...test, second });
  return differences({ ...test, second }, withoutLeftmost, actual, false).length === 0
    ? "leftmost byte left out"
    : undefined;
}

function compare(
  judgeName: string,
  row: DecimalRow,
  tests: readonly DecimalCase[],
  observed: readonly Observed[],
): number {
  let failures = 0;
  const excused = new Map<string, number>();
  tests.forEach((test, index) => {
    const actual = observed[index];
    if (actual === undefined) throw new Error(`${judgeName} lost a result`);
    const found = differences(test, row.expect(test), actual, judgeName === "Hercules");
    if (found.length === 0) return;
    const excuse = judgeName === "QEMU" ? deviation(row, test, actual) : undefined;
    if (excuse !== undefined) excused.set(excuse, (excused.get(excuse) ?? 0) + 1);
    else if (failures++ < 4) console.log(`  ${row.mnemonic} ${before(test)}: ${found.join("; ")}`);
  });
  const notes = [...excused].map(([what, times]) => `; ${times} ${what}`).join("");
  console.log(
    `${row.mnemonic.padEnd(6)} ${judgeName.padEnd(8)} ${tests.length} cases, ${failures} wrong${notes}`,
  );
  return failures;
}

function before({ instruction, first, second, gr2 }: DecimalCase): string {
  return [hex(instruction), hex(first), hex(second), gr2.toString(16)].join(" ");
}

function after({ first, gr2, conditionCode, mark, interruption }: Observed): string {
  return [hex(first), gr2.toString(16), conditionCode, mark ?? "-", interruption.toString(16)].join(" ");
}

const rows = decimalRows.filter(({ mnemonic }) => positionals.length === 0 || positionals.includes(mnemonic));
using hercules = new Hercules();
using qemu = new QemuUser();
const vectors: string[] = [
  "# Single decimal instructions as Hercules executed them; written by pnpm judge:decimal --vectors.",
  "# mnemonic, instruction, first and second operand field (gr 5, gr 6), gr 2 before; first field, gr 2, condition code",
  "# (3 before), offset in the first field that gr 1 got (-: unchanged), program-interruption code after.",
];
let failures = 0;
rows.forEach((row, index) => {
  const random = new Random(BigInt(values.seed) * 1000n + BigInt(index));
  const tests = Array.from({ length: Number(values.cases) }, () => row.make(random));
  const observed = observedByHercules(hercules, tests);
  failures += compare("Hercules", row, tests, observed);
  if (row.qemu) failures += compare("QEMU", row, tests, observedByQemu(qemu, tests));
  const sample = observed
    .slice(0, 10)
    .map((seen, at) => `${row.mnemonic} ${tests[at] && before(tests[at])} ${after(seen)}`);
  vectors.push(...sample);
});
if (values.vectors !== undefined) writeFileSync(values.vectors, `${vectors.join("\n")}\n`);
process.exitCode = failures === 0 ? 0 : 1;
