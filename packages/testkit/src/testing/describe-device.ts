/** What every device must be, whatever it does. One line in its test: `describeDevice(definition, { config })`. */
import { ChannelBench } from "@lockframe/channel-subsystem/testing";
import type { Capabilities, Device, DeviceDefinition } from "@lockframe/plugin-api";
import { z } from "@lockframe/plugin-api";
import { feature } from "@lockframe/virtio";
import { deviceStatus } from "@lockframe/virtio";
import { type DriverQueue, VirtioBench, virtioCommand } from "@lockframe/virtio/testing";
import { PlainHostView, type Storage } from "@lockframe/memory";
import { describe, expect, test } from "vitest";
import { Random } from "../random.ts";
import { fakeCapabilities } from "./fake-capabilities.ts";

export interface DeviceUnderTest {
  /** Properties with which it can be created. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** In place of the fakes of the same name. */
  readonly capabilities?: Partial<Capabilities>;
}

const ROUNDS = 40;

/** Conformance: strict properties, declared needs, state that comes back, and no guest that can break it. */
export function describeDevice(
  definition: DeviceDefinition,
  { config = {}, capabilities = {} }: DeviceUnderTest = {},
): void {
  const create = (saved?: unknown): Device =>
    definition.instantiate(config, onlyNeeded(definition, capabilities), saved);

  describe(`${definition.type} is a device`, () => {
    test("with strict properties that an editor can be told of", () => {
      const stranger = { ...config, "no-such-property": 1 };
      expect(() => definition.instantiate(stranger, onlyNeeded(definition, capabilities))).toThrow(
        "no-such-property",
      );
      expect(z.toJSONSchema(definition.config, { io: "input" })).toMatchObject({ type: "object" });
      expect(definition.title).not.toBe("");
    });

    test("that asks for what it uses", () => {
      for (const name of definition.needs) {
        const lacking = { ...onlyNeeded(definition, capabilities), [name]: undefined };
        expect(() => definition.instantiate(config, lacking), name).toThrow(name);
      }
      expect(() => create()).not.toThrow();
    });

    test("whose state survives being saved and restored", () => {
      const device = create();
      if (device.channel !== undefined) playChannel(device.channel, 1);
      const saved = device.save?.();
      expect(saved === undefined).toBe(definition.state === undefined);
      expect(create(saved).save?.()).toEqual(saved);
    });

    if (definition.class === "channel") describeChannel(create);
    if (definition.class === "virtio") describeVirtio(create);
    if (definition.class === "diagnose") describeDiagnose(create);
  });
}

function describeDiagnose(create: () => Device): void {
  test("that no call makes throw, and that can be reset at any time", () => {
    const random = new Random(1n);
    const device = create();
    for (let round = 0; round < 500; round++) {
      const registers = Array.from({ length: 16 }, () =>
        random.below(2) === 0 ? random.bits64() : BigInt(random.below(32)),
      );
      const call = { r1: random.below(16), r3: random.below(16), gr: (n: number) => registers[n] ?? 0n };
      for (const [register, value] of device.diagnose?.execute(call) ?? []) {
        expect(register).toBeLessThan(16);
        expect(BigInt.asUintN(64, value)).toBe(value);
      }
      if (random.below(10) === 0) device.reset?.();
    }
    expect(device.diagnose?.code).toBeDefined();
  });
}

type Channel = NonNullable<Device["channel"]>;

