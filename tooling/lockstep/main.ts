/**
 * `pnpm judge:lockstep [--memory MIB] [--long]`: boots Debian's kernel with both engines in lockstep, runs every workload,
 * and powers off. The first difference ends it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { explained } from "@lockframe/testkit";
import { LockstepJudge } from "./lockstep-judge.ts";

const usage = `usage: pnpm judge:lockstep [--memory MIB] [--long]

  --memory MIB  guest storage (512); from 4096 on it is in a memory of its own
  --long        workloads do as much as in the benchmark; otherwise little`;

const { values } = explained(usage, () =>
  parseArgs({
    options: { memory: { type: "string", default: "512" }, long: { type: "boolean", default: false } },
  }),
);
const folder = mkdtempSync(join(tmpdir(), "lockframe-lockstep-"));
try {
  const judge = new LockstepJudge(folder, Number(values.memory), values.long ? "full" : "short");
  const verdict = await judge.run((text) => process.stdout.write(text));
  writeFileSync(process.stdout.fd, `${verdict.join("\n")}\n`);
  process.exitCode = judge.passed ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
