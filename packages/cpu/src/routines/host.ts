/**
 * Host routines: implementations in TypeScript of the routines that definitions declare with `hostRoutine`.
 *
 * A routine gets the CPU; its arguments are `cpu.arg32(n)` and `cpu.arg64(n)` in the declared order. It returns the
 * condition code (or nothing), what `cpu.interruptAfterCompletion` returned, or `modeChanged` when it replaced the PSW or changed what the interpreter must know
 * of the CPU: the PSW's address is the next instruction's when it is called, and whatever it then says
 * counts. It throws a `ProgramInterruption` to end the instruction; all checks come before the first change.
 */
import type { Cpu } from "../cpu.ts";

/** The interpreter must look at the PSW, the modes and pending interruptions again. */
export const modeChanged = -1;

export type HostRoutine = (cpu: Cpu) => number | void;
export type HostRoutines = Readonly<Record<string, HostRoutine>>;
