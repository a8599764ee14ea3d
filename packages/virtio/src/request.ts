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
    const { readable } = this.#ring;
    const whole = this.#visit(readable, this.readable, offset, target.length, (address, at, count) =>
      this.#ports.memory.readInto(address, target.subarray(at, at + count)),
    );
    if (!whole) target.fill(0);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#visit(this.#ring.writable, this.writable, offset, bytes.length, (address, at, count) =>
      this.#ports.memory.write(address, bytes.subarray(at, at + count)),
    );
  }

  complete(written: number): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ports.complete(written);
  }

  /** Visit the pieces of a range. False: the storage is not the device's, or not any more. */
  #visit(
    segments: readonly Segment[],
    total: number,
    offset: number,
    length: number,
    visit: (address: number, at: number, count: number) => void,
  ): boolean {
    if (offset < 0 || offset + length > total)
      throw new RangeError(`bytes ${offset} to ${offset + length} of ${total}`);
    if (!this.#open) return false;
    let skip = offset;
    let done = 0;
    try {
      for (const { address, length: size } of segments) {
        if (done === length) break;
        if (skip >= size) {
          skip -= size;
          continue;
        }
        const count = Math.min(size - skip, length - done);
        visit(address + skip, done, count);
        done += count;
        skip = 0;
      }
      return true;
    } catch (error) {
      if (!(error instanceof MalformedRing)) throw error;
      this.#ports.malformed(error);
      return false;
    }
  }
}

function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}
