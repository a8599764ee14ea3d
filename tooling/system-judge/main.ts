/** `pnpm judge:system [TIMES] [SEED]`: supervisor state, address spaces and the 24- and 31-bit modes, against qemu-system-s390x. */
import { parseArgs } from "node:util";
import { Random, explained } from "@lockframe/testkit";
import { makeCases } from "./cases.ts";
import { judge } from "./judge.ts";

const usage = "usage: pnpm judge:system [TIMES] [SEED]";
const [times = "2", seed = "1"] = explained(usage, () => parseArgs({ allowPositionals: true })).positionals;
const cases = makeCases(new Random(BigInt(seed)), Number(times));
const verdicts = await judge(cases);

const differing = verdicts.filter(({ differences }) => differences.length > 0);
const failed = differing.filter(({ deviation }) => deviation === undefined);
for (const { subject, differences } of failed)
  console.log(`${subject.name}\n${subject.code}\n  ${differences.join("\n  ")}`);
const reasons = Map.groupBy(
  differing.filter(({ deviation }) => deviation !== undefined),
  ({ deviation }) => deviation,
);
for (const [reason, those] of reasons) console.log(`${those.length} cases are QEMU's: ${reason}`);
console.log(`${cases.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
