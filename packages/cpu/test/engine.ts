/** One CPU over real storage, for tests of routines: registers in, instructions run, registers and storage out. */
import { instructions, routines } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import { Cpu, ProgramInterruption, PswBit } from "../src/cpu.ts";
import { type HostFunctions, type Interpreter, buildInterpreter } from "../src/interpreter.ts";
import type { HostRoutines } from "../src/routines/host.ts";
import { hostRoutines } from "../src/routines/index.ts";
import { Event, cpu as at, cpuBlock, engineArea } from "../src/state.ts";

/** Bytes of storage: addresses from here on are addressing exceptions while DAT is off. */
export const STORAGE_SIZE = 0x10_0000;
const CODE = 0x1000;
/** Where `map` puts translation tables: from here on, 16 KiB and a page of tables for each address space. */
const TABLES = 0xc_0000;

export class Engine {
  readonly storage = Storage.create({ size: STORAGE_SIZE, reserved: engineArea(1) });
  readonly interpreter: Interpreter;
  readonly cpu: Cpu;

  /** @param more - routines beside those that any machine has */
  constructor(more: HostRoutines = {}) {
    const known: HostRoutines = { ...hostRoutines, ...more };
    const absent = routines()
      .filter(({ where, name }) => where === "host" && known[name] === undefined)
      .map(({ name }) => [name, () => this.#missing(name)] as const);
    const present = Object.entries(known).map(
      ([name, routine]) => [name, () => this.#run(() => routine(this.cpu))] as const,
    );
    const host: HostFunctions = {
      importPage: () => 0,
      codeStored: () => undefined,
      codeWanted: () => undefined,
      hostNanoseconds: () => 0,
      accessRegisterTranslation: () => 0,
      unknownOperation: () => undefined,
      routines: new Map([...absent, ...present]),
    };
    this.interpreter = buildInterpreter(instructions, this.storage, host, { compile: undefined }).interpreter;
    this.cpu = new Cpu(0, cpuBlock(0), this.storage, this.interpreter);
    this.reset();
  }
  #missing(name: string): number {
    throw new Error(`${name} is not there`);
  }
  #run(routine: () => number | void): number {
    try {
      return routine() ?? 0;
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      this.cpu.noteProgram(error);
      return -1;
    }
  }

  /** Clear storage, keys and registers; DAT off unless `more` has its bit, supervisor state, key 0. */
  reset(mode: "24" | "31" | "64" = "64", more = 0n): void {
    const { cpu, storage } = this;
    storage.fill(0, STORAGE_SIZE, 0);
    storage.clearKeys();
    cpu.clearReset();
    this.setPsw(mode, more);
  }
  setPsw(mode: "24" | "31" | "64", more = 0n): void {
    const { basicAddressing, extendedAddressing } = PswBit;
    const bits = { "24": 0n, "31": basicAddressing, "64": basicAddressing | extendedAddressing };
    this.cpu.loadPsw(bits[mode] | more, BigInt(CODE));
  }
  /**
   * Runs one instruction, given in hexadecimal; with `again`, as long as it ends with condition code 3. Returns the
   * program-interruption code, or undefined.
   */
  execute(hex: string, again = false): number | undefined {
    const { cpu, storage } = this;
    storage.storeBytes(CODE, Buffer.from(hex, "hex"));
    for (;;) {
      cpu.pswAddress = BigInt(CODE);
      this.interpreter.run(cpu.block, 1);
      const event = cpu.u32(at.event);
      if (event === Event.program || event === Event.programAfter) return cpu.u32(at.programCode);
      if (event === Event.resume) cpu.modeChanged();
      if (!again || cpu.cc !== 3) return undefined;
    }
  }

  /** General registers by number; returns them as they are now. */
  gr(values: Readonly<Record<number, bigint | number>> = {}): readonly bigint[] {
    for (const [number, value] of Object.entries(values)) this.cpu.setGr(Number(number), BigInt(value));
    return Array.from({ length: 16 }, (_, number) => this.cpu.gr(number));
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

  /**
   * Address-space-control element of a space (0, 1, 2) whose first 256 pages are these frames; a page without one
   * is invalid.
   */
  map(space: number, pages: Readonly<Record<number, number>>): bigint {
    const segments = TABLES + space * 0x5000;
    const table = segments + 0x4000;
    for (let n = 0; n < 2048; n++) this.storage.store64(segments + 8 * n, 0x20n);
    this.storage.store64(segments, BigInt(table));
    for (let n = 0; n < 256; n++) this.storage.store64(table + 8 * n, 0x400n);
    for (const [page, frame] of Object.entries(pages))
      this.storage.store64(table + 8 * Number(page), BigInt(frame));
    return BigInt(segments) | 3n;
  }
}
