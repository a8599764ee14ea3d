/** Disks whose tables are wrong: every one is refused with a code, none hangs the loader. */
import { LoaderError, openBootDisk, type Medium, type Program } from "@lockframe/ccw-bios";
import {
  type BootDiskOptions,
  Random,
  writeBootableIso,
  writeEckdBootDisk,
  writeScsiBootDisk,
} from "@lockframe/testkit";
import { expect, test } from "vitest";

const STORAGE = 0x1000000;
const kernel = Uint8Array.from({ length: 0x15000 }, (_, i) => i % 251);
const stage3 = new Uint8Array(0x4000).fill(3);
const options: BootDiskOptions = {
  stage3,
  entries: { 1: { kernel, commandLine: "words", name: "one" }, 3: { kernel, name: "three" } },
};
const dasd = { blockSize: 4096, geometry: { heads: 15, sectors: 12 } };

interface Disk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly medium: Medium;
}

function diskOf(bytes: Uint8Array, layout: Partial<Medium> = {}): Disk {
  const read = (offset: number, target: Uint8Array): void => {
    if (offset + target.length > bytes.length) throw new Error("read beyond the end");
    target.set(bytes.subarray(offset, offset + target.length));
  };
  return {
    bytes,
    view: new DataView(bytes.buffer),
    medium: { size: bytes.length, blockSize: 512, ...layout, read },
  };
}
const scsi = (): Disk => diskOf(writeScsiBootDisk(options));
const eckd = (layout: "cdl" | "cdl-list-directed" | "ldl"): Disk =>
  diskOf(writeEckdBootDisk(options, layout), dasd);

function load(disk: Disk, entry = 0): { readonly program: Program; readonly storage: Uint8Array } {
  const program = openBootDisk(disk.medium, STORAGE).program(entry);
  const storage = new Uint8Array(STORAGE);
  for (const { address, read } of program.pieces) storage.set(read(), address);
  return { program, storage };
}

test.for([
  ["SCSI", scsi],
  ["CDL", () => eckd("cdl")],
  ["list-directed", () => eckd("cdl-list-directed")],
  ["LDL", () => eckd("ldl")],
] as const)("what a whole disk offers is read: %s", ([scheme, make]) => {
  const opened = openBootDisk(make().medium, STORAGE);
  expect([opened.scheme, opened.entries]).toEqual([scheme, [0, 1, 3]]);
  const { program, storage } = load(make(), 1);
  expect(storage.subarray(0x10000, 0x10000 + kernel.length)).toEqual(kernel);
  expect(storage.subarray(0xa000, 0xe000)).toEqual(stage3);
  expect(Buffer.from(storage.subarray(0x1000, 0x1006)).toString()).toBe("words\0");
  expect(program.start).toEqual({ kind: "psw", psw: Uint8Array.from([0, 8, 0, 0, 0x80, 0, 0xa0, 0]) });
  expect(() => load(make(), 2)).toThrow(expect.objectContaining({ code: "LF-IPL-011" }));
});

/** Places of the tables on the SCSI disk, followed as the loader follows them. */
function places({ view }: Disk) {
  const block = (at: number): number => Number(view.getBigUint64(at)) * 512;
  const programs = block(16);
  const components = block(programs + 16);
  const segments = block(components + 32);
  return { programs, components, segments };
}

