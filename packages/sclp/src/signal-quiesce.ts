import { EVENT_ACCEPTED, EVENT_HEADER, eventType, type EventPartner } from "./event-facility.ts";
import { responseCode, type ResponseCode } from "./response-code.ts";

const LENGTH = EVENT_HEADER + 3; // timeout 2, unit of it 1; both 0: no limit

/** Signal-quiesce event: asks the program to shut down in order. */
export class SignalQuiesce implements EventPartner {
  readonly sends = [eventType.signalQuiesce];
  readonly receives = [];
  #pending = false;
  #listener: (() => void) | undefined;

  get pending(): boolean {
    return this.#pending;
  }

  /** Ask. Whether the program listens, `ServiceProcessor.receives(eventType.signalQuiesce)` tells. */
  request(): void {
    this.#pending = true;
    this.#listener?.();
  }

  take(room: number): Uint8Array | undefined {
    if (!this.#pending || room < LENGTH) return undefined;
    this.#pending = false;
    const event = new Uint8Array(LENGTH);
    event.set([0, LENGTH, eventType.signalQuiesce, EVENT_ACCEPTED]);
    return event;
  }

  accept(): ResponseCode {
    return responseCode.invalidFunction;
  }

  reset(): void {
    this.#pending = false;
  }

  onPending(listener: () => void): void {
    this.#listener = listener;
  }
}
