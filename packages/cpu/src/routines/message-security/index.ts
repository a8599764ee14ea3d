/** The message-security assist. Source: Principles of Operation, "General Instructions"; the algorithms' own standards. */
import type { HostRoutines } from "../host.ts";
import { cipherRoutines } from "./ciphers.ts";
import { computationRoutines } from "./computations.ts";
import { digestRoutines } from "./digests.ts";
import { randomRoutines } from "./random.ts";

export const messageSecurityRoutines: HostRoutines = {
  ...cipherRoutines,
  ...computationRoutines,
  ...digestRoutines,
  ...randomRoutines,
};
