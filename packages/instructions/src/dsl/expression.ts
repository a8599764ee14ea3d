/**
 * Expressions: what an instruction computes, as immutable nodes.
 *
 * An expression never does anything by itself; a lowering turns it into WebAssembly. Operand fields are
 * constants for the JIT and functions of the instruction word for the interpreter, and the smart
 * constructors here fold constants, so one definition serves both.
 */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export type Unary =
  | "clz"
  | "ctz"
  | "popcnt"
  | "eqz"
  | "extend8"
  | "extend16"
  | "extend32"
  | "wrap"
  | "extendU"
  | "extendS";
export type Binary =
  | "add"
  | "sub"
  | "mul"
  | "divS"
  | "divU"
  | "remS"
  | "remU"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shrS"
  | "shrU"
  | "rotl"
  | "rotr"
  | "eq"
  | "ne"
  | "ltS"
  | "ltU"
  | "gtS"
  | "gtU"
  | "leS"
  | "leU"
  | "geS"
  | "geU";

/** Host floating-point operations, by their WebAssembly names. */
export type FloatOperation =
  | `f64.${"add" | "sub" | "mul" | "div" | "sqrt" | "abs" | "neg" | "nearest" | "trunc" | "ceil" | "floor"}`
  | `f64.${"eq" | "ne" | "lt" | "gt" | "le" | "ge"}`
  | "f64.reinterpret_i64"
  | "i64.reinterpret_f64"
  | "f32.reinterpret_i32"
  | "i32.reinterpret_f32"
  | "f64.promote_f32"
  | "f32.demote_f64"
  | `${"f64" | "f32"}.convert_i64_${"s" | "u"}`
  | `i64.trunc_sat_f64_${"s" | "u"}`;

type Lanes = "i8x16" | "i16x8" | "i32x4" | "i64x2";
/** Operations on 128 bits, by their WebAssembly names. */
export type VectorOperation =
  | `v128.${"not" | "and" | "andnot" | "or" | "xor" | "bitselect" | "any_true"}`
  | `${Lanes}.${"splat" | "replace_lane" | "eq" | "gt_s" | "neg" | "abs"}`
  | `${Lanes}.${"all_true" | "shl" | "shr_s" | "shr_u" | "add" | "sub"}`
  | `${"i8x16" | "i16x8" | "i32x4"}.${"gt_u" | "min_s" | "min_u" | "max_s" | "max_u"}`
  | `${"i32x4" | "i64x2"}.extract_lane`
  | `${"i16x8" | "i32x4" | "i64x2"}.mul`
  | `i8x16.${"shuffle" | "swizzle" | "popcnt" | "bitmask"}`
  | `${"i16x8.extend_low_i8x16" | "i16x8.extend_high_i8x16"}_${"s" | "u"}`
  | `${"i32x4.extend_low_i16x8" | "i32x4.extend_high_i16x8"}_${"s" | "u"}`
  | `${"i64x2.extend_low_i32x4" | "i64x2.extend_high_i32x4"}_${"s" | "u"}`
  | `${"i16x8.extadd_pairwise_i8x16" | "i32x4.extadd_pairwise_i16x8"}_u`
  | `f64x2.${"abs" | "neg" | "sqrt" | "add" | "sub" | "mul" | "div"}`
  | `f64x2.${"eq" | "ne" | "lt" | "gt" | "le" | "ge"}`
  | `f64x2.${"splat" | "extract_lane" | "relaxed_madd"}`;

/**
 * The register files of one CPU. A floating-point register is the left half of a vector register. `vb`, `vh`, `vf` and
 * `vg` are the elements of all vector registers, by size; their numbers count from the rightmost element of register 0.
 */
export type RegisterFile = "gr" | "ar" | "cr" | "fpr" | "vr" | "vb" | "vh" | "vf" | "vg";

