/** QEMU's user-mode emulation as an independent opinion on what an instruction does. */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockframeError } from "@lockframe/architecture";
import { type Case, interruptionOf, type Interruption } from "./case.ts";
import { outcomeAt } from "./ending.ts";
import { harnessImage } from "./harness-image.ts";
import type { Judge, Opinion } from "./opinion.ts";
import { decodeResults, encodeBatch, type HarnessResult } from "./harness-protocol.ts";

/** Judge's names for QEMU, in order of preference; the environment may name another, such as a newer one. */
const programs = [process.env["QEMU_S390X"], "qemu-s390x-static", "qemu-s390x"].filter(
  (name) => name !== undefined,
);
/** Cases a process: many, since starting it costs; few for an instruction that makes it crash. */
const batchSize = { least: 32, most: 1000 };
/** Milliseconds without a result after which a run hangs in a case, on a busy machine too. */
const usualPatience = 10_000;

/** A QEMU that answers for batches of cases. Remove with `dispose`. */
export class QemuJudge implements Judge, Disposable {
  /** Such as "qemu-s390x 7.2.22". */
  readonly version: string;
  readonly #patience: number;
  readonly #program: string;
  readonly #folder: string;
  readonly #harness: string;

  private constructor(program: string, version: string, patience: number) {
    this.#patience = patience;
    this.#program = program;
    this.version = version;
    this.#folder = mkdtempSync(join(tmpdir(), "lockframe-judge-"));
    this.#harness = join(this.#folder, "harness");
    writeFileSync(this.#harness, harnessImage());
    chmodSync(this.#harness, 0o700);
  }

  /** Finds QEMU; LF-JUDGE-001 when there is none. `patience`: milliseconds for a case, some seconds by default. */
  static open(patience = usualPatience): QemuJudge {
    for (const program of programs) {
      const version = versionOf(program);
      if (version !== undefined) {
        return new QemuJudge(program, version, patience);
      }
    }
    throw new LockframeError(
      "LF-JUDGE-001",
      `no QEMU user-mode emulator for s390x was found (looked for ${programs.join(", ")})`,
      "install Debian's package qemu-user-static",
    );
  }

  /** True when `open` would find QEMU. */
  static available(): boolean {
    return programs.some((program) => versionOf(program) !== undefined);
  }

  /** One opinion a case, in order. Cases after one that QEMU does not survive are run again without it. */
  async judge(cases: readonly Case[]): Promise<Opinion[]> {
    const opinions: Opinion[] = [];
    for (let size = batchSize.most; opinions.length < cases.length;) {
      const batch = await this.#judgeBatch(cases.slice(opinions.length, opinions.length + size));
      opinions.push(...batch);
      const crashed = batch.some((opinion) => "silence" in opinion);
      size = crashed ? batchSize.least : Math.min(2 * size, batchSize.most);
    }
    return opinions;
  }

  async #judgeBatch(cases: readonly Case[]): Promise<Opinion[]> {
    const opinions: Opinion[] = [];
    while (opinions.length < cases.length) {
      const rest = cases.slice(opinions.length);
      const { results, ending } = await this.#run(rest);
      for (const [index, result] of results.entries()) {
        const subject = rest[index];
        if (subject !== undefined) {
          opinions.push(opinionOf(subject, result));
        }
      }
      if (results.length < rest.length) {
        opinions.push(ending);
      }
    }
    return opinions;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #run(cases: readonly Case[]): Promise<{ results: HarnessResult[]; ending: Opinion }> {
    const input = join(this.#folder, "cases");
    const output = join(this.#folder, "results");
    writeFileSync(input, encodeBatch(cases));
    const from = openSync(input, "r");
    const to = openSync(output, "w");
    try {
      const ending = await runToEnd([this.#program, this.#harness], from, to, output, this.#patience);
      return { results: decodeResults(readFileSync(output)), ending };
    } finally {
      closeSync(from);
      closeSync(to);
    }
  }
}

function versionOf(program: string): string | undefined {
  try {
    const said = execFileSync(program, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return `qemu-s390x ${/version (\S+)/.exec(said)?.[1] ?? "of unknown version"}`;
  } catch {
    return undefined; // not installed
  }
}

/** Runs QEMU until it ends or no longer makes progress; says what the case it ended in means. */
async function runToEnd(
  [program, harness]: readonly [string, string],
  from: number,
  to: number,
  output: string,
  patience: number,
): Promise<Opinion> {
  const child = spawn(program, ["-cpu", "max", harness], { stdio: [from, to, "pipe"] });
  let said = "";
  child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()));
  let size = -1;
  let hung = false;
  const watch = setInterval(() => {
    const now = statSync(output).size;
    if (now === size) {
      hung = true;
      child.kill("SIGKILL");
    }
    size = now;
  }, patience);
  const status = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? `exit status ${code}`));
  });
  clearInterval(watch);
  const unhandled = /Unhandled program exception: 0x([0-9a-f]+)/.exec(said)?.[1];
  if (unhandled !== undefined) {
    return { interruption: interruptionOf(Number.parseInt(unhandled, 16)) };
  }
  return {
    silence: hung
      ? "QEMU did not end the case"
      : `QEMU ended with ${status}: ${said.trim().split("\n")[0] ?? ""}`,
  };
}

const sigill = 4;
const sigfpe = 8;
const illegalOpcode = 1;
const integerDivide = 1;
const integerOverflow = 2;

function opinionOf(subject: Case, { signal, signalCode, state }: HarnessResult): Opinion {
  const { vr, ...scalar } = state;
  const told = subject.before.vr === undefined || vr === undefined ? scalar : { ...scalar, vr };
  return outcomeAt(subject, interruptionOfSignal(signal, signalCode), told);
}

function interruptionOfSignal(signal: number, signalCode: number): Interruption {
  switch (signal) {
    case sigill:
      return { class: signalCode === illegalOpcode ? "operation" : "execute-specification-operand" };
    case sigfpe:
      return arithmetic(signalCode);
    default: // access exceptions, by whatever signal
      return { class: "access" };
  }
}

function arithmetic(signalCode: number): Interruption {
  switch (signalCode) {
    case integerDivide:
      return { class: "fixed-point-divide" };
    case integerOverflow:
      return { class: "fixed-point-overflow" };
    default:
      return { class: "data" };
  }
}
