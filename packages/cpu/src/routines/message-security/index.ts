/** The message-security assist. Source: Principles of Operation, "General Instructions"; the algorithms' own standards. */
import { KeyMismatch, WrappingKeys } from "../../cryptography/wrapping-keys.ts";
import type { HostRoutine, HostRoutines } from "../host.ts";
import { authenticatedRoutines } from "./authenticated.ts";
import { cipherRoutines } from "./ciphers.ts";
import { computationRoutines } from "./computations.ts";
import { digestRoutines } from "./digests.ts";
import { keyManagementRoutines } from "./key-management.ts";
import { randomRoutines } from "./random.ts";

/** An encrypted key's verification pattern is not the wrapping key's. */
const PATTERN_MISMATCH = 1;

const verified =
  (routine: HostRoutine): HostRoutine =>
  (cpu) => {
    try {
      return routine(cpu);
    } catch (error) {
      if (!(error instanceof KeyMismatch)) throw error;
      return PATTERN_MISMATCH;
    }
  };

/** The routines of one machine, with the keys under which its programs' keys are encrypted. */
export function messageSecurityRoutines(keys = new WrappingKeys()): HostRoutines {
  const routines: HostRoutines = {
    ...authenticatedRoutines(keys),
    ...cipherRoutines(keys),
    ...computationRoutines(keys),
    ...digestRoutines,
    ...keyManagementRoutines(keys),
    ...randomRoutines,
  };
  return Object.fromEntries(Object.entries(routines).map(([name, routine]) => [name, verified(routine)]));
}
