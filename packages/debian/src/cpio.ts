import { failure } from "./errors.ts";

/** One entry of a guest's file system. Paths are relative to its root, with no leading slash. */
export type FileSystemEntry = {
  readonly path: string;
  /** Permission bits; default 0755 for folders, 0644 for files, 0600 for devices. */
  readonly mode?: number | undefined;
} & (
  | { readonly type: "directory" }
  | { readonly type: "file"; readonly bytes: Uint8Array }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "character-device"; readonly major: number; readonly minor: number }
);

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

/**
 * A cpio archive in the "newc" format, which Linux unpacks as its first root file system. Folders that no entry names
 * are added, entries are sorted, all belong to root and bear the time 0: equal entries make equal archives.
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 * @throws LockframeError LF-DEBIAN-060 for a path that leaves the root or is named twice, or a parent that is no folder.
 */
export function writeCpio(entries: Iterable<FileSystemEntry>): Uint8Array {
  const sorted = withFolders(entries).sort((a, b) =>
    Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
  );
  const pieces = sorted.flatMap((entry, index) => record(entry, index + 1));
  const whole = Buffer.concat([...pieces, ...piece("TRAILER!!!", { nlink: 1 }, new Uint8Array())]);
  return Buffer.concat([whole, new Uint8Array(padding(whole.length, 512))]);
}

/** Parents come before children in the order of paths, so a folder always exists before what lies in it. */
function withFolders(entries: Iterable<FileSystemEntry>): FileSystemEntry[] {
  const all = new Map<string, FileSystemEntry>();
  for (const entry of entries) {
    checkPath(entry.path);
    if (all.has(entry.path)) throw failure.badEntry(entry.path, "it is named twice");
    all.set(entry.path, entry);
  }
  for (const { path } of all.values())
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const parent = path.slice(0, at);
      const type = all.get(parent)?.type ?? "directory";
      if (type !== "directory") throw failure.badEntry(path, `its parent '${parent}' is a ${type}`);
      if (!all.has(parent)) all.set(parent, { path: parent, type: "directory" });
    }
  return [...all.values()];
}

function checkPath(path: string): void {
  const steps = path.split("/");
  if (path.includes("\0") || steps.some((step) => step === "" || step === "." || step === ".."))
    throw failure.badEntry(path, "it is not a plain relative path");
}

function record(entry: FileSystemEntry, ino: number): readonly Uint8Array[] {
  const { path, mode } = entry;
  switch (entry.type) {
    case "directory":
      return piece(path, { ino, mode: S_IFDIR | (mode ?? 0o755), nlink: 2 }, new Uint8Array());
    case "file":
      return piece(path, { ino, mode: S_IFREG | (mode ?? 0o644), nlink: 1 }, entry.bytes);
    case "symlink":
      return piece(path, { ino, mode: S_IFLNK | 0o777, nlink: 1 }, Buffer.from(entry.target));
    case "character-device": {
      const { major: rdevmajor, minor: rdevminor } = entry;
      return piece(
        path,
        { ino, mode: S_IFCHR | (mode ?? 0o600), nlink: 1, rdevmajor, rdevminor },
        new Uint8Array(),
      );
    }
  }
}

/** Field order of the header, each 8 hexadecimal digits after the magic. */
const FIELDS = [
  "ino",
  "mode",
  "uid",
  "gid",
  "nlink",
  "mtime",
  "filesize",
  "devmajor",
  "devminor",
  "rdevmajor",
  "rdevminor",
  "namesize",
  "check",
] as const;
type Header = Readonly<Partial<Record<(typeof FIELDS)[number], number>>>;

function piece(path: string, fields: Header, content: Uint8Array): readonly Uint8Array[] {
  if (content.length > 0xffff_ffff) throw failure.badEntry(path, "the format holds no file of 4 GiB or more");
  const name = Buffer.from(`${path}\0`);
  const values: Header = { ...fields, filesize: content.length, namesize: name.length };
  const head = Buffer.from(`070701${FIELDS.map((field) => hex(values[field] ?? 0)).join("")}`);
  const beforeContent = padding(head.length + name.length, 4);
  return [head, name, new Uint8Array(beforeContent), content, new Uint8Array(padding(content.length, 4))];
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}

function padding(length: number, alignment: number): number {
  return (alignment - (length % alignment)) % alignment;
}
