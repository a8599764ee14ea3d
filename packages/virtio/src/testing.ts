/** A driver of virtio devices, for tests: it negotiates, sets up queues of either kind, and makes requests. */
import { ChannelBench, type InterruptionResponse } from "@lockframe/channel-subsystem/testing";
import type { Attachment } from "@lockframe/channel-subsystem";
import { type HostView, PlainHostView, type Storage } from "@lockframe/memory";
import { deviceStatus, feature } from "./feature-bits.ts";
import { type TransportOptions, VirtioCcw } from "./virtio-ccw.ts";
import type { VirtioFunction } from "./virtio-function.ts";

export const virtioCommand = {
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

const DATA = 0x2000;
const INDICATORS = 0x3000;
const SUMMARY = 0x3100;
const QUEUES = 0x10000;
const QUEUE_BYTES = 0x8000;
const BUFFERS = 0x50000;
/** Interruption subclass of the driver's adapter interruptions. */
const SUBCLASS = 2;

export interface StartOptions {
  readonly revision?: number;
  /** Features that the driver takes of those that are offered; default all. */
  readonly features?: bigint;
  readonly queueSize?: number;
}

/** A finished request. */
export interface Used {
  readonly token: number;
  /** Bytes that the device says it wrote. */
  readonly length: number;
  /** What lies in the buffers that it could write into. */
  readonly bytes: Uint8Array;
}

export class VirtioBench {
  readonly channel: ChannelBench;
  readonly transport: VirtioCcw;
  readonly at: Attachment;
  readonly broken: string[] = [];
  /** What the clock of the bench says; a device that works longer than a turn gives way. */
  milliseconds = 0;
  features = 0n;
  #buffer = BUFFERS;

  constructor(
    device: VirtioFunction,
    options: Partial<TransportOptions> = {},
    view?: (storage: Storage) => HostView,
  ) {
    let storage: HostView | undefined;
    this.channel = new ChannelBench((own) => (storage = view?.(own) ?? new PlainHostView(own)));
    if (storage === undefined) throw new Error("the bench has no storage");
    this.transport = new VirtioCcw(
      device,
      {
        deviceId: 42,
        accessPlatform: false,
        packedRing: false,
        indirectDescriptors: true,
        eventIndex: true,
        maximumRevision: 2,
        ...options,
      },
      {
        storage,
        adapterInterruption: (subclass) => this.channel.css.interruptions.presentAdapter(subclass),
        later: (work) => this.channel.later(work),
        brokenByGuest: (reason) => this.broken.push(reason),
        now: () => this.milliseconds,
      },
    );
    this.at = this.channel.attach(this.transport, { senseId: this.transport.senseId });
  }

  /** Do a command with these bytes as its data. */
  command(code: number, bytes: Uint8Array = new Uint8Array()): InterruptionResponse {
    this.channel.storage.storeBytes(DATA, bytes);
    return this.channel.run(this.at, { command: code, count: bytes.length, address: DATA });
  }

  /** Do a command that gives bytes back; `input` lies where they will go. */
  read(code: number, length: number, input: Uint8Array = new Uint8Array()): Uint8Array {
    this.channel.storage.storeBytes(DATA, new Uint8Array(length));
    this.channel.storage.storeBytes(DATA, input);
    const irb = this.channel.run(this.at, { command: code, count: length, flags: 0x20, address: DATA });
    if (irb.unitStatus !== 0x0c || irb.subchannelStatus !== 0) throw new Error("the command failed");
    return this.channel.storage.fetch(DATA, length - irb.count);
  }

  /** Features that the device offers, both words. */
  offered(): bigint {
    const word = (index: number): bigint => {
      const bytes = this.read(virtioCommand.readFeatures, 5, Uint8Array.of(0, 0, 0, 0, index));
      return BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true));
    };
    return word(0) | (word(1) << 32n);
  }

  status(): number {
    return this.read(virtioCommand.readStatus, 1)[0] ?? 0;
  }

  /** From reset to DRIVER_OK. Returns the queues. @throws Error the device refuses */
  start({ revision = 2, features = (1n << 64n) - 1n, queueSize }: StartOptions = {}): DriverQueue[] {
    this.#accepted(this.command(virtioCommand.setRevision, bytes([2, revision], [2, 0])));
    this.features = this.offered() & features;
    for (const index of [0, 1]) {
      const word = Number((this.features >> BigInt(32 * index)) & 0xffff_ffffn);
      const block = new Uint8Array(5);
      new DataView(block.buffer).setUint32(0, word, true);
      block[4] = index;
      this.#accepted(this.command(virtioCommand.writeFeatures, block));
    }
    const ready = deviceStatus.acknowledge | deviceStatus.driver | deviceStatus.featuresOk;
    this.#accepted(this.command(virtioCommand.writeStatus, Uint8Array.of(ready)));
    const queues = this.#setQueues(revision, queueSize);
    const adapter = bytes([8, SUMMARY], [8, INDICATORS], [8, 0], [1, SUBCLASS]);
    this.#accepted(this.command(virtioCommand.setAdapterIndicators, adapter));
    this.#accepted(this.command(virtioCommand.writeStatus, Uint8Array.of(ready | deviceStatus.driverOk)));
    return queues;
  }

  #setQueues(revision: number, wanted: number | undefined): DriverQueue[] {
    const queues: DriverQueue[] = [];
    for (let index = 0; ; index++) {
      const config = this.read(virtioCommand.readQueueConfiguration, 4, bytes([2, index]));
      const largest = ((config[2] ?? 0) << 8) | (config[3] ?? 0);
      if (largest === 0) return queues;
      const size = revision === 0 ? largest : Math.min(wanted ?? largest, largest, 256);
      const at = QUEUES + index * QUEUE_BYTES;
      const Kind = (this.features & feature.packedRing) === 0n ? SplitDriverQueue : PackedDriverQueue;
      const queue = new Kind(this, index, at, size, revision > 0);
      this.channel.storage.fill(at, QUEUE_BYTES, 0);
      const [driver, device] = [queue.driver, queue.device];
      const block =
        revision === 0
          ? bytes([8, at], [4, 4096], [2, index], [2, size])
          : bytes([8, at], [4, 0], [2, index], [2, size], [8, driver], [8, device]);
      this.#accepted(this.command(virtioCommand.setQueue, block));
      queues.push(queue);
    }
  }

  #accepted({ unitStatus, subchannelStatus }: InterruptionResponse): void {
    if (unitStatus !== 0x0c || subchannelStatus !== 0)
      throw new Error(`refused with ${unitStatus.toString(16)} ${subchannelStatus.toString(16)}`);
  }

  /** Room for a buffer. */
  allocate(length: number): number {
    if (this.#buffer + length > this.channel.storage.size) this.#buffer = BUFFERS;
    const at = this.#buffer;
    this.#buffer += Math.ceil(length / 64) * 64;
    return at;
  }

  /** Adapter interruptions and indicators so far; both are taken. */
  takeIndicators(): { readonly interrupted: boolean; readonly indicators: number } {
    const { storage, css } = this.channel;
    const interrupted = css.interruptions.take(0x80000000 >>> SUBCLASS) !== undefined;
    const indicators = storage.fetch8(INDICATORS);
    storage.store8(INDICATORS, 0);
    storage.store8(SUMMARY, 0);
    return { interrupted, indicators };
  }
}

