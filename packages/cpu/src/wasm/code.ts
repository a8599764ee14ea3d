/** WebAssembly code as bytes: one method per instruction that the engine emits. Source: WebAssembly core specification, "Binary Format". */
import type { Binary, Unary, ValueType, VectorOperation } from "@lockframe/instructions";
import { vectorCode } from "./vector-code.ts";

export const valueTypeCode: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const binaryCode: Record<"i32" | "i64", Record<Binary, number>> = {
  i32: {
    eq: 0x46,
    ne: 0x47,
    ltS: 0x48,
    ltU: 0x49,
    gtS: 0x4a,
    gtU: 0x4b,
    leS: 0x4c,
    leU: 0x4d,
    geS: 0x4e,
    geU: 0x4f,
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    divS: 0x6d,
    divU: 0x6e,
    remS: 0x6f,
    remU: 0x70,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shl: 0x74,
    shrS: 0x75,
    shrU: 0x76,
    rotl: 0x77,
    rotr: 0x78,
  },
  i64: {
    eq: 0x51,
    ne: 0x52,
    ltS: 0x53,
    ltU: 0x54,
    gtS: 0x55,
    gtU: 0x56,
    leS: 0x57,
    leU: 0x58,
    geS: 0x59,
    geU: 0x5a,
    add: 0x7c,
    sub: 0x7d,
    mul: 0x7e,
    divS: 0x7f,
    divU: 0x80,
    remS: 0x81,
    remU: 0x82,
    and: 0x83,
    or: 0x84,
    xor: 0x85,
    shl: 0x86,
    shrS: 0x87,
    shrU: 0x88,
    rotl: 0x89,
    rotr: 0x8a,
  },
};

const unaryCode: Record<"i32" | "i64", Partial<Record<Unary, number>>> = {
  i32: {
    eqz: 0x45,
    clz: 0x67,
    ctz: 0x68,
    popcnt: 0x69,
    extend8: 0xc0,
    extend16: 0xc1,
    extendS: 0xac,
    extendU: 0xad,
  },
  i64: {
    eqz: 0x50,
    clz: 0x79,
    ctz: 0x7a,
    popcnt: 0x7b,
    extend8: 0xc2,
    extend16: 0xc3,
    extend32: 0xc4,
    wrap: 0xa7,
  },
};

export type Load =
  | "i32"
  | "i64"
  | "i32_8u"
  | "i32_8s"
  | "i32_16u"
  | "i32_16s"
  | "i64_8s"
  | "i64_8u"
  | "i64_16s"
  | "i64_16u"
  | "i64_32u"
  | "i64_32s"
  | "v128";
export type Store = "i32" | "i64" | "i32_8" | "i32_16" | "i64_8" | "i64_16" | "i64_32" | "v128";
/** Vector instructions have a prefix. */
const VECTOR = 0xfd;
const V128_LOAD = 0x00;
const V128_STORE = 0x0b;
const V128_CONST = 0x0c;
/** Beside the alignment of an access: the memory is not the first one. */
const MEMORY_FOLLOWS = 0x40;
const loadCode: Record<Exclude<Load, "v128">, number> = {
  i32: 0x28,
  i64: 0x29,
  i32_8s: 0x2c,
  i32_8u: 0x2d,
  i32_16s: 0x2e,
  i32_16u: 0x2f,
  i64_8s: 0x30,
  i64_8u: 0x31,
  i64_16s: 0x32,
  i64_16u: 0x33,
  i64_32s: 0x34,
  i64_32u: 0x35,
};
const storeCode: Record<Exclude<Store, "v128">, number> = {
  i32: 0x36,
  i64: 0x37,
  i32_8: 0x3a,
  i32_16: 0x3b,
  i64_8: 0x3c,
  i64_16: 0x3d,
  i64_32: 0x3e,
};

const integer = (type: ValueType): "i32" | "i64" => {
  if (type !== "i32" && type !== "i64") throw new Error(`no integer operation on ${type}`);
  return type;
};

/** What a branch will do in nearly every case; the optimising compiler lays code out accordingly. */
export type Hint = "likely" | "unlikely";

export class Code {
  #bytes = new Uint8Array(64);
  #length = 0;
  /** Hints of this code's branches: offset of the branch, and whether it is likely. */
  readonly hints: { readonly offset: number; readonly hint: Hint }[] = [];

