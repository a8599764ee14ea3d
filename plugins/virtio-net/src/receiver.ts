import type { Frame, VirtioRequest, Virtqueue } from "@lockframe/plugin-api";
import { withChecksum } from "./checksum.ts";
import { COUNT_AT, frameHeader, MERGED_HEADER } from "./frame-header.ts";

export interface ReceiverOptions {
  readonly headerLength: number;
  readonly littleEndian: boolean;
  /** A frame may take several buffers. */
  readonly merge: boolean;
  /** Buffers that the queue can hold. */
  readonly mostBuffers: number;
  /** The driver completes checksums itself, where it needs them. */
  readonly checksums: boolean;
}

/** Puts frames into the buffers that a driver has made available. */
export class Receiver {
  readonly #queue: Virtqueue;
  readonly #options: ReceiverOptions;
  /** Buffers taken for a frame that needs more of them. */
  #buffers: VirtioRequest[] = [];
  #room = 0;
  #frame: readonly Uint8Array[] | undefined;

  constructor(queue: Virtqueue, options: ReceiverOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  /** Deliver frames as long as there are some, and room for them. */
  fill(take: () => Frame | undefined): void {
    for (;;) {
      if (this.#buffers.length === 0 && !this.#takeBuffer()) return; // a frame is made only when there is room
      this.#frame ??= this.#withHeader(take());
      if (this.#frame === undefined) return;
      const length = this.#frame.reduce((sum, part) => sum + part.length, 0);
      while (this.#room < length && this.#mayTakeMore()) if (!this.#takeBuffer()) return;
      if (this.#room >= length) this.#deliver(this.#frame, length);
      else this.#giveUp();
      this.#frame = undefined;
    }
  }

  #mayTakeMore(): boolean {
    return this.#options.merge && this.#buffers.length < this.#options.mostBuffers;
  }

  #takeBuffer(): boolean {
    for (let buffer = this.#queue.next(); buffer !== undefined; buffer = this.#queue.next()) {
      if (buffer.writable >= MERGED_HEADER) {
        this.#buffers.push(buffer);
        this.#room += buffer.writable;
        return true;
      }
      buffer.complete(0); // there is not even room for a header
    }
    return false;
  }

  #withHeader(frame: Frame | undefined): readonly Uint8Array[] | undefined {
    if (frame === undefined) return undefined;
    const { headerLength, littleEndian, checksums } = this.#options;
    if (checksums) return [frameHeader(frame, headerLength, littleEndian), ...frame.parts];
    return [frameHeader({}, headerLength, littleEndian), ...withChecksum(frame)];
  }

  #deliver(parts: readonly Uint8Array[], length: number): void {
    const { littleEndian, headerLength } = this.#options;
    const used: VirtioRequest[] = [];
    let left = length;
    for (let room = 0; room < length; room += used.at(-1)?.writable ?? length) {
      const buffer = this.#buffers.shift();
      if (buffer === undefined) break;
      used.push(buffer);
    }
    const [header] = parts;
    if (header !== undefined && headerLength >= MERGED_HEADER)
      new DataView(header.buffer).setUint16(COUNT_AT, used.length, littleEndian);
    scatter(parts, used);
    for (const buffer of used) {
      const written = Math.min(left, buffer.writable);
      left -= written;
      this.#room -= buffer.writable;
      buffer.complete(written);
    }
  }

  /** The frame fits into no buffers that this driver can have: it is lost, and the next may fit. */
  #giveUp(): void {
    if (this.#options.merge) return;
    const buffer = this.#buffers.shift();
    this.#room -= buffer?.writable ?? 0;
    buffer?.complete(0);
  }
}

/** Write pieces one behind the other into buffers one behind the other. */
function scatter(parts: readonly Uint8Array[], buffers: readonly VirtioRequest[]): void {
  let index = 0;
  let at = 0;
  for (const part of parts) {
    for (let done = 0; done < part.length;) {
      const buffer = buffers[index];
      if (buffer === undefined) return;
      const piece = part.subarray(done, done + buffer.writable - at);
      buffer.write(at, piece);
      done += piece.length;
      at += piece.length;
      if (at === buffer.writable) {
        index += 1;
        at = 0;
      }
    }
  }
}
