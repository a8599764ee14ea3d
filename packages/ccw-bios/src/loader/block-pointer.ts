/**
 * Pointers to runs of blocks, 16 bytes each, in the three forms of the tables on a disk. Sources: QEMU
 * pc-bios/s390-ccw/bootmap.h, s390-tools include/boot.
 */

export interface BlockRun {
  readonly block: number;
  readonly count: number;
  /** Bytes in a block, where the pointer says so. */
  readonly blockSize: number | undefined;
}

/** Tracks in a cylinder and blocks in a track. */
export interface Geometry {
  readonly heads: number;
  readonly sectors: number;
}

/** Reads a pointer; undefined: it points nowhere, which ends a list. */
export type PointerForm = (view: DataView, at: number) => BlockRun | undefined;

export const POINTER_BYTES = 16;

/** Of disks without tracks: block 8 bytes, block size 2, number of blocks less one 2. */
export const linearPointer: PointerForm = (view, at) => {
  const block = Number(view.getBigUint64(at));
  if (block === 0) return undefined;
  return { block, count: view.getUint16(at + 10) + 1, blockSize: view.getUint16(at + 8) };
};

/** For IPL by channel programs: cylinder 2 bytes, head 2, sector 1, block size 2, number of blocks less one 1. */
export function ccwPointer(geometry: Geometry): PointerForm {
  return (view, at) => {
    const block = ccwBlock(geometry, view, at);
    return block === undefined
      ? undefined
      : { block, count: view.getUint8(at + 7) + 1, blockSize: view.getUint16(at + 5) };
  };
}

/** For list-directed IPL: cylinder 4 bytes, head 1, sector 1, 4 reserved, number of blocks less one 2. */
export function listDirectedPointer(geometry: Geometry): PointerForm {
  return (view, at) => {
    const [cylinder, head, sector] = [view.getUint32(at), view.getUint8(at + 4), view.getUint8(at + 5)];
    const block = blockAt(geometry, cylinder, head, sector);
    return block === undefined
      ? undefined
      : { block, count: view.getUint16(at + 10) + 1, blockSize: undefined };
  };
}

/** Block at cylinder 2 bytes, head 2 (its 12 leftmost bits extend the cylinder), sector 1. */
export function ccwBlock(geometry: Geometry, view: DataView, at: number): number | undefined {
  const head = view.getUint16(at + 2);
  const cylinder = view.getUint16(at) + (head & 0xfff0) * 2 ** 12;
  return blockAt(geometry, cylinder, head & 0xf, view.getUint8(at + 4));
}

/** Sectors count from 1; no such place: the pointer points nowhere. */
function blockAt(
  { heads, sectors }: Geometry,
  cylinder: number,
  head: number,
  sector: number,
): number | undefined {
  if (sector === 0 || sector > sectors || head >= heads) return undefined;
  return (cylinder * heads + head) * sectors + sector - 1;
}
