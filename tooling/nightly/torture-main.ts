/**
 * `pnpm nightly:torture [--soak] [--minutes 30] [--seed TEXT]`: torture programs from new seeds, each with both engines in
 * lockstep; between them, code without end is compiled and forgotten. Says how far it is, and ends at the first difference
 * or when the memory that the process takes has grown. `--soak`: nothing but regions that are compiled and evicted, and what
 * memory that takes, minute for minute.
 */
import { parseArgs } from "node:util";
import { explained } from "@lockframe/testkit";
import { Soak } from "./soak.ts";
import { Torture } from "./torture.ts";

const usage = "usage: pnpm nightly:torture [--soak] [--minutes N] [--seed TEXT]";
const { values } = explained(usage, () =>
  parseArgs({
    options: {
      minutes: { type: "string", default: "30" },
      soak: { type: "boolean", default: false },
      seed: { type: "string", default: new Date().toISOString().slice(0, 10) },
    },
  }),
);
const minutes = Number(values.minutes);
if (minutes > 0) process.exitCode = main(values.soak ? new Soak(values.seed) : new Torture(values.seed));
else {
  console.error(usage);
  process.exitCode = 2;
}

function main(torture: Soak | Torture): number {
  const end = performance.now() + minutes * 60_000;
  let next = 0;
  let failure: string | undefined;
  while (performance.now() < end && failure === undefined) {
    failure = torture.round();
    if (performance.now() >= next || failure !== undefined) {
      console.log(torture.progress());
      next = performance.now() + 10_000;
    }
  }
  console.log(failure ?? `${torture.progress()}: nothing found`);
  return failure === undefined ? 0 : 1;
}
