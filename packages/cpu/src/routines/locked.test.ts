import { beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../test/engine.ts";

const engine = new Engine();
const { cpu, storage } = engine;
const SPECIFICATION = 0x06;

/** PLO %r2,0(%r8),%r4,0(%r9): second operand at 6000, fourth operand or parameter list at 7000. */
const PLO = "ee2480009000";
const SECOND = 0x6000;
const LIST = 0x7000;
const plo = (code: number, registers: Readonly<Record<number, bigint | number>> = {}): number | undefined => {
  engine.gr({ 0: code, 1: 0xdead, 8: SECOND, 9: LIST, ...registers });
  return engine.execute(PLO);
};
const put = (address: number, value: bigint, size: number): void => {
  const hex = value.toString(16).padStart(2 * size, "0");
  engine.put(address, Buffer.from(hex, "hex"));
};
const get = (address: number, size: number): bigint => BigInt(`0x${engine.hex(address, size)}`);
/** Operand of this size in the parameter list, right-aligned in 16 bytes. */
const inList = (offset: number, size: number): number => LIST + offset + 16 - size;
const WIDE = 0x1111_2222_3333_4444n;

describe("PERFORM LOCKED OPERATION", () => {
  beforeEach(() => engine.reset());

  it("tells which functions there are", () => {
    for (let code = 0; code < 32; code++) {
      expect(plo(0x100 | code)).toBeUndefined();
      expect(cpu.cc).toBe(code <= 23 ? 0 : 3);
    }
    expect(plo(24)).toBe(SPECIFICATION);
  });

  it("compares and loads (registers)", () => {
    put(SECOND, 7n, 8);
    put(LIST, WIDE, 8);
    plo(2, { 2: 7, 4: 0 });
    expect(cpu.cc).toBe(0);
    expect(engine.gr()[4]).toBe(WIDE);
    plo(2, { 2: 8, 4: 0 });
    expect(cpu.cc).toBe(1);
    expect(engine.gr().slice(2, 5)).toEqual([7n, 0n, 0n]);
  });

  it.each([
    [1, 8],
    [3, 16],
  ])("compares and loads (parameter list, function %i)", (code, size) => {
    put(SECOND, WIDE, size);
    put(inList(0, size), WIDE, size);
    put(LIST + 72, 0x8000n, 8);
    put(0x8000, WIDE + 1n, size);
    plo(code);
    expect(cpu.cc).toBe(0);
    expect(get(inList(32, size), size)).toBe(WIDE + 1n);
    put(SECOND, WIDE + 2n, size);
    plo(code);
    expect(cpu.cc).toBe(1);
    expect(get(inList(0, size), size)).toBe(WIDE + 2n);
  });

  it("compares and swaps", () => {
    put(SECOND, 7n, 4);
    plo(4, { 2: WIDE + 7n - 0x3333_4444n, 3: 9 });
    expect(cpu.cc).toBe(0);
    expect(get(SECOND, 4)).toBe(9n);
    plo(4, { 2: 7, 3: 10 });
    expect(cpu.cc).toBe(1);
    expect(engine.gr()[2]).toBe(9n);
    put(inList(0, 16), 5n, 16);
    put(inList(16, 16), WIDE << 64n, 16);
    put(SECOND, 5n, 16);
    plo(7);
    expect(get(SECOND, 16)).toBe(WIDE << 64n);
  });

  it("compares and swaps two", () => {
    put(SECOND, 1n, 8);
    put(LIST, 2n, 8);
    plo(10, { 2: 1, 3: 11, 4: 2, 5: 12 });
    expect(cpu.cc).toBe(0);
    expect([get(SECOND, 8), get(LIST, 8)]).toEqual([11n, 12n]);
    plo(10, { 2: 11, 3: 21, 4: 2, 5: 22 });
    expect(cpu.cc).toBe(2);
    expect(engine.gr()[4]).toBe(12n);
    expect([get(SECOND, 8), get(LIST, 8)]).toEqual([11n, 12n]);
    plo(10, { 2: 1 });
    expect(cpu.cc).toBe(1);
    expect(engine.gr()[2]).toBe(11n);
    // The 64-bit form of the parameter list: compare values at 8 and 40, replacements at 24 and 56.
    storage.fill(LIST, 0x100, 0);
    put(inList(0, 8), 11n, 8);
    put(inList(16, 8), 31n, 8);
    put(inList(32, 8), 42n, 8);
    put(inList(48, 8), 43n, 8);
    put(LIST + 72, 0x8000n, 8);
    put(0x8000, 42n, 8);
    plo(9);
    expect(cpu.cc).toBe(0);
    expect([get(SECOND, 8), get(0x8000, 8)]).toEqual([31n, 43n]);
  });

  it.each([
    [12, 4, 0],
    [16, 4, 2],
    [17, 8, 2],
    [18, 8, 2],
    [19, 16, 2],
    [20, 4, 3],
    [21, 8, 3],
    [22, 8, 3],
    [23, 16, 3],
  ])("compares, swaps and stores (function %i)", (code, size, listed) => {
    put(SECOND, 7n, size);
    // Function 12 has its third and fourth operands in R3 and at D4(B4).
    for (let n = 0; n < listed; n++) {
      put(inList(48 + 32 * n, size), (WIDE % 0x1000n) ^ BigInt(n), size);
      put(LIST + 72 + 32 * n, BigInt(0x8000 + 0x100 * n), 8);
    }
    put(inList(0, size), 7n, size);
    put(inList(16, size), 9n, size);
    plo(code, { 2: 7, 3: 9, 4: 0x55 });
    expect(cpu.cc).toBe(0);
    expect(get(SECOND, size)).toBe(9n);
    if (listed === 0) expect(get(LIST, size)).toBe(0x55n);
    for (let n = 0; n < listed; n++) expect(get(0x8000 + 0x100 * n, size)).toBe((WIDE % 0x1000n) ^ BigInt(n));
    put(SECOND, 1n, size);
    plo(code, { 2: 7, 3: 9 });
    expect(cpu.cc).toBe(1);
  });

  it("refuses operands that are not aligned and registers that are no pair", () => {
    expect(plo(6, { 8: SECOND + 4 })).toBe(SPECIFICATION);
    expect(plo(11, { 9: LIST + 4 })).toBe(SPECIFICATION);
    engine.gr({ 0: 4 });
    expect(engine.execute("ee3480009000")).toBe(SPECIFICATION);
  });
});

describe("COMPARE AND SWAP AND STORE", () => {
  const CSST = "c82260007000"; // 0(%r6),0(%r7),%r2
  beforeEach(() => engine.reset());

  it.each([
    [0, 4],
    [1, 8],
    [2, 16],
  ])("function %i swaps and stores one byte to sixteen", (code, size) => {
    for (let characteristic = 0; characteristic <= 4; characteristic++) {
      const stored = 1 << characteristic;
      put(0x5000, 7n, size);
      put(0x6000, 9n, size);
      put(0x6010, (WIDE << 64n) | WIDE, 16);
      storage.fill(0x7000, 16, 0);
      engine.gr({ 0: (characteristic << 8) | code, 1: 0x6007, 2: 7, 3: 7, 6: 0x5000, 7: 0x7000 });
      if (code === 2) engine.gr({ 2: 0 });
      expect(engine.execute(CSST)).toBeUndefined();
      expect(cpu.cc).toBe(0);
      expect(get(0x5000, size)).toBe(9n);
      expect(engine.hex(0x7000, stored)).toBe(engine.hex(0x6010, stored));
      expect(engine.execute(CSST)).toBeUndefined();
      expect(cpu.cc).toBe(1);
      expect(engine.gr()[code === 2 ? 3 : 2]).toBe(9n);
    }
  });
  it("refuses what it does not know", () => {
    for (const request of [3, 0x500]) {
      engine.gr({ 0: request, 1: 0x6000, 6: 0x5000, 7: 0x7000 });
      expect(engine.execute(CSST)).toBe(SPECIFICATION);
    }
    engine.gr({ 0: 0x101, 6: 0x5004 });
    expect(engine.execute(CSST)).toBe(SPECIFICATION);
  });
});
