import {
  assigned,
  type Cpu,
  type Engine,
  engineArea,
  hostRoutines,
  Processors,
  absentServices,
} from "@lockframe/cpu";
import type { Instruction } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import {
  type Case,
  type Executor,
  interruptionOf,
  type MachineState,
  type Outcome,
  windows,
} from "./case.ts";
import { outcomeAt } from "./ending.ts";
import { changesBetween, contentsWith } from "./window-contents.ts";

const mebibyte = 0x10_0000;
const segmentTable = 0x1_0000;
const pageTable = 0x2_0000;
/** Absolute addresses of the windows: in small storage, and in storage of more than 4 GiB, where they lie across that line. */
const smallStorage = { size: mebibyte, frames: [0x4_0000, 0x5_0000, 0x6_0000] } as const;
const largeStorage = {
  size: 0x1_0010_0000,
  frames: [0x1_0005_0000, 0x1_0000_0000 - 0x1000, 0x1_0006_0000],
} as const;
/** Milliseconds after which a case counts as endless. */
const patience = 2000;

const registers = Array.from({ length: 16 }, (_, number) => number);

/** PSW bits: DAT (5), problem state (15), 64-bit addressing mode (31, 32). */
const pswMask = (1n << 58n) | (1n << 48n) | (1n << 32n) | (1n << 31n);
/** A PSW that waits for nothing: bit 14, 64-bit addressing mode. */
const disabledWait = (1n << 49n) | (1n << 32n) | (1n << 31n);
/** Control register 0: AFP-register control (45), vector control (46). */
const controlRegister0 = (1n << 18n) | (1n << 17n);

/**
 * The engine as an executor: one CPU in problem state, with DAT on and nothing mapped but the windows, so that
 * every other address causes an access exception. A program interruption ends each case, as under QEMU.
 */
export class EngineExecutor implements Executor {
  readonly name = "engine";
  readonly #frames: readonly number[];
  readonly #storage: Storage;
  readonly #processors: Processors;
  readonly #cpu: Cpu;

  constructor(definitions: readonly Instruction[], engine: Engine = "interpreter", large = false) {
    const { size, frames } = large ? largeStorage : smallStorage;
    this.#frames = frames;
    this.#storage = Storage.create({ size, reserved: engineArea(1) });
    this.#processors = new Processors({
      storage: this.#storage,
      count: 1,
      definitions,
      services: absentServices,
      routines: hostRoutines,
      engine,
    });
    const [cpu] = this.#processors.cpus;
    if (cpu === undefined) throw new Error("a machine of one CPU has none");
    this.#cpu = cpu;
    this.#mapWindows();
    cpu.setCr(0, controlRegister0);
    cpu.setCr(1, BigInt(segmentTable) | 3n); // segment table of full length
  }

  execute(subject: Case): Outcome {
    const before = contentsWith(subject.before.storage);
    before[0]?.set(subject.bytes, Number(subject.before.address - windows[0].address));
    before.forEach((bytes, index) => this.#storage.storeBytes(this.#frames[index] ?? 0, bytes));
    this.#load(subject.before);
    const { kind } = this.#processors.run(patience);
    const after = before.map((bytes, index) => this.#storage.fetch(this.#frames[index] ?? 0, bytes.length));
    const scalar = this.#stateAtInterruption(changesBetween(before, after));
    const vr = subject.before.vr?.map((_, number) => this.#cpu.vr(number));
    const state = vr === undefined ? scalar : { ...scalar, vr };
    return kind === "disabledWait"
      ? outcomeAt(subject, interruptionOf(this.#storage.fetch16(assigned.programCode)), state)
      : { interruption: { class: "other" }, state };
  }

  /** Tables that map the windows and nothing else. All windows stand in the same segment. */
  #mapWindows(): void {
    const storage = this.#storage;
    for (let entry = 0; entry < 2048; entry++) storage.store64(segmentTable + 8 * entry, 0x20n);
    for (let entry = 0; entry < 256; entry++) storage.store64(pageTable + 8 * entry, 0x400n);
    for (const [index, { address, size }] of windows.entries()) {
      storage.store64(segmentTable + 8 * Number(address >> 20n), BigInt(pageTable));
      for (let offset = 0; offset < size; offset += 0x1000) {
        const page = Number((address >> 12n) & 0xffn) + offset / 0x1000;
        storage.store64(pageTable + 8 * page, BigInt((this.#frames[index] ?? 0) + offset));
      }
    }
    storage.store64(assigned.programNew, disabledWait);
  }

  #load(state: MachineState): void {
    const cpu = this.#cpu;
    state.gr.forEach((value, number) => cpu.setGr(number, value));
    state.ar.forEach((value, number) => cpu.setAr(number, value));
    state.fr.forEach((value, number) => cpu.setFpr(number, value));
    state.vr?.forEach((value, number) => cpu.setVr(number, value));
    cpu.loadPsw(pswMask | (BigInt(state.programMask) << 40n) | (BigInt(state.cc) << 44n), state.address);
    cpu.fpc = state.fpc;
    cpu.state = "operating";
  }

  #stateAtInterruption(storage: MachineState["storage"]): MachineState {
    const cpu = this.#cpu;
    const mask = this.#storage.fetch64(assigned.programOld);
    return {
      address: this.#storage.fetch64(assigned.programOld + 8),
      cc: Number((mask >> 44n) & 3n),
      programMask: Number((mask >> 40n) & 15n),
      fpc: cpu.fpc,
      gr: registers.map((number) => cpu.gr(number)),
      ar: registers.map((number) => cpu.ar(number)),
      fr: registers.map((number) => cpu.fpr(number)),
      storage,
    };
  }
}
