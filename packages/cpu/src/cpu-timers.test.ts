import { beforeEach, describe, expect, it } from "vitest";
import { TestMachine } from "../test/machine.ts";
import { nanosecondsUntilClock } from "./cpu-timers.ts";
import { PswBit } from "./cpu.ts";

const COMPARATOR = 1n << 11n;
const TIMER = 1n << 10n;
/** In TOD units. */
const MICROSECOND = 4096n;
const MODE_64 = PswBit.extendedAddressing | PswBit.basicAddressing;

const machine = new TestMachine(2);
const { processors, time } = machine;
const [cpu, other] = processors.cpus;
if (cpu === undefined || other === undefined) throw new Error("a machine of two CPUs has fewer");
const timers = processors.timersOf(cpu);
const all = [timers, processors.timersOf(other)];

beforeEach(() => {
  for (const each of processors.cpus) {
    processors.clearReset(each);
    each.setCr(0, 0n);
    each.loadPsw(MODE_64 | PswBit.external, 0n);
    each.state = "operating";
  }
});

describe("the timers of a CPU", () => {
  it("say when the first clock that is enabled interrupts", () => {
    timers.clockComparator = processors.clock.now() + 5n * MICROSECOND;
    timers.cpuTimer = 3n * MICROSECOND;
    processors.timersOf(other).cpuTimer = MICROSECOND;
    expect(nanosecondsUntilClock(all)).toBeUndefined();
    cpu.setCr(0, COMPARATOR);
    expect(nanosecondsUntilClock(all)).toBe(5000n);
    cpu.setCr(0, COMPARATOR | TIMER);
    expect(nanosecondsUntilClock(all)).toBe(3000n);
    other.setCr(0, TIMER);
    expect(nanosecondsUntilClock(all)).toBe(1000n);
    other.state = "stopped";
    expect(nanosecondsUntilClock(all)).toBe(3000n);
    cpu.loadPsw(MODE_64, 0n);
    expect(nanosecondsUntilClock(all)).toBeUndefined();
  });

  it("are due at once when their time has passed, and never by a comparator of ones", () => {
    cpu.setCr(0, COMPARATOR);
    timers.clockComparator = processors.clock.now();
    time.nanoseconds += 2000n;
    expect(timers.clockComparatorPending()).toBe(true);
    expect(nanosecondsUntilClock(all)).toBe(0n);
    timers.clockComparator = 0xffff_ffff_ffff_ffffn;
    expect(timers.clockComparatorPending()).toBe(false);
    expect(nanosecondsUntilClock(all)).toBeUndefined();
  });

  it("make a slice end when a clock is due", () => {
    timers.clockComparator = processors.clock.now() - 1n;
    timers.cpuTimer = 1000n * MICROSECOND;
    expect(timers.instructionsUpTo(50_000)).toBe(50_000);
    timers.cpuTimer = 10n * MICROSECOND;
    expect(timers.instructionsUpTo(50_000)).toBe(5120);
    expect(timers.instructionsUpTo(3000)).toBe(3000);
    timers.clockComparator = processors.clock.now() + MICROSECOND;
    expect(timers.instructionsUpTo(50_000)).toBe(2000);
  });

  it("stand still while the CPU is stopped", () => {
    timers.cpuTimer = 3n * MICROSECOND;
    cpu.state = "stopped";
    time.nanoseconds += 9000n;
    expect(timers.cpuTimer).toBe(3n * MICROSECOND);
    cpu.state = "operating";
    time.nanoseconds += 4000n;
    expect(timers.cpuTimer).toBe(-MICROSECOND);
    expect(timers.cpuTimerPending()).toBe(true);
  });
});
