import type { HostView } from "@lockframe/memory";
import { subchannelStatus } from "./subchannel-status-word.ts";

/** Storage keys as channel programs meet them. */
export interface StorageKeys {
  /** Key of the page that holds an absolute address: access control in bits 0-3, fetch protection in bit 4. */
  getKey(abs: number): number;
  setReferenced(abs: number): void;
  setChanged(abs: number): void;
}

/** The storage that channel programs and devices reach: what the guest shares with the host, nothing else. */
export interface ChannelStorage {
  readonly view: HostView;
  readonly keys: StorageKeys;
}

/** Limits of data addresses that SET ADDRESS LIMIT and a subchannel's limit mode set. */
export interface AddressLimit {
  /** Lowest address that data may have. */
  readonly lowest: number;
  /** Data must lie below this. */
  readonly end: number;
}

const PAGE = 4096;
const FETCH_PROTECTION = 0x08;
const { programCheck, protectionCheck } = subchannelStatus;

/** A channel program could not reach storage. It ends with this subchannel status. */
export class StorageFault extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`storage is out of reach: subchannel status ${status.toString(16)}`);
    this.status = status;
  }
}

/** Storage with the key of one channel program. Addresses that are not there or are secure give a program check. */
export class KeyedStorage {
  readonly #storage: ChannelStorage;
  readonly #key: number;
  readonly #limit: AddressLimit | undefined;

  /** @param key access-control bits in the leftmost four bits of a byte; 0 opens everything */
  constructor(storage: ChannelStorage, key: number, limit?: AddressLimit) {
    this.#storage = storage;
    this.#key = key;
    this.#limit = limit;
  }

  /** The same key without a limit on addresses: CCWs and lists of addresses have none. */
  get unlimited(): KeyedStorage {
    return this.#limit === undefined ? this : new KeyedStorage(this.#storage, this.#key);
  }

  /** @throws StorageFault */
  fetch(address: number, length: number): Uint8Array<ArrayBuffer> {
    this.#check(address, length, false);
    for (const page of pages(address, length)) this.#storage.keys.setReferenced(page);
    return this.#storage.view.read(address, length);
  }

  /** @throws StorageFault nothing is stored then */
  store(address: number, bytes: Uint8Array): void {
    this.#check(address, bytes.length, true);
    for (const page of pages(address, bytes.length)) this.#storage.keys.setChanged(page);
    this.#storage.view.write(address, bytes);
  }

  #check(address: number, length: number, store: boolean): void {
    const { view, keys } = this.#storage;
    if (!view.isDirect(address, length)) throw new StorageFault(programCheck);
    const limit = this.#limit;
    if (limit !== undefined && (address < limit.lowest || address + length > limit.end)) {
      throw new StorageFault(programCheck);
    }
    if (this.#key === 0) return;
    for (const page of pages(address, length)) {
      const key = keys.getKey(page);
      const matches = (key & 0xf0) === this.#key;
      if (!matches && (store || (key & FETCH_PROTECTION) !== 0)) throw new StorageFault(protectionCheck);
    }
  }
}

function* pages(address: number, length: number): Generator<number> {
  for (let page = address - (address % PAGE); page < address + length; page += PAGE) yield page;
}
