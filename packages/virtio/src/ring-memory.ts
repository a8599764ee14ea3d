import type { HostView, StorageRange } from "@lockframe/memory";

/** The longest piece of a ring that is read at once: an indirect table; and written: an element. */
const MOST_FIELDS = 0x4000;
const MOST_STORED = 16;

/** What a driver put into a ring is not as it must be. The device stops until it is reset. */
export class MalformedRing extends Error {}

/** Storage as rings use it: shared with the host, in the byte order that driver and device agreed on. */
export class RingMemory {
  readonly #view: HostView;
  readonly #littleEndian: boolean;
  /** Fields that were read last, and those that are written; nothing is allocated for a request. */
  readonly #fields: RingFields;
  readonly #stored = new DataView(new ArrayBuffer(MOST_STORED));

  constructor(view: HostView, littleEndian: boolean) {
    this.#view = view;
    this.#littleEndian = littleEndian;
    this.#fields = new RingFields(MOST_FIELDS, littleEndian);
  }

  /** @throws MalformedRing */
  readInto(address: number, target: Uint8Array): void {
    this.check(address, target.length);
    this.#view.readInto(address, target);
  }

  /** @throws MalformedRing */
  write(address: number, bytes: Uint8Array): void {
    this.check(address, bytes.length);
    this.#view.write(address, bytes);
  }

  /** Bytes of ranges, one behind the other. @throws MalformedRing */
  gather(ranges: readonly StorageRange[], target: Uint8Array): void {
    for (const { address, length } of ranges) this.check(address, length);
    this.#view.gather(ranges, target);
  }

  /** @throws MalformedRing nothing is written then */
  scatter(ranges: readonly StorageRange[], bytes: Uint8Array): void {
    for (const { address, length } of ranges) this.check(address, length);
    this.#view.scatter(ranges, bytes);
  }

  /**
   * A copy of at most 16 KiB, good until the next call of `fields` or `u16`.
   * @throws MalformedRing
   */
  fields(address: number, length: number): RingFields {
    this.readInto(address, this.#fields.first(length));
    return this.#fields;
  }

  u16(address: number): number {
    return this.fields(address, 2).u16(0);
  }

  /** Write numbers of these sizes one behind the other, in one go. */
  store(address: number, ...numbers: readonly (readonly [size: 2 | 4, value: number])[]): void {
    let at = 0;
    for (const [size, value] of numbers) {
      if (size === 2) this.#stored.setUint16(at, value, this.#littleEndian);
      else this.#stored.setUint32(at, value, this.#littleEndian);
      at += size;
    }
    this.write(address, new Uint8Array(this.#stored.buffer, 0, at));
  }

  /** @throws MalformedRing the host does not see there what the guest sees */
  check(address: number, length: number): void {
    if (!this.#view.isDirect(address, length))
      throw new MalformedRing(`${length} bytes at ${address.toString(16)} are not shared storage`);
  }
}

/** Numbers in a copy of storage. */
export class RingFields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(most: number, littleEndian: boolean) {
    this.#bytes = new Uint8Array(most);
    this.#view = new DataView(this.#bytes.buffer);
    this.#littleEndian = littleEndian;
  }

  /** Room for so many bytes. */
  first(length: number): Uint8Array {
    return this.#bytes.subarray(0, length);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#littleEndian);
  }
  u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }
  /** @throws MalformedRing beyond any storage */
  address(at: number): number {
    const [high, low] = this.#littleEndian ? [at + 4, at] : [at, at + 4];
    const address = this.u32(high) * 2 ** 32 + this.u32(low);
    if (!Number.isSafeInteger(address)) throw new MalformedRing("an address is beyond any storage");
    return address;
  }
}
