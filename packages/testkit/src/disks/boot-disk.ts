/**
 * Small bootable disks, as `zipl` of s390-tools makes them bootable. Sources: s390-tools zipl/src/bootmap.c,
 * zipl/src/boot.c, include/boot; QEMU pc-bios/s390-ccw/bootmap.h.
 */
import { encodeEbcdic } from "@lockframe/architecture";
import { BlockWriter } from "./block-writer.ts";

/** What an entry of the boot menu starts. */
export interface BootEntry {
  /** Kernel as it comes, or a Secure Execution image. */
  readonly kernel: Uint8Array;
  readonly commandLine?: string;
  readonly initrd?: Uint8Array;
  /** What the menu of an ECKD disk calls it. */
  readonly name?: string;
}

export interface BootDiskOptions {
  /** `stage3.bin` of s390-tools, which starts what was loaded; absent: the kernel is started at once, without parameters. */
  readonly stage3?: Uint8Array;
  /** By their number in the menu, from 1 on. */
  readonly entries: Readonly<Record<number, BootEntry>>;
  /** The entry that starts when none is chosen; absent: the first. */
  readonly defaultEntry?: number;
  /** Menu of an ECKD disk: shown for so many seconds, 0 for ever; absent: not shown. */
  readonly menuTimeout?: number;
}

/** Layouts of disks with 4096-byte blocks and tracks: compatible (CDL) by CCW-type or list-directed IPL, and Linux (LDL). */
export type EckdLayout = "cdl" | "cdl-list-directed" | "ldl";

const MAGIC = new TextEncoder().encode("zIPL");
const STAGE3_AT = 0xa000;
const PARAMETERS_AT = 0x9000;
const COMMAND_LINE_AT = 0x1000;
const IMAGE_AT = 0x10000;
const LOWEST_INITRD = 0x1000000;
const MIB = 0x100000;
const SHORT_PSW = 0x0008000080000000n;
const NOT_GIVEN = 0xffffffffffffffffn;
const POINTER = 16;
const COMPONENT = 32;
const componentType = { execute: 1, load: 2 } as const;
const HEADS = 15;
const SECTORS = 12;

/** Writes pointers to blocks in the form of a kind of disk. */
type PointerForm = (block: number, count: number, blockSize: number) => Uint8Array;

const linearPointer: PointerForm = (block, count, blockSize) =>
  structure(POINTER, (view) => {
    view.setBigUint64(0, BigInt(block));
    view.setUint16(8, blockSize);
    view.setUint16(10, count - 1);
  });

const ccwPointer: PointerForm = (block, count, blockSize) =>
  structure(POINTER, (view) => {
    const { cylinder, head, sector } = place(block);
    view.setUint16(0, cylinder);
    view.setUint16(2, head);
    view.setUint8(4, sector);
    view.setUint16(5, blockSize);
    view.setUint8(7, count - 1);
  });

const listDirectedPointer: PointerForm = (block, count) =>
  structure(POINTER, (view) => {
    const { cylinder, head, sector } = place(block);
    view.setUint32(0, cylinder);
    view.setUint8(4, head);
    view.setUint8(5, sector);
    view.setUint16(10, count - 1);
  });

/** A disk without tracks: SCSI, FBA, or any disk of virtio. */
export function writeScsiBootDisk(options: BootDiskOptions, blockSize = 512): Uint8Array {
  const writer = new BlockWriter(blockSize, 1);
  const table = writePrograms(writer, linearPointer, 0x10000, options);
  const record = new Uint8Array(blockSize);
  record.set(MAGIC);
  new DataView(record.buffer).setUint32(4, 1);
  record.set(linearPointer(table, 1, blockSize), POINTER);
  writer.put(0, record);
  return writer.finish();
}

