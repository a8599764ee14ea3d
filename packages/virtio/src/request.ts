import type { Segment } from "./descriptors.ts";
import type { RingRequest } from "./ring.ts";
import { MalformedRing, type RingMemory } from "./ring-memory.ts";
import type { VirtioRequest } from "./virtio-function.ts";

export interface RequestPorts {
  readonly memory: RingMemory;
  /** The request comes back. */
  complete(written: number): void;
  /** Storage that the driver named cannot be used. */
  malformed(error: MalformedRing): void;
}

/** A request in the hands of a device. */
export class Request implements VirtioRequest {
  readonly readable: number;
  readonly writable: number;
  readonly #ring: RingRequest;
  readonly #ports: RequestPorts;
  #open = true;

  constructor(ring: RingRequest, ports: RequestPorts) {
    this.#ring = ring;
    this.#ports = ports;
    this.readable = lengthOf(ring.readable);
    this.writable = lengthOf(ring.writable);
  }

  /** The driver has reset the device: the request has no storage any more. */
  revoke(): void {
    this.#open = false;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.readInto(offset, bytes);
    return bytes;
  }

  readInto(offset: number, target: Uint8Array): void {
    const pieces = part(this.#ring.readable, this.readable, offset, target.length);
    if (!this.#moved(() => this.#ports.memory.gather(pieces, target))) target.fill(0);
  }

  write(offset: number, bytes: Uint8Array): void {
    const pieces = part(this.#ring.writable, this.writable, offset, bytes.length);
    this.#moved(() => this.#ports.memory.scatter(pieces, bytes));
  }

  complete(written: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ports.complete(written);
  }

  /** False: the storage is not the device's, or not any more. */
  #moved(move: () => void): boolean {
    if (!this.#open) return false;
    try {
      move();
      return true;
    } catch (error) {
      if (!(error instanceof MalformedRing)) throw error;
      this.#ports.malformed(error);
      return false;
    }
  }
}

/** The pieces of a part of a request. @throws RangeError beyond its `total` bytes */
function part(
  segments: readonly Segment[],
  total: number,
  offset: number,
  length: number,
): readonly Segment[] {
  if (offset < 0 || offset + length > total)
    throw new RangeError(`bytes ${offset} to ${offset + length} of ${total}`);
  const pieces: Segment[] = [];
  let [skip, left] = [offset, length];
  for (const segment of segments) {
    if (left === 0) break;
    if (skip >= segment.length) {
      skip -= segment.length;
      continue;
    }
    const count = Math.min(segment.length - skip, left);
    const isWhole = count === segment.length;
    pieces.push(isWhole ? segment : { address: segment.address + skip, length: count });
    left -= count;
    skip = 0;
  }
  return pieces;
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}