function describeChannel(create: () => Device): void {
  const channelOf = (): Channel => {
    const { channel } = create();
    if (channel === undefined) throw new Error("it has nothing to attach to a subchannel");
    return channel;
  };

  test("that rejects commands which it does not know", () => {
    const channel = channelOf();
    const bench = new ChannelBench();
    const at = bench.attach(channel.device, { senseId: channel.senseId });
    for (let code = 1; code < 256; code++) {
      const known = channel.device.commands[code] !== undefined || [0x03, 0x04, 0xe4].includes(code);
      if (known || (code & 0xf) === 0 || (code & 0xf) === 8) continue;
      const irb = bench.run(at, { command: code, flags: 0x20, count: 1, address: 0x2000 });
      expect(irb.unitStatus, code.toString(16)).toBe(0x0e);
      bench.run(at, { command: 0x04, flags: 0x20, count: 1, address: 0x2000 });
      expect(bench.storage.fetch8(0x2000)).toBe(0x80);
    }
  });

  test("that no channel program makes throw", () => {
    for (let seed = 0; seed < ROUNDS; seed++) expect(playChannel(channelOf(), seed)).toEqual([]);
  });

  test("that can be reset again and again", () => {
    const channel = channelOf();
    const bench = new ChannelBench();
    bench.attach(channel.device);
    bench.css.reset();
    bench.css.reset();
    expect(bench.failures).toEqual([]);
  });
}

/** Run random channel programs against a device. Returns what it threw. */
function playChannel({ device, senseId }: Channel, seed: number): readonly unknown[] {
  const bench = new ChannelBench();
  const at = bench.attach(device, { senseId });
  const random = new Random(BigInt(seed + 1));
  const codes = [...Object.keys(device.commands).map(Number), 0x03, 0x04, 0xe4, 0x08, 0xff];
  const words = Array.from({ length: 6 }, () => ({
    command: codes[random.below(codes.length)] ?? 3,
    flags: random.below(256) & ~0x02,
    count: [0, 1, 5, 80, 4096, 0xffff][random.below(6)] ?? 1,
    address: [0, 0x1000, 0x2000, 0x8000, 0xffff0, 0x7fffffff][random.below(6)] ?? 0,
  }));
  bench.start(at, { address: bench.program(0x1000, ...words) });
  bench.turn(3);
  bench.test(at);
  bench.css.clearSubchannel(BigInt(at.identification));
  return bench.failures;
}

