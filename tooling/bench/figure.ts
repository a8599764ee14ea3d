/** What the bench prints: one figure of ours beside one of a peer. */
export interface Figure {
  readonly row: string;
  readonly unit: string;
  /** Median of the runs; null where it could not be measured. */
  readonly ours: number | null;
  readonly peer: number | null;
  /** How many times better than the peer we are; above 1 is better. Null where a side lacks. */
  readonly ratio: number | null;
  /** Who the peer is, and why a side lacks. */
  readonly note: string;
}

/** Which way a figure is better. */
export type Direction = "more" | "less";

/** A figure from the two sides' measurements. */
export function figureOf(
  row: string,
  unit: string,
  better: Direction,
  ours: readonly number[],
  peer: readonly number[],
  note: string,
): Figure {
  const mine = median(ours);
  const theirs = median(peer);
  return { row, unit, ours: mine, peer: theirs, ratio: ratioOf(better, mine, theirs), note };
}

function ratioOf(better: Direction, ours: number | null, peer: number | null): number | null {
  if (ours === null || peer === null || ours === 0 || peer === 0) {
    return null;
  }
  return better === "more" ? ours / peer : peer / ours;
}

/** Median; of an even number, the mean of the middle two. Null for none that is a number. */
export function median(values: readonly number[]): number | null {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b);
  const high = sorted[sorted.length >> 1];
  const low = sorted[(sorted.length - 1) >> 1];
  return high === undefined || low === undefined ? null : (low + high) / 2;
}

/** The figures as an aligned table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [
    ["row", "unit", "ours", "peer", "ratio", ""],
    ...figures.map(({ row, unit, ours, peer, ratio, note }) => [
      row,
      unit,
      shown(ours),
      shown(peer),
      shown(ratio),
      note,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows
    .map((cells) =>
      cells
        .map((cell, column) =>
          column >= 2 && column <= 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const shown = (value: number | null): string =>
  value === null ? "-" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
