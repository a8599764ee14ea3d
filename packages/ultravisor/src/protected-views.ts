/** The two views of storage that hold at every time: before, during and after a guest is protected. */
import {
  GUEST_READY,
  pagesOf,
  PageState,
  type GuestView,
  type HostView,
  type Storage,
  type StorageRange,
} from "@lockframe/memory";

/**
 * What the host sees. Touching a secure page exports it first: reading gives ciphertext, writing gives a page
 * that its guest cannot import. A page that the guest has not used yet is zero, and is zero again for the guest
 * whatever the host writes there.
 */
export class ProtectedHostView implements HostView {
  readonly side = "host";
  readonly #storage: Storage;
  readonly #exportPage: (page: number) => void;

  /** @param exportPage takes a secure page from its guest */
  constructor(storage: Storage, exportPage: (page: number) => void) {
    this.#storage = storage;
    this.#exportPage = exportPage;
  }

  get size(): number {
    return this.#storage.size;
  }

  read(abs: number, length: number): Uint8Array<ArrayBuffer> {
    this.#takeOut(abs, length);
    return this.#storage.fetch(abs, length);
  }

  readInto(abs: number, target: Uint8Array): void {
    this.#takeOut(abs, target.length);
    this.#storage.fetchInto(abs, target);
  }

  write(abs: number, bytes: Uint8Array): void {
    this.#takeOut(abs, bytes.length);
    this.#storage.storeBytes(abs, bytes);
  }

  isDirect(abs: number, length: number): boolean {
    if (!this.#storage.contains(abs, length)) return false;
    const { first, last } = pagesOf(abs, length);
    for (let page = first; page <= last; page++) {
      const state = this.#storage.getPageState(page);
      if (state !== PageState.normal && state !== PageState.shared) return false;
    }
    return true;
  }

  gather(ranges: readonly StorageRange[], target: Uint8Array): void {
    for (const { address, length } of ranges) this.#takeOut(address, length);
    this.#storage.gather(ranges, target);
  }

  scatter(ranges: readonly StorageRange[], bytes: Uint8Array): void {
    for (const { address, length } of ranges) this.#takeOut(address, length);
    this.#storage.scatter(ranges, bytes);
  }

  #takeOut(abs: number, length: number): void {
    if (!this.#storage.contains(abs, length)) return; // the access itself will say so
    const { first, last } = pagesOf(abs, length);
    for (let page = first; page <= last; page++) {
      const state = this.#storage.getPageState(page);
      if (state === PageState.secure) this.#exportPage(page);
      else if (state === PageState.blank) this.#storage.clearPages(page, 1);
    }
  }
}

/** What the guest sees. A page that is out is imported first. */
export class ProtectedGuestView implements GuestView {
  readonly side = "guest";
  readonly #storage: Storage;
  readonly #stopped: () => Error;

  /** @param stopped why an import failed, as an error to throw */
  constructor(storage: Storage, stopped: () => Error) {
    this.#storage = storage;
    this.#stopped = stopped;
  }

  get size(): number {
    return this.#storage.size;
  }

  /** @throws GuestStopError a page cannot come back */
  read(abs: number, length: number): Uint8Array<ArrayBuffer> {
    this.#bringIn(abs, length);
    return this.#storage.fetch(abs, length);
  }

  /** @throws GuestStopError a page cannot come back */
  readInto(abs: number, target: Uint8Array): void {
    this.#bringIn(abs, target.length);
    this.#storage.fetchInto(abs, target);
  }

  /** @throws GuestStopError a page cannot come back; nothing is stored then */
  write(abs: number, bytes: Uint8Array): void {
    this.#bringIn(abs, bytes.length);
    this.#storage.storeBytes(abs, bytes);
  }

  #bringIn(abs: number, length: number): void {
    if (!this.#storage.contains(abs, length)) return; // the access itself will say so
    const { first, last } = pagesOf(abs, length);
    for (let page = first; page <= last; page++)
      if (this.#storage.getPageState(page) >= GUEST_READY && !this.#storage.importPage(page))
        throw this.#stopped();
  }
}
