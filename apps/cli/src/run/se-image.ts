import { readFileSync } from "node:fs";
import { LockframeError } from "@lockframe/architecture";

/** Codes with which the reader says that a file is no Secure Execution image at all. */
const NO_IMAGE = ["LF-IMAGE-010", "LF-IMAGE-043", "LF-IMAGE-044"];

/** Whether these bytes mean to be a Secure Execution image; a broken one is one. */
export async function isSeImage(bytes: Uint8Array): Promise<boolean> {
  const { parseSeImage } = await import("@lockframe/secure-image");
  try {
    parseSeImage(bytes);
    return true;
  } catch (error) {
    if (!(error instanceof LockframeError)) throw error;
    return !NO_IMAGE.includes(error.code);
  }
}

/** The same of a file; one that cannot be read is none, and whoever opens it next will say so. */
export async function isSeImageFile(path: string): Promise<boolean> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return false;
  }
  return isSeImage(bytes);
}