/** A disk with tracks of twelve 4096-byte blocks and cylinders of 15 tracks, as a DASD. */
export function writeEckdBootDisk(options: BootDiskOptions, layout: EckdLayout): Uint8Array {
  const blockSize = 4096;
  const writer = new BlockWriter(blockSize, 3);
  const pointer = layout === "cdl-list-directed" ? listDirectedPointer : ccwPointer;
  const table = writePrograms(writer, pointer, layout === "cdl-list-directed" ? 0x10000 : 0x100, options);
  const tablePointer = pointer(table, 1, blockSize);
  const label = encodeEbcdic(layout === "ldl" ? "LNX1TEST01" : "VOL1VOL1TEST01");
  const volume = new Uint8Array(blockSize);
  volume.set(label);
  if (layout === "cdl-list-directed") {
    const { block } = writer.append(
      structure(32, (view, bytes) => {
        bytes.set(MAGIC);
        view.setUint32(4, 1);
        bytes.set(tablePointer, 16);
      }),
    );
    const { cylinder, head, sector } = place(block);
    const view = new DataView(volume.buffer);
    view.setUint16(78, cylinder);
    view.setUint16(80, head);
    view.setUint8(82, sector);
  }
  writer.put(2, volume);
  const stage1b = writeStage2(writer, options);
  const stage1 = stage1Record(stage1b, tablePointer);
  if (layout === "ldl") writer.put(0, concatenate(new Uint8Array(24), stage1));
  else {
    writer.put(0, encodeEbcdic("IPL1"));
    writer.put(1, concatenate(encodeEbcdic("IPL2"), stage1));
  }
  return writer.finish(HEADS * SECTORS);
}

/** The programs and the table of them. Returns the block of that. */
function writePrograms(
  writer: BlockWriter,
  pointer: PointerForm,
  mostBlocks: number,
  { stage3, entries, defaultEntry }: BootDiskOptions,
): number {
  const { blockSize } = writer;
  const load = (bytes: Uint8Array, address: number): Uint8Array => {
    const { block, count } = writer.append(bytes);
    const pointers: Uint8Array[] = [];
    for (let done = 0; done < count; done += mostBlocks)
      pointers.push(pointer(block + done, Math.min(mostBlocks, count - done), blockSize));
    const list = writeSegmentList(writer, pointer, pointers);
    return component(componentType.load, BigInt(address), pointer(list, 1, blockSize));
  };
  const table = new Uint8Array(blockSize);
  table.set(MAGIC);
  const numbers = Object.keys(entries).map(Number);
  for (const number of numbers) {
    const entry = entries[number];
    if (entry === undefined) continue;
    const components = [
      ...(stage3 === undefined
        ? [load(entry.kernel.subarray(IMAGE_AT), IMAGE_AT)]
        : [
            load(stage3, STAGE3_AT),
            load(stage3Parameters(entry), PARAMETERS_AT),
            load(entry.kernel, IMAGE_AT),
          ]),
      ...(entry.commandLine === undefined
        ? []
        : [load(new TextEncoder().encode(`${entry.commandLine}\0`), COMMAND_LINE_AT)]),
      ...(entry.initrd === undefined ? [] : [load(entry.initrd, initrdAddress(entry))]),
      component(
        componentType.execute,
        SHORT_PSW | BigInt(stage3 === undefined ? IMAGE_AT : STAGE3_AT),
        new Uint8Array(POINTER),
      ),
    ];
    const header = new Uint8Array(COMPONENT);
    header.set(MAGIC);
    const { block } = writer.append(concatenate(header, ...components));
    const found = pointer(block, 1, blockSize);
    table.set(found, POINTER * (number + 1));
    if (number === (defaultEntry ?? numbers[0])) table.set(found, POINTER);
  }
  return writer.append(table).block;
}

/** Lists of pointers, each block but the last ending in a pointer to the next. */
function writeSegmentList(
  writer: BlockWriter,
  pointer: PointerForm,
  pointers: readonly Uint8Array[],
): number {
  const perBlock = writer.blockSize / POINTER - 1;
  let next: Uint8Array | undefined;
  let block = 0;
  for (let first = Math.floor((pointers.length - 1) / perBlock) * perBlock; first >= 0; first -= perBlock) {
    const list = new Uint8Array(writer.blockSize);
    pointers.slice(first, first + perBlock).forEach((bytes, n) => list.set(bytes, n * POINTER));
    if (next !== undefined) list.set(next, perBlock * POINTER);
    ({ block } = writer.append(list));
    next = pointer(block, 1, writer.blockSize);
  }
  return block;
}

