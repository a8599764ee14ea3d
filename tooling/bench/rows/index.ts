import { bootRows, speedRow } from "./boot-rows.ts";
import { diskRows } from "./disk-rows.ts";
import { networkRows } from "./network-rows.ts";
import type { Row } from "./row.ts";
import { workloadRows } from "./workload-rows.ts";
import { unpackRow } from "./unpack-row.ts";

/** Every row, in the order in which they are printed. */
export const rows: readonly Row[] = [
  speedRow,
  ...bootRows,
  unpackRow,
  ...networkRows,
  ...diskRows,
  ...workloadRows,
];

/** Groups that rows can be asked for with. */
export const groups: ReadonlySet<string> = new Set(rows.flatMap(({ group }) => group ?? []));

/** Whether a word on the command line means a row: its name, its name without the build, or its group. */
export const isMeant = ({ name, group }: Row, word: string): boolean =>
  name === word || name.split("@")[0] === word || group === word;

/** Rows that the words mean, all without any; of a short form the workloads. */
export const rowsMeant = (words: readonly string[], short: boolean): readonly Row[] =>
  rows.filter(
    (row) =>
      (!short || row.group !== undefined) && (words.length === 0 || words.some((word) => isMeant(row, word))),
  );