/** 64-bit and 32-bit facts of the CPU that definitions may read. */
export type StateField =
  | "pswMask" // bits 0-63 of the PSW, condition code excluded
  | "addressMask" // 2^24-1, 2^31-1 or 2^64-1
  | "cc" // condition code
  | "prefix"
  | "fpc"
  | "todProgrammable"
  | "cpuAddress"
  | "breakingEvent"
  | "executeLength";

export type Node =
  | { readonly kind: "const"; readonly type: ValueType; readonly value: bigint }
  /** Part of the instruction word, which is left-aligned in 64 bits. Interpreter only. */
  | {
      readonly kind: "field";
      readonly type: "i32" | "i64";
      readonly bit: number;
      readonly width: number;
      readonly signed: boolean;
    }
  | { readonly kind: "unary"; readonly type: ValueType; readonly op: Unary; readonly a: Node }
  | {
      readonly kind: "binary";
      readonly type: ValueType;
      readonly op: Binary;
      readonly a: Node;
      readonly b: Node;
    }
  | {
      readonly kind: "select";
      readonly type: ValueType;
      readonly condition: Node;
      readonly a: Node;
      readonly b: Node;
    }
  | {
      readonly kind: "register";
      readonly type: ValueType;
      readonly file: RegisterFile;
      readonly index: Node;
      readonly half: "high" | "low" | undefined;
    }
  /** Never folded: constants of floating-point types do not exist. */
  | {
      readonly kind: "float";
      readonly type: ValueType;
      readonly operation: FloatOperation;
      readonly operands: readonly Node[];
    }
  | {
      readonly kind: "vector";
      readonly type: ValueType;
      readonly operation: VectorOperation;
      readonly operands: readonly Node[];
      /** Lane, or lanes of a shuffle. */
      readonly immediate: readonly number[];
    }
  | { readonly kind: "state"; readonly type: "i32" | "i64"; readonly field: StateField }
  /** Address of this instruction (of the target, under EXECUTE), or of the next sequential one. */
  | { readonly kind: "instructionAddress"; readonly type: "i64"; readonly which: "this" | "next" }
  /** Address that lies a number of bytes from this instruction's, wrapped to the addressing mode. */
  | { readonly kind: "relative"; readonly type: "i64"; readonly offset: Node }
  /** Contents of a base or index register, zero for register 0. Interpreter only. */
  | { readonly kind: "addressRegister"; readonly type: "i64"; readonly index: Node }
  /** WebAssembly local, and a plain load from the engine's memory: only engine code makes these. */
  | { readonly kind: "local"; readonly type: ValueType; readonly index: number }
  | {
      readonly kind: "load";
      readonly type: ValueType;
      readonly what: string;
      readonly address: Node;
      readonly offset: number;
    }
  /** A value that a read, made earlier in the body, left behind. */
  | { readonly kind: "temporary"; readonly type: ValueType; readonly id: number };

const bits = (type: ValueType): number => (type === "i32" ? 32 : type === "v128" ? 128 : 64);
const masks = { i32: (1n << 32n) - 1n, i64: (1n << 64n) - 1n, v128: (1n << 128n) - 1n };
const mask = (type: ValueType): bigint => masks[type === "i32" || type === "v128" ? type : "i64"];
const signed = (type: ValueType, value: bigint): bigint => BigInt.asIntN(bits(type), value);

/** A constant node; the value is kept as an unsigned number of the type's width. */
export const constant = (type: ValueType, value: bigint | number): Node => ({
  kind: "const",
  type,
  value: BigInt(value) & mask(type),
});

/** The value of a constant node, or undefined. */
export const constantOf = (node: Node): bigint | undefined =>
  node.kind === "const" ? node.value : undefined;

