import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { type Disk, diskSource } from "@lockframe/plugin-api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BlankOptions, checkImage, writeBlank } from "../../test/qcow2-image.ts";
import { DiskImages } from "../disk-images.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lockframe-qcow2-"));
  path = join(folder, "disk.qcow2");
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(source: object = {}): Disk {
  return new DiskImages().open(diskSource.parse({ file: path, format: "qcow2", ...source }));
}

function read(disk: Disk, offset: number, length: number): Uint8Array {
  const target = new Uint8Array(length).fill(0xee);
  disk.read(offset, target);
  return target;
}

/** A small generator, so that a failing case can be had again. */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
}

const kinds: readonly (readonly [string, Partial<BlankOptions>])[] = [
  ["of 64 KiB clusters", {}],
  ["of 512-byte clusters, whose tables grow", { clusterBits: 9 }],
  ["of version 2", { version: 2, clusterBits: 12 }],
  ["with counts of one bit", { clusterBits: 9, refcountOrder: 0 }],
  ["with counts of 64 bits", { clusterBits: 9, refcountOrder: 6 }],
  ["with counts of 8 bits", { clusterBits: 12, refcountOrder: 3 }],
];

test.for(kinds)("an image %s is a disk, and is consistent at the end", async ([, options]) => {
  const size = (options.clusterBits ?? 16) === 16 ? 2 ** 23 : 2 ** 20 + 1536;
  writeBlank(path, { size, ...options });
  const disk = open({ discard: true });
  const model = new Uint8Array(size);
  const random = dice(options.clusterBits ?? 1);
  for (let step = 0; step < 250; step++) {
    const offset = random(size / 512) * 512;
    const length = Math.min(size - offset, (random(40) + 1) * 512);
    const what = random(10);
    if (what < 6) {
      const bytes = new Uint8Array(length).fill(step % 251 || 1);
      disk.write(offset, bytes);
      model.set(bytes, offset);
    } else if (what < 8) {
      disk.writeZeroes(offset, length, what === 7);
      model.fill(0, offset, offset + length);
    } else if (what === 8)
      expect(read(disk, offset, length)).toEqual(model.subarray(offset, offset + length));
    else await disk.flush();
  }
  expect(Buffer.compare(read(disk, 0, size), model)).toBe(0);
  await disk.close();
  expect(checkImage(path)).toEqual({ errors: 0, leaks: 0 });
  const again = open({ readOnly: true });
  expect(Buffer.compare(read(again, 0, size), model)).toBe(0);
  await again.close();
});

test("whatever moment the process is killed at, what was flushed is there and no cluster has two users", async () => {
  const size = 2 ** 19;
  writeBlank(path, { size, clusterBits: 9 });
  const disk = open({ discard: true });
  const flushed = new Uint8Array(size);
  const random = dice(7);
  const copy = join(folder, "killed.qcow2");
  for (let step = 0; step < 25; step++) {
    const model = flushed.slice();
    const touched: [number, number][] = [];
    for (let each = 0; each < 8; each++) {
      const offset = random(size / 512) * 512;
      const length = Math.min(size - offset, (random(20) + 1) * 512);
      touched.push([offset, length]);
      if (each === 5) disk.discard(offset, length);
      else disk.write(offset, new Uint8Array(length).fill((step % 250) + 1));
      model.fill(each === 5 ? 0 : (step % 250) + 1, offset, offset + length);
      copyFileSync(path, copy); // all that a process leaves which is killed here
      expect(checkImage(copy).errors).toBe(0);
    }
    const killed = new DiskImages().open(diskSource.parse({ file: copy, format: "qcow2", readOnly: true }));
    const found = read(killed, 0, size);
    await killed.close();
    for (const [offset, length] of touched) found.set(flushed.subarray(offset, offset + length), offset);
    expect(Buffer.compare(found, flushed)).toBe(0);
    await disk.flush();
    flushed.set(read(disk, 0, size));
  }
  await disk.close();
});

