/**
 * A disk that is installed inside our machine and boots by itself: its root file system is laid out on the host, the
 * machine runs what is left to be done on it, real zipl included; then both loaders boot it, and a Secure Execution
 * image on it becomes a protected guest.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildBusyboxInitramfs,
  busyboxFileSystem,
  DebianArchive,
  fetchCcwFirmware,
  fetchDemoParts,
  fetchKernelModules,
  fetchUserland,
  type FileSystemEntry,
} from "@lockframe/debian";
import { HOST_KEY, sealedImage } from "../bench/sealed-image.ts";
import { run } from "./ext4-image.ts";
import { GuestConsole } from "./guest-console.ts";
import * as scripts from "./guest-scripts.ts";
import { type DiskMedium, makeDisk, partitionFaults, scsiDisk } from "./disk-medium.ts";
import { writeFolder } from "./root-folder.ts";

export interface DiskSteps {
  readonly folder: string;
  log(text: string): void;
}

/** Files of the host. */
export interface InstalledDisk {
  readonly image: string;
  readonly medium: DiskMedium;
  readonly hostKey: string;
  readonly firmware: string;
}

/** The disk that an earlier run has installed in its folder. */
export const installedDisk = (folder: string, medium: DiskMedium): InstalledDisk => ({
  image: join(folder, "disk.img"),
  medium,
  hostKey: join(folder, HOST_KEY),
  firmware: join(folder, FIRMWARE),
});

const FIRMWARE = "s390-ccw.img";
const BOOT_SECONDS = 600;
const SMALL_BYTES = 160 * 2 ** 20;
const LARGE_BYTES = 3 * 2 ** 30;
/** Packages beside the required ones. */
const INCLUDED = "systemd-sysv,udev,kmod,s390-tools,linux-image-s390x,initramfs-tools";

/** Busybox, zipl and what zipl needs: the short form. */
export async function installSmallDisk(
  steps: DiskSteps,
  medium: DiskMedium = scsiDisk,
): Promise<InstalledDisk> {
  const parts = await bootParts(steps);
  const root = join(steps.folder, "root");
  writeFolder(root, busyboxFileSystem({ busybox: parts.busybox, extraFiles: parts.tools }));
  writeFileSync(join(root, "usr/sbin/init"), scripts.SMALL_INIT, { mode: 0o755 });
  mkdirSync(join(root, "boot"), { recursive: true });
  copyFileSync(parts.kernel, join(root, "boot/vmlinuz"));
  copyFileSync(parts.initrd, join(root, "boot/initrd.img"));
  return install(steps, parts, {
    root,
    medium,
    bytes: medium.size(SMALL_BYTES),
    script: scripts.SMALL_INSTALL,
    limit: BOOT_SECONDS,
  });
}

/** Debian by debootstrap, whose second stage runs inside the machine: the long form. Needs root. */
export async function installDebian(steps: DiskSteps, hours: number, suite: string): Promise<InstalledDisk> {
  const parts = await bootParts(steps);
  const root = join(steps.folder, "root");
  const archive = (await parts.archive.mirror()).url.href;
  const arguments_ = ["--foreign", "--arch=s390x", "--variant=minbase", `--include=${INCLUDED}`];
  const made = run("debootstrap", [...arguments_, suite, root, archive]);
  if (made.status !== 0) throw new Error(`debootstrap: ${made.output.slice(-4000)}`);
  keepIndexOf(root);
  steps.log("the first stage of debootstrap is done");
  const ramDiskSettings = join(root, "etc/initramfs-tools");
  mkdirSync(join(ramDiskSettings, "conf.d"), { recursive: true });
  writeFileSync(join(ramDiskSettings, "conf.d/modules"), "MODULES=list\n"); // the second stage unmounts /sys
  writeFileSync(join(ramDiskSettings, "modules"), "virtio_blk\next4\ncrc32c_generic\n");
  return install(steps, parts, {
    root,
    medium: scsiDisk,
    bytes: LARGE_BYTES,
    script: scripts.DEBIAN_INSTALL,
    limit: hours * 3600,
  });
}

/**
 * Leave only packages that were fetched in the archive's index: the second stage reads all 54 MB of it with perl, again and
 * again, and needs no others. apt fetches its own.
 */
