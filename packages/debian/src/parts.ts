import { LockframeError } from "@lockframe/architecture";
import type { DebianArchive, Place } from "./archive.ts";
import type { FileSystemEntry } from "./cpio.ts";
import type { DebEntry } from "./deb.ts";
import { failure } from "./errors.ts";
import { buildBusyboxInitramfs, type InitramfsCompression } from "./initramfs.ts";
import { type PackageRecord, relationNames } from "./packages-index.ts";

/** A program or image taken out of a verified package. */
export interface Part {
  /** The package that it comes from. */
  readonly record: PackageRecord;
  /** Its path in the package. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A Debian kernel, as it comes: `bytes` is the bootable image. */
export interface KernelPart extends Part {
  /** What `uname -r` says, such as `6.12.48+deb13-s390x`. */
  readonly release: string;
}

/**
 * The package of a suite's current kernel: the one that the meta package `linux-image-<arch>` depends on.
 * @throws LockframeError LF-DEBIAN-033 if it depends on none.
 */
export async function resolveLatestKernel(archive: DebianArchive, place: Place = {}): Promise<PackageRecord> {
  const meta = await archive.find(`linux-image-${place.arch ?? "s390x"}`, place);
  const name = relationNames(meta.depends)
    .flat()
    .find((candidate) => /^linux-image-\d/.test(candidate));
  if (name === undefined) throw failure.noKernel(meta.name, meta.depends);
  return archive.find(name, place);
}

/** Fetches a suite's current kernel; default Debian 13's for s390x. */
export async function fetchKernel(archive: DebianArchive, place: Place = {}): Promise<KernelPart> {
  const { name } = await resolveLatestKernel(archive, place);
  const part = await fetchMatching(archive, name, /^boot\/vmlinuz-.+$/, place);
  return { ...part, release: part.path.slice("boot/vmlinuz-".length) };
}

/** Fetches Debian's static busybox. */
export function fetchBusyboxStatic(archive: DebianArchive, place: Place = {}): Promise<Part> {
  return fetchMatching(archive, "busybox-static", /^(?:usr\/)?bin\/busybox$/, place);
}

/** Fetches the Secure Execution loaders of s390-tools, which Debian ships from sid on. */
export async function fetchStage3Loaders(
  archive: DebianArchive,
  place: Place = { suite: "sid" },
): Promise<{ readonly stage3a: Part; readonly stage3b: Part }> {
  const stage3a = await fetchMatching(archive, "s390-tools", /\/stage3a\.bin$/, place);
  const stage3b = await fetchMatching(archive, "s390-tools", /\/stage3b_reloc\.bin$/, place);
  return { stage3a, stage3b };
}

/** Fetches the last stage of zipl's boot loader, which starts a kernel that was loaded from disk. */
export function fetchDiskStage3(archive: DebianArchive, place: Place = {}): Promise<Part> {
  return fetchMatching(archive, "s390-tools", /\/stage3\.bin$/, place);
}

/** Fetches QEMU's boot firmware, an ELF file that runs on the guest's CPU. */
export function fetchCcwFirmware(archive: DebianArchive, place: Place = {}): Promise<Part> {
  return fetchMatching(archive, "qemu-system-data", /\/s390-ccw\.img$/, place);
}

async function fetchMatching(
  archive: DebianArchive,
  name: string,
  pattern: RegExp,
  place: Place,
): Promise<Part> {
  const { record, deb } = await archive.fetchPackage(name, place);
  const entry = await deb.first((path) => pattern.test(path));
  if (entry?.type !== "file") throw failure.noFile(`${name} ${record.version}`, [pattern.source]);
  return { record, path: entry.path, bytes: entry.bytes };
}

/**
 * What it takes to run programs of these packages in a guest: their files and those of all packages that they depend on,
 * without documentation and data that programs do not need to run. Ready to be `extraFiles` of an initramfs.
 */
export async function fetchUserland(
  archive: DebianArchive,
  names: readonly string[],
  place: Place = {},
): Promise<readonly FileSystemEntry[]> {
  const entries = new Map<string, FileSystemEntry>();
  for (const name of await dependencies(archive, names, place)) {
    const { deb } = await archive.fetchPackage(name, place);
    for (const entry of await deb.entries(isProgramFile)) {
      const made = toFileSystem(entry, entries);
      if (made !== undefined) entries.set(made.path, made);
    }
  }
  return [...entries.values()];
}

/** The packages named and all that they depend on, of alternatives the first that the suite has. */
async function dependencies(
  archive: DebianArchive,
  names: readonly string[],
  place: Place,
): Promise<Set<string>> {
  const index = await archive.packages(place);
  const found = new Set<string>();
  const pending = names.map((name) => [name] as readonly string[]);
  for (let alternatives = pending.pop(); alternatives !== undefined; alternatives = pending.pop()) {
    const record = alternatives
      .map((name) => index.find(name) ?? index.findProviders(name)[0])
      .find((candidate) => candidate !== undefined);
    if (record === undefined)
      throw failure.noPackage(alternatives.join(" | "), place.suite ?? "trixie", place.arch ?? "s390x");
    if (found.has(record.name)) continue;
    found.add(record.name);
    pending.push(...relationNames(record.depends));
  }
  return found;
}

function isProgramFile(path: string): boolean {
  return (
    /^(?:usr\/)?(?:s?bin|lib(?:64)?|libexec)\//.test(path) &&
    !/\/(?:gconv|udev|systemd|tmpfiles\.d)\//.test(path)
  );
}

function toFileSystem(
  entry: DebEntry,
  made: ReadonlyMap<string, FileSystemEntry>,
): FileSystemEntry | undefined {
  const { path, mode } = entry;
  switch (entry.type) {
    case "directory":
      return { path, mode, type: "directory" };
    case "symlink":
      return { path, type: "symlink", target: entry.target ?? "" };
    case "file":
      return { path, mode, type: "file", bytes: entry.bytes };
    case "hardlink": {
      const source = made.get(entry.target ?? "");
      return source && { ...source, path };
    }
  }
}

/** What the demonstration boots. */
export interface DemoParts {
  readonly kernel: KernelPart;
  readonly busybox: Part;
  readonly initramfs: Uint8Array;
}

export interface DemoOptions extends Place {
  /** Told when a step begins, by its id in `explainParts`. */
  readonly onStep?: ((id: "release" | "kernel" | "busybox" | "initramfs") => void) | undefined;
  /** Default `none`: the image is sealed and unpacked at full speed, and the guest need not decompress. */
  readonly compression?: InitramfsCompression | undefined;
}

/** Fetches kernel and busybox and builds the initramfs, for `lockframe demo`. */
export async function fetchDemoParts(archive: DebianArchive, options: DemoOptions = {}): Promise<DemoParts> {
  const { onStep, compression = "none", ...place } = options;
  onStep?.("release");
  await archive.packages(place);
  onStep?.("kernel");
  const kernel = await fetchKernel(archive, place);
  onStep?.("busybox");
  const busybox = await fetchBusyboxStatic(archive, place);
  onStep?.("initramfs");
  return { kernel, busybox, initramfs: buildBusyboxInitramfs({ busybox: busybox.bytes, compression }) };
}

/** True for failures that mean "no network here and nothing in the cache", after which a demonstration boots a guest of its own. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof LockframeError && UNAVAILABLE.includes(error.code);
}

const UNAVAILABLE = ["LF-DEBIAN-001", "LF-DEBIAN-010", "LF-DEBIAN-015", "LF-DEBIAN-050"];
