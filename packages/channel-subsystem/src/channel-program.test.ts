import fc from "fast-check";
import { PlainHostView } from "@lockframe/memory";
import { expect, test, vi } from "vitest";
import { type ChannelDevice, end, status, unitCheck } from "./channel-device.ts";
import type { Attachment } from "./channel-subsystem.ts";
import { type CcwFields, ChannelBench, FORMAT_1 } from "./testing.ts";

const CD = 0x80;
const CC = 0x40;
const SLI = 0x20;
const SKIP = 0x10;
const PCI = 0x08;
const IDA = 0x04;
const MIDA = 0x01;
const MIDAWS = 0x00000040;
const [READ, WRITE, CONTROL, SEARCH, EXCEPTION, CHECK] = [0x02, 0x01, 0x07, 0x31, 0x17, 0x27];
const TIC = 0x08;
const OK = 0x0c;
const PROGRAM_CHECK = 0x20;
const INCORRECT_LENGTH = 0x40;

/** Reads give 1, 2, 3, ...; writes take up to 100 bytes and remember them. */
function device(length = 8): ChannelDevice & { written: number[][]; seen: number[] } {
  const written: number[][] = [];
  const seen: number[] = [];
  return {
    written,
    seen,
    commands: {
      [READ]: (transfer) => transfer.toStorage(Uint8Array.from({ length }, (_, i) => i + 1)),
      [WRITE](transfer) {
        written.push([...transfer.fromStorage(100)]);
        return end();
      },
      [CONTROL]() {
        seen.push(CONTROL);
        return end();
      },
      [SEARCH]: () => end(status.statusModifier),
      [EXCEPTION]: () => end(status.unitException),
      [CHECK]: () => unitCheck(0x40, 0x12),
    },
  };
}

function bench(length?: number): { bench: ChannelBench; at: Attachment; unit: ReturnType<typeof device> } {
  const made = new ChannelBench();
  const unit = device(length);
  return { bench: made, at: made.attach(unit), unit };
}

const stored = (made: ChannelBench, address: number, length: number): number[] => [
  ...made.storage.fetch(address, length),
];

test("a read fills storage and ends with channel end and device end", () => {
  const { bench: made, at } = bench();
  const irb = made.run(at, { command: READ, count: 8, address: 0x2000 });
  expect(irb).toMatchObject({ unitStatus: OK, subchannelStatus: 0, count: 0, address: 0x1008 });
  expect(irb.control).toBe(0x4007); // start function; primary, secondary, pending
  expect(irb.flags).toBe(0x0080);
  expect(irb.extendedStatus[0]).toBe(0x00800000);
  expect(stored(made, 0x2000, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 0]);
  expect(made.storage.getKey(0x2000)).toBe(0x06);
  expect(made.test(at)).toBeUndefined();
});

test.for([
  ["shorter block", { count: 10 }, 8, INCORRECT_LENGTH, 2],
  ["longer block", { count: 6 }, 8, INCORRECT_LENGTH, 0],
  ["shorter block, suppressed", { count: 10, flags: SLI }, 8, 0, 2],
  ["longer block, suppressed", { count: 6, flags: SLI }, 8, 0, 0],
] as const)("incorrect length: %s", ([, ccw, length, subchannelStatus, count]) => {
  const { bench: made, at } = bench(length);
  const irb = made.run(at, { command: READ, address: 0x2000, ...ccw });
  expect(irb).toMatchObject({ unitStatus: OK, subchannelStatus, count });
  expect(stored(made, 0x2000, 12).filter((byte) => byte !== 0)).toHaveLength(Math.min(ccw.count, length));
});

test("incorrect length ends command chaining unless it is suppressed", () => {
  const { bench: made, at, unit } = bench();
  const next = { command: CONTROL, count: 1, flags: SLI };
  const read = { command: READ, count: 20, address: 0x2000 };
  expect(made.run(at, { ...read, flags: CC }, next)).toMatchObject({ subchannelStatus: INCORRECT_LENGTH });
  expect(unit.seen).toEqual([]);
  expect(made.run(at, { ...read, flags: CC | SLI }, next)).toMatchObject({
    subchannelStatus: 0,
    address: 0x1010,
  });
  expect(unit.seen).toEqual([CONTROL]);
});

