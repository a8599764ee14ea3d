import { bootRows } from "./boot-rows.ts";
import type { Row } from "./row.ts";

/** Every row, in the order in which they are printed. */
export const rows: readonly Row[] = [...bootRows];
