/**
 * Host floating point in expressions: IEEE double and single precision, rounded to nearest with ties to even. Definitions use
 * it where they can prove that its result is the architected one; it raises no flags and says nothing about exceptions.
 */
import { I32, I64, type FloatOperation, type Node, type ValueType } from "./expression.ts";

const typeOf = (operation: FloatOperation): ValueType => {
  if (/\.(eq|ne|lt|gt|le|ge)$/.test(operation)) return "i32";
  const [type = "f64"] = operation.split(".");
  return type as ValueType;
};

const operate = (operation: FloatOperation, ...operands: readonly { readonly node: Node }[]): Node => ({
  kind: "float",
  type: typeOf(operation),
  operation,
  operands: operands.map(({ node }) => node),
});

const scratch = new DataView(new ArrayBuffer(8));

/** A double of the host. A short operand is used as the double of the same value. */
export class F64 {
  readonly node: Node;
  constructor(node: Node) {
    this.node = node;
  }
  static of(value: number): F64 {
    scratch.setFloat64(0, value);
    return F64.ofBits(I64.of(scratch.getBigUint64(0)));
  }
  static ofBits = (bits: I64): F64 => new F64(operate("f64.reinterpret_i64", bits));
  static ofShort = (bits: I32): F64 =>
    new F64(operate("f64.promote_f32", { node: operate("f32.reinterpret_i32", bits) }));
  /** Of a 64-bit integer, rounded. */
  static ofSigned = (value: I64): F64 => new F64(operate("f64.convert_i64_s", value));
  static ofUnsigned = (value: I64): F64 => new F64(operate("f64.convert_i64_u", value));

  #double = (operation: FloatOperation, ...others: F64[]): F64 =>
    new F64(operate(operation, this, ...others));
  #compare = (operation: FloatOperation, other: F64 | number): I32 =>
    new I32(operate(operation, this, typeof other === "number" ? F64.of(other) : other));

  add = (b: F64): F64 => this.#double("f64.add", b);
  sub = (b: F64): F64 => this.#double("f64.sub", b);
  mul = (b: F64): F64 => this.#double("f64.mul", b);
  div = (b: F64): F64 => this.#double("f64.div", b);
  sqrt = (): F64 => this.#double("f64.sqrt");
  abs = (): F64 => this.#double("f64.abs");
  negate = (): F64 => this.#double("f64.neg");
  /** To an integer: to nearest with ties to even, toward zero, up, down. */
  nearest = (): F64 => this.#double("f64.nearest");
  truncate = (): F64 => this.#double("f64.trunc");
  ceiling = (): F64 => this.#double("f64.ceil");
  floor = (): F64 => this.#double("f64.floor");
  eq = (b: F64 | number): I32 => this.#compare("f64.eq", b);
  ne = (b: F64 | number): I32 => this.#compare("f64.ne", b);
  lt = (b: F64 | number): I32 => this.#compare("f64.lt", b);
  gt = (b: F64 | number): I32 => this.#compare("f64.gt", b);
  ge = (b: F64 | number): I32 => this.#compare("f64.ge", b);

  bits = (): I64 => new I64(operate("i64.reinterpret_f64", this));
  /** Rounded to short: its bits, and its value. */
  shortBits = (): I32 => new I32(operate("i32.reinterpret_f32", { node: operate("f32.demote_f64", this) }));
  toShort = (): F64 => new F64(operate("f64.promote_f32", { node: operate("f32.demote_f64", this) }));
  /** Truncated to an integer; the nearest limit when out of range. */
  toSigned = (): I64 => new I64(operate("i64.trunc_sat_f64_s", this));
  toUnsigned = (): I64 => new I64(operate("i64.trunc_sat_f64_u", this));
}

/** Bits of the short number nearest to a 64-bit integer. */
export const shortOfSigned = (value: I64): I32 =>
  new I32(operate("i32.reinterpret_f32", { node: operate("f32.convert_i64_s", value) }));
export const shortOfUnsigned = (value: I64): I32 =>
  new I32(operate("i32.reinterpret_f32", { node: operate("f32.convert_i64_u", value) }));
