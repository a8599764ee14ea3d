import type { ImageFile } from "../image-file.ts";
import type { Qcow2Header } from "./header.ts";
import { CorruptImage, type Refcounts } from "./refcounts.ts";

/** Where a cluster of the disk is. */
export type Mapping =
  | { readonly kind: "absent" }
  /** Zeros. `offset`: a cluster is there for it all the same. */
  | { readonly kind: "zero"; readonly offset: number; readonly owned: boolean }
  /** `owned`: nothing else refers to it, so it can be written in place. */
  | { readonly kind: "data"; readonly offset: number; readonly owned: boolean }
  | { readonly kind: "compressed"; readonly offset: number; readonly length: number };

const OFFSET = 0x00fffffffffffe00n;
const OWNED = 1n << 63n;
const COMPRESSED = 1n << 62n;
const ZERO = 1n;
const SECTOR = 512;
/** Tables that are kept when none of them waits to be written. */
const KEPT_TABLES = 512;

interface Table {
  readonly offset: number;
  readonly entries: BigUint64Array;
  /** It differs from what was last handed out to be written. */
  dirty: boolean;
  /** What was handed out is not written yet. */
  writing: boolean;
}

/** The tables of both levels that map a disk's clusters to the image's. Changes are kept until they are written. */
export class ClusterMap {
  readonly #file: ImageFile;
  readonly #header: Qcow2Header;
  readonly #refcounts: Refcounts;
  readonly #release: (offset: number) => void;
  readonly #cluster: number;
  readonly #perTable: number;
  readonly #l1: BigUint64Array;
  readonly #dirtyL1 = new Set<number>();
  /** By place in the first level; the one used last is last. */
  readonly #tables = new Map<number, Table>();

  /** @param release gives a cluster back once nothing on the host's side refers to it any more */
  constructor(file: ImageFile, header: Qcow2Header, refcounts: Refcounts, release: (offset: number) => void) {
    this.#file = file;
    this.#header = header;
    this.#refcounts = refcounts;
    this.#release = release;
    this.#cluster = 2 ** header.clusterBits;
    this.#perTable = this.#cluster / 8;
    this.#l1 = this.#readEntries(header.l1Offset, header.l1Size);
  }

