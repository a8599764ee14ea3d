import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChannelSubsystem } from "./channel-subsystem.ts";
import { completed, type IoOutcome } from "./outcome.ts";
import { identificationWord } from "./subchannel-identification.ts";
import type { Subchannel } from "./subchannel.ts";
import { ChannelBench } from "./testing.ts";

const operand = { kind: "exception", code: 0x15 };

const machine = (): ChannelBench => new ChannelBench();

/** A subchannel that tells what reached it. */
function recorder(): { subchannel: Subchannel; calls: string[] } {
  const calls: string[] = [];
  const done = (name: string) => (): IoOutcome => {
    calls.push(name);
    return completed(2);
  };
  const subchannel = {
    store: () => new Uint8Array(52).fill(7),
    modify: done("modify"),
    start: done("start"),
    test: done("test"),
    clear: done("clear"),
    halt: done("halt"),
    resume: done("resume"),
    cancel: done("cancel"),
    reset: () => void calls.push("reset"),
  };
  return { subchannel, calls };
}

const id = (set: number, number: number): bigint => BigInt(identificationWord({ set, number }));

/** Every instruction that names a subchannel. */
const instructions: readonly (readonly [string, (css: ChannelSubsystem, gr1: bigint) => IoOutcome])[] = [
  ["store", (css, gr1) => css.storeSubchannel(gr1)],
  ["modify", (css, gr1) => css.modifySubchannel(gr1, new Uint8Array(52))],
  ["start", (css, gr1) => css.startSubchannel(gr1, new Uint8Array(32))],
  ["test", (css, gr1) => css.testSubchannel(gr1)],
  ["clear", (css, gr1) => css.clearSubchannel(gr1)],
  ["halt", (css, gr1) => css.haltSubchannel(gr1)],
  ["resume", (css, gr1) => css.resumeSubchannel(gr1)],
  ["cancel", (css, gr1) => css.cancelSubchannel(gr1)],
];

/** A command block in its page, and the response code and block that come back. */
function call(
  css: ChannelSubsystem,
  length: number,
  command: number,
  words: number[] = [],
): { code: number; response: DataView } {
  const page = new Uint8Array(4096).fill(0, 0, length);
  const view = new DataView(page.buffer);
  view.setUint16(0, length);
  view.setUint16(2, command);
  words.forEach((word, i) => view.setUint32(4 + 4 * i, word));
  const outcome = css.channelSubsystemCall(page);
  if (outcome.kind !== "completed" || outcome.data === undefined) throw new Error(outcome.kind);
  expect(outcome.conditionCode).toBe(0);
  const response = new DataView(outcome.data.buffer);
  expect(response.getUint16(0)).toBe(outcome.data.length);
  expect(length + outcome.data.length).toBeLessThanOrEqual(4096);
  return { code: response.getUint16(2), response };
}

test("without devices every instruction that names a subchannel ends in condition code 3", () => {
  for (const [name, issue] of instructions) {
    expect(issue(machine().css, id(0, 0)), name).toEqual({ kind: "completed", conditionCode: 3 });
    expect(issue(machine().css, id(3, 0xffff)), name).toEqual({ kind: "completed", conditionCode: 3 });
  }
});

test("an invalid subsystem-identification word is an operand exception for all of them", () => {
  for (const [name, issue] of instructions) {
    for (const wrong of [0n, 0x1234n, 0x00110000n, 0x01010000n, 0xffffffff00000000n]) {
      expect(issue(machine().css, wrong), name).toEqual(operand);
    }
    expect(issue(machine().css, 0xabcd000000010000n), name).not.toEqual(operand); // bits 0-31 do not count
  }
});

test("instructions reach the subchannel that they name, and no other", () => {
  const { css } = machine();
  const { subchannel, calls } = recorder();
  css.install({ set: 0, number: 5 }, subchannel);
  for (const [name, issue] of instructions.slice(1)) {
    expect(issue(css, id(0, 4))).toEqual({ kind: "completed", conditionCode: 3 });
    expect(issue(css, id(0, 5)), name).toEqual({ kind: "completed", conditionCode: 2 });
  }
  expect(calls).toEqual(["modify", "start", "test", "clear", "halt", "resume", "cancel"]);
  expect(() => css.install({ set: 0, number: 5 }, subchannel)).toThrow(RangeError);
  expect(() => css.install({ set: 4, number: 0 }, subchannel)).toThrow(RangeError);
});

test("a search by STSCH passes holes and ends behind the last subchannel of the set", () => {
  const { css } = machine();
  css.install({ set: 0, number: 1 }, recorder().subchannel);
  expect(css.storeSubchannel(id(0, 0))).toEqual(completed(0, new Uint8Array(52)));
  expect(css.storeSubchannel(id(0, 1))).toEqual(completed(0, new Uint8Array(52).fill(7)));
  expect(css.storeSubchannel(id(0, 2))).toEqual(completed(3));
});

