import { bootRows, speedRow } from "./boot-rows.ts";
import type { Row } from "./row.ts";
import { unpackRow } from "./unpack-row.ts";

/** Every row, in the order in which they are printed. */
export const rows: readonly Row[] = [speedRow, ...bootRows, unpackRow];
