import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FileSystemEntry } from "@lockframe/debian";

/** Lay entries out in a folder of the host. Device nodes are left out: a guest mounts its own. */
export function writeFolder(folder: string, entries: Iterable<FileSystemEntry>): void {
  for (const entry of entries) {
    const path = join(folder, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    switch (entry.type) {
      case "directory":
        mkdirSync(path, { recursive: true });
        break;
      case "file":
        writeFileSync(path, entry.bytes);
        chmodSync(path, entry.mode ?? 0o644);
        break;
      case "symlink":
        rmSync(path, { force: true });
        symlinkSync(entry.target, path);
        break;
      default:
    }
  }
}
