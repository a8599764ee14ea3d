import { LockframeError } from "@lockframe/architecture";

/** Something wrong with a QEMU command line, in QEMU's words where it has some. Codes `LF-QEMU-<NNN>`. */
export class QemuError extends LockframeError {
  constructor(code: `LF-QEMU-${string}`, message: string, hint?: string) {
    super(code, message, hint);
    this.name = "QemuError";
  }
}