function foldBinary(op: Binary, type: ValueType, a: bigint, b: bigint): bigint | undefined {
  const width = BigInt(bits(type));
  const count = b % width;
  const sa = signed(type, a);
  const sb = signed(type, b);
  const truth = (value: boolean) => (value ? 1n : 0n);
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "and":
      return a & b;
    case "or":
      return a | b;
    case "xor":
      return a ^ b;
    case "shl":
      return a << count;
    case "shrU":
      return a >> count;
    case "shrS":
      return sa >> count;
    case "rotl":
      return (a << count) | (a >> (width - count));
    case "rotr":
      return (a >> count) | (a << (width - count));
    case "eq":
      return truth(a === b);
    case "ne":
      return truth(a !== b);
    case "ltU":
      return truth(a < b);
    case "leU":
      return truth(a <= b);
    case "gtU":
      return truth(a > b);
    case "geU":
      return truth(a >= b);
    case "ltS":
      return truth(sa < sb);
    case "leS":
      return truth(sa <= sb);
    case "gtS":
      return truth(sa > sb);
    case "geS":
      return truth(sa >= sb);
    case "divS":
    case "divU":
    case "remS":
    case "remU":
      return undefined; // may trap: never folded
  }
}

const comparisons: ReadonlySet<Binary> = new Set([
  "eq",
  "ne",
  "ltS",
  "ltU",
  "gtS",
  "gtU",
  "leS",
  "leU",
  "geS",
  "geU",
]);

const shifts: ReadonlySet<Binary> = new Set(["shl", "shrU", "shrS", "rotl", "rotr"]);

/** A shift's count without a mask that keeps the bits that count anyway. */
function countOf(type: ValueType, count: Node): Node {
  const masked =
    count.kind === "binary" && count.op === "and" && constantOf(count.b) === BigInt(bits(type) - 1);
  return masked ? count.a : count;
}

/** Algebra that makes an operation with a constant disappear: x+0, x&-1, x&0, x<<0 ... */
function simplify(op: Binary, type: ValueType, a: Node, b: Node): Node | undefined {
  const right = constantOf(b);
  const left = constantOf(a);
  if (right === 0n) {
    if (
      op === "add" ||
      op === "sub" ||
      op === "or" ||
      op === "xor" ||
      op === "shl" ||
      op === "shrU" ||
      op === "shrS" ||
      op === "rotl"
    )
      return a;
    if (op === "and" || op === "mul") return b;
  }
  if (left === 0n) {
    if (op === "add" || op === "or" || op === "xor") return b;
    if (op === "and" || op === "mul" || op === "shl" || op === "shrU" || op === "shrS") return a;
  }
  if (op === "and" && right === mask(type)) return a;
  if (op === "and" && left === mask(type)) return b;
  return undefined;
}

export function binary(op: Binary, a: Node, b: Node): Node {
  const type = a.type;
  const left = constantOf(a);
  const right = constantOf(b);
  const resultType = comparisons.has(op) ? "i32" : type;
  if (left !== undefined && right !== undefined) {
    const value = foldBinary(op, type, left, right);
    if (value !== undefined) return constant(resultType, value);
  }
  const second = shifts.has(op) ? countOf(type, b) : b;
  return simplify(op, type, a, second) ?? { kind: "binary", type: resultType, op, a, b: second };
}

function foldUnary(op: Unary, type: ValueType, a: bigint): bigint {
  const width = bits(type);
  switch (op) {
    case "eqz":
      return a === 0n ? 1n : 0n;
    case "clz":
      return BigInt(a === 0n ? width : width - a.toString(2).length);
    case "ctz":
      return BigInt(a === 0n ? width : a.toString(2).length - 1 - a.toString(2).lastIndexOf("1"));
    case "popcnt":
      return BigInt(a.toString(2).replaceAll("0", "").length);
    case "extend8":
      return BigInt.asIntN(8, a);
    case "extend16":
      return BigInt.asIntN(16, a);
    case "extend32":
      return BigInt.asIntN(32, a);
    case "wrap":
    case "extendU":
      return a;
    case "extendS":
      return BigInt.asIntN(32, a);
  }
}

export function unary(op: Unary, a: Node): Node {
  const type: ValueType =
    op === "wrap" || op === "eqz" ? "i32" : op === "extendU" || op === "extendS" ? "i64" : a.type;
  const value = constantOf(a);
  return value !== undefined ? constant(type, foldUnary(op, a.type, value)) : { kind: "unary", type, op, a };
}