  get length(): number {
    return this.#length;
  }
  /** The bytes so far; good until the next one is added. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
  byte(value: number): this {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }
  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }
  /** A vector: its number of bytes, then they. */
  sized(bytes: Uint8Array): this {
    return this.unsigned(bytes.length).append(bytes);
  }
  unsigned(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.byte(rest);
  }
  /** A signed number of at most 32 bits. */
  signed(value: number): this {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }
  #signed64(value: bigint): this {
    if (BigInt.asIntN(32, value) === value) return this.signed(Number(value));
    let rest = value;
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  constant(type: ValueType, value: bigint): this {
    if (type === "v128") {
      this.byte(VECTOR).unsigned(V128_CONST);
      for (let n = 0n; n < 128n; n += 8n) this.byte(Number((value >> n) & 0xffn));
      return this;
    }
    return integer(type) === "i32"
      ? this.byte(0x41).signed(Number(BigInt.asIntN(32, value)))
      : this.byte(0x42).#signed64(BigInt.asIntN(64, value));
  }
  i32(value: number): this {
    return this.byte(0x41).signed(value);
  }
  binary(op: Binary, type: ValueType): this {
    return this.byte(binaryCode[integer(type)][op]);
  }
  unary(op: Unary, operandType: ValueType): this {
    const code = unaryCode[integer(operandType)][op];
    if (code === undefined) throw new Error(`no ${op} on ${operandType}`);
    return this.byte(code);
  }
  /** An f64 as an i64, without sign; what does not fit becomes the nearest that does. */
  truncate(): this {
    return this.byte(0xfc).byte(0x07);
  }
  select(): this {
    return this.byte(0x1b);
  }
  get(local: number): this {
    return this.byte(0x20).unsigned(local);
  }
  set(local: number): this {
    return this.byte(0x21).unsigned(local);
  }
  tee(local: number): this {
    return this.byte(0x22).unsigned(local);
  }
  vector(operation: VectorOperation, immediate: readonly number[]): this {
    this.byte(VECTOR).unsigned(vectorCode[operation]);
    for (const byte of immediate) this.byte(byte);
    return this;
  }
  load(what: Load, offset: number, memory = 0): this {
    if (what === "v128") this.byte(VECTOR).unsigned(V128_LOAD);
    else this.byte(loadCode[what]);
    return this.#place(offset, memory);
  }
  store(what: Store, offset: number, memory = 0): this {
    if (what === "v128") this.byte(VECTOR).unsigned(V128_STORE);
    else this.byte(storeCode[what]);
    return this.#place(offset, memory);
  }
  /** No alignment is promised. */
  #place(offset: number, memory: number): this {
    if (memory === 0) this.byte(0);
    else this.byte(MEMORY_FOLLOWS).unsigned(memory);
    return this.unsigned(offset);
  }
  /** memory.copy within a memory; memory.fill. */
  copy(memory = 0): this {
    return this.byte(0xfc).byte(0x0a).unsigned(memory).unsigned(memory);
  }
  fill(memory = 0): this {
    return this.byte(0xfc).byte(0x0b).unsigned(memory);
  }
  block(result?: ValueType): this {
    return this.byte(0x02).byte(result === undefined ? 0x40 : valueTypeCode[result]);
  }
  loop(): this {
    return this.byte(0x03).byte(0x40);
  }
  if(result?: ValueType, hint?: Hint): this {
    if (hint !== undefined) this.hints.push({ offset: this.#length, hint });
    return this.byte(0x04).byte(result === undefined ? 0x40 : valueTypeCode[result]);
  }
  else(): this {
    return this.byte(0x05);
  }
  end(): this {
    return this.byte(0x0b);
  }
  br(depth: number): this {
    return this.byte(0x0c).unsigned(depth);
  }
  brIf(depth: number): this {
    return this.byte(0x0d).unsigned(depth);
  }
  brTable(depths: readonly number[], otherwise: number): this {
    this.byte(0x0e).unsigned(depths.length);
    for (const depth of depths) this.unsigned(depth);
    return this.unsigned(otherwise);
  }
  return(): this {
    return this.byte(0x0f);
  }
  call(index: number): this {
    return this.byte(0x10).unsigned(index);
  }
  returnCall(index: number): this {
    return this.byte(0x12).unsigned(index);
  }
  nop(): this {
    return this.byte(0x01);
  }
  callIndirect(type: number, table = 0): this {
    return this.byte(0x11).unsigned(type).unsigned(table);
  }
  returnCallIndirect(type: number, table = 0): this {
    return this.byte(0x13).unsigned(type).unsigned(table);
  }
  drop(): this {
    return this.byte(0x1a);
  }
  unreachable(): this {
    return this.byte(0x00);
  }
}
