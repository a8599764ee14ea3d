import { mkdtempSync, openSync, closeSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Disk } from "@lockframe/plugin-api";
import { ImageFile } from "./image-file.ts";

const CLUSTER = 0x10000;

/** A disk whose writes go to a nameless file beside it and are forgotten at the end. */
export class SnapshotDisk implements Disk {
  readonly size: number;
  readonly readOnly = false;
  readonly #below: Disk;
  readonly #file: ImageFile;
  readonly #written = new Set<number>();

  constructor(below: Disk) {
    this.#below = below;
    this.size = below.size;
    this.#file = namelessFile();
  }

  read(offset: number, target: Uint8Array): void {
    this.#pieces(offset, target.length, (at, from, length) => {
      const piece = target.subarray(from, from + length);
      if (this.#written.has(Math.floor(at / CLUSTER))) this.#file.read(at, piece);
      else this.#below.read(at, piece);
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#pieces(offset, bytes.length, (at, from, length) => {
      this.#own(Math.floor(at / CLUSTER), length);
      this.#file.write(at, bytes.subarray(from, from + length));
    });
  }

  writeZeroes(offset: number, length: number): void {
    for (let done = 0; done < length; done += CLUSTER)
      this.write(offset + done, new Uint8Array(Math.min(CLUSTER, length - done)));
  }

  discard(): void {}
  flush(): Promise<void> {
    return Promise.resolve(); // nothing of it outlives the machine
  }

  async close(): Promise<void> {
    this.#file.close();
    await this.#below.close();
  }

  /** Bring a cluster over before a part of it is written. */
  #own(cluster: number, length: number): void {
    if (this.#written.has(cluster)) return;
    this.#written.add(cluster);
    const start = cluster * CLUSTER;
    const size = Math.min(CLUSTER, this.size - start);
    if (length === size) return;
    const bytes = new Uint8Array(size);
    this.#below.read(start, bytes);
    this.#file.write(start, bytes);
  }

  #pieces(offset: number, total: number, visit: (at: number, from: number, length: number) => void): void {
    for (let done = 0; done < total;) {
      const at = offset + done;
      const length = Math.min(total - done, CLUSTER - (at % CLUSTER));
      visit(at, done, length);
      done += length;
    }
  }
}

/** A file that is gone as soon as it is closed. */
function namelessFile(): ImageFile {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-snapshot-"));
  const path = join(folder, "writes");
  closeSync(openSync(path, "wx", 0o600));
  try {
    return new ImageFile(path, false);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
