import { Option } from "commander";
import { extname, resolve as resolvePath } from "node:path";
import { LockframeError } from "@lockframe/architecture";
import {
  dataLayer,
  type DeviceEntry,
  type Engine,
  engines,
  type ProfileLayer,
  resolveFile,
} from "@lockframe/profile";
import { collect, type Context, examples, type Register } from "../context.ts";
import type { ExitName } from "../exit-status.ts";
import { profileFiles } from "../profiles.ts";
import { formatOf } from "../qemu/drives.ts";
import { parseMemorySize } from "../qemu/option-string.ts";
import { boot, stdioConsole } from "../run/boot.ts";
import { parseDuration } from "../run/duration.ts";
import { planToRun } from "../run/plan.ts";
import { meansToBeSeImage } from "../run/se-image.ts";

interface RunOptions {
  readonly initrd?: string;
  readonly append?: string;
  readonly memory?: string;
  readonly cpus?: string;
  readonly engine?: Engine;
  readonly hostKey?: string[];
  readonly disk?: string[];
  readonly bios?: string;
  readonly bootMenu?: boolean;
  readonly loadParameter?: string;
  readonly reboot: boolean;
  readonly timeout?: string;
  readonly stats?: boolean;
  readonly statsJson?: string;
  readonly perfMap?: string;
  readonly symbols?: string;
  readonly xray?: boolean;
}

export const registerRun: Register = (program, context) =>
  program
    .command("run")
    .description("run a machine from a profile, an image, or both")
    .argument("[what...]", "a profile (file or name), a kernel or Secure Execution image")
    .option("-i, --initrd <file>", "initial RAM disk, for a plain kernel")
    .option("-a, --append <text>", "kernel command line, for a plain kernel")
    .option("-m, --memory <size>", "guest storage, for instance 2G; less than 16G")
    .option("-c, --cpus <number>", "CPUs")
    .addOption(
      new Option(
        "-e, --engine <name>",
        "how instructions run; jit unless the profile says otherwise",
      ).choices([...engines]),
    )
    .option("-k, --host-key <file>", "private host key of the Ultravisor; several may be given", collect)
    .option("-d, --disk <file>", "disk image, the first one to boot from; several may be given", collect)
    .option("--bios <file>", "what boots from disks: s390-ccw.img, or the loader that comes along (embedded)")
    .option("--boot-menu", "show the boot menu of the disk")
    .option("--load-parameter <text>", "number of a boot menu's entry, or PROMPT")
    .option("--no-reboot", "end instead of starting again")
    .option("--timeout <duration>", "end after 90s, 5m, 2h")
    .option("--stats", "figures at the end")
    .option("--stats-json <file>", "all figures, as JSON")
    .option("--perf-map <file>", "where the guest spent its time: address, size, name")
    .option("--symbols <file>", "System.map or kallsyms of the guest, for names in --perf-map")
    .option("--xray", "let the host look into a protected guest")
    .addHelpText(
      "after",
      examples(
        "lockframe run secure.img --host-key host-key.key",
        "lockframe run z16-pvm secure.img --host-key host-key.key --memory 2G",
        "lockframe run vmlinuz --initrd initrd.img --append 'console=ttysclp0'",
        "lockframe run --disk debian.qcow2 --memory 2G",
        "lockframe run ./machine.yaml",
      ),
    )
    .action((what: string[], options: RunOptions) => context.action(() => run(context, what, options)));

async function run({ invocation }: Context, what: readonly string[], options: RunOptions): Promise<ExitName> {
  const files = profileFiles();
  const isProfile = (word: string): boolean =>
    files.builtIn.has(word) || [".yaml", ".yml", ".json"].includes(extname(word));
  const profiles = what.filter(isProfile);
  const images = what.filter((word) => !isProfile(word));
  if (profiles.length > 1 || images.length > 1) {
    const extra = [...profiles.slice(1), ...images.slice(1)].join(", ");
    throw new LockframeError("LF-CLI-001", `one profile and one image at most, not also ${extra}`);
  }
  if (what.length === 0 && options.disk === undefined)
    throw new LockframeError("LF-CLI-001", "missing required argument 'what', or `--disk`");
  const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout);
  const [kernel] = images;
  const profile = profiles[0] ?? (await fittingProfile(invocation.cwd, kernel));
  const changes = dataLayer("command line", changesOf(kernel, options, invocation.cwd), invocation.cwd);
  const resolved = resolveFile(profile, invocation.cwd, files, [changes]);
  const planned = await planToRun(resolved, invocation.cwd);
  return boot(invocation, {
    planned,
    profile: resolved.profile,
    characterDevices: stdioConsole,
    timeoutMs,
    stats: options.stats === true,
    figures: options,
  });
}

/** Without a profile: a machine that can become a protected one for an image that wants it, a plain one otherwise. */
async function fittingProfile(cwd: string, kernel: string | undefined): Promise<string> {
  if (kernel === undefined) return "base";
  return (await meansToBeSeImage(resolvePath(cwd, kernel))) ? "pvm" : "base";
}

const MIB = 2 ** 20;

function changesOf(kernel: string | undefined, options: RunOptions, cwd: string): ProfileLayer {
  const { initrd, append, memory, cpus, engine, hostKey, disk, bios, bootMenu, loadParameter } = options;
  return {
    profile: 1,
    ...(disk !== undefined && {
      plugins: ["disk-images", "virtio-blk"],
      devices: disk.map((file, n) => diskDevice(resolvePath(cwd, file), n)),
    }),
    ipl: {
      ...(kernel !== undefined && { kernel }),
      ...(initrd !== undefined && { initrd }),
      ...(append !== undefined && { commandLine: append }),
      ...(bios !== undefined && { bios }),
      ...(bootMenu === true && { menu: true }),
      ...(loadParameter !== undefined && { loadParameter }),
    },
    ...(memory !== undefined && { storage: { size: parseMemorySize("--memory", "size", memory, MIB) } }),
    cpus: {
      ...(cpus !== undefined && { count: Number(cpus) }),
      ...(engine !== undefined && { engine }),
    },
    protection: {
      ...(hostKey !== undefined && { hostKeys: hostKey }),
      ...(options.xray === true && { xray: true }),
    },
    ...(!options.reboot && { onReboot: "stop" as const }),
  };
}

/** A disk in its place in the boot order. Its format is read off the image, so a raw one must not turn into another. */
function diskDevice(file: string, bootindex: number): DeviceEntry {
  const drive = { file, format: formatOf(file), guessed: true };
  return { type: "virtio-blk-ccw", id: `disk${bootindex}`, bootindex, drive };
}
