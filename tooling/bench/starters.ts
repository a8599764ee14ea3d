import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Starter } from "./boots.ts";
import { type GuestParts, guestMegabytes, kernelParameters } from "./guest-parts.ts";

const cli = fileURLToPath(new URL("../../apps/cli/bin/lockframe.js", import.meta.url));

/** Runs the `lockframe` command from source, as `pnpm lockframe` does. */
export const lockframe = (...args: string[]): { command: string; args: string[] } => ({
  command: process.execPath,
  args: ["--max-semi-space-size=2", "--no-wasm-stack-checks", "--conditions=@lockframe/source", cli, ...args],
});

/** How our side runs instructions. */
export type OwnEngine = "interpreter" | "jit";

const common = ["-m", String(guestMegabytes), "-smp", "1", "-nographic", "-nodefaults"];
const console = ["-chardev", "stdio,id=console", "-device", "sclpconsole,chardev=console"];
const direct = ({ kernel, initrd }: GuestParts): string[] =>
  Object.entries({ kernel, initrd, append: kernelParameters }).flatMap(([name, value]) => [
    `-${name}`,
    value,
  ]);

/** qemu-system-s390x with its translator, the peer of every boot. `more` are options that both sides have. */
export function qemuStarter(parts: GuestParts, more: readonly string[] = []): Starter {
  const machine = ["-machine", "s390-ccw-virtio,accel=tcg", "-cpu", "max"];
  return {
    name: "qemu-system-s390x",
    command: "qemu-system-s390x",
    args: [...machine, ...common, ...console, ...more, ...direct(parts)],
  };
}

/** Version of qemu-system-s390x, or undefined where it is not installed. */
export function qemuVersion(): string | undefined {
  try {
    const said = execFileSync("qemu-system-s390x", ["--version"], { encoding: "utf8" });
    return /version (\S+)/.exec(said)?.[1];
  } catch {
    return undefined; // not installed
  }
}

/** Our machine with the same command line. */
export function plainStarter(parts: GuestParts, engine: OwnEngine, more: readonly string[] = []): Starter {
  return {
    name: "lockframe",
    ...lockframe(
      "qemu",
      "--stats",
      "--engine",
      engine,
      "-machine",
      "s390-ccw-virtio",
      ...common,
      ...console,
      ...more,
      ...direct(parts),
    ),
  };
}

/** Our machine with the same kernel and initramfs sealed in an SE image. */
export function protectedStarter(image: string, hostKey: string, engine: OwnEngine): Starter {
  const machine = [
    "-machine",
    "s390-ccw-virtio,confidential-guest-support=pv0",
    "-object",
    "s390-pv-guest,id=pv0",
  ];
  return {
    name: "lockframe (protected)",
    ...lockframe(
      "qemu",
      "--stats",
      "--engine",
      engine,
      ...machine,
      ...common,
      ...console,
      "-kernel",
      image,
      "--host-key",
      hostKey,
    ),
  };
}
