/**
 * The TOD clock. Source: Principles of Operation, "Timing": 64 bits, bit 51 is a microsecond; epoch
 * 1 January 1900, 0 h UTC.
 */

/** TOD value of 1 January 1970. */
export const UNIX_EPOCH = 0x7d91_048b_ca00_0000n;

/** Host time in nanoseconds: since 1970, and a counter that never goes back, of which a number can hold all. */
export interface HostTime {
  unixNanoseconds(): bigint;
  monotonicNanoseconds(): number;
}

export const hostTime: HostTime = {
  unixNanoseconds: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNanoseconds: () => Math.floor(performance.now() * 1e6),
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
    return InstructionTime.#start + BigInt(this.monotonicNanoseconds());
  }
  monotonicNanoseconds(): number {
    return Math.floor(this.#instructions() * InstructionTime.nanosecondsEach) + Number(this.#skipped);
  }
  /** Nothing is to be done for so long. */
  skip(nanoseconds: bigint): void {
    this.#skipped += nanoseconds;
  }
}

export const todOfNanoseconds = (ns: bigint): bigint => (ns * 4096n) / 1000n;
export const nanosecondsOfTod = (tod: bigint): bigint => (tod * 1000n) / 4096n;

/** Places of what changes: the TOD at counter 0, and the greatest value that was given as unique; doublewords. */
export const ClockCells = { base: 0, last: 8, size: 16 } as const;

export class TodClock {
  readonly #time: HostTime;
  /** Physical clock at counter 0. */
  readonly #physicalBase: bigint;
  #cells: { readonly view: DataView; readonly start: number } = {
    view: new DataView(new ArrayBuffer(ClockCells.size)),
    start: 0,
  };

  constructor(time: HostTime = hostTime) {
    this.#time = time;
    this.#physicalBase =
      UNIX_EPOCH + todOfNanoseconds(time.unixNanoseconds()) - todOfNanoseconds(this.#counter());
    this.#setCell(ClockCells.base, this.#physicalBase);
  }
  /** Keep what changes in memory, where WebAssembly sees it, too. */
  keepIn(view: DataView, start: number): void {
    const [base, last] = [this.#cell(ClockCells.base), this.#cell(ClockCells.last)];
    this.#cells = { view, start };
    this.#setCell(ClockCells.base, base);
    this.#setCell(ClockCells.last, last);
  }
  #cell(offset: number): bigint {
    return this.#cells.view.getBigUint64(this.#cells.start + offset, true);
  }
  #setCell(offset: number, value: bigint): void {
    this.#cells.view.setBigUint64(this.#cells.start + offset, value, true);
  }
  #counter(): bigint {
    return BigInt(this.#time.monotonicNanoseconds());
  }

  /** Host nanoseconds, from which WebAssembly makes `now` with the base. */
  readonly monotonicNanoseconds = (): number => this.#time.monotonicNanoseconds();

  /** The clock now. */
  now(): bigint {
    return BigInt.asUintN(64, this.#cell(ClockCells.base) + todOfNanoseconds(this.#counter()));
  }
  /** The clock as it would be had it never been set. */
  physical(): bigint {
    return this.#physicalBase + todOfNanoseconds(this.#counter());
  }
  /** What the clock is ahead of the physical clock. */
  get offset(): bigint {
    return BigInt.asIntN(64, this.#cell(ClockCells.base) - this.#physicalBase);
  }
  set(value: bigint): void {
    this.#setCell(ClockCells.base, value - todOfNanoseconds(this.#counter()));
    this.#setCell(ClockCells.last, 0n);
  }
}
