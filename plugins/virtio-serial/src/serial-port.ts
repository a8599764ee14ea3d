import type { CharacterPort, VirtioRequest, Virtqueue } from "@lockframe/plugin-api";

/** What the host has at a port. */
export interface PortOptions {
  readonly end: CharacterPort;
  readonly console: boolean;
  readonly name: string;
}

/** Bytes that a request is taken or given at a time. */
const PIECE = 0x10000;
/** Pieces of output before CPUs get a turn: a request may be of gigabytes. */
const MOST_PIECES = 16;

/** One port: bytes from the guest to a character device and back, as fast as both sides take them. */
export class SerialPort {
  readonly options: PortOptions;
  readonly #receive: () => Virtqueue;
  readonly #transmit: () => Virtqueue;
  #open = false;
  #behind = false;
  /** The request that is being written out, and how far. */
  #output: { readonly request: VirtioRequest; at: number } | undefined;

  /** @param receive the queue of room for input @param transmit the queue of output */
  constructor(options: PortOptions, receive: () => Virtqueue, transmit: () => Virtqueue) {
    this.options = options;
    this.#receive = receive;
    this.#transmit = transmit;
    options.end.onInput(() => this.giveInput());
  }

  /** The guest opened or closed its end: until then, input stays with the host. */
  setOpen(open: boolean): void {
    this.#open = open;
    this.giveInput();
  }

  /** Fill the guest's room with what waits. */
  giveInput(): void {
    const { end } = this.options;
    while (this.#open && end.waiting > 0) {
      const request = this.#receive().next();
      if (request === undefined) return;
      const bytes = end.read(Math.min(request.writable, PIECE));
      request.write(0, bytes);
      request.complete(bytes.length);
    }
  }

  /** The driver has reset the device: what it had given is void. */
  reset(): void {
    this.#open = false;
    this.#output = undefined;
  }

  /** Write out what the guest has put into its queue, as long as the host keeps up. */
  takeOutput(): void {
    for (let pieces = 0; !this.#behind && pieces < MOST_PIECES; pieces++) {
      const output = (this.#output ??= this.#nextOutput());
      if (output === undefined) return;
      const { request, at } = output;
      const count = Math.min(PIECE, request.readable - at);
      output.at += count;
      if (count > 0) this.#write(request.read(at, count));
      if (output.at < request.readable) continue;
      this.#output = undefined;
      request.complete(0);
    }
    if (!this.#behind) setImmediate(() => this.takeOutput());
  }

  #nextOutput(): { readonly request: VirtioRequest; at: number } | undefined {
    const request = this.#transmit().next();
    return request === undefined ? undefined : { request, at: 0 };
  }

  #write(bytes: Uint8Array): void {
    const { end } = this.options;
    if (end.write(bytes) || this.#behind) return;
    this.#behind = true;
    void end.drained().then(() => {
      this.#behind = false;
      this.takeOutput();
    });
  }
}
