import { readFileSync } from "node:fs";

/** A file of `test/vectors/s390-tools`. */
export function vector(path: string): Buffer {
  return readFileSync(new URL(`vectors/s390-tools/${path}`, import.meta.url));
}