/** A queue from the driver's side. */
export abstract class DriverQueue {
  readonly index: number;
  readonly at: number;
  readonly size: number;
  readonly bench: VirtioBench;
  protected readonly littleEndian: boolean;
  protected readonly pending = new Map<number, readonly Piece[]>();

  constructor(bench: VirtioBench, index: number, at: number, size: number, littleEndian: boolean) {
    this.bench = bench;
    this.index = index;
    this.at = at;
    this.size = size;
    this.littleEndian = littleEndian;
  }

  abstract get driver(): number;
  abstract get device(): number;
  /** Put pieces into the ring. Returns the request's token. */
  protected abstract put(pieces: readonly Piece[], indirect: boolean): number;
  /** The next finished request. */
  protected abstract take(): { readonly token: number; readonly length: number } | undefined;

  /** Make a request available: bytes for the device, then room for so many bytes from it. */
  add(out: readonly Uint8Array[], room: readonly number[], indirect = false): number {
    const pieces = [
      ...out.map((each) => {
        const address = this.bench.allocate(each.length);
        this.bench.channel.storage.storeBytes(address, each);
        return { address, length: each.length, write: false };
      }),
      ...room.map((length) => ({ address: this.bench.allocate(length), length, write: true })),
    ];
    const token = this.put(pieces, indirect);
    this.pending.set(token, pieces);
    return token;
  }

  notify(): boolean {
    return this.bench.transport.notify(this.index);
  }

  used(): Used | undefined {
    const taken = this.take();
    if (taken === undefined) return undefined;
    const pieces = this.pending.get(taken.token) ?? [];
    const { storage } = this.bench.channel;
    const parts = pieces.filter(({ write }) => write).map((each) => storage.fetch(each.address, each.length));
    return { ...taken, bytes: Buffer.concat(parts) };
  }

  /** A request, notified and finished. @throws Error the device has not finished it */
  request(out: readonly Uint8Array[], room: readonly number[], indirect = false): Used {
    this.add(out, room, indirect);
    this.notify();
    const used = this.used();
    if (used === undefined) throw new Error("the request is not finished");
    return used;
  }

  protected number(size: 2 | 4 | 8, value: number): Uint8Array {
    const encoded = bytes([size, value]);
    return this.littleEndian ? encoded.reverse() : encoded;
  }
  protected u16(at: number): number {
    const value = this.bench.channel.storage.fetch16(at);
    return this.littleEndian ? ((value & 0xff) << 8) | (value >> 8) : value;
  }
  protected u32(at: number): number {
    const view = new DataView(this.bench.channel.storage.fetch(at, 4).buffer);
    return view.getUint32(0, this.littleEndian);
  }
  protected store(at: number, ...parts: readonly Uint8Array[]): void {
    this.bench.channel.storage.storeBytes(at, Buffer.concat(parts));
  }
}

