import { channelSubsystemCall } from "./channel-subsystem-call.ts";
import { ChannelReports } from "./channel-report.ts";
import { IoInterruptions } from "./io-interruptions.ts";
import { completed, operandException, type IoOutcome } from "./outcome.ts";
import type { Subchannel } from "./subchannel.ts";
import { parseIdentification } from "./subchannel-identification.ts";

export interface ChannelSubsystemPorts {
  /** An I/O interruption has begun to wait: enabled CPUs are to take it, waiting ones to wake. */
  interruptionPending(): void;
  /** Make a channel-report-pending machine check pending. */
  channelReportPending(): void;
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
  #multipleSets = false;

  constructor(ports: ChannelSubsystemPorts) {
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

  /** STSCH. Condition code 3 ends a program's search: no subchannel follows in the set. */
  storeSubchannel(gr1: bigint): IoOutcome {
    const place = parseIdentification(gr1);
    if (place === undefined) return operandException;
    const subchannel = this.#find(gr1);
    if (subchannel !== undefined) return completed(0, subchannel.store());
    return this.#isBeyondLast(place) ? completed(3) : completed(0, new Uint8Array(52));
  }

  /** MSCH. */
  modifySubchannel(gr1: bigint, schib: Uint8Array): IoOutcome {
    return this.#act(gr1, (subchannel) => subchannel.modify(schib));
  }

  /** SSCH. */
  startSubchannel(gr1: bigint, orb: Uint8Array): IoOutcome {
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

  /** SCHM: measurement is accepted and measures nothing, since no subchannel is measured yet. */
  setChannelMonitor(gr1: bigint, gr2: bigint): IoOutcome {
    const update = (gr1 & 0x2n) !== 0n;
    if ((gr1 & 0x0ffffffcn) !== 0n || (update && (gr2 & 0x1fn) !== 0n)) return operandException;
    return completed(0);
  }

  /** RCHP: no channel path is installed. */
  resetChannelPath(gr1: bigint): IoOutcome {
    const invalid = (gr1 & 0xff00ff00n) !== 0n || (gr1 & 0x00ff0000n) !== 0n;
    return invalid ? operandException : completed(3);
  }

  /** SAL: addresses are not limited. */
  setAddressLimit(gr1: bigint): IoOutcome {
    return (gr1 & 0x8000ffffn) !== 0n ? operandException : completed(0);
  }

  /** I/O-system reset: what waits is gone, facilities that a program enabled are off. */
  reset(): void {
    this.#multipleSets = false;
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
