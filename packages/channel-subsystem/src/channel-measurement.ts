import type { ChannelStorage } from "./channel-storage.ts";
import { KeyedStorage, StorageFault } from "./channel-storage.ts";
import { type PathManagementControlWord, pmcwFlag, pmcwMode } from "./path-management-control-word.ts";

const BLOCK_LENGTH = 32;
const UPDATE = 0x2n;

/**
 * Measurement blocks, as far as they count: starts and resumes, and as many samples of no duration.
 * Source: Principles of Operation, "Channel-Subsystem Monitoring".
 */
export class ChannelMeasurement {
  readonly #storage: ChannelStorage;
  #origin: bigint | undefined;
  #key = 0;

  constructor(storage: ChannelStorage) {
    this.#storage = storage;
  }

  /** SET CHANNEL MONITOR with valid registers. */
  set(gr1: bigint, gr2: bigint): void {
    this.#origin = (gr1 & UPDATE) === 0n ? undefined : gr2;
    this.#key = Number((gr1 >> 24n) & 0xf0n);
  }

  reset(): void {
    this.#origin = undefined;
  }

  /** A start or resume function is accepted at a subchannel. A block that cannot be reached is not updated. */
  count(pmcw: PathManagementControlWord): void {
    if (this.#origin === undefined || (pmcw.flags & pmcwFlag.blockUpdate) === 0) return;
    const format1 = (pmcw.modes & pmcwMode.blockFormat1) !== 0;
    const block = format1
      ? pmcw.measurementBlock
      : this.#origin + BigInt(pmcw.measurementIndex * BLOCK_LENGTH);
    if (block > BigInt(this.#storage.view.size)) return;
    const storage = new KeyedStorage(this.#storage, this.#key);
    try {
      storage.store(Number(block), incremented(storage.fetch(Number(block), 8), format1 ? 4 : 2));
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
    }
  }
}

/** Two counters of `size` bytes each in front of `bytes`, one higher. */
function incremented(bytes: Uint8Array<ArrayBuffer>, size: 2 | 4): Uint8Array {
  const view = new DataView(bytes.buffer);
  for (const at of [0, size]) {
    if (size === 2) view.setUint16(at, view.getUint16(at) + 1);
    else view.setUint32(at, view.getUint32(at) + 1);
  }
  return bytes;
}
