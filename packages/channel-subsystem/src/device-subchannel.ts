import {
  type ChannelDevice,
  command,
  commandReject,
  type DeviceLine,
  end,
  type Ending,
  senseBit,
  type SenseId,
  type Transfer,
  unitCheck,
  type UnitStatus,
} from "./channel-device.ts";
import type { ChannelMeasurement } from "./channel-measurement.ts";
import { ChannelProgram, type ProgramResult, type ProgramState } from "./channel-program.ts";
import { type AddressLimit, type ChannelStorage, KeyedStorage } from "./channel-storage.ts";
import type { IoInterruptions } from "./io-interruptions.ts";
import type { OperationRequestBlock } from "./operation-request-block.ts";
import { completed, type IoOutcome } from "./outcome.ts";
import { PathManagementControlWord, pmcwFlag, pmcwMode } from "./path-management-control-word.ts";
import { blockLength, type Subchannel } from "./subchannel.ts";
import {
  scswControl as control,
  scswFlag,
  subchannelStatus,
  SubchannelStatusWord,
} from "./subchannel-status-word.ts";

export interface DeviceSubchannelPorts {
  readonly storage: ChannelStorage;
  readonly interruptions: IoInterruptions;
  readonly measurement: ChannelMeasurement;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Address that SET ADDRESS LIMIT set. */
  addressLimit(): number;
  /** Run something when CPUs and the host's own work have had a turn. */
  later(work: () => void): void;
  /** A device's command threw: our bug, which the program sees as an equipment check. */
  deviceFailed(error: unknown): void;
}

export interface DeviceSubchannelOptions {
  readonly device: ChannelDevice;
  readonly senseId: SenseId;
  readonly deviceNumber: number;
  /** Channel-path identifier. */
  readonly channelPath: number;
  /** Subsystem-identification word. */
  readonly identification: number;
}

/** Commands that a channel program may do before CPUs get a turn: one that loops must not stop the machine. */
const COMMANDS_A_TURN = 128;
const SENSE_BYTES = 32;
const PATH = 0x80;
const ENDING = control.primary | control.secondary | control.statusPending;
const ANY_STATUS_BUT_INTERMEDIATE = control.alert | control.primary | control.secondary;
const WAITING_ACTIVITIES =
  control.resumePending |
  control.startPending |
  control.haltPending |
  control.clearPending |
  control.suspended;
const ACTIVE = control.subchannelActive | control.deviceActive;
const FORMAT_0_CHECKS =
  subchannelStatus.channelDataCheck |
  subchannelStatus.channelControlCheck |
  subchannelStatus.interfaceControlCheck;

/** A subchannel with one device behind one channel path. Source: Principles of Operation, chapters 14 to 16. */
export class DeviceSubchannel implements Subchannel, DeviceLine {
  readonly #ports: DeviceSubchannelPorts;
  readonly #options: DeviceSubchannelOptions;
  readonly #device: ChannelDevice;
  #pmcw: PathManagementControlWord;
  #scsw = new SubchannelStatusWord();
  #orb: OperationRequestBlock | undefined;
  #program: ChannelProgram | undefined;
  #sense: Uint8Array = new Uint8Array(SENSE_BYTES);
  /** When the start or resume function was accepted, and when its device began. */
  #accepted = 0;
  #began = 0;
  /** What the extended-status word tells of the last one. */
  #interval: number | undefined;
  /** Unsolicited status that waits for its turn. */
  #unsolicited = 0;
  /** A command of a program that was given up is still with the device. */
  #deviceBusy: Promise<unknown> | undefined;

  constructor(options: DeviceSubchannelOptions, ports: DeviceSubchannelPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#device = options.device;
    this.#pmcw = new PathManagementControlWord(options.deviceNumber, options.channelPath);
    options.device.attached?.(this);
  }

  // --- I/O instructions -----------------------------------------------------------------------------------

  store(): Uint8Array<ArrayBuffer> {
    const schib = new Uint8Array(blockLength.schib);
    const view = new DataView(schib.buffer);
    this.#pmcw.write(view);
    this.#scsw.write(view, 28);
    return schib;
  }

