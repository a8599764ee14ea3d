import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BenchContext, type BenchOptions } from "./bench-context.ts";
import { type Figure, groupMeans } from "./figure.ts";
import type { GuestParts } from "./guest-parts.ts";
import { meanNeeds } from "./workloads.ts";
import type { Row } from "./rows/row.ts";

/** Measures rows one after the other, and adds the means of their groups. `onRow` is told each, and the end. */
export async function measureRows(
  options: BenchOptions,
  rows: readonly Row[],
  parts: (folder: string) => Promise<GuestParts>,
  onRow: (row: Row | undefined) => void,
): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-bench-"));
  try {
    await using context = new BenchContext(options, folder, () => parts(folder));
    const figures: Figure[] = [];
    for (const row of rows) {
      onRow(row);
      figures.push(await row.measure(context));
    }
    onRow(undefined);
    return [...figures, ...groupMeans(figures, meanNeeds).filter(({ ratio }) => ratio !== null)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
