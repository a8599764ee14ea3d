import { describeDevice, FakeDisks, FakeLog, MemoryDisk, VirtioBench } from "@lockframe/testkit/testing";
import { expect, test, vi } from "vitest";
import plugin from "./index.ts";

const [definition] = plugin.devices;
if (definition === undefined) throw new Error("the plugin has no device");

describeDevice(definition, { config: { drive: { file: "disk.img" }, "num-queues": 2 } });

const [READ, WRITE, FLUSH, GET_ID, DISCARD, ZEROES] = [0, 1, 4, 8, 11, 13];
const [DONE, ERROR, UNSUPPORTED] = [0, 1, 2];
const SECTORS = 2048;

function attached(config: object = {}, drive: object = {}) {
  const disks = new FakeDisks(SECTORS * 512);
  const log = new FakeLog();
  const made = definition?.instantiate({ drive: { file: "d", ...drive }, ...config }, { disks, log });
  if (made?.virtio === undefined) throw new Error("it is no virtio device");
  const bench = new VirtioBench(made.virtio.function);
  const disk = disks.opened.get("d") ?? new MemoryDisk(0);
  return { bench, disk, log, made };
}

function header(type: number, sector = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return bytes;
}

function range(sector: number, sectors: number, flags = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(sector), true);
  view.setUint32(8, sectors, true);
  view.setUint32(12, flags, true);
  return bytes;
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("latin1");
}

test("sectors are written and read where they were asked for", () => {
  const { bench, disk } = attached();
  const [queue] = bench.start();
  const data = Uint8Array.from({ length: 1536 }, (_, i) => i % 251);
  expect([
    ...(queue?.request([header(WRITE, 5), data.subarray(0, 512), data.subarray(512)], [1]).bytes ?? []),
  ]).toEqual([DONE]);
  expect(disk.bytes.subarray(5 * 512, 8 * 512)).toEqual(data);
  const used = queue?.request([header(READ, 5)], [1000, 536, 1]);
  expect(used?.length).toBe(1537);
  expect(used?.bytes.subarray(0, 1536)).toEqual(Buffer.from(data));
  expect(used?.bytes[1536]).toBe(DONE);
});

test("a flush is finished when the disk has flushed", async () => {
  const { bench, disk } = attached();
  const [queue] = bench.start();
  queue?.add([header(FLUSH)], [1]);
  queue?.notify();
  expect(queue?.used()).toBeUndefined();
  await vi.waitFor(() => expect(queue?.used()?.bytes[0]).toBe(DONE));
  expect(disk.calls).toEqual(["flush"]);
});

test("a write that must be safe at once is finished after a flush, and none is offered", async () => {
  const { bench, disk } = attached({}, { cache: "writethrough" });
  const [queue] = bench.start();
  expect(bench.features & (1n << 9n)).toBe(0n);
  queue?.add([header(WRITE), new Uint8Array(512)], [1]);
  queue?.notify();
  expect(queue?.used()).toBeUndefined();
  await vi.waitFor(() => expect(queue?.used()?.bytes[0]).toBe(DONE));
  expect(disk.calls).toEqual(["flush"]);
});

test("what does not fit the disk, or its blocks, fails and changes nothing", () => {
  const { bench, disk } = attached({ logical_block_size: 4096 });
  const [queue] = bench.start();
  const block = new Uint8Array(4096).fill(9);
  const status = (...out: Uint8Array[]) => queue?.request(out, [1]).bytes[0];
  expect(status(header(WRITE, SECTORS - 8), block)).toBe(DONE);
  disk.bytes.fill(0);
  expect(status(header(WRITE, SECTORS - 4), block)).toBe(ERROR);
  expect(status(header(WRITE, SECTORS), block)).toBe(ERROR);
  expect(status(header(WRITE, 2 ** 52), block)).toBe(ERROR);
  expect(status(header(WRITE, 1), block)).toBe(ERROR);
  expect(status(header(WRITE, 0), block.subarray(0, 512))).toBe(ERROR);
  expect(status(header(99))).toBe(UNSUPPORTED);
  expect(disk.bytes.every((byte) => byte === 0)).toBe(true);
  expect(queue?.request([new Uint8Array(8)], [1]).length).toBe(0); // not even a header
  expect(bench.broken).toEqual([]);
});

test("a read-only disk says so and keeps its content", () => {
  const { bench, disk } = attached({}, { readOnly: true });
  const [queue] = bench.start();
  expect(bench.features & 0x6020n).toBe(0x20n);
  expect(queue?.request([header(WRITE), new Uint8Array(512).fill(1)], [1]).bytes[0]).toBe(ERROR);
  expect(queue?.request([header(ZEROES), range(0, 1)], [1]).bytes[0]).toBe(UNSUPPORTED);
  expect(disk.bytes[0]).toBe(0);
});

test("the serial number has 20 bytes, of which a driver takes what it likes", () => {
  const { bench } = attached({ serial: "LOCK-0001" });
  const [queue] = bench.start();
  expect(text(queue?.request([header(GET_ID)], [20, 1]).bytes)).toBe(`LOCK-0001${"\0".repeat(12)}`);
  expect(text(queue?.request([header(GET_ID)], [4, 1]).bytes)).toBe("LOCK\0");
});

test("ranges are discarded and made zero, one at a time and as large as they may be", () => {
  const { bench, disk } = attached();
  const [queue] = bench.start();
  const status = (...out: Uint8Array[]) => queue?.request(out, [1]).bytes[0];
  disk.bytes.fill(7);
  expect(status(header(ZEROES), range(2, 3, 1))).toBe(DONE);
  expect(status(header(DISCARD), range(8, 8))).toBe(DONE);
  expect(disk.calls).toEqual(["zeroes 1024 1536 true", "discard 4096 4096"]);
  expect(status(header(DISCARD), range(8, 8, 1))).toBe(UNSUPPORTED);
  expect(status(header(ZEROES), range(8, 8, 2))).toBe(UNSUPPORTED);
  expect(status(header(ZEROES), range(SECTORS - 1, 2))).toBe(ERROR);
  expect(status(header(ZEROES), range(0, 2), range(4, 2))).toBe(ERROR);
  expect(status(header(ZEROES), range(0, 2).subarray(0, 9))).toBe(ERROR);
});

test("a host that fails is an I/O error for the guest, and one line for the user", async () => {
  const { bench, disk, log } = attached();
  const [queue] = bench.start();
  disk.failure = new Error("no space left on device");
  expect(queue?.request([header(WRITE), new Uint8Array(512)], [1]).bytes[0]).toBe(ERROR);
  queue?.add([header(FLUSH)], [1]);
  queue?.notify();
  await vi.waitFor(() => expect(queue?.used()?.bytes[0]).toBe(ERROR));
  expect(log.lines).toEqual(["warn: the disk d failed: Error: no space left on device"]);
});

test("the configuration tells size, limits and queues, and the disk is closed at the end", async () => {
  const { bench, disk, made } = attached({ "num-queues": 3 });
  expect(bench.start()).toHaveLength(3);
  const config = Buffer.from(bench.read(0x22, 60));
  expect(config.readBigUInt64LE(0)).toBe(BigInt(SECTORS));
  expect([config.readUInt32LE(8), config.readUInt32LE(12), config.readUInt32LE(20)]).toEqual([
    2 ** 20,
    254,
    512,
  ]);
  expect(config.readUInt16LE(34)).toBe(3);
  await made.dispose?.();
  expect(disk.calls).toEqual(["close"]);
});