test("subchannel sets 1 to 3 exist once they are enabled, until a reset", () => {
  const { css } = machine();
  const { subchannel, calls } = recorder();
  css.install({ set: 2, number: 0 }, subchannel);
  expect(css.testSubchannel(id(2, 0))).toEqual(completed(3));
  expect(call(css, 0x400, 0x0031, [2]).code).toBe(0x0001);
  expect(css.testSubchannel(id(2, 0))).toEqual(completed(2));
  expect(css.storeSubchannel(id(2, 0)).kind).toBe("completed");
  css.reset();
  expect(css.testSubchannel(id(2, 0))).toEqual(completed(3));
  expect(calls).toEqual(["test", "reset"]);
});

test("CHSC 0010 gives characteristics that fill the page", () => {
  const { code, response } = call(machine().css, 0x10, 0x0010);
  expect([code, response.getUint16(0)]).toEqual([0x0001, 4080]);
  const general = Array.from({ length: 510 }, (_, i) => response.getUint32(8 + 4 * i));
  expect(general.filter((word) => word !== 0)).toEqual([0x00028000]);
  expect(response.getUint32(8 + 4 * 510)).toBe(0x40000000);
  expect(response.getUint32(8 + 4 * 513)).toBe(0x00040000);
});

test("CHSC commands refuse blocks that are not theirs, by the code for it", () => {
  const { css } = machine();
  const code = (...request: [number, number, number[]?]): number => call(css, ...request).code;
  expect(code(0x18, 0x0010)).toBe(0x0003);
  expect(code(0x10, 0x0010, [0x00010000])).toBe(0x0007);
  expect(code(0x10, 0x0010, [0x00000100])).toBe(0x0008);
  expect(code(0x10, 0x0010, [1])).toBe(0x0003);
  expect(code(0x10, 0x0010, [0, 0, 1])).toBe(0x0003);
  expect(code(0x10, 0x0002, [0, 0xff])).toBe(0x0001);
  expect(code(0x10, 0x0002, [2, 1])).toBe(0x0003);
  expect(code(0x10, 0x0002, [0x01000000, 0])).toBe(0x0007);
  expect(code(0x10, 0x0002, [0x00010000, 0])).toBe(0x0008);
  expect(code(0x10, 0x0002, [0, 0x100])).toBe(0x0003);
  expect(code(0x10, 0x0031, [2])).toBe(0x0003);
  expect(code(0x400, 0x0031, [0])).toBe(0x0101);
  expect(code(0x400, 0x0031, [1])).toBe(0x0003);
  expect(code(0x400, 0x0031, [0x01000002])).toBe(0x0007);
  expect(code(0x10, 0x000e, [0, 0x80000000])).toBe(0x0005);
});

test("the commands that Linux tries beyond these are unsupported and nothing worse", () => {
  for (const [length, command] of [
    [0x10, 0x0004],
    [0x10, 0x0024],
    [0xfe0, 0x0021],
    [0x50, 0x0016],
    [0x10, 0x0022],
    [0x20, 0x0034],
    [0x10, 0x0038],
    [0x20, 0x0033],
    [0x30, 0x003d],
    [0x20, 0x004c],
    [0xff8, 0xffff],
  ] as const) {
    const { code, response } = call(machine().css, length, command);
    expect([code, response.getUint16(0)]).toEqual([0x0004, 8]);
  }
});

test("a request of impossible length is an operand exception", () => {
  for (const length of [0, 8, 15, 17, 20, 4089, 4096, 0xffff]) {
    const page = new Uint8Array(4096);
    new DataView(page.buffer).setUint16(0, length);
    expect(machine().css.channelSubsystemCall(page), `${length}`).toEqual(operand);
  }
});

test("no page makes CHSC throw or answer beyond it", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 40 }),
      fc.constantFrom(2, 0xe, 0x10, 0x31, 0x99),
      (start, code) => {
        const page = new Uint8Array(4096);
        page.set(start);
        new DataView(page.buffer).setUint16(2, code);
        const outcome = machine().css.channelSubsystemCall(page);
        const length = new DataView(page.buffer).getUint16(0);
        if (outcome.kind === "completed")
          expect(length + (outcome.data?.length ?? 0)).toBeLessThanOrEqual(4096);
      },
    ),
  );
});

test("channel reports are stored in order, announced once, and lost ones are told of", () => {
  const { css, signals } = machine();
  const report = { source: 3, errorRecoveryCode: 4, sourceId: 0x1234, chained: true };
  expect(css.storeChannelReportWord()).toEqual(completed(1, new Uint8Array(4)));
  css.reports.add(report);
  css.reports.add({ ...report, sourceId: 0x10, chained: false });
  expect(signals).toEqual(["report"]);
  expect(css.storeChannelReportWord()).toEqual(completed(0, Uint8Array.of(0x13, 0x04, 0x12, 0x34)));
  expect(css.storeChannelReportWord()).toEqual(completed(0, Uint8Array.of(0x03, 0x04, 0x00, 0x10)));
  expect(css.storeChannelReportWord()).toEqual(completed(1, new Uint8Array(4)));
  for (let i = 0; i < 300; i++) css.reports.add(report);
  expect(signals).toEqual(["report", "report"]);
  for (let i = 0; i < 256; i++) css.storeChannelReportWord();
  css.reports.add(report);
  expect(css.storeChannelReportWord()).toEqual(completed(0, Uint8Array.of(0x33, 0x04, 0x12, 0x34)));
});

