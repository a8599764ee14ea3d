import { MalformedRing, type RingFields, type RingMemory } from "./ring-memory.ts";

/** A piece of storage that a descriptor names. */
export interface Segment {
  readonly address: number;
  readonly length: number;
}

/** Pieces of a request, in order: those that the device reads, then those that it writes. */
export interface Segments {
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
}

export const descriptorFlag = { next: 1, write: 2, indirect: 4 } as const;
export const DESCRIPTOR = 16;
/** The most pieces that a request has here, whatever the size of its queue. */
const MOST_SEGMENTS = 1024;

/** A descriptor's part that both kinds of ring have. */
export interface Descriptor extends Segment {
  readonly flags: number;
}

/** Collects the descriptors of one request and holds them to the rules. */
export class SegmentCollector implements Segments {
  readonly readable: Segment[] = [];
  readonly writable: Segment[] = [];
  readonly #memory: RingMemory;
  #bytes = 0;

  constructor(memory: RingMemory) {
    this.#memory = memory;
  }

  /** @throws MalformedRing */
  add({ address, length, flags }: Descriptor): void {
    if (length === 0) return;
    this.#memory.check(address, length); // before the device does anything for it
    const writes = (flags & descriptorFlag.write) !== 0;
    if (!writes && this.writable.length > 0)
      throw new MalformedRing("a buffer to read is behind one to write");
    this.#bytes += length;
    if (this.#bytes > 2 ** 32) throw new MalformedRing("a request is longer than 4 GiB");
    const pieces = writes ? this.writable : this.readable;
    pieces.push({ address, length });
    if (this.readable.length + this.writable.length > MOST_SEGMENTS)
      throw new MalformedRing(`a request has more than ${MOST_SEGMENTS} buffers`);
  }

  /**
   * The descriptors of an indirect table.
   * @param read takes the descriptor of a place apart; `follow` gives the index of the next one, or undefined at the end
   * @throws MalformedRing
   */
  addTable(
    { address, length }: Segment,
    read: (fields: RingFields, at: number) => Descriptor,
    follow: (fields: RingFields, at: number) => number | undefined,
  ): void {
    const count = length / DESCRIPTOR;
    if (count < 1 || !Number.isInteger(count) || count > MOST_SEGMENTS)
      throw new MalformedRing(`an indirect table has ${length} bytes`);
    const fields = this.#memory.fields(address, length);
    let seen = 0;
    for (let index: number | undefined = 0; index !== undefined;) {
      if (index >= count) throw new MalformedRing("an indirect table leads out of itself");
      if (++seen > count) throw new MalformedRing("an indirect table loops");
      const descriptor = read(fields, index * DESCRIPTOR);
      if ((descriptor.flags & descriptorFlag.indirect) !== 0)
        throw new MalformedRing("an indirect table leads to another");
      this.add(descriptor);
      index = follow(fields, index * DESCRIPTOR);
    }
  }
}
