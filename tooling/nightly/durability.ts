/**
 * Nothing that a guest was told to be safe is lost when the machine's process is killed: a guest writes files, each
 * with fsync, and says so; at a random moment the process gets SIGKILL; then the image is judged.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildBusyboxInitramfs, DebianArchive, fetchDemoParts, fetchKernelModules } from "@lockframe/debian";
import { copyToRaw, writeEmptyQcow2 } from "@lockframe/plugin-disk-images/testing";
import { MeteredProcess } from "../bench/metered-process.ts";
import { lockframe } from "../bench/starters.ts";
import { extract, faultsOf, makeEmptyImage, makeFileSystem, replayJournal } from "./ext4-image.ts";

export type ImageFormat = "raw" | "qcow2";

/** Files of the guest that writes. */
export interface WriterGuest {
  readonly kernel: string;
  readonly initrd: string;
}

export interface KillOutcome {
  /** Files that the guest was told to be safe. */
  readonly acknowledged: number;
  /** Those that are gone or changed, and what else is wrong; empty: nothing. */
  readonly losses: readonly string[];
}

const IMAGE_BYTES = 256 * 2 ** 20;
/** A busy host may take long. */
const BOOT_SECONDS = 1800;
const NEXT_SECONDS = 120;

/**
 * Sizes go up and down. A second writer is never told that anything is safe, and keeps the disk busy: what it did may
 * be there or not.
 */
const WRITER = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
modprobe -a virtio_blk crc32c_generic ext4
mkdir -p /mnt
mount -t ext4 /dev/vda /mnt || exit 1
while :; do dd if=/dev/urandom of=/mnt/noise bs=16k count=64 2>/dev/null; rm -f /mnt/noise; done &
n=0
while :; do
  n=$((n + 1))
  size=$(((n * 7919) % 65536 + 1))
  yes "record $n" | head -c $size | dd of=/mnt/r$n bs=64k conv=fsync 2>/dev/null && echo "safe $n $size"
done
`;

/** The guest's files, in a folder. @throws LockframeError when Debian's parts cannot be had */
export async function prepareWriter(folder: string): Promise<WriterGuest> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const { kernel, busybox } = await fetchDemoParts(archive);
  const extraFiles = await fetchKernelModules(archive, ["virtio_blk", "ext4", "crc32c_generic"]);
  const guest = { kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
  writeFileSync(guest.kernel, kernel.bytes);
  writeFileSync(
    guest.initrd,
    buildBusyboxInitramfs({ busybox: busybox.bytes, init: WRITER, extraFiles, compression: "none" }),
  );
  return guest;
}

/** One kill. @param random numbers from 0 to below 1 */
export async function killWhileWriting(
  guest: WriterGuest,
  format: ImageFormat,
  folder: string,
  random: () => number,
): Promise<KillOutcome> {
  const round = mkdtempSync(join(folder, "round-"));
  try {
    const image = makeImage(round, format);
    const output = await writeUntilKilled(guest, image, format, random);
    return { acknowledged: recordsIn(output).size, losses: await lossesOf(image, format, round, output) };
  } finally {
    rmSync(round, { recursive: true });
  }
}

function makeImage(round: string, format: ImageFormat): string {
  const raw = join(round, "disk.img");
  makeEmptyImage(raw, IMAGE_BYTES);
  makeFileSystem(raw);
  if (format === "raw") return raw;
  const image = join(round, "disk.qcow2");
  writeEmptyQcow2(image, { size: IMAGE_BYTES, backing: { file: raw, format: "raw" } });
  return image;
}

async function writeUntilKilled(
  { kernel, initrd }: WriterGuest,
  image: string,
  format: ImageFormat,
  random: () => number,
): Promise<string> {
  const { command, args } = lockframe(
    "qemu",
    "-nographic",
    "-m",
    "512",
    "-kernel",
    kernel,
    "-initrd",
    initrd,
  );
  const disk = ["-drive", `file=${image},format=${format},if=virtio`];
  const parameters = ["-append", "console=ttysclp0 quiet cryptomgr.notests"];
  await using machine = new MeteredProcess(command, [...args, ...parameters, ...disk]);
  const wanted = 1 + Math.floor(random() * 40);
  const began = await machine.secondsUntil(/safe 1 /, BOOT_SECONDS);
  if (began === undefined)
    throw new Error(`the guest did not begin to write:\n${machine.output.slice(-2000)}`);
  await machine.secondsUntil(new RegExp(`safe ${wanted} `), began + NEXT_SECONDS);
  await new Promise((resolve) => setTimeout(resolve, random() * 50));
  await machine.end(0);
  return machine.output;
}

/** Sizes of the records that were acknowledged, by number. A line that was cut off is no acknowledgement. */
function recordsIn(output: string): ReadonlyMap<number, number> {
  const lines = output.matchAll(/safe (\d+) (\d+)\r?\n/g);
  return new Map(Array.from(lines, ([, number, size]) => [Number(number), Number(size)]));
}

async function lossesOf(
  image: string,
  format: ImageFormat,
  round: string,
  output: string,
): Promise<readonly string[]> {
  const raw = format === "raw" ? image : join(round, "after.img");
  if (format !== "raw") await copyToRaw(image, format, raw);
  replayJournal(raw);
  const faults = faultsOf(raw);
  const files = join(round, "files");
  mkdirSync(files);
  extract(raw, files);
  const lost = [...recordsIn(output)].flatMap(([number, size]) => {
    const path = join(files, `r${number}`);
    const whole = existsSync(path) && readFileSync(path, "latin1") === contentOf(number, size);
    return whole ? [] : [`record ${number} of ${size} bytes`];
  });
  return faults === "" ? lost : [...lost, faults];
}

function contentOf(number: number, size: number): string {
  const line = `record ${number}\n`;
  return line.repeat(Math.ceil(size / line.length)).slice(0, size);
}
