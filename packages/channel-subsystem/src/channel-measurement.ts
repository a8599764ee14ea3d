import type { ChannelStorage } from "./channel-storage.ts";
import { KeyedStorage, StorageFault } from "./channel-storage.ts";
import { type PathManagementControlWord, pmcwFlag, pmcwMode } from "./path-management-control-word.ts";

/** How long a start or resume function took, in microseconds. */
export interface FunctionTimes {
  /** From the instruction until the device began. */
  readonly pending: number;
  /** While the device did the program's commands. */
  readonly connected: number;
}

const UPDATE = 0x2n;
const CONNECT_TIME = 0x1n;
/** Microseconds in a unit of time of a measurement block. */
const UNIT = 128;
/** A measurement block: two counters of a size, then device-connect time and function-pending time, and more that is zero. */
const formats = {
  0: { length: 32, counter: 2, times: 4 },
  1: { length: 64, counter: 4, times: 8 },
} as const;
const LARGEST_INTERVAL = 0xffff;

/** Channel-subsystem monitoring. Source: Principles of Operation, "Channel-Subsystem Monitoring". */
export class ChannelMeasurement {
  readonly #storage: ChannelStorage;
  #origin: bigint | undefined;
  #key = 0;
  #connectTime = false;

  constructor(storage: ChannelStorage) {
    this.#storage = storage;
  }

  /** SET CHANNEL MONITOR with valid registers. */
  set(gr1: bigint, gr2: bigint): void {
    this.#origin = (gr1 & UPDATE) === 0n ? undefined : gr2;
    this.#connectTime = (gr1 & CONNECT_TIME) !== 0n;
    this.#key = Number((gr1 >> 24n) & 0xf0n);
  }

  reset(): void {
    this.#origin = undefined;
    this.#connectTime = false;
  }

  /** A start or resume function is accepted at a subchannel. */
  count(pmcw: PathManagementControlWord): void {
    this.#update(pmcw, (view, { counter }) => add(view, 0, counter, 1));
  }

  /** Such a function has ended or is suspended. */
  sample(pmcw: PathManagementControlWord, { pending, connected }: FunctionTimes): void {
    this.#update(pmcw, (view, { counter, times }) => {
      add(view, counter, counter, 1);
      add(view, times, 4, Math.floor(connected / UNIT));
      add(view, times + 4, 4, Math.floor(pending / UNIT));
    });
  }

  /** Device-connect-time interval for the extended-status word; undefined: it is not measured at the subchannel. */
  interval(pmcw: PathManagementControlWord, { connected }: FunctionTimes): number | undefined {
    if (!this.#connectTime || (pmcw.flags & pmcwFlag.connectTime) === 0) return undefined;
    return Math.min(LARGEST_INTERVAL, Math.floor(connected / UNIT));
  }

  /** A block that cannot be reached is not updated. */
  #update(
    pmcw: PathManagementControlWord,
    change: (view: DataView, format: (typeof formats)[0 | 1]) => void,
  ): void {
    if (this.#origin === undefined || (pmcw.flags & pmcwFlag.blockUpdate) === 0) return;
    const isFormat1 = (pmcw.modes & pmcwMode.blockFormat1) !== 0;
    const format = formats[isFormat1 ? 1 : 0];
    const block = isFormat1
      ? pmcw.measurementBlock
      : this.#origin + BigInt(pmcw.measurementIndex * format.length);
    if (block > BigInt(this.#storage.view.size)) return;
    const storage = new KeyedStorage(this.#storage, this.#key);
    try {
      const bytes = storage.fetch(Number(block), format.times + 8);
      change(new DataView(bytes.buffer), format);
      storage.store(Number(block), bytes);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
    }
  }
}

/** Counters wrap. */
function add(view: DataView, at: number, size: 2 | 4, amount: number): void {
  if (size === 2) view.setUint16(at, view.getUint16(at) + amount);
  else view.setUint32(at, view.getUint32(at) + amount);
}
