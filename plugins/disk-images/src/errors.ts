import { LockframeError } from "@lockframe/plugin-api";

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "permission denied",
  EROFS: "the file system is read-only",
  EISDIR: "it is a directory",
};

/** Every failure of this plugin, with its stable code. 00x files, 01x formats, 02x qcow2. */
export const failure = {
  notOpened: (file: string, error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
    return new LockframeError(
      "LF-DISK-001",
      `disk image '${file}' cannot be opened: ${reason}`,
      "Check the path and the permissions.",
      { cause: error },
    );
  },
  notAFile: (file: string) =>
    new LockframeError("LF-DISK-002", `disk image '${file}' is neither a file nor a block device`),
  inUse: (file: string) =>
    new LockframeError(
      "LF-DISK-003",
      `disk image '${file}' is used twice and one of the two writes`,
      "Make one of the disks read-only, or give it an image of its own.",
    ),
  unknownFormat: (format: string, known: readonly string[]) =>
    new LockframeError(
      "LF-DISK-010",
      `there is no disk format '${format}'`,
      `There is: ${known.join(", ")}.`,
    ),
  notQcow2: (file: string) =>
    new LockframeError(
      "LF-DISK-020",
      `disk image '${file}' is no qcow2 image`,
      "Say which format it has (format=raw).",
    ),
  unsupportedQcow2: (file: string, what: string) =>
    new LockframeError(
      "LF-DISK-021",
      `disk image '${file}' has ${what}, which is not implemented`,
      "Convert it with `qemu-img convert -O qcow2`.",
    ),
  damagedQcow2: (file: string, what: string) =>
    new LockframeError(
      "LF-DISK-022",
      `disk image '${file}' is damaged: ${what}`,
      "Look at it with `qemu-img check -r all`, or use it read-only.",
    ),
  backingFormat: (file: string, backing: string) =>
    new LockframeError(
      "LF-DISK-023",
      `disk image '${file}' rests on '${backing}' and does not say which format that has`,
      "Say it with `qemu-img rebase -u -F FORMAT -b FILE IMAGE`; guessing would let a guest choose.",
    ),
  backingLoop: (file: string) =>
    new LockframeError("LF-DISK-024", `disk image '${file}' rests on itself, or on too many others`),
} as const;
