/**
 * The TOD clock. Source: Principles of Operation, "Timing": 64 bits, bit 51 is a microsecond; epoch
 * 1 January 1900, 0 h UTC.
 */

/** TOD value of 1 January 1970. */
export const UNIX_EPOCH = 0x7d91_048b_ca00_0000n;

/** Host time in nanoseconds: since 1970, and a counter that never goes back. */
export interface HostTime {
  unixNanoseconds(): bigint;
  monotonicNanoseconds(): bigint;
}

export const hostTime: HostTime = {
  unixNanoseconds: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNanoseconds: () => process.hrtime.bigint(),
};

/**
 * Time that passes with the instructions that a machine executes, and that is skipped when it has nothing to do: the same
 * program meets the same times again.
 */
export class InstructionTime implements HostTime {
  /** About what compiled code takes for an instruction; a slice of the CPU is then a tenth of a millisecond. */
  static readonly nanosecondsEach = 2;
  /** 1 January 2026. */
  static readonly #start = 1_767_225_600_000_000_000n;
  readonly #instructions: () => number;
  #skipped = 0n;

  constructor(instructions: () => number) {
    this.#instructions = instructions;
  }
  unixNanoseconds(): bigint {
    return InstructionTime.#start + this.monotonicNanoseconds();
  }
  monotonicNanoseconds(): bigint {
    return BigInt(Math.floor(this.#instructions() * InstructionTime.nanosecondsEach)) + this.#skipped;
  }
  /** Nothing is to be done for so long. */
  skip(nanoseconds: bigint): void {
    this.#skipped += nanoseconds;
  }
}

export const todOfNanoseconds = (ns: bigint): bigint => (ns * 4096n) / 1000n;
export const nanosecondsOfTod = (tod: bigint): bigint => (tod * 1000n) / 4096n;

export class TodClock {
  readonly #time: HostTime;
  /** Physical clock at counter 0. */
  readonly #physicalBase: bigint;
  /** TOD at counter 0. */
  #base: bigint;
  #last = 0n;

  constructor(time: HostTime = hostTime) {
    this.#time = time;
    this.#physicalBase =
      UNIX_EPOCH + todOfNanoseconds(time.unixNanoseconds()) - todOfNanoseconds(time.monotonicNanoseconds());
    this.#base = this.#physicalBase;
  }
  /** The clock now. */
  now(): bigint {
    return this.#base + todOfNanoseconds(this.#time.monotonicNanoseconds());
  }
  /** The clock as it would be had it never been set. */
  physical(): bigint {
    return this.#physicalBase + todOfNanoseconds(this.#time.monotonicNanoseconds());
  }
  /** What the clock is ahead of the physical clock. */
  get offset(): bigint {
    return this.#base - this.#physicalBase;
  }
  /** The clock now, greater than what was read before. */
  unique(): bigint {
    const now = this.now();
    this.#last = now > this.#last ? now : this.#last + 1n;
    return this.#last;
  }
  set(value: bigint): void {
    this.#base += value - this.now();
    this.#last = 0n;
  }
}
