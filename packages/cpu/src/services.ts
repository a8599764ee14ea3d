/** What CPUs ask of the machine around them. The machine implements it; a CPU knows nothing more of it. */
import type { Cpu } from "./cpu.ts";

export interface Services {
  /** Facility list as STORE FACILITY LIST EXTENDED gives it, bit 0 first. */
  facilityList(cpu: Cpu): Uint8Array;
  /** The word that STORE CPU ID stores. */
  cpuIdentification(cpu: Cpu): bigint;
  /** SERVICE CALL. Returns the condition code. */
  serviceCall(cpu: Cpu, command: number, sccbAddress: bigint): number;
  /** DIAGNOSE. `modeChanged` when the CPU's PSW was replaced. */
  diagnose(cpu: Cpu, code: number, r1: number, r3: number): number | void;
  /** ULTRAVISOR CALL. Returns the condition code. */
  ultravisorCall(cpu: Cpu, r1: number, r2: number, m3: number): number;
  /** STORE SYSTEM INFORMATION. Returns the condition code. */
  storeSystemInformation(cpu: Cpu, address: bigint, ar: number): number;
  /** I/O instructions, by the name of their routine; general register 1 and the operand. Returns the condition code. */
  channelInstruction(cpu: Cpu, name: ChannelInstruction, address: bigint, ar: number): number;
  /** SET INTERRUPTION CONTROLS: an operation-modes control for adapter interruptions of a subclass. */
  setInterruptionControls(mode: number, subclass: number): void;
  /** A pending I/O interruption that this CPU is enabled for (CR6), taken from the queue. */
  takeIoInterruption(
    cpu: Cpu,
  ):
    | { readonly subsystemId: number; readonly parameter: number; readonly identification: number }
    | undefined;
  /** Whether an I/O interruption is pending that a CPU with these interruption subclasses would take. */
  ioInterruptionPending(cr6: bigint): boolean;
  /** Code of a pending machine-check condition that this CPU is enabled for (CR14), taken from the queue. */
  takeMachineCheck(cpu: Cpu): bigint | undefined;
  /** An operation code that is not installed. */
  unknownOperation(cpu: Cpu, word: bigint): void;
}

export type ChannelInstruction =
  | "clearSubchannel"
  | "haltSubchannel"
  | "modifySubchannel"
  | "startSubchannel"
  | "storeSubchannel"
  | "testSubchannel"
  | "testPendingInterruption"
  | "resumeSubchannel"
  | "storeChannelReportWord"
  | "storeChannelPathStatus"
  | "resetChannelPath"
  | "setChannelMonitor"
  | "setAddressLimit"
  | "cancelSubchannel"
  | "channelSubsystemCall";

/** Nobody around the CPUs: calls are answered as by a machine that has nothing of the kind, and nothing ever comes. */
export const absentServices: Services = {
  facilityList: () => new Uint8Array(8),
  cpuIdentification: () => 0n,
  serviceCall: () => 3,
  diagnose: () => undefined,
  ultravisorCall: () => 3,
  storeSystemInformation: () => 3,
  channelInstruction: () => 3,
  setInterruptionControls: () => undefined,
  takeIoInterruption: () => undefined,
  ioInterruptionPending: () => false,
  takeMachineCheck: () => undefined,
  unknownOperation: () => undefined,
};
