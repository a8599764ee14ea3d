import { beforeEach, describe, expect, it } from "vitest";
import { TestMachine } from "../test/machine.ts";
import { signalProcessor } from "./routines/signal-processor.ts";
import { storeMachineCheckAreas } from "./store-status.ts";

const machine = new TestMachine();
const { cpu, processors, storage } = machine;
const STORE_ADDITIONAL_STATUS = 0x17;
const timers = { cpuTimer: -2n, clockComparator: 0x1234_5600n };
const pattern = (n: number): bigint => 0x0123_4567_89ab_cdef_0011_2233_4455_6600n + BigInt(n);
const vectorAt = (address: number): bigint =>
  (storage.fetch64(address) << 64n) | storage.fetch64(address + 8);

beforeEach(() => {
  processors.clearReset(cpu);
  storage.fill(0, 0x2_0000, 0);
  for (let n = 0; n < 32; n++) cpu.setVr(n, pattern(n));
});

describe("store additional status at address", () => {
  const signal = (address: bigint): number => {
    cpu.setGr(1, 0xffff_ffff_0000_0000n);
    cpu.setGr(2, 0n);
    cpu.setGr(3, address);
    return signalProcessor(processors, cpu, 2, 4, STORE_ADDITIONAL_STATUS);
  };

  it("stores all vector registers of a stopped CPU", () => {
    cpu.state = "stopped";
    expect(signal(0x8000n)).toBe(0);
    for (const n of [0, 15, 16, 31]) expect(vectorAt(0x8000 + 16 * n)).toBe(pattern(n));
    expect(vectorAt(0x8200)).toBe(0n);
  });

  it("refuses a CPU that operates, an address without storage, and one within 1 KiB", () => {
    cpu.state = "operating";
    expect([signal(0x8000n), cpu.grLow(2)]).toEqual([1, 0x200]);
    cpu.state = "stopped";
    for (const address of [0x1000_0000n, 0x8100n, 0x800bn])
      expect([signal(address), cpu.grLow(2)]).toEqual([1, 0x100]);
    expect(vectorAt(0x8000)).toBe(0n);
  });
});

describe("a machine-check interruption", () => {
  it("stores registers and timers in the assigned storage", () => {
    cpu.setGr(7, 77n);
    cpu.setAr(3, 33);
    cpu.setCr(0, 0xe0n);
    cpu.fpc = 0x0008_0000;
    expect(storeMachineCheckAreas(cpu, timers)).toBe(false);
    expect(storage.fetch64(0x1280 + 8 * 7)).toBe(77n);
    expect(storage.fetch32(0x1340 + 4 * 3)).toBe(33);
    expect(storage.fetch64(0x1380)).toBe(0xe0n);
    expect(storage.fetch64(0x1208)).toBe(pattern(1) >> 64n);
    expect(storage.fetch32(0x131c)).toBe(0x0008_0000);
    expect(storage.fetch64(0x1328)).toBe(0xffff_ffff_ffff_fffen);
    expect(storage.fetch64(0x1330)).toBe(0x12_3456n);
  });

  it("stores vector registers where the program has named an area for them", () => {
    storage.store64(0x11b0, 0x9c00n);
    expect(storeMachineCheckAreas(cpu, timers)).toBe(true);
    for (const n of [0, 31]) expect(vectorAt(0x9c00 + 16 * n)).toBe(pattern(n));
  });
});
