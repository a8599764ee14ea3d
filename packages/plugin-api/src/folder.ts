import { z } from "zod";

/** What a profile says of a folder of the host that a guest may use. */
export const folderSource = z.strictObject({
  path: z.string().min(1).meta({ description: "Folder of the host", format: "path" }),
  readOnly: z.boolean().default(false).meta({ description: "Refuse changes" }),
  securityModel: z.enum(["none", "passthrough"]).default("none").meta({
    description:
      "Owners that the guest sets: as far as the host allows it (none), or refused where it does not (passthrough, which also lets it set set-user-ID bits)",
  }),
});
export type FolderSource = z.output<typeof folderSource>;

export type EntryKind = "file" | "folder" | "link" | "other";

/** What the host says of an entry. */
export interface EntryStatus {
  /** Identity as long as it exists. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Kind and permissions as Linux numbers them. */
  readonly mode: number;
  readonly links: bigint;
  readonly owner: number;
  readonly group: number;
  readonly size: bigint;
  readonly blockSize: bigint;
  readonly blocks: bigint;
  /** Nanoseconds since 1970. */
  readonly accessed: bigint;
  readonly modified: bigint;
  readonly changed: bigint;
}

/** A name in a folder, and what is known by it. */
export interface ListedEntry extends Pick<EntryStatus, "device" | "inode" | "mode"> {
  readonly name: string;
}

/** What is to be changed of an entry; what is absent stays. */
export interface EntryChange {
  readonly mode?: number;
  readonly owner?: number;
  readonly group?: number;
  readonly size?: number;
  /** Seconds since 1970. */
  readonly accessed?: number;
  readonly modified?: number;
}

export interface OpenFile {
  /** Bytes from a place on; fewer at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  flush(): Promise<void>;
  close(): void;
}

export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly truncate: boolean;
}

/** Who makes something, and with which permissions. */
export interface NewEntry {
  readonly mode: number;
  readonly owner: number;
  readonly group: number;
}

/** Space of the file system behind a folder, in blocks. */
export interface FolderSpace {
  readonly blockSize: number;
  readonly blocks: number;
  readonly free: number;
  readonly available: number;
  readonly files: number;
  readonly freeFiles: number;
}

/**
 * Something in a folder, held by what it is, not by where it is: who renames it meanwhile changes nothing. Links are never
 * followed, so no name leads out of the folder. Names and the targets of links are bytes: one character each. Methods are
 * done when they return, and throw what the host reports, with its `errno`.
 */
export interface FolderEntry {
  readonly kind: EntryKind;
  /** The folder that it was found in; of the shared folder, itself. */
  readonly parent: FolderEntry;
  status(): EntryStatus;
  space(): FolderSpace;
  /** Look a name up. Neither `.` nor `..` is one. */
  child(name: string): FolderEntry;
  /** Names in a folder, with what each is. */
  names(): readonly ListedEntry[];
  open(options: OpenOptions): OpenFile;
  /** Make a file that is not there, or take the one that is if that may be. */
  create(
    name: string,
    attributes: NewEntry,
    options: OpenOptions & { readonly exclusive: boolean },
  ): { readonly entry: FolderEntry; readonly file: OpenFile };
  makeFolder(name: string, attributes: NewEntry): FolderEntry;
  makeLink(name: string, target: string, attributes: NewEntry): FolderEntry;
  linkTarget(): string;
  /** Give an entry that exists another name, here. */
  addName(name: string, entry: FolderEntry): void;
  /** Name what is called `name` here otherwise, perhaps elsewhere. */
  rename(name: string, to: FolderEntry, newName: string): void;
  /** Take its own name away and give it another. */
  moveTo(to: FolderEntry, newName: string): void;
  remove(name: string, kind: "folder" | "other"): void;
  /** Take its own name away. */
  removeSelf(): void;
  change(change: EntryChange): void;
  /** Another hold on the same entry. */
  clone(): FolderEntry;
  /** Let it go. */
  close(): void;
}

/** Folders of the host. */
export interface Folders {
  /**
   * The shared folder itself.
   * @throws LockframeError LF-FOLDER-0xx it cannot be shared
   */
  open(source: FolderSource): FolderEntry;
}
