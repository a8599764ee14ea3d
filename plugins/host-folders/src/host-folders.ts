import { accessSync, constants, realpathSync } from "node:fs";
import type { Folders, FolderSource } from "@lockframe/plugin-api";
import { failure } from "./errors.ts";
import { HostEntry } from "./host-entry.ts";

export class HostFolders implements Folders {
  open(source: FolderSource): HostEntry {
    const { path } = source;
    if (process.platform !== "linux") throw failure.notLinux(path);
    try {
      accessSync("/proc/self/fd", constants.X_OK);
    } catch {
      throw failure.notLinux(path);
    }
    try {
      return HostEntry.root(realpathSync(path), source);
    } catch (error) {
      throw failure.notOpened(path, error);
    }
  }
}
