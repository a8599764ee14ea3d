/** `pnpm nightly:protected-disk [MIB]`: a protected guest writes so much to a disk, 1 GiB by itself, and reads it back. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explained } from "@lockframe/testkit";
import { fillProtectedDisk } from "./protected-disk.ts";

const mebibytes = explained("usage: pnpm nightly:protected-disk [MIB]", () => {
  const wanted = Number(process.argv[2] ?? "1024");
  if (!Number.isInteger(wanted) || wanted < 1) throw new Error(`${process.argv[2]} is no such number`);
  return wanted;
});
const folder = mkdtempSync(join(tmpdir(), "lockframe-protected-disk-"));
try {
  await fillProtectedDisk(folder, mebibytes, (text) => console.log(text));
} finally {
  rmSync(folder, { recursive: true });
}
