/**
 * Host routines: implementations in TypeScript of the routines that definitions declare with `hostRoutine`.
 *
 * A routine gets the CPU; its arguments are `cpu.arg32(n)` and `cpu.arg64(n)` in the declared order. It returns the
 * condition code (or nothing), what `cpu.interruptAfterCompletion` returned, or `modeChanged` when it replaced the PSW or changed what the interpreter must know
 * of the CPU: the PSW's address is the next instruction's when it is called, and whatever it then says
 * counts. It throws a `ProgramInterruption` to end the instruction; all checks come before the first change.
 */
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import { Event, cpu as at } from "../state.ts";

/** The interpreter must look at the PSW, the modes and pending interruptions again. */
export const modeChanged = -1;

export type HostRoutine = (cpu: Cpu) => number | void;
export type HostRoutines = Readonly<Record<string, HostRoutine>>;

/** A host routine as WebAssembly calls it: exceptions of the guest become an event, ours pass through. */
export function callable(cpuOf: (block: number) => Cpu, routine: HostRoutine): (block: number) => number {
  return (block) => {
    const cpu = cpuOf(block);
    try {
      const result = routine(cpu) ?? 0;
      if (result === modeChanged && cpu.u32(at.event) === Event.none) cpu.setU32(at.event, Event.reload);
      return result;
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      cpu.noteProgram(error);
      return -1;
    }
  };
}
