/** File systems in image files, looked at with the host's own e2fsprogs. */
import { spawnSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";

/** Whether the host has what this needs. */
export function hasE2fsprogs(): boolean {
  return ["e2fsck", "debugfs", "mkfs.ext4"].every((tool) => run(tool, ["-V"]).status !== undefined);
}

export interface Outcome {
  /** Undefined: the program is not there. */
  readonly status: number | undefined;
  readonly output: string;
}

/** A program of the host; those for file systems often lie where only root's path leads. */
export function run(program: string, args: readonly string[]): Outcome {
  const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    encoding: "utf8",
    env,
    maxBuffer: 2 ** 26,
  });
  return { status: error === undefined ? (status ?? 255) : undefined, output: `${stdout}${stderr}` };
}

/** An image that reads as zeros and takes no room. */
export function makeEmptyImage(path: string, bytes: number): void {
  writeFileSync(path, "");
  truncateSync(path, bytes);
}

/** @throws Error */
export function makeFileSystem(path: string): void {
  expectSuccess(run("mkfs.ext4", ["-q", "-F", "-E", "lazy_itable_init=1", path]), [0], "mkfs.ext4");
}

/** What is wrong with a file system that was unmounted; empty: nothing. */
export function faultsOf(path: string): string {
  const { status, output } = run("e2fsck", ["-fn", path]);
  return status === 0 ? "" : output;
}

/** Replay the journal, as the next mount would. @throws Error when more than that is to be mended */
export function replayJournal(path: string): void {
  expectSuccess(run("e2fsck", ["-p", path]), [0, 1], "e2fsck -p");
}

/** Copy all files out of it. @throws Error */
export function extract(path: string, folder: string): void {
  expectSuccess(run("debugfs", ["-R", `rdump / ${folder}`, path]), [0], "debugfs");
}

function expectSuccess({ status, output }: Outcome, good: readonly number[], what: string): void {
  if (status === undefined || !good.includes(status)) throw new Error(`${what} (${status}): ${output}`);
}
