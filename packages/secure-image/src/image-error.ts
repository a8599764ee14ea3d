import { LockframeError } from "@lockframe/architecture";

/** A failure in a Secure Execution image, with the file offset of the offending bytes where one exists. */
export class ImageError extends LockframeError {
  /** Byte offset in the file (or in the structure that was handed over) where the trouble starts. */
  readonly offset: number | undefined;

  constructor(
    code: string,
    message: string,
    place: { offset?: number; hint?: string; cause?: unknown } = {},
  ) {
    const where = place.offset === undefined ? "" : ` (at offset 0x${place.offset.toString(16)})`;
    super(code, message + where, place.hint, place.cause === undefined ? undefined : { cause: place.cause });
    this.name = "ImageError";
    this.offset = place.offset;
  }
}
