import { decodeEbcdic, encodeEbcdic } from "@lockframe/architecture";
import {
  type BlockRun,
  ccwBlock,
  ccwPointer,
  type Geometry,
  linearPointer,
  listDirectedPointer,
  type PointerForm,
} from "./block-pointer.ts";
import { BlockReader, type Medium } from "./block-reader.ts";
import { isOptical, opticalPrograms } from "./el-torito.ts";
import { failure } from "./loader-error.ts";
import { hasMagic, type Program, ProgramTable } from "./program.ts";

/** The programs that a disk offers. */
export interface BootDisk {
  /** How the disk is laid out, for messages. */
  readonly scheme: "SCSI" | "CDL" | "LDL" | "list-directed" | "El Torito";
  /** Numbers of the programs; 0 is the default. */
  readonly entries: readonly number[];
  /** Menu that the disk itself brings. */
  readonly menu: DiskMenu | undefined;
  /** @throws LoaderError no such entry, or what is wrong with its tables */
  program(entry: number): Program;
}

export interface DiskMenu {
  /** The disk wants it shown. */
  readonly wanted: boolean;
  /** Seconds until the default is taken, 0: never. */
  readonly timeout: number;
  /** One line an entry, with its number. */
  readonly lines: readonly string[];
}

const DASD_BLOCK = 4096;
const HEADS = 15;
/** Blocks in a track of a DASD, by block size. */
const dasdSectors: Readonly<Record<number, number>> = { 512: 49, 1024: 33, 2048: 21, 4096: 12 };

const VOL1 = encodeEbcdic("VOL1");
const LDL_LABELS = ["LNX1", "CMS1"].map(encodeEbcdic);
const LABEL_BLOCK = 2;
const BOOT_RECORD_PLACE_AT = 78;
const CDL_STAGE1_AT = 4;
const LDL_STAGE1_AT = 24;
const SEEK_AT = 72;
const BOOT_INFO_AT = 88;
const STAGE1B_SEEK_AT = 24 * 32;
const SEEK = 8;
const STAGE2_BLOCKS = 24;

/**
 * Find out how a disk is laid out and read what it offers.
 * @throws LoaderError LF-IPL-0xx nothing to boot, or what is wrong with its tables
 */
export function openBootDisk(medium: Medium, storageSize: number): BootDisk {
  const reader = new BlockReader(medium, medium.blockSize);
  const first = reader.read(0, "the boot record");
  if (hasMagic(first, 0)) return scsiDisk(reader, first, storageSize);
  if (isOptical(medium))
    return { ...opticalPrograms(medium, storageSize), scheme: "El Torito", menu: undefined };
  return eckdDisk(medium, storageSize);
}

/** Disks without tracks: the boot record is block 0. */
function scsiDisk(reader: BlockReader, record: Uint8Array, storageSize: number): BootDisk {
  const at = linearPointer(viewOf(record), 16);
  const table = new ProgramTable({ reader, pointer: linearPointer, storageSize }, at);
  return diskOf("SCSI", table, undefined);
}

/** Disks with tracks. What is no DASD is read as if it were one with blocks of 4096 bytes, as boot firmware does. */
function eckdDisk(medium: Medium, storageSize: number): BootDisk {
  const { blockSize, geometry } = medium;
  const isDasd = geometry?.heads === HEADS && geometry.sectors === dasdSectors[blockSize];
  const reader = new BlockReader(medium, isDasd ? blockSize : DASD_BLOCK);
  const tracks = { heads: HEADS, sectors: dasdSectors[reader.blockSize] ?? 0 };
  if (reader.blocks <= LABEL_BLOCK) throw failure.notBootable("the disk is too small");
  const label = reader.read(LABEL_BLOCK, "the volume label");
  const record = listDirectedRecord(reader, tracks, label);
  if (record !== undefined) {
    const pointer = listDirectedPointer(tracks);
    const table = new ProgramTable({ reader, pointer, storageSize }, pointer(viewOf(record), 16));
    return diskOf("list-directed", table, undefined);
  }
  const first = reader.read(0, "the first record");
  const isLdl = LDL_LABELS.some((each) => startsWith(label, each)) || isUnlabelledLdl(first, label);
  const [stage1, scheme] = isLdl
    ? [first.subarray(LDL_STAGE1_AT), "LDL" as const]
    : [reader.read(1, "the second record").subarray(CDL_STAGE1_AT), "CDL" as const];
  const pointer = ccwPointer(tracks);
  const at = bootInfoPointer(stage1, pointer);
  const table = new ProgramTable({ reader, pointer, storageSize }, at);
  return diskOf(scheme, table, readMenu(reader, tracks, stage1));
}