function describeVirtio(create: () => Device): void {
  const bench = (
    options: { packedRing?: boolean; accessPlatform?: boolean } = {},
    view?: (storage: Storage) => PlainHostView,
  ): VirtioBench => {
    const { virtio } = create();
    if (virtio === undefined) throw new Error("it has nothing for a virtio transport");
    return new VirtioBench(virtio.function, { deviceId: virtio.transport.deviceId, ...options }, view);
  };

  test("that starts with drivers of every revision, and with either kind of queue", () => {
    for (const revision of [0, 1, 2]) expect(bench().start({ revision }).length).toBeGreaterThan(0);
    expect(bench({ packedRing: true, accessPlatform: true }).start().length).toBeGreaterThan(0);
    expect(bench().start({ features: feature.version1 }).length).toBeGreaterThan(0);
  });

  test("whose queues have sizes that are powers of 2 and whose features are its own", () => {
    const { virtio } = create();
    for (const size of virtio?.function.queueSizes ?? []) expect(Math.log2(size) % 1).toBe(0);
    const reserved = Object.values(feature).reduce((sum, bit) => sum | bit, 0n);
    expect((virtio?.function.features ?? 0n) & reserved).toBe(0n);
  });

  test("whose configuration can be read in part, and written with nonsense", () => {
    const driver = bench();
    driver.start();
    const whole = driver.read(virtioCommand.readConfiguration, 256);
    expect(driver.read(virtioCommand.readConfiguration, 3)).toEqual(whole.subarray(0, 3));
    driver.command(virtioCommand.writeConfiguration, new Uint8Array(whole.length).fill(0xff));
  });

  test("that takes requests of any shape, and says nothing of a broken queue", () => {
    for (let seed = 0; seed < ROUNDS; seed++) {
      const driver = bench({ packedRing: seed % 2 === 1 });
      const random = new Random(BigInt(seed + 1));
      const queues = driver.start();
      for (let round = 0; round < 20; round++) {
        const queue = queues[random.below(queues.length)];
        const out = Array.from({ length: random.below(3) }, () => bytesOf(random, random.below(70)));
        const room = Array.from(
          { length: random.below(3) + (out.length === 0 ? 1 : 0) },
          () => random.below(600) + 1,
        );
        queue?.add(
          out.filter(({ length }) => length > 0),
          room.length === 0 ? [1] : room,
          round % 3 === 0,
        );
        queue?.notify();
        queue?.used();
        driver.channel.turn(3);
      }
      expect(driver.broken).toEqual([]);
    }
  });

  test.for(Object.entries(spoils))("that stops when a queue has %s, until it is reset", ([, spoil]) => {
    const told: string[] = [];
    for (let index = 0; index < bench().start().length; index++) {
      const driver = bench();
      const queue = driver.start()[index];
      if (queue === undefined) throw new Error("a queue has gone");
      spoil(queue);
      queue.notify();
      driver.channel.turn(3);
      const stopped = (driver.status() & deviceStatus.needsReset) !== 0;
      expect(stopped).toBe(driver.broken.length === 1); // it is told of once
      told.push(...driver.broken);
      driver.transport.reset();
      expect(driver.start()[index]?.notify()).toBe(true);
      expect(driver.status() & deviceStatus.needsReset).toBe(0);
    }
    expect(told).not.toEqual([]); // some queue is looked at without more ado
  });

  test("that a driver which changes queues while they are looked at does not break", () => {
    for (let seed = 0; seed < ROUNDS; seed++) {
      const random = new Random(BigInt(seed + 1));
      const restless: Restlessness = { ranges: [] };
      const packedRing = seed % 2 === 1;
      const driver = bench({ packedRing }, (storage) => new RestlessView(storage, random, restless));
      const queues = driver.start();
      restless.ranges = queues.map(({ at, size }) => ({ at, length: 16 * size }));
      for (let round = 0; round < 10; round++) {
        const queue = queues[random.below(queues.length)];
        queue?.add([bytesOf(random, random.below(70) + 1)], [random.below(600) + 1], round % 3 === 0);
        queue?.notify();
        driver.channel.turn(2);
      }
      restless.ranges = [];
      expect((driver.status() & deviceStatus.needsReset) !== 0).toBe(driver.broken.length === 1);
      driver.transport.reset();
      driver.start();
      expect(driver.status() & deviceStatus.needsReset).toBe(0);
    }
  });

  test("that requests of gigabytes neither hold up nor exhaust", () => {
    for (let index = 0; index < bench().start().length; index++) {
      const driver = bench();
      const queue = driver.start()[index];
      if (queue === undefined) throw new Error("a queue has gone");
      const { size } = driver.channel.storage;
      const half = Math.min(queue.size, 256) / 2;
      // The same storage again and again: every descriptor is right.
      for (let at = 0; at < 2 * half; at++)
        putDescriptor(queue, at, 0, size, (at < half ? 0 : WRITE) | (at + 1 < 2 * half ? NEXT : 0), at + 1);
      offer(queue, 0);
      queue.notify();
      driver.transport.reset();
      expect(driver.broken).toEqual([]);
    }
  });

  test("that a driver can reset at any time and start again", () => {
    const driver = bench();
    for (let round = 0; round < 3; round++) {
      const [queue] = driver.start();
      queue?.add([new Uint8Array(40)], [16]);
      queue?.notify();
      driver.transport.reset();
      expect(driver.status()).toBe(0);
    }
  });
}

const [NEXT, WRITE, INDIRECT] = [1, 2, 4];

