import type { ChannelDevice, SenseId } from "./channel-device.ts";
import { ChannelMeasurement } from "./channel-measurement.ts";
import { ChannelReports, errorRecoveryCode, reportingSource } from "./channel-report.ts";
import type { ChannelStorage } from "./channel-storage.ts";
import { type ChannelPath, channelSubsystemCall } from "./channel-subsystem-call.ts";
import { DeviceSubchannel } from "./device-subchannel.ts";
import { IoInterruptions } from "./io-interruptions.ts";
import { completed, operandException, type IoOutcome } from "./outcome.ts";
import { parseOperationRequestBlock } from "./operation-request-block.ts";
import { isValidForModify } from "./path-management-control-word.ts";
import type { Subchannel } from "./subchannel.ts";
import { identificationWord, parseIdentification } from "./subchannel-identification.ts";

export interface ChannelSubsystemPorts {
  /** What channel programs reach. */
  readonly storage: ChannelStorage;
  /** An I/O interruption has begun to wait: enabled CPUs are to take it, waiting ones to wake. */
  interruptionPending(): void;
  /** Make a channel-report-pending machine check pending. */
  channelReportPending(): void;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Run something when CPUs and the host's own work have had a turn. */
  later(work: () => void): void;
  /** A device's command threw. */
  deviceFailed(error: unknown): void;
}

/** Where a device is to be attached. */
export interface AttachOptions {
  readonly senseId: SenseId;
  /** Subchannel set, 0 to 3. */
  readonly set: number;
  /** Absent: the lowest free one of the set. */
  readonly deviceNumber: number | undefined;
  readonly path: ChannelPath;
}

/** Where a device was attached. */
export interface Attachment extends SubchannelPlace {
  readonly deviceNumber: number;
  /** Subsystem-identification word. */
  readonly identification: number;
}

/** Place of a subchannel. */
export interface SubchannelPlace {
  /** Subchannel set, 0 to 3. */
  readonly set: number;
  readonly number: number;
}

const SETS = 4;

/**
 * Channel subsystem 0 of a machine. Each I/O instruction is a method; it takes registers and copies of operands,
 * and gives the condition code, and what to store, as data. Alignment of and access to operands are the CPU's
 * business, or the Ultravisor's.
 */
export class ChannelSubsystem {
  readonly interruptions: IoInterruptions;
  readonly reports: ChannelReports;
  readonly #sets: readonly Map<number, Subchannel>[] = Array.from({ length: SETS }, () => new Map());
  readonly #deviceNumbers: readonly Set<number>[] = Array.from({ length: SETS }, () => new Set());
  readonly #paths = new Map<number, ChannelPath>();
  readonly #ports: ChannelSubsystemPorts;
  readonly #measurement: ChannelMeasurement;
  #multipleSets = false;
  #addressLimit = 0;

  constructor(ports: ChannelSubsystemPorts) {
    this.#ports = ports;
    this.#measurement = new ChannelMeasurement(ports.storage);
    this.interruptions = new IoInterruptions(() => ports.interruptionPending());
    this.reports = new ChannelReports(() => ports.channelReportPending());
  }

  /** Install a subchannel. @throws RangeError if its place does not exist or is taken */
  install({ set, number }: SubchannelPlace, subchannel: Subchannel): void {
    const subchannels = this.#sets[set];
    if (subchannels === undefined || number < 0 || number > 0xffff || subchannels.has(number)) {
      throw new RangeError(`no subchannel can be installed as ${set}.${number.toString(16)}`);
    }
    subchannels.set(number, subchannel);
  }

