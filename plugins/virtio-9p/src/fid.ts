import type { FolderEntry, ListedEntry, OpenFile } from "@lockframe/plugin-api";

/** What a client's number stands for. */
export class Fid {
  readonly entry: FolderEntry;
  /** The user of the guest that uses it. */
  readonly user: number;
  file: OpenFile | undefined;
  /** Names in the folder as they were when it was read from its beginning. */
  listing: readonly ListedEntry[] | undefined;

  constructor(entry: FolderEntry, user: number) {
    this.entry = entry;
    this.user = user;
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
    this.entry.close();
  }
}
