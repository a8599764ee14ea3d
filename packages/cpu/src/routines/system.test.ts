import { beforeEach, describe, expect, it, test } from "vitest";
import { TestMachine } from "../../test/machine.ts";
import { PswBit } from "../cpu.ts";

const machine = new TestMachine();
const { cpu, storage } = machine;
const PAGE_TRANSLATION = 0x11;
const PROTECTION = 0x04;
const SPECIFICATION = 0x06;
const REFERENCE = 4;

beforeEach(() => {
  cpu.clearReset();
  cpu.setCr(0, 0n);
});

describe("reference bits of 64 blocks", () => {
  const RRBM = "b9ae0034"; // %r3,%r4
  const IRBM = "b9ac0034";
  it("are given, and reset if that is asked for", () => {
    for (let block = 0x40; block < 0x80; block++)
      storage.setKey(block << 12, block % 3 === 0 ? 0x32 | REFERENCE : 0x32);
    cpu.setGr(4, 0x5_1234n);
    const expected = Array.from({ length: 64 }, (_, n) => ((0x40 + n) % 3 === 0 ? "1" : "0")).join("");
    expect(machine.run(IRBM)).toBeUndefined();
    expect(cpu.gr(3)).toBe(BigInt(`0b${expected}`));
    expect(machine.run(RRBM)).toBeUndefined();
    expect(cpu.gr(3)).toBe(BigInt(`0b${expected}`));
    expect(machine.run(RRBM)).toBeUndefined();
    expect(cpu.gr(3)).toBe(0n);
    expect(storage.getKey(0x4_2000)).toBe(0x32);
  });
});

describe("the translation-exception identification", () => {
  const STORE = "50305000"; // ST %r3,0(%r5)
  const TEID = 0xa8;
  it("says of protection by a key, or of low addresses, no more than that it was a store", () => {
    storage.setKey(0x5000, 0x30);
    cpu.setGr(5, 0x5000n);
    expect(machine.run(STORE, 2n << 52n)).toBe(PROTECTION);
    expect(storage.fetch64(TEID) & 0xfffn).toBe(0x400n);
    cpu.setCr(0, 1n << 28n);
    cpu.setGr(5, 0x100n);
    expect(machine.run(STORE)).toBe(PROTECTION);
    expect(storage.fetch64(TEID) & 0xfffn).toBe(0x400n);
  });
});

describe("low-address protection", () => {
  const TB = "b22c0003"; // %r0,%r3
  const PFMF = "b9af0023"; // %r2,%r3
  const CLEAR = 0x10000n;
  it.each([
    ["TEST BLOCK", TB, 0x0n, PROTECTION],
    ["TEST BLOCK", TB, 0x1000n, PROTECTION],
    ["TEST BLOCK", TB, 0x8000n, undefined],
    ["PERFORM FRAME MANAGEMENT FUNCTION", PFMF, 0x1000n, PROTECTION],
    ["PERFORM FRAME MANAGEMENT FUNCTION", PFMF, 0x8000n, undefined],
  ])("%s (%s) of the block at %d: %s", (_title, program, address, expected) => {
    cpu.setCr(0, 1n << 28n);
    cpu.setGr(2, CLEAR);
    cpu.setGr(3, address);
    expect(machine.run(program)).toBe(expected);
  });
});

