/** Why engines come back to their caller, counted. */
import type { Cpu } from "./cpu.ts";
import { Event, cpu as at } from "./state.ts";

export interface ExitStatistics {
  /** By reason: `slice`, `supervisor call`, `mode change`, and `program interruption 0011` for each code. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Calls of host routines by name. */
  readonly calls: ReadonlyMap<string, number>;
  readonly tlbMisses: number;
}

/** Codes of program interruptions, without those that were recorded with them. */
const CODES = 0x80;

export class ExitTally {
  readonly #calls: { readonly name: string; count: number }[] = [];
  readonly #programs = new Float64Array(CODES);
  #slices = 0;
  #supervisorCalls = 0;
  #modeChanges = 0;

  /** A host routine whose calls are counted. */
  counting(name: string, routine: (block: number) => number): (block: number) => number {
    const counter = { name, count: 0 };
    this.#calls.push(counter);
    return (block) => {
      counter.count += 1;
      return routine(block);
    };
  }

  /** The engine has come back with an event in the CPU's block. */
  left(cpu: Cpu): void {
    switch (cpu.u32(at.event)) {
      case Event.program:
      case Event.programAfter: {
        const code = cpu.u32(at.programCode) & (CODES - 1);
        this.#programs[code] = (this.#programs[code] ?? 0) + 1;
        break;
      }
      case Event.supervisorCall:
        this.#supervisorCalls += 1;
        break;
      case Event.slice:
        this.#slices += 1;
        break;
      default:
        this.#modeChanges += 1;
    }
  }

  statistics(cpus: readonly Cpu[]): ExitStatistics {
    const programs = Array.from(this.#programs, (count, code) => {
      return [`program interruption ${code.toString(16).padStart(4, "0")}`, count] as const;
    });
    const reasons = [
      ["slice", this.#slices],
      ["supervisor call", this.#supervisorCalls],
      ["mode change", this.#modeChanges],
      ...programs,
    ] as const;
    return {
      reasons: mostFirst(reasons),
      calls: mostFirst(this.#calls.map(({ name, count }) => [name, count])),
      tlbMisses: cpus.reduce((sum, cpu) => sum + Number(cpu.u64(at.tlbMisses)), 0),
    };
  }
}

const mostFirst = (counts: readonly (readonly [string, number])[]): ReadonlyMap<string, number> =>
  new Map(counts.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