  modify(schib: DataView): IoOutcome {
    if (this.#scsw.has(control.statusPending)) return completed(1);
    if (this.#scsw.has(control.functions)) return completed(2);
    const wasEnabled = this.#pmcw.enabled;
    this.#pmcw.modify(schib);
    if (wasEnabled && !this.#pmcw.enabled) this.#device.disabled?.();
    this.#presentUnsolicited();
    return completed(0);
  }

  start(orb: OperationRequestBlock): IoOutcome {
    if (!this.#pmcw.enabled || (orb.pathMask & this.#pmcw.availablePaths) === 0) return completed(3);
    if (this.#scsw.has(control.statusPending)) return completed(1);
    if (this.#scsw.has(control.functions)) return completed(2);
    this.#accept();
    this.#pmcw.parameter = orb.parameter;
    this.#pmcw.lastPathUsed = PATH;
    this.#scsw = new SubchannelStatusWord();
    this.#scsw.flags = orb.flags;
    this.#scsw.control = control.start | control.startPending;
    this.#orb = orb;
    this.#begin(orb);
    return completed(0);
  }

  test(): IoOutcome {
    if (!this.#pmcw.enabled) return completed(3);
    const irb = this.#interruptionResponse();
    if (!this.#scsw.has(control.statusPending)) return completed(1, irb);
    this.#clearStatus();
    this.#presentUnsolicited();
    return completed(0, irb);
  }

  clear(): IoOutcome {
    if (!this.#pmcw.enabled) return completed(3);
    this.#giveUp();
    this.#scsw = new SubchannelStatusWord();
    this.#scsw.control = control.clear;
    this.#pmcw.lastPathUsed = 0;
    this.#pmcw.notOperational = 0;
    this.#pmcw.operational = 0xff;
    this.#sense = new Uint8Array(SENSE_BYTES);
    this.#unsolicited = 0;
    this.#interrupt(control.statusPending);
    return completed(0);
  }

  halt(): IoOutcome {
    const scsw = this.#scsw;
    if (!this.#pmcw.enabled) return completed(3);
    const pendingAlone = (scsw.control & control.status) === control.statusPending;
    if (pendingAlone || scsw.has(ANY_STATUS_BUT_INTERMEDIATE)) return completed(1);
    if (scsw.has(control.halt | control.clear)) return completed(2);
    const [active, suspended, program] = [scsw.has(ACTIVE), scsw.has(control.suspended), this.#program];
    if ((active || suspended) && program !== undefined) {
      scsw.address = program.address;
      scsw.count = program.residual;
    }
    this.#giveUp();
    scsw.control = (scsw.control & control.start) | control.halt;
    scsw.subchannelStatus = 0;
    scsw.unitStatus = active ? end().status : 0;
    this.#interrupt(active ? ENDING : control.statusPending);
    return completed(0);
  }

  resume(): IoOutcome {
    const scsw = this.#scsw;
    if (!this.#pmcw.enabled) return completed(3);
    if (scsw.has(control.statusPending)) return completed(1);
    const startOnly = (scsw.control & control.functions) === control.start;
    if (!startOnly || scsw.has(control.resumePending) || this.#orb?.suspendControl !== true)
      return completed(2);
    this.#accept();
    scsw.control |= control.resumePending;
    const program = this.#program;
    if (scsw.has(control.suspended) && program !== undefined) {
      scsw.control &= ~(control.resumePending | control.suspended);
      this.#began = this.#ports.now();
      program.resume();
      this.#run(program);
    }
    return completed(0);
  }

  cancel(): IoOutcome {
    const scsw = this.#scsw;
    if (!this.#pmcw.enabled) return completed(3);
    if (scsw.has(control.statusPending)) return completed(1);
    const startOnly = (scsw.control & control.functions) === control.start;
    const cancellable = scsw.has(control.resumePending | control.startPending | control.suspended);
    if (!startOnly || !cancellable || scsw.has(ACTIVE)) return completed(2);
    this.#giveUp();
    this.#scsw = new SubchannelStatusWord();
    return completed(0);
  }

  reset(): void {
    this.#giveUp();
    this.#pmcw = new PathManagementControlWord(this.#options.deviceNumber, this.#options.channelPath);
    this.#scsw = new SubchannelStatusWord();
    this.#sense = new Uint8Array(SENSE_BYTES);
    this.#unsolicited = 0;
    this.#device.reset?.();
  }

  // --- from the device -----------------------------------------------------------------------------------

  present(unitStatus: UnitStatus): void {
    this.#unsolicited |= unitStatus;
    this.#presentUnsolicited();
  }

  alert(): void {
    if (this.#scsw.has(control.statusPending) || !this.#pmcw.enabled) return;
    this.#interrupt(control.alert | control.statusPending);
  }

  #presentUnsolicited(): void {
    const idle = this.#pmcw.enabled && !this.#scsw.has(control.statusPending | control.functions);
    if (this.#unsolicited === 0 || !idle) return;
    this.#scsw = new SubchannelStatusWord();
    this.#scsw.unitStatus = this.#unsolicited;
    this.#unsolicited = 0;
    this.#interrupt(control.alert | control.statusPending);
  }

  // --- the start function --------------------------------------------------------------------------------

  #accept(): void {
    this.#ports.measurement.count(this.#pmcw);
    this.#accepted = this.#ports.now();
    this.#interval = undefined;
  }

  /** The function has come to an end, or rests. */
  #measure(): void {
    const { measurement, now } = this.#ports;
    const times = {
      pending: (this.#began - this.#accepted) * 1000,
      connected: (now() - this.#began) * 1000,
    };
    measurement.sample(this.#pmcw, times);
    this.#interval = measurement.interval(this.#pmcw, times);
  }

  #begin(orb: OperationRequestBlock): void {
    const storage = new KeyedStorage(this.#ports.storage, orb.key, this.#limits(orb));
    const program = new ChannelProgram(orb, storage, {
      execute: (transfer) => this.#execute(transfer),
      accepted: () => this.#initialStatus(program, orb),
      programControlled: (address) => this.#programControlled(program, address),
    });
    this.#program = program;
    const begin = (): void => {
      this.#began = this.#ports.now();
      this.#run(program);
    };
    const busy = this.#deviceBusy;
    if (busy === undefined) begin();
    else void busy.then(begin);
  }

  #limits({ addressLimit }: OperationRequestBlock): AddressLimit | undefined {
    const mode = this.#pmcw.flags & pmcwFlag.limitMode;
    if (!addressLimit || mode === 0) return undefined;
    const limit = this.#ports.addressLimit();
    return mode === 0x20 ? { lowest: limit, end: Infinity } : { lowest: 0, end: limit };
  }

  /** Let the program go on until it ends, is suspended, or has to wait. */
  #run(program: ChannelProgram, begun?: ProgramState): void {
    if (this.#program !== program) return; // it was given up meanwhile
    this.#scsw.control = (this.#scsw.control & ~control.startPending) | ACTIVE;
    const state = begun ?? program.advance(COMMANDS_A_TURN);
    switch (state.kind) {
      case "ended":
        return this.#ended(state.result);
      case "suspended":
        return this.#suspended(program, state.address, state.count);
      case "more":
        return this.#ports.later(() => this.#run(program));
      case "waiting":
        this.#deviceBusy = state.until.then(() => {
          this.#deviceBusy = undefined;
          if (this.#program === program) this.#run(program, program.settle());
        });
    }
  }

  #ended({ unitStatus, subchannelStatus: status, address, count, sense }: ProgramResult): void {
    this.#program = undefined;
    this.#measure();
    const scsw = this.#scsw;
    scsw.control &= ~(control.activities | (control.status & ~control.intermediate));
    scsw.unitStatus = unitStatus;
    scsw.subchannelStatus |= status;
    scsw.address = address;
    scsw.count = count;
    if (sense !== undefined) this.#sense = padded(sense);
    const usual = status === 0 && unitStatus === end().status;
    this.#interrupt(ENDING | (usual ? 0 : control.alert));
  }

  #suspended(program: ChannelProgram, address: number, count: number): void {
    const scsw = this.#scsw;
    if (scsw.has(control.resumePending)) {
      scsw.control &= ~control.resumePending;
      program.resume();
      return this.#run(program);
    }
    this.#measure();
    scsw.control = (scsw.control & ~ACTIVE) | control.suspended;
    scsw.address = address;
    scsw.count = count;
    if (this.#orb?.suppressSuspended !== true) this.#interrupt(control.intermediate | control.statusPending);
  }

  /** The program asked to be told when its first command was accepted. */
  #initialStatus(program: ChannelProgram, { initialStatus }: OperationRequestBlock): void {
    if (this.#program !== program || !initialStatus) return;
    this.#scsw.flags |= scswFlag.zeroCondition;
    this.#interrupt(control.intermediate | control.statusPending);
  }

  #programControlled(program: ChannelProgram, address: number): void {
    if (this.#program !== program) return;
    this.#scsw.subchannelStatus |= subchannelStatus.programControlledInterruption;
    this.#scsw.address = address;
    this.#interrupt(control.intermediate | control.statusPending);
  }

  #giveUp(): void {
    this.#ports.interruptions.withdraw(this.#options.identification);
    if (this.#program === undefined) return;
    this.#program.abandon();
    this.#program = undefined;
    this.#device.halted?.();
  }

  // --- commands ------------------------------------------------------------------------------------------

  #execute(transfer: Transfer): Ending | Promise<Ending> {
    const code = transfer.command;
    if (code === command.basicSense) {
      const sense = this.#sense;
      this.#sense = new Uint8Array(SENSE_BYTES);
      return transfer.toStorage(sense);
    }
    if (code === command.senseId) return transfer.toStorage(senseIdBytes(this.#options.senseId));
    const handler = this.#device.commands[code];
    if (handler === undefined) return code === command.noOperation ? end() : commandReject;
    this.#sense = new Uint8Array(SENSE_BYTES);
    try {
      const ending = handler(transfer);
      return ending instanceof Promise ? ending.catch((error: unknown) => this.#failed(error)) : ending;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Ending {
    this.#ports.deviceFailed(error);
    return unitCheck(senseBit.equipmentCheck);
  }

  // --- status --------------------------------------------------------------------------------------------

  #interrupt(status: number): void {
    this.#scsw.control |= status;
    const { interruptionSubclass, parameter } = this.#pmcw;
    this.#ports.interruptions.present(this.#options.identification, interruptionSubclass, parameter);
  }

  /** Interruption-response block: status word, extended-status word, sense if the program wants it at once. */
  #interruptionResponse(): Uint8Array<ArrayBuffer> {
    const irb = new Uint8Array(blockLength.irb);
    const view = new DataView(irb.buffer);
    const scsw = this.#scsw;
    if (scsw.has(control.statusPending)) {
      view.setUint8(13, this.#pmcw.lastPathUsed);
      if (scsw.has(control.primary)) view.setUint16(14, this.#interval ?? 0);
      if ((scsw.subchannelStatus & FORMAT_0_CHECKS) !== 0) scsw.flags |= scswFlag.extendedStatusFormat;
      if ((scsw.unitStatus & 0x02) !== 0 && (this.#pmcw.modes & pmcwMode.concurrentSense) !== 0) {
        scsw.flags |= scswFlag.extendedControl;
        view.setUint32(16, 0x01000000 | (SENSE_BYTES << 16)); // extended-report word: sense is there, so many bytes
        irb.set(this.#sense, 32);
        this.#sense = new Uint8Array(SENSE_BYTES);
      }
    }
    scsw.write(view, 0);
    return irb;
  }

  /** What TEST SUBCHANNEL clears. Source: Principles of Operation, figure "Conditions and Indications Cleared". */
  #clearStatus(): void {
    const scsw = this.#scsw;
    this.#ports.interruptions.withdraw(this.#options.identification);
    const intermediateOnly = !scsw.has(ANY_STATUS_BUT_INTERMEDIATE) && scsw.has(control.intermediate);
    if (!intermediateOnly) {
      scsw.control &= ~(control.functions | WAITING_ACTIVITIES);
    } else if (scsw.has(control.suspended) && scsw.has(control.start)) {
      if (scsw.has(control.halt)) scsw.control &= ~(control.functions | WAITING_ACTIVITIES);
      else scsw.control &= ~control.resumePending;
    }
    scsw.control &= ~control.status;
    scsw.flags &= ~(scswFlag.pathNotOperational | scswFlag.zeroCondition);
    scsw.subchannelStatus &= ~subchannelStatus.programControlledInterruption;
  }
}

function padded(sense: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(SENSE_BYTES);
  bytes.set(sense.subarray(0, SENSE_BYTES));
  return bytes;
}

/** Eight bytes; none of the command-information words that may follow. */
function senseIdBytes({ cuType, cuModel, deviceType, deviceModel }: SenseId): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0xff);
  view.setUint16(1, cuType);
  view.setUint8(3, cuModel);
  view.setUint16(4, deviceType);
  view.setUint8(6, deviceModel);
  return bytes;
}
