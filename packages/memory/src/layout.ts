/**
 * Where things lie inside the one WebAssembly memory of a machine, low to high: engine area, storage keys,
 * page states, code marks, exchange window, guest storage. Every base is a multiple of 64 KiB.
 */
import { LockframeError } from "@lockframe/architecture";

/** Size of the unit of storage that has one key, one state and one owner. */
export const PAGE_SIZE = 0x1000;
const WASM_PAGE = 0x10000;
const MIB = 0x100000;
/** Bulk copies go through the window in pieces of this size; the other half is for what works on a piece. */
export const EXCHANGE_PIECE = WASM_PAGE;
const EXCHANGE_SIZE = 2 * EXCHANGE_PIECE;
/** A wasm32 memory ends here. */
const MEMORY_LIMIT = 0x1_0000_0000;

/** Whether guest storage lies in the memory that is the engine's, too ("narrow"), or in one of its own ("wide"). */
export type StorageForm = "narrow" | "wide";

export interface StorageOptions {
  /** Guest storage in bytes: a positive multiple of 1 MiB. */
  readonly size: number;
  /** Bytes at the low end of the memory that belong to the engine: CPU state, TLBs, tables. */
  readonly reserved: number;
}

export interface StorageLayout {
  readonly form: StorageForm;
  readonly keysBase: number;
  readonly pageStatesBase: number;
  /** One byte for each page: not zero when the engine holds code made from the page. */
  readonly codeMarksBase: number;
  /** Window through which bulk copies are reversed; it holds nothing between calls. */
  readonly exchangeBase: number;
  readonly exchangeSize: number;
  readonly storageBase: number;
  /** Host offset of the byte at absolute address 0. */
  readonly top: number;
  readonly pageCount: number;
  /** Size of the whole memory in units of 64 KiB. */
  readonly wasmPages: number;
}

const roundUp = (value: number): number => Math.ceil(value / WASM_PAGE) * WASM_PAGE;

/** Bytes of the memory that are not guest storage. */
const overhead = ({ size, reserved }: StorageOptions): number =>
  roundUp(reserved) + 3 * roundUp(size / PAGE_SIZE) + EXCHANGE_SIZE;

/**
 * Lay out a memory for `size` bytes of guest storage.
 * @throws LockframeError LF-MEMORY-002 size not a positive multiple of 1 MiB, LF-MEMORY-003 beyond one memory,
 *   LF-MEMORY-004 `reserved` not a byte count
 */
export function layOut(options: StorageOptions): StorageLayout {
  const { size, reserved } = options;
  if (!Number.isSafeInteger(size) || size <= 0 || size % MIB !== 0)
    throw new LockframeError(
      "LF-MEMORY-002",
      `guest storage of ${size} bytes is not a positive multiple of 1 MiB`,
      "give the storage size in whole mebibytes",
    );
  if (!Number.isSafeInteger(reserved) || reserved < 0)
    throw new LockframeError("LF-MEMORY-004", `${reserved} is no number of bytes for the engine area`);
  if (size + overhead(options) > MEMORY_LIMIT) {
    const largest = Math.floor((MEMORY_LIMIT - overhead(options)) / MIB);
    throw new LockframeError(
      "LF-MEMORY-003",
      `guest storage of ${size / MIB} MiB does not fit one WebAssembly memory`,
      `use at most ${largest} MiB`,
    );
  }
  const pageCount = size / PAGE_SIZE;
  const keysBase = roundUp(reserved);
  const pageStatesBase = keysBase + roundUp(pageCount);
  const codeMarksBase = pageStatesBase + roundUp(pageCount);
  const exchangeBase = codeMarksBase + roundUp(pageCount);
  const storageBase = exchangeBase + EXCHANGE_SIZE;
  return {
    form: "narrow",
    keysBase,
    pageStatesBase,
    codeMarksBase,
    exchangeBase,
    exchangeSize: EXCHANGE_SIZE,
    storageBase,
    top: storageBase + size - 1,
    pageCount,
    wasmPages: roundUp(storageBase + size) / WASM_PAGE,
  };
}
