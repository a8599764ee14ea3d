import type { Disk, Disks, DiskSource } from "@lockframe/plugin-api";
import { failure } from "./errors.ts";
import { ImageFile } from "./image-file.ts";
import { openQcow2 } from "./qcow2/open-qcow2.ts";
import { RawDisk } from "./raw-disk.ts";
import { SnapshotDisk } from "./snapshot-disk.ts";

/** @param openBelow opens an image that this one rests on */
type Format = (file: ImageFile, source: DiskSource, openBelow: (source: DiskSource) => Disk) => Disk;

const formats: Readonly<Record<string, Format>> = {
  raw: (file, { guessed }) => new RawDisk(file, guessed),
  qcow2: openQcow2,
};
/** Images that may rest on each other. */
const LONGEST_CHAIN = 32;

/** The disks of one machine. A file may be behind several disks as long as none of them writes to it. */
export class DiskImages implements Disks {
  /** How often a file is used, and by whom, by its identity. */
  readonly #users = new Map<string, { readers: number; writer: boolean }>();

  open(source: DiskSource): Disk {
    const disk = this.#openChain({ ...source, readOnly: source.readOnly || source.snapshot }, 1);
    return withCache(source.snapshot ? new SnapshotDisk(disk) : disk, source);
  }

  #openChain(source: DiskSource, length: number): Disk {
    const format = formats[source.format];
    if (format === undefined) throw failure.unknownFormat(source.format, Object.keys(formats));
    if (length > LONGEST_CHAIN) throw failure.backingLoop(source.file);
    const file = this.#open(source.file, source.readOnly);
    try {
      return format(file, source, (below) => this.#openChain(below, length + 1));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #open(path: string, readOnly: boolean): ImageFile {
    const file = new ImageFile(path, readOnly);
    const users = this.#users.get(file.identity) ?? { readers: 0, writer: false };
    if (users.writer || (!readOnly && users.readers > 0)) {
      file.close();
      throw failure.inUse(path);
    }
    this.#users.set(file.identity, { readers: users.readers + (readOnly ? 1 : 0), writer: !readOnly });
    file.closed = () => this.#forget(file);
    return file;
  }

  /** A file is let go: another disk may have it. */
  #forget({ identity, readOnly }: ImageFile): void {
    const users = this.#users.get(identity);
    if (users === undefined) return;
    if (readOnly) this.#users.set(identity, { ...users, readers: users.readers - 1 });
    else this.#users.delete(identity);
  }
}

/** The same disk for a user who does not care whether writes survive the host. */
function withCache(disk: Disk, { cache }: DiskSource): Disk {
  if (cache !== "unsafe") return disk;
  return {
    size: disk.size,
    readOnly: disk.readOnly,
    read: (offset, target) => disk.read(offset, target),
    write: (offset, bytes) => disk.write(offset, bytes),
    writeZeroes: (offset, length, unmap) => disk.writeZeroes(offset, length, unmap),
    discard: (offset, length) => disk.discard(offset, length),
    flush: () => Promise.resolve(),
    close: () => disk.close(),
  };
}