test("an immediate operation has incorrect length in format 1 only, and not in suppression mode", () => {
  const { bench: made, at } = bench();
  const control = { command: CONTROL, count: 5 };
  expect(made.run(at, control)).toMatchObject({ subchannelStatus: INCORRECT_LENGTH, count: 5 });
  expect(made.run(at, { ...control, count: 0 })).toMatchObject({ subchannelStatus: 0 });
  made.start(at, { address: 0x1000, control: FORMAT_1 | 0x80 });
  expect(made.test(at)).toMatchObject({ subchannelStatus: 0 });
  made.storage.storeBytes(0x1000, Uint8Array.of(CONTROL, 0, 0x20, 0, 0, 0, 0, 5));
  made.start(at, { address: 0x1000, control: FORMAT_1 & ~0x800000 });
  expect(made.test(at)).toMatchObject({ subchannelStatus: 0, count: 5 });
});

test("words of format 0 have addresses of 24 bits, and half the command of a transfer in channel is nothing", () => {
  const { bench: made, at, unit } = bench();
  const words: [number, number[]][] = [
    [0x1000, [READ, 0, 0x20, 0, CC, 0xff, 0, 8]], // its 6th byte is nothing, too
    [0x1008, [0xf0 | TIC, 0, 0x10, 0x20, 0xff, 0, 0, 5]],
    [0x1020, [WRITE, 0, 0x20, 4, SLI, 0, 0, 3]],
  ];
  for (const [address, word] of words) made.storage.storeBytes(address, Uint8Array.from(word));
  expect(made.start(at, { address: 0x1000, control: FORMAT_1 & ~0x800000 })).toBe(0);
  expect(made.test(at)).toMatchObject({ unitStatus: OK, subchannelStatus: 0, address: 0x1028 });
  expect(stored(made, 0x2000, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(unit.written).toEqual([[5, 6, 7]]);
});

test("data is chained across words and a transfer in channel", () => {
  const { bench: made, at } = bench();
  const irb = made.run(
    at,
    { command: READ, count: 3, flags: CD, address: 0x2000 },
    { command: TIC, address: 0x1018 },
    { command: 0 },
    { command: 0xff, count: 2, flags: CD | SKIP, address: 0x2100 },
    { command: 0, count: 3, address: 0x2200 },
  );
  expect(irb).toMatchObject({ unitStatus: OK, subchannelStatus: 0, count: 0, address: 0x1028 });
  expect([stored(made, 0x2000, 4), stored(made, 0x2100, 2), stored(made, 0x2200, 4)]).toEqual([
    [1, 2, 3, 0],
    [0, 0],
    [6, 7, 8, 0],
  ]);
});

test("a device that ends while data is chained has incorrect length, suppressed or not", () => {
  const { bench: made, at } = bench();
  const irb = made.run(
    at,
    { command: READ, count: 5, flags: CD, address: 0x2000 },
    { command: READ, count: 9, flags: CD | SLI, address: 0x2100 },
    { command: READ, count: 9, flags: SLI, address: 0x2200 },
  );
  expect(irb).toMatchObject({ subchannelStatus: INCORRECT_LENGTH, count: 6, address: 0x1010 });
});

test("a write gathers its data", () => {
  const { bench: made, at, unit } = bench();
  made.storage.storeBytes(0x2000, Uint8Array.of(1, 2, 3, 4, 5, 6));
  made.run(
    at,
    { command: WRITE, count: 2, flags: CD, address: 0x2001 },
    { command: WRITE, count: 1, flags: CC, address: 0x2000 },
    { command: WRITE, count: 2, address: 0x2004 },
  );
  expect(unit.written).toEqual([
    [2, 3, 1],
    [5, 6],
  ]);
});

test("status modifier skips a command, unusual status ends the program", () => {
  const { bench: made, at, unit } = bench();
  const control = { command: CONTROL, flags: CC | SLI, count: 1 };
  made.run(
    at,
    { command: SEARCH, flags: CC | SLI, count: 1 },
    { command: CHECK },
    { ...control, flags: SLI },
  );
  expect(unit.seen).toEqual([CONTROL]);
  const irb = made.run(at, { command: EXCEPTION, flags: CC | SLI, count: 1 }, control);
  expect(irb).toMatchObject({ unitStatus: 0x0d, subchannelStatus: 0, address: 0x1008 });
  expect(irb.control & 0x1f).toBe(0x17); // alert too
  expect(unit.seen).toEqual([CONTROL]);
});

test("sense tells why, at once or when it is asked for, and once", () => {
  const { bench: made, at } = bench();
  const check = { command: CHECK, flags: SLI, count: 1 };
  const sense = { command: 0x04, flags: SLI, count: 32, address: 0x3000 };
  expect(made.run(at, check)).toMatchObject({ unitStatus: 0x0e, flags: 0x0080 });
  made.run(at, sense);
  expect(stored(made, 0x3000, 3)).toEqual([0x40, 0x12, 0]);
  made.run(at, sense);
  expect(stored(made, 0x3000, 3)).toEqual([0, 0, 0]);
  made.modify(at, (schib) => schib.setUint32(24, 1));
  const irb = made.run(at, check);
  expect([...irb.sense.subarray(0, 2)]).toEqual([0x40, 0x12]);
  expect(irb.flags).toBe(0x0082);
  expect(irb.extendedStatus).toEqual([0x00800000, 0x01200000]);
});

test("an unknown command is rejected, no-operation and sense ID need no device", () => {
  const { bench: made, at } = bench();
  expect(made.run(at, { command: 0x9f, flags: SLI, count: 1 })).toMatchObject({ unitStatus: 0x0e });
  made.run(at, { command: 0x04, flags: SLI, count: 1, address: 0x3000 });
  expect(stored(made, 0x3000, 1)).toEqual([0x80]);
  expect(made.run(at, { command: 0x03 })).toMatchObject({ unitStatus: OK, subchannelStatus: 0 });
  made.run(at, { command: 0xe4, flags: SLI, count: 32, address: 0x3000 });
  expect(stored(made, 0x3000, 8)).toEqual([0xff, 0x35, 0x05, 1, 0x35, 0x05, 2, 0]);
});

const valid = { command: READ, count: 8, address: 0x2000 };
const invalid: readonly (readonly [string, readonly CcwFields[], number?])[] = [
  ["command 0", [{ ...valid, command: 0x10 }]],
  ["transfer in channel first", [{ command: TIC, address: 0x1000 }]],
  [
    "transfer in channel to another",
    [
      { ...valid, flags: CC },
      { command: TIC, address: 0x1008 },
    ],
  ],
  [
    "transfer in channel with a count",
    [
      { ...valid, flags: CC },
      { command: TIC, address: 0x1000, count: 1 },
    ],
  ],
  [
    "transfer in channel to an odd place",
    [
      { ...valid, flags: CC },
      { command: TIC, address: 0x1014 },
    ],
  ],
  ["a command that looks like it", [{ ...valid, command: 0x18 }]],
  ["no count with data chaining", [{ ...valid, count: 0, flags: CD }]],
  [
    "no count in a chained word",
    [
      { ...valid, count: 4, flags: CD },
      { ...valid, count: 0 },
    ],
  ],
  ["data beyond storage", [{ ...valid, address: 0xffffc }]],
  ["data address of 32 bits", [{ ...valid, address: 0x80000000 }]],
  ["suspension that was not asked for", [{ ...valid, flags: 0x02 }]],
  ["MIDAWs that were not asked for", [{ ...valid, flags: MIDA }]],
  ["MIDAWs and IDAWs", [{ ...valid, flags: MIDA | IDA }], MIDAWS],
  ["MIDAWs and skipping", [{ ...valid, flags: MIDA | SKIP }], MIDAWS],
  ["IDAWs at an odd place", [{ ...valid, flags: IDA, address: 0x2002 }]],
];

test.for(invalid)("program check: %s", ([, words, more = 0]) => {
  const { bench: made, at } = bench();
  made.program(0x1000, ...words);
  expect(made.start(at, { address: 0x1000, control: FORMAT_1 | more })).toBe(0);
  const irb = made.test(at);
  expect(irb?.subchannelStatus).toBe(PROGRAM_CHECK);
  expect((irb?.control ?? 0) & 0x1f).toBe(0x17);
});

test.for([0x1004, 0x00100000, 0x7ffffff8])("program check: channel program at %i", (address) => {
  const { bench: made, at } = bench();
  expect(made.start(at, { address })).toBe(0);
  expect(made.test(at)).toMatchObject({ subchannelStatus: PROGRAM_CHECK, unitStatus: 0 });
});

test("format-1 IDAWs fill 2 KiB blocks, format-2 IDAWs 4 KiB or 2 KiB", () => {
  const { bench: made, at } = bench(6000);
  const words = (...list: bigint[]) => {
    const bytes = new Uint8Array(8 * list.length);
    list.forEach((word, i) => new DataView(bytes.buffer).setBigUint64(8 * i, word));
    made.storage.storeBytes(0x3000, bytes);
  };
  const read = { command: READ, count: 6000, flags: IDA | SLI, address: 0x3000 };
  made.program(0x1000, read);
  const ends = (control: number) => {
    made.start(at, { address: 0x1000, control: FORMAT_1 | control });
    return made.test(at)?.subchannelStatus;
  };
  words(0x00004700_00008000n, 0x00006800_0000a000n); // 100, 800, 800, 800 (2 KiB blocks)
  expect(ends(0)).toBe(0);
  expect(stored(made, 0x4700, 1)).toEqual([1]);
  expect(stored(made, 0x8000, 1)).toEqual([257 % 256]);
  expect(stored(made, 0xa000 + 6000 - 256 - 4096 - 1, 2)).toEqual([6000 % 256, 0]);
  words(0x4f00n, 0x8000n, 0xa000n, 0x9801n);
  expect(ends(0x00020000)).toBe(0);
  expect(stored(made, 0x8000, 1)).toEqual([257 % 256]);
  expect(ends(0x00030000)).toBe(PROGRAM_CHECK); // the fourth block begins inside another
  words(0x4f00n, 0x8800n, 0xa000n);
  expect(ends(0x00020000)).toBe(PROGRAM_CHECK);
});

test("MIDAWs have counts, skipping and an end of their own", () => {
  const { bench: made, at } = bench();
  const midaws = (...list: [flags: number, count: number, address: number][]) => {
    list.forEach(([flags, count, address], i) => {
      const bytes = new Uint8Array(16);
      const view = new DataView(bytes.buffer);
      view.setUint32(4, (flags << 16) | count);
      view.setUint32(12, address);
      made.storage.storeBytes(0x3000 + 16 * i, bytes);
    });
    made.program(0x1000, { command: READ, count: 8, flags: MIDA, address: 0x3000 });
    made.start(at, { address: 0x1000, control: FORMAT_1 | MIDAWS });
    return made.test(at)?.subchannelStatus;
  };
  expect(midaws([0, 3, 0x4ffd], [0x40, 2, 0x5000], [0x80, 3, 0x6001])).toBe(0);
  expect([stored(made, 0x4ffd, 3), stored(made, 0x5000, 2), stored(made, 0x6000, 4)]).toEqual([
    [1, 2, 3],
    [0, 0],
    [0, 6, 7, 8],
  ]);
  expect(midaws([0x80, 8, 0x4ffd])).toBe(PROGRAM_CHECK); // crosses a page
  expect(midaws([0x80, 7, 0x4000])).toBe(PROGRAM_CHECK); // ends too early
  expect(midaws([0, 8, 0x4000])).toBe(PROGRAM_CHECK); // does not end
  expect(midaws([0x80, 0, 0x4000])).toBe(PROGRAM_CHECK);
  expect(midaws([0x20, 4, 0x4000], [0x80, 4, 0x4000])).toBe(0x80); // an interruption as the first is reached
  expect(midaws([0x10, 4, 0x4000], [0x80, 4, 0x4000])).toBe(PROGRAM_CHECK);
});

test("the storage key of the program decides what it reaches", () => {
  const { bench: made, at } = bench();
  made.storage.setKey(0x2000, 0x30);
  made.storage.setKey(0x1000, 0x40);
  made.program(0x1000, valid);
  const ends = (key: number) => {
    made.start(at, { address: 0x1000, control: FORMAT_1 | (key << 28) });
    return made.test(at)?.subchannelStatus;
  };
  expect([ends(0), ends(3), ends(4)]).toEqual([0, 0, 0x10]);
  made.storage.setKey(0x1000, 0x48); // fetch protection
  expect([ends(0), ends(3)]).toEqual([0, 0x10]);
});

test("what the host cannot see as the guest does is out of reach", () => {
  const made = new ChannelBench((storage) => {
    const plain = new PlainHostView(storage);
    const secret = (abs: number, length: number) => abs < 0x4000 && abs + length > 0x3000;
    return {
      side: "host",
      size: plain.size,
      read: (abs, length) => plain.read(abs, length),
      readInto: (abs, target) => plain.readInto(abs, target),
      write: (abs, bytes) => plain.write(abs, bytes),
      gather: (ranges, target) => plain.gather(ranges, target),
      scatter: (ranges, bytes) => plain.scatter(ranges, bytes),
      isDirect: (abs, length) => plain.isDirect(abs, length) && !secret(abs, length),
    };
  });
  const at = made.attach(device());
  expect(made.run(at, { ...valid, address: 0x2ffc })).toMatchObject({
    subchannelStatus: PROGRAM_CHECK,
    count: 8,
  });
  expect(stored(made, 0x2ffc, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  expect(made.start(at, { address: made.program(0x3000, valid) })).toBe(0);
  expect(made.test(at)).toMatchObject({ subchannelStatus: PROGRAM_CHECK });
});

test("a program-controlled interruption comes with the command that has the flag", () => {
  const { bench: made, at } = bench();
  const irb = made.run(at, { ...valid, flags: CC | PCI }, { ...valid, flags: 0 });
  expect(irb).toMatchObject({ subchannelStatus: 0x80, unitStatus: OK });
  expect(irb.control & 0x1f).toBe(0x0f);
});

test("a program is suspended, resumed, and can be resumed ahead", () => {
  const { bench: made, at, unit } = bench();
  const control = { command: CONTROL, flags: CC | SLI, count: 1 };
  made.program(0x1000, control, { ...control, flags: CC | SLI | 0x02 }, { ...control, flags: SLI });
  const id = BigInt(at.identification);
  made.start(at, { address: 0x1000, control: FORMAT_1 | 0x08000000 });
  expect(made.test(at)).toMatchObject({ control: 0x4029, address: 0x1010 });
  expect(unit.seen).toHaveLength(1);
  expect(made.css.resumeSubchannel(id)).toMatchObject({ conditionCode: 0 });
  expect(made.test(at)).toMatchObject({ control: 0x4007, address: 0x1018 });
  expect(unit.seen).toHaveLength(3);
  expect(made.css.resumeSubchannel(id)).toMatchObject({ conditionCode: 2 });
  made.start(at, { address: 0x1000, control: FORMAT_1 | 0x08080000 }); // no interruption for the suspension
  expect(made.test(at)).toBeUndefined();
  expect(made.css.cancelSubchannel(id)).toMatchObject({ conditionCode: 0 });
  expect(made.css.cancelSubchannel(id)).toMatchObject({ conditionCode: 2 });
});

test("a program that loops leaves the CPUs their turn, until it is cleared", () => {
  const { bench: made, at, unit } = bench();
  made.program(0x1000, { command: CONTROL, flags: CC | SLI, count: 1 }, { command: TIC, address: 0x1000 });
  expect(made.start(at, { address: 0x1000 })).toBe(0);
  expect(made.turn(10)).toBe(10);
  expect(made.test(at)).toBeUndefined();
  const before = unit.seen.length;
  expect(before).toBeGreaterThan(100);
  expect(made.css.clearSubchannel(BigInt(at.identification))).toMatchObject({ conditionCode: 0 });
  expect(made.test(at)).toMatchObject({ control: 0x1001 });
  expect(made.turn(10)).toBe(1);
  expect(unit.seen).toHaveLength(before);
});

test("a device that takes its time keeps its subchannel active, and is waited for after a halt", async () => {
  const made = new ChannelBench();
  const steps: (() => void)[] = [];
  const halted = vi.fn<() => void>();
  const at = made.attach({
    halted,
    commands: {
      async [READ](transfer) {
        await new Promise<void>((resolve) => steps.push(resolve));
        return transfer.toStorage(Uint8Array.of(1, 2));
      },
    },
  });
  const id = BigInt(at.identification);
  made.program(0x1000, { command: READ, count: 2, flags: CC, address: 0x2000 }, { command: 3 });
  made.start(at, { address: 0x1000 });
  expect(made.test(at)).toBeUndefined();
  expect(made.start(at, { address: 0x1000 })).toBe(2);
  expect(made.css.cancelSubchannel(id)).toMatchObject({ conditionCode: 2 });
  steps.shift()?.();
  await vi.waitFor(() => expect(made.signals).toHaveLength(1));
  expect(made.test(at)).toMatchObject({ unitStatus: OK, address: 0x1010 });
  expect(stored(made, 0x2000, 2)).toEqual([1, 2]);

  made.storage.storeBytes(0x2000, new Uint8Array(2));
  made.start(at, { address: 0x1000 });
  expect(made.css.haltSubchannel(id)).toMatchObject({ conditionCode: 0 });
  expect(halted).toHaveBeenCalledTimes(1);
  expect(made.css.haltSubchannel(id)).toMatchObject({ conditionCode: 1 });
  expect(made.test(at)).toMatchObject({ unitStatus: OK, control: 0x6007 });
  expect(made.start(at, { address: 0x1000 })).toBe(0);
  expect(steps).toHaveLength(1); // the second one has not begun
  steps.shift()?.();
  await vi.waitFor(() => expect(steps).toHaveLength(1));
  expect(stored(made, 0x2000, 2)).toEqual([0, 0]); // what was halted left nothing
  steps.shift()?.();
  await vi.waitFor(() => expect(made.test(at)).toMatchObject({ unitStatus: OK }));
});

test("a device that throws is an equipment check, and is told of", async () => {
  const made = new ChannelBench();
  const at = made.attach({
    commands: {
      [READ]() {
        throw new Error("at once");
      },
      [WRITE]: () => Promise.reject(new Error("later")),
    },
  });
  expect(made.run(at, { command: READ, flags: SLI, count: 1, address: 0x2000 })).toMatchObject({
    unitStatus: 0x0e,
  });
  made.start(at, {
    address: made.program(0x1000, { command: WRITE, flags: SLI, count: 1, address: 0x2000 }),
  });
  await vi.waitFor(() => expect(made.test(at)).toMatchObject({ unitStatus: 0x0e }));
  expect(made.failures.map(String)).toEqual(["Error: at once", "Error: later"]);
});

test("no channel program throws, writes outside storage, or runs away", () => {
  const word = fc.record({
    command: fc.constantFrom(READ, WRITE, CONTROL, TIC, SEARCH, 0x04, 0xe4, 0x03, 0, 0x88),
    flags: fc.integer({ min: 0, max: 255 }),
    count: fc.constantFrom(0, 1, 7, 100, 4096, 0xffff),
    address: fc.constantFrom(0, 0x1000, 0x1008, 0x1010, 0x1ff8, 0x2000, 0xffff0, 0x100000, 0xffffffff),
  });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), fc.integer(), (words, control) => {
      const { bench: made, at } = bench(5000);
      made.program(0x1000, ...words);
      const orb = { address: 0x1000, control: (control | 0xff00) & ~0x0004003f };
      expect(made.start(at, orb)).toBe(0);
      made.turn(5);
      made.test(at);
      expect(made.css.clearSubchannel(BigInt(at.identification))).toMatchObject({ conditionCode: 0 });
      expect(made.failures).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
