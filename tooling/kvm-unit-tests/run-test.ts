import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { UnitTest } from "./unittests-config.ts";
import type { Ended } from "./verdict.ts";

/** What runs a test. */
export type Runner = "interpreter" | "jit" | "qemu";

const cli = fileURLToPath(new URL("../../apps/cli/bin/lockframe.js", import.meta.url));
const console = [
  "-nodefaults",
  "-nographic",
  "-chardev",
  "stdio,id=con0",
  "-device",
  "sclpconsole,chardev=con0",
];

/** The command line that the suite's own script would use. */
export function commandOf(runner: Runner, folder: string, test: UnitTest): readonly [string, ...string[]] {
  const machine: [string, ...string[]] =
    runner === "qemu"
      ? ["qemu-system-s390x", "-machine", "s390-ccw-virtio,accel=tcg"]
      : [process.execPath, "--conditions=@lockframe/source", cli, "qemu", "--engine", runner];
  return [
    ...machine,
    ...console,
    "-kernel",
    join(folder, test.file),
    ...(test.cpus > 1 ? ["-smp", String(test.cpus)] : []),
    ...(test.parameters === undefined ? [] : ["-append", test.parameters]),
    ...(runner === "qemu" ? test.options : withoutCpus(test.options)),
  ];
}

/**
 * CPUs that QEMU plugs by `-device` and its CPU models are there from the start on our machine, whose model is always the
 * largest.
 */
function withoutCpus(options: readonly string[]): readonly string[] {
  const plugged = options.filter((option) => /-s390x-cpu,core-id=/.test(option)).length;
  const kept: string[] = [];
  for (let index = 0; index < options.length; index += 1) {
    const [option = "", value = ""] = options.slice(index, index + 2);
    if (option === "-device" && /-s390x-cpu,core-id=/.test(value)) index += 1;
    else if (option === "-cpu" && plugged > 0) index += 1;
    else if (option === "-smp" && plugged > 0) {
      kept.push("-smp", String(1 + plugged));
      index += 1;
    } else if (option === "-cpu") {
      kept.push("-cpu", value.replace(/^(host|qemu)\b/, "max"));
      index += 1;
    } else kept.push(option);
  }
  return kept;
}

/** Run to the end, or for so many seconds. */
export function runTest(command: readonly [string, ...string[]], seconds: number): Promise<Ended> {
  const [program, ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("latin1").on("data", (text: string) => (output += text));
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, seconds * 1000);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      clearTimeout(timer);
      resolve({ status: status ?? undefined, timedOut, output });
    });
  });
}
