import type {
  BootMedium,
  ConfigurationField,
  Disk,
  VirtioDeviceParts,
  VirtioRequest,
  Virtqueue,
} from "@lockframe/plugin-api";
import { BlockRequest, outcome, requestType } from "./block-request.ts";

export interface BlockOptions {
  readonly serial: string;
  readonly blockSize: number;
  /** Bytes that the medium itself writes at once, at least the block size. */
  readonly physicalBlockSize: number;
  /** Zeros: it has none. */
  readonly geometry: { readonly cylinders: number; readonly heads: number; readonly sectors: number };
  readonly bootIndex: number | undefined;
  readonly loadParameter: string | undefined;
  readonly queues: number;
  readonly queueSize: number;
  /** A write is finished when it is safe. */
  readonly writeThrough: boolean;
  readonly discard: boolean;
  readonly writeZeroes: boolean;
  /** The host could not do something. Told once. */
  failed(error: unknown): void;
}

/** Feature bits of a block device. */
const feature = {
  largestSegments: 1n << 1n,
  mostSegments: 1n << 2n,
  geometry: 1n << 4n,
  readOnly: 1n << 5n,
  blockSize: 1n << 6n,
  flush: 1n << 9n,
  topology: 1n << 10n,
  queues: 1n << 12n,
  discard: 1n << 13n,
  writeZeroes: 1n << 14n,
} as const;

const VERSION_1 = 1n << 32n;
const SECTOR = 512;
const SEGMENT = 2 ** 20;
/** Sectors that one discard or write-zeroes request may name. */
const RANGE_SECTORS = 2 ** 16;
const RANGES = 1;
const SERIAL_BYTES = 20;

/** What the device does with requests: reads and writes at once, flushes while CPUs run on. */
export class BlockFunction implements VirtioDeviceParts {
  readonly features: bigint;
  readonly queueSizes: readonly number[];
  readonly #disk: Disk;
  readonly #options: BlockOptions;
  /** The most pieces that a request has: a queue has room for them, a header and a status. */
  readonly #segments: number;
  #littleEndian = true;
  #failed = false;
  #scratch = new Uint8Array(SEGMENT);

  constructor(disk: Disk, options: BlockOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#segments = options.queueSize - 2;
    this.queueSizes = Array.from({ length: options.queues }, () => options.queueSize);
    this.features =
      feature.largestSegments |
      feature.mostSegments |
      feature.blockSize |
      feature.topology |
      (disk.readOnly ? feature.readOnly : 0n) |
      (hasGeometry(options) ? feature.geometry : 0n) |
      (options.writeThrough ? 0n : feature.flush) |
      (options.queues > 1 ? feature.queues : 0n) |
      (options.discard && !disk.readOnly ? feature.discard : 0n) |
      (options.writeZeroes && !disk.readOnly ? feature.writeZeroes : 0n);
  }

  configuration(): readonly ConfigurationField[] {
    const { blockSize, physicalBlockSize, geometry, queues, discard, writeZeroes, writeThrough } =
      this.#options;
    const alignment = blockSize / SECTOR;
    return [
      { size: 8, value: Math.floor(this.#disk.size / SECTOR) },
      { size: 4, value: SEGMENT },
      { size: 4, value: this.#segments },
      { size: 2, value: geometry.cylinders },
      { size: 1, value: geometry.heads },
      { size: 1, value: geometry.sectors },
      { size: 4, value: blockSize },
      { size: 1, value: Math.log2(physicalBlockSize / blockSize) },
      { size: 1, value: 0 },
      { size: 2, value: 0 },
      { size: 4, value: 0 },
      { size: 1, value: writeThrough ? 0 : 1 },
      { size: 1, value: 0 },
      { size: 2, value: queues },
      { size: 4, value: discard ? RANGE_SECTORS : 0 },
      { size: 4, value: discard ? RANGES : 0 },
      { size: 4, value: alignment },
      { size: 4, value: writeZeroes ? RANGE_SECTORS : 0 },
      { size: 4, value: writeZeroes ? RANGES : 0 },
      { size: 1, value: 1 },
      { bytes: new Uint8Array(3) },
    ];
  }

  started(features: bigint): void {
    this.#littleEndian = (features & VERSION_1) !== 0n;
  }

  available(queue: Virtqueue): void {
    for (let next = queue.next(); next !== undefined; next = queue.next()) this.#serve(next);
  }

  /** What a machine boots from. */
  get boot(): BootMedium {
    const { bootIndex, loadParameter, blockSize, geometry } = this.#options;
    return {
      index: bootIndex,
      loadParameter,
      size: this.#disk.size,
      blockSize,
      geometry: hasGeometry(this.#options) ? geometry : undefined,
      read: (offset, target) => this.#disk.read(offset, target),
    };
  }

  async dispose(): Promise<void> {
    await this.#disk.close();
  }

  #serve(raw: VirtioRequest): void {
    const request = BlockRequest.parse(raw, this.#littleEndian);
    if (request === undefined) return raw.complete(0); // there is not even room for a status
    try {
      this.#execute(request);
    } catch (error) {
      this.#report(error);
      request.finish(outcome.error);
    }
  }

  #execute(request: BlockRequest): void {
    switch (request.type) {
      case requestType.read:
        return this.#read(request);
      case requestType.write:
        return this.#write(request);
      case requestType.flush:
        return this.#finishWhenSafe(request);
      case requestType.getId:
        return this.#getId(request);
      case requestType.discard:
      case requestType.writeZeroes:
        return this.#clearRanges(request);
      default:
        request.finish(outcome.unsupported);
    }
  }

  #read(request: BlockRequest): void {
    const offset = this.#checked(request, request.room);
    if (offset === undefined) return request.finish(outcome.error);
    this.#pieces(request.room, (at, piece) => {
      this.#disk.read(offset + at, piece);
      request.give(at, piece);
    });
    request.finish(outcome.done);
  }

