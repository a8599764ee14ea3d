import { EventFacility, type EventPartner } from "./event-facility.ts";
import { checkMachine, cpuEntriesAt, type MachineInformation } from "./machine-information.ts";
import {
  readCpuInformation,
  readScpInformation,
  readStorageElementInformation,
  storageElementFits,
  type Circumstances,
} from "./read-information.ts";
import { responseCode } from "./response-code.ts";
import { Sccb } from "./sccb.ts";

/** SCLP command words without their parameter, which is the third byte. */
export const serviceCommand = {
  readCpuInformation: 0x00010001,
  readScpInformation: 0x00020001,
  readScpInformationForced: 0x00120001,
  readStorageElementInformation: 0x00040001,
  readEventData: 0x00770005,
  writeEventData: 0x00760005,
  writeEventMask: 0x00780005,
} as const;

const COMMAND = 0xffff00ff;
const PAGE = 4096;
const EVENT_PENDING = 0x1;

export interface ServiceProcessorOptions {
  readonly machine: MachineInformation;
  /** Consoles and what else exchanges events with the program. No two may receive the same type. */
  readonly events?: readonly EventPartner[];
  /**
   * Make a service signal (external interruption 2401) with this parameter pending: an event waits. The
   * parameter is to be ORed into that of a service signal that is pending already.
   */
  signal(parameter: number): void;
}

/** Outcome of a service call. */
export interface ServiceCallResult {
  /** Condition code of SERVICE CALL: 0, the operation was initiated. */
  readonly conditionCode: 0;
  /** The control block after the call, as many bytes as were given; to be stored where they were copied from. */
  readonly sccb: Uint8Array<ArrayBuffer>;
  /** Parameter of the service signal to be made pending after the store: the call is complete. */
  readonly signal: number;
}

/**
 * Service processor: what a program reaches with SERVICE CALL. It works on copies and never touches storage,
 * so that a protected guest's control blocks reach it by the hand of the Ultravisor.
 */
export class ServiceProcessor {
  readonly #machine: MachineInformation;
  readonly #events: EventFacility;
  #loadParameter: string;
  #protectedGuest = false;

  /** @throws LockframeError LF-SCLP-001, LF-SCLP-002: the machine cannot be described to a guest */
  constructor(options: ServiceProcessorOptions) {
    checkMachine(options.machine);
    this.#machine = offered(options.machine);
    this.#loadParameter = options.machine.loadParameter ?? "";
    this.#events = new EventFacility(options.events ?? [], () => options.signal(EVENT_PENDING));
  }

  /**
   * Perform a service call.
   * @param command command word, from the first-operand register
   * @param sccb copy of the control block: as many bytes as its header states, fewer where no more can be
   *   transferred (one page for a protected guest); unchanged on return
   * @param address absolute address that the program gave; the signal carries it
   */
  serviceCall(command: number, sccb: Uint8Array, address: number): ServiceCallResult {
    const copy = sccb.slice();
    if (copy.length >= Sccb.HEADER) this.#perform(command, new Sccb(copy), address);
    const completed = (address & ~0x7) >>> 0;
    return {
      conditionCode: 0,
      sccb: copy,
      signal: completed | (this.#events.pending ? EVENT_PENDING : 0),
    };
  }

  /** Load parameter that Read SCP Info tells; DIAGNOSE 308 changes it. */
  set loadParameter(text: string) {
    this.#loadParameter = text;
  }

  /** Whether the guest is protected, and so is not told of what serves SIE. */
  set protectedGuest(on: boolean) {
    this.#protectedGuest = on;
  }

  /** Whether the program receives events of this type now. */
  receives(type: number): boolean {
    return this.#events.receives(type);
  }

  /** Subsystem reset: the program receives no events. Console input that waits is kept for the next program. */
  reset(): void {
    this.#events.reset();
  }

  #perform(command: number, sccb: Sccb, address: number): void {
    const code = (command & COMMAND) >>> 0;
    const now: Circumstances = { loadParameter: this.#loadParameter, protectedGuest: this.#protectedGuest };
    if (!Object.values<number>(serviceCommand).includes(code))
      return sccb.respond(responseCode.invalidCommand);
    if (!this.#withinBoundary(code, sccb, address)) return sccb.respond(responseCode.boundaryViolation);
    switch (code) {
      case serviceCommand.readScpInformation:
      case serviceCommand.readScpInformationForced:
        return readScpInformation(sccb, this.#machine, now);
      case serviceCommand.readCpuInformation:
        return readCpuInformation(sccb, this.#machine, now);
      case serviceCommand.readStorageElementInformation:
        return this.#readStorageElement(sccb, (command >>> 8) & 0xff);
      case serviceCommand.writeEventMask:
        return this.#events.writeMask(sccb);
      case serviceCommand.writeEventData:
        return this.#events.writeData(sccb);
      case serviceCommand.readEventData:
        return this.#events.readData(sccb);
    }
  }

  #readStorageElement(sccb: Sccb, element: number): void {
    if (!this.#machine.characteristics?.includes("storageElementInformation")) {
      return sccb.respond(responseCode.invalidCommand);
    }
    readStorageElementInformation(sccb, this.#machine, element);
  }

  /** A block stays within its page, except that of two commands with the extended-length-SCCB facility. */
  #withinBoundary(code: number, sccb: Sccb, address: number): boolean {
    const mayExceed =
      code === serviceCommand.readScpInformation ||
      code === serviceCommand.readScpInformationForced ||
      code === serviceCommand.readCpuInformation;
    return (this.#machine.extendedLengthSccb && mayExceed) || (address % PAGE) + sccb.length <= PAGE;
  }
}

/** Only characteristics that this machine can really have. */
function offered(machine: MachineInformation): MachineInformation {
  const characteristics = (machine.characteristics ?? []).filter(
    (name) =>
      (name !== "storageElementInformation" || storageElementFits(machine.storageSize)) &&
      (name !== "diagnose318" || cpuEntriesAt(machine) > 134),
  );
  return { ...machine, characteristics };
}
