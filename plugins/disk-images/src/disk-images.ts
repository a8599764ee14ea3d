import type { Disk, Disks, DiskSource } from "@lockframe/plugin-api";
import { failure } from "./errors.ts";
import { ImageFile } from "./image-file.ts";
import { RawDisk } from "./raw-disk.ts";
import { SnapshotDisk } from "./snapshot-disk.ts";

/** Opens what a format needs besides its own file, such as the image that it rests on. */
export type OpenFile = (path: string, readOnly: boolean) => ImageFile;

type Format = (file: ImageFile, source: DiskSource) => Disk;

const formats: Readonly<Record<string, Format>> = {
  raw: (file, { guessed }) => new RawDisk(file, guessed),
};

/** The disks of one machine. A file may be behind several disks as long as none of them writes to it. */
export class DiskImages implements Disks {
  readonly #users = new Map<string, { readonly path: string; readonly writes: boolean }>();

  open(source: DiskSource): Disk {
    const format = formats[source.format];
    if (format === undefined) throw failure.unknownFormat(source.format, Object.keys(formats));
    const file = this.#open(source.file, source.readOnly || source.snapshot);
    const disk = format(file, source);
    return withCache(source.snapshot ? new SnapshotDisk(disk) : disk, source);
  }

  #open(path: string, readOnly: boolean): ImageFile {
    const file = new ImageFile(path, readOnly);
    const other = this.#users.get(file.identity);
    if (other !== undefined && (other.writes || !readOnly)) {
      file.close();
      throw failure.inUse(path);
    }
    this.#users.set(file.identity, { path, writes: !readOnly });
    return file;
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
