import { readFileSync } from "node:fs";
import { LockframeError } from "@lockframe/architecture";

/** Codes with which the reader says that a file is no Secure Execution image at all. */
const NO_IMAGE = ["LF-IMAGE-010", "LF-IMAGE-043", "LF-IMAGE-044"];

/**
 * Whether these bytes are a Secure Execution image.
 *
 * @throws LockframeError LF-IMAGE-... when they mean to be one and cannot be it
 */
export async function checkSeImage(bytes: Uint8Array): Promise<boolean> {
  const { hasMetadata, parseSeImage } = await import("@lockframe/secure-image");
  try {
    parseSeImage(bytes);
    return true;
  } catch (error) {
    const isNone = error instanceof LockframeError && NO_IMAGE.includes(error.code) && !hasMetadata(bytes);
    if (!isNone) throw error;
    return false;
  }
}

/** Whether a file means to be one. What cannot be read or is broken, whoever starts it will say. */
export async function meansToBeSeImage(path: string): Promise<boolean> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return false;
  }
  return checkSeImage(bytes).catch(() => true);
}
