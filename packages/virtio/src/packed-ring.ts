import { type Descriptor, DESCRIPTOR, descriptorFlag, SegmentCollector } from "./descriptors.ts";
import { feature } from "./feature-bits.ts";
import { passed, type Ring, type RingLayout, type RingRequest } from "./ring.ts";
import { MalformedRing, type RingFields, type RingMemory } from "./ring-memory.ts";

const AVAILABLE = 0x0080;
const USED = 0x8000;
/** Event suppression flags. */
const events = { enable: 0, disable: 1, descriptor: 2 } as const;

/** A place in the ring and how often the ring has been gone round, odd or even. */
interface Cursor {
  index: number;
  wrap: boolean;
}

/** Packed virtqueue. Source: OASIS virtio 1.2, "Packed Virtqueues". */
export class PackedRing implements Ring {
  readonly #memory: RingMemory;
  readonly #layout: RingLayout;
  readonly #indirect: boolean;
  readonly #eventIndex: boolean;
  readonly #taken: Cursor = { index: 0, wrap: true };
  readonly #used: Cursor = { index: 0, wrap: true };
  /** Descriptors given back since the driver was last told. */
  #untold = 0;

  constructor(memory: RingMemory, layout: RingLayout, features: bigint) {
    this.#memory = memory;
    this.#layout = layout;
    this.#indirect = (features & feature.indirectDescriptors) !== 0n;
    this.#eventIndex = (features & feature.eventIndex) !== 0n;
  }

  next(): RingRequest | undefined {
    const found = new SegmentCollector(this.#memory);
    let slots = 0;
    const cursor = { ...this.#taken };
    for (;;) {
      const fields = this.#descriptor(cursor.index);
      const descriptor = parse(fields, 0);
      const token = fields.u16(12);
      if (slots === 0 && !isAvailable(descriptor.flags, cursor.wrap)) {
        if (this.#eventIndex) this.#askForNext();
        return undefined;
      }
      slots += 1;
      if (slots > this.#layout.size) throw new MalformedRing("descriptors go round the whole ring");
      const more = (descriptor.flags & descriptorFlag.next) !== 0;
      if ((descriptor.flags & descriptorFlag.indirect) === 0) found.add(descriptor);
      else {
        if (!this.#indirect || more || slots > 1)
          throw new MalformedRing("an indirect table stands where none may be");
        const last = descriptor.length - DESCRIPTOR;
        found.addTable(descriptor, parse, (_fields, at) => (at < last ? at / DESCRIPTOR + 1 : undefined));
      }
      this.#advance(cursor, 1);
      if (more) continue;
      this.#taken.index = cursor.index;
      this.#taken.wrap = cursor.wrap;
      return { readable: found.readable, writable: found.writable, token, slots };
    }
  }

  /** Notify of the very next request. */
  #askForNext(): void {
    const { index, wrap } = this.#taken;
    this.#memory.store(this.#layout.device, [2, index | (wrap ? 0x8000 : 0)], [2, events.descriptor]);
  }

  put({ token, slots }: RingRequest, written: number): void {
    const at = this.#layout.descriptors + this.#used.index * DESCRIPTOR;
    const flags = (this.#used.wrap ? AVAILABLE | USED : 0) | (written > 0 ? descriptorFlag.write : 0);
    this.#memory.store(at + 8, [4, written], [2, token], [2, flags]);
    this.#advance(this.#used, slots);
    this.#untold += slots;
  }

  signals(): boolean {
    if (this.#untold === 0) return false;
    const told = this.#untold;
    this.#untold = 0;
    const suppression = this.#memory.fields(this.#layout.driver, 4);
    const flags = suppression.u16(2);
    if (flags === events.disable) return false;
    if (flags !== events.descriptor || !this.#eventIndex) return true;
    const { index, wrap } = this.#used;
    const where = suppression.u16(0);
    const { size } = this.#layout;
    const event = (where & 0x7fff) - (((where & 0x8000) !== 0) === wrap ? 0 : size);
    return passed(event, index, index - told);
  }

  #descriptor(index: number): RingFields {
    return this.#memory.fields(this.#layout.descriptors + index * DESCRIPTOR, DESCRIPTOR);
  }

  #advance(cursor: Cursor, slots: number): void {
    cursor.index += slots;
    if (cursor.index < this.#layout.size) return;
    cursor.index -= this.#layout.size;
    cursor.wrap = !cursor.wrap;
  }
}

function parse(fields: RingFields, at: number): Descriptor {
  return { address: fields.address(at), length: fields.u32(at + 8), flags: fields.u16(at + 14) };
}

function isAvailable(flags: number, wrap: boolean): boolean {
  return ((flags & AVAILABLE) !== 0) === wrap && ((flags & USED) !== 0) !== wrap;
}
