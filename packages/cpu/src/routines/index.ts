/** Host routines that any machine has, besides those that need the machine itself (`system.ts`). */
import { routines } from "@lockframe/instructions";
import { ProgramInterruption } from "../cpu.ts";
import type { HostRoutines } from "./host.ts";

const implemented: HostRoutines = {};

export const hostRoutines: HostRoutines = {
  ...Object.fromEntries(
    routines()
      .filter((r) => r.where === "host")
      .map((r) => [
        r.name,
        () => {
          console.error("missing routine", r.name);
          throw new ProgramInterruption(1);
        },
      ]),
  ),
  ...implemented,
};