const damages: readonly (readonly [string, string, (disk: Disk, at: ReturnType<typeof places>) => void])[] = [
  ["no boot record", "LF-IPL-001", ({ bytes }) => bytes.fill(0, 0, 512)],
  ["no program table", "LF-IPL-001", ({ view }) => view.setBigUint64(16, 0n)],
  ["a program table beyond the end", "LF-IPL-002", ({ view }) => view.setBigUint64(16, 0xffffffffffffffffn)],
  ["a boot record in other blocks", "LF-IPL-014", ({ view }) => view.setUint16(24, 4096)],
  [
    "a program table without its mark",
    "LF-IPL-010",
    ({ bytes }, { programs }) => bytes.fill(0, programs, programs + 4),
  ],
  ["no default", "LF-IPL-011", ({ view }, { programs }) => view.setBigUint64(programs + 16, 0n)],
  [
    "a component table beyond the end",
    "LF-IPL-002",
    ({ view }, { programs }) => view.setBigUint64(programs + 16, 1n << 40n),
  ],
  [
    "a component table without its mark",
    "LF-IPL-010",
    ({ bytes }, { components }) => bytes.fill(0, components, components + 4),
  ],
  [
    "a component table of a dump",
    "LF-IPL-004",
    ({ bytes }, { components }) => bytes.fill(1, components + 4, components + 5),
  ],
  [
    "a component of no known type",
    "LF-IPL-012",
    ({ bytes }, { components }) => bytes.fill(9, components + 55, components + 56),
  ],
  [
    "no end of the components",
    "LF-IPL-012",
    ({ view }, { components }) => {
      for (let at = 32; at < 512; at += 32) {
        view.setBigUint64(components + at, 0n);
        view.setUint8(components + at + 23, 2);
        view.setBigUint64(components + at + 24, 0n);
      }
    },
  ],
  [
    "a load address beyond storage",
    "LF-IPL-020",
    ({ view }, { components }) => view.setBigUint64(components + 56, 1n << 60n),
  ],
  [
    "a load address at the end of storage",
    "LF-IPL-020",
    ({ view }, { components }) => view.setBigUint64(components + 56, BigInt(STORAGE - 512)),
  ],
  [
    "a list of segments beyond the end",
    "LF-IPL-002",
    ({ view }, { components }) => view.setBigUint64(components + 32, 1n << 30n),
  ],
  [
    "a segment beyond the end",
    "LF-IPL-002",
    ({ view }, { segments }) => view.setBigUint64(segments, 1n << 30n),
  ],
  [
    "a segment of too many blocks",
    "LF-IPL-002",
    ({ view }, { segments }) => view.setUint16(segments + 10, 0xffff),
  ],
  ["a segment in other blocks", "LF-IPL-014", ({ view }, { segments }) => view.setUint16(segments + 8, 1024)],
  [
    "a list of segments that goes on in itself",
    "LF-IPL-013",
    ({ view, bytes }, { segments }) => {
      view.setBigUint64(segments, BigInt(segments / 512));
      view.setUint16(segments + 10, 0);
      bytes.fill(0xaa, segments + 16, segments + 512);
    },
  ],
];

test.for(damages)("%s is refused: %s", ([, code, damage]) => {
  const disk = scsi();
  damage(disk, places(disk));
  expect(() => load(disk)).toThrow(expect.objectContaining({ code, name: "LoaderError" }));
});

test("components that are more than storage together are refused", () => {
  const disk = scsi();
  const { components } = places(disk);
  const third = components + 32 * 3; // the kernel
  for (let at = 32; at < 512; at += 32) disk.bytes.copyWithin(components + at, third, third + 32);
  const opened = openBootDisk(disk.medium, 0x100000);
  expect(() => opened.program(0)).toThrow(expect.objectContaining({ code: "LF-IPL-021" }));
});

test("a list of segments may go on in another block", () => {
  const disk = scsi();
  const { segments } = places(disk);
  const other = disk.bytes.length - 512;
  const moved = diskOf(Uint8Array.from(Buffer.concat([disk.bytes, new Uint8Array(512)])));
  moved.bytes.copyWithin(other + 512, segments, segments + 512);
  moved.view.setBigUint64(segments, BigInt(other / 512 + 1));
  moved.view.setUint16(segments + 10, 0);
  moved.bytes.fill(0xaa, segments + 16, segments + 512);
  expect(load(moved).storage.subarray(0xa000, 0xe000)).toEqual(stage3);
});