describe("an image that rests on another", () => {
  beforeEach(() => {
    writeFileSync(join(folder, "base.raw"), Buffer.alloc(0x18000, 7));
    writeBlank(path, { size: 0x30000, clusterBits: 12, backing: { file: "base.raw", format: "raw" } });
  });

  test("shows the other through, also its end, and keeps what is written for itself", async () => {
    const disk = open({ discard: true });
    expect([...read(disk, 0x17ffe, 4)]).toEqual([7, 7, 0, 0]);
    disk.write(0x1800, Uint8Array.of(1, 2));
    expect([...read(disk, 0x17ff, 4)]).toEqual([7, 1, 2, 7]);
    disk.write(0x4000, new Uint8Array(0x1000).fill(1));
    disk.discard(0x4000, 0x1000);
    disk.writeZeroes(0x5000, 0x1000, true);
    expect([...read(disk, 0x3fff, 2), ...read(disk, 0x5fff, 2)]).toEqual([7, 0, 0, 7]);
    await disk.close();
    expect(readFileSync(join(folder, "base.raw")).every((byte) => byte === 7)).toBe(true);
    expect(checkImage(path)).toEqual({ errors: 0, leaks: 0 });
  });

  test("may be one of a chain, and a chain must end", async () => {
    const top = join(folder, "top.qcow2");
    writeBlank(top, { size: 0x30000, backing: { file: "disk.qcow2", format: "qcow2" } });
    const disk = open({ file: top });
    expect([...read(disk, 0x17fff, 2)]).toEqual([7, 0]);
    await disk.close();
    writeBlank(path, { size: 0x30000, backing: { file: "disk.qcow2", format: "qcow2" } });
    expect(() => open({ readOnly: true })).toThrow(expect.objectContaining({ code: "LF-DISK-024" }));
  });

  test("must say what format the other has, and find it", () => {
    writeBlank(path, { size: 0x30000, backing: { file: "base.raw" } });
    expect(() => open()).toThrow(expect.objectContaining({ code: "LF-DISK-023" }));
    writeBlank(path, { size: 0x30000, backing: { file: "gone", format: "raw" } });
    expect(() => open()).toThrow(expect.objectContaining({ code: "LF-DISK-001" }));
    writeBlank(path, { size: 0x30000, backing: { file: "json:{}", format: "raw" } });
    expect(() => open()).toThrow(expect.objectContaining({ code: "LF-DISK-021" }));
  });
});

test("compressed clusters are read, and unpacked when they are written to", async () => {
  writeBlank(path, { size: 0x20000, clusterBits: 12 });
  const image = Buffer.from(readFileSync(path));
  const content = Buffer.alloc(4096, "lockframe ");
  const packed = deflateRawSync(content);
  const [l2, data] = [0x4000, 0x5000];
  const grown = Buffer.concat([image, Buffer.alloc(0x6000 - image.length)]);
  grown.writeBigUInt64BE(BigInt(l2) | (1n << 63n), 0x3000);
  packed.copy(grown, data + 100);
  const sectors = Math.ceil((100 + packed.length) / 512) - 1;
  grown.writeBigUInt64BE((1n << 62n) | (BigInt(sectors) << 58n) | BigInt(data + 100), l2);
  for (const index of [4, 5]) grown.writeUInt16BE(1, 0x2000 + 2 * index);
  writeFileSync(path, grown);
  expect(checkImage(path)).toEqual({ errors: 0, leaks: 0 });
  const disk = open();
  expect(Buffer.from(read(disk, 0, 4096))).toEqual(content);
  disk.write(10, Buffer.from("LOCK"));
  expect(Buffer.from(read(disk, 0, 20)).toString()).toBe("lockframe LOCKframe ");
  await disk.close();
  expect(checkImage(path)).toEqual({ errors: 0, leaks: 0 });
});

