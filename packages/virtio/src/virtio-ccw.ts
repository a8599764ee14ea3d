import {
  type ChannelDevice,
  type CommandHandler,
  commandReject,
  type DeviceLine,
  end,
  type Ending,
  type SenseId,
  type Transfer,
} from "@lockframe/channel-subsystem";
import type { HostView } from "@lockframe/memory";
import { encodeConfiguration } from "./configuration.ts";
import { deviceStatus, feature } from "./feature-bits.ts";
import { type AdapterIndicators, setAdapterIndicator, setClassicIndicator } from "./indicators.ts";
import { Queue } from "./queue.ts";
import type { RingLayout } from "./ring.ts";
import { type MalformedRing, RingMemory } from "./ring-memory.ts";
import type { VirtioFunction, VirtioLine, Virtqueue } from "./virtio-function.ts";

/** What a driver is offered besides what the device itself has. */
export interface TransportOptions {
  /** Virtio device type: 1 network, 2 block, 3 console, 4 entropy, ... */
  readonly deviceId: number;
  /** VIRTIO_F_ACCESS_PLATFORM: the device reaches only what the driver shares with it. */
  readonly accessPlatform: boolean;
  readonly packedRing: boolean;
  readonly indirectDescriptors: boolean;
  readonly eventIndex: boolean;
  /** Highest revision of the transport, 0 to 2. 0 is virtio without version 1. */
  readonly maximumRevision: number;
}

export interface VirtioCcwPorts {
  readonly storage: HostView;
  /** Interrupt as an adapter, in a subclass. */
  adapterInterruption(subclass: number): void;
  /** Run something when CPUs and the host's own work have had a turn. */
  later(work: () => void): void;
  /** The driver has spoiled a ring: why, in words without guest content. Told once a device. */
  brokenByGuest(reason: string): void;
  /** Milliseconds, for how long a device may work at a stretch. */
  now(): number;
}

const command = {
  setQueue: 0x13,
  reset: 0x33,
  setIndicators: 0x43,
  setConfigurationIndicators: 0x53,
  setAdapterIndicators: 0x73,
  readFeatures: 0x12,
  writeFeatures: 0x11,
  readConfiguration: 0x22,
  writeConfiguration: 0x21,
  readStatus: 0x72,
  writeStatus: 0x31,
  readQueueConfiguration: 0x32,
  setRevision: 0x83,
} as const;

const CONTROL_UNIT = 0x3832;
const CLASSIC_QUEUES = 64;
const LOW_HALF = 0xffff_ffffn;
const LEGACY_ALIGNMENT = 4096;
/** Milliseconds that a device may work for one notification before CPUs get a turn. */
const TURN_MS = 5;

/**
 * The virtio-ccw transport: carries a virtio function as a channel device with control-unit type 3832. Revisions 0 to 2,
 * classic and adapter interruptions. Source: OASIS virtio 1.2, "Virtio Over Channel I/O".
 */
export class VirtioCcw implements ChannelDevice, VirtioLine {
  readonly senseId: SenseId;
  readonly commands: Readonly<Record<number, CommandHandler>>;
  readonly #device: VirtioFunction;
  readonly #options: TransportOptions;
  readonly #ports: VirtioCcwPorts;
  #line: DeviceLine | undefined;
  #revision: number | undefined;
  #status = 0;
  #features = 0n;
  readonly #layouts = new Map<number, RingLayout>();
  readonly #queues = new Map<number, Queue>();
  #classic: number | undefined;
  #adapter: AdapterIndicators | undefined;
  #configurationIndicators: number | undefined;
  #turnBegan = 0;
  readonly #resting = new Set<number>();
  #complained = false;

  constructor(device: VirtioFunction, options: TransportOptions, ports: VirtioCcwPorts) {
    this.#device = device;
    this.#options = options;
    this.#ports = ports;
    this.senseId = { cuType: CONTROL_UNIT, cuModel: options.deviceId, deviceType: 0, deviceModel: 0 };
    this.commands = this.#commandTable();
    device.connected?.(this);
  }

