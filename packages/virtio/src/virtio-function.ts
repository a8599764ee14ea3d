/** What a virtio device is to its transport, whatever carries it: features, queues, configuration, requests. */

/** A device as its transport drives it. */
export interface VirtioFunction {
  /** Feature bits of this type of device that it offers, as a mask. Those of rings and transport are added. */
  readonly features: bigint;
  /** The most elements that each queue has, a power of 2, by index. */
  readonly queueSizes: readonly number[];
  /** The device's configuration now, field by field. */
  configuration?(): readonly ConfigurationField[];
  /** The driver wrote the configuration: these are its first bytes, in the order of the fields. */
  configure?(bytes: Uint8Array): void;
  /** Called once. */
  connected?(line: VirtioLine): void;
  /** The driver is ready. @param features what both sides agreed on */
  started?(features: bigint): void;
  /** The driver may have made requests available. Called again when `next` stopped for the sake of the CPUs. */
  available(queue: Virtqueue): void;
  /** Forget all requests: the device is as after power-on. */
  reset?(): void;
}

/** A number of 1, 2, 4 or 8 bytes, in the byte order that the driver expects, or bytes as they are. */
export type ConfigurationField =
  | { readonly size: 1 | 2 | 4 | 8; readonly value: number | bigint }
  | { readonly bytes: Uint8Array };

/** From a device to its driver. */
export interface VirtioLine {
  /** A queue by index, also for requests that wait until the device has something to say. */
  queue(index: number): Virtqueue;
  /** The configuration is another one now. */
  configurationChanged(): void;
}

export interface Virtqueue {
  readonly index: number;
  /**
   * Take the next request. Undefined: none is there, or the CPUs need a turn first, and `available` is called again. A
   * request is the device's until it is completed.
   */
  next(): VirtioRequest | undefined;
}

/**
 * Buffers that a driver made available together. What the driver wrote for the device to read comes first; room for
 * the device to write into follows. If the driver resets the device meanwhile, reading gives zeros and writing and
 * completing have no effect.
 */
export interface VirtioRequest {
  /** Bytes that the device may read. */
  readonly readable: number;
  /** Bytes that the device may write. */
  readonly writable: number;
  /** @throws RangeError beyond what is readable */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
  /** The same into bytes that are there already. @throws RangeError beyond what is readable */
  readInto(offset: number, target: Uint8Array): void;
  /** @throws RangeError beyond what is writable */
  write(offset: number, bytes: Uint8Array): void;
  /** Give it back. @param written how many bytes from the first writable one on are valid */
  complete(written: number): void;
}
