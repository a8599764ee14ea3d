import { expect, test, vi } from "vitest";
import { type ChannelDevice, type DeviceLine, end, type Ending, status } from "./channel-device.ts";
import { anyPlace, ChannelBench, code, FORMAT_1 } from "./testing.ts";
import type { Attachment } from "./channel-subsystem.ts";

const READ = 0x02;
const word = (made: ChannelBench, at: number) => made.storage.fetch32(at);
const gr1 = ({ identification }: Attachment) => BigInt(identification);

function device(): ChannelDevice & { line: DeviceLine | undefined } {
  return {
    line: undefined,
    commands: { [READ]: (transfer) => transfer.toStorage(Uint8Array.of(1)) },
    disabled: vi.fn<() => void>(),
    reset: vi.fn<() => void>(),
    attached(line) {
      this.line = line;
    },
  };
}

const read = { command: READ, count: 1, address: 0x2000 };

test("devices get the lowest free numbers, and a number that was asked for", () => {
  const made = new ChannelBench();
  expect(made.attach(device())).toMatchObject({ number: 0, deviceNumber: 0, identification: 0x10000 });
  expect(made.attach(device(), { deviceNumber: 0x1000 })).toMatchObject({ number: 1, deviceNumber: 0x1000 });
  expect(made.attach(device())).toMatchObject({ number: 2, deviceNumber: 1 });
  expect(made.css.attach(device(), { ...anyPlace, set: 1, deviceNumber: 0 })).toMatchObject({ number: 0 });
  expect(() => made.attach(device(), { deviceNumber: 0x1000 })).toThrow("0.1000 is taken");
  expect(() => made.attach(device(), { set: 4 })).toThrow(RangeError);
});

test("the subchannel-information block tells device number, paths and state", () => {
  const made = new ChannelBench();
  const at = made.attach(device(), { deviceNumber: 0x1234 });
  made.modify(at, (schib) => schib.setUint32(0, 0xcafe));
  const outcome = made.css.storeSubchannel(gr1(at));
  if (outcome.kind !== "completed" || outcome.data === undefined) throw new Error("no block");
  const view = new DataView(outcome.data.buffer);
  expect([0, 4, 8, 12, 16].map((offset) => view.getUint32(offset))).toEqual([
    0xcafe, 0x00831234, 0x80000080, 0x0000ff80, 0x01000000,
  ]);
});

test("MSCH changes what a program may change, refuses what is not valid, and waits for status", () => {
  const made = new ChannelBench();
  const unit = device();
  const at = made.attach(unit);
  expect(made.modify(at, (schib) => schib.setUint16(6, 0x9999))).toMatchObject({ conditionCode: 0 });
  made.modify(at, (schib) => expect(schib.getUint16(6)).toBe(0));
  for (const change of [
    (schib: DataView) => schib.setUint16(4, 0x0100),
    (schib: DataView) => schib.setUint16(4, 0x0060),
    (schib: DataView) => schib.setUint32(24, 0x8),
    (schib: DataView) => schib.setUint32(24, 0x2),
    (schib: DataView) => {
      schib.setUint32(24, 0x4);
      schib.setBigUint64(40, 0x2020n);
    },
  ])
    expect(made.modify(at, change)).toEqual({ kind: "exception", code: 0x15 });
  made.start(at, { address: made.program(0x1000, read) });
  expect(made.modify(at, () => undefined)).toMatchObject({ conditionCode: 1 });
  made.test(at);
  expect(unit.disabled).not.toHaveBeenCalled();
  made.modify(at, (schib) => schib.setUint16(4, 0x0001));
  expect(unit.disabled).toHaveBeenCalledTimes(1);
  expect(made.start(at, { address: 0x1000 })).toBe(3);
  for (const instruction of ["test", "clear", "halt", "resume", "cancel"] as const)
    expect(code(made.css[`${instruction}Subchannel`](gr1(at)))).toBe(3);
});

test("SSCH refuses requests with reserved bits, without a path, and while status is pending", () => {
  const made = new ChannelBench();
  const at = made.attach(device());
  made.program(0x1000, read);
  for (const control of [0x0084ff00, 0x0080ff01, 0x0080ff20])
    expect(() => made.start(at, { address: 0x1000, control })).toThrow("exception 15");
  expect(() => made.start(at, { address: 0x80001000 })).toThrow("exception 15");
  expect(made.start(at, { address: 0x1000, control: 0x00807f00 })).toBe(3);
  expect(made.start(at, { address: 0x1000, parameter: 0x77 })).toBe(0);
  expect(made.start(at, { address: 0x1000 })).toBe(1);
  expect(made.css.interruptions.take(0x80000000)).toEqual({
    identification: at.identification,
    parameter: 0x77,
    word: 0,
  });
  expect(made.test(at)).toBeDefined();
  expect(made.start(at, { address: 0x1000 })).toBe(0);
});

