import { expect, test } from "vitest";
import { Engine } from "../test/engine.ts";
import { PswBit, type RecordedEvent } from "./cpu.ts";
import { recordsEvents, stepRecording } from "./program-event-recording.ts";
import { Event, cpu as at } from "./state.ts";

const engine = new Engine({ useRealAddress: () => undefined });
const { cpu, storage } = engine;

const BRANCHING = 0x8000_0000n;
const FETCH = 0x4000_0000n;
const STORE = 0x2000_0000n;
const STORE_REAL = 0x0800_0000n;
const NULLIFY = 0x0100_0000n;
const BRANCH_RANGE = 0x0080_0000n;

/** Run the instruction at 1000 with these events asked for in the range; 64-bit mode, DAT off. */
function record(hex: string, events: bigint, first: bigint, last: bigint): RecordedEvent | undefined {
  engine.reset("64", PswBit.per);
  engine.gr({ 1: 0x5566, 2: 0x8000, 4: 0x2000 });
  engine.put(0x1000, Buffer.from(hex, "hex"));
  cpu.setCr(9, events);
  cpu.setCr(10, first);
  cpu.setCr(11, last);
  cpu.modeChanged();
  expect(recordsEvents(cpu)).toBe(events !== 0n);
  return stepRecording(cpu, () => engine.interpreter.step(cpu.block));
}
const at1000 = (code: number): RecordedEvent => ({ code, mode: 0xe0, address: 0x1000n });
const nothing = undefined;

const NOP = "0700";
const BR4 = "07f4";
const STORE_R1 = "50102000"; // st %r1,0(%r2)
const STORE_ZERO = "50302000"; // st %r3,0(%r2)
const STURA = "b2460012"; // stura %r1,%r2

test.each<
  [what: string, hex: string, events: bigint, first: bigint, last: bigint, event: number | undefined]
>([
  ["fetched from the range", NOP, FETCH, 0x1000n, 0x1000n, 0x40],
  ["fetched from behind the range", NOP, FETCH, 0n, 0xfffn, nothing],
  ["fetched from a range around the end of storage", NOP, FETCH, 0xf000n, 0x1001n, 0x40],
  ["fetched from outside a range around the end of storage", NOP, FETCH, 0xf000n, 0xfffn, nothing],
  ["fetched, and not executed", STORE_R1, FETCH | NULLIFY, 0x1000n, 0x1000n, 0x41],
  ["a branch that is taken", BR4, BRANCHING, 0n, 0n, 0x80],
  ["a branch that is not taken", NOP, BRANCHING, 0n, 0n, nothing],
  ["a branch into the range", BR4, BRANCHING | BRANCH_RANGE, 0x2000n, 0x2fffn, 0x80],
  ["a branch to elsewhere", BR4, BRANCHING | BRANCH_RANGE, 0x3000n, 0x3fffn, nothing],
  ["a branch and its fetching", BR4, BRANCHING | FETCH, 0n, 0xffffn, 0xc0],
  ["a store into the range", STORE_R1, STORE, 0x8002n, 0x8002n, 0x20],
  ["a store beside the range", STORE_R1, STORE, 0x8004n, 0x8fffn, nothing],
  ["a store across pages of the range", STORE_R1, STORE, 0x7000n, 0x8fffn, 0x20],
  ["a store of what is there", STORE_ZERO, STORE, 0x8000n, 0x8003n, nothing],
  ["a store by a real address", STURA, STORE_REAL, 0n, 0n, 0x08],
  ["a store by a logical address", STORE_R1, STORE_REAL, 0n, 0n, nothing],
  ["nothing asked for", NOP, 0n, 0n, 0xffffn, nothing],
])("%s", (_, hex, events, first, last, code) => {
  expect(record(hex, events, first, last)).toEqual(code === undefined ? undefined : at1000(code));
});

test("an instruction whose fetching is nullified has done nothing", () => {
  record(STORE_R1, FETCH | NULLIFY, 0x1000n, 0x1000n);
  expect(cpu.pswAddress).toBe(0x1000n);
  expect(storage.fetch32(0x8000)).toBe(0);
});

test("what steps goes on where it would", () => {
  record(BR4, FETCH, 0n, 0xffffn);
  expect([cpu.u32(at.event), cpu.pswAddress, cpu.u64(at.breakingEvent)]).toEqual([
    Event.none,
    0x2000n,
    0x1000n,
  ]);
  cpu.setU64(at.breakingEvent, 0x4444n);
  record(NOP, FETCH, 0n, 0xffffn);
  expect(cpu.pswAddress).toBe(0x1002n);
});

test("an exception that suppresses is recorded together with its event", () => {
  const divideByZero = "1d48"; // dr %r4,%r8
  expect(record(divideByZero, FETCH, 0n, 0xffffn)).toEqual(at1000(0x40));
  expect([cpu.u32(at.event), cpu.u32(at.programCode), cpu.pswAddress]).toEqual([
    Event.program,
    0x09,
    0x1000n,
  ]);
  cpu.recorded = at1000(0x40);
  expect(cpu.takeProgramInterruption()).toBe(true);
  expect(engine.hex(0x8e, 2)).toBe("0089");
  expect(engine.hex(0x96, 10)).toBe("40e00000000000001000");
  expect(cpu.recorded).toBeUndefined();
});

test("stores into much storage are refused by name", () => {
  expect(() => record(NOP, STORE, 0n, 0x1_0000n)).toThrow("(PER)");
  expect(record(NOP, STORE, 0n, 0xffffn)).toBeUndefined();
});
