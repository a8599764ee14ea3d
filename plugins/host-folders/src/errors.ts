import { constants } from "node:os";
import { LockframeError } from "@lockframe/plugin-api";

export const failure = {
  notOpened: (path: string, error: unknown) =>
    new LockframeError(
      "LF-FOLDER-001",
      `the folder '${path}' cannot be shared: ${error instanceof Error ? error.message : String(error)}`,
      "It must be a folder that this user may read.",
      { cause: error },
    ),
  notLinux: (path: string) =>
    new LockframeError(
      "LF-FOLDER-002",
      `the folder '${path}' cannot be shared: only Linux with /proc lets it be confined`,
      "Use a disk image instead.",
    ),
} as const;

type ErrorName = keyof typeof constants.errno;

/** An error as the host would report it. */
export class HostError extends Error {
  readonly code: string;
  readonly errno: number;

  constructor(code: ErrorName) {
    super(code);
    this.code = code;
    this.errno = -constants.errno[code];
  }
}
