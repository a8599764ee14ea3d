import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianParts } from "../bench/guest-parts.ts";
import { MeteredProcess } from "../bench/metered-process.ts";
import { lockframe } from "../bench/starters.ts";
import { type Build, missingCompiler } from "../bench/toolchain.ts";
import { resultOf, settingOf, unattendedInit, workloadInitramfs } from "../bench/workload-guest.ts";
import { type Size, type Workload, workloads } from "../bench/workloads.ts";

/** Hours are for `--long`. */
const PATIENCE_SECONDS = 6 * 3600;

/** A timer interrupts every workload so often, in the guest's time, which counts instructions. */
const TICKS = 10_000;

interface Case {
  readonly name: string;
  readonly build: Build;
  readonly workload: Workload;
}

/** One guest that runs unattended, so that nothing from outside comes at a time of its own. */
export class LockstepJudge {
  readonly #folder: string;
  readonly #megabytes: number;
  readonly #size: Size;
  readonly #cases: readonly Case[] = workloads.flatMap((workload) =>
    workload.builds.map((build) => ({ name: `${workload.name}@${build}`, build, workload })),
  );
  passed = false;

  constructor(folder: string, megabytes: number, size: Size) {
    this.#folder = folder;
    this.#megabytes = megabytes;
    this.#size = size;
  }

  /** `show` gets what the guest and the machine print, as they print it. Returns the verdict, a line each. */
  async run(show: (text: string) => void): Promise<readonly string[]> {
    const missing = missingCompiler();
    if (missing !== undefined) return [missing];
    const { kernel } = await debianParts(this.#folder);
    const initrd = join(this.#folder, "lockstep.cpio");
    writeFileSync(initrd, await workloadInitramfs(this.#folder, unattendedInit(this.#commands())));
    const options = {
      engine: "both",
      m: String(this.#megabytes),
      chardev: "stdio,id=console",
      device: "sclpconsole,chardev=console",
      kernel,
      initrd,
      // Without the random layout, the same run is the same again.
      append: "console=ttysclp0 nokaslr quiet",
    };
    const { command, args } = lockframe(
      "qemu",
      "--stats",
      "-nographic",
      "-nodefaults",
      ...Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]),
    );
    await using machine = new MeteredProcess(command, args);
    let shown = 0;
    const more = () => {
      show(machine.output.slice(shown));
      shown = machine.output.length;
    };
    const timer = setInterval(more, 500);
    const ending = await machine.end(PATIENCE_SECONDS);
    clearInterval(timer);
    more();
    return this.#verdict(machine.output, ending);
  }

  /** Each case between marks, where the machine can run it. */
  #commands(): string[] {
    return this.#cases.map(({ name, build, workload }) => {
      const { before = ":", command, after = ":", scale } = workload;
      const able = build === "z10" ? "true" : "grep -q '^features.* vx ' /proc/cpuinfo";
      const run = `${settingOf(build, scale[this.#size], TICKS)}; ${before}; ${command}; ${after}`;
      return `echo '<${name}>'; if ${able}; then ${run}; else echo skipped; fi; echo '</${name}>'`;
    });
  }

  #verdict(output: string, ending: number | string): readonly string[] {
    const lines = this.#cases.map(({ name, workload }) => {
      const [, printed] = new RegExp(`<${name}>\\s([^]*?)</${name}>`).exec(output) ?? [];
      if (printed === undefined) return `${name}: did not come to its end`;
      const result = resultOf(printed);
      return result === workload.result[this.#size] || result === "skipped"
        ? `${name}: ${result}`
        : `${name}: ${result} instead of ${workload.result[this.#size]}`;
    });
    const wrong = lines.filter((line) => !/: (?:skipped|checksum \w+|\d+)$/.test(line)).length;
    this.passed = wrong === 0 && ending === 0;
    return [...lines, `${wrong} wrong; the machine ended with ${ending}`];
  }
}
