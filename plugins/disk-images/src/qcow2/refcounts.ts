import type { ImageFile } from "../image-file.ts";
import { headerField, type Qcow2Header } from "./header.ts";

/** An image whose metadata contradicts itself. The disk fails, its image is left as it is. */
export class CorruptImage extends Error {}

const OFFSET = 0xfffffffffffe00n;

/**
 * Reference counts of an image's clusters. They are on the host's side before anything refers to what they count, so
 * that an image that is not closed has lost clusters at worst, and never two users of one.
 */
export class Refcounts {
  readonly #file: ImageFile;
  readonly #cluster: number;
  readonly #bits: number;
  /** Counts in a block. */
  readonly #perBlock: number;
  #table: BigUint64Array;
  #tableOffset: number;
  /** Blocks that were used, by their place in the table. */
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #blockOffsets: Set<number>;
  /** No cluster below this one is free. */
  #lowestFree = 0;

  constructor(file: ImageFile, header: Qcow2Header) {
    this.#file = file;
    this.#cluster = 2 ** header.clusterBits;
    this.#bits = header.refcountBits;
    this.#perBlock = (this.#cluster * 8) / this.#bits;
    this.#tableOffset = header.refcountTableOffset;
    this.#table = this.#readTable(header.refcountTableClusters);
    this.#blockOffsets = new Set([...this.#table].map((entry) => Number(entry & OFFSET)));
  }

  #readTable(clusters: number): BigUint64Array {
    const bytes = new Uint8Array(clusters * this.#cluster);
    this.#file.read(this.#tableOffset, bytes);
    const view = new DataView(bytes.buffer);
    return BigUint64Array.from({ length: bytes.length / 8 }, (_, i) => view.getBigUint64(8 * i));
  }

  /** Whether a cluster holds counts or their table. */
  isOwn(offset: number): boolean {
    const inTable = offset >= this.#tableOffset && offset < this.#tableOffset + 8 * this.#table.length;
    return inTable || this.#blockOffsets.has(offset);
  }

