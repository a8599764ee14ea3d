import { type ChannelCommandWord, ccwFlag } from "./channel-command-word.ts";
import { type KeyedStorage, StorageFault } from "./channel-storage.ts";
import type { OperationRequestBlock } from "./operation-request-block.ts";
import { subchannelStatus } from "./subchannel-status-word.ts";

/** A piece of storage that data goes to or comes from. */
export interface DataArea {
  readonly address: number;
  readonly length: number;
  /** Input is not stored here. */
  readonly skip: boolean;
  /** The program wants an interruption when data goes here. */
  readonly interrupts?: boolean;
}

const PAGE = 4096;
const LAST = 0x80;
const SKIP = 0x40;
const TRANSFER_INTERRUPTION = 0x20;

const programCheck = (): never => {
  throw new StorageFault(subchannelStatus.programCheck);
};

/**
 * The pieces of storage that a CCW designates, in order, `count` bytes in all.
 * @throws StorageFault an address or a list of addresses is not as it must be
 */
export function* dataAreas(
  ccw: ChannelCommandWord,
  orb: OperationRequestBlock,
  storage: KeyedStorage,
): Generator<DataArea, void> {
  const { address, count, flags } = ccw;
  const skip = (flags & ccwFlag.skip) !== 0;
  if (orb.ccwFormat === 1 && address >= 0x80000000) programCheck();
  if ((flags & ccwFlag.modifiedIndirect) !== 0) yield* modifiedIndirectAreas(ccw, storage);
  else if ((flags & ccwFlag.indirect) !== 0 && !skip) yield* indirectAreas(ccw, orb, storage);
  else {
    const end = orb.ccwFormat === 0 ? 0x1000000 : 0x80000000;
    if (!skip && address + count > end) programCheck();
    yield { address, length: count, skip };
  }
}

/** Indirect-data-address words: each designates the rest of a block, all but the first a whole one. */
function* indirectAreas(
  { address, count }: ChannelCommandWord,
  { idawFormat, idawBlock, ccwFormat }: OperationRequestBlock,
  storage: KeyedStorage,
): Generator<DataArea, void> {
  const size = idawFormat === 1 ? 4 : 8;
  if (address % size !== 0) programCheck();
  let left = count;
  for (let at = address; left > 0; at += size) {
    if (ccwFormat === 0 && at >= 0x1000000) programCheck();
    const word = storage.unlimited.fetch(at, size);
    const view = new DataView(word.buffer);
    const data = idawFormat === 1 ? view.getUint32(0) : safeAddress(view.getBigUint64(0));
    if (idawFormat === 1 && data >= 0x80000000) programCheck();
    if (at !== address && data % idawBlock !== 0) programCheck();
    const length = Math.min(left, idawBlock - (data % idawBlock));
    yield { address: data, length, skip: false };
    left -= length;
  }
}

/** Modified-indirect-data-address words: each has a count of its own, and the last one says so. */
function* modifiedIndirectAreas(
  { address, count }: ChannelCommandWord,
  storage: KeyedStorage,
): Generator<DataArea, void> {
  if (address % 16 !== 0) programCheck();
  let left = count;
  for (let at = address; left > 0; at += 16) {
    if (at !== address && at % PAGE === 0) programCheck(); // a list does not cross pages
    const word = storage.unlimited.fetch(at, 16);
    const view = new DataView(word.buffer);
    const flags = view.getUint8(5);
    const length = view.getUint16(6);
    const data = safeAddress(view.getBigUint64(8));
    const skip = (flags & SKIP) !== 0;
    const reserved = flags & ~(LAST | SKIP | TRANSFER_INTERRUPTION);
    if (view.getUint32(0) !== 0 || view.getUint8(4) !== 0 || reserved !== 0) programCheck();
    if (length === 0 || length > left || (length === left) !== ((flags & LAST) !== 0)) programCheck();
    if (!skip && (data % PAGE) + length > PAGE) programCheck();
    yield { address: data, length, skip, interrupts: (flags & TRANSFER_INTERRUPTION) !== 0 };
    left -= length;
  }
}

/** An address as a number. What is too large for one is beyond any storage. */
function safeAddress(address: bigint): number {
  return address > BigInt(Number.MAX_SAFE_INTEGER) ? programCheck() : Number(address);
}
