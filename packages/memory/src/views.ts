/**
 * The two views of storage. A device, a console, a dump, a debugger or a snapshot gets a `HostView`; what
 * acts for the guest (its CPU, and the Ultravisor copying an operand for it) gets a `GuestView`. The `side`
 * member keeps the two from being mistaken for each other.
 */
import type { Storage, StorageRange } from "./storage.ts";

interface StorageView {
  /** Storage in bytes. */
  readonly size: number;
  /** A copy of `length` bytes in guest order. @throws AddressingError beyond storage */
  read(abs: number, length: number): Uint8Array<ArrayBuffer>;
  /** Fill `target` with the bytes at `abs`, in guest order. @throws AddressingError beyond storage */
  readInto(abs: number, target: Uint8Array): void;
  /** Store bytes in guest order. @throws AddressingError beyond storage, nothing is stored then */
  write(abs: number, bytes: Uint8Array): void;
}

/** What the host sees: of a protected guest, shared pages as they are and all others as ciphertext. */
export interface HostView extends StorageView {
  readonly side: "host";
  /**
   * Whether host and guest see the same bytes in the whole range. Channel programs and devices must refuse
   * to transfer to or from a range for which this is false. Reading and writing it is possible and gives
   * ciphertext and a page that its guest cannot import.
   */
  isDirect(abs: number, length: number): boolean;
  /** Fill `target` with the bytes of ranges, one behind the other. @throws AddressingError beyond storage */
  gather(ranges: readonly StorageRange[], target: Uint8Array): void;
  /** Store bytes into ranges, one behind the other. @throws AddressingError beyond storage, nothing is stored then */
  scatter(ranges: readonly StorageRange[], bytes: Uint8Array): void;
}

/** What the guest sees. */
export interface GuestView extends StorageView {
  readonly side: "guest";
}

/** Host view of a machine whose guest is not protected. */
export class PlainHostView implements HostView {
  readonly side = "host";
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get size(): number {
    return this.#storage.size;
  }

  read(abs: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#storage.fetch(abs, length);
  }

  readInto(abs: number, target: Uint8Array): void {
    this.#storage.fetchInto(abs, target);
  }

  write(abs: number, bytes: Uint8Array): void {
    this.#storage.storeBytes(abs, bytes);
  }

  isDirect(abs: number, length: number): boolean {
    return this.#storage.contains(abs, length);
  }

  gather(ranges: readonly StorageRange[], target: Uint8Array): void {
    this.#storage.gather(ranges, target);
  }

  scatter(ranges: readonly StorageRange[], bytes: Uint8Array): void {
    this.#storage.scatter(ranges, bytes);
  }
}

/** Guest view of a machine whose guest is not protected. */
export class PlainGuestView implements GuestView {
  readonly side = "guest";
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  get size(): number {
    return this.#storage.size;
  }

  read(abs: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#storage.fetch(abs, length);
  }

  readInto(abs: number, target: Uint8Array): void {
    this.#storage.fetchInto(abs, target);
  }

  write(abs: number, bytes: Uint8Array): void {
    this.#storage.storeBytes(abs, bytes);
  }
}