function keepIndexOf(root: string): void {
  const fetched = readFileSync(join(root, "debootstrap/debpaths"), "utf8").matchAll(/^\S+/gm);
  const names = new Set([...fetched].map(([name]) => name));
  const lists = join(root, "var/lib/apt/lists");
  for (const file of readdirSync(lists).filter((each) => each.endsWith("_Packages"))) {
    const stanzas = readFileSync(join(lists, file), "utf8").split("\n\n");
    const kept = stanzas.filter((each) => names.has(/^Package: (.*)$/m.exec(each)?.[1] ?? ""));
    writeFileSync(join(lists, file), `${kept.join("\n\n")}\n\n`);
  }
}

interface BootParts {
  readonly archive: DebianArchive;
  readonly busybox: Uint8Array;
  readonly modules: readonly FileSystemEntry[];
  /** zipl and its kin. */
  readonly tools: readonly FileSystemEntry[];
  readonly kernel: string;
  /** The initial RAM disk with which the disk boots. */
  readonly initrd: string;
  readonly firmware: string;
}

async function bootParts({ folder }: DiskSteps): Promise<BootParts> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const { kernel, busybox } = await fetchDemoParts(archive);
  const modules = await fetchKernelModules(archive, ["virtio_blk", "ext4", "crc32c_generic", "virtio_net"]);
  const parts = {
    archive,
    busybox: busybox.bytes,
    modules,
    tools: await ziplFiles(archive),
    kernel: join(folder, "kernel"),
    initrd: join(folder, "initrd"),
    firmware: join(folder, FIRMWARE),
  };
  writeFileSync(parts.kernel, kernel.bytes);
  writeFileSync(parts.initrd, ramDisk(parts, scripts.FROM_DISK));
  writeFileSync(parts.firmware, (await fetchCcwFirmware(archive)).bytes);
  return parts;
}

function ramDisk(
  { busybox, modules }: Pick<BootParts, "busybox" | "modules">,
  init: string,
  tools: readonly FileSystemEntry[] = [],
): Uint8Array {
  const extraFiles = [...modules, ...tools];
  return buildBusyboxInitramfs({ busybox, init, extraFiles, compression: "none" });
}

/** zipl, its helpers and loaders, fdasd, and the C library. */
async function ziplFiles(archive: DebianArchive): Promise<readonly FileSystemEntry[]> {
  const { deb } = await archive.fetchPackage("s390-tools");
  const entries = await deb.entries((path) =>
    /(?:^|\/)(?:sbin\/(?:zipl|fdasd)|lib\/s390-tools\/.+)$/.test(path),
  );
  const files = entries.flatMap(({ path, type, mode, bytes }): FileSystemEntry[] =>
    type === "file" && bytes !== undefined ? [{ path, type, mode, bytes }] : [],
  );
  return [...(await fetchUserland(archive, ["libc6"])), ...files];
}

interface Installation {
  readonly root: string;
  readonly medium: DiskMedium;
  readonly bytes: number;
  /** Shell script that runs on the disk. */
  readonly script: string;
  readonly limit: number;
}

async function install(
  { folder, log }: DiskSteps,
  parts: BootParts,
  { root, medium, bytes, script, limit }: Installation,
): Promise<InstalledDisk> {
  const sealed = await sealedImage({ kernel: parts.kernel, initrd: parts.initrd }, folder);
  if (typeof sealed === "string") throw new Error(sealed);
  for (const each of ["boot", "etc", "root"]) mkdirSync(join(root, each), { recursive: true });
  copyFileSync(sealed.image, join(root, "boot/secure.img"));
  // The script puts it into /etc in the end: the kernel's package would run zipl before its files are in place.
  writeFileSync(join(root, "root/zipl.conf"), scripts.ziplConfiguration(medium.target(bytes)));
  writeFileSync(join(root, "root/install.sh"), script);
  const image = join(folder, "disk.img");
  makeDisk(image, bytes, root, medium);
  const installer = join(folder, "installer");
  writeFileSync(installer, ramDisk(parts, scripts.installer(medium.prepare), parts.tools));
  const options = ["-m", "1G", "-kernel", parts.kernel, "-initrd", installer, "-no-reboot"];
  const parameters = ["-append", "console=ttysclp0 quiet cryptomgr.notests"];
  const transcript = join(folder, "install.log");
  log(`the machine installs; ${transcript} is what it says`);
  await using guest = new GuestConsole(
    [...options, ...parameters, ...driveOf(image, medium)],
    log,
    transcript,
  );
  await guest.expect(/install ended with 0\r?\n[^]*target was unmounted/, limit);
  await guest.end(60);
  const disk = { image, medium, hostKey: sealed.hostKey, firmware: parts.firmware };
  await expectClean(disk, folder);
  return disk;
}

