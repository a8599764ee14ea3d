import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own for a test's files, gone when the test is. */
export class ScratchFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "lockframe-test-"));

  at(name: string): string {
    return join(this.path, name);
  }
  /** Write a file, readable by its owner alone unless another mode is given; returns its path. */
  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    writeFileSync(this.at(name), content, { mode });
    return this.at(name);
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
