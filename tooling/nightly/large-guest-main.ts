/** `pnpm nightly:large-guest [GIB]`: a guest writes so much into its storage, 5 GiB by itself, and compares it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explained } from "@lockframe/testkit";
import { fillLargeGuest } from "./large-guest.ts";

const gibibytes = explained("usage: pnpm nightly:large-guest [GIB, 1 to 15]", () => {
  const wanted = Number(process.argv[2] ?? "5");
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > 15)
    throw new Error(`${process.argv[2]} is no such number`);
  return wanted;
});
const folder = mkdtempSync(join(tmpdir(), "lockframe-large-guest-"));
try {
  await fillLargeGuest(folder, gibibytes, (text) => console.log(text));
} finally {
  rmSync(folder, { recursive: true });
}
