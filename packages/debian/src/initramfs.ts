import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { appletNames, checkBusybox } from "./busybox.ts";
import { type FileSystemEntry, writeCpio } from "./cpio.ts";
import { failure } from "./errors.ts";

/** How an initramfs is stored. Linux takes them all; `none` costs the guest the fewest instructions. */
export type InitramfsCompression = "gzip" | "zstd" | "none";

/** A cpio archive of these entries, compressed. */
export function packInitramfs(
  entries: Iterable<FileSystemEntry>,
  compression: InitramfsCompression = "gzip",
): Uint8Array {
  const archive = writeCpio(entries);
  switch (compression) {
    case "none":
      return archive;
    case "zstd":
      return zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
    case "gzip": {
      const packed = gzipSync(archive, { level: 9 });
      packed[9] = 3; // RFC 1952 "OS": what zlib puts there depends on the machine
      return packed;
    }
  }
}

export interface BusyboxInitramfs {
  /** Debian's static s390x busybox. */
  readonly busybox: Uint8Array;
  /** Shell script or program run as process 1; default `DEFAULT_INIT`. */
  readonly init?: string | Uint8Array | undefined;
  /** Laid over the rest; an entry replaces the built-in one of the same path. `bin/x` means `usr/bin/x`, as in Debian. */
  readonly extraFiles?: readonly FileSystemEntry[] | undefined;
  /** Default `gzip`. */
  readonly compression?: InitramfsCompression | undefined;
}

/**
 * Process 1 of the guest: mounts what programs expect, greets, runs a shell, and powers off when the shell ends, be it by
 * `exit`, by end of input or by a hang-up, so that a closed console never makes it loop.
 * `cttyhack` opens the terminal behind /dev/console, and with `setsid` before it that becomes the controlling terminal of
 * a new session: job control and Ctrl-C work.
 */
export const DEFAULT_INIT = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=vt220 PS1='# '
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
uv=/sys/firmware/uv/prot_virt_guest
protected=0
if [ -r $uv ]; then read -r protected < $uv; fi
if [ "$protected" = 1 ]; then kind='protected virtual machine'; else kind='machine without protection'; fi
echo
echo "$(uname -srm): $kind"
echo "'exit' or 'poweroff -f' stops it."
cd /root
setsid cttyhack sh
poweroff -f
`;

/** The file system that busybox and a console need. */
export function busyboxFileSystem({
  busybox,
  init = DEFAULT_INIT,
  extraFiles = [],
}: BusyboxInitramfs): FileSystemEntry[] {
  checkBusybox(busybox);
  const applets = appletNames(busybox).filter((name) => name !== "busybox");
  if (applets.length === 0) throw failure.notBusybox("it has no table of applets");
  const entries: FileSystemEntry[] = [
    ...["dev", "etc", "proc", "run", "sys", "usr/lib", "usr/sbin"].map((path) => ({
      path,
      type: "directory" as const,
    })),
    { path: "root", type: "directory", mode: 0o700 },
    { path: "tmp", type: "directory", mode: 0o1777 },
    ...MERGED.map((path) => ({ path, type: "symlink" as const, target: merged(path) })),
    { path: "dev/console", type: "character-device", major: 5, minor: 1, mode: 0o600 },
    { path: "dev/null", type: "character-device", major: 1, minor: 3, mode: 0o666 },
    { path: "usr/bin/busybox", type: "file", mode: 0o755, bytes: busybox },
    ...applets.map((name) => ({ path: `usr/bin/${name}`, type: "symlink" as const, target: "busybox" })),
    { path: "init", type: "file", mode: 0o755, bytes: typeof init === "string" ? Buffer.from(init) : init },
  ];
  const laid = new Map(entries.map((entry) => [entry.path, entry]));
  for (const entry of extraFiles) {
    const path = merged(entry.path);
    const alias = MERGED.includes(entry.path) && entry.type !== "file";
    if (!alias) laid.set(path, { ...entry, path });
  }
  return [...laid.values()];
}

/**
 * An initramfs that boots to a shell on the console.
 * @throws LockframeError LF-DEBIAN-060 for an entry that cannot be written, -061 for a busybox that cannot run.
 */
export function buildBusyboxInitramfs(options: BusyboxInitramfs): Uint8Array {
  return packInitramfs(busyboxFileSystem(options), options.compression);
}

/** Folders that Debian keeps as links into usr/. */
const MERGED: readonly string[] = ["bin", "lib", "lib64", "sbin"];

function merged(path: string): string {
  const [first = "", ...rest] = path.split("/");
  if (!MERGED.includes(first)) return path;
  return ["usr", first === "lib64" ? "lib" : first, ...rest].join("/");
}
