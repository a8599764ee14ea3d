import { expect, test } from "vitest";
import { TestMachine } from "../test/machine.ts";
import { assigned, PswBit } from "./cpu.ts";

const SIC = "eb13000000d1"; // SIC %r1,%r3

test("SET INTERRUPTION CONTROLS names a mode and a subclass, for the supervisor alone", () => {
  const told: (readonly [mode: number, subclass: number])[] = [];
  const machine = new TestMachine(1, {
    setInterruptionControls: (mode, subclass) => void told.push([mode, subclass]),
  });
  machine.cpu.setGr(1, 0xffff_0001n);
  machine.cpu.setGr(3, 0xc7ff_ffffn | (5n << 27n));
  expect(machine.run(SIC)).toBeUndefined();
  expect(machine.run(SIC, PswBit.problemState)).toBe(2);
  expect(told).toEqual([[1, 5]]);
});

test("a clock that is due interrupts when LOAD CONTROL lets it, however long it was masked off", () => {
  const machine = new TestMachine();
  const { cpu, storage } = machine;
  const loopAndLoad = "a7460000" + "eb000000022f"; // BRCT %r4,itself; LCTLG %c0,%c0,X'2000'
  machine.time.nanoseconds = 1_000_000_000n; // the clock comparator, zero, has passed
  cpu.setGr(4, 300_000n); // several slices
  storage.store64(0x2000, 0x800n);
  storage.store64(assigned.externalNew, PswBit.wait | PswBit.extendedAddressing | PswBit.basicAddressing);
  machine.run(loopAndLoad, PswBit.external);
  expect(storage.fetch64(assigned.externalOld + 8)).toBe(0x100an);
  expect(storage.fetch16(assigned.externalCode)).toBe(0x1004);
});
