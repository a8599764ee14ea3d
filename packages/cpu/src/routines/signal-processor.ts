/** SIGNAL PROCESSOR. Source: Principles of Operation, "CPU Signaling and Response". */
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import type { Processors } from "../processors.ts";
import { STATUS_AREA, VECTOR_AREA_SIZE, storeStatus, storeVectors } from "../store-status.ts";
import { modeChanged } from "./host.ts";

const Order = {
  sense: 0x01,
  externalCall: 0x02,
  emergencySignal: 0x03,
  start: 0x04,
  stop: 0x05,
  restart: 0x06,
  stopAndStoreStatus: 0x09,
  initialCpuReset: 0x0b,
  cpuReset: 0x0c,
  setPrefix: 0x0d,
  storeStatusAtAddress: 0x0e,
  setArchitecture: 0x12,
  conditionalEmergencySignal: 0x13,
  senseRunningStatus: 0x15,
  storeAdditionalStatusAtAddress: 0x17,
} as const;

/** Status bits, as stored in bits 32-63 of R1. */
const Status = {
  incorrectState: 0x200,
  invalidParameter: 0x100,
  externalCallPending: 0x80,
  stopped: 0x40,
  invalidOrder: 0x02,
  notRunning: 0x400,
} as const;

/** Orders that a CPU accepts while it is about to do another one. */
const resets: ReadonlySet<number> = new Set([Order.initialCpuReset, Order.cpuReset]);

/** Where stop and store status tells the architectural mode. */
const ARCHITECTURE_MODE = 0xa3;
const Z_ARCHITECTURE = 1;

/** Where vector registers may be stored. */
const VECTOR_AREA_BOUNDARY = 0x400;

const ACCEPTED = 0;
const STATUS_STORED = 1;
const BUSY = 2;
const NOT_OPERATIONAL = 3;

/** Whether the host gives it time: a CPU that waits has none, so that a program need not spin for it. */
const isRunning = (cpu: Cpu): boolean => cpu.state === "operating" && !cpu.waiting;

/** Returns the condition code, or `modeChanged` when the CPU signalled itself to stop or reset. */
export function signalProcessor(
  processors: Processors,
  cpu: Cpu,
  r1: number,
  r3: number,
  order: number,
): number {
  const target = processors.cpus[Number(cpu.gr(r3) & 0xffffn)];
  const parameter = cpu.gr(r1 | 1) & 0xffff_ffffn;
  if (order === Order.setArchitecture) {
    // Always z/Architecture here: asking for it, or for the other mode, changes nothing.
    return status(Status.invalidParameter);
  }
  if (target === undefined) return NOT_OPERATIONAL;
  const pending = processors.pendingOf(target);
  if (pending.restart && !resets.has(order)) return BUSY; // it was accepted, and its turn has not come yet
  const itself = (code: number): number => {
    if (target !== cpu) return code;
    cpu.cc = code;
    return modeChanged;
  };
  switch (order) {
    case Order.sense: {
      const bits =
        (target.state === "operating" ? 0 : Status.stopped) |
        (pending.externalCall === undefined ? 0 : Status.externalCallPending);
      return bits === 0 ? ACCEPTED : status(bits);
    }
    case Order.externalCall:
      if (pending.externalCall !== undefined) return status(Status.externalCallPending);
      pending.externalCall = cpu.number;
      processors.notePending();
      return itself(ACCEPTED);
    case Order.emergencySignal:
    case Order.conditionalEmergencySignal:
      pending.emergencySignals.add(cpu.number);
      processors.notePending();
      return itself(ACCEPTED);
    case Order.start:
      if (target.state === "stopped") target.state = "operating";
      return ACCEPTED;
    case Order.stop:
      target.state = "stopped";
      return itself(ACCEPTED);
    case Order.restart:
      pending.restart = true;
      processors.notePending();
      return itself(ACCEPTED);
    case Order.stopAndStoreStatus:
      target.state = "stopped";
      store(target, 0);
      cpu.storage.store8(ARCHITECTURE_MODE, Z_ARCHITECTURE);
      return itself(ACCEPTED);
    case Order.initialCpuReset:
      target.state = "stopped";
      processors.initialReset(target);
      return itself(ACCEPTED);
    case Order.cpuReset:
      target.state = "stopped";
      processors.reset(target);
      return itself(ACCEPTED);
    case Order.setPrefix: {
      if (target.state === "operating") return status(Status.incorrectState);
      const prefix = Number(parameter) & 0x7fff_e000;
      if (!target.storage.contains(prefix, 0x2000)) return status(Status.invalidParameter);
      target.setPrefix(prefix);
      return itself(ACCEPTED);
    }
    case Order.storeStatusAtAddress: {
      if (target.state === "operating") return status(Status.incorrectState);
      const address = Number(parameter) & 0x7fff_fe00;
      if (!target.storage.contains(address, STATUS_AREA.size)) return status(Status.invalidParameter);
      store(target, address - STATUS_AREA.start);
      return ACCEPTED;
    }
    case Order.storeAdditionalStatusAtAddress: {
      if (!processors.hasVectors) return status(Status.invalidOrder);
      if (target.state === "operating") return status(Status.incorrectState);
      // Without guarded storage, a length characteristic other than 0 is as invalid as a place within 1 KiB.
      const address = Number(cpu.gr(r1 | 1));
      if (address % VECTOR_AREA_BOUNDARY !== 0 || !target.storage.contains(address, VECTOR_AREA_SIZE))
        return status(Status.invalidParameter);
      storeVectors(target, address);
      return ACCEPTED;
    }
    case Order.senseRunningStatus:
      return isRunning(target) ? ACCEPTED : status(Status.notRunning);
    default:
      return status(Status.invalidOrder);
  }

  function status(bits: number): number {
    cpu.setGrLow(r1, bits);
    return STATUS_STORED;
  }
  /** In the areas behind an absolute address. */
  function store(of: Cpu, base: number): void {
    if (!of.storage.contains(base + STATUS_AREA.start, STATUS_AREA.size)) throw new ProgramInterruption(0x05);
    storeStatus(of, base, processors.timersOf(of));
  }
}
