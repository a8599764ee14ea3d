import { readFileSync } from "node:fs";

/** A file of `test/vectors/s390-tools`. */
export function vector(path: string): Buffer {
  return readFileSync(new URL(`vectors/s390-tools/${path}`, import.meta.url));
}

/** An image made by the C tool of s390-tools. */
export function cToolImage(): Buffer {
  return readFileSync(new URL("vectors/c-tool/image.bin", import.meta.url));
}
