/** A channel subsystem with storage of its own, and the words that a program would use, for tests of devices. */
import { type HostView, PlainHostView, Storage } from "@lockframe/memory";
import type { ChannelDevice } from "./channel-device.ts";
import { type Attachment, type AttachOptions, ChannelSubsystem } from "./channel-subsystem.ts";
import type { IoCompletion, IoOutcome } from "./outcome.ts";

const MIB = 2 ** 20;

/** A channel-command word before it has a format. */
export interface CcwFields {
  readonly command: number;
  readonly flags?: number;
  readonly count?: number;
  readonly address?: number;
}

export interface OrbFields {
  readonly parameter?: number;
  /** Bits of the second word: key, control, path mask, more control. Format 1, path 80 if absent. */
  readonly control?: number;
  readonly address: number;
}

/** An interruption-response block taken apart. */
export interface InterruptionResponse {
  readonly flags: number;
  readonly control: number;
  readonly address: number;
  readonly unitStatus: number;
  readonly subchannelStatus: number;
  readonly count: number;
  readonly extendedStatus: readonly number[];
  readonly sense: Uint8Array;
}

/** A card reader, the first of its set, on a path of its own. */
export const anyPlace: AttachOptions = {
  senseId: { cuType: 0x3505, cuModel: 1, deviceType: 0x3505, deviceModel: 2 },
  set: 0,
  deviceNumber: undefined,
  path: { id: 1, type: 0x1b },
};

/** Format 1, all paths. */
export const FORMAT_1 = 0x0080ff00;

/** A machine as far as channel programs reach: 1 MiB of storage, work that is put off, and what was signalled. */
export class ChannelBench {
  readonly storage: Storage;
  readonly css: ChannelSubsystem;
  readonly signals: string[] = [];
  readonly failures: unknown[] = [];
  /** Milliseconds, which pass when a test says so. */
  time = 0;
  readonly #later: (() => void)[] = [];

  /** @param view in place of the plain view of the bench's storage */
  constructor(view?: (storage: Storage) => HostView) {
    this.storage = Storage.create({ size: MIB, reserved: 0 });
    this.css = new ChannelSubsystem({
      storage: { view: view?.(this.storage) ?? new PlainHostView(this.storage), keys: this.storage },
      interruptionPending: () => this.signals.push("interruption"),
      channelReportPending: () => this.signals.push("report"),
      later: (work) => this.later(work),
      now: () => this.time,
      deviceFailed: (error) => this.failures.push(error),
    });
  }

  /** Put something off. */
  later(work: () => void): void {
    this.#later.push(work);
  }

  /** Do what was put off, and what that puts off, at most `limit` times. Returns how much was done. */
  turn(limit = 1): number {
    let done = 0;
    for (; done < limit; done++) {
      const work = this.#later.shift();
      if (work === undefined) break;
      work();
    }
    return done;
  }

  /** Attach a device and enable its subchannel. */
  attach(device: ChannelDevice, options: Partial<AttachOptions> = {}): Attachment {
    const attachment = this.css.attach(device, { ...anyPlace, ...options });
    this.modify(attachment, (schib) => schib.setUint16(4, schib.getUint16(4) | 0x80));
    return attachment;
  }

  /** Read the subchannel-information block, change it, and MODIFY SUBCHANNEL. */
  modify({ identification }: Attachment, change: (schib: DataView) => void): IoOutcome {
    const schib = data(this.css.storeSubchannel(BigInt(identification)));
    change(new DataView(schib.buffer, schib.byteOffset));
    return this.css.modifySubchannel(BigInt(identification), schib);
  }

  /** Put channel-command words of format 1 into storage, one behind the other. */
  program(address: number, ...words: readonly CcwFields[]): number {
    for (const [index, { command, flags = 0, count = 0, address: data = 0 }] of words.entries()) {
      const bytes = new Uint8Array(8);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, ((command << 24) | (flags << 16) | count) >>> 0);
      view.setUint32(4, data);
      this.storage.storeBytes(address + 8 * index, bytes);
    }
    return address;
  }

  /** START SUBCHANNEL. Returns the condition code. */
  start({ identification }: Attachment, { parameter = 0, control = FORMAT_1, address }: OrbFields): number {
    const orb = new Uint8Array(32);
    const view = new DataView(orb.buffer);
    view.setUint32(0, parameter);
    view.setUint32(4, control);
    view.setUint32(8, address);
    return code(this.css.startSubchannel(BigInt(identification), orb));
  }

  /** TEST SUBCHANNEL; undefined: no status is pending. */
  test({ identification }: Attachment): InterruptionResponse | undefined {
    const outcome = this.css.testSubchannel(BigInt(identification));
    const irb = data(outcome);
    if (code(outcome) !== 0) return undefined;
    const view = new DataView(irb.buffer, irb.byteOffset);
    return {
      flags: view.getUint16(0),
      control: view.getUint16(2),
      address: view.getUint32(4),
      unitStatus: view.getUint8(8),
      subchannelStatus: view.getUint8(9),
      count: view.getUint16(10),
      extendedStatus: [12, 16].map((at) => view.getUint32(at)),
      sense: irb.subarray(32, 64),
    };
  }

  /** Start a channel program of these words at X'1000' and give the status that it ends with. */
  run(attachment: Attachment, ...words: readonly CcwFields[]): InterruptionResponse {
    const cc = this.start(attachment, { address: this.program(0x1000, ...words) });
    const status = cc === 0 ? this.test(attachment) : undefined;
    if (status === undefined) throw new Error(`the channel program has not ended (condition code ${cc})`);
    return status;
  }
}

/** Condition code of an instruction that completed. */
export function code(outcome: IoOutcome): number {
  return completion(outcome).conditionCode;
}

function data(outcome: IoOutcome): Uint8Array<ArrayBuffer> {
  return completion(outcome).data ?? new Uint8Array(64);
}

function completion(outcome: IoOutcome): IoCompletion {
  if (outcome.kind !== "completed") throw new Error(`exception ${outcome.code.toString(16)}`);
  return outcome;
}
