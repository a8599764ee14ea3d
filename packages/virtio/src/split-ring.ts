import { type Descriptor, DESCRIPTOR, descriptorFlag, SegmentCollector } from "./descriptors.ts";
import { feature } from "./feature-bits.ts";
import { passed, type Ring, type RingLayout, type RingRequest } from "./ring.ts";
import { MalformedRing, type RingFields, type RingMemory } from "./ring-memory.ts";

const NO_INTERRUPT = 1;

/** Split virtqueue. Source: OASIS virtio 1.2, "Split Virtqueues". */
export class SplitRing implements Ring {
  readonly #memory: RingMemory;
  readonly #layout: RingLayout;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  /** Index of the next request in the available ring. */
  #taken = 0;
  /** Index of the next free element in the used ring, and what it was when the driver was last told. */
  #used = 0;
  #told = 0;

  constructor(memory: RingMemory, layout: RingLayout, features: bigint) {
    this.#memory = memory;
    this.#layout = layout;
    this.#indirect = (features & feature.indirectDescriptors) !== 0n;
    this.#eventIndex = (features & feature.eventIndex) !== 0n;
  }

  next(): RingRequest | undefined {
    const { driver, device, size } = this.#layout;
    let available = this.#memory.u16(driver + 2);
    if (available === this.#taken) {
      if (!this.#eventIndex) return undefined;
      this.#memory.store(device + 4 + 8 * size, [2, this.#taken]);
      available = this.#memory.u16(driver + 2);
      if (available === this.#taken) return undefined;
    }
    if (((available - this.#taken) & 0xffff) > size)
      throw new MalformedRing("more requests are available than the queue has room for");
    const head = this.#memory.u16(driver + 4 + 2 * (this.#taken % size));
    this.#taken = (this.#taken + 1) & 0xffff;
    return { ...this.#collect(head), token: head, slots: 1 };
  }

  #collect(head: number): SegmentCollector {
    const { descriptors, size } = this.#layout;
    const found = new SegmentCollector(this.#memory);
    let seen = 0;
    for (let index: number | undefined = head; index !== undefined;) {
      if (index >= size) throw new MalformedRing(`there is no descriptor ${index}`);
      if (++seen > size) throw new MalformedRing("descriptors loop");
      const fields: RingFields = this.#memory.fields(descriptors + index * DESCRIPTOR, DESCRIPTOR);
      const descriptor = parse(fields, 0);
      index = follow(fields, 0);
      if ((descriptor.flags & descriptorFlag.indirect) === 0) found.add(descriptor);
      else {
        if (!this.#indirect || (descriptor.flags & descriptorFlag.next) !== 0)
          throw new MalformedRing("an indirect table stands where none may be");
        found.addTable(descriptor, parse, follow);
      }
    }
    return found;
  }

  put({ token }: RingRequest, written: number): void {
    const { device, size } = this.#layout;
    this.#memory.store(device + 4 + 8 * (this.#used % size), [4, token], [4, written]);
    this.#used = (this.#used + 1) & 0xffff;
    this.#memory.store(device + 2, [2, this.#used]);
  }

  signals(): boolean {
    const { driver, size } = this.#layout;
    const before = this.#told;
    if (before === this.#used) return false;
    this.#told = this.#used;
    if (!this.#eventIndex) return (this.#memory.u16(driver) & NO_INTERRUPT) === 0;
    return passed(this.#memory.u16(driver + 4 + 2 * size), this.#used, before);
  }
}

function parse(fields: RingFields, at: number): Descriptor {
  return { address: fields.address(at), length: fields.u32(at + 8), flags: fields.u16(at + 12) };
}

function follow(fields: RingFields, at: number): number | undefined {
  return (fields.u16(at + 12) & descriptorFlag.next) === 0 ? undefined : fields.u16(at + 14);
}