  get(cluster: number): Mapping {
    const entry = this.#table(Math.floor(cluster / this.#perTable))?.entries[cluster % this.#perTable] ?? 0n;
    if ((entry & COMPRESSED) !== 0n) return this.#compressed(entry);
    const offset = Number(entry & OFFSET);
    if (offset % this.#cluster !== 0 || !Number.isSafeInteger(offset))
      throw new CorruptImage(`cluster ${cluster} is out of place`);
    const owned = (entry & OWNED) !== 0n;
    if (this.#header.version === 3 && (entry & ZERO) !== 0n) return { kind: "zero", offset, owned };
    return offset === 0 ? { kind: "absent" } : { kind: "data", offset, owned };
  }

  #compressed(entry: bigint): Mapping {
    const bits = BigInt(62 - (this.#header.clusterBits - 8));
    const offset = Number(entry & ((1n << bits) - 1n));
    if (offset > this.#file.size)
      throw new CorruptImage("a compressed cluster is behind the end of the image");
    const sectors = Number((entry & ~COMPRESSED & ~OWNED) >> bits) + 1;
    return { kind: "compressed", offset, length: sectors * SECTOR - (offset % SECTOR) };
  }

  /** The disk's cluster is this one of the image, for it alone. */
  setData(cluster: number, offset: number): void {
    this.#set(cluster, BigInt(offset) | OWNED);
  }

  /** The disk's cluster is zeros. @param offset of a cluster that is kept for it; 0: none */
  setZero(cluster: number, offset: number): void {
    this.#set(cluster, offset === 0 ? ZERO : BigInt(offset) | OWNED | ZERO);
  }

  /** The disk's cluster is not in this image. */
  setAbsent(cluster: number): void {
    this.#set(cluster, 0n);
  }

  #set(cluster: number, entry: bigint): void {
    const table = this.#ownTable(Math.floor(cluster / this.#perTable));
    table.entries[cluster % this.#perTable] = entry;
    table.dirty = true;
  }

  /** Whether a cluster of the image holds tables. */
  isOwn(offset: number): boolean {
    const { l1Offset, l1Size } = this.#header;
    if (offset < this.#cluster || (offset >= l1Offset && offset < l1Offset + 8 * l1Size)) return true;
    for (const table of this.#tables.values()) if (table.offset === offset) return true;
    return false;
  }

  /** What has to be written, as it is now. */
  takeChanges(): Changes {
    const taken = [...this.#tables.values()].filter(({ dirty }) => dirty);
    const tables = taken.map((table) => {
      table.dirty = false;
      table.writing = true;
      return { offset: table.offset, bytes: encode(table.entries) };
    });
    const indices = [...this.#dirtyL1];
    this.#dirtyL1.clear();
    const roots = indices.map((index) => ({
      offset: this.#header.l1Offset + 8 * index,
      bytes: encode(this.#l1.subarray(index, index + 1)),
    }));
    return {
      tables,
      roots,
      done(written) {
        for (const table of taken) {
          table.writing = false;
          if (!written) table.dirty = true;
        }
      },
      lost: () => indices.forEach((index) => this.#dirtyL1.add(index)),
    };
  }

  #table(index: number): Table | undefined {
    const known = this.#tables.get(index);
    if (known !== undefined) {
      this.#tables.delete(index);
      this.#tables.set(index, known);
      return known;
    }
    const offset = Number((this.#l1[index] ?? 0n) & OFFSET);
    if (offset === 0) return undefined;
    if (offset % this.#cluster !== 0) throw new CorruptImage(`L2 table ${index} is out of place`);
    return this.#keep(index, {
      offset,
      entries: this.#readEntries(offset, this.#perTable),
      dirty: false,
      writing: false,
    });
  }

  #keep(index: number, table: Table): Table {
    if (this.#tables.size >= KEPT_TABLES) {
      for (const [old, { dirty, writing }] of this.#tables) {
        if (dirty || writing) continue;
        this.#tables.delete(old);
        break;
      }
    }
    this.#tables.set(index, table);
    return table;
  }

  /** A table that is referred to from here alone: a new one, or a copy of one that a snapshot uses too. */
  #ownTable(index: number): Table {
    const existing = this.#table(index);
    if (existing !== undefined && ((this.#l1[index] ?? 0n) & OWNED) !== 0n) {
      this.#refcounts.checkOwned(existing.offset);
      return existing;
    }
    const offset = this.#refcounts.allocate();
    if (this.isOwn(offset) || this.#refcounts.isOwn(offset))
      throw new CorruptImage(`a table is at ${offset}, which is counted as free`);
    const entries = existing?.entries.slice() ?? new BigUint64Array(this.#perTable);
    if (existing !== undefined) this.#release(existing.offset);
    this.#l1[index] = BigInt(offset) | OWNED;
    this.#dirtyL1.add(index);
    return this.#keep(index, { offset, entries, dirty: true, writing: false });
  }

  #readEntries(offset: number, count: number): BigUint64Array {
    const bytes = new Uint8Array(8 * count);
    this.#file.read(offset, bytes);
    const view = new DataView(bytes.buffer);
    return BigUint64Array.from({ length: count }, (_, i) => view.getBigUint64(8 * i));
  }
}

/** Tables, and what refers to them; the tables are to be written first. */
export interface Changes {
  readonly tables: readonly Write[];
  readonly roots: readonly Write[];
  /** The tables were written, or could not be. */
  done(written: boolean): void;
  /** What refers to them could not be written. */
  lost(): void;
}

/** Bytes for a place in the image. */
export interface Write {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

function encode(entries: BigUint64Array): Uint8Array {
  const bytes = new Uint8Array(8 * entries.length);
  const view = new DataView(bytes.buffer);
  entries.forEach((entry, i) => view.setBigUint64(8 * i, entry));
  return bytes;
}
