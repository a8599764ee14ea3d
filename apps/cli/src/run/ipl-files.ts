import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { LockframeError } from "@lockframe/architecture";
import type { IplSource } from "@lockframe/plugin-api";
import { EMBEDDED_BIOS, formatSize, type Profile } from "@lockframe/profile";

/**
 * Read what a machine is to be started from.
 *
 * @throws LockframeError LF-CLI-003 nothing to start, LF-CLI-004 unreadable, LF-CLI-005 larger than guest storage
 */
export function readIplFiles(ipl: Profile["ipl"], storageSize: number, hasMedium: boolean): IplSource {
  const { kernel, initrd, commandLine } = ipl;
  if (kernel === undefined && !hasMedium && ipl.bios === undefined) {
    throw new LockframeError(
      "LF-CLI-003",
      "there is nothing to start",
      "Give a kernel, a Secure Execution image or a disk; `lockframe demo` shows one.",
    );
  }
  return {
    kernel: kernel === undefined ? undefined : readBelow(kernel, "kernel", storageSize),
    initrd: initrd === undefined ? undefined : readBelow(initrd, "initrd", storageSize),
    commandLine,
    boot: {
      firmware:
        ipl.bios === undefined || ipl.bios === EMBEDDED_BIOS
          ? undefined
          : readBelow(ipl.bios, "boot firmware", storageSize),
      menu: ipl.menu,
      menuTimeout: ipl.menuTimeout,
      loadParameter: ipl.loadParameter,
    },
  };
}

function readBelow(path: string, what: string, limit: number): Uint8Array {
  try {
    const descriptor = openSync(path, "r");
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw new Error("it is not a file");
      if (stat.size > limit) {
        throw new LockframeError(
          "LF-CLI-005",
          `${what} '${path}' has ${stat.size} bytes and guest storage ${formatSize(limit)}`,
          "Give the machine more storage (-m).",
        );
      }
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof LockframeError) throw error;
    throw new LockframeError(
      "LF-CLI-004",
      `could not load ${what} '${path}': ${reasonOf(error)}`,
      undefined,
      {
        cause: error,
      },
    );
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  EISDIR: "Is a directory",
};

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return ("code" in error ? reasons[String(error.code)] : undefined) ?? error.message;
}
