/** `pnpm judge:kvm-unit-tests DIR`: the s390x tests of a built kvm-unit-tests tree, on our engines and on QEMU. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { explained } from "@lockframe/testkit";
import { commandOf, type Runner, runTest } from "./run-test.ts";
import { parseUnitTests, type UnitTest } from "./unittests-config.ts";
import { cellOf, type Verdict, verdictOf } from "./verdict.ts";

const usage = `usage: pnpm judge:kvm-unit-tests DIR [TEST...] [--on RUNNER[,RUNNER...]] [--timeout S] [--table FILE]

DIR is a tree of kvm-unit-tests that was configured and built:
  ./configure --arch=s390x --cross-prefix=s390x-linux-gnu- && make
RUNNER is interpreter, jit, or qemu (qemu-system-s390x with its translator). All three if none is named.
Tests that migrate, or that need a host with KVM, are left out. The exit status tells whether all that ran passed.`;

const runners = ["interpreter", "jit", "qemu"] as const satisfies readonly Runner[];

/** What is about a host that is itself a hypervisor, or about moving a guest to another one. */
const leftOut = ["migration", "pv-host"];

interface Wanted {
  readonly folder: string;
  readonly names: readonly string[];
  readonly on: readonly Runner[];
  readonly seconds: number;
  readonly table: string | undefined;
}

function wantedOf(line: readonly string[]): Wanted | undefined {
  const { positionals, values } = parseArgs({
    args: [...line],
    allowPositionals: true,
    options: {
      on: { type: "string", default: runners.join(",") },
      timeout: { type: "string", default: "90" },
      table: { type: "string" },
    },
  });
  const [folder, ...names] = positionals;
  const on = values.on.split(",").flatMap((name) => runners.find((runner) => runner === name) ?? []);
  const seconds = Number(values.timeout);
  if (folder === undefined || on.length === 0 || !(seconds > 0)) return undefined;
  return { folder: join(folder, "s390x"), names, on, seconds, table: values.table };
}

async function main({ folder, names, on, seconds, table }: Wanted): Promise<number> {
  const all = parseUnitTests(readFileSync(join(folder, "unittests.cfg"), "utf8"));
  const tests = all.filter(
    ({ name, groups, file }) =>
      (names.length === 0 || names.includes(name)) &&
      !groups.some((group) => leftOut.includes(group)) &&
      existsSync(join(folder, file)),
  );
  const rows: string[] = [];
  let failed = 0;
  for (const test of tests) {
    const cells: string[] = [];
    for (const runner of on) {
      const verdict = await judge(runner, folder, test, seconds);
      if (verdict === undefined) {
        cells.push("for KVM");
        continue;
      }
      cells.push(cellOf(verdict));
      const ours = runner !== "qemu";
      if (ours && ["fail", "timeout", "broken"].includes(verdict.kind)) failed += 1;
      console.log(`${test.name.padEnd(32)} ${runner.padEnd(12)} ${cellOf(verdict)}`);
      if (ours) for (const failure of verdict.failures) console.log(`    ${failure}`);
    }
    rows.push(`| ${[test.name, ...cells].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  }
  if (table !== undefined) writeFileSync(table, `${[...heading(on), ...rows].join("\n")}\n`);
  console.log(`${commitOf(folder)}: ${tests.length} tests, ${failed} runs of ours did not pass`);
  return failed === 0 ? 0 : 1;
}

/** Undefined: the test is for KVM, and this runner is not. */
async function judge(
  runner: Runner,
  folder: string,
  test: UnitTest,
  seconds: number,
): Promise<Verdict | undefined> {
  if (runner === "qemu" && test.accelerator === "kvm") return undefined;
  const ended = await runTest(commandOf(runner, folder, test), seconds);
  return verdictOf(ended, test.groups.includes("panic"));
}

function heading(on: readonly Runner[]): readonly string[] {
  const titles = { interpreter: "ours, interpreter", jit: "ours, jit", qemu: "QEMU, TCG" };
  const columns = ["test", ...on.map((runner) => titles[runner])];
  return [`| ${columns.join(" | ")} |`, `| ${columns.map(() => "---").join(" | ")} |`];
}

function commitOf(folder: string): string {
  try {
    return execFileSync("git", ["-C", folder, "rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  } catch {
    return "no commit"; // the tree is not a checkout
  }
}

const wanted = explained(usage, () => wantedOf(process.argv.slice(2)));
if (wanted === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else {
  process.exitCode = await main(wanted);
}
