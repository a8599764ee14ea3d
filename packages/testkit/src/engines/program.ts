/** A program on a bare CPU, for comparing engines: assembled, run to its end, and what is left of it. */
import { createHash } from "node:crypto";
import { assemble } from "@lockframe/assembler";
import {
  type Engine,
  type JitStatistics,
  Processors,
  type ProcessorsOptions,
  absentServices,
  engineArea,
  hostRoutines,
} from "@lockframe/cpu";
import { instructions } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";

const MIB = 0x10_0000;
/** Where programs begin, each in pages of its own, and where their data are. */
const CODE = 0x1_0000;
const CODE_SIZE = 0x2000;
const DATA = 0xf_0000;
/** Milliseconds after which a program counts as endless. */
const PATIENCE = 30_000;
/** Arrivals after which code is compiled. */
const HOT = 1500;
/** PSW bits: 64-bit addressing mode; the same and wait. */
const EXTENDED = 0x0000_0001_8000_0000n;
const DISABLED_WAIT = EXTENDED | (1n << 49n);
const programNew = 0x1d0;

export interface Ending {
  readonly kind: string;
  /** Bits 0-63 and the address. */
  readonly psw: readonly [bigint, bigint];
  readonly gr: readonly bigint[];
  /** Hash of storage. */
  readonly storage: string;
  readonly instructions: number;
  /** Regions that were compiled. */
  readonly regions: number;
}

/** A machine of one CPU, to run one program after another. */
export class Bench {
  readonly #storage = Storage.create({ size: MIB, reserved: engineArea(1) });
  readonly #processors: Processors;
  readonly #patience: number;
  #runs = 0;

  /**
   * @param patience milliseconds after which a program counts as endless
   * @param room how much compiled code is kept
   */
  constructor(engine: Engine, patience = PATIENCE, room?: ProcessorsOptions["room"]) {
    this.#patience = patience;
    this.#processors = new Processors({
      storage: this.#storage,
      count: 1,
      definitions: instructions,
      services: absentServices,
      routines: hostRoutines,
      engine,
      threshold: HOT,
      ...(room !== undefined && { room }),
    });
  }

  get storage(): Storage {
    return this.#storage;
  }

  /** What has been compiled so far; undefined without a compiler. */
  get compiled(): JitStatistics | undefined {
    return this.#processors.jit;
  }

  /** Run a program until a disabled wait PSW is loaded, by it or by a program interruption. `data` is the address of its data. */
  run(source: string, data: Uint8Array = new Uint8Array()): Ending {
    const storage = this.#storage;
    const processors = this.#processors;
    const [cpu] = processors.cpus;
    if (cpu === undefined) throw new Error("a machine of one CPU has none");
    const [instructionsBefore, regionsBefore] = [processors.instructions, processors.jit?.regions ?? 0];
    storage.fill(0, MIB, 0);
    const origin = CODE + (this.#runs++ % ((DATA - CODE) / CODE_SIZE)) * CODE_SIZE;
    storage.storeBytes(origin, assemble(source, { origin, symbols: { data: DATA } }).bytes);
    storage.storeBytes(DATA, data);
    storage.store64(programNew, DISABLED_WAIT);
    storage.store64(programNew + 8, 0xdeadn);
    processors.clearReset(cpu);
    cpu.loadPsw(EXTENDED, BigInt(origin));
    cpu.state = "operating";
    const { kind } = processors.run(this.#patience);
    return {
      kind,
      psw: [cpu.pswMask, cpu.pswAddress],
      gr: Array.from({ length: 16 }, (_, n) => cpu.gr(n)),
      storage: createHash("sha256").update(storage.fetch(0, MIB)).digest("hex"),
      instructions: processors.instructions - instructionsBefore,
      regions: (processors.jit?.regions ?? 0) - regionsBefore,
    };
  }
}
