import type { VirtioRequest } from "@lockframe/plugin-api";

export const requestType = { read: 0, write: 1, flush: 4, getId: 8, discard: 11, writeZeroes: 13 } as const;
export const outcome = { done: 0, error: 1, unsupported: 2 } as const;

/** Sectors that are to be discarded or made zero. */
export interface SectorRange {
  readonly sector: bigint;
  readonly sectors: number;
  readonly unmap: boolean;
  /** Flags are set that mean nothing. */
  readonly reserved: boolean;
}

const HEADER = 16;
const RANGE = 16;
const UNMAP = 1;
const MOST_RANGES = 256;

/** A request as the driver laid it out: header, data or room for data, room for a status byte at the end. */
export class BlockRequest {
  readonly type: number;
  readonly sector: bigint;
  /** Bytes of data from the driver. */
  readonly dataLength: number;
  /** Bytes of data that it has room for. */
  readonly room: number;
  readonly #request: VirtioRequest;
  readonly #littleEndian: boolean;

  private constructor(request: VirtioRequest, littleEndian: boolean) {
    const header = new DataView(request.read(0, HEADER).buffer);
    this.#request = request;
    this.#littleEndian = littleEndian;
    this.type = header.getUint32(0, littleEndian);
    this.sector = header.getBigUint64(8, littleEndian);
    this.dataLength = request.readable - HEADER;
    this.room = request.writable - 1;
  }

  /** Undefined: the driver left no room for a header or a status. */
  static parse(request: VirtioRequest, littleEndian: boolean): BlockRequest | undefined {
    const whole = request.readable >= HEADER && request.writable >= 1;
    return whole ? new BlockRequest(request, littleEndian) : undefined;
  }

  take(at: number, target: Uint8Array): void {
    this.#request.readInto(HEADER + at, target);
  }

  give(at: number, bytes: Uint8Array): void {
    this.#request.write(at, bytes);
  }

  finish(status: number): void {
    this.#request.write(this.room, Uint8Array.of(status));
    this.#request.complete(this.room + 1);
  }

  /** Undefined: the data is no list of ranges, or a longer one than anybody sends. */
  ranges(): readonly SectorRange[] | undefined {
    const count = this.dataLength / RANGE;
    if (!Number.isInteger(count) || count > MOST_RANGES) return undefined;
    const data = new DataView(this.#request.read(HEADER, this.dataLength).buffer);
    return Array.from({ length: count }, (_, index) => {
      const at = RANGE * index;
      const flags = data.getUint32(at + 12, this.#littleEndian);
      return {
        sector: data.getBigUint64(at, this.#littleEndian),
        sectors: data.getUint32(at + 8, this.#littleEndian),
        unmap: (flags & UNMAP) !== 0,
        reserved: (flags & ~UNMAP) !== 0,
      };
    });
  }
}