/** 32-bit integer expression; also the type of conditions, register numbers and condition codes. */
export class I32 {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
  static of = (value: number | bigint): I32 => new I32(constant("i32", value));

  add(b: I32 | number): I32 {
    return new I32(binary("add", this.node, node32(b)));
  }
  sub(b: I32 | number): I32 {
    return new I32(binary("sub", this.node, node32(b)));
  }
  mul(b: I32 | number): I32 {
    return new I32(binary("mul", this.node, node32(b)));
  }
  and(b: I32 | number): I32 {
    return new I32(binary("and", this.node, node32(b)));
  }
  or(b: I32 | number): I32 {
    return new I32(binary("or", this.node, node32(b)));
  }
  xor(b: I32 | number): I32 {
    return new I32(binary("xor", this.node, node32(b)));
  }
  shl(b: I32 | number): I32 {
    return new I32(binary("shl", this.node, node32(b)));
  }
  shrU(b: I32 | number): I32 {
    return new I32(binary("shrU", this.node, node32(b)));
  }
  shrS(b: I32 | number): I32 {
    return new I32(binary("shrS", this.node, node32(b)));
  }
  rotl(b: I32 | number): I32 {
    return new I32(binary("rotl", this.node, node32(b)));
  }
  divS(b: I32): I32 {
    return new I32(binary("divS", this.node, b.node));
  }
  divU(b: I32): I32 {
    return new I32(binary("divU", this.node, b.node));
  }
  remS(b: I32): I32 {
    return new I32(binary("remS", this.node, b.node));
  }
  remU(b: I32): I32 {
    return new I32(binary("remU", this.node, b.node));
  }
  eq(b: I32 | number): I32 {
    return new I32(binary("eq", this.node, node32(b)));
  }
  ne(b: I32 | number): I32 {
    return new I32(binary("ne", this.node, node32(b)));
  }
  ltS(b: I32 | number): I32 {
    return new I32(binary("ltS", this.node, node32(b)));
  }
  ltU(b: I32 | number): I32 {
    return new I32(binary("ltU", this.node, node32(b)));
  }
  gtS(b: I32 | number): I32 {
    return new I32(binary("gtS", this.node, node32(b)));
  }
  gtU(b: I32 | number): I32 {
    return new I32(binary("gtU", this.node, node32(b)));
  }
  leS(b: I32 | number): I32 {
    return new I32(binary("leS", this.node, node32(b)));
  }
  leU(b: I32 | number): I32 {
    return new I32(binary("leU", this.node, node32(b)));
  }
  geS(b: I32 | number): I32 {
    return new I32(binary("geS", this.node, node32(b)));
  }
  geU(b: I32 | number): I32 {
    return new I32(binary("geU", this.node, node32(b)));
  }
  isZero(): I32 {
    return new I32(unary("eqz", this.node));
  }
  isNegative(): I32 {
    return this.ltS(0);
  }
  not(): I32 {
    return this.xor(-1);
  }
  /** Sign-extend the rightmost 8 or 16 bits. */
  extend8(): I32 {
    return new I32(unary("extend8", this.node));
  }
  extend16(): I32 {
    return new I32(unary("extend16", this.node));
  }
  clz(): I32 {
    return new I32(unary("clz", this.node));
  }
  popcnt(): I32 {
    return new I32(unary("popcnt", this.node));
  }
  /** To 64 bits with sign. */
  signed64(): I64 {
    return new I64(unary("extendS", this.node));
  }
  /** To 64 bits with zeros. */
  unsigned64(): I64 {
    return new I64(unary("extendU", this.node));
  }
  /** This, a condition, chooses between two values; both are computed. */
  select<T extends I32 | I64>(a: T, b: T): T;
  select(a: I32 | I64, b: I32 | I64): I32 | I64 {
    const known = constantOf(this.node);
    if (known !== undefined) return known === 0n ? b : a;
    const node: Node = { kind: "select", type: a.node.type, condition: this.node, a: a.node, b: b.node };
    return a instanceof I32 ? new I32(node) : new I64(node);
  }
}

