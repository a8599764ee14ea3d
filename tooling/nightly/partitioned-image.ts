/** A disk with one partition that holds a file system, made from a folder of the host. */
import { closeSync, createReadStream, createWriteStream, openSync, statSync, writeSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { faultsOf, makeEmptyImage, run } from "./ext4-image.ts";

const SECTOR = 512;
/** Where the partition begins; what a loader needs lies before it or in the file system. */
const START = 2 ** 20;
const LINUX = 0x83;
const TABLE = 446;

/** Make the disk, with the folder's content. @throws Error */
export function makePartitionedDisk(path: string, bytes: number, folder: string): void {
  makeEmptyImage(path, bytes);
  const entry = Buffer.alloc(66);
  entry[4] = LINUX;
  entry.fill(0xff, 5, 8); // cylinder, head and sector say nothing
  entry.writeUInt32LE(START / SECTOR, 8);
  entry.writeUInt32LE((bytes - START) / SECTOR, 12);
  entry.writeUInt16BE(0x55aa, 64);
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, entry, 0, entry.length, TABLE);
  closeSync(descriptor);
  const blocks = `${(bytes - START) / 1024}k`;
  const made = run("mkfs.ext4", ["-q", "-F", "-E", `offset=${START}`, "-d", folder, path, blocks]);
  if (made.status !== 0) throw new Error(`mkfs.ext4: ${made.output}`);
}

/** What is wrong with the partition's file system; empty: nothing. */
export async function partitionFaults(path: string, scratch: string): Promise<string> {
  const end = statSync(path).size - 1;
  await pipeline(createReadStream(path, { start: START, end }), createWriteStream(scratch));
  return faultsOf(scratch);
}
