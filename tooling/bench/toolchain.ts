import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Machines that the workloads are built for: what Debian's kernel needs, and the first with vector instructions. */
export const builds = ["z10", "z13"] as const;
export type Build = (typeof builds)[number];

const sources = fileURLToPath(new URL("workloads/", import.meta.url));
export const compiler = process.env["LOCKFRAME_S390X_CC"] ?? "s390x-linux-gnu-gcc";

/** Why the workloads cannot be built here, and what to do about it; undefined when they can. */
export function missingCompiler(): string | undefined {
  const { status } = spawnSync(compiler, ["--version"]);
  return status === 0
    ? undefined
    : `${compiler} is not installed: apt-get install gcc-s390x-linux-gnu libc6-dev-s390x-cross (or name one in LOCKFRAME_S390X_CC)`;
}

/**
 * The workloads as one static program.
 *
 * @throws Error with what the compiler said
 */
export function buildWorkloads(build: Build, folder: string): Uint8Array {
  const output = join(folder, `workloads-${build}`);
  const files = readdirSync(sources).filter((name) => name.endsWith(".c"));
  const { status, error, stderr } = spawnSync(
    compiler,
    [
      "-std=gnu11",
      "-O2",
      `-march=${build}`,
      "-ffp-contract=fast",
      "-static",
      "-Wall",
      "-Wextra",
      "-o",
      output,
      ...files,
      "-lm",
    ],
    { cwd: sources, encoding: "utf8" },
  );
  if (status !== 0)
    throw new Error(`the workloads could not be built for ${build}: ${error?.message ?? stderr}`);
  return readFileSync(output);
}
