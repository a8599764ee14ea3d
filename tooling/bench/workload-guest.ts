import { buildBusyboxInitramfs, DebianArchive, fetchBusyboxStatic } from "@lockframe/debian";
import type { Starter } from "./boots.ts";
import { type Ending, MeteredProcess } from "./metered-process.ts";
import { type Build, builds, buildWorkloads } from "./toolchain.ts";
import type { Size, Workload } from "./workloads.ts";

/** What one execution took, seen from outside the guest, and what it printed. */
export interface Execution {
  readonly seconds: number;
  /** Of CPU that the machine's process used meanwhile, all its threads together. */
  readonly cpuSeconds: number;
  readonly result: string;
}

const bootSeconds = 300;
const commandSeconds = 900;

/**
 * Process 1: a shell that reads commands from the console without echo, runs each, and says so. `tmp` is a tmpfs of its
 * own, so that files of workloads never meet a disk.
 */
export const commandInit = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
stty -echo < /dev/console
echo '<ready>'
while read -r line; do
  eval "$line"
  echo "<ended $?>"
done < /dev/console
poweroff -f
`;

/** Process 1 that executes these commands without being asked, and powers off. */
export const unattendedInit = (commands: readonly string[]): string =>
  commandInit.replace(/while[^]*done[^\n]*\n/, () => `${commands.join("\n")}\n`);

/** The initramfs in which workloads run: Debian's busybox and the workloads, built for each machine. */
export async function workloadInitramfs(folder: string, processOne = commandInit): Promise<Uint8Array> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const busybox = await fetchBusyboxStatic(archive);
  const extraFiles = builds.map((build) => ({
    path: `usr/bin/workloads-${build}`,
    type: "file" as const,
    mode: 0o755,
    bytes: buildWorkloads(build, folder),
  }));
  return buildBusyboxInitramfs({ busybox: busybox.bytes, init: processOne, extraFiles, compression: "none" });
}

/** What commands of workloads find: the program, the amount of work, and how often a second a timer interrupts it. */
export const settingOf = (build: Build, scale: number, ticks = 0): string =>
  `W=workloads-${build}; N=${scale}; export TICKS=${ticks}`;

/** A timer's frequency for results' sake: often, and a host that is slow or busy gets on all the same. */
const SHORT_TICKS = 500;

/** What a workload printed, on one line. */
export const resultOf = (output: string): string =>
  output
    .trim()
    .split(/\s*[\r\n]+\s*/)
    .join("; ");

/**
 * A booted machine that executes workloads.
 *
 * Time is taken outside, between sending a command and the line that says that it ended: the guest's clock belongs to
 * what is measured, and only outside can the CPU time of the machine's process be read, which other load disturbs less.
 * The guest waits for input before and after.
 */
export class WorkloadGuest implements AsyncDisposable {
  readonly name: string;
  readonly #process: MeteredProcess;
  #vectors = false;

  private constructor(name: string, process: MeteredProcess) {
    this.name = name;
    this.#process = process;
  }

  /** @throws Error when it does not come up */
  static async boot({ name, command, args }: Starter): Promise<WorkloadGuest> {
    const process = new MeteredProcess(command, args);
    const guest = new WorkloadGuest(name, process);
    const seconds = await process.secondsUntil(/<ready>/, bootSeconds);
    if (seconds !== undefined) {
      guest.#vectors = /^features.*\bvx\b/m.test(await guest.#command("cat /proc/cpuinfo"));
      return guest;
    }
    const said = process.output
      .trim()
      .split(/[\r\n]+/)
      .slice(-3)
      .join(" / ");
    await guest[Symbol.asyncDispose]();
    throw new Error(`${name} did not boot; last said: ${said}`);
  }

  /** Whether programs for this machine run; z13 is the first whose programs need vector instructions. */
  runs(build: Build): boolean {
    return build === "z10" || this.#vectors;
  }

  /** Runs a workload once. A program that fails has that for a result. @throws Error when it does not end */
  async execute({ before, command, after, scale }: Workload, build: Build, size: Size): Promise<Execution> {
    const setting = settingOf(build, scale[size], size === "short" ? SHORT_TICKS : 0);
    await this.#command(before === undefined ? setting : `${setting}; ${before}`);
    const cpu = this.#process.cpuSeconds();
    const start = performance.now();
    const output = await this.#command(command);
    const seconds = (performance.now() - start) / 1000;
    const cpuSeconds = this.#process.cpuSeconds() - cpu;
    const checked = after === undefined ? output : output + (await this.#command(after));
    return {
      seconds,
      cpuSeconds,
      result: checked
        .trim()
        .split(/\s*[\r\n]+\s*/)
        .join("; "),
    };
  }

  /** Powers off. Resolves with how the process ended. */
  async end(): Promise<Ending> {
    this.#process.send("poweroff -f\n");
    return this.#process.end(60);
  }

  /** Runs a command. @throws Error with what it printed when its status is not 0 */
  async run(text: string): Promise<string> {
    const output = await this.#command(text);
    if (/status \d+$/.test(output)) throw new Error(`${this.name}: '${text}': ${output.trim()}`);
    return output;
  }

  /** Seconds of CPU that the machine's process has used. */
  cpuSeconds(): number {
    return this.#process.cpuSeconds();
  }

  /** All that the machine printed. */
  get output(): string {
    return this.#process.output;
  }

  /** Output of a command. */
  async #command(text: string): Promise<string> {
    const from = this.#process.output.length;
    this.#process.send(`${text}\n`);
    const match = await this.#process.matchAfter(from, /([^]*)<ended (\d+)>\r?\n/, commandSeconds);
    if (match === undefined) {
      const said = this.#process.output
        .slice(from)
        .trim()
        .split(/[\r\n]+/)
        .slice(-3)
        .join(" / ");
      throw new Error(`${this.name}: '${text}' did not end; last said: ${said}`);
    }
    const [, output = "", status] = match;
    return status === "0" ? output : `${output}status ${status}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