  #write(request: BlockRequest): void {
    const offset = this.#checked(request, request.dataLength);
    if (offset === undefined || this.#disk.readOnly) return request.finish(outcome.error);
    this.#pieces(request.dataLength, (at, piece) => {
      request.take(at, piece);
      this.#disk.write(offset + at, piece);
    });
    this.#finishWrite(request);
  }

  #finishWrite(request: BlockRequest): void {
    if (this.#options.writeThrough) this.#finishWhenSafe(request);
    else request.finish(outcome.done);
  }

  #finishWhenSafe(request: BlockRequest): void {
    this.#disk.flush().then(
      () => request.finish(outcome.done),
      (error: unknown) => {
        this.#report(error);
        request.finish(outcome.error);
      },
    );
  }

  #getId(request: BlockRequest): void {
    const id = new Uint8Array(SERIAL_BYTES);
    id.set(Buffer.from(this.#options.serial, "latin1").subarray(0, SERIAL_BYTES));
    const length = Math.min(request.room, SERIAL_BYTES);
    request.give(0, id.subarray(0, length));
    request.finish(outcome.done);
  }

  #clearRanges(request: BlockRequest): void {
    const zeroes = request.type === requestType.writeZeroes;
    const offered = zeroes ? this.#options.writeZeroes : this.#options.discard;
    if (!offered || this.#disk.readOnly) return request.finish(outcome.unsupported);
    const ranges = request.ranges();
    if (ranges === undefined || ranges.length > RANGES) return request.finish(outcome.error);
    for (const { sector, sectors, unmap, reserved } of ranges) {
      const fits = sector + BigInt(sectors) <= BigInt(this.#disk.size / SECTOR);
      if (!fits || sectors > RANGE_SECTORS) return request.finish(outcome.error);
      if (reserved || (unmap && !zeroes)) return request.finish(outcome.unsupported);
      const [offset, length] = [Number(sector) * SECTOR, sectors * SECTOR];
      if (zeroes) this.#disk.writeZeroes(offset, length, unmap);
      else this.#disk.discard(offset, length);
    }
    this.#finishWrite(request);
  }

  /** Where a request begins on the disk; undefined: it does not fit there. */
  #checked({ sector }: BlockRequest, length: number): number | undefined {
    const { blockSize } = this.#options;
    const sectors = BigInt(Math.floor(this.#disk.size / SECTOR));
    const fits = sector <= sectors && BigInt(length) <= (sectors - sector) * BigInt(SECTOR);
    const asTold = length <= SEGMENT * this.#segments;
    if (!fits || !asTold) return undefined;
    const offset = Number(sector) * SECTOR;
    return offset % blockSize === 0 && length % blockSize === 0 ? offset : undefined;
  }

  #pieces(length: number, visit: (at: number, piece: Uint8Array) => void): void {
    for (let at = 0; at < length; at += SEGMENT)
      visit(at, this.#scratch.subarray(0, Math.min(SEGMENT, length - at)));
  }

  #report(error: unknown): void {
    if (!this.#failed) this.#options.failed(error);
    this.#failed = true;
  }
}

function hasGeometry({ geometry }: BlockOptions): boolean {
  return geometry.heads > 0 && geometry.sectors > 0;
}