test("clusters that a snapshot refers to as well are copied before they are written", async () => {
  writeBlank(path, { size: 0x20000, clusterBits: 12 });
  const first = open();
  first.write(0, new Uint8Array(8192).fill(3));
  await first.close();
  const image = readFileSync(path);
  const l2 = Number(image.readBigUInt64BE(0x3000) & 0xfffffffffffe00n);
  image.writeBigUInt64BE(BigInt(l2), 0x3000); // shared: not owned, and counted twice
  image.writeUInt16BE(2, 0x2000 + 2 * (l2 / 4096));
  for (const place of [0, 1]) {
    const data = Number(image.readBigUInt64BE(l2 + 8 * place) & 0xfffffffffffe00n);
    image.writeBigUInt64BE(BigInt(data), l2 + 8 * place);
    image.writeUInt16BE(2, 0x2000 + 2 * (data / 4096));
  }
  writeFileSync(path, image);
  const disk = open();
  disk.write(100, Uint8Array.of(9));
  expect([...read(disk, 99, 3)]).toEqual([3, 9, 3]);
  await disk.close();
  const after = readFileSync(path);
  const old = Number(after.readBigUInt64BE(l2) & 0xfffffffffffe00n);
  expect(after.subarray(old, old + 4096).every((byte) => byte === 3)).toBe(true);
  expect(checkImage(path)).toMatchObject({ errors: 0 });
});

test.for([
  ["no magic", (view) => view.setUint32(0, 0), "LF-DISK-020"],
  ["version 4", (view) => view.setUint32(4, 4), "LF-DISK-021"],
  ["encryption", (view) => view.setUint32(32, 1), "LF-DISK-021"],
  ["an external data file", (view) => view.setBigUint64(72, 4n), "LF-DISK-021"],
  ["extended tables", (view) => view.setBigUint64(72, 16n), "LF-DISK-021"],
  ["a feature from the future", (view) => view.setBigUint64(72, 1n << 40n), "LF-DISK-021"],
  ["stale counts", (view) => view.setBigUint64(72, 1n), "LF-DISK-022"],
  ["a mark of corruption", (view) => view.setBigUint64(72, 2n), "LF-DISK-022"],
  ["tiny clusters", (view) => view.setUint32(20, 3), "LF-DISK-022"],
  ["huge clusters", (view) => view.setUint32(20, 40), "LF-DISK-022"],
  ["huge counts", (view) => view.setUint32(96, 9), "LF-DISK-022"],
  ["a size beyond its tables", (view) => view.setBigUint64(24, 1n << 40n), "LF-DISK-022"],
  ["a size beyond everything", (view) => view.setBigUint64(24, 1n << 60n), "LF-DISK-022"],
  ["a huge first-level table", (view) => view.setUint32(36, 0xffffffff), "LF-DISK-022"],
  ["a first-level table nowhere", (view) => view.setBigUint64(40, 1n << 40n), "LF-DISK-022"],
  ["a crooked first-level table", (view) => view.setBigUint64(40, 0x30001n), "LF-DISK-022"],
  ["a huge refcount table", (view) => view.setUint32(56, 0xffffffff), "LF-DISK-022"],
  ["no refcount table", (view) => view.setUint32(56, 0), "LF-DISK-022"],
  [
    "a long name of a backing file",
    (view) => {
      view.setBigUint64(8, 200n);
      view.setUint32(16, 5000);
    },
    "LF-DISK-022",
  ],
] as const satisfies readonly (readonly [string, (view: DataView) => void, string])[])(
  "%s is refused",
  ([, spoil, code]) => {
    writeBlank(path, { size: 2 ** 20, spoil });
    expect(() => open()).toThrow(expect.objectContaining({ code }));
  },
);

/** Header, refcount table, refcount block, L1, L2 and data of an image of one 4 KiB cluster at its beginning. */
async function writeSmall(): Promise<{ readonly image: Buffer; readonly l2: number }> {
  writeBlank(path, { size: 0x20000, clusterBits: 12 });
  const disk = open();
  disk.write(0, new Uint8Array(4096).fill(7));
  await disk.close();
  const image = readFileSync(path);
  return { image, l2: Number(image.readBigUInt64BE(0x3000) & 0xfffffffffffe00n) };
}

const OWNED = 1n << 63n;

/** Count the cluster that has the data so often. */
function count(image: Buffer, l2: number, users: number): void {
  const data = Number(image.readBigUInt64BE(l2) & 0xfffffffffffe00n);
  image.writeUInt16BE(users, 0x2000 + 2 * (data / 4096));
}

