import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, diskSource } from "@lockframe/plugin-api";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DiskImages } from "./disk-images.ts";

let folder: string;
let file: string;
const opened: Disk[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lockframe-disk-"));
  file = join(folder, "disk.img");
  writeFileSync(file, "");
  truncateSync(file, 0x30000);
});
afterEach(async () => {
  for (const disk of opened.splice(0)) await disk.close();
  rmSync(folder, { recursive: true });
});

function open(source: object = {}, images = new DiskImages()): Disk {
  const disk = images.open(diskSource.parse({ file, ...source }));
  opened.push(disk);
  return disk;
}

function read(disk: Disk, offset: number, length: number): number[] {
  const target = new Uint8Array(length).fill(0xee);
  disk.read(offset, target);
  return [...target];
}

test("a raw image is its disk, byte for byte, and grows a sector that it lacks", async () => {
  truncateSync(file, 0x30001);
  const disk = open();
  expect(disk.size).toBe(0x30200);
  disk.write(0x2ffff, Uint8Array.of(1, 2, 3));
  expect(read(disk, 0x2fffe, 5)).toEqual([0, 1, 2, 3, 0]);
  disk.writeZeroes(0x2ffff, 2, true);
  expect(read(disk, 0x2fffe, 5)).toEqual([0, 0, 0, 3, 0]);
  disk.discard(0, 512);
  await disk.flush();
  expect(readFileSync(file)[0x30001]).toBe(3);
});

test("a snapshot keeps the image as it is and leaves nothing behind", async () => {
  writeFileSync(file, Buffer.alloc(0x30000, 5));
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith("lockframe-snapshot-"));
  chmodSync(file, 0o444);
  const disk = open({ snapshot: true });
  expect(disk.readOnly).toBe(false);
  disk.write(0xfffe, Uint8Array.of(1, 2, 3, 4));
  disk.write(0x20000, new Uint8Array(0x10000).fill(9));
  expect(read(disk, 0xfffd, 6)).toEqual([5, 1, 2, 3, 4, 5]);
  expect(read(disk, 0x1ffff, 2)).toEqual([5, 9]);
  disk.writeZeroes(0x10000, 0x10001, false);
  expect(read(disk, 0xffff, 2)).toEqual([2, 0]);
  expect(read(disk, 0x20000, 2)).toEqual([0, 9]);
  await disk.flush();
  expect(readFileSync(file).every((byte) => byte === 5)).toBe(true);
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith("lockframe-snapshot-"));
  expect(after).toEqual(before);
});

test("an image is behind one disk that writes, or several that do not", () => {
  const images = new DiskImages();
  open({ readOnly: true }, images);
  open({ readOnly: true }, images);
  expect(() => open({}, images)).toThrow(expect.objectContaining({ code: "LF-DISK-003" }));
});

test("a guessed raw image cannot be made to look like another format", () => {
  const disk = open({ guessed: true });
  disk.write(0, Buffer.from("QFIx"));
  expect(() => disk.write(3, Uint8Array.of(0xfb))).toThrow("another format");
  expect(() => disk.write(0, Buffer.from("QFI\xfb", "latin1"))).toThrow("another format");
  expect(read(disk, 0, 4)).toEqual([...Buffer.from("QFIx")]);
  open({ file: `${file}` }, new DiskImages()).write(0, Buffer.from("QFI\xfb", "latin1"));
});

test.for([
  [{ file: "nowhere.img" }, "LF-DISK-001"],
  [{ file: "." }, "LF-DISK-001"],
  [{ file: "/dev/null" }, "LF-DISK-002"],
  [{ format: "vdi" }, "LF-DISK-010"],
] as const)("%j is refused", ([source, code]) => {
  expect(() => open(source)).toThrow(expect.objectContaining({ code }));
});
