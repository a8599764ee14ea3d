import type { HostView } from "@lockframe/memory";

/** What a driver put into a ring is not as it must be. The device stops until it is reset. */
export class MalformedRing extends Error {}

/** Storage as rings use it: shared with the host, in the byte order that driver and device agreed on. */
export class RingMemory {
  readonly #view: HostView;
  readonly #littleEndian: boolean;

  constructor(view: HostView, littleEndian: boolean) {
    this.#view = view;
    this.#littleEndian = littleEndian;
  }

  /** @throws MalformedRing the host does not see there what the guest sees */
  read(address: number, length: number): Uint8Array<ArrayBuffer> {
    this.#check(address, length);
    return this.#view.read(address, length);
  }

  /** @throws MalformedRing */
  write(address: number, bytes: Uint8Array): void {
    this.#check(address, bytes.length);
    this.#view.write(address, bytes);
  }

  /** @throws MalformedRing */
  fields(address: number, length: number): RingFields {
    const bytes = this.read(address, length);
    return new RingFields(new DataView(bytes.buffer, bytes.byteOffset, length), this.#littleEndian);
  }

  u16(address: number): number {
    return this.fields(address, 2).u16(0);
  }

  /** Write numbers of these sizes one behind the other, in one go. */
  store(address: number, ...numbers: readonly (readonly [size: 2 | 4, value: number])[]): void {
    const bytes = new Uint8Array(numbers.reduce((sum, [size]) => sum + size, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const [size, value] of numbers) {
      if (size === 2) view.setUint16(at, value, this.#littleEndian);
      else view.setUint32(at, value, this.#littleEndian);
      at += size;
    }
    this.write(address, bytes);
  }

  #check(address: number, length: number): void {
    if (!this.#view.isDirect(address, length))
      throw new MalformedRing(`${length} bytes at ${address.toString(16)} are not shared storage`);
  }
}

/** Numbers in a copy of storage. */
export class RingFields {
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(view: DataView, littleEndian: boolean) {
    this.#view = view;
    this.#littleEndian = littleEndian;
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#littleEndian);
  }
  u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }
  /** @throws MalformedRing beyond any storage */
  address(at: number): number {
    const address = this.#view.getBigUint64(at, this.#littleEndian);
    if (address > BigInt(Number.MAX_SAFE_INTEGER))
      throw new MalformedRing("an address is beyond any storage");
    return Number(address);
  }
}
