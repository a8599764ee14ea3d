import type { Segments } from "./descriptors.ts";

/** Where a driver has put a queue. */
export interface RingLayout {
  readonly size: number;
  /** Descriptor table, or the descriptor ring of a packed queue. */
  readonly descriptors: number;
  /** Available ring, or the driver's event suppression. */
  readonly driver: number;
  /** Used ring, or the device's event suppression. */
  readonly device: number;
}

/** A request as a ring gives it out. */
export interface RingRequest extends Segments {
  /** What the ring needs to know when it comes back. */
  readonly token: number;
  /** Descriptors that it takes in a packed ring. */
  readonly slots: number;
}

/** One of the two kinds of ring, from the device's side. Every method throws MalformedRing. */
export interface Ring {
  /** Take the next request; when there is none, ask the driver to notify of the next one. */
  next(): RingRequest | undefined;
  /** Give a request back. */
  put(request: RingRequest, written: number): void;
  /** Whether the driver wants to be told of what was given back since the last time. */
  signals(): boolean;
}

/**
 * Whether an index that counts up to 16 bits has passed `event` on its way from `before` to `now`.
 * Source: OASIS virtio 1.2, "Used Buffer Notification Suppression".
 */
export function passed(event: number, now: number, before: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
}
