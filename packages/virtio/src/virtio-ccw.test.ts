import { PlainHostView } from "@lockframe/memory";
import { expect, test, vi } from "vitest";
import { feature } from "./feature-bits.ts";
import { bytes, VirtioBench, virtioCommand } from "./testing.ts";
import type { VirtioFunction, VirtioLine, VirtioRequest, Virtqueue } from "./virtio-function.ts";

/** Gives back what it reads, each byte one higher. */
function echo(extra: Partial<VirtioFunction> = {}): VirtioFunction & { line: VirtioLine | undefined } {
  return {
    line: undefined,
    features: 0x5n,
    queueSizes: [8, 4],
    connected(line) {
      this.line = line;
    },
    available(queue: Virtqueue) {
      for (let request = queue.next(); request !== undefined; request = queue.next()) answer(request);
    },
    ...extra,
  };
}

function answer(request: VirtioRequest): void {
  const count = Math.min(request.readable, request.writable);
  request.write(
    0,
    request.read(0, count).map((byte) => byte + 1),
  );
  request.complete(count);
}

const text = Uint8Array.of(1, 2, 3, 4, 5);
const rejected = { unitStatus: 0x0e };
const done = { unitStatus: 0x0c, subchannelStatus: 0 };

test("the control unit is 3832 and its model the type of device", () => {
  const bench = new VirtioBench(echo());
  expect([...bench.read(0xe4, 8)]).toEqual([0xff, 0x38, 0x32, 42, 0, 0, 0, 0]);
});

test.for([
  ["split", false, true],
  ["split without event index", false, false],
  ["packed", true, true],
  ["packed without event index", true, false],
] as const)("requests go through a %s queue, round and round", ([, packedRing, eventIndex]) => {
  const bench = new VirtioBench(echo(), { packedRing, eventIndex });
  const [queue, other] = bench.start();
  expect(other?.size).toBe(4);
  for (let turn = 0; turn < 30; turn++) {
    const used = queue?.request([text, Uint8Array.of(turn)], [2, 10], turn % 3 === 1);
    expect(used).toMatchObject({ length: 6 });
    expect([...(used?.bytes ?? [])]).toEqual([2, 3, 4, 5, 6, turn + 1, 0, 0, 0, 0, 0, 0]);
    expect(bench.takeIndicators()).toEqual({ interrupted: true, indicators: 0x80 });
  }
  expect(other?.request([], [1]).length).toBe(0);
  expect(bench.takeIndicators().indicators).toBe(0x40);
  expect(bench.broken).toEqual([]);
});

test("a driver that has the summary set is not interrupted again", () => {
  const bench = new VirtioBench(echo());
  const [queue] = bench.start();
  queue?.request([text], [5]);
  const before = bench.channel.css.interruptions.take(0xff000000);
  expect(before).toMatchObject({ word: 0x90000000 });
  queue?.request([text], [5]);
  expect(bench.channel.css.interruptions.take(0xff000000)).toBeUndefined();
});

test("classic indicators interrupt by the subchannel, for queues and configuration", () => {
  const device = echo();
  const bench = new VirtioBench(device);
  const { storage } = bench.channel;
  bench.command(virtioCommand.setRevision, bytes([2, 0], [2, 0]));
  expect(bench.command(virtioCommand.setIndicators, bytes([8, 0x3000]))).toMatchObject(done);
  expect(bench.command(virtioCommand.setConfigurationIndicators, bytes([8, 0x3008]))).toMatchObject(done);
  device.line?.configurationChanged();
  expect(bench.channel.test(bench.at)).toMatchObject({ control: 0x0011 });
  expect(storage.fetch64(0x3008)).toBe(1n);
});

test("a legacy driver has big-endian queues on pages and no feature beyond 31", () => {
  const bench = new VirtioBench(echo({ configuration: () => [{ size: 4, value: 0x11223344 }] }));
  const [queue] = bench.start({ revision: 0 });
  expect(bench.features >> 32n).toBe(0n);
  expect([...bench.read(virtioCommand.readConfiguration, 4)]).toEqual([0x11, 0x22, 0x33, 0x44]);
  expect([...(queue?.request([text], [5]).bytes ?? [])]).toEqual([2, 3, 4, 5, 6]);
});

