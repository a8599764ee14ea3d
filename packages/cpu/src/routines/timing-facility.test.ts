import { describe, expect, it } from "vitest";
import { TestMachine } from "../../test/machine.ts";
import { UNIX_EPOCH } from "../clock.ts";
import { PswBit } from "../cpu.ts";

const PTFF = "0104";
const SCK = "b2042000"; // 0(%r2)
const BLOCK = 0x2000;
/** A millisecond of the TOD clock. */
const MILLISECOND = 1000n << 12n;

const machine = new TestMachine();
machine.time.nanoseconds = 1_000_000n;

function query(code: number, program = PTFF, more = 0n): number | undefined {
  machine.cpu.setGr(0, BigInt(code));
  machine.cpu.setGr(1, BigInt(BLOCK));
  return machine.run(program, more);
}

describe("PERFORM TIMING FACILITY FUNCTION", () => {
  it("tells the functions that there are, in problem state too", () => {
    expect(query(0, PTFF, PswBit.problemState)).toBeUndefined();
    expect(machine.cc).toBe(0);
    expect(machine.fetch64(BLOCK)).toBe(0xf800_0000_0000_0000n);
    expect(machine.fetch64(BLOCK + 8)).toBe(0n);
  });

  it("tells by how much the clock was set off the physical clock", () => {
    machine.cpu.setGr(2, 0x3000n);
    machine.storage.store64(0x3000, UNIX_EPOCH + MILLISECOND + 0x5000n);
    expect(query(1, SCK + PTFF)).toBeUndefined();
    expect(machine.fetch64(BLOCK)).toBe(UNIX_EPOCH + MILLISECOND);
    expect(machine.fetch64(BLOCK + 8)).toBe(0x5000n);
    expect(query(2)).toBeUndefined();
    expect(machine.fetch64(BLOCK + 16)).toBe(0x5000n);
    expect(machine.fetch64(BLOCK + 40)).toBe(0x5000n);
    expect(query(3)).toBeUndefined();
    expect(machine.fetch64(BLOCK)).toBe(UNIX_EPOCH + MILLISECOND);
  });

  it("has code 3 for a function that it does not have", () => {
    for (const code of [9, 0x41]) {
      expect(query(code)).toBeUndefined();
      expect(machine.cc).toBe(3);
    }
  });

  it("leaves control functions to the supervisor, and bit 56 to nobody", () => {
    expect(query(0x41, PTFF, PswBit.problemState)).toBe(2);
    expect(query(0x80)).toBe(6);
  });
});

describe("EXTRACT CPU TIME", () => {
  it("gives what the CPU timer has counted down, and two operands", () => {
    const SPT = "b2082000"; // 0(%r2)
    const ECTG = "c83120082010"; // 8(%r2),16(%r2),%r3
    machine.cpu.setGr(2, 0x3000n);
    machine.cpu.setGr(3, 0x3018n);
    machine.storage.store64(0x3000, 0x9000n);
    machine.storage.store64(0x3008, 0xa000n);
    machine.storage.store64(0x3010, 0x1234n);
    machine.storage.store64(0x3018, 0x5678n);
    expect(machine.run(SPT + ECTG)).toBeUndefined();
    expect([machine.cpu.gr(0), machine.cpu.gr(1), machine.cpu.gr(3)]).toEqual([0x1000n, 0x1234n, 0x5678n]);
  });
});
