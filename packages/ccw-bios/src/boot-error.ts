import { LockframeError } from "@lockframe/architecture";

/** A kernel, initial RAM disk or command line that cannot be booted. Nothing was placed. */
export class BootError extends LockframeError {
  constructor(code: `LF-BOOT-${string}`, message: string, hint?: string) {
    super(code, message, hint);
    this.name = "BootError";
  }
}
