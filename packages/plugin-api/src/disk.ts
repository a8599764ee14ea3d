import { z } from "zod";

/** What a profile says of the file behind a disk. */
export const diskSource = z.strictObject({
  file: z.string().min(1).meta({ description: "Image, or block device of the host", format: "path" }),
  format: z.string().min(1).default("raw").meta({ description: "Format of the image: raw, qcow2" }),
  readOnly: z.boolean().default(false).meta({ description: "Refuse writes" }),
  cache: z.enum(["writeback", "writethrough", "unsafe"]).default("writeback").meta({
    description: "When writes are safe: after a flush, at once, or whenever the host likes",
  }),
  snapshot: z
    .boolean()
    .default(false)
    .meta({ description: "Keep writes beside the image and forget them at the end" }),
  discard: z.boolean().default(false).meta({ description: "Give discarded blocks back to the host" }),
  guessed: z.boolean().default(false).meta({
    description: "The format was guessed: a raw disk must not be made to look like another format",
  }),
});
export type DiskSource = z.output<typeof diskSource>;

/**
 * A disk. Offsets and lengths are bytes within `size`. Reads and writes are done when they return; they throw what the
 * host reports. A write is safe once a `flush` that began after it has resolved, unless the source says otherwise.
 */
export interface Disk {
  readonly size: number;
  readonly readOnly: boolean;
  read(offset: number, target: Uint8Array): void;
  write(offset: number, bytes: Uint8Array): void;
  /** Zeros from here on. @param unmap the blocks may be given back */
  writeZeroes(offset: number, length: number, unmap: boolean): void;
  /** The content does not matter any more. */
  discard(offset: number, length: number): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Disks of the host. */
export interface Disks {
  /** @throws LockframeError LF-DISK-0xx the image cannot be opened, or is not what it is said to be */
  open(source: DiskSource): Disk;
}
