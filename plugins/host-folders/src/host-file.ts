import { closeSync, fsync, readSync, writeSync } from "node:fs";
import type { OpenFile } from "@lockframe/plugin-api";

/** An open file of the host. */
export class HostFile implements OpenFile {
  readonly descriptor: number;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(this.descriptor, bytes, 0, length, offset));
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.descriptor, bytes, done, bytes.length - done, offset + done);
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) =>
      fsync(this.descriptor, (error) => (error === null ? resolve() : reject(error))),
    );
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
