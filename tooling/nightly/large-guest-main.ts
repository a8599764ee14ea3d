/** `pnpm nightly:large-guest [GIB]`: a guest writes so much into its storage, 5 GiB by itself, and compares it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fillLargeGuest } from "./large-guest.ts";

const gibibytes = Number(process.argv[2] ?? "5");
if (!Number.isInteger(gibibytes) || gibibytes < 1 || gibibytes > 15) {
  console.error("usage: pnpm nightly:large-guest [GIB, 1 to 15]");
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-large-guest-"));
  try {
    await fillLargeGuest(folder, gibibytes, (text) => console.log(text));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
