/** Kinds of disk: how they are partitioned, and what zipl and a machine have to be told of them. */
import { closeSync, createReadStream, createWriteStream, openSync, statSync, writeSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { faultsOf, makeEmptyImage, run } from "./ext4-image.ts";

export interface DiskMedium {
  /** Bytes in front of the one partition. */
  readonly start: number;
  readonly blockSize: number;
  /** Properties of the virtio device. */
  readonly device: string;
  /** Make the partition table on the host. */
  readonly partition?: (path: string, bytes: number) => void;
  /** Shell commands that make it in the guest. */
  readonly prepare: string;
  /** Lines of a section of zipl's configuration. */
  target(bytes: number): string;
  /** The nearest size that it can have. */
  size(bytes: number): number;
}

const SECTOR = 512;
const MIB = 2 ** 20;
const LINUX = 0x83;
const TABLE = 446;

/** A master boot record, with one partition behind 1 MiB: what a loader needs lies before it or in the file system. */
export const scsiDisk: DiskMedium = {
  start: MIB,
  blockSize: SECTOR,
  device: "",
  prepare: "",
  target: () => "",
  size: (bytes) => bytes,
  partition(path, bytes) {
    const entry = Buffer.alloc(66);
    entry[4] = LINUX;
    entry.fill(0xff, 5, 8); // cylinder, head and sector say nothing
    entry.writeUInt32LE(MIB / SECTOR, 8);
    entry.writeUInt32LE((bytes - MIB) / SECTOR, 12);
    entry.writeUInt16BE(0x55aa, 64);
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, entry, 0, entry.length, TABLE);
    closeSync(descriptor);
  },
};

const BLOCK = 4096;
const HEADS = 15;
const BLOCKS_IN_TRACK = 12;
const CYLINDER = BLOCK * HEADS * BLOCKS_IN_TRACK;
/** Labels have two tracks. */
const FIRST_BLOCK = 2 * BLOCKS_IN_TRACK;

/**
 * The geometry and the compatible disk layout of a DASD. Its volume label and its table of contents are made by fdasd in
 * the guest, which leaves the partition as it is. zipl is told the geometry: what is no DASD has no ioctl that tells it.
 */
export const dasd: DiskMedium = {
  start: FIRST_BLOCK * BLOCK,
  blockSize: BLOCK,
  device: `,heads=${HEADS},secs=${BLOCKS_IN_TRACK},logical_block_size=${BLOCK}`,
  prepare: "fdasd -s -a -f /dev/vda < /dev/null\n",
  target: (bytes) => `targetbase=/dev/vda
targettype=CDL
targetgeometry=${bytes / CYLINDER},${HEADS},${BLOCKS_IN_TRACK}
targetblocksize=${BLOCK}
targetoffset=${FIRST_BLOCK}
`,
  size: (bytes) => Math.ceil(bytes / CYLINDER) * CYLINDER,
};

/** Make a disk with a folder's content in its partition. @throws Error */
export function makeDisk(path: string, bytes: number, folder: string, medium: DiskMedium): void {
  const { start, blockSize } = medium;
  makeEmptyImage(path, bytes);
  medium.partition?.(path, bytes);
  const block = blockSize === BLOCK ? ["-b", String(BLOCK)] : [];
  const length = `${(bytes - start) / 1024}k`;
  const made = run("mkfs.ext4", ["-q", "-F", ...block, "-E", `offset=${start}`, "-d", folder, path, length]);
  if (made.status !== 0) throw new Error(`mkfs.ext4: ${made.output}`);
}

/** What is wrong with the partition's file system; empty: nothing. */
export async function partitionFaults(path: string, scratch: string, { start }: DiskMedium): Promise<string> {
  const end = statSync(path).size - 1;
  await pipeline(createReadStream(path, { start, end }), createWriteStream(scratch));
  return faultsOf(scratch);
}
