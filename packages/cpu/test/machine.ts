/** A machine of one CPU, or of some, for tests of what needs clocks: a program in, general registers and storage out. */
import { instructions } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import { type HostTime, TodClock } from "../src/clock.ts";
import { type Cpu, PswBit, assigned } from "../src/cpu.ts";
import { Processors } from "../src/processors.ts";
import { hostRoutines } from "../src/routines/index.ts";
import { absentServices, type Services } from "../src/services.ts";
import { engineArea } from "../src/state.ts";

const CODE = 0x1000;
const SIZE = 0x10_0000;
const MODE_64 = PswBit.extendedAddressing | PswBit.basicAddressing;

/** Host time that passes when a test says so. */
export class TestTime implements HostTime {
  nanoseconds = 0n;
  unixNanoseconds = () => this.nanoseconds;
  monotonicNanoseconds = () => Number(this.nanoseconds);
}

export class TestMachine {
  readonly time = new TestTime();
  readonly storage: Storage;
  readonly processors: Processors;

  /**
   * @param count CPUs, of which programs run on the first unless another is named
   * @param services those that are not absent
   */
  constructor(count = 1, services: Partial<Services> = {}) {
    this.storage = Storage.create({ size: SIZE, reserved: engineArea(count) });
    this.processors = new Processors({
      storage: this.storage,
      count,
      definitions: instructions,
      services: { ...absentServices, ...services },
      routines: hostRoutines,
      clock: new TodClock(this.time),
    });
  }

  get cpu(): Cpu {
    const [cpu] = this.processors.cpus;
    if (cpu === undefined) throw new Error("a machine of one CPU has none");
    return cpu;
  }

  /** Runs a program, given in hexadecimal; returns the program-interruption code, or undefined when it reached its end. */
  run(hex: string, more = 0n, cpu = this.cpu): number | undefined {
    const { storage } = this;
    const end = BigInt(CODE + hex.length / 2);
    storage.storeBytes(CODE, Buffer.from(`${hex}0000`, "hex")); // X'0000' is no instruction
    storage.store64(assigned.programNew, PswBit.wait | MODE_64);
    cpu.loadPsw(MODE_64 | more, BigInt(CODE));
    if (cpu !== this.cpu) this.cpu.state = "stopped";
    cpu.state = "operating";
    this.processors.run(1000);
    const address = storage.fetch64(assigned.programOld + 8);
    const code = storage.fetch16(assigned.programCode);
    return code === 1 && address === end + 2n ? undefined : code;
  }
  /** Condition code when the program ended. */
  get cc(): number {
    return Number((this.storage.fetch64(assigned.programOld) >> 44n) & 3n);
  }
  fetch64(address: number): bigint {
    return this.storage.fetch64(address);
  }
}
