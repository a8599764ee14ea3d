/** Host routines that any machine has, besides those that need the machine itself (`system.ts`). */
import { decimalRoutines } from "./decimal.ts";
import { factRoutines } from "./facts.ts";
import type { HostRoutines } from "./host.ts";
import { lockedRoutines } from "./locked.ts";
import { moveRoutines } from "./moves.ts";
import { translateRoutines } from "./translate.ts";
import { unicodeRoutines } from "./unicode.ts";

export const hostRoutines: HostRoutines = {
  ...decimalRoutines,
  ...factRoutines,
  ...lockedRoutines,
  ...moveRoutines,
  ...translateRoutines,
  ...unicodeRoutines,
};
