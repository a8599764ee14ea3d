import type { ConfigurationField, VirtioDeviceParts, VirtioLine, Virtqueue } from "@lockframe/plugin-api";
import { type PortOptions, SerialPort } from "./serial-port.ts";

/** Several ports, and a pair of queues to talk about them. */
const MULTIPORT = 1n << 1n;
const VERSION_1 = 1n << 32n;
const QUEUE_SIZE = 128;
const CONTROL = { receive: 2, transmit: 3 } as const;
const HEADER = 8;

/** What the two sides tell each other about ports. */
const event = {
  deviceReady: 0,
  portAdd: 1,
  portReady: 3,
  consolePort: 4,
  portOpen: 6,
  portName: 7,
} as const;

interface Message {
  readonly port: number;
  readonly event: number;
  readonly value: number;
  readonly text?: string;
}

export class SerialFunction implements VirtioDeviceParts {
  readonly features = MULTIPORT;
  readonly queueSizes: readonly number[];
  readonly #ports: readonly SerialPort[];
  #line: VirtioLine | undefined;
  #multiport = false;
  #littleEndian = true;
  /** Messages for which the driver has made no room yet. */
  readonly #messages: Message[] = [];

  constructor(ports: readonly PortOptions[]) {
    this.#ports = ports.map((options, number) => {
      const first = number === 0 ? 0 : 2 * (number + 1);
      return new SerialPort(
        options,
        () => this.#queue(first),
        () => this.#queue(first + 1),
      );
    });
    this.queueSizes = Array.from({ length: 2 * (Math.max(1, ports.length) + 1) }, () => QUEUE_SIZE);
  }

  #queue(index: number): Virtqueue {
    return this.#line?.queue(index) ?? { index, next: () => undefined };
  }

  configuration(): readonly ConfigurationField[] {
    return [
      { size: 2, value: 0 }, // columns and rows are not known
      { size: 2, value: 0 },
      { size: 4, value: Math.max(1, this.#ports.length) },
      { size: 4, value: 0 },
    ];
  }

  connected(line: VirtioLine): void {
    this.#line = line;
  }

  started(features: bigint): void {
    this.#littleEndian = (features & VERSION_1) !== 0n;
    this.#multiport = (features & MULTIPORT) !== 0n;
    if (!this.#multiport) this.#ports[0]?.setOpen(true); // nobody would say so
  }

  reset(): void {
    this.#messages.length = 0;
    this.#multiport = false;
    for (const port of this.#ports) port.reset();
  }

  available({ index }: Virtqueue): void {
    if (index === CONTROL.receive) return this.#sendMessages();
    if (index === CONTROL.transmit) return this.#takeMessages();
    const port = this.#ports[index < 2 ? 0 : Math.floor(index / 2) - 1];
    if (index % 2 === 0) port?.giveInput();
    else port?.takeOutput();
  }

  // --- messages ---------------------------------------------------------------------------------------

  #takeMessages(): void {
    const queue = this.#queue(CONTROL.transmit);
    for (let request = queue.next(); request !== undefined; request = queue.next()) {
      if (request.readable >= HEADER) {
        const view = new DataView(request.read(0, HEADER).buffer);
        this.#understand({
          port: view.getUint32(0, this.#littleEndian),
          event: view.getUint16(4, this.#littleEndian),
          value: view.getUint16(6, this.#littleEndian),
        });
      }
      request.complete(0);
    }
    this.#sendMessages();
  }

  #understand({ port: number, event: kind, value }: Message): void {
    if (kind === event.deviceReady && value === 1) {
      this.#messages.length = 0;
      for (const port of this.#ports.keys()) this.#say({ port, event: event.portAdd, value: 1 });
    }
    const port = this.#ports[number];
    if (port === undefined) return;
    if (kind === event.portOpen) port.setOpen(value !== 0);
    if (kind === event.portReady && value === 1) this.#introduce(number, port.options);
  }

  #introduce(port: number, { console, name }: PortOptions): void {
    if (console) this.#say({ port, event: event.consolePort, value: 1 });
    if (name !== "") this.#say({ port, event: event.portName, value: 1, text: name });
    this.#say({ port, event: event.portOpen, value: 1 });
  }

  /** A driver that asks for more than it makes room for does not fill the host's memory. */
  #say(message: Message): void {
    if (this.#messages.length < 8 * QUEUE_SIZE) this.#messages.push(message);
  }

  #sendMessages(): void {
    while (this.#multiport && this.#messages.length > 0) {
      const request = this.#queue(CONTROL.receive).next();
      const message = request === undefined ? undefined : this.#messages.shift();
      if (request === undefined || message === undefined) return;
      const bytes = this.#encode(message).subarray(0, request.writable);
      request.write(0, bytes);
      request.complete(bytes.length);
    }
  }

  #encode({ port, event: kind, value, text = "" }: Message): Uint8Array {
    const name = Buffer.from(text);
    const bytes = new Uint8Array(HEADER + name.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, port, this.#littleEndian);
    view.setUint16(4, kind, this.#littleEndian);
    view.setUint16(6, value, this.#littleEndian);
    bytes.set(name, HEADER);
    return bytes;
  }
}
