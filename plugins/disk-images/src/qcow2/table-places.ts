import { failure } from "../errors.ts";
import type { ImageFile } from "../image-file.ts";
import type { Qcow2Header } from "./header.ts";

const L2_OFFSET = 0x00fffffffffffe00n;

/**
 * Every table of an image has clusters of its own within the file, so that writing one never changes another. Tables of
 * inactive snapshots are not looked at: nothing writes to them, and their clusters are counted.
 * @throws LockframeError LF-DISK-022
 */
export function checkTablePlaces(file: ImageFile, header: Qcow2Header): void {
  const { l1Offset, l1Size, refcountTableOffset, refcountTableClusters } = header;
  const cluster = 2 ** header.clusterBits;
  const taken = new Set([0]);
  const end = Math.ceil(file.size / cluster);
  const take = (what: string, offset: number, count = 1): void => {
    const first = offset / cluster;
    if (!Number.isInteger(first) || first + count > end)
      throw failure.damagedQcow2(file.path, `${what} is out of place`);
    for (let each = first; each < first + count; each++) {
      if (taken.has(each)) throw failure.damagedQcow2(file.path, `${what} lies where another table does`);
      taken.add(each);
    }
  };
  take("its refcount table", refcountTableOffset, refcountTableClusters);
  take("its L1 table", l1Offset, Math.ceil((8 * l1Size) / cluster));
  const counted = (refcountTableClusters * cluster) / 8;
  for (const [block, entry] of entriesOf(file, refcountTableOffset, counted))
    take(`block ${block} of its reference counts`, Number(entry));
  for (const [table, entry] of entriesOf(file, l1Offset, l1Size))
    if ((entry & L2_OFFSET) !== 0n) take(`its L2 table ${table}`, Number(entry & L2_OFFSET));
}

/** Those that are not zero, with their places. */
function* entriesOf(file: ImageFile, offset: number, count: number): Generator<[number, bigint]> {
  const bytes = new Uint8Array(8 * count);
  file.read(offset, bytes);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index++) {
    const entry = view.getBigUint64(8 * index);
    if (entry !== 0n) yield [index, entry];
  }
}
