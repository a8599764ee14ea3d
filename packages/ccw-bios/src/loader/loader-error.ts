import { LockframeError } from "@lockframe/architecture";

/** Why the embedded loader cannot start what is on a medium. Nothing was placed. */
export class LoaderError extends LockframeError {
  constructor(code: string, message: string, hint?: string) {
    super(code, message, hint);
    this.name = "LoaderError";
  }
}

const REBUILD = "run zipl on the disk again";

/** Every failure of the loader. 00x the disk as a whole, 01x tables, 02x what is to be loaded, 03x optical media. */
export const failure = {
  notBootable: (what: string) =>
    new LoaderError(
      "LF-IPL-001",
      `there is nothing to boot: ${what}`,
      "make the disk bootable with zipl, or take it out of the boot order",
    ),
  outside: (what: string, block: number) =>
    new LoaderError("LF-IPL-002", `${what} lies in block ${block}, which the disk does not have`, REBUILD),
  unreadable: (error: unknown) =>
    new LoaderError("LF-IPL-003", `the disk cannot be read: ${String(error)}`, "check the image on the host"),
  dump: () =>
    new LoaderError("LF-IPL-004", "the disk is prepared for a dump, not to be booted from", REBUILD),
  noMagic: (what: string) => new LoaderError("LF-IPL-010", `${what} is not where it should be`, REBUILD),
  noEntry: (entry: number, entries: readonly number[]) =>
    new LoaderError(
      "LF-IPL-011",
      `the disk has no entry ${entry} to boot`,
      `there is: ${entries.join(", ") || "none"}; say which by the load parameter`,
    ),
  badComponent: (what: string) => new LoaderError("LF-IPL-012", `the component table ${what}`, REBUILD),
  listLoops: () => new LoaderError("LF-IPL-013", "a list of segments leads back to itself", REBUILD),
  otherBlockSize: (size: number, expected: number) =>
    new LoaderError(
      "LF-IPL-014",
      `the disk was prepared with blocks of ${size} bytes, and it has blocks of ${expected}`,
      "give the device the logical_block_size with which zipl saw it",
    ),
  doesNotFit: (address: number, length: number, storageSize: number) =>
    new LoaderError(
      "LF-IPL-020",
      `${length} bytes are to be loaded at 0x${address.toString(16)}, and storage ends at 0x${storageSize.toString(16)}`,
      "give the machine more storage (-m)",
    ),
  tooMuch: (storageSize: number) =>
    new LoaderError(
      "LF-IPL-021",
      `more is to be loaded than storage of 0x${storageSize.toString(16)} bytes holds`,
      "give the machine more storage (-m)",
    ),
  badIso: (what: string) => new LoaderError("LF-IPL-030", `the optical medium's boot catalog ${what}`),
  noBootImage: (wanted: number, found: number) =>
    new LoaderError(
      "LF-IPL-031",
      `the optical medium has ${found} boot images for this machine, and number ${wanted} is asked for`,
    ),
} as const;