const driveOf = (image: string, { device }: DiskMedium): readonly string[] => [
  "-drive",
  `file=${image},format=raw,if=none,id=disk`,
  "-device",
  `virtio-blk-ccw,drive=disk,bootindex=1${device}`,
];

async function expectClean({ image, medium }: InstalledDisk, folder: string): Promise<void> {
  const faults = await partitionFaults(image, join(folder, "partition.img"), medium);
  if (faults !== "") throw new Error(`the file system is not clean:\n${faults}`);
}

/** How the disk is booted. */
export interface BootChoice {
  readonly loader: "embedded" | "firmware";
  readonly entry: "plain" | "secure";
}

/** Options of a machine that boots from the disk. */
export function bootOptions(disk: InstalledDisk, { loader, entry }: BootChoice): readonly string[] {
  const bios = loader === "embedded" ? "embedded" : disk.firmware;
  const secure = entry === "secure";
  const machine = secure
    ? [
        "-machine",
        "s390-ccw-virtio,confidential-guest-support=pv0,loadparm=2",
        "-object",
        "s390-pv-guest,id=pv0",
      ]
    : ["-machine", "s390-ccw-virtio"];
  const key = secure ? ["--host-key", disk.hostKey] : [];
  return [...machine, ...key, "-m", "1G", "-bios", bios, "-no-reboot", ...driveOf(disk.image, disk.medium)];
}

const transcriptOf = ({ loader, entry }: BootChoice, { folder }: DiskSteps): string =>
  join(folder, `${loader}-${entry}.log`);

/** Boot the small disk to its shell, write to it, and leave it clean. */
export async function bootSmallDisk(
  disk: InstalledDisk,
  choice: BootChoice,
  steps: DiskSteps,
): Promise<void> {
  await using guest = new GuestConsole(bootOptions(disk, choice), steps.log, transcriptOf(choice, steps));
  const isProtected = choice.entry === "secure" ? 1 : 0;
  await guest.expect(new RegExp(`root is /dev/vda1, protected ${isProtected}`), BOOT_SECONDS);
  await guest.run(`echo ${choice.loader}-${choice.entry} >> /root/boots`, 60);
  guest.type("exit\n");
  await guest.expect(/root is read-only/, 60);
  await guest.end(60);
  await expectClean(disk, steps.folder);
}

/** Boot Debian, log in, install a package through the network, power off, and leave the disk clean. */
export async function bootDebian(disk: InstalledDisk, choice: BootChoice, steps: DiskSteps): Promise<void> {
  const network = ["-netdev", "user,id=net", "-device", "virtio-net-ccw,netdev=net"];
  await using guest = new GuestConsole(
    [...bootOptions(disk, choice), ...network],
    steps.log,
    transcriptOf(choice, steps),
  );
  await guest.expect(/login: /, 3 * BOOT_SECONDS);
  guest.type("root\n");
  await guest.expect(/Password: /, BOOT_SECONDS);
  guest.type("lockframe\n");
  await guest.expect(/# $/m, BOOT_SECONDS);
  const isProtected = choice.entry === "secure" ? 1 : 0;
  await guest.run(`grep -qs ${isProtected} /sys/firmware/uv/prot_virt_guest || [ ${isProtected} = 0 ]`, 60);
  if (choice.entry === "plain")
    await guest.run("apt-get update && apt-get install -y hello && hello", BOOT_SECONDS);
  guest.type("poweroff\n");
  await guest.end(BOOT_SECONDS);
  await expectClean(disk, steps.folder);
}
