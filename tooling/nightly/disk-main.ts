/** `pnpm nightly:disk`: a disk with Debian that is installed inside the machine, and boots. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  bootDebian,
  bootSmallDisk,
  installedDisk,
  type DiskSteps,
  installDebian,
  installSmallDisk,
  type BootChoice,
} from "./boot-disk.ts";
import { dasd, type DiskMedium, scsiDisk } from "./disk-medium.ts";

const usage = `usage: pnpm nightly:disk [--short [--dasd]] [--hours N] [--suite NAME] [--folder DIR [--installed]]

Needs e2fsprogs, and debootstrap as root unless --short, which installs busybox in place of Debian.
  --dasd        a disk with the geometry and the layout of a DASD
  --hours N     how long the second stage of debootstrap may take (8)
  --suite NAME  Debian's suite (trixie), or its other name, stable, where a mirror is in the middle of an update
  --folder DIR  keep all files in this folder
  --installed   boot what an earlier run has installed there, and install nothing`;

const choices: readonly BootChoice[] = [
  { loader: "embedded", entry: "plain" },
  { loader: "firmware", entry: "plain" },
  { loader: "embedded", entry: "secure" },
  { loader: "firmware", entry: "secure" },
];

interface Wanted {
  readonly short: boolean;
  readonly medium: DiskMedium;
  readonly hours: number;
  readonly suite: string;
  readonly kept: string | undefined;
  readonly installed: boolean;
}

async function main({ short, medium, hours, suite, kept, installed }: Wanted): Promise<void> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), "lockframe-disk-"));
  mkdirSync(folder, { recursive: true });
  const began = performance.now();
  const log = (text: string): void =>
    console.log(`${Math.round((performance.now() - began) / 1000)} s: ${text}`);
  const steps: DiskSteps = { folder, log };
  try {
    const install = () => (short ? installSmallDisk(steps, medium) : installDebian(steps, hours, suite));
    const disk = installed ? installedDisk(folder, medium) : await install();
    for (const choice of choices) {
      log(`${choice.loader} boots the ${choice.entry} entry`);
      await (short ? bootSmallDisk : bootDebian)(disk, choice, steps);
    }
    log("all boots are done, and the file system is clean");
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    dasd: { type: "boolean", default: false },
    hours: { type: "string", default: "8" },
    suite: { type: "string" },
    folder: { type: "string" },
    installed: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const { short, folder: kept, installed } = values;
const { suite = "trixie" } = values;
const hours = Number(values.hours);
if (values.help) console.log(usage);
else if (
  !(hours > 0) ||
  (values.dasd && !short) ||
  (installed && kept === undefined) ||
  (values.suite !== undefined && (short || installed))
) {
  console.error(usage);
  process.exitCode = 2;
} else await main({ short, medium: values.dasd ? dasd : scsiDisk, hours, suite, kept, installed });
