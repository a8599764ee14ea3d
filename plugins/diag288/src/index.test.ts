import { describeDevice, FakeControl, FakeLog, FakeTimers } from "@lockframe/testkit/testing";
import { describe, expect, test } from "vitest";
import plugin from "./index.ts";
import { watchdogActions } from "./watchdog.ts";

const [definition] = plugin.devices;
if (definition === undefined) throw new Error("the plugin has no device");

describeDevice(definition);

const [INIT, CHANGE, CANCEL] = [0n, 1n, 2n];

function watchdog(action = "reset") {
  const control = new FakeControl();
  const timers = new FakeTimers();
  const log = new FakeLog();
  const device = definition?.instantiate({ action }, { control, timers, log });
  const call = (code: bigint, seconds = 0n, { r1 = 2, action = 0n } = {}): boolean => {
    const registers = new Map([
      [r1, code],
      [r1 + 1, seconds],
      [6, action],
    ]);
    return device?.diagnose?.execute({ r1, r3: 6, gr: (n) => registers.get(n) ?? 0n }) !== undefined;
  };
  return { call, control, timers, log, device };
}

describe("the watchdog", () => {
  test("bites once when it is not wound up in time", () => {
    const { call, control, timers } = watchdog();
    expect(call(INIT, 15n)).toBe(true);
    timers.pass(14_999);
    expect(control.calls).toEqual([]);
    timers.pass(1);
    timers.pass(100_000);
    expect(control.calls).toEqual(["reset"]);
    expect(call(CHANGE, 15n)).toBe(false);
  });

  test("is put off by winding it up, and called off", () => {
    const { call, control, timers } = watchdog();
    call(INIT, 20n);
    timers.pass(19_000);
    expect(call(CHANGE, 30n)).toBe(true);
    timers.pass(29_000);
    expect(call(INIT, 15n)).toBe(true);
    timers.pass(14_000);
    expect(call(CANCEL)).toBe(true);
    timers.pass(100_000);
    expect(control.calls).toEqual([]);
    expect(call(CANCEL)).toBe(false);
  });

  test("stops at a reset", () => {
    const { call, control, timers, device } = watchdog();
    call(INIT, 15n);
    device?.reset?.();
    timers.pass(100_000);
    expect(control.calls).toEqual([]);
  });

  test("takes longer times than the host can count", () => {
    const { call, control, timers } = watchdog();
    expect(call(INIT, 0xffffffffffffffffn)).toBe(true);
    timers.pass(1_000_000_000);
    expect(control.calls).toEqual([]);
  });

  test("refuses what is not specified", () => {
    const { call } = watchdog();
    expect(call(INIT, 15n, { r1: 3 })).toBe(false);
    expect(call(INIT, 15n, { action: 1n })).toBe(false);
    expect(call(INIT, 14n)).toBe(false);
    expect(call(3n, 15n)).toBe(false);
    expect(call(CHANGE, 15n)).toBe(false);
    expect(call(CANCEL)).toBe(false);
    call(INIT, 15n);
    expect(call(CHANGE, 14n)).toBe(false);
    expect(call(CHANGE, 15n)).toBe(true);
  });

  test("does what it was told to", () => {
    const done = watchdogActions.map((action) => {
      const { call, control, timers, log } = watchdog(action);
      call(INIT, 15n);
      timers.pass(15_000);
      return [action, control.calls, log.lines.length];
    });
    expect(done).toEqual([
      ["reset", ["reset"], 1],
      ["shutdown", ["shutdown"], 1],
      ["poweroff", ["end"], 1],
      ["inject-nmi", ["restart"], 1],
      ["pause", ["pause"], 1],
      ["debug", [], 1],
      ["none", [], 0],
    ]);
  });

  test("says so when the guest cannot be asked to shut down", () => {
    const { call, control, timers, log } = watchdog("shutdown");
    control.guestListens = false;
    call(INIT, 15n);
    timers.pass(15_000);
    expect(log.lines.at(-1)).toContain("does not listen");
  });
});
