import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  writeSync,
} from "node:fs";
import { failure } from "./errors.ts";

/** A file of the host, opened for images: whole reads and writes at any offset. */
export class ImageFile {
  readonly path: string;
  readonly readOnly: boolean;
  /** Device and inode: the same for two names of one file. */
  readonly identity: string;
  /** Told when the file is let go. */
  closed: (() => void) | undefined;
  readonly #descriptor: number;
  readonly #isFile: boolean;
  #size: number;

  /** @throws LockframeError LF-DISK-001, LF-DISK-002 */
  constructor(path: string, readOnly: boolean) {
    this.path = path;
    this.readOnly = readOnly;
    this.#descriptor = open(path, readOnly);
    const stats = fstatSync(this.#descriptor);
    this.#isFile = stats.isFile();
    if (!this.#isFile && !stats.isBlockDevice()) {
      closeSync(this.#descriptor);
      throw failure.notAFile(path);
    }
    this.identity = `${stats.dev}:${stats.ino}`;
    this.#size = this.#isFile ? stats.size : endOfDevice(this.#descriptor, stats);
  }

  get size(): number {
    return this.#size;
  }

  /** Read all of `target`. What lies beyond the end of the file is zero. */
  read(offset: number, target: Uint8Array): void {
    let done = 0;
    while (done < target.length) {
      const count = readSync(this.#descriptor, target, done, target.length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    target.fill(0, done);
  }

  /** Write all of `bytes`. A file grows as needed. */
  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, offset + done);
    if (this.#isFile) this.#size = Math.max(this.#size, offset + bytes.length);
  }

  /** What was written is on the medium when this resolves. */
  synchronize(): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(this.#descriptor, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /** The same, while everything waits. */
  synchronizeNow(): void {
    fdatasyncSync(this.#descriptor);
  }

  close(): void {
    closeSync(this.#descriptor);
    this.closed?.();
  }
}

function open(path: string, readOnly: boolean): number {
  try {
    return openSync(path, readOnly ? constants.O_RDONLY : constants.O_RDWR);
  } catch (error) {
    throw failure.notOpened(path, error);
  }
}

/** Size of a block device, which its status does not tell: the last byte that can be read. */
function endOfDevice(descriptor: number, { blksize }: Stats): number {
  const byte = new Uint8Array(1);
  const readable = (at: number): boolean => {
    try {
      return readSync(descriptor, byte, 0, 1, at) === 1;
    } catch {
      return false; // beyond the end, some devices give an error
    }
  };
  let low = 0;
  let high = Math.max(blksize, 512);
  while (readable(high - 1)) [low, high] = [high, high * 2];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (readable(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
