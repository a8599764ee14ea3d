/** What the bench prints: one figure of ours beside one of a peer. */
export interface Figure {
  readonly row: string;
  readonly unit: string;
  /** Median of the runs; null where it could not be measured. */
  readonly ours: number | null;
  readonly peer: number | null;
  /** How many times better than the peer we are; above 1 is better. Null where a side lacks. */
  readonly ratio: number | null;
  /** The same ratio of CPU time that the processes used, which other load on the host disturbs less. */
  readonly cpuRatio?: number | null;
  /** The ratio that it is to reach. */
  readonly need?: number;
  /** Rows that a mean is taken of. */
  readonly group?: string;
  /** Every measurement in turn, [elapsed, CPU] in seconds. */
  readonly runs?: Readonly<Record<"ours" | "peer", readonly (readonly [number, number])[]>>;
  /** What came out wrong on our side or the peer's. */
  readonly wrong?: string;
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

export function ratioOf(better: Direction, ours: number | null, peer: number | null): number | null {
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

/** Geometric means of each group's ratios, by elapsed and by CPU time, as further figures. */
export function groupMeans(
  figures: readonly Figure[],
  needs: Readonly<Record<string, number>> = {},
): Figure[] {
  const groups = new Map<string, Figure[]>();
  for (const figure of figures)
    if (figure.group !== undefined) groups.set(figure.group, [...(groups.get(figure.group) ?? []), figure]);
  return [...groups].map(([group, members]) => ({
    row: `mean of ${group}`,
    unit: "",
    ours: null,
    peer: null,
    ratio: geometricMean(members.map(({ ratio }) => ratio)),
    cpuRatio: geometricMean(members.map(({ cpuRatio }) => cpuRatio ?? null)),
    ...(needs[group] !== undefined && { need: needs[group] }),
    note: "geometric mean of the ratios",
  }));
}

function geometricMean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0
    ? null
    : Math.exp(known.reduce((sum, value) => sum + Math.log(value), 0) / known.length);
}

/** The figures as an aligned table. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = [
    ["row", "unit", "ours", "peer", "ratio", "by CPU", "need", ""],
    ...figures.map(({ row, unit, ours, peer, ratio, cpuRatio = null, need = null, note }) => [
      row,
      unit,
      shown(ours),
      shown(peer),
      shown(ratio),
      shown(cpuRatio),
      shown(need),
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
          column >= 2 && column <= 6 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const shown = (value: number | null): string =>
  value === null ? "-" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
