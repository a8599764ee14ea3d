import { type TodClock, nanosecondsOfTod } from "./clock.ts";
import { type Cpu, PswBit } from "./cpu.ts";
import { Subclass, type Timers } from "./interruptions.ts";
import { cpu as at } from "./state.ts";
import type { TimerContents } from "./store-status.ts";

/** What an instruction takes, in TOD units, when a slice has to end before a clock is due. */
const INSTRUCTION_TIME = 8n;
const SHORTEST_SLICE = 2000;
/** A clock comparator that never interrupts. */
const NEVER = 0xffff_ffff_ffff_ffffn;

/** Clock comparator and CPU timer of one CPU. Values are in TOD units. */
export class CpuTimers implements Timers, TimerContents {
  readonly #cpu: Cpu;
  readonly #clock: TodClock;
  /** What the CPU timer shows while it stands still. */
  #held: bigint | undefined = 0n;

  constructor(cpu: Cpu, clock: TodClock) {
    this.#cpu = cpu;
    this.#clock = clock;
  }

  get clockComparator(): bigint {
    return this.#cpu.u64(at.clockComparator);
  }
  set clockComparator(value: bigint) {
    this.#cpu.setU64(at.clockComparator, value);
  }

  /** Signed. */
  get cpuTimer(): bigint {
    return this.#held ?? this.#running();
  }
  set cpuTimer(value: bigint) {
    if (this.#held !== undefined) this.#held = BigInt.asIntN(64, value);
    else this.#start(value);
  }
  #running(): bigint {
    return BigInt.asIntN(64, this.#cpu.u64(at.cpuTimerBase) - this.#clock.now());
  }
  #start(value: bigint): void {
    this.#cpu.setU64(at.cpuTimerBase, value + this.#clock.now());
  }

  /** The CPU's state has changed: its timer stands still while it is stopped. */
  stateChanged(): void {
    const { state } = this.#cpu;
    const runs = state === "operating" || state === "load";
    if (!runs) {
      this.#held ??= this.#running();
    } else if (this.#held !== undefined) {
      this.#start(this.#held);
      this.#held = undefined;
    }
  }

  clockComparatorPending(): boolean {
    return this.#clock.now() > this.clockComparator;
  }
  cpuTimerPending(): boolean {
    return this.cpuTimer < 0n;
  }

  /** How many of so many instructions will run before a clock is due, by and large. */
  instructionsUpTo(budget: number): number {
    const comparator = this.clockComparator - this.#clock.now();
    const timer = this.cpuTimer;
    let least = BigInt(budget) * INSTRUCTION_TIME;
    if (comparator > 0n && comparator < least) least = comparator;
    if (timer > 0n && timer < least) least = timer;
    return Math.min(budget, Math.max(SHORTEST_SLICE, Number(least / INSTRUCTION_TIME)));
  }

  /** Time until a clock interrupts the CPU; undefined when none will. Negative when it is due. */
  untilInterruption(): bigint | undefined {
    const cpu = this.#cpu;
    if (cpu.state !== "operating" || (cpu.u64(at.pswMask) & PswBit.external) === 0n) return undefined;
    const enabled = cpu.cr(0);
    const comparator = this.clockComparator;
    const byComparator =
      enabled & Subclass.clockComparator && comparator !== NEVER
        ? comparator - this.#clock.now() + 1n
        : undefined;
    const byTimer = enabled & Subclass.cpuTimer ? this.cpuTimer + 1n : undefined;
    return sooner(byComparator, byTimer);
  }
}

const sooner = (a: bigint | undefined, b: bigint | undefined): bigint | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

const SIGN = 1n << 63n;

/** Nanoseconds until a clock interrupts one of the CPUs that wait; undefined when none will. */
export function nanosecondsUntilClock(all: Iterable<CpuTimers>): bigint | undefined {
  let least: bigint | undefined;
  for (const timers of all) least = sooner(least, timers.untilInterruption());
  if (least === undefined || least > SIGN) return undefined;
  return least < 0n ? 0n : nanosecondsOfTod(least);
}
