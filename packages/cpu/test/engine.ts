/** One CPU over real storage, for tests of routines: registers in, instructions run, registers and storage out. */
import { instructions, routines } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import { Cpu, ProgramInterruption, PswBit } from "../src/cpu.ts";
import { type Interpreter, buildInterpreter } from "../src/interpreter.ts";
import { blockHostRoutines } from "../src/routines/index.ts";
import { Event, cpu as at, cpuBlock, engineArea } from "../src/state.ts";

const MEBIBYTE = 0x10_0000;
const CODE = 0x1000;

export class Engine {
  readonly storage = Storage.create({ size: MEBIBYTE, reserved: engineArea(1) });
  readonly interpreter: Interpreter;
  readonly cpu: Cpu;

  constructor() {
    const absent = routines()
      .filter(({ where, name }) => where === "host" && blockHostRoutines[name] === undefined)
      .map(({ name }) => [name, () => this.#missing(name)] as const);
    const present = Object.entries(blockHostRoutines).map(
      ([name, routine]) => [name, () => this.#run(() => routine(this.cpu))] as const,
    );
    this.interpreter = buildInterpreter(instructions, this.storage, {
      importPage: () => 0,
      accessRegisterTranslation: () => 0,
      unknownOperation: () => undefined,
      routines: new Map([...absent, ...present]),
    });
    this.cpu = new Cpu(0, cpuBlock(0), this.storage, this.interpreter.translate);
    this.cpu.clearReset();
  }
  #missing(name: string): number {
    throw new Error(`${name} is not there`);
  }
  #run(routine: () => number | void): number {
    try {
      return routine() ?? 0;
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      this.cpu.setU32(at.event, Event.program);
      this.cpu.setU32(at.programCode, error.code);
      this.cpu.setU32(at.dxc, error.dxc);
      return -1;
    }
  }

  /** 64-bit mode, DAT off, registers zero. */
  reset(mode: "24" | "31" | "64" = "64", more = 0n): void {
    this.cpu.clearReset();
    const bits = { 24: 0n, 31: PswBit.basicAddressing, 64: PswBit.basicAddressing | PswBit.extendedAddressing };
    this.cpu.loadPsw(bits[mode] | more, BigInt(CODE));
  }
  /**
   * Runs one instruction, given in hexadecimal, again and again while it ends with condition code 3 and `again`
   * says so. Returns the program-interruption code, or undefined.
   */
  execute(hex: string, again = false): number | undefined {
    const { cpu, storage } = this;
    storage.storeBytes(CODE, Buffer.from(hex, "hex"));
    for (;;) {
      cpu.pswAddress = BigInt(CODE);
      this.interpreter.run(cpu.block, 1);
      const event = cpu.u32(at.event);
      if (event === Event.program || event === Event.programAfter) return cpu.u32(at.programCode);
      if (!again || cpu.cc !== 3) return undefined;
    }
  }
  put(address: number, bytes: string | Uint8Array): void {
    this.storage.storeBytes(address, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }
  text(address: number, length: number): string {
    return Buffer.from(this.storage.fetch(address, length)).toString("latin1");
  }
  hex(address: number, length: number): string {
    return Buffer.from(this.storage.fetch(address, length)).toString("hex");
  }
}
