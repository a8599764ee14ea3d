/**
 * Where things lie, by host offset, low to high: engine area, storage keys, page states, code marks, exchange window,
 * guest storage. Every base is a multiple of 64 KiB. In the narrow form all of it is one WebAssembly memory; in the wide
 * form storage is in a second one with addresses of 64 bits, which uses the same offsets: what lies below storage there
 * is never touched.
 */
import { LockframeError } from "@lockframe/architecture";

/** Size of the unit of storage that has one key, one state and one owner. */
export const PAGE_SIZE = 0x1000;
const WASM_PAGE = 0x10000;
const MIB = 0x100000;
/** Bulk copies go through the window in pieces of this size; the other half is for what works on a piece. */
export const EXCHANGE_PIECE = WASM_PAGE;
const EXCHANGE_SIZE = 2 * EXCHANGE_PIECE;
/** Where memories end: with addresses of 32 bits, and with 64 as far as V8 goes. */
const NARROW_LIMIT = 0x1_0000_0000;
const WIDE_LIMIT = 0x4_0000_0000;

/** Whether guest storage lies in the memory that is the engine's, too ("narrow"), or in one of its own ("wide"). */
export type StorageForm = "narrow" | "wide";

export interface StorageOptions {
  /** Guest storage in bytes: a positive multiple of 1 MiB. */
  readonly size: number;
  /** Bytes at the low end of the memory that belong to the engine: CPU state, TLBs, tables. */
  readonly reserved: number;
  /** Narrow where it fits, unless said otherwise. */
  readonly form?: StorageForm | undefined;
}

/** A WebAssembly memory: by its size in units of 64 KiB, none of which is touched at first. */
export interface MemoryType {
  readonly address: "i32" | "i64";
  readonly pages: number;
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
  /** The engine's memory, and the one of storage if there is another. */
  readonly memories: readonly MemoryType[];
}

const roundUp = (value: number): number => Math.ceil(value / WASM_PAGE) * WASM_PAGE;

/** Bytes of the memory that are not guest storage. */
const overhead = ({ size, reserved }: StorageOptions): number =>
  roundUp(reserved) + 3 * roundUp(size / PAGE_SIZE) + EXCHANGE_SIZE;

/** The most mebibytes that have room below a limit. */
function largest(options: StorageOptions, limit: number): number {
  let size = limit - MIB;
  while (size + overhead({ ...options, size }) > limit) size -= MIB;
  return size / MIB;
}

/**
 * Lay out the memory for `size` bytes of guest storage.
 * @throws LockframeError LF-MEMORY-002 size not a positive multiple of 1 MiB, LF-MEMORY-003 beyond the memory,
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
  const end = size + overhead(options);
  const form = options.form ?? (end > NARROW_LIMIT ? "wide" : "narrow");
  const limit = form === "wide" ? WIDE_LIMIT : NARROW_LIMIT;
  if (end > limit)
    throw new LockframeError(
      "LF-MEMORY-003",
      `guest storage of ${size / MIB} MiB does not fit a WebAssembly memory`,
      `use at most ${largest(options, limit)} MiB`,
    );
  const pageCount = size / PAGE_SIZE;
  const keysBase = roundUp(reserved);
  const pageStatesBase = keysBase + roundUp(pageCount);
  const codeMarksBase = pageStatesBase + roundUp(pageCount);
  const exchangeBase = codeMarksBase + roundUp(pageCount);
  const storageBase = exchangeBase + EXCHANGE_SIZE;
  const narrow = (bytes: number): MemoryType => ({ address: "i32", pages: roundUp(bytes) / WASM_PAGE });
  const all = narrow(storageBase + size);
  return {
    form,
    keysBase,
    pageStatesBase,
    codeMarksBase,
    exchangeBase,
    exchangeSize: EXCHANGE_SIZE,
    storageBase,
    top: storageBase + size - 1,
    pageCount,
    memories: form === "wide" ? [narrow(storageBase), { ...all, address: "i64" }] : [all],
  };
}
