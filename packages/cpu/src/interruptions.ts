/** Interruption conditions that are pending for CPUs. Source: Principles of Operation, "Interruptions". */
import type { Cpu } from "./cpu.ts";
import { PswBit } from "./cpu.ts";
import { cpu as at } from "./state.ts";

/** External-interruption codes. */
export const ExternalCode = {
  interruptKey: 0x0040,
  clockComparator: 0x1004,
  cpuTimer: 0x1005,
  malfunctionAlert: 0x1200,
  emergencySignal: 0x1201,
  externalCall: 0x1202,
  serviceSignal: 0x2401,
} as const;

/** Subclass masks in CR0. */
export const Subclass = {
  malfunctionAlert: 1n << 15n,
  emergencySignal: 1n << 14n,
  externalCall: 1n << 13n,
  clockComparator: 1n << 11n,
  cpuTimer: 1n << 10n,
  serviceSignal: 1n << 9n,
  interruptKey: 1n << 6n,
} as const;

/** Conditions that belong to one CPU. */
export class PendingForCpu {
  restart = false;
  stop = false;
  readonly emergencySignals = new Set<number>();
  externalCall: number | undefined;
  readonly malfunctionAlerts = new Set<number>();

  clear(): void {
    this.restart = false;
    this.stop = false;
    this.emergencySignals.clear();
    this.externalCall = undefined;
    this.malfunctionAlerts.clear();
  }
}

/** Conditions that any CPU may take. */
export class Floating {
  /** Service signal: pending when defined; the parameter's bits add up. */
  serviceSignal: number | undefined;
  interruptKey = false;

  signalService(parameter: number): void {
    this.serviceSignal = (this.serviceSignal ?? 0) | parameter;
  }
  clear(): void {
    this.serviceSignal = undefined;
    this.interruptKey = false;
  }
}

/** Clock state of one CPU that makes conditions pending. */
export interface Timers {
  clockComparatorPending(): boolean;
  cpuTimerPending(): boolean;
}

/** Whether the CPU's control register 0 lets a clock that is due interrupt. */
export function clockIsPending(cpu: Cpu, timers: Timers): boolean {
  const mask = cpu.cr(0);
  return (
    ((mask & Subclass.clockComparator) !== 0n && timers.clockComparatorPending()) ||
    ((mask & Subclass.cpuTimer) !== 0n && timers.cpuTimerPending())
  );
}

const first = (set: Set<number>): number | undefined => set.values().next().value;

/** Take the external interruption of highest priority that the CPU is enabled for. False: there is none. */
export function takeExternal(
  cpu: Cpu,
  own: PendingForCpu,
  floating: Floating,
  timers: Timers,
): boolean | "invalid" {
  if ((cpu.u64(at.pswMask) & PswBit.external) === 0n) return false;
  const mask = cpu.cr(0);
  const take = (code: number, address = 0, parameter = 0): true | "invalid" =>
    cpu.takeExternalInterruption(code, address, parameter) || "invalid";
  if (floating.interruptKey && mask & Subclass.interruptKey) {
    floating.interruptKey = false;
    return take(ExternalCode.interruptKey);
  }
  const alert = first(own.malfunctionAlerts);
  if (alert !== undefined && mask & Subclass.malfunctionAlert) {
    own.malfunctionAlerts.delete(alert);
    return take(ExternalCode.malfunctionAlert, alert);
  }
  const emergency = first(own.emergencySignals);
  if (emergency !== undefined && mask & Subclass.emergencySignal) {
    own.emergencySignals.delete(emergency);
    return take(ExternalCode.emergencySignal, emergency);
  }
  if (own.externalCall !== undefined && mask & Subclass.externalCall) {
    const address = own.externalCall;
    own.externalCall = undefined;
    return take(ExternalCode.externalCall, address);
  }
  if (mask & Subclass.clockComparator && timers.clockComparatorPending())
    return take(ExternalCode.clockComparator);
  if (mask & Subclass.cpuTimer && timers.cpuTimerPending()) return take(ExternalCode.cpuTimer);
  if (floating.serviceSignal !== undefined && mask & Subclass.serviceSignal) {
    const parameter = floating.serviceSignal;
    floating.serviceSignal = undefined;
    return take(ExternalCode.serviceSignal, 0, parameter);
  }
  return false;
}