describe("translation tables", () => {
  const SEGMENTS = 0x1_0000;
  const PAGES = 0x1_4000;
  const STORE = "50305000"; // ST %r3,0(%r5)
  const DAT = PswBit.dat;
  beforeEach(() => {
    storage.store64(SEGMENTS, BigInt(PAGES));
    for (let n = 0; n < 256; n++) storage.store64(PAGES + 8 * n, BigInt(n << 12));
    cpu.setCr(1, BigInt(SEGMENTS) | 3n);
    cpu.setGr(5, 0x5000n);
    cpu.setGr(3, 0xabcdn);
  });

  it("RESET DAT PROTECTION lets a page be stored into", () => {
    const RDP = "b98b0067"; // %r6,0,%r7
    storage.store64(PAGES + 8 * 5, 0x5200n);
    expect(machine.run(STORE, DAT)).toBe(PROTECTION);
    expect(storage.fetch64(0xa8)).toBe(0x5404n); // by DAT, so that the address counts
    cpu.setGr(6, BigInt(PAGES));
    cpu.setGr(7, 0x5000n);
    expect(machine.run(RDP + STORE, DAT)).toBeUndefined();
    expect(storage.fetch64(PAGES + 8 * 5)).toBe(0x5000n);
  });

  it("COMPARE AND REPLACE DAT TABLE ENTRY replaces the entry that is expected", () => {
    const CRDTE = "b98f0068"; // %r6,0,%r8
    cpu.setGr(6, 0x5000n);
    cpu.setGr(7, 0x400n);
    cpu.setGr(8, BigInt(PAGES)); // designation type: page table
    cpu.setGr(9, 0x5000n);
    expect(machine.run(STORE + CRDTE, DAT)).toBeUndefined();
    expect(machine.cc).toBe(0);
    expect(machine.run(STORE, DAT)).toBe(PAGE_TRANSLATION);
    expect(machine.run(CRDTE, DAT)).toBeUndefined();
    expect([machine.cc, cpu.gr(6)]).toEqual([1, 0x400n]);
    cpu.setGr(6, BigInt(PAGES));
    cpu.setGr(7, 0x20n);
    cpu.setGr(8, BigInt(SEGMENTS) | 0x10n); // segment table
    expect(machine.run(CRDTE)).toBeUndefined();
    expect([machine.cc, storage.fetch64(SEGMENTS)]).toEqual([0, 0x20n]);
    expect(machine.run("b98f0078")).toBe(SPECIFICATION); // %r7 is odd
  });

  it("a region-third entry may name a frame of 2 GiB, when the control is on", () => {
    const THIRD = 0x1_8000;
    for (let n = 0; n < 512; n++) storage.store64(THIRD + 8 * n, 0x24n);
    storage.store64(THIRD, 0x404n); // format control, at absolute 0
    cpu.setCr(1, BigInt(THIRD) | 7n);
    cpu.setCr(0, 1n << 23n);
    expect(machine.run(STORE, DAT)).toBeUndefined();
    expect(storage.fetch32(0x5000)).toBe(0xabcd);
    storage.store64(THIRD, 0x604n);
    cpu.flushTlb();
    expect(machine.run(STORE, DAT)).toBe(PROTECTION);
  });

  it("LOAD REAL ADDRESS names the entry that is invalid", () => {
    const LRA = "b1605000"; // %r6,0(%r5)
    const LRAG = "e36050000003";
    const found = (program: string, address: bigint): unknown => {
      cpu.setGr(5, address);
      cpu.setGr(6, 0x1234_5678_9abc_def0n);
      expect(machine.run(program, DAT)).toBeUndefined();
      return [machine.cc, cpu.gr(6)];
    };
    storage.store64(PAGES + 8 * 5, 0x7400n);
    for (const program of [LRA, LRAG]) {
      expect(found(program, 0x4321n)).toEqual([0, 0x4321n]);
      expect(found(program, 0x5321n)).toEqual([2, BigInt(PAGES + 8 * 5)]);
      storage.store64(SEGMENTS + 8, 0x20n);
      expect(found(program, 0x10_0000n)).toEqual([1, BigInt(SEGMENTS + 8)]);
      cpu.setCr(1, BigInt(SEGMENTS)); // 512 entries
      expect(found(program, 0x2000_0000n)).toEqual([3, 0x1234_5678_0000_0000n | BigInt(SEGMENTS + 8 * 512)]);
      expect(found(program, 1n << 40n)).toEqual([3, 0x1234_5678_8000_0038n]);
      cpu.setCr(1, BigInt(SEGMENTS) | 3n);
    }
  });
});

test("what LURA and STURA touch is referenced, and changed", () => {
  const [LURA, STURA] = ["b24b0034", "b2460034"]; // %r3,%r4
  cpu.setGr(4, 0x6000n);
  storage.setKey(0x6000, 0);
  expect(machine.run(LURA)).toBeUndefined();
  expect(storage.getKey(0x6000)).toBe(4);
  expect(machine.run(STURA)).toBeUndefined();
  expect(storage.getKey(0x6000)).toBe(6);
});
