/** Messages of 9P2000.L: a length, a type, a tag, and fields, least significant byte first. */

/** Requests; the reply to each has the next number. */
export const messageType = {
  error: 6,
  statfs: 8,
  open: 12,
  create: 14,
  symbolicLink: 16,
  makeNode: 18,
  rename: 20,
  readLink: 22,
  getAttributes: 24,
  setAttributes: 26,
  walkExtended: 30,
  createExtended: 32,
  readFolder: 40,
  flushFile: 50,
  lock: 52,
  getLock: 54,
  link: 70,
  makeFolder: 72,
  renameAt: 74,
  unlinkAt: 76,
  version: 100,
  authenticate: 102,
  attach: 104,
  flush: 108,
  walk: 110,
  read: 116,
  write: 118,
  release: 120,
  remove: 122,
} as const;

export const HEADER = 7;
const SHORTEST = 256;

/** A message is not as it must be. */
export class MalformedMessage extends Error {}

/** Takes the fields of a message in their order. Strings are bytes, one character each. */
export class MessageReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws MalformedMessage it is too short */
  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new MalformedMessage("it is too short");
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }
  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }
  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }
  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }
  /** A place in a file. @throws MalformedMessage no file is so long */
  offset(): number {
    const offset = this.u64();
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedMessage("no file is so long");
    return Number(offset);
  }
  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    return this.#bytes.toString("latin1", at, at + length);
  }
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }
}

/** Identity of a file as 9P gives it to its clients. */
export interface Qid {
  readonly type: number;
  readonly version: number;
  readonly path: bigint;
}

/** Makes the fields of a reply, with room for the header in front of them. */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(SHORTEST); // nothing is given out that was not written
  #end = HEADER;

  get length(): number {
    return this.#end - HEADER;
  }

  /** Room for so many bytes: the buffer that has it, and where. */
  #room(size: number): { readonly bytes: Buffer; readonly at: number } {
    const at = this.#end;
    this.#end += size;
    if (this.#end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#end, 2 * this.#bytes.length));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return { bytes: this.#bytes, at };
  }

  u8(value: number): this {
    const { bytes, at } = this.#room(1);
    bytes.writeUInt8(value & 0xff, at);
    return this;
  }
  u16(value: number): this {
    const { bytes, at } = this.#room(2);
    bytes.writeUInt16LE(value & 0xffff, at);
    return this;
  }
  u32(value: number): this {
    const { bytes, at } = this.#room(4);
    bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }
  u64(value: bigint | number): this {
    const { bytes, at } = this.#room(8);
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    return this;
  }
  qid({ type, version, path }: Qid): this {
    return this.u8(type).u32(version).u64(path);
  }
  text(value: string): this {
    const { bytes, at } = this.u16(value.length).#room(value.length);
    bytes.write(value, at, "latin1");
    return this;
  }
  data(data: Uint8Array): this {
    const { bytes, at } = this.#room(data.length);
    bytes.set(data, at);
    return this;
  }

  /** The whole message; no more fields follow. */
  finish(type: number, tag: number): Uint8Array {
    this.#bytes.writeUInt32LE(this.#end, 0);
    this.#bytes.writeUInt8(type, 4);
    this.#bytes.writeUInt16LE(tag, 5);
    return this.#bytes.subarray(0, this.#end);
  }
}