test("revisions are negotiated downwards, once, until the subchannel is disabled", () => {
  const bench = new VirtioBench(echo(), { maximumRevision: 1 });
  const set = (revision: number) => bench.command(virtioCommand.setRevision, bytes([2, revision], [2, 0]));
  expect(set(2)).toMatchObject(rejected);
  expect(set(1)).toMatchObject(done);
  expect(set(1)).toMatchObject(rejected);
  bench.channel.modify(bench.at, (schib) => schib.setUint16(4, 0x0001));
  bench.channel.modify(bench.at, (schib) => schib.setUint16(4, 0x0081));
  expect(set(0)).toMatchObject(done);
});

test("features: the driver's choice counts as far as it was offered", () => {
  const started = vi.fn<(features: bigint) => void>();
  const bench = new VirtioBench(echo({ started }), { accessPlatform: true, packedRing: true });
  bench.start();
  const all =
    5n |
    feature.indirectDescriptors |
    feature.eventIndex |
    feature.version1 |
    feature.accessPlatform |
    feature.packedRing;
  expect(bench.offered()).toBe(all);
  expect(started).toHaveBeenCalledWith(all);
  const late = bench.command(virtioCommand.writeFeatures, bytes([4, 0], [1, 0]));
  expect(late).toMatchObject(rejected);
  expect(bench.command(virtioCommand.reset)).toMatchObject(done);
  expect(bench.status()).toBe(0);
});

test("a driver that ignores the IOMMU of its platform is refused", () => {
  const platform = new VirtioBench(echo(), { accessPlatform: true });
  expect(() => platform.start({ features: ~feature.accessPlatform })).toThrow("refused with e");
  const modern = new VirtioBench(echo());
  expect(() => modern.start({ features: ~feature.version1 })).toThrow("refused with e");
  expect(() => new VirtioBench(echo()).start({ features: feature.version1 })).not.toThrow();
});

test("the configuration is read, written and told of", () => {
  const configure = vi.fn<(bytes: Uint8Array) => void>();
  const device = echo({
    configure,
    configuration: () => [{ size: 2, value: 0x1234 }, { bytes: text }, { size: 8, value: 1n }],
  });
  const bench = new VirtioBench(device);
  bench.start();
  expect([...bench.read(virtioCommand.readConfiguration, 20)]).toEqual([
    0x34, 0x12, 1, 2, 3, 4, 5, 1, 0, 0, 0, 0, 0, 0, 0,
  ]);
  const beginning = { command: virtioCommand.readConfiguration, count: 3, address: 0x2000 };
  expect(bench.channel.run(bench.at, beginning)).toMatchObject(done);
  expect(bench.command(virtioCommand.writeConfiguration, bytes([2, 0x7777]))).toMatchObject(done);
  expect(configure).toHaveBeenCalledWith(Buffer.from([0x77, 0x77]));
  bench.command(virtioCommand.setConfigurationIndicators, bytes([8, 0x3010]));
  device.line?.configurationChanged();
  expect(bench.channel.storage.fetch64(0x3010)).toBe(1n);
});

test("commands with too little, or with nonsense, are rejected", () => {
  const bench = new VirtioBench(echo());
  bench.command(virtioCommand.setRevision, bytes([2, 2], [2, 0]));
  const queue = (index: number, size: number) =>
    bench.command(
      virtioCommand.setQueue,
      bytes([8, 0x10000], [4, 0], [2, index], [2, size], [8, 0x11000], [8, 0x12000]),
    );
  expect(queue(0, 8)).toMatchObject(done);
  expect(queue(0, 16)).toMatchObject(rejected);
  expect(queue(0, 6)).toMatchObject(rejected);
  expect(queue(0, 0)).toMatchObject(rejected);
  expect(queue(2, 8)).toMatchObject(rejected);
  for (const code of Object.values(virtioCommand)) {
    if (
      code === virtioCommand.reset ||
      code === virtioCommand.readConfiguration ||
      code === virtioCommand.readStatus
    )
      continue;
    if (code === virtioCommand.writeConfiguration) continue;
    const irb = bench.channel.run(bench.at, { command: code, count: 0, address: 0x2000 });
    expect(irb, code.toString(16)).toMatchObject(rejected);
  }
  expect(bench.command(virtioCommand.setIndicators, bytes([8, 0x3000]))).toMatchObject(done);
  const adapter = bytes([8, 0x3100], [8, 0x3000], [8, 0], [1, 2]);
  expect(bench.command(virtioCommand.setAdapterIndicators, adapter)).toMatchObject(rejected);
});