test.for([
  ["an L2 table that is the L1 table", (image) => image.writeBigUInt64BE(OWNED | 0x3000n, 0x3000)],
  ["an L2 table that is the refcount table", (image) => image.writeBigUInt64BE(OWNED | 0x1000n, 0x3000)],
  ["an L2 table behind the end", (image) => image.writeBigUInt64BE(OWNED | (1n << 40n), 0x3000)],
  ["an L2 table between clusters", (image) => image.writeBigUInt64BE(OWNED | 0x4200n, 0x3000)],
  ["a refcount block that is the L1 table", (image) => image.writeBigUInt64BE(0x3000n, 0x1000)],
  ["a refcount block behind the end", (image) => image.writeBigUInt64BE(1n << 40n, 0x1000)],
  ["the same refcount block twice", (image) => image.writeBigUInt64BE(0x2000n, 0x1008)],
  ["an L1 table that is the refcount table", (image) => image.writeBigUInt64BE(0x1000n, 40)],
] as const satisfies readonly (readonly [string, (image: Buffer) => void])[])(
  "an image with %s is not written to",
  async ([, spoil]) => {
    const { image } = await writeSmall();
    spoil(image);
    writeFileSync(path, image);
    expect(() => open()).toThrow(expect.objectContaining({ code: "LF-DISK-022" }));
    const disk = open({ readOnly: true });
    expect(() => disk.read(0x8000, new Uint8Array(512))).not.toThrow(/RangeError/);
    await disk.close();
    expect(readFileSync(path).equals(image)).toBe(true);
  },
);

test.for([
  ["behind the end of the file", (image, l2) => image.writeBigUInt64BE(OWNED | (1n << 45n), l2)],
  ["that is counted as free", (image, l2) => count(image, l2, 0)],
  ["that is counted twice", (image, l2) => count(image, l2, 2)],
  ["where a table is", (image, l2) => image.writeBigUInt64BE(OWNED | 0x3000n, l2)],
] as const satisfies readonly (readonly [string, (image: Buffer, l2: number) => void])[])(
  "nothing is written in place to a cluster %s",
  async ([, spoil]) => {
    const { image, l2 } = await writeSmall();
    spoil(image, l2);
    writeFileSync(path, image);
    const disk = open();
    expect(() => disk.write(0, Uint8Array.of(1))).toThrow(/counted|tables/);
    await disk.close();
    expect(readFileSync(path).length).toBe(image.length);
  },
);

test("a table of snapshots that is damaged is none of the active disk's business", async () => {
  const { image } = await writeSmall();
  image.writeUInt32BE(0xffffffff, 60); // how many there are
  image.writeBigUInt64BE(1n << 60n, 64); // and where
  writeFileSync(path, image);
  const disk = open();
  disk.write(512, Uint8Array.of(9));
  expect([...read(disk, 511, 3)]).toEqual([7, 9, 7]);
  await disk.close();
});

test("a damaged image is refused or fails its reads and writes, and nothing worse", async () => {
  const random = dice(11);
  for (let round = 0; round < 60; round++) {
    writeBlank(path, { size: 2 ** 18, clusterBits: 9 });
    const whole = open();
    whole.write(0, new Uint8Array(0x8000).fill(1));
    await whole.close();
    const image = readFileSync(path);
    for (let each = 0; each < 12; each++) image[0x200 + random(image.length - 0x200)] = random(256);
    writeFileSync(path, image);
    let disk: Disk;
    try {
      disk = open();
    } catch (error) {
      expect(error).toMatchObject({ code: "LF-DISK-022" });
      continue;
    }
    for (let each = 0; each < 20; each++) {
      const offset = random(0x200) * 512;
      try {
        disk.read(offset, new Uint8Array(1024));
        disk.write(offset, new Uint8Array(1024).fill(2));
      } catch (error) {
        expect(String(error)).toMatch(/CorruptImage|Error: /);
      }
    }
    await disk.close().catch((error: unknown) => expect(error).toBeInstanceOf(Error));
    expect(readFileSync(path).length).toBeLessThan(2 ** 22);
    expect([...readFileSync(path).subarray(0, 4)]).toEqual([0x51, 0x46, 0x49, 0xfb]);
  }
});
