import { beforeEach, describe, expect, it } from "vitest";
import { TestMachine } from "../test/machine.ts";
import { PswBit } from "./cpu.ts";

const machine = new TestMachine();
const { cpu, storage } = machine;
/** DAT on, access-register mode. */
const MODE = PswBit.dat | (1n << 46n);
const REAL_SPACE = 0x20n;
const UNIT_CONTROL = 0x3000;
const LIST = 0x3100;
const OTHER_SPACE = 0x3400;
const AUTHORITY = 0x3500;
const SEGMENTS = 0x1_0000;
const PAGES = 0x1_4000;
/** Entry 3, sequence number 0x44. */
const TOKEN = 0x0044_0003;
const LOAD = "58305000"; // L %r3,0(%r5)
const STORE = "50305000"; // ST %r3,0(%r5)

const ALET_SPECIFICATION = 0x28;
const ALEN_TRANSLATION = 0x29;
const ALE_SEQUENCE = 0x2a;
const ASTE_VALIDITY = 0x2b;
const ASTE_SEQUENCE = 0x2c;
const EXTENDED_AUTHORITY = 0x2d;
const PROTECTION = 0x04;

beforeEach(() => {
  cpu.setCr(1, REAL_SPACE);
  cpu.setCr(2, BigInt(UNIT_CONTROL));
  cpu.setCr(8, 0x0007_0000n);
  storage.store32(UNIT_CONTROL + 16, LIST); // 8 entries
  for (let n = 0; n < 8; n++) storage.store32(LIST + 16 * n, 0x8000_0000);
  entry(0x0044_0000);
  storage.store64(OTHER_SPACE, BigInt(AUTHORITY) << 32n);
  storage.store64(OTHER_SPACE + 8, BigInt(SEGMENTS) | 3n);
  storage.store32(OTHER_SPACE + 20, 0x55);
  storage.store64(SEGMENTS, BigInt(PAGES));
  for (let n = 0; n < 256; n++) storage.store64(PAGES + 8 * n, 0x400n);
  storage.store64(PAGES + 8 * 5, 0x9000n);
  storage.store32(0x5000, 0x1111_1111);
  storage.store32(0x9000, 0x9999_9999);
  storage.store32(AUTHORITY, 0);
  cpu.setAr(5, TOKEN);
  cpu.setGr(5, 0x5000n);
  cpu.setGr(3, 0xabcdn);
});

/** The entry that the token names. */
function entry(head: number): void {
  storage.store32(LIST + 48, head);
  storage.store64(LIST + 56, (BigInt(OTHER_SPACE) << 32n) | 0x55n);
}

describe("access-register translation", () => {
  it("finds the space of a token in the access list of the dispatchable unit, or of the primary space", () => {
    expect(machine.run(LOAD + STORE, MODE)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x9999_9999);
    cpu.setCr(2, 0n);
    cpu.setCr(5, BigInt(UNIT_CONTROL));
    cpu.setAr(5, TOKEN | 0x0100_0000);
    expect(machine.run(LOAD, MODE)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x9999_9999);
  });

  it("knows the primary and the secondary space without a list", () => {
    cpu.setAr(5, 0);
    expect(machine.run(LOAD, MODE)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x1111_1111);
    cpu.setCr(7, BigInt(SEGMENTS) | 3n);
    cpu.setAr(5, 1);
    expect(machine.run(LOAD, MODE)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x9999_9999);
  });

  it.each([
    ["an ALET with ones where zeros must be", () => cpu.setAr(5, TOKEN | 0x0200_0000), ALET_SPECIFICATION],
    ["an entry behind the end of the list", () => cpu.setAr(5, 0x0044_0008), ALEN_TRANSLATION],
    ["an invalid entry", () => cpu.setAr(5, 0x0044_0002), ALEN_TRANSLATION],
    ["another sequence number", () => cpu.setAr(5, 0x0045_0003), ALE_SEQUENCE],
    ["an invalid space", () => storage.store32(OTHER_SPACE, 0x8000_0000), ASTE_VALIDITY],
    ["another sequence number of the space", () => storage.store32(OTHER_SPACE + 20, 0x56), ASTE_SEQUENCE],
    ["a private entry of another program", () => entry(0x0144_0008), EXTENDED_AUTHORITY],
  ])("recognises %s", (_, given, code) => {
    given();
    expect(machine.run(LOAD, MODE)).toBe(code);
    expect(storage.fetch(0xa0, 1)).toEqual(Uint8Array.of(5)); // exception access identification
  });

  it("lets a program have a private entry that is its own, or by its authority in the space", () => {
    entry(0x0144_0007);
    expect(machine.run(LOAD, MODE)).toBeUndefined();
    entry(0x0144_0008);
    storage.store32(AUTHORITY, 0x0001_0000); // index 7: the last two bits of the second byte
    expect(machine.run(LOAD, MODE)).toBeUndefined();
    storage.store32(AUTHORITY, 0x0002_0000);
    expect(machine.run(LOAD, MODE)).toBe(EXTENDED_AUTHORITY);
  });

  it("protects a space that is for fetching only", () => {
    entry(0x0244_0000);
    expect(machine.run(LOAD, MODE)).toBeUndefined();
    expect(machine.run(STORE, MODE)).toBe(PROTECTION);
    expect(storage.fetch64(0xa8) & 0xfffn).toBe(0x40dn); // a store, by the list, access-register mode
    expect(storage.fetch32(0x9000)).toBe(0x9999_9999);
  });
});

describe("instructions that tell what a token names", () => {
  const LRA = "b1405000"; // %r4,0(%r5)
  const TAR = "b24c0056"; // %a5,%r6

  it("LOAD REAL ADDRESS", () => {
    expect(machine.run(LRA, MODE)).toBeUndefined();
    expect([machine.cc, cpu.gr(4)]).toEqual([0, 0x9000n]);
    cpu.setAr(5, 0x0045_0003);
    expect(machine.run(LRA, MODE)).toBeUndefined();
    expect([machine.cc, cpu.grLow(4)]).toEqual([3, 0x8000_002a]);
  });

  it("TEST ACCESS", () => {
    const code = (alet: number, index = 0): number => {
      cpu.setAr(5, alet);
      cpu.setGr(6, BigInt(index) << 16n);
      expect(machine.run(TAR)).toBeUndefined();
      return machine.cc;
    };
    expect([code(0), code(1), code(TOKEN), code(0x0045_0003)]).toEqual([0, 3, 1, 3]);
    cpu.setCr(5, BigInt(UNIT_CONTROL));
    expect(code(TOKEN | 0x0100_0000)).toBe(2);
    entry(0x0144_0009);
    expect([code(TOKEN, 8), code(TOKEN, 9)]).toEqual([3, 1]);
  });
});