test("a queue that is not there, or not ready, is not served", () => {
  const available = vi.fn<() => void>();
  const bench = new VirtioBench(echo({ available }));
  expect(bench.transport.notify(2)).toBe(false);
  expect(bench.transport.notify(0)).toBe(true);
  expect(available).not.toHaveBeenCalled();
});

test("requests may be finished later, in any order, and are void after a reset", () => {
  const held: VirtioRequest[] = [];
  const device = echo({
    available(queue) {
      for (let next = queue.next(); next !== undefined; next = queue.next()) held.push(next);
    },
  });
  const bench = new VirtioBench(device);
  const [queue] = bench.start();
  const tokens = [1, 2, 3].map(() => queue?.add([text], [5]));
  queue?.notify();
  expect(held).toHaveLength(3);
  expect(bench.takeIndicators()).toEqual({ interrupted: false, indicators: 0 });
  for (const index of [2, 0]) if (held[index] !== undefined) answer(held[index]);
  expect(queue?.used()?.token).toBe(tokens[2]);
  expect(queue?.used()?.token).toBe(tokens[0]);
  expect(bench.takeIndicators()).toEqual({ interrupted: true, indicators: 0x80 });
  bench.command(virtioCommand.reset);
  const last = held[1];
  if (last === undefined) throw new Error("no third request");
  expect([...last.read(0, 5)]).toEqual([0, 0, 0, 0, 0]);
  answer(last);
  expect(queue?.used()).toBeUndefined();
});

test("a device that works too long at a stretch leaves the CPUs a turn", () => {
  const bench: VirtioBench = new VirtioBench(
    echo({
      available(queue) {
        for (let next = queue.next(); next !== undefined; next = queue.next()) {
          answer(next);
          bench.milliseconds += 2;
        }
      },
    }),
  );
  const [queue] = bench.start();
  for (let i = 0; i < 6; i++) queue?.add([text], [5]);
  queue?.notify();
  const finished = () => {
    let count = 0;
    while (queue?.used() !== undefined) count += 1;
    return count;
  };
  expect(finished()).toBe(3);
  expect(bench.channel.turn(5)).toBe(2); // the second finds nothing more to do
  expect(finished()).toBe(3);
});

test("what a guest keeps for itself breaks the device instead of being read", () => {
  const bench = new VirtioBench(echo(), {}, (storage) => {
    const plain = new PlainHostView(storage);
    return {
      side: "host",
      size: plain.size,
      read: (abs, length) => plain.read(abs, length),
      readInto: (abs, target) => plain.readInto(abs, target),
      write: (abs, data) => plain.write(abs, data),
      gather: (ranges, target) => plain.gather(ranges, target),
      scatter: (ranges, bytes) => plain.scatter(ranges, bytes),
      isDirect: (abs, length) => plain.isDirect(abs, length) && abs + length <= 0x50040,
    };
  });
  const [queue] = bench.start();
  bench.command(virtioCommand.setConfigurationIndicators, bytes([8, 0x3010]));
  expect(queue?.request([text], []).length).toBe(0);
  queue?.add([text], [5]); // beyond what is shared
  queue?.notify();
  expect(bench.broken).toEqual(["5 bytes at 50040 are not shared storage"]);
  expect(bench.channel.test(bench.at)).toMatchObject({ control: 0x0011 }); // the configuration changed
  expect(bench.status() & 0x40).toBe(0x40);
  expect(bench.channel.storage.fetch64(0x3010)).toBe(1n);
  expect(queue?.used()).toBeUndefined();
  bench.command(virtioCommand.reset);
  expect(bench.status()).toBe(0);
});