test("TEST SUBCHANNEL withdraws the interruption, in the subclass of the subchannel", () => {
  const made = new ChannelBench();
  const at = made.attach(device());
  made.modify(at, (schib) => schib.setUint16(4, 0x1881));
  made.start(at, { address: made.program(0x1000, read) });
  expect(made.css.interruptions.pendingMask).toBe(0x10000000);
  made.test(at);
  expect(made.css.interruptions.pendingMask).toBe(0);
});

test("a clear at an idle subchannel is status pending alone, a halt too", () => {
  const made = new ChannelBench();
  const at = made.attach(device());
  expect(code(made.css.haltSubchannel(gr1(at)))).toBe(0);
  expect(code(made.css.haltSubchannel(gr1(at)))).toBe(1);
  expect(made.test(at)).toMatchObject({ control: 0x2001, unitStatus: 0 });
  expect(code(made.css.clearSubchannel(gr1(at)))).toBe(0);
  expect(code(made.css.clearSubchannel(gr1(at)))).toBe(0);
  expect(made.test(at)).toMatchObject({ control: 0x1001 });
  expect(made.test(at)).toBeUndefined();
});

test("unsolicited status waits for an idle, enabled subchannel", () => {
  const made = new ChannelBench();
  const unit = device();
  const at = made.attach(unit);
  made.start(at, { address: made.program(0x1000, read) });
  unit.line?.present(status.attention);
  expect(made.test(at)).toMatchObject({ unitStatus: 0x0c });
  expect(made.test(at)).toMatchObject({ unitStatus: 0x80, control: 0x0011 });
  made.modify(at, (schib) => schib.setUint16(4, 0x0001));
  unit.line?.present(status.attention);
  unit.line?.present(status.deviceEnd);
  expect(made.css.interruptions.pendingMask).toBe(0);
  made.modify(at, (schib) => schib.setUint16(4, 0x0081));
  expect(made.test(at)).toMatchObject({ unitStatus: 0x84 });
});

test("an alert interrupts once, whatever it is about", () => {
  const made = new ChannelBench();
  const unit = device();
  const at = made.attach(unit);
  unit.line?.alert();
  unit.line?.alert();
  expect(made.signals).toEqual(["interruption"]);
  expect(made.test(at)).toMatchObject({ control: 0x0011, unitStatus: 0 });
});

test("a reset disables subchannels, resets devices and keeps numbers", () => {
  const made = new ChannelBench();
  const unit = device();
  const at = made.attach(unit, { deviceNumber: 7 });
  made.start(at, { address: made.program(0x1000, read) });
  made.css.reset();
  expect(unit.reset).toHaveBeenCalledTimes(1);
  expect(made.css.interruptions.pendingMask).toBe(0);
  expect(made.start(at, { address: 0x1000 })).toBe(3);
  made.modify(at, (schib) => expect(schib.getUint32(4)).toBe(0x00030007));
});

test("measurement blocks of both formats count starts", () => {
  const made = new ChannelBench();
  const at = made.attach(device());
  const { css } = made;
  css.setChannelMonitor(2n, 0x3000n);
  made.modify(at, (schib) => {
    schib.setUint16(4, 0x0091);
    schib.setUint16(12, 1);
  });
  made.run(at, read);
  made.run(at, read);
  expect(word(made, 0x3020)).toBe(0x00020002);
  made.modify(at, (schib) => {
    schib.setUint32(24, 4);
    schib.setBigUint64(40, 0x4000n);
  });
  made.run(at, read);
  expect([word(made, 0x4000), word(made, 0x4004)]).toEqual([1, 1]);
  made.modify(at, (schib) => schib.setBigUint64(40, 0xffff_ffff_ffff_ffc0n));
  made.run(at, read);
  css.setChannelMonitor(0n, 0n);
  made.modify(at, (schib) => schib.setBigUint64(40, 0x4000n));
  made.run(at, read);
  expect(word(made, 0x4000)).toBe(1);
});

