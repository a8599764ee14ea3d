/** `pnpm nightly:protected-disk [MIB]`: a protected guest writes so much to a disk, 1 GiB by itself, and reads it back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillProtectedDisk } from "./protected-disk.ts";

const mebibytes = Number(process.argv[2] ?? "1024");
if (!Number.isInteger(mebibytes) || mebibytes < 1) {
  console.error("usage: pnpm nightly:protected-disk [MIB]");
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-protected-disk-"));
  try {
    await fillProtectedDisk(folder, mebibytes, (text) => console.log(text));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
