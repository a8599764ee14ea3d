/**
 * Vectors of 128 bits in expressions. A vector is kept as storage is, reversed: byte 15 of a register is lane 0, and
 * element n of a size lies in lane (number of elements - 1 - n). All 128 bits, taken as one number, are the lanes' number.
 */
import { F64 } from "./floating.ts";
import {
  I32,
  I64,
  type Node,
  type ValueType,
  type VectorOperation,
  constant,
  constantOf,
} from "./expression.ts";

/** Element sizes as instructions give them: byte, halfword, word, doubleword. */
export type ElementSize = 0 | 1 | 2 | 3;
export const BYTE = 0;
export const HALFWORD = 1;
export const WORD = 2;
export const DOUBLEWORD = 3;

const lanes = ["i8x16", "i16x8", "i32x4", "i64x2"] as const;
/** Elements of a size in a register; bits in an element. */
export const elements = (size: ElementSize): number => 16 >> size;
export const elementBits = (size: ElementSize): number => 8 << size;

const scalar = /\.(any_true|all_true|bitmask|extract_lane)/;
function typeOf(operation: VectorOperation): ValueType {
  if (!scalar.test(operation)) return "v128";
  if (operation === "f64x2.extract_lane") return "f64";
  return operation === "i64x2.extract_lane" ? "i64" : "i32";
}

const operate = (
  operation: VectorOperation,
  operands: readonly { readonly node: Node }[],
  immediate: readonly number[] = [],
): Node => ({
  kind: "vector",
  type: typeOf(operation),
  operation,
  operands: operands.map(({ node }) => node),
  immediate,
});

const BYTE_MASK = (1n << 8n) - 1n;

export class V128 {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
  static of = (value: bigint): V128 => new V128(constant("v128", value));
  static readonly zero = V128.of(0n);
  static readonly ones = V128.of(-1n);
  /** Sixteen bytes, byte 0 of the register first. */
  static ofBytes = (bytes: readonly number[]): V128 =>
    V128.of(bytes.reduce((value, byte) => (value << 8n) | BigInt(byte & 0xff), 0n));
  /** One element of a size in all places. */
  static every(size: ElementSize, value: bigint | number): V128 {
    const width = BigInt(elementBits(size));
    const one = BigInt.asUintN(Number(width), BigInt(value));
    let all = 0n;
    for (let n = 0; n < elements(size); n++) all = (all << width) | one;
    return V128.of(all);
  }
  /** The rightmost bits of a number in all elements. */
  static splat(size: ElementSize, value: I32 | I64): V128 {
    const known = constantOf(value.node);
    if (known !== undefined) return V128.every(size, known);
    const narrow = size === DOUBLEWORD ? value : value instanceof I64 ? value.low32() : value;
    return new V128(operate(`${lanes[size]}.splat`, [narrow]));
  }
  /** Doublewords 0 and 1. */
  static ofDoublewords(left: I64, right: I64): V128 {
    const [a, b] = [constantOf(left.node), constantOf(right.node)];
    if (a !== undefined && b !== undefined) return V128.of((a << 64n) | b);
    return V128.splat(DOUBLEWORD, right).replaceLane(DOUBLEWORD, 1, left);
  }

  /** a times b plus c, rounded once where `hostFuses`, in both places. */
  static fused(a: F64, b: F64, c: F64): V128 {
    const both = (value: F64): V128 => new V128(operate("f64x2.splat", [value]));
    return new V128(operate("f64x2.relaxed_madd", [both(a), both(b), both(c)]));
  }
  /** The double of lane 0. */
  laneDouble = (): F64 => new F64(operate("f64x2.extract_lane", [this], [0]));

