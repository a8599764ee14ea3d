import { feature } from "./feature-bits.ts";
import { PackedRing } from "./packed-ring.ts";
import { Request } from "./request.ts";
import type { Ring, RingLayout } from "./ring.ts";
import { MalformedRing, type RingMemory } from "./ring-memory.ts";
import { SplitRing } from "./split-ring.ts";
import type { Virtqueue, VirtioRequest } from "./virtio-function.ts";

export interface QueuePorts {
  /** Tell the driver that this queue has something for it. */
  interrupt(index: number): void;
  /** Whether the device has worked long enough for one turn; `available` is called again then. */
  outOfTime(index: number): boolean;
  malformed(error: MalformedRing): void;
}

/** A queue of a device, from the time that the driver has set it up until a reset. */
export class Queue implements Virtqueue {
  readonly index: number;
  readonly #ports: QueuePorts;
  readonly #memory: RingMemory;
  readonly #ring: Ring;
  readonly #outstanding = new Set<Request>();
  #batch = false;
  #live = true;

  constructor(index: number, layout: RingLayout, memory: RingMemory, features: bigint, ports: QueuePorts) {
    this.index = index;
    this.#memory = memory;
    this.#ports = ports;
    const Kind = (features & feature.packedRing) === 0n ? SplitRing : PackedRing;
    this.#ring = new Kind(memory, layout, features);
  }

  next(): VirtioRequest | undefined {
    if (!this.#live || this.#ports.outOfTime(this.index)) return undefined;
    return this.#guarded(() => {
      const taken = this.#ring.next();
      if (taken === undefined) return undefined;
      const request: Request = new Request(taken, {
        memory: this.#memory,
        malformed: (error) => this.#ports.malformed(error),
        complete: (written) => {
          this.#outstanding.delete(request);
          this.#guarded(() => this.#ring.put(taken, Math.min(written, request.writable)));
          if (!this.#batch) this.#signal();
        },
      });
      this.#outstanding.add(request);
      return request;
    });
  }

  /** Let the device work on what is available, and tell the driver of it once. */
  serve(work: () => void): void {
    if (!this.#live) return;
    this.#batch = true;
    try {
      work();
    } finally {
      this.#batch = false;
      this.#signal();
    }
  }

  /** The driver has reset the device, or spoiled the ring. */
  close(): void {
    this.#live = false;
    for (const request of this.#outstanding) request.revoke();
    this.#outstanding.clear();
  }

  #signal(): void {
    if (this.#guarded(() => this.#ring.signals()) === true) this.#ports.interrupt(this.index);
  }

  #guarded<Result>(action: () => Result): Result | undefined {
    if (!this.#live) return undefined;
    try {
      return action();
    } catch (error) {
      if (!(error instanceof MalformedRing)) throw error;
      this.#ports.malformed(error);
      return undefined;
    }
  }
}