test("a disk that the host cannot read is refused", () => {
  const disk = scsi();
  const medium: Medium = {
    ...disk.medium,
    read() {
      throw new Error("EIO");
    },
  };
  expect(() => openBootDisk(medium, STORAGE)).toThrow(expect.objectContaining({ code: "LF-IPL-003" }));
});

test("a disk of a dump, and one that is too small, are refused", () => {
  const dump = eckd("ldl");
  dump.bytes[24 + 88 + 5] = 1;
  expect(() => load(dump)).toThrow(expect.objectContaining({ code: "LF-IPL-004" }));
  expect(() => load(diskOf(new Uint8Array(4096)))).toThrow(expect.objectContaining({ code: "LF-IPL-001" }));
});

test.for([
  ["SCSI", scsi],
  ["CDL", () => eckd("cdl")],
  ["list-directed", () => eckd("cdl-list-directed")],
  ["LDL", () => eckd("ldl")],
  ["El Torito", () => optical([bootImage(1)])],
] as const)("whatever bytes are changed, the loader ends: %s", ([, make]) => {
  const random = new Random(4711n);
  const whole = make();
  const tables = tableBytes(whole);
  for (let round = 0; round < 300; round++) {
    const disk = diskOf(whole.bytes.slice(), whole.medium);
    for (let change = 0; change < 3; change++) {
      const at = tables[random.below(tables.length)] ?? 0;
      disk.bytes[at] = random.below(2) === 0 ? 0xff : random.below(256);
    }
    try {
      const opened = openBootDisk(diskOf(disk.bytes, layoutOf(whole)).medium, STORAGE);
      for (const entry of [0, 1, 30]) opened.program(entry);
    } catch (error) {
      if (!(error instanceof LoaderError)) throw error;
    }
  }
});

function layoutOf({ medium }: Disk): Partial<Medium> {
  return { blockSize: medium.blockSize, geometry: medium.geometry };
}

/** Offsets of what is not zero, without the long runs of what is loaded. */
function tableBytes({ bytes, medium }: Disk): number[] {
  const found: number[] = [];
  for (let block = 0; block < bytes.length; block += medium.blockSize) {
    const content = bytes.subarray(block, block + medium.blockSize);
    const set = content.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
    if (set === 0 || set > 400) continue;
    content.forEach((byte, i) => byte !== 0 && found.push(block + i));
  }
  return found;
}

/** What begins as a kernel for a channel program does. */
function bootImage(fill: number, length = 0x9000): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill, 0x1000);
  bytes.set(Buffer.from("0008000080010000", "hex"));
  bytes.set(Buffer.from("020000186000005002000068600000504040404040404040", "hex"), 8);
  return bytes;
}
const optical = (images: readonly Uint8Array[]): Disk => diskOf(writeBootableIso(images));

test("an optical medium offers its images for this architecture, as long as their files", () => {
  const disk = optical([new Uint8Array(0x3000).fill(7), bootImage(1), bootImage(2, 0x5123)]);
  expect(openBootDisk(disk.medium, STORAGE)).toMatchObject({ scheme: "El Torito", entries: [0, 1, 2] });
  expect(load(disk).storage.subarray(0, 0x9000)).toEqual(bootImage(1));
  const { program, storage } = load(disk, 2);
  expect(program).toMatchObject({ pieces: [{ address: 0, length: 0x5123 }], start: { kind: "image" } });
  expect(storage.subarray(0, 0x5123)).toEqual(bootImage(2, 0x5123));
  expect(() => load(disk, 3)).toThrow(expect.objectContaining({ code: "LF-IPL-031" }));
});

test("an optical medium without a valid catalog is refused", () => {
  const disk = optical([bootImage(1)]);
  disk.bytes[20 * 2048 + 30] = 0;
  expect(() => load(disk)).toThrow(expect.objectContaining({ code: "LF-IPL-030" }));
  disk.bytes[17 * 2048 + 7] = 0;
  expect(() => load(disk)).toThrow(expect.objectContaining({ code: "LF-IPL-001" }));
});