  /** Offset of a cluster that nothing refers to, now counted once. */
  allocate(): number {
    let index = this.#lowestFree;
    for (;;) {
      const block = this.#block(Math.floor(index / this.#perBlock));
      if (block === undefined) this.#addBlock(Math.floor(index / this.#perBlock));
      else if (this.#fetch(block, index % this.#perBlock) === 0n) break;
      else index += 1;
    }
    this.#lowestFree = index + 1;
    this.#set(index, 1n);
    return index * this.#cluster;
  }

  /** What says that nothing else refers to a cluster must be right, or another's data would change. */
  checkOwned(offset: number): void {
    const count = this.get(offset / this.#cluster);
    if (count !== 1n)
      throw new CorruptImage(`the cluster at ${offset} has one user and is counted ${count} times`);
  }

  /** One user less. */
  release(offset: number): void {
    const index = offset / this.#cluster;
    const count = this.get(index);
    if (count === 0n) throw new CorruptImage(`cluster ${index} is in use and counted as free`);
    this.#set(index, count - 1n);
    if (count === 1n) this.#lowestFree = Math.min(this.#lowestFree, index);
  }

  get(index: number): bigint {
    const block = this.#block(Math.floor(index / this.#perBlock));
    return block === undefined ? 0n : this.#fetch(block, index % this.#perBlock);
  }

  #set(index: number, count: bigint): void {
    const number = Math.floor(index / this.#perBlock);
    const block = this.#block(number);
    if (block === undefined) throw new CorruptImage(`nothing counts cluster ${index}`);
    const place = index % this.#perBlock;
    this.#store(block, place, count);
    const from = Math.floor((place * this.#bits) / 8);
    const changed = block.subarray(from, from + Math.max(1, this.#bits / 8));
    this.#file.write(Number((this.#table[number] ?? 0n) & OFFSET) + from, changed);
  }

  #block(number: number): Uint8Array | undefined {
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const offset = Number((this.#table[number] ?? 0n) & OFFSET);
    if (offset === 0) return undefined;
    if (offset % this.#cluster !== 0) throw new CorruptImage("a block of reference counts is out of place");
    const block = new Uint8Array(this.#cluster);
    this.#file.read(offset, block);
    this.#blocks.set(number, block);
    return block;
  }

  /** A block for clusters that none counts yet. It is the first of them, and counts itself. */
  #addBlock(number: number): void {
    if (number >= this.#table.length) return this.#growTable(number);
    const offset = this.#placeBlock(number, number * this.#perBlock, 1);
    this.#table[number] = BigInt(offset);
    const entry = new Uint8Array(8);
    new DataView(entry.buffer).setBigUint64(0, BigInt(offset));
    this.#file.write(this.#tableOffset + 8 * number, entry);
  }

  /** Write a block in which the first `used` clusters of its range are counted once. Returns its offset. */
  #placeBlock(number: number, index: number, used: number): number {
    const block = new Uint8Array(this.#cluster);
    for (let place = 0; place < Math.min(used, this.#perBlock); place++) this.#store(block, place, 1n);
    const offset = index * this.#cluster;
    this.#file.write(offset, block);
    this.#blocks.set(number, block);
    this.#blockOffsets.add(offset);
    return offset;
  }

  /**
   * Move the table to where it has room for block `number`, behind everything that is counted. The blocks that count
   * the new table lie in front of it. The old one is given back when the header names the new one for good.
   */
  #growTable(number: number): void {
    const [oldOffset, oldClusters] = [this.#tableOffset, (8 * this.#table.length) / this.#cluster];
    let blocks = 1;
    const clusters = (): number =>
      Math.ceil((8 * Math.max(number + blocks, Math.ceil(this.#table.length * 1.5))) / this.#cluster);
    while (blocks * this.#perBlock < blocks + clusters()) blocks += 1;
    const first = number * this.#perBlock;
    const used = blocks + clusters();
    const table = new BigUint64Array((clusters() * this.#cluster) / 8);
    table.set(this.#table);
    for (let each = 0; each < blocks; each++) {
      const offset = this.#placeBlock(number + each, first + each, used - each * this.#perBlock);
      table[number + each] = BigInt(offset);
    }
    this.#table = table;
    this.#tableOffset = (first + blocks) * this.#cluster;
    this.#writeTable();
    for (let each = 0; each < oldClusters; each++) this.release(oldOffset + each * this.#cluster);
  }

  #writeTable(): void {
    const bytes = new Uint8Array(8 * this.#table.length);
    const view = new DataView(bytes.buffer);
    this.#table.forEach((entry, i) => view.setBigUint64(8 * i, entry));
    this.#file.write(this.#tableOffset, bytes);
    this.#file.synchronizeNow();
    const header = new Uint8Array(12);
    const fields = new DataView(header.buffer);
    fields.setBigUint64(0, BigInt(this.#tableOffset));
    fields.setUint32(8, bytes.length / this.#cluster);
    this.#file.write(headerField.refcountTable, header);
    this.#file.synchronizeNow();
  }

  #fetch(block: Uint8Array, place: number): bigint {
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    switch (this.#bits) {
      case 64:
        return view.getBigUint64(8 * place);
      case 32:
        return BigInt(view.getUint32(4 * place));
      case 16:
        return BigInt(view.getUint16(2 * place));
      default: {
        const shift = (place * this.#bits) % 8;
        const byte = block[Math.floor((place * this.#bits) / 8)] ?? 0;
        return BigInt((byte >> shift) & (2 ** this.#bits - 1));
      }
    }
  }

  #store(block: Uint8Array, place: number, count: bigint): void {
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    switch (this.#bits) {
      case 64:
        return view.setBigUint64(8 * place, count);
      case 32:
        return view.setUint32(4 * place, Number(count));
      case 16:
        return view.setUint16(2 * place, Number(count));
      default: {
        const shift = (place * this.#bits) % 8;
        const at = Math.floor((place * this.#bits) / 8);
        const mask = (2 ** this.#bits - 1) << shift;
        block[at] = ((block[at] ?? 0) & ~mask) | (Number(count) << shift);
      }
    }
  }
}
