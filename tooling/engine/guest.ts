/** A bare machine for measurements: storage, one CPU, nothing around it. */
import { unimplemented } from "@lockframe/architecture";
import { assemble } from "@lockframe/assembler";
import { type Cpu, type Engine, Processors, type Services, engineArea, hostRoutines } from "@lockframe/cpu";
import { instructions } from "@lockframe/instructions";
import { Storage, type StorageForm } from "@lockframe/memory";

/** Address of the first instruction; data may stand from `DATA` on. */
export const CODE = 0x1_0000;
export const DATA = 0x10_0000;
const EXTENDED_64 = 0x0000_0001_8000_0000n;

const nothing: Services = {
  facilityList: () => new Uint8Array(32),
  cpuIdentification: () => 0n,
  serviceCall: () => unimplemented("a service call"),
  diagnose: () => unimplemented("DIAGNOSE"),
  ultravisorCall: () => unimplemented("an Ultravisor call"),
  storeSystemInformation: () => unimplemented("STORE SYSTEM INFORMATION"),
  channelInstruction: () => unimplemented("a channel instruction"),
  setInterruptionControls: () => unimplemented("SET INTERRUPTION CONTROLS"),
  takeIoInterruption: () => undefined,
  ioInterruptionPending: () => false,
  takeMachineCheck: () => undefined,
  unknownOperation: () => undefined,
};

export class Guest {
  readonly processors: Processors;
  readonly storage: Storage;
  constructor(engine: Engine = "interpreter", form: StorageForm = "narrow") {
    this.storage = Storage.create({ size: 0x800_0000, reserved: engineArea(1), form });
    this.processors = new Processors({
      storage: this.storage,
      count: 1,
      definitions: instructions,
      services: nothing,
      routines: hostRoutines,
      engine,
    });
  }
  get cpu(): Cpu {
    const [cpu] = this.processors.cpus;
    if (cpu === undefined) throw new Error("there is no CPU");
    return cpu;
  }

  /** Start a program: it runs in 64-bit mode, DAT off, and must never end. */
  start(source: string): void {
    const program = assemble(source, { origin: CODE, symbols: { data: DATA } });
    this.storage.storeBytes(CODE, program.bytes);
    this.cpu.clearReset();
    this.cpu.loadPsw(EXTENDED_64, BigInt(CODE));
    this.cpu.state = "operating";
  }
}