/** 64-bit integer expression. */
export class I64 {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
  static of = (value: number | bigint): I64 => new I64(constant("i64", value));

  add(b: I64 | number | bigint): I64 {
    return new I64(binary("add", this.node, node64(b)));
  }
  sub(b: I64 | number | bigint): I64 {
    return new I64(binary("sub", this.node, node64(b)));
  }
  mul(b: I64 | number | bigint): I64 {
    return new I64(binary("mul", this.node, node64(b)));
  }
  and(b: I64 | number | bigint): I64 {
    return new I64(binary("and", this.node, node64(b)));
  }
  or(b: I64 | number | bigint): I64 {
    return new I64(binary("or", this.node, node64(b)));
  }
  xor(b: I64 | number | bigint): I64 {
    return new I64(binary("xor", this.node, node64(b)));
  }
  shl(b: I64 | number): I64 {
    return new I64(binary("shl", this.node, node64(b)));
  }
  shrU(b: I64 | number): I64 {
    return new I64(binary("shrU", this.node, node64(b)));
  }
  shrS(b: I64 | number): I64 {
    return new I64(binary("shrS", this.node, node64(b)));
  }
  rotl(b: I64 | number): I64 {
    return new I64(binary("rotl", this.node, node64(b)));
  }
  divS(b: I64): I64 {
    return new I64(binary("divS", this.node, b.node));
  }
  divU(b: I64): I64 {
    return new I64(binary("divU", this.node, b.node));
  }
  remS(b: I64): I64 {
    return new I64(binary("remS", this.node, b.node));
  }
  remU(b: I64): I64 {
    return new I64(binary("remU", this.node, b.node));
  }
  eq(b: I64 | number | bigint): I32 {
    return new I32(binary("eq", this.node, node64(b)));
  }
  ne(b: I64 | number | bigint): I32 {
    return new I32(binary("ne", this.node, node64(b)));
  }
  ltS(b: I64 | number | bigint): I32 {
    return new I32(binary("ltS", this.node, node64(b)));
  }
  ltU(b: I64 | number | bigint): I32 {
    return new I32(binary("ltU", this.node, node64(b)));
  }
  gtS(b: I64 | number | bigint): I32 {
    return new I32(binary("gtS", this.node, node64(b)));
  }
  gtU(b: I64 | number | bigint): I32 {
    return new I32(binary("gtU", this.node, node64(b)));
  }
  leS(b: I64 | number | bigint): I32 {
    return new I32(binary("leS", this.node, node64(b)));
  }
  leU(b: I64 | number | bigint): I32 {
    return new I32(binary("leU", this.node, node64(b)));
  }
  geS(b: I64 | number | bigint): I32 {
    return new I32(binary("geS", this.node, node64(b)));
  }
  geU(b: I64 | number | bigint): I32 {
    return new I32(binary("geU", this.node, node64(b)));
  }
  isZero(): I32 {
    return new I32(unary("eqz", this.node));
  }
  isNegative(): I32 {
    return this.ltS(0);
  }
  not(): I64 {
    return this.xor(-1n);
  }
  clz(): I64 {
    return new I64(unary("clz", this.node));
  }
  ctz(): I64 {
    return new I64(unary("ctz", this.node));
  }
  popcnt(): I64 {
    return new I64(unary("popcnt", this.node));
  }
  extend8(): I64 {
    return new I64(unary("extend8", this.node));
  }
  extend16(): I64 {
    return new I64(unary("extend16", this.node));
  }
  extend32(): I64 {
    return new I64(unary("extend32", this.node));
  }
  /** The rightmost 32 bits. */
  low32(): I32 {
    return new I32(unary("wrap", this.node));
  }
}

const node32 = (value: I32 | number): Node => (value instanceof I32 ? value.node : constant("i32", value));
const node64 = (value: I64 | number | bigint): Node =>
  value instanceof I64 ? value.node : constant("i64", value);
