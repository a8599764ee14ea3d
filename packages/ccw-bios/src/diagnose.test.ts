import { expect, test } from "vitest";
import { DiagnoseTable, resume, type DiagnoseContext } from "./diagnose.ts";
import { kvmHypercall, releasePages, timeSliceEnd, timeSliceYield } from "./hypercall.ts";

function context(registers: Readonly<Record<number, bigint>> = {}, problemState = false): DiagnoseContext {
  const gr = (register: number): bigint => registers[register] ?? 0n;
  return { r1: 2, r3: 4, gr, problemState, prefix: 0x5000, protectedGuest: false };
}

test("functions are found by the rightmost 16 bits of their code", () => {
  const table = new DiagnoseTable().add(0x44, timeSliceEnd).add(0x9c, timeSliceYield);
  expect(table.execute(0x44, context())).toEqual({ kind: "yield", to: undefined });
  expect(table.execute(0x1009c, context({ 2: 3n }))).toEqual({ kind: "yield", to: 3 });
});

test("an unknown function is a specification exception and is reported", () => {
  const unknown: number[] = [];
  const table = new DiagnoseTable((code) => unknown.push(code)).add(0x44, timeSliceEnd);
  expect(table.execute(0x260, context())).toEqual({ kind: "exception", code: 0x06 });
  expect(unknown).toEqual([0x260]);
});

test("a program in problem state gets a privileged-operation exception, and no function sees it", () => {
  const table = new DiagnoseTable(() => expect.unreachable()).add(0x44, () => expect.unreachable());
  expect(table.execute(0x44, context({}, true))).toEqual({ kind: "exception", code: 0x02 });
  expect(table.execute(0x45, context({}, true))).toEqual({ kind: "exception", code: 0x02 });
});

test("two functions of one code are refused", () => {
  expect(() => new DiagnoseTable().add(0x44, timeSliceEnd).add(0x44, timeSliceEnd)).toThrow(/44/);
});

test("KVM's functions: notify without device fails, the storage limit is inclusive, others do not exist", () => {
  const hypercall = kvmHypercall({ storageSize: 0x100000 });
  const einval = 2n ** 64n - 22n;
  expect(hypercall(context({ 1: 3n, 2: 0x10000n }))).toEqual(resume({ 2: einval }));
  expect(hypercall(context({ 1: 4n }))).toEqual(resume({ 2: 0xfffffn }));
  expect(hypercall(context({ 1: 0n, 2: 0x1000n }))).toEqual(resume({ 2: 0n }));
  expect(hypercall(context({ 1: 0n, 2: 0x100000n }))).toEqual(resume({ 2: einval }));
  for (const subcode of [1n, 2n, 5n, 1n << 32n]) {
    expect(hypercall(context({ 1: subcode }))).toEqual({ kind: "exception", code: 0x06 });
  }
});

test("a notification reaches the device with subchannel, queue and cookie", () => {
  const calls: bigint[][] = [];
  const hypercall = kvmHypercall({
    storageSize: 1,
    notifyVirtio: (...operands) => {
      calls.push(operands);
      return -5n;
    },
  });
  expect(hypercall(context({ 1: 3n, 2: 0x10007n, 3: 1n, 4: 9n }))).toEqual(resume({ 2: 2n ** 64n - 5n }));
  expect(calls).toEqual([[0x10007n, 1n, 9n]]);
});

test("pages are released from one to another, but not the prefix area", () => {
  const released: number[] = [];
  const release = releasePages({ pageCount: 9, clearPages: (first, count) => released.push(first, count) });
  expect(release(context({ 2: 0x4000n, 4: 0x7000n }))).toEqual(resume());
  expect(released).toEqual([4, 1, 7, 1]);
  expect(release(context({ 2: 0x8000n, 4: 0xffff_ffff_f000n }))).toEqual(resume());
  expect(released.slice(4)).toEqual([8, 1]);
  expect(release({ ...context({ 2: 0x2000n, 4: 0x2000n }), protectedGuest: true })).toEqual(resume());
  expect(released.length).toBe(6);
});

test.each([
  [0x3000n, 0x2000n],
  [0x2042n, 0x3000n],
  [0x2000n, 0x3042n],
  [0x1000n, 0x3000n],
  [0n, 0n],
])("pages from %i to %i are none to be released", (first, last) => {
  const release = releasePages({ pageCount: 9, clearPages: () => expect.unreachable() });
  expect(release(context({ 2: first, 4: last }))).toEqual({ kind: "exception", code: 0x06 });
});