function component(type: number, data: bigint, pointer: Uint8Array): Uint8Array {
  return structure(COMPONENT, (view, bytes) => {
    bytes.set(pointer);
    view.setUint8(23, type);
    view.setBigUint64(24, data);
  });
}

/** What the third stage finds beside itself: where things lie, and where to begin. */
function stage3Parameters(entry: BootEntry): Uint8Array {
  const { kernel, initrd, commandLine } = entry;
  return structure(80, (view) => {
    const words = [
      commandLine === undefined ? NOT_GIVEN : BigInt(COMMAND_LINE_AT),
      initrd === undefined ? 0n : BigInt(initrdAddress(entry)),
      BigInt(initrd?.length ?? 0),
      SHORT_PSW | BigInt(IMAGE_AT),
      0n,
      0n,
      BigInt(kernel.length),
      BigInt(IMAGE_AT),
      NOT_GIVEN,
      0n,
    ];
    words.forEach((word, n) => view.setBigUint64(8 * n, word));
  });
}

function initrdAddress({ kernel }: BootEntry): number {
  return Math.max(LOWEST_INITRD, Math.ceil((IMAGE_AT + kernel.length) / MIB) * MIB);
}

/** Stage 1b with the places of stage 2, of which there is but the menu. Returns the block of stage 1b. */
function writeStage2(writer: BlockWriter, options: BootDiskOptions): number {
  const { block } = writer.append(menu(options));
  return writer.append(structure(writer.blockSize, (_view, bytes) => bytes.set(seekArgument(block), 24 * 32)))
    .block;
}

/** Menu of stage 2: flags, timeout, offsets of its texts, the texts in EBCDIC. */
function menu({ entries, defaultEntry, menuTimeout }: BootDiskOptions): Uint8Array {
  const [flagAt, bannerAt] = [0x200, 0x200 + 140];
  const numbers = Object.keys(entries).map(Number);
  const first = defaultEntry ?? numbers[0];
  const texts = [
    "zIPL v2.40.0 interactive boot menu",
    ` 0. default (${entries[first ?? 0]?.name ?? "linux"})`,
    ...numbers.map((number) => `${String(number).padStart(2)}. ${entries[number]?.name ?? "linux"}`),
  ];
  return structure(4096, (view, bytes) => {
    view.setUint16(flagAt, menuTimeout === undefined ? 0 : 1);
    view.setUint16(flagAt + 2, menuTimeout ?? 0);
    let at = bannerAt;
    for (const text of texts) {
      bytes.set(encodeEbcdic(text), at);
      at += text.length + 1;
    }
  });
}

/** Channel program of stage 1 (none is run here), where stage 1b lies, and the boot record. */
function stage1Record(stage1b: number, table: Uint8Array): Uint8Array {
  return structure(72 + 16 + 32, (view, bytes) => {
    bytes.set(seekArgument(stage1b), 72);
    bytes.set(MAGIC, 88);
    view.setUint8(92, 1); // version
    view.setUint8(95, 1); // 64 bits
    bytes.set(table, 96);
  });
}

function seekArgument(block: number): Uint8Array {
  return structure(8, (view) => {
    const { cylinder, head, sector } = place(block);
    view.setUint16(2, cylinder);
    view.setUint16(4, head);
    view.setUint8(6, sector);
  });
}

function place(block: number): { cylinder: number; head: number; sector: number } {
  return {
    cylinder: Math.floor(block / (HEADS * SECTORS)),
    head: Math.floor(block / SECTORS) % HEADS,
    sector: (block % SECTORS) + 1,
  };
}

function structure(length: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer), bytes);
  return bytes;
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