  #of(operation: VectorOperation, ...operands: { readonly node: Node }[]): V128 {
    return new V128(operate(operation, [this, ...operands]));
  }

  not = (): V128 => this.#of("v128.not");
  and = (b: V128): V128 => this.#of("v128.and", b);
  /** This and not b. */
  andNot = (b: V128): V128 => this.#of("v128.andnot", b);
  or = (b: V128): V128 => this.#of("v128.or", b);
  xor = (b: V128): V128 => this.#of("v128.xor", b);
  /** Bits of `ones` where this mask has ones, else of `zeros`. */
  select = (ones: V128, zeros: V128): V128 => new V128(operate("v128.bitselect", [ones, zeros, this]));
  anyTrue = (): I32 => new I32(operate("v128.any_true", [this]));
  /** Every element of the size has a one. */
  allTrue = (size: ElementSize): I32 => new I32(operate(`${lanes[size]}.all_true`, [this]));
  /** The leftmost bits of the bytes, byte 0's in bit position 16 of 32. */
  bitmask = (): I32 => new I32(operate("i8x16.bitmask", [this]));

  add = (size: ElementSize, b: V128): V128 => this.#of(`${lanes[size]}.add`, b);
  sub = (size: ElementSize, b: V128): V128 => this.#of(`${lanes[size]}.sub`, b);
  negate = (size: ElementSize): V128 => this.#of(`${lanes[size]}.neg`);
  absolute = (size: ElementSize): V128 => this.#of(`${lanes[size]}.abs`);
  /** Low halves of the products. */
  mul(size: ElementSize, b: V128): V128 {
    if (size !== BYTE) return this.#of(`${lanes[size]}.mul`, b);
    const odd = this.mul(HALFWORD, b).and(V128.every(HALFWORD, BYTE_MASK));
    return this.shiftRight(HALFWORD, 8)
      .mul(HALFWORD, b.shiftRight(HALFWORD, 8))
      .shiftLeft(HALFWORD, 8)
      .or(odd);
  }
  eq = (size: ElementSize, b: V128): V128 => this.#of(`${lanes[size]}.eq`, b);
  gtS = (size: ElementSize, b: V128): V128 => this.#of(`${lanes[size]}.gt_s`, b);
  gtU(size: ElementSize, b: V128): V128 {
    if (size !== DOUBLEWORD) return this.#of(`${lanes[size]}.gt_u`, b);
    const sign = V128.every(DOUBLEWORD, 1n << 63n);
    return this.xor(sign).gtS(DOUBLEWORD, b.xor(sign));
  }
  #lesser(size: ElementSize, b: V128, name: "min_s" | "min_u" | "max_s" | "max_u"): V128 {
    if (size !== DOUBLEWORD) return this.#of(`${lanes[size]}.${name}`, b);
    const greater = name.endsWith("s") ? this.gtS(size, b) : this.gtU(size, b);
    return name.startsWith("max") ? greater.select(this, b) : greater.select(b, this);
  }
  minS = (size: ElementSize, b: V128): V128 => this.#lesser(size, b, "min_s");
  minU = (size: ElementSize, b: V128): V128 => this.#lesser(size, b, "min_u");
  maxS = (size: ElementSize, b: V128): V128 => this.#lesser(size, b, "max_s");
  maxU = (size: ElementSize, b: V128): V128 => this.#lesser(size, b, "max_u");

  /** Shifts of every element; the amount counts modulo the element's bits. */
  shiftLeft = (size: ElementSize, by: I32 | number): V128 => this.#shift(`${lanes[size]}.shl`, by);
  shiftRight = (size: ElementSize, by: I32 | number): V128 => this.#shift(`${lanes[size]}.shr_u`, by);
  shiftRightSigned = (size: ElementSize, by: I32 | number): V128 => this.#shift(`${lanes[size]}.shr_s`, by);
  #shift = (operation: VectorOperation, by: I32 | number): V128 =>
    this.#of(operation, typeof by === "number" ? I32.of(by) : by);

  /** Ones in each element. */
  popcount(size: ElementSize): V128 {
    if (size === BYTE) return this.#of("i8x16.popcnt");
    if (size === HALFWORD) return new V128(operate("i16x8.extadd_pairwise_i8x16_u", [this.popcount(BYTE)]));
    if (size === WORD) return new V128(operate("i32x4.extadd_pairwise_i16x8_u", [this.popcount(HALFWORD)]));
    return this.popcount(WORD).pairwiseSum(WORD);
  }
  /** Sums of neighbours, unsigned, in elements of twice the size. */
  pairwiseSum(size: 0 | 1 | 2): V128 {
    if (size === BYTE) return this.#of("i16x8.extadd_pairwise_i8x16_u");
    if (size === HALFWORD) return this.#of("i32x4.extadd_pairwise_i16x8_u");
    return this.shiftRight(DOUBLEWORD, 32).add(DOUBLEWORD, this.and(V128.every(DOUBLEWORD, 0xffff_ffff)));
  }

  /** Elements 0 to half of them, or the others, extended to twice the size. */
  unpack(size: 0 | 1 | 2, half: "high" | "low", sign: "s" | "u"): V128 {
    const from = lanes[size];
    const to = (["i16x8", "i32x4", "i64x2"] as const)[size];
    return this.#of(`${to}.extend_${half}_${from}_${sign}` as VectorOperation);
  }

  /** Lane as WebAssembly numbers it. */
  lane32 = (lane: number): I32 => new I32(operate("i32x4.extract_lane", [this], [lane]));
  /** Doubleword 0 (the left one) or 1. */
  doubleword = (n: 0 | 1): I64 => new I64(operate("i64x2.extract_lane", [this], [1 - n]));
  double = (n: 0 | 1): F64 => F64.ofBits(this.doubleword(n));
  replaceLane = (size: ElementSize, lane: number, value: I32 | I64): V128 =>
    new V128(operate(`${lanes[size]}.replace_lane`, [this, value], [lane]));

  /** Bytes of this (0 to 15) and of `b` (16 to 31), as the Principles of Operation number them, from the left. */
  shuffle(b: V128, bytes: readonly number[]): V128 {
    const place = (byte: number) => (byte < 16 ? 15 - byte : 47 - byte);
    return new V128(operate("i8x16.shuffle", [this, b], bytes.map(place).toReversed()));
  }
  /** Bytes by lane number; zero for a number that no lane has. */
  swizzle = (laneNumbers: V128): V128 => this.#of("i8x16.swizzle", laneNumbers);

  /** Operations on two doubles. */
  float = (name: "abs" | "neg" | "sqrt"): V128 => this.#of(`f64x2.${name}`);
  floats = (name: "add" | "sub" | "mul" | "div" | "eq" | "ne" | "lt" | "gt" | "le" | "ge", b: V128): V128 =>
    this.#of(`f64x2.${name}`, b);
}
