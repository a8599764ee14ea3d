import type { ConsoleInput, ConsoleOptions } from "./console.ts";
import { EVENT_ACCEPTED, EVENT_HEADER, eventType, type EventPartner } from "./event-facility.ts";
import { responseCode, type ResponseCode } from "./response-code.ts";

const CAPACITY = 4080; // what an event buffer in a one-page control block can hold
const DATA_STREAM = 0; // first data byte of an input event: characters follow

/** ASCII console, a VT220 to Linux (`console=ttysclp0`); QEMU calls it sclpconsole. Bytes pass as they are. */
export class AsciiConsole implements EventPartner, ConsoleInput {
  readonly sends = [eventType.ascii];
  readonly receives = [eventType.ascii];
  readonly #options: ConsoleOptions;
  readonly #typed = new Uint8Array(CAPACITY);
  #length = 0;
  #listener: (() => void) | undefined;

  constructor(options: ConsoleOptions) {
    this.#options = options;
  }

  get pending(): boolean {
    return this.#length > 0;
  }

  get room(): number {
    return CAPACITY - this.#length;
  }

  input(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.room);
    this.#typed.set(taken, this.#length);
    this.#length += taken.length;
    if (taken.length > 0) this.#listener?.();
    return taken.length;
  }

  take(room: number): Uint8Array | undefined {
    const count = Math.min(this.#length, room - EVENT_HEADER - 1);
    if (count <= 0) return undefined;
    const event = new Uint8Array(EVENT_HEADER + 1 + count);
    new DataView(event.buffer).setUint16(0, event.length);
    event[2] = eventType.ascii;
    event[3] = EVENT_ACCEPTED;
    event[EVENT_HEADER] = DATA_STREAM;
    event.set(this.#typed.subarray(0, count), EVENT_HEADER + 1);
    this.#typed.copyWithin(0, count, this.#length);
    this.#length -= count;
    this.#options.onRoom?.();
    return event;
  }

  accept(event: Uint8Array): ResponseCode {
    if (event.length > EVENT_HEADER) this.#options.output(event.slice(EVENT_HEADER));
    return responseCode.normalCompletion;
  }

  onPending(listener: () => void): void {
    this.#listener = listener;
  }
}
