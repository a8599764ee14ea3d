/** The two that run the program: QEMU's system emulation, and a Lockframe machine. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { LockframeError } from "@lockframe/architecture";
import { createMachine } from "@lockframe/machine";
import type { CharacterPort } from "@lockframe/plugin-api";
import { planMachineOf } from "lockframe/testing";
import { place, RECORD_SIZE } from "./program.ts";

const MEBIBYTES = 64;
const POLL_MS = 100;
const MOST_POLLS = 600;

const waiting = (address: string): LockframeError =>
  new LockframeError("LF-JUDGE-011", `the program did not come to its end, but to ${address}`);

/** What stands in the records after the program has run under QEMU. */
export async function runUnderQemu(image: Uint8Array, records: number): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-judge-"));
  try {
    const [kernel, memory] = [join(folder, "kernel"), join(folder, "memory")];
    writeFileSync(kernel, image);
    const size = records * RECORD_SIZE;
    await talkToMonitor(kernel, `pmemsave ${place.records} ${size} "${memory}"`);
    return readFileSync(memory);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Run a kernel until QEMU pauses for its disabled wait, then do what the command says. */
async function talkToMonitor(kernel: string, command: string): Promise<void> {
  const machine = ["-machine", "s390-ccw-virtio,accel=tcg", "-cpu", "max", "-m", String(MEBIBYTES)];
  const quiet = ["-nodefaults", "-display", "none", "-action", "panic=pause", "-monitor", "stdio"];
  const qemu = spawn("qemu-system-s390x", [...machine, ...quiet, "-kernel", kernel]);
  let said = "";
  qemu.stdout.on("data", (chunk) => (said += String(chunk)));
  qemu.stderr.on("data", (chunk) => (said += String(chunk)));
  const ended = new Promise<void>((resolve, reject) => {
    qemu.on("error", reject);
    qemu.on("close", () => resolve());
  });
  qemu.stdin.on("error", () => undefined);
  const poll = async (): Promise<void> => {
    for (let n = 0; n < MOST_POLLS && qemu.exitCode === null; n++) {
      if (said.includes("paused (guest-panicked)")) break;
      qemu.stdin.write("info status\n");
      await setTimeout(POLL_MS);
    }
    qemu.stdin.end(`info registers\n${command}\nquit\n`);
  };
  await Promise.all([ended, poll()]);
  const psw = /PSW=mask \w+ addr (\w+)/.exec(said)?.[1];
  if (psw === undefined || BigInt(`0x${psw}`) !== 0x600dn) throw waiting(psw ?? said);
}

/** Nobody reads what a program says, and nobody types. */
const silence: CharacterPort = {
  interactive: false,
  waiting: 0,
  write: () => true,
  drained: () => Promise.resolve(),
  read: () => new Uint8Array(0),
  onInput: () => undefined,
};

/** What stands in the records after the program has run on a machine of ours. */
export async function runOnMachine(image: Uint8Array, records: number): Promise<Uint8Array> {
  const ignore = (): void => undefined;
  const machine = await createMachine({
    planned: await planMachineOf("base", { storage: { size: MEBIBYTES * 0x10_0000 } }),
    source: { kernel: image, initrd: undefined, commandLine: undefined },
    hostKeys: [],
    characterPorts: new Map([["stdio", silence]]),
    log: { debug: ignore, info: ignore, warn: ignore },
  });
  const stop = await machine.run();
  if (stop.kind !== "disabled-wait" || stop.address !== 0x600dn)
    throw waiting(stop.kind === "disabled-wait" ? stop.address.toString(16) : stop.kind);
  return machine.storage.read(place.records, records * RECORD_SIZE);
}
