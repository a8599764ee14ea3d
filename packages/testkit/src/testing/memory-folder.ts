import { constants } from "node:os";
import type {
  EntryChange,
  EntryKind,
  EntryStatus,
  FolderEntry,
  Folders,
  FolderSpace,
  ListedEntry,
  NewEntry,
  OpenFile,
  OpenOptions,
} from "@lockframe/plugin-api";

const kindBits: Readonly<Record<EntryKind, number>> = {
  file: 0o100000,
  folder: 0o040000,
  link: 0o120000,
  other: 0o010000,
};
let inodes = 1n;

/** An error as a host would report it. */
function hostError(code: keyof typeof constants.errno): Error {
  return Object.assign(new Error(code), { code, errno: -constants.errno[code] });
}

/** A folder in memory, or what is in one. Counts who holds it. */
export class MemoryEntry implements FolderEntry {
  readonly kind: EntryKind;
  readonly children = new Map<string, MemoryEntry>();
  content = Buffer.alloc(0);
  target = "";
  mode: number;
  owner = 0;
  group = 0;
  times = { accessed: 0, modified: 0 };
  holds = 0;
  #parent: MemoryEntry | undefined;
  readonly #inode = inodes++;

  constructor(kind: EntryKind, mode: number, parent?: MemoryEntry) {
    this.kind = kind;
    this.mode = mode;
    this.#parent = parent;
  }

  get parent(): MemoryEntry {
    return this.#parent ?? this;
  }
  /** Everything that is held, from here down. */
  get allHolds(): number {
    return [...this.children.values()].reduce((sum, child) => sum + child.allHolds, this.holds);
  }
  /** Put something here for a test. */
  put(name: string, kind: EntryKind, text = "", mode = 0o644): MemoryEntry {
    const entry = new MemoryEntry(kind, mode, this);
    entry.content = Buffer.from(text);
    entry.target = text;
    this.children.set(name, entry);
    return entry;
  }

  status(): EntryStatus {
    const nanoseconds = (seconds: number): bigint => BigInt(Math.round(seconds * 1e9));
    return {
      device: 1n,
      inode: this.#inode,
      mode: kindBits[this.kind] | this.mode,
      links: 1n,
      owner: this.owner,
      group: this.group,
      size: BigInt(this.content.length),
      blockSize: 4096n,
      blocks: BigInt(Math.ceil(this.content.length / 512)),
      accessed: nanoseconds(this.times.accessed),
      modified: nanoseconds(this.times.modified),
      changed: 0n,
    };
  }
  space(): FolderSpace {
    return { blockSize: 4096, blocks: 100, free: 50, available: 40, files: 10, freeFiles: 5 };
  }
  child(name: string): MemoryEntry {
    return this.#known(name).clone();
  }
  #known(name: string): MemoryEntry {
    if (this.kind !== "folder") throw hostError("ENOTDIR");
    const entry = this.children.get(name);
    if (entry === undefined) throw hostError("ENOENT");
    return entry;
  }
  names(): readonly ListedEntry[] {
    return [...this.children].map(([name, entry]) => ({ ...entry.status(), name }));
  }
  open({ truncate }: OpenOptions): OpenFile {
    if (this.kind !== "file") throw hostError("EACCES");
    if (truncate) this.content = Buffer.alloc(0);
    return {
      read: (offset, length) => this.content.subarray(offset, offset + length),
      write: (offset, bytes) => {
        if (offset > 2 ** 24) throw hostError("EFBIG");
        const length = Math.max(this.content.length, offset + bytes.length);
        const content = Buffer.alloc(length);
        this.content.copy(content);
        content.set(bytes, offset);
        this.content = content;
      },
      flush: () => Promise.resolve(),
      close: () => undefined,
    };
  }
  create(name: string, attributes: NewEntry, options: OpenOptions & { readonly exclusive: boolean }) {
    const known = this.children.get(name);
    if (known !== undefined && options.exclusive) throw hostError("EEXIST");
    const entry = known?.clone() ?? this.#make(name, "file", attributes);
    return { entry, file: entry.open(options) };
  }
  #make(name: string, kind: EntryKind, { mode, owner, group }: NewEntry): MemoryEntry {
    if (this.kind !== "folder") throw hostError("ENOTDIR");
    if (this.children.has(name)) throw hostError("EEXIST");
    const entry = this.put(name, kind, "", mode & 0o7777);
    [entry.owner, entry.group] = [owner, group];
    return entry.clone();
  }
  makeFolder(name: string, attributes: NewEntry): MemoryEntry {
    return this.#make(name, "folder", attributes);
  }
  makeLink(name: string, target: string, attributes: NewEntry): MemoryEntry {
    const entry = this.#make(name, "link", attributes);
    entry.target = target;
    return entry;
  }
  linkTarget(): string {
    if (this.kind !== "link") throw hostError("EINVAL");
    return this.target;
  }
  addName(name: string, entry: MemoryEntry): void {
    this.children.set(name, entry);
  }
  rename(name: string, to: MemoryEntry, newName: string): void {
    const entry = this.#known(name);
    if (to.kind !== "folder") throw hostError("ENOTDIR");
    this.children.delete(name);
    to.children.set(newName, entry);
    entry.#parent = to;
  }
  moveTo(to: MemoryEntry, newName: string): void {
    this.parent.rename(this.#ownName(), to, newName);
  }
  remove(name: string): void {
    this.#known(name);
    this.children.delete(name);
  }
  removeSelf(): void {
    this.parent.remove(this.#ownName());
  }
  #ownName(): string {
    for (const [name, entry] of this.parent.children) if (entry === this) return name;
    throw hostError("EBUSY");
  }
  change({ mode, owner, group, size, accessed, modified }: EntryChange): void {
    this.mode = mode ?? this.mode;
    this.owner = owner ?? this.owner;
    this.group = group ?? this.group;
    if (size !== undefined && size > 2 ** 24) throw hostError("EFBIG");
    if (size !== undefined)
      this.content = Buffer.concat([this.content, Buffer.alloc(size)]).subarray(0, size);
    this.times = { accessed: accessed ?? this.times.accessed, modified: modified ?? this.times.modified };
  }
  clone(): MemoryEntry {
    this.holds += 1;
    return this;
  }
  close(): void {
    this.holds -= 1;
  }
}

/** One folder in memory, whatever is asked for. */
export class FakeFolders implements Folders {
  readonly root = new MemoryEntry("folder", 0o755);
  open(): MemoryEntry {
    return this.root.clone();
  }
}
