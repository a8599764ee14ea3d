import { beforeEach, describe, expect, it } from "vitest";
import { TestMachine } from "../../test/machine.ts";
import { PswBit } from "../cpu.ts";

const machine = new TestMachine(2);
const { storage, processors } = machine;
const [cpu, other] = processors.cpus;
if (cpu === undefined || other === undefined) throw new Error("a machine of two CPUs has fewer");

const SIGP = "ae340000"; // SIGP %r3,%r4,0(%r0): the order is put into the displacement
const order = (code: number): string => SIGP.slice(0, 6) + code.toString(16).padStart(2, "0");
const SENSE = order(0x01);
const RESTART = order(0x06);
const STOP_AND_STORE = order(0x09);
const INITIAL_RESET = order(0x0b);
const SENSE_RUNNING = order(0x15);
const LOOP = 0x3000;
const STOPPED = 0x40n;
const NOT_RUNNING = 0x400n;
const MODE_64 = PswBit.extendedAddressing | PswBit.basicAddressing;

beforeEach(() => {
  for (const each of processors.cpus) {
    processors.clearReset(each);
    each.state = "stopped";
    each.setCr(0, 0n);
  }
  storage.storeBytes(LOOP, Buffer.from("a7f40000", "hex")); // J *
  cpu.setGr(3, 0n);
  cpu.setGr(4, 1n);
});

describe("SIGNAL PROCESSOR", () => {
  it("finds a CPU busy that was restarted and has not had its turn", () => {
    storage.store64(0x1a0, MODE_64);
    storage.store64(0x1a8, BigInt(LOOP));
    expect(machine.run(RESTART + SENSE)).toBeUndefined();
    expect(machine.cc).toBe(2);
    expect(other.state).toBe("operating");
    expect(machine.run(SENSE)).toBeUndefined();
    expect(machine.cc).toBe(0);
  });

  it("stores status at absolute addresses, whatever the prefix, and the architectural mode", () => {
    storage.store64(0x11318, 0n);
    storage.store64(0x1318, 0n);
    storage.store8(0xa3, 0);
    other.setPrefix(0x10000);
    expect(machine.run(STOP_AND_STORE)).toBeUndefined();
    expect(storage.fetch32(0x1318)).toBe(0x10000);
    expect(storage.fetch32(0x11318)).toBe(0);
    expect(storage.fetch8(0xa3)).toBe(1);
  });

  it("says that a CPU in the wait state is not running", () => {
    other.loadPsw(MODE_64 | PswBit.wait | PswBit.external, 0n);
    other.state = "operating";
    expect(machine.run(SENSE)).toBeUndefined();
    expect(machine.cc).toBe(0);
    expect(machine.run(SENSE_RUNNING)).toBeUndefined();
    expect([machine.cc, cpu.gr(3)]).toEqual([1, NOT_RUNNING]);
  });

  it("holds the CPU timer of a CPU that is stopped", () => {
    other.state = "operating";
    processors.timersOf(other).cpuTimer = 5_000_000n;
    expect(machine.run(INITIAL_RESET + SENSE)).toBeUndefined();
    expect([machine.cc, cpu.gr(3)]).toEqual([1, STOPPED]);
    expect(processors.timersOf(other).cpuTimer).toBe(0n);
    machine.time.nanoseconds += 1_000_000n;
    expect(processors.timersOf(other).cpuTimer).toBe(0n);
    other.state = "operating";
    machine.time.nanoseconds += 1_000n;
    expect(processors.timersOf(other).cpuTimer).toBe(-4096n);
  });
});

describe("an external interruption whose new PSW is enabled for a clock that is due", () => {
  it("would happen for ever, and ends the run", () => {
    cpu.setCr(0, 1n << 10n);
    processors.timersOf(cpu).cpuTimer = -1n;
    storage.store64(0x1b0, MODE_64 | PswBit.external);
    storage.store64(0x1b8, BigInt(LOOP));
    cpu.loadPsw(MODE_64 | PswBit.external, BigInt(LOOP));
    cpu.state = "operating";
    expect(processors.run(1000)).toMatchObject({ kind: "interruptionLoop", class: "external" });
  });

  it("with an invalid new PSW is followed by a specification exception", () => {
    cpu.setCr(0, 1n << 10n);
    processors.timersOf(cpu).cpuTimer = -1n;
    storage.store64(0x1b0, MODE_64 | (1n << 51n));
    storage.store64(0x1d0, MODE_64 | PswBit.wait);
    cpu.loadPsw(MODE_64 | PswBit.external, BigInt(LOOP));
    cpu.state = "operating";
    expect(processors.run(1000)).toMatchObject({ kind: "disabledWait" });
    expect(storage.fetch16(0x8e)).toBe(6);
  });
});
