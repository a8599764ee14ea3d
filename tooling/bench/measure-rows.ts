import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BenchContext, type BenchOptions } from "./bench-context.ts";
import { type Figure, groupMeans } from "./figure.ts";
import type { GuestParts } from "./guest-parts.ts";
import { meanNeeds } from "./workloads.ts";
import type { Row } from "./rows/row.ts";

/** Is told each row before it is measured, and its figure then; both are undefined in the end. */
export type BenchProgress = (row: Row | undefined, figure?: Figure) => void;

/** Measures rows one after the other, and adds the means of their groups. */
export async function measureRows(
  options: BenchOptions,
  rows: readonly Row[],
  parts: (folder: string) => Promise<GuestParts>,
  onRow: BenchProgress,
): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-bench-"));
  try {
    await using context = new BenchContext(options, folder, () => parts(folder));
    const figures: Figure[] = [];
    for (const row of rows) {
      onRow(row);
      const figure = await row.measure(context);
      figures.push(figure);
      onRow(row, figure);
    }
    onRow(undefined);
    return [...figures, ...groupMeans(figures, meanNeeds).filter(({ ratio }) => ratio !== null)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
