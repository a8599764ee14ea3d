import { responseCode, type ResponseCode } from "./response-code.ts";
import { Sccb } from "./sccb.ts";

/** Types of event buffers. */
export const eventType = {
  operatorCommand: 0x01,
  message: 0x02,
  priorityMessage: 0x09,
  ascii: 0x1a,
  signalQuiesce: 0x1d,
} as const;

/**
 * Something that exchanges event buffers with the program: a console, the quiesce signal. An event buffer is
 * {length 2, type 1, flags 1, reserved 2, data}; `length` counts all of it.
 */
export interface EventPartner {
  /** Types of events that it sends to the program. */
  readonly sends: readonly number[];
  /** Types of events that it takes from the program. */
  readonly receives: readonly number[];
  /** Whether an event waits to be read. */
  readonly pending: boolean;
  /** The next event buffer, at most `room` bytes long; undefined: none waits, or none fits. */
  take(room: number): Uint8Array | undefined;
  /** Act on an event buffer that the program wrote. It must not be kept. */
  accept(event: Uint8Array): ResponseCode;
  /** Called once; `listener` is to be called whenever an event begins to wait. */
  onPending(listener: () => void): void;
  /** Subsystem reset: forget what was meant for the program that ran. */
  reset?(): void;
}

/** Bytes of an event buffer before its data. */
export const EVENT_HEADER = 6;
/** Flag of an event buffer that has been processed. */
export const EVENT_ACCEPTED = 0x80;

const MASKS_AT = 12;
const LONGEST_MASK = 1021;
const NORMAL_WRITE = 0x00;
const UNCONDITIONAL_READ = 0x00;
const SELECTIVE_READ = 0x01;

/** Event facility of the service processor: event masks, and the buffers that they let through. */
export class EventFacility {
  readonly #partners: readonly EventPartner[];
  readonly #sends: bigint;
  readonly #receives: bigint;
  #programReceives = 0n;
  #maskLength = 4;