  // --- from the channel subsystem and the driver --------------------------------------------------------------

  attached(line: DeviceLine): void {
    this.#line = line;
  }

  /** The subchannel was disabled: the next driver negotiates a revision anew. */
  disabled(): void {
    this.#revision = undefined;
  }

  /** I/O-system reset. */
  reset(): void {
    this.#resetFunction();
    this.#revision = undefined;
  }

  /** The driver notifies of a queue. False: there is no such queue. */
  notify(index: number): boolean {
    if (index >= this.#device.queueSizes.length) return false;
    this.#turnBegan = this.#ports.now();
    this.#serve(index);
    return true;
  }

  // --- from the device ------------------------------------------------------------------------------------

  queue(index: number): Virtqueue {
    return { index, next: () => this.#running(index)?.next() };
  }

  configurationChanged(): void {
    if (this.#configurationIndicators === undefined) return;
    if (setClassicIndicator(this.#ports.storage, this.#configurationIndicators, 0)) this.#line?.alert();
  }

  // --- queues ---------------------------------------------------------------------------------------------

  #serve(index: number): void {
    const queue = this.#running(index);
    queue?.serve(() => this.#device.available(queue));
  }

  /** A queue that the driver has set up, once the driver is ready. */
  #running(index: number): Queue | undefined {
    const layout = this.#layouts.get(index);
    const ready =
      (this.#status & (deviceStatus.driverOk | deviceStatus.needsReset)) === deviceStatus.driverOk;
    if (!ready || layout === undefined) return undefined;
    const known = this.#queues.get(index);
    if (known !== undefined) return known;
    const memory = new RingMemory(this.#ports.storage, this.#isModern);
    const queue = new Queue(index, layout, memory, this.#features, {
      interrupt: (of) => this.#interrupt(of),
      outOfTime: (of) => this.#outOfTime(of),
      malformed: (error) => this.#malformed(error),
    });
    this.#queues.set(index, queue);
    return queue;
  }

  /** A device that has worked long enough goes on later. */
  #outOfTime(index: number): boolean {
    if (this.#resting.has(index)) return true;
    if (this.#ports.now() - this.#turnBegan < TURN_MS) return false;
    this.#resting.add(index);
    this.#ports.later(() => {
      this.#resting.delete(index);
      this.#turnBegan = this.#ports.now();
      this.#serve(index);
    });
    return true;
  }

  #interrupt(queue: number): void {
    if (this.#adapter !== undefined) {
      const first = setAdapterIndicator(this.#ports.storage, this.#adapter, queue);
      if (first === true) this.#ports.adapterInterruption(this.#adapter.subclass);
    } else if (this.#classic !== undefined) {
      if (setClassicIndicator(this.#ports.storage, this.#classic, queue)) this.#line?.alert();
    }
  }

  /** Stop until the driver resets the device, and tell it so. */
  #malformed(error: MalformedRing): void {
    if ((this.#status & deviceStatus.needsReset) !== 0) return;
    if (!this.#complained) this.#ports.brokenByGuest(error.message);
    this.#complained = true;
    this.#status |= deviceStatus.needsReset;
    for (const queue of this.#queues.values()) queue.close();
    this.configurationChanged();
  }

  // --- commands -------------------------------------------------------------------------------------------

  #commandTable(): Readonly<Record<number, CommandHandler>> {
    return {
      [command.setRevision]: (transfer) => this.#setRevision(transfer),
      [command.reset]: () => this.#resetFunction(),
      [command.readFeatures]: (transfer) => this.#readFeatures(transfer),
      [command.writeFeatures]: (transfer) => this.#writeFeatures(transfer),
      [command.readConfiguration]: (transfer) =>
        transfer.toStorage(this.#configuration().subarray(0, transfer.count)),
      [command.writeConfiguration]: (transfer) => this.#writeConfiguration(transfer),
      [command.readStatus]: (transfer) => transfer.toStorage(Uint8Array.of(this.#status)),
      [command.writeStatus]: (transfer) => this.#writeStatus(transfer),
      [command.readQueueConfiguration]: (transfer) => this.#readQueueConfiguration(transfer),
      [command.setQueue]: (transfer) =>
        this.#isModern ? this.#setQueue(transfer) : this.#setLegacyQueue(transfer),
      [command.setIndicators]: (transfer) => this.#setIndicators(transfer),
      [command.setConfigurationIndicators]: (transfer) =>
        withBlock(transfer, 8, (block) => {
          this.#configurationIndicators = addressIn(block, 0);
          return end();
        }),
      [command.setAdapterIndicators]: (transfer) => this.#setAdapterIndicators(transfer),
    };
  }

  get #isModern(): boolean {
    return (this.#revision ?? 0) > 0;
  }

  /** Features that this driver is offered. */
  get #offered(): bigint {
    const { accessPlatform, packedRing, indirectDescriptors, eventIndex } = this.#options;
    const common =
      this.#device.features |
      (indirectDescriptors ? feature.indirectDescriptors : 0n) |
      (eventIndex ? feature.eventIndex : 0n);
    if (!this.#isModern) return common & LOW_HALF;
    const modern =
      feature.version1 |
      (accessPlatform ? feature.accessPlatform : 0n) |
      (packedRing ? feature.packedRing : 0n);
    return common | modern;
  }

  #setRevision(transfer: Transfer): Ending {
    return withBlock(transfer, 4, (block) => {
      const revision = block.getUint16(0);
      const length = block.getUint16(2);
      if (transfer.fromStorage(length).length < length) return commandReject;
      if (this.#revision !== undefined || revision > this.#options.maximumRevision) return commandReject;
      this.#revision = revision;
      return end();
    });
  }

  #readFeatures(transfer: Transfer): Ending {
    const index = transfer.preview(5)[4];
    if (index === undefined) return commandReject;
    const block = new Uint8Array(5);
    const features = index < 2 ? (this.#offered >> BigInt(32 * index)) & LOW_HALF : 0n;
    new DataView(block.buffer).setUint32(0, Number(features), true);
    block[4] = index;
    return transfer.toStorage(block);
  }

  #writeFeatures(transfer: Transfer): Ending {
    return withBlock(transfer, 5, (block) => {
      const index = block.getUint8(4);
      if ((this.#status & deviceStatus.featuresOk) !== 0) return commandReject;
      if (index > 1) return end();
      const shift = BigInt(32 * index);
      const chosen = BigInt(block.getUint32(0, true)) << shift;
      this.#features = (this.#features & ~(LOW_HALF << shift)) | (chosen & this.#offered);
      return end();
    });
  }

  #configuration(): Uint8Array {
    return encodeConfiguration(this.#device.configuration?.() ?? [], this.#isModern);
  }

  #writeConfiguration(transfer: Transfer): Ending {
    const bytes = transfer.fromStorage(this.#configuration().length);
    this.#device.configure?.(bytes);
    return end();
  }

  #writeStatus(transfer: Transfer): Ending {
    return withBlock(transfer, 1, (block) => {
      const wanted = block.getUint8(0);
      if (wanted === 0) return this.#resetFunction();
      const added = wanted & ~this.#status;
      if ((added & deviceStatus.featuresOk) !== 0 && !this.#featuresFit()) return commandReject;
      this.#status = wanted | (this.#status & deviceStatus.needsReset);
      if ((added & deviceStatus.driverOk) !== 0) this.#start();
      return end();
    });
  }

  /** The driver is ready. Requests may have come before it said so. */
  #start(): void {
    this.#device.started?.(this.#features);
    for (const index of this.#layouts.keys()) this.notify(index);
  }

  /** A driver of version 1 must say so, and one of a device behind the platform's IOMMU must know of it. */
  #featuresFit(): boolean {
    const needed = this.#offered & (feature.version1 | feature.accessPlatform);
    return (this.#features & needed) === needed;
  }

  #readQueueConfiguration(transfer: Transfer): Ending {
    const block = transfer.preview(4).slice();
    if (block.length < 4) return commandReject;
    const view = new DataView(block.buffer, block.byteOffset, 4);
    view.setUint16(2, this.#device.queueSizes[view.getUint16(0)] ?? 0);
    return transfer.toStorage(block);
  }

  #setQueue(transfer: Transfer): Ending {
    return withBlock(transfer, 32, (block) => {
      const index = block.getUint16(12);
      const size = block.getUint16(14);
      const [descriptors, driver, device] = [0, 16, 24].map((at) => addressIn(block, at));
      return this.#place(index, size, { descriptors, driver, device });
    });
  }

  /** The three parts of a legacy queue lie behind each other, the third on a boundary. */
  #setLegacyQueue(transfer: Transfer): Ending {
    return withBlock(transfer, 16, (block) => {
      const descriptors = addressIn(block, 0);
      const alignment = block.getUint32(8);
      const index = block.getUint16(12);
      const size = block.getUint16(14);
      if (descriptors !== undefined && alignment !== LEGACY_ALIGNMENT) return commandReject;
      const driver = descriptors === undefined ? undefined : descriptors + 16 * size;
      const device =
        driver === undefined ? undefined : Math.ceil((driver + 6 + 2 * size) / alignment) * alignment;
      return this.#place(index, size, { descriptors, driver, device });
    });
  }

  #place(
    index: number,
    size: number,
    parts: { [Part in "descriptors" | "driver" | "device"]: number | undefined },
  ): Ending {
    const largest = this.#device.queueSizes[index];
    if (largest === undefined) return commandReject;
    this.#queues.get(index)?.close();
    this.#queues.delete(index);
    this.#layouts.delete(index);
    const { descriptors, driver, device } = parts;
    if (descriptors === undefined) return end();
    const powerOf2 = (size & (size - 1)) === 0 || this.#options.packedRing;
    if (size === 0 || size > largest || !powerOf2) return commandReject;
    this.#layouts.set(index, { size, descriptors, driver: driver ?? 0, device: device ?? 0 });
    return end();
  }

  #setIndicators(transfer: Transfer): Ending {
    return withBlock(transfer, 8, (block) => {
      if (this.#adapter !== undefined || this.#device.queueSizes.length > CLASSIC_QUEUES)
        return commandReject;
      this.#classic = addressIn(block, 0);
      return end();
    });
  }

  #setAdapterIndicators(transfer: Transfer): Ending {
    return withBlock(transfer, 25, (block) => {
      if (this.#classic !== undefined) return commandReject;
      const [summary, indicators] = [addressIn(block, 0), addressIn(block, 8)];
      const firstBit = Number(block.getBigUint64(16));
      const subclass = block.getUint8(24) & 7;
      const given = summary !== undefined && indicators !== undefined;
      this.#adapter = given ? { summary, indicators, firstBit, subclass } : undefined;
      return end();
    });
  }

  #resetFunction(): Ending {
    for (const queue of this.#queues.values()) queue.close();
    this.#queues.clear();
    this.#layouts.clear();
    this.#status = 0;
    this.#features = 0n;
    this.#classic = undefined;
    this.#adapter = undefined;
    this.#configurationIndicators = undefined;
    this.#device.reset?.();
    return end();
  }
}

/** Do something with a block of so many bytes that the program gives; reject the command if they are fewer. */
function withBlock(transfer: Transfer, length: number, act: (block: DataView) => Ending): Ending {
  const bytes = transfer.fromStorage(length);
  if (bytes.length < length) return commandReject;
  return act(new DataView(bytes.buffer, bytes.byteOffset, length));
}

/** An address in a block; undefined: zero, which means none. */
function addressIn(block: DataView, at: number): number | undefined {
  const address = block.getBigUint64(at);
  return address === 0n ? undefined : Number(address);
}