  /**
   * Attach a device by a subchannel, the lowest free one of its set.
   * @throws RangeError if the device number is taken or the set is full
   */
  attach(device: ChannelDevice, { senseId, set, deviceNumber, path }: AttachOptions): Attachment {
    const numbers = this.#deviceNumbers[set];
    const subchannels = this.#sets[set];
    if (numbers === undefined || subchannels === undefined) throw new RangeError(`there is no set ${set}`);
    const devno = deviceNumber ?? lowestFree(numbers);
    const number = lowestFree(subchannels);
    if (devno > 0xffff || number > 0xffff || numbers.has(devno)) {
      throw new RangeError(`device number ${set}.${hex4(devno)} is taken`);
    }
    const identification = identificationWord({ set, number });
    const { storage, later, now, deviceFailed } = this.#ports;
    const subchannel = new DeviceSubchannel(
      { device, senseId, deviceNumber: devno, channelPath: path.id, identification },
      {
        storage,
        later,
        now,
        deviceFailed,
        interruptions: this.interruptions,
        measurement: this.#measurement,
        addressLimit: () => this.#addressLimit,
      },
    );
    this.install({ set, number }, subchannel);
    numbers.add(devno);
    this.#paths.set(path.id, path);
    return { set, number, deviceNumber: devno, identification };
  }

  /** Attach a device to a machine that runs, and tell the program by a channel report. */
  plug(device: ChannelDevice, options: AttachOptions): Attachment {
    const attachment = this.attach(device, options);
    this.#reportSubchannel(attachment);
    return attachment;
  }

  /** Take a device away from a machine that runs, and tell the program. */
  unplug({ set, number, deviceNumber, identification }: Attachment): void {
    this.#sets[set]?.get(number)?.reset();
    this.#sets[set]?.delete(number);
    this.#deviceNumbers[set]?.delete(deviceNumber);
    this.interruptions.withdraw(identification);
    this.#reportSubchannel({ set, number });
  }