  /** @param ready called when an event that the program receives begins to wait */
  constructor(partners: readonly EventPartner[], ready: () => void) {
    this.#partners = partners;
    this.#sends = maskOf(partners.flatMap((partner) => partner.sends));
    this.#receives = maskOf(partners.flatMap((partner) => partner.receives));
    for (const partner of partners) {
      partner.onPending(() => {
        if (this.#isReceived(partner)) ready();
      });
    }
  }

  /** Whether an event waits that the program receives. */
  get pending(): boolean {
    return this.#partners.some((partner) => partner.pending && this.#isReceived(partner));
  }

  /** Whether the program receives events of this type now. */
  receives(type: number): boolean {
    return (maskOf([type]) & this.#programReceives) !== 0n;
  }

  /** Subsystem reset: the program receives nothing until it says so again. */
  reset(): void {
    this.#programReceives = 0n;
    this.#maskLength = 4;
    for (const partner of this.#partners) partner.reset?.();
  }

  /** Write Event Mask (0078 0005): {reserved 2, mask length 2, program receive, send, SCLP receive, send}. */
  writeMask(sccb: Sccb): void {
    if (availableLength(sccb) < MASKS_AT) return sccb.respond(responseCode.insufficientLength);
    const length = sccb.view.getUint16(10);
    if (length === 0 || length > LONGEST_MASK) return sccb.respond(responseCode.invalidMaskLength);
    if (availableLength(sccb) < MASKS_AT + 4 * length) return sccb.respond(responseCode.insufficientLength);
    this.#maskLength = length;
    this.#programReceives = readMask(sccb.bytes, MASKS_AT, length);
    writeMask(sccb.bytes, MASKS_AT + 2 * length, length, this.#receives);
    writeMask(sccb.bytes, MASKS_AT + 3 * length, length, this.#sends);
    sccb.respond(responseCode.normalCompletion);
  }

  /** Write Event Data (0076 0005). After the first buffer that is refused, none is processed. */
  writeData(sccb: Sccb): void {
    if (sccb.functionCode !== NORMAL_WRITE) return sccb.respond(responseCode.invalidFunction);
    const events = eventBuffers(sccb);
    if (events === undefined) return sccb.respond(responseCode.eventBufferSyntaxError);
    let response: ResponseCode = responseCode.normalCompletion;
    for (const event of events) {
      if (response === responseCode.normalCompletion) response = this.#accept(event);
      const processed = response === responseCode.normalCompletion;
      event[3] = processed ? (event[3] ?? 0) | EVENT_ACCEPTED : (event[3] ?? 0) & ~EVENT_ACCEPTED;
    }
    sccb.respond(response);
  }

  /** Read Event Data (0077 0005), of all types that the program receives or of those that it selects. */
  readData(sccb: Sccb): void {
    let selected = this.#programReceives;
    if (sccb.functionCode === SELECTIVE_READ) {
      if (availableLength(sccb) < Sccb.HEADER + this.#maskLength) {
        return sccb.respond(responseCode.insufficientLength);
      }
      selected = readMask(sccb.bytes, Sccb.HEADER, this.#maskLength);
      if (this.#programReceives === 0n || (selected & ~this.#programReceives) !== 0n) {
        return sccb.respond(responseCode.invalidSelectionMask);
      }
    } else if (sccb.functionCode !== UNCONDITIONAL_READ) {
      return sccb.respond(responseCode.invalidFunction);
    }
    this.#store(sccb, selected);
  }

  #store(sccb: Sccb, selected: bigint): void {
    const end = availableLength(sccb);
    let at = Sccb.HEADER;
    let omitted = false;
    sccb.bytes.fill(0, at, end);
    for (const partner of this.#partners) {
      if ((maskOf(partner.sends) & selected) === 0n) continue;
      for (let event = partner.take(end - at); event !== undefined; event = partner.take(end - at)) {
        sccb.bytes.set(event, at);
        at += event.length;
      }
      omitted ||= partner.pending;
    }
    if (at === Sccb.HEADER) {
      return sccb.respond(omitted ? responseCode.insufficientLength : responseCode.noEventBuffersStored);
    }
    if (sccb.variableLengthResponse) {
      sccb.clearVariableLengthResponse();
      sccb.length = at;
    }
    sccb.respond(responseCode.normalCompletion);
  }

  #accept(event: Uint8Array): ResponseCode {
    const type = event[2] ?? 0;
    const partner = this.#partners.find((candidate) => candidate.receives.includes(type));
    return partner === undefined ? responseCode.invalidFunction : partner.accept(event);
  }

  #isReceived(partner: EventPartner): boolean {
    return (maskOf(partner.sends) & this.#programReceives) !== 0n;
  }
}

/** Event masks number types from the left, from 1; types beyond 64 do not exist. */
function maskOf(types: readonly number[]): bigint {
  return types.reduce((mask, type) => mask | (1n << BigInt(64 - type)), 0n);
}

function readMask(bytes: Uint8Array, at: number, length: number): bigint {
  let mask = 0n;
  for (let i = 0; i < 8; i++) mask = (mask << 8n) | BigInt(i < length ? (bytes[at + i] ?? 0) : 0);
  return mask;
}

function writeMask(bytes: Uint8Array, at: number, length: number, mask: bigint): void {
  for (let i = 0; i < length; i++) bytes[at + i] = i < 8 ? Number((mask >> BigInt(56 - 8 * i)) & 0xffn) : 0;
}

function availableLength(sccb: Sccb): number {
  return Math.min(sccb.length, sccb.bytes.length);
}

/** The event buffers of a control block, or undefined when they do not fill it exactly. */
function eventBuffers(sccb: Sccb): Uint8Array[] | undefined {
  const end = sccb.length;
  if (end > sccb.bytes.length) return undefined;
  const events: Uint8Array[] = [];
  let at = Sccb.HEADER;
  while (at < end) {
    if (end - at < EVENT_HEADER) return undefined;
    const length = sccb.view.getUint16(at);
    if (length < EVENT_HEADER || length > end - at) return undefined;
    events.push(sccb.bytes.subarray(at, at + length));
    at += length;
  }
  return events;
}
