import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import type {
  EntryChange,
  EntryKind,
  EntryStatus,
  FolderEntry,
  FolderSource,
  FolderSpace,
  ListedEntry,
  NewEntry,
  OpenOptions,
} from "@lockframe/plugin-api";
import { HostError } from "./errors.ts";
import { HostFile } from "./host-file.ts";

/** Linux: a descriptor that says which file is meant and does not open it. */
const O_PATH = 0o10000000;
const NAME_ONLY = O_PATH | constants.O_NOFOLLOW;
const LONGEST_NAME = 255;
/** Bits of a mode that a guest may set. A program that it makes must not run as another user of the host by accident. */
const permissions = { none: 0o1777, passthrough: 0o7777 } as const;

/** What all entries of a shared folder have in common. */
interface Share {
  readonly source: Pick<FolderSource, "readOnly" | "securityModel">;
  /** Those that are held: a rename concerns all of the same name. */
  readonly held: Set<HostEntry>;
}

/** A name, and the folder that it is in. */
interface Place {
  folder: HostEntry;
  name: string;
}

/**
 * An entry of a shared folder: a descriptor that names a file without opening it. What is below it is reached through
 * `/proc/self/fd/N/NAME`: the kernel takes N as it is, wherever it has been moved to, and one name that is not followed
 * if it is a link. So every step is one lookup in a folder that is known to be inside, and nobody who renames folders
 * or puts links in their places meanwhile can lead it out.
 */
export class HostEntry implements FolderEntry {
  readonly kind: EntryKind;
  readonly #share: Share;
  readonly #descriptor: number;
  readonly #device: bigint;
  readonly #inode: bigint;
  /** Undefined: it is the shared folder. */
  readonly #place: Place | undefined;
  #holds = 1;

  private constructor(share: Share, descriptor: number, place: Place | undefined) {
    const status = fstatSync(descriptor, { bigint: true });
    this.kind = kindOf(status);
    this.#share = share;
    this.#descriptor = descriptor;
    this.#device = status.dev;
    this.#inode = status.ino;
    this.#place = place;
    if (place !== undefined) place.folder.#holds += 1;
    share.held.add(this);
  }

  /** The shared folder itself. @throws what the host reports */
  static root(path: string, source: Share["source"]): HostEntry {
    const descriptor = openSync(path, O_PATH | constants.O_DIRECTORY);
    return new HostEntry({ source, held: new Set() }, descriptor, undefined);
  }

  // --- what it is ---------------------------------------------------------------------------------------

  get parent(): HostEntry {
    return this.#place?.folder ?? this;
  }

