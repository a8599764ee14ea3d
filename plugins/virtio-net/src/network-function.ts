import type {
  ConfigurationField,
  NetworkPort,
  VirtioDeviceParts,
  VirtioLine,
  Virtqueue,
} from "@lockframe/plugin-api";
import { answerCommand, type CommandPorts } from "./control.ts";
import { MERGED_HEADER, SHORT_HEADER } from "./frame-header.ts";
import { Receiver } from "./receiver.ts";

export interface NetworkOptions {
  /** Whether the interface is attached to a network. */
  readonly linkUp: boolean;
  /** Hardware address, 6 bytes. */
  readonly address: Uint8Array;
  readonly mtu: number;
  readonly mergeBuffers: boolean;
  /** The driver may leave out checksums, and send large segments. */
  readonly checksum: boolean;
  readonly segments: boolean;
  /** The driver may be given frames without checksums, and large segments. */
  readonly guestChecksum: boolean;
  readonly guestSegments: boolean;
  /** Of the queue from the host, and of the one to it. */
  readonly queueSizes: readonly [number, number];
}

/** Feature bits of a network device. */
export const feature = {
  checksum: 1n << 0n,
  guestChecksum: 1n << 1n,
  mtu: 1n << 3n,
  address: 1n << 5n,
  guestSegments: 1n << 7n,
  segments: 1n << 11n,
  mergeBuffers: 1n << 15n,
  status: 1n << 16n,
  control: 1n << 17n,
  receiveModes: 1n << 18n,
  setAddress: 1n << 23n,
} as const;

const VERSION_1 = 1n << 32n;
const RECEIVE = 0;
const TRANSMIT = 1;
const CONTROL_QUEUE_SIZE = 64;
const LINK_UP = 1;
const ETHERNET_HEADER = 14;
const ORDINARY_MTU = 1500;
/** A large segment with its Ethernet header. */
const LARGEST_FRAME = 65_535 + ETHERNET_HEADER;

export class NetworkFunction implements VirtioDeviceParts {
  readonly features: bigint;
  readonly queueSizes: readonly number[];
  readonly #port: NetworkPort;
  readonly #options: NetworkOptions;
  readonly #address: Uint8Array;
  #line: VirtioLine | undefined;
  #receiver: Receiver | undefined;
  #headerLength = MERGED_HEADER;
  #transmitting = false;

  constructor(port: NetworkPort, options: NetworkOptions) {
    this.#port = port;
    this.#options = options;
    this.#address = options.address.slice();
    this.queueSizes = [...options.queueSizes, CONTROL_QUEUE_SIZE];
    this.features =
      feature.address |
      feature.status |
      feature.control |
      feature.receiveModes |
      feature.setAddress |
      (options.mtu === ORDINARY_MTU ? 0n : feature.mtu) |
      (options.mergeBuffers ? feature.mergeBuffers : 0n) |
      (options.checksum ? feature.checksum : 0n) |
      (options.segments ? feature.segments : 0n) |
      (options.guestChecksum ? feature.guestChecksum : 0n) |
      (options.guestSegments ? feature.guestSegments : 0n);
    port.onFrames(() => this.#receive());
  }

  configuration(): readonly ConfigurationField[] {
    return [
      { bytes: this.#address },
      { size: 2, value: this.#options.linkUp ? LINK_UP : 0 },
      { size: 2, value: 1 }, // pairs of queues
      { size: 2, value: this.#options.mtu },
    ];
  }

  /** Drivers older than version 1 set the hardware address so. */
  configure(bytes: Uint8Array): void {
    this.#setAddress(bytes.subarray(0, this.#address.length));
  }

  connected(line: VirtioLine): void {
    this.#line = line;
  }

  started(features: bigint): void {
    const has = (bit: bigint): boolean => (features & bit) !== 0n;
    const merge = has(feature.mergeBuffers);
    this.#headerLength = merge || has(VERSION_1) ? MERGED_HEADER : SHORT_HEADER;
    this.#port.adapt({ mtu: this.#options.mtu, segments: has(feature.guestSegments) });
    const queue = this.#line?.queue(RECEIVE);
    if (queue === undefined) return;
    this.#receiver = new Receiver(queue, {
      headerLength: this.#headerLength,
      littleEndian: has(VERSION_1),
      merge,
      mostBuffers: this.#options.queueSizes[RECEIVE],
      checksums: has(feature.guestChecksum),
    });
    this.#receive();
  }

  reset(): void {
    this.#receiver = undefined;
    this.#setAddress(this.#options.address);
  }

  async dispose(): Promise<void> {
    await this.#port.close();
  }

  available(queue: Virtqueue): void {
    if (queue.index === RECEIVE) this.#receive();
    else if (queue.index === TRANSMIT) this.#transmit(queue);
    else this.#control(queue);
  }

  /** Frames for the guest, as long as it has room. */
  #receive(): void {
    if (this.#transmitting) return;
    this.#receiver?.fill(() => this.#port.receive());
  }

  #transmit(queue: Virtqueue): void {
    // What the network answers follows in one go, so that it can answer several frames at once.
    this.#transmitting = true;
    try {
      for (let request = queue.next(); request !== undefined; request = queue.next()) {
        const length = request.readable - this.#headerLength;
        if (length >= ETHERNET_HEADER && length <= LARGEST_FRAME)
          this.#port.send(request.read(this.#headerLength, length));
        request.complete(0);
      }
    } finally {
      this.#transmitting = false;
    }
    this.#receive();
  }

  #control(queue: Virtqueue): void {
    const ports: CommandPorts = { setAddress: (address) => this.#setAddress(address) };
    for (let request = queue.next(); request !== undefined; request = queue.next())
      request.complete(answerCommand(request, ports));
  }

  #setAddress(address: Uint8Array): void {
    this.#address.set(address);
  }
}