test("times are accumulated in units of 128 microseconds, and told with the status if that is asked for", async () => {
  const made = new ChannelBench();
  let finish: (ending: Ending) => void = () => undefined;
  const slow = new Promise<Ending>((resolve) => (finish = resolve));
  const at = made.attach({ commands: { 0x02: () => slow } });
  made.css.setChannelMonitor(3n, 0x3000n);
  made.modify(at, (schib) => {
    expect(schib.getUint16(4) & 0x0002).toBe(0x0002); // times can be measured
    schib.setUint16(4, 0x0099);
  });
  const again = made.modify(at, () => undefined);
  expect(again).toEqual({ kind: "completed", conditionCode: 0 });
  expect(made.start(at, { address: made.program(0x1000, read) })).toBe(0);
  made.time += 1.3;
  finish(end());
  await slow;
  await Promise.resolve();
  await Promise.resolve();
  expect(made.test(at)?.extendedStatus[0]).toBe(0x0080_000a);
  expect([word(made, 0x3000), word(made, 0x3004), word(made, 0x3008)]).toEqual([0x00010001, 10, 0]);
});

test("a program that asks for it is told when its first command was accepted, unless that was immediate", () => {
  const made = new ChannelBench();
  const at = made.attach(device());
  const INITIAL_STATUS = FORMAT_1 | 0x0020_0000;
  made.start(at, { control: INITIAL_STATUS, address: made.program(0x1000, read) });
  const status = made.test(at);
  expect([(status?.flags ?? 0) & 0x0004, (status?.control ?? 0) & 0x001f]).toEqual([0x0004, 0x000f]);
  made.start(at, {
    control: INITIAL_STATUS,
    address: made.program(0x1000, { command: 3, flags: 0x20, count: 1 }),
  });
  expect((made.test(at)?.flags ?? 0xffff) & 0x0004).toBe(0);
});

test("limit mode keeps data on one side of the address limit", () => {
  const made = new ChannelBench();
  const at = made.attach(device());
  made.css.setAddressLimit(0x10000n);
  const ends = (flags: number, address: number) => {
    made.modify(at, (schib) => schib.setUint16(4, flags));
    made.program(0x1000, { ...read, address });
    made.start(at, { address: 0x1000, control: 0x0090ff00 });
    return made.test(at)?.subchannelStatus;
  };
  expect([ends(0x00a1, 0xffff), ends(0x00a1, 0x10000)]).toEqual([0x20, 0]);
  expect([ends(0x00c1, 0xffff), ends(0x00c1, 0x10000)]).toEqual([0, 0x20]);
});

test("a device that comes or goes while the machine runs is reported", () => {
  const made = new ChannelBench();
  made.attach(device());
  const at = made.css.plug(device(), { ...anyPlace, deviceNumber: 0x20 });
  const crw = () => {
    const outcome = made.css.storeChannelReportWord();
    return outcome.kind === "completed" && outcome.data ? new DataView(outcome.data.buffer).getUint32(0) : -1;
  };
  expect(made.signals).toEqual(["report"]);
  expect([crw(), crw()]).toEqual([0x03040001, 0]);
  made.css.unplug(at);
  expect([crw(), crw()]).toEqual([0x03040001, 0]);
  expect(code(made.css.testSubchannel(gr1(at)))).toBe(3);
  expect(made.attach(device(), { deviceNumber: 0x20 }).number).toBe(1);
});

test("a channel path is described and can be reset once a device hangs from it", () => {
  const made = new ChannelBench();
  made.attach(device());
  const page = new Uint8Array(4096);
  const view = new DataView(page.buffer);
  view.setUint32(0, 0x00100002);
  view.setUint32(4, 0x00000000);
  view.setUint32(8, 0xff);
  const described = (word: number) => {
    view.setUint32(4, word);
    const outcome = made.css.channelSubsystemCall(page);
    return outcome.kind === "completed" ? [...(outcome.data ?? [])] : [];
  };
  expect(described(0)).toEqual([0, 16, 0, 1, 0, 0, 0, 0, 0x80, 0, 0x1b, 1, 0, 0, 0, 0]);
  expect(described(0x10000000)).toHaveLength(8 + 32);
  expect(described(2)).toEqual([0, 8, 0, 1, 0, 0, 0, 0]);
  expect(code(made.css.resetChannelPath(1n))).toBe(0);
  expect(code(made.css.resetChannelPath(0n))).toBe(3);
  expect(made.css.reports.take()).toBe(0x44020001);
});