  get #path(): string {
    return `/proc/self/fd/${this.#descriptor}`;
  }

  /** Where a name in this folder is. @throws HostError it is no name, or this is no folder */
  #at(name: string): Buffer {
    if (this.kind !== "folder") throw new HostError("ENOTDIR");
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) throw new HostError("EINVAL");
    if (name.length > LONGEST_NAME) throw new HostError("ENAMETOOLONG");
    return Buffer.from(`${this.#path}/${name}`, "latin1");
  }

  /** Its own name, if it still has it. @throws HostError */
  #ownPlace(): Place {
    if (this.#place === undefined) throw new HostError("EBUSY");
    const { dev, ino } = lstatSync(this.#place.folder.#at(this.#place.name), { bigint: true });
    if (dev !== this.#device || ino !== this.#inode) throw new HostError("ENOENT");
    return this.#place;
  }

  status(): EntryStatus {
    const status = fstatSync(this.#descriptor, { bigint: true });
    return {
      device: status.dev,
      inode: status.ino,
      mode: Number(status.mode),
      links: status.nlink,
      owner: Number(status.uid),
      group: Number(status.gid),
      size: status.size,
      blockSize: status.blksize,
      blocks: status.blocks,
      accessed: status.atimeNs,
      modified: status.mtimeNs,
      changed: status.ctimeNs,
    };
  }

  space(): FolderSpace {
    const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(this.#path);
    return { blockSize: bsize, blocks, free: bfree, available: bavail, files, freeFiles: ffree };
  }

  child(name: string): HostEntry {
    return this.#hold(openSync(this.#at(name), NAME_ONLY), { folder: this, name });
  }

  #hold(descriptor: number, place: Place | undefined): HostEntry {
    try {
      return new HostEntry(this.#share, descriptor, place);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  names(): readonly ListedEntry[] {
    if (this.kind !== "folder") throw new HostError("ENOTDIR");
    return readdirSync(this.#path, { encoding: "buffer" }).flatMap((bytes) => {
      const name = Buffer.from(bytes).toString("latin1");
      const status = lstatSync(this.#at(name), { bigint: true, throwIfNoEntry: false });
      if (status === undefined) return []; // it has gone meanwhile
      return [{ name, device: status.dev, inode: status.ino, mode: Number(status.mode) }];
    });
  }

  linkTarget(): string {
    if (this.kind !== "link") throw new HostError("EINVAL");
    const { folder, name } = this.#ownPlace();
    return readlinkSync(folder.#at(name), { encoding: "buffer" }).toString("latin1");
  }

  // --- files ----------------------------------------------------------------------------------------------

  open(options: OpenOptions): HostFile {
    if (this.kind === "folder") throw new HostError("EISDIR");
    if (this.kind !== "file") throw new HostError("EACCES"); // pipes and devices of the host are not for guests
    if (options.write || options.truncate) this.#mustBeWritable();
    return new HostFile(openSync(this.#path, flagsOf(options)));
  }

  create(
    name: string,
    attributes: NewEntry,
    options: OpenOptions & { readonly exclusive: boolean },
  ): { readonly entry: HostEntry; readonly file: HostFile } {
    this.#mustBeWritable();
    const path = this.#at(name);
    const flags = flagsOf(options) | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    let descriptor: number;
    try {
      descriptor = openSync(path, flags, this.#permitted(attributes.mode));
    } catch (error) {
      if (options.exclusive || !isThere(error)) throw error;
      const entry = this.child(name);
      return { entry, file: entry.open(options) };
    }
    const file = new HostFile(descriptor);
    const entry = this.#hold(openSync(`/proc/self/fd/${descriptor}`, O_PATH), { folder: this, name });
    entry.#furnish(attributes);
    return { entry, file };
  }

  makeFolder(name: string, attributes: NewEntry): HostEntry {
    this.#mustBeWritable();
    mkdirSync(this.#at(name), this.#permitted(attributes.mode));
    const entry = this.child(name);
    entry.#furnish(attributes);
    return entry;
  }

  makeLink(name: string, target: string, attributes: NewEntry): HostEntry {
    this.#mustBeWritable();
    symlinkSync(Buffer.from(target, "latin1"), this.#at(name));
    const entry = this.child(name);
    entry.#setOwner(attributes.owner, attributes.group);
    return entry;
  }

  /** What the host's own mask and user have made different from what was asked for. */
  #furnish({ mode, owner, group }: NewEntry): void {
    this.#setOwner(owner, group);
    if (this.kind !== "link") chmodSync(this.#path, this.#permitted(mode));
  }

  #setOwner(owner: number, group: number): void {
    try {
      chownSync(this.#path, owner, group);
    } catch (error) {
      if (this.#share.source.securityModel === "passthrough") throw error;
    }
  }

  // --- names ----------------------------------------------------------------------------------------------

  addName(name: string, entry: HostEntry): void {
    this.#mustBeWritable();
    const { folder, name: old } = entry.#ownPlace();
    linkSync(folder.#at(old), this.#at(name));
  }

  rename(name: string, to: HostEntry, newName: string): void {
    this.#mustBeWritable();
    renameSync(this.#at(name), to.#at(newName));
    for (const each of this.#share.held) {
      const place = each.#place;
      if (place === undefined || place.name !== name || !place.folder.#isSame(this)) continue;
      to.#holds += 1;
      const left = place.folder;
      place.folder = to;
      place.name = newName;
      left.close();
    }
  }

  #isSame(other: HostEntry): boolean {
    return this.#device === other.#device && this.#inode === other.#inode;
  }

  moveTo(to: HostEntry, newName: string): void {
    const { folder, name } = this.#ownPlace();
    folder.rename(name, to, newName);
  }

  remove(name: string, kind: "folder" | "other"): void {
    this.#mustBeWritable();
    if (kind === "folder") rmdirSync(this.#at(name));
    else unlinkSync(this.#at(name));
  }

  removeSelf(): void {
    const { folder, name } = this.#ownPlace();
    folder.remove(name, this.kind === "folder" ? "folder" : "other");
  }

  // --- attributes --------------------------------------------------------------------------------------------

  change(change: EntryChange): void {
    this.#mustBeWritable();
    const { mode, owner, group, size, accessed, modified } = change;
    if (mode !== undefined) chmodSync(this.#path, this.#permitted(mode));
    if (owner !== undefined || group !== undefined) {
      const status = this.status();
      this.#setOwner(owner ?? status.owner, group ?? status.group);
    }
    if (size !== undefined) {
      if (this.kind !== "file") throw new HostError(this.kind === "folder" ? "EISDIR" : "EINVAL");
      truncateSync(this.#path, size);
    }
    if (accessed === undefined && modified === undefined) return;
    const now = this.status();
    utimesSync(this.#path, accessed ?? seconds(now.accessed), modified ?? seconds(now.modified));
  }

  #permitted(mode: number): number {
    return mode & permissions[this.#share.source.securityModel];
  }

  #mustBeWritable(): void {
    if (this.#share.source.readOnly) throw new HostError("EROFS");
  }

  // --- holds ---------------------------------------------------------------------------------------------------

  clone(): HostEntry {
    this.#holds += 1;
    return this;
  }

  close(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.#share.held.delete(this);
    closeSync(this.#descriptor);
    this.#place?.folder.close();
  }
}

function kindOf(status: BigIntStats): EntryKind {
  if (status.isFile()) return "file";
  if (status.isDirectory()) return "folder";
  return status.isSymbolicLink() ? "link" : "other";
}

/** A pipe that takes a file's place meanwhile must not hold the machine up. */
function flagsOf({ read, write, truncate }: OpenOptions): number {
  const access = write ? (read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  return access | constants.O_NONBLOCK | constants.O_NOCTTY | (truncate ? constants.O_TRUNC : 0);
}

function isThere(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9;
}
