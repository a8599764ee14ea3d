import { closeSync, openSync, writeSync } from "node:fs";
import { LockframeError } from "@lockframe/architecture";
import type { CharacterPort } from "@lockframe/plugin-api";

const NOTHING = new Uint8Array(0);

/** A console that goes nowhere and says nothing. */
export class NullPort implements CharacterPort {
  readonly interactive = false;
  readonly waiting: number = 0;

  write(_bytes: Uint8Array): boolean {
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  read(): Uint8Array {
    return NOTHING;
  }

  onInput(): void {
    // Nothing ever comes in.
  }
}

/** A console whose output is kept in a file. */
export class FilePort extends NullPort {
  readonly #descriptor: number;

  /** @throws LockframeError LF-CHARDEV-003 when the file cannot be written */
  constructor(path: string, append: boolean) {
    super();
    try {
      this.#descriptor = openSync(path, append ? "a" : "w");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new LockframeError("LF-CHARDEV-003", `the console file ${path} cannot be written: ${reason}`);
    }
  }

  override write(bytes: Uint8Array): boolean {
    for (let written = 0; written < bytes.length;) written += writeSync(this.#descriptor, bytes, written);
    return true;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
