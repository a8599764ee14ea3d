import { expect, test } from "vitest";
import { TestMachine } from "../test/machine.ts";
import { PswBit } from "./cpu.ts";

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