test("a channel report that could not be stored is the next again", () => {
  const { css } = machine();
  css.reports.add({ source: 4, errorRecoveryCode: 2, sourceId: 1, chained: false });
  css.reports.add({ source: 4, errorRecoveryCode: 2, sourceId: 2, chained: false });
  const word = css.reports.take();
  css.reports.putBack(word ?? 0);
  expect(css.reports.take()).toBe(0x04020001);
});

test("TPI takes the interruption of the lowest enabled subclass", () => {
  const { css, signals } = machine();
  expect(css.testPendingInterruption(0xff000000)).toEqual(completed(0));
  css.interruptions.present(identificationWord({ set: 0, number: 9 }), 3, 0xcafe);
  css.interruptions.presentAdapter(1);
  expect(signals).toEqual(["interruption", "interruption"]);
  expect(css.interruptions.pendingMask).toBe(0x50000000);
  expect(css.testPendingInterruption(0x80000000)).toEqual(completed(0));
  expect(css.testPendingInterruption(0xff000000)).toEqual(
    completed(1, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0x88, 0, 0, 0)),
  );
  expect(css.testPendingInterruption(0x10000000)).toEqual(
    completed(1, Uint8Array.of(0, 1, 0, 9, 0, 0, 0xca, 0xfe, 0x18, 0, 0, 0)),
  );
  expect(css.interruptions.pendingMask).toBe(0);
});

test("one interruption of a subchannel waits, one of adapters for each subclass, none after a reset", () => {
  const { css } = machine();
  const word = identificationWord({ set: 0, number: 1 });
  css.interruptions.present(word, 3, 1);
  css.interruptions.present(word, 5, 2);
  css.interruptions.presentAdapter(2);
  css.interruptions.presentAdapter(2);
  expect(css.interruptions.pendingMask).toBe(0x24000000);
  css.interruptions.withdraw(word);
  css.interruptions.withdraw(0); // adapters stay
  expect(css.interruptions.pendingMask).toBe(0x20000000);
  css.interruptions.take(0x20000000);
  expect(css.interruptions.pendingMask).toBe(0);
  css.interruptions.presentAdapter(0);
  css.reset();
  expect(css.interruptions.pendingMask).toBe(0);
});

test("SIC lets a suppressible adapter interrupt once in a subclass, others always", () => {
  const { css } = machine();
  const { interruptions } = css;
  const interrupts = (subclass: number, suppressible: boolean): boolean => {
    interruptions.presentAdapter(subclass, suppressible);
    return interruptions.take(0x80000000 >>> subclass) !== undefined;
  };
  expect([interrupts(3, true), interrupts(3, true)]).toEqual([true, true]);
  expect(css.setInterruptionControls(1, 3)).toEqual(completed(0));
  expect([interrupts(3, true), interrupts(3, true), interrupts(4, true)]).toEqual([true, false, true]);
  expect([interrupts(3, false), interrupts(3, true)]).toEqual([true, false]);
  css.setInterruptionControls(1, 3);
  expect([interrupts(3, true), interrupts(3, true)]).toEqual([true, false]);
  css.setInterruptionControls(0, 3);
  expect([interrupts(3, true), interrupts(3, true)]).toEqual([true, true]);
  css.setInterruptionControls(1, 3);
  css.reset();
  expect([interrupts(3, true), interrupts(3, true)]).toEqual([true, true]);
  expect(css.setInterruptionControls(2, 3)).toEqual(operand);
});

test("SCHM, RCHP and SAL check their registers", () => {
  const { css } = machine();
  expect(css.setChannelMonitor(0n, 0x1fn)).toEqual(completed(0));
  expect(css.setChannelMonitor(0xf0000003n, 0x20n)).toEqual(completed(0));
  expect(css.setChannelMonitor(4n, 0n)).toEqual(operand);
  expect(css.setChannelMonitor(2n, 1n)).toEqual(operand);
  expect(css.resetChannelPath(0x42n)).toEqual(completed(3));
  expect(css.resetChannelPath(0x00010042n)).toEqual(operand);
  expect(css.resetChannelPath(0x100n)).toEqual(operand);
  expect(css.setAddressLimit(0x10000n)).toEqual(completed(0));
  expect(css.setAddressLimit(0x10001n)).toEqual(operand);
  expect(css.setAddressLimit(0x80000000n)).toEqual(operand);
});