interface Piece {
  readonly address: number;
  readonly length: number;
  readonly write: boolean;
}

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;

class SplitDriverQueue extends DriverQueue {
  #free = 0;
  #available = 0;
  #seen = 0;

  get driver(): number {
    return this.at + 16 * this.size;
  }
  get device(): number {
    return Math.ceil((this.driver + 6 + 2 * this.size) / 4096) * 4096;
  }

  protected put(pieces: readonly Piece[], indirect: boolean): number {
    const head = this.#free;
    if (indirect) {
      const table = this.bench.allocate(16 * pieces.length);
      this.#table(table, pieces, (index) => index);
      this.#descriptor(
        this.at + 16 * head,
        { address: table, length: 16 * pieces.length, write: false },
        INDIRECT,
        0,
      );
      this.#free = (head + 1) % this.size;
    } else {
      this.#table(this.at, pieces, (index) => (head + index) % this.size);
      this.#free = (head + pieces.length) % this.size;
    }
    this.store(this.driver + 4 + 2 * (this.#available % this.size), this.number(2, head));
    this.#available = (this.#available + 1) & 0xffff;
    this.store(this.driver + 2, this.number(2, this.#available));
    return head;
  }

  #table(at: number, pieces: readonly Piece[], place: (index: number) => number): void {
    for (const [index, piece] of pieces.entries()) {
      const flags = index + 1 < pieces.length ? NEXT : 0;
      this.#descriptor(at + 16 * place(index), piece, flags, place(index + 1));
    }
  }

  #descriptor(at: number, { address, length, write }: Piece, flags: number, next: number): void {
    const all = flags | (write ? WRITE : 0);
    this.store(
      at,
      this.number(8, address),
      this.number(4, length),
      this.number(2, all),
      this.number(2, next),
    );
  }

  protected take(): { token: number; length: number } | undefined {
    if (this.u16(this.device + 2) === this.#seen) return undefined;
    const element = this.device + 4 + 8 * (this.#seen % this.size);
    this.#seen = (this.#seen + 1) & 0xffff;
    this.store(this.driver + 4 + 2 * this.size, this.number(2, this.#seen)); // tell of the very next one
    return { token: this.u32(element), length: this.u32(element + 4) };
  }
}

class PackedDriverQueue extends DriverQueue {
  #index = 0;
  #wrap = true;
  #usedIndex = 0;
  #usedWrap = true;
  #next = 0;
  readonly #slots = new Map<number, number>();

  get driver(): number {
    return this.at + 16 * this.size;
  }
  get device(): number {
    return this.driver + 16;
  }

  protected put(pieces: readonly Piece[], indirect: boolean): number {
    const token = this.#next++ & 0x7fff;
    let list = pieces;
    let flag = 0;
    if (indirect) {
      const table = this.bench.allocate(16 * pieces.length);
      for (const [index, piece] of pieces.entries())
        this.#descriptor(table + 16 * index, piece, piece.write ? WRITE : 0, 0);
      list = [{ address: table, length: 16 * pieces.length, write: false }];
      flag = INDIRECT;
    }
    for (const [index, piece] of list.entries()) {
      const more = index + 1 < list.length ? NEXT : 0;
      const turn = this.#wrap ? 0x0080 : 0x8000;
      const flags = flag | more | turn | (piece.write ? WRITE : 0);
      this.#descriptor(this.at + 16 * this.#index, piece, flags, token);
      this.#index += 1;
      if (this.#index === this.size) {
        this.#index = 0;
        this.#wrap = !this.#wrap;
      }
    }
    this.#slots.set(token, list.length);
    return token;
  }

  #descriptor(at: number, { address, length }: Piece, flags: number, id: number): void {
    this.store(
      at,
      this.number(8, address),
      this.number(4, length),
      this.number(2, id),
      this.number(2, flags),
    );
  }

  protected take(): { token: number; length: number } | undefined {
    const at = this.at + 16 * this.#usedIndex;
    const flags = this.u16(at + 14);
    if (((flags & 0x0080) !== 0) !== this.#usedWrap || ((flags & 0x8000) !== 0) !== this.#usedWrap)
      return undefined;
    const token = this.u16(at + 12);
    this.#usedIndex += this.#slots.get(token) ?? 1;
    if (this.#usedIndex >= this.size) {
      this.#usedIndex -= this.size;
      this.#usedWrap = !this.#usedWrap;
    }
    return { token, length: this.u32(at + 8) };
  }
}

/** Numbers of these sizes, big-endian, one behind the other. */
export function bytes(...numbers: readonly (readonly [size: 1 | 2 | 4 | 8, value: number])[]): Uint8Array {
  return Buffer.concat(
    numbers.map(([size, value]) => {
      const encoded = new Uint8Array(8);
      new DataView(encoded.buffer).setBigUint64(0, BigInt(value));
      return encoded.slice(8 - size);
    }),
  );
}