function diskOf(scheme: BootDisk["scheme"], table: ProgramTable, menu: DiskMenu | undefined): BootDisk {
  return { scheme, entries: table.entries, menu, program: (entry) => table.program(entry) };
}

function isUnlabelledLdl(first: Uint8Array, label: Uint8Array): boolean {
  return !startsWith(label, VOL1) && hasMagic(first, LDL_STAGE1_AT + BOOT_INFO_AT);
}

/** Boot record for list-directed IPL, whose place the label tells. */
function listDirectedRecord(
  reader: BlockReader,
  tracks: Geometry,
  label: Uint8Array,
): Uint8Array | undefined {
  const block = ccwBlock(tracks, viewOf(label), BOOT_RECORD_PLACE_AT);
  if (block === undefined || block === 0 || block >= reader.blocks) return undefined;
  const record = reader.read(block, "the boot record");
  return hasMagic(record, 0) ? record : undefined;
}

/** Boot information: magic 4 bytes, version, kind of program, kind of device, flags, pointer to the program table. */
function bootInfoPointer(stage1: Uint8Array, pointer: PointerForm): BlockRun | undefined {
  if (!hasMagic(stage1, BOOT_INFO_AT)) throw failure.notBootable("no layout that zipl writes is on the disk");
  const isDump = stage1[BOOT_INFO_AT + 5] !== 0;
  if (isDump) throw failure.dump();
  return pointer(viewOf(stage1), BOOT_INFO_AT + 8);
}

const BANNER = encodeEbcdic("zIPL");
const FLAG_BEFORE_BANNER = 140;
const TIMEOUT_BEFORE_BANNER = 138;
const MOST_LINES = 64;

/**
 * The menu in stage 2, whose blocks stage 1b names. A disk whose menu cannot be read has none: it is only for people, and
 * the default can be booted without it.
 */
function readMenu(reader: BlockReader, tracks: Geometry, stage1: Uint8Array): DiskMenu | undefined {
  const stage1b = ccwBlock(tracks, viewOf(stage1), SEEK_AT + 2);
  if (stage1b === undefined || stage1b >= reader.blocks) return undefined;
  const seeks = viewOf(reader.read(stage1b, "stage 1b"));
  for (let n = 0, at = STAGE1B_SEEK_AT; n < STAGE2_BLOCKS && at + SEEK <= seeks.byteLength; n++, at += SEEK) {
    const block = ccwBlock(tracks, seeks, at + 2);
    if (block === undefined || block >= reader.blocks) return undefined;
    const menu = findMenu(reader.read(block, "stage 2"));
    if (menu !== undefined) return menu;
  }
  return undefined;
}

function findMenu(bytes: Uint8Array): DiskMenu | undefined {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(BANNER);
  if (at < FLAG_BEFORE_BANNER) return undefined;
  const view = viewOf(bytes);
  const texts: string[] = [];
  for (let from = at; texts.length < MOST_LINES && bytes[from] !== 0;) {
    const end = bytes.indexOf(0, from);
    if (end < 0) return undefined;
    texts.push(decodeEbcdic(bytes.subarray(from, end)));
    from = end + 1;
  }
  return {
    wanted: view.getUint16(at - FLAG_BEFORE_BANNER) !== 0,
    timeout: view.getUint16(at - TIMEOUT_BEFORE_BANNER),
    lines: texts.slice(1),
  };
}

function startsWith(bytes: Uint8Array, mark: Uint8Array): boolean {
  return mark.every((byte, i) => bytes[i] === byte);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