/** Ways to spoil a split queue of version 1. */
const spoils: Readonly<Record<string, (queue: DriverQueue) => void>> = {
  "a request that is not there": (queue) => offer(queue, queue.size),
  "more requests than it has room for": (queue) => {
    putDescriptor(queue, 0, 0x5000, 16, WRITE, 0);
    offer(queue, 0, queue.size + 1);
  },
  "buffers that lead back to themselves": (queue) => {
    putDescriptor(queue, 0, 0x5000, 16, NEXT, 1);
    putDescriptor(queue, 1, 0x5000, 16, NEXT, 0);
    offer(queue, 0);
  },
  "a buffer that follows none": (queue) => {
    putDescriptor(queue, 0, 0x5000, 16, NEXT, 0xffff);
    offer(queue, 0);
  },
  "a buffer beyond storage": (queue) => {
    putDescriptor(queue, 0, 2 ** 40, 16, WRITE, 0);
    offer(queue, 0);
  },
  "a buffer across the end of storage": (queue) => {
    putDescriptor(queue, 0, queue.bench.channel.storage.size - 8, 16, WRITE, 0);
    offer(queue, 0);
  },
  "an indirect table of a part of a descriptor": (queue) => {
    putDescriptor(queue, 0, 0x5000, 24, INDIRECT, 0);
    offer(queue, 0);
  },
  "an indirect table that leads to another": (queue) => {
    putDescriptor(queue, 0, queue.at + 16, 16, INDIRECT, 0);
    putDescriptor(queue, 1, 0x5000, 16, INDIRECT, 0);
    offer(queue, 0);
  },
  "an indirect table that leads back to itself": (queue) => {
    putDescriptor(queue, 0, queue.at + 16, 32, INDIRECT, 0);
    putDescriptor(queue, 1, 0x5000, 16, NEXT, 1);
    putDescriptor(queue, 2, 0x5000, 16, NEXT, 0);
    offer(queue, 0);
  },
  "buffers of more than anything holds": (queue) => {
    putDescriptor(queue, 0, 0x5000, 0xffffffff, NEXT, 1);
    putDescriptor(queue, 1, 0x5000, 0xffffffff, WRITE, 0);
    offer(queue, 0);
  },
};

function putDescriptor(
  { bench, at }: DriverQueue,
  index: number,
  address: number,
  length: number,
  flags: number,
  next: number,
): void {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, BigInt(address), true);
  view.setUint32(8, length, true);
  view.setUint16(12, flags, true);
  view.setUint16(14, next, true);
  bench.channel.storage.storeBytes(at + 16 * index, new Uint8Array(view.buffer));
}

/** Make a request available, as the first `count` of a queue. */
function offer({ bench, driver }: DriverQueue, head: number, count = 1): void {
  const view = new DataView(new ArrayBuffer(6));
  view.setUint16(2, count, true);
  view.setUint16(4, head, true);
  bench.channel.storage.storeBytes(driver, new Uint8Array(view.buffer));
}

/** Where a restless driver writes. */
interface Restlessness {
  ranges: readonly { readonly at: number; readonly length: number }[];
}

/** Storage of a guest whose other CPU writes into queues whenever the device has looked. */
class RestlessView extends PlainHostView {
  readonly #storage: Storage;
  readonly #random: Random;
  readonly #changes: Restlessness;

  constructor(storage: Storage, random: Random, changes: Restlessness) {
    super(storage);
    this.#storage = storage;
    this.#random = random;
    this.#changes = changes;
  }

  override read(address: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = super.read(address, length);
    const range = this.#changes.ranges[this.#random.below(this.#changes.ranges.length + 1)];
    if (range !== undefined && this.#random.below(4) === 0)
      this.#storage.store8(range.at + this.#random.below(range.length), this.#random.below(256));
    return bytes;
  }
}

function bytesOf(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** Exactly the capabilities that a definition names; any other is not there. */
function onlyNeeded({ needs }: DeviceDefinition, capabilities: Partial<Capabilities>): Partial<Capabilities> {
  const all = { ...fakeCapabilities(), ...capabilities };
  return Object.fromEntries(needs.map((name) => [name, all[name]]));
}