  #reportSubchannel({ set, number }: SubchannelPlace): void {
    const report = {
      source: reportingSource.subchannel,
      errorRecoveryCode: errorRecoveryCode.installedParametersInitialized,
    };
    this.reports.add({ ...report, sourceId: number, chained: this.#multipleSets });
    if (this.#multipleSets) this.reports.add({ ...report, sourceId: set << 4, chained: false });
  }

  /** STSCH. Condition code 3 ends a program's search: no subchannel follows in the set. */
  storeSubchannel(gr1: bigint): IoOutcome {
    const place = parseIdentification(gr1);
    if (place === undefined) return operandException;
    const subchannel = this.#find(gr1);
    if (subchannel !== undefined) return completed(0, subchannel.store());
    return this.#isBeyondLast(place) ? completed(3) : completed(0, new Uint8Array(52));
  }

  /** MSCH. @param bytes subchannel-information block */
  modifySubchannel(gr1: bigint, bytes: Uint8Array): IoOutcome {
    const schib = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!isValidForModify(schib)) return operandException;
    return this.#act(gr1, (subchannel) => subchannel.modify(schib));
  }

  /** SSCH. @param bytes operation-request block */
  startSubchannel(gr1: bigint, bytes: Uint8Array): IoOutcome {
    const orb = parseOperationRequestBlock(bytes);
    if (orb === undefined) return operandException;
    return this.#act(gr1, (subchannel) => subchannel.start(orb));
  }

  /** TSCH. */
  testSubchannel(gr1: bigint): IoOutcome {
    return this.#act(gr1, (subchannel) => subchannel.test());
  }

  /** CSCH. */
  clearSubchannel(gr1: bigint): IoOutcome {
    return this.#act(gr1, (subchannel) => subchannel.clear());
  }

  /** HSCH. */
  haltSubchannel(gr1: bigint): IoOutcome {
    return this.#act(gr1, (subchannel) => subchannel.halt());
  }

  /** RSCH. */
  resumeSubchannel(gr1: bigint): IoOutcome {
    return this.#act(gr1, (subchannel) => subchannel.resume());
  }

  /** XSCH. */
  cancelSubchannel(gr1: bigint): IoOutcome {
    return this.#act(gr1, (subchannel) => subchannel.cancel());
  }

  /** CHSC: the response block as data, to be stored behind the request in the same page. */
  channelSubsystemCall(page: Uint8Array): IoOutcome {
    return channelSubsystemCall(page, {
      paths: [...this.#paths.values()].toSorted((a, b) => a.id - b.id),
      enableMultipleSubchannelSets: () => {
        this.#multipleSets = true;
      },
    });
  }

  /** STCRW: condition code 0 with a channel report word, or 1 with zeros. */
  storeChannelReportWord(): IoOutcome {
    const word = this.reports.take();
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, word ?? 0);
    return completed(word === undefined ? 1 : 0, data);
  }

  /**
   * TPI: condition code 1 with 12 bytes {identification word, parameter, interruption-identification word}, of
   * which the first 8 go to the operand, or all 12 to assigned storage if there is no operand; 0 if none waits.
   */
  testPendingInterruption(cr6: number): IoOutcome {
    const interruption = this.interruptions.take(cr6);
    if (interruption === undefined) return completed(0);
    const data = new Uint8Array(12);
    const view = new DataView(data.buffer);
    view.setUint32(0, interruption.identification);
    view.setUint32(4, interruption.parameter);
    view.setUint32(8, interruption.word);
    return completed(1, data);
  }

  /** SCHM. */
  setChannelMonitor(gr1: bigint, gr2: bigint): IoOutcome {
    const update = (gr1 & 0x2n) !== 0n;
    if ((gr1 & 0x0ffffffcn) !== 0n || (update && (gr2 & 0x1fn) !== 0n)) return operandException;
    this.#measurement.set(gr1, gr2);
    return completed(0);
  }

  /** RCHP: a channel path has nothing of its own to reset; a channel report tells that it was. */
  resetChannelPath(gr1: bigint): IoOutcome {
    const invalid = (gr1 & 0xff00ff00n) !== 0n || (gr1 & 0x00ff0000n) !== 0n;
    if (invalid) return operandException;
    const id = Number(gr1 & 0xffn);
    if (!this.#paths.has(id)) return completed(3);
    this.reports.add({
      source: reportingSource.channelPath,
      errorRecoveryCode: errorRecoveryCode.initialized,
      sourceId: id,
      chained: false,
      solicited: true,
    });
    return completed(0);
  }

  /**
   * SIC: interrupt for every adapter event of a subclass (mode 0), or once until the mode is set again (mode 1). The other
   * modes belong to adapters of PCI functions. Source: QEMU hw/s390x/css.c.
   */
  setInterruptionControls(mode: number, subclass: number): IoOutcome {
    if (mode > 1) return operandException;
    this.interruptions.setAdapterMode(subclass, mode === 0 ? "all" : "single");
    return completed(0);
  }

  /** SAL: the address that subchannels in limit mode compare data addresses with. */
  setAddressLimit(gr1: bigint): IoOutcome {
    if ((gr1 & 0x8000ffffn) !== 0n) return operandException;
    this.#addressLimit = Number(gr1 & 0x7fff0000n);
    return completed(0);
  }

  /** I/O-system reset: what waits is gone, facilities that a program enabled are off. */
  reset(): void {
    this.#multipleSets = false;
    this.#addressLimit = 0;
    this.#measurement.reset();
    this.interruptions.reset();
    this.reports.reset();
    for (const subchannels of this.#sets) {
      for (const subchannel of subchannels.values()) subchannel.reset();
    }
  }

  #act(gr1: bigint, perform: (subchannel: Subchannel) => IoOutcome): IoOutcome {
    if (parseIdentification(gr1) === undefined) return operandException;
    const subchannel = this.#find(gr1);
    return subchannel === undefined ? completed(3) : perform(subchannel);
  }

  #find(gr1: bigint): Subchannel | undefined {
    const place = parseIdentification(gr1);
    if (place === undefined || !this.#isVisible(place)) return undefined;
    return this.#sets[place.set]?.get(place.number);
  }

  #isVisible({ css, set }: { css: number; set: number }): boolean {
    return css === 0 && (set === 0 || this.#multipleSets);
  }

  #isBeyondLast(place: SubchannelPlace & { css: number }): boolean {
    if (!this.#isVisible(place)) return true;
    const numbers = this.#sets[place.set]?.keys() ?? [];
    return Math.max(-1, ...numbers) < place.number;
  }
}

function lowestFree(taken: { has(number: number): boolean }): number {
  let number = 0;
  while (taken.has(number)) number += 1;
  return number;
}

function hex4(number: number): string {
  return number.toString(16).padStart(4, "0");
}
