/**
 * How code reaches guest storage. In the narrow form storage lies in the engine's memory, and offsets into it are of 32
 * bits; in the wide form it has a memory of its own, and they are of 64 bits. What belongs to the engine is in the first
 * memory in both, by 32 bits: an address's type says which memory it is for.
 */
import { I32, I64, type Node } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";

export type OffsetType = "i32" | "i64";

/** Of parameters and results that are offsets into storage. */
export const offsetType = (form: StorageForm): OffsetType => (form === "wide" ? "i64" : "i32");

/** Numbers of the memory that storage is in, and of the one that an address is for. */
export const storageMemory = (form: StorageForm): 0 | 1 => (form === "wide" ? 1 : 0);
export const memoryOf = (address: Node): 0 | 1 => (address.type === "i64" ? 1 : 0);

/** What can be added to an offset; of 64 bits, the narrow form takes the right half. */
type Amount = StorageOffset | I32 | I64 | number;

/** Host offset of a byte of guest storage, as an expression. No byte has offset 0. */
export class StorageOffset {
  readonly node: Node;

  constructor(node: Node) {
    this.node = node;
  }
  static of(form: StorageForm, value: number | I64): StorageOffset {
    const wide = value instanceof I64 ? value : I64.of(value);
    return new StorageOffset(form === "wide" ? wide.node : wide.low32().node);
  }
  /** Both are computed. */
  static choose(condition: I32, a: StorageOffset, b: StorageOffset): StorageOffset {
    const chosen = a.#isWide
      ? condition.select(new I64(a.node), new I64(b.node))
      : condition.select(new I32(a.node), new I32(b.node));
    return new StorageOffset(chosen.node);
  }

  get #isWide(): boolean {
    return this.node.type === "i64";
  }
  get type(): OffsetType {
    return this.#isWide ? "i64" : "i32";
  }
  #binary(op: "add" | "sub", b: Amount): StorageOffset {
    const { node } = this.#isWide ? new I64(this.node)[op](wide(b)) : new I32(this.node)[op](narrow(b));
    return new StorageOffset(node);
  }
  #compare(op: "eq" | "ne" | "ltU" | "gtU" | "geU", b: Amount): I32 {
    return this.#isWide ? new I64(this.node)[op](wide(b)) : new I32(this.node)[op](narrow(b));
  }

  add(b: Amount): StorageOffset {
    return this.#binary("add", b);
  }
  sub(b: Amount): StorageOffset {
    return this.#binary("sub", b);
  }
  eq(b: Amount): I32 {
    return this.#compare("eq", b);
  }
  ne(b: Amount): I32 {
    return this.#compare("ne", b);
  }
  ltU(b: Amount): I32 {
    return this.#compare("ltU", b);
  }
  gtU(b: Amount): I32 {
    return this.#compare("gtU", b);
  }
  geU(b: Amount): I32 {
    return this.#compare("geU", b);
  }
  isZero(): I32 {
    return this.#isWide ? new I64(this.node).isZero() : new I32(this.node).isZero();
  }
  /** A condition: the offset is that of a byte. */
  isNotZero(): I32 {
    return this.#isWide ? new I64(this.node).ne(0) : new I32(this.node);
  }
  /** As a number of 64 bits, and the rightmost 32 of them. */
  unsigned64(): I64 {
    return this.#isWide ? new I64(this.node) : new I32(this.node).unsigned64();
  }
  low32(): I32 {
    return this.#isWide ? new I64(this.node).low32() : new I32(this.node);
  }
  /** Number of the unit of so many bytes, by their binary logarithm, that the offset is in. */
  shrU(bits: number): I32 {
    return this.#isWide ? new I64(this.node).shrU(bits).low32() : new I32(this.node).shrU(bits);
  }
}

function wide(b: Amount): I64 {
  if (b instanceof StorageOffset) return new I64(b.node);
  if (b instanceof I32) return b.unsigned64();
  return b instanceof I64 ? b : I64.of(b);
}
function narrow(b: Amount): I32 {
  if (b instanceof StorageOffset) return new I32(b.node);
  if (b instanceof I64) return b.low32();
  return b instanceof I32 ? b : I32.of(b);
}
