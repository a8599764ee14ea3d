import { describe, expect, it } from "vitest";
import { Engine } from "../../test/engine.ts";

const engine = new Engine();
const { cpu } = engine;
const DATA = 0x07;
const FIXED_POINT_DIVIDE = 0x09;
const DECIMAL_OVERFLOW = 0x0a;
const ADDRESSING = 0x05;
const DECIMAL_OVERFLOW_MASK = 1n << 42n;
const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex");

describe("decimal operands", () => {
  it("the sum goes to the first operand; overflow interrupts when it is asked to, after completion", () => {
    for (const [psw, code] of [
      [0n, undefined],
      [DECIMAL_OVERFLOW_MASK, DECIMAL_OVERFLOW],
    ] as const) {
      engine.reset("64", psw);
      engine.put(0x4fff, bytes("999c"));
      engine.put(0x6000, bytes("2c"));
      engine.gr({ 2: 0x4fff, 4: 0x6000 });
      expect(engine.execute("fa1020004000")).toBe(code);
      expect(cpu.cc).toBe(3);
      expect(engine.hex(0x4fff, 2)).toBe("001c");
      expect(cpu.pswAddress).toBe(0x1006n);
    }
  });
  it("an access exception of the first operand comes before what is wrong with the digits", () => {
    engine.reset();
    engine.gr({ 2: 0x10_0000, 4: 0x6000 });
    expect(engine.execute("fa1020004000")).toBe(ADDRESSING);
    engine.gr({ 2: 0x5000 });
    expect(engine.execute("fa1020004000")).toBe(DATA);
  });
  it("MVO goes through an overlap from the right", () => {
    engine.reset();
    engine.put(0x5000, bytes("12345c"));
    engine.gr({ 2: 0x5000, 4: 0x5000 });
    engine.execute("f12120004000"); // 0(3,%r2),0(2,%r4)
    expect(engine.hex(0x5000, 3)).toBe("01234c");
  });
  it("EDMK marks the first significant digit", () => {
    engine.reset("31");
    engine.put(0x5000, bytes("402020206b20212020"));
    engine.put(0x6000, bytes("0012345c"));
    engine.gr({ 1: 0x1_0000_0000n, 2: 0x5000, 4: 0x6000 });
    engine.execute("df0820004000");
    expect(cpu.cc).toBe(2);
    expect(engine.hex(0x5000, 9)).toBe("404040f16bf2f3f4f5");
    expect(engine.gr()[1]).toBe(0x1_0000_5003n);
  });
});

describe("CONVERT TO BINARY", () => {
  it("completes with what fits in 32 bits, and suppresses 64", () => {
    engine.reset();
    engine.put(0x5000, bytes("000004294967303d"));
    engine.gr({ 2: 0xaaaa_bbbb_cccc_ddddn, 4: 0x5000 });
    expect(engine.execute("4f204000")).toBe(FIXED_POINT_DIVIDE);
    expect(engine.gr()[2]).toBe(0xaaaa_bbbb_ffff_fff9n);
    expect(cpu.pswAddress).toBe(0x1004n);
    engine.put(0x5000, bytes("0000000000009223372036854775808c".slice(-32)));
    expect(engine.execute("e3204000000e")).toBe(FIXED_POINT_DIVIDE);
    expect(cpu.pswAddress).toBe(0x1000n);
    engine.put(0x500f, bytes("8d"));
    expect(engine.execute("e3204000000e")).toBeUndefined();
    expect(engine.gr()[2]).toBe(0x8000_0000_0000_0000n);
    engine.execute("e3204010002e"); // CVDG %r2,16(%r4)
    expect(engine.hex(0x5010, 16)).toBe("0000000000009223372036854775808d".slice(-32));
  });
});
