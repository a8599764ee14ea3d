import { bitLength, integerSquareRoot } from "./bit-length.ts";
import { type Environment, Ieee, type Outcome, exactly, suppressible } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { invalid, isNan, propagateNan } from "./nan.ts";
import { RoundingMode } from "./rounding-mode.ts";
import { roundFinite } from "./rounding.ts";
import { Kind, type Unpacked, infinity, unpack, zero } from "./unpacked.ts";

/** ADD: a + b. */
export function add(format: BinaryFormat, a: bigint, b: bigint, environment: Environment): Outcome {
  const first = unpack(format, a);
  const second = unpack(format, b);
  if (isNan(first) || isNan(second)) return propagateNan(format, environment, a, b);
  return sum(format, first, second, environment);
}

/** SUBTRACT: a - b. A NaN keeps its sign. */
export function subtract(format: BinaryFormat, a: bigint, b: bigint, environment: Environment): Outcome {
  const first = unpack(format, a);
  const second = unpack(format, b);
  if (isNan(first) || isNan(second)) return propagateNan(format, environment, a, b);
  return sum(format, first, negate(second), environment);
}

/** MULTIPLY: a times b in their own format. */
export function multiply(format: BinaryFormat, a: bigint, b: bigint, environment: Environment): Outcome {
  const first = unpack(format, a);
  const second = unpack(format, b);
  if (isNan(first) || isNan(second)) return propagateNan(format, environment, a, b);
  const product = multiplied(first, second);
  return product === undefined ? invalid(format, environment) : deliver(format, product, environment);
}

/** DIVIDE: a / b. */
export function divide(format: BinaryFormat, a: bigint, b: bigint, environment: Environment): Outcome {
  const first = unpack(format, a);
  const second = unpack(format, b);
  if (isNan(first) || isNan(second)) return propagateNan(format, environment, a, b);
  const negative = first.negative !== second.negative;
  if (first.kind === second.kind && first.kind !== Kind.finite) return invalid(format, environment);
  if (first.kind === Kind.infinity) return exactly(format, infinity(format, negative));
  if (first.kind === Kind.zero || second.kind === Kind.infinity)
    return exactly(format, zero(format, negative));
  if (second.kind === Kind.zero) {
    return suppressible(format, Ieee.divisionByZero, infinity(format, negative), environment.masks);
  }
  const widening = Math.max(
    0,
    format.precision + 2 - bitLength(first.significand) + bitLength(second.significand),
  );
  const dividend = first.significand << BigInt(widening);
  const quotient = dividend / second.significand;
  const sticky = quotient * second.significand === dividend ? 0n : 1n;
  const exponent = first.exponent - second.exponent - widening - 1;
  return roundFinite(format, negative, (quotient << 1n) | sticky, exponent, environment);
}

/** SQUARE ROOT. */
export function squareRoot(format: BinaryFormat, a: bigint, environment: Environment): Outcome {
  const operand = unpack(format, a);
  if (isNan(operand)) return propagateNan(format, environment, a);
  if (operand.kind === Kind.zero) return exactly(format, a);
  if (operand.negative) return invalid(format, environment);
  if (operand.kind === Kind.infinity) return exactly(format, a);
  const wanted = 2 * format.precision + 4 - bitLength(operand.significand);
  // The exponent of the radicand has to be even.
  const widening = wanted + ((operand.exponent - wanted) & 1);
  const radicand = operand.significand << BigInt(widening);
  const root = integerSquareRoot(radicand);
  const sticky = root * root === radicand ? 0n : 1n;
  return roundFinite(
    format,
    false,
    (root << 1n) | sticky,
    (operand.exponent - widening) / 2 - 1,
    environment,
  );
}

/** MULTIPLY AND ADD: third times second, plus first, rounded once. */
export function multiplyAdd(
  format: BinaryFormat,
  first: bigint,
  second: bigint,
  third: bigint,
  environment: Environment,
): Outcome {
  return fused(format, first, second, third, false, environment);
}

/** MULTIPLY AND SUBTRACT: third times second, minus first, rounded once. A NaN keeps its sign. */
export function multiplySubtract(
  format: BinaryFormat,
  first: bigint,
  second: bigint,
  third: bigint,
  environment: Environment,
): Outcome {
  return fused(format, first, second, third, true, environment);
}

function fused(
  format: BinaryFormat,
  first: bigint,
  second: bigint,
  third: bigint,
  subtracts: boolean,
  environment: Environment,
): Outcome {
  const multiplicand = unpack(format, second);
  const multiplier = unpack(format, third);
  const addend = unpack(format, first);
  if (isNan(multiplicand) || isNan(multiplier))
    return propagateNan(format, environment, third, second, first);
  const product = multiplied(multiplier, multiplicand);
  // Infinity times zero is decided before the addend is looked at, be it a NaN or not.
  if (product === undefined) return invalid(format, environment);
  if (isNan(addend)) return propagateNan(format, environment, first);
  return sum(format, product, subtracts ? negate(addend) : addend, environment);
}

function negate(operand: Unpacked): Unpacked {
  return { ...operand, negative: !operand.negative };
}

/** The exact product of two operands that are no NaNs; undefined for infinity times zero. */
export function multiplied(a: Unpacked, b: Unpacked): Unpacked | undefined {
  const negative = a.negative !== b.negative;
  if (a.kind === Kind.infinity || b.kind === Kind.infinity) {
    if (a.kind === Kind.zero || b.kind === Kind.zero) return undefined;
    return { kind: Kind.infinity, negative, significand: 0n, exponent: 0 };
  }
  const kind = a.kind === Kind.zero || b.kind === Kind.zero ? Kind.zero : Kind.finite;
  return { kind, negative, significand: a.significand * b.significand, exponent: a.exponent + b.exponent };
}

/** An exact number that is no NaN, rounded to a format. */
export function deliver(format: BinaryFormat, exact: Unpacked, environment: Environment): Outcome {
  if (exact.kind === Kind.infinity) return exactly(format, infinity(format, exact.negative));
  if (exact.kind === Kind.zero) return exactly(format, zero(format, exact.negative));
  return roundFinite(format, exact.negative, exact.significand, exact.exponent, environment);
}

/** The sum of two exact numbers that are no NaNs, rounded once. */
function sum(format: BinaryFormat, a: Unpacked, b: Unpacked, environment: Environment): Outcome {
  if (a.kind === Kind.infinity && b.kind === Kind.infinity && a.negative !== b.negative) {
    return invalid(format, environment);
  }
  if (a.kind === Kind.infinity || (b.kind === Kind.zero && a.kind !== Kind.zero))
    return deliver(format, a, environment);
  if (b.kind === Kind.infinity || (a.kind === Kind.zero && b.kind !== Kind.zero))
    return deliver(format, b, environment);
  if (a.kind === Kind.zero) return exactly(format, zero(format, zeroSumSign(a, b, environment)));
  const exact = exactSum(format, a, b);
  if (exact.significand === 0n) return exactly(format, zero(format, zeroSumSign(a, b, environment)));
  return roundFinite(format, exact.negative, exact.significand, exact.exponent, environment);
}

/** A zero sum is positive unless both signs are minus or, with unlike signs, the mode rounds toward minus infinity. */
function zeroSumSign(a: Unpacked, b: Unpacked, environment: Environment): boolean {
  if (a.negative === b.negative) return a.negative;
  return environment.rounding === RoundingMode.towardMinusInfinity;
}

/**
 * The sum of two finite non-zero numbers, exact for the purpose of rounding to `format`: an addend too small to matter
 * otherwise is represented by a one in a position below every position that rounding can look at.
 */
function exactSum(format: BinaryFormat, a: Unpacked, b: Unpacked): Unpacked {
  const [upper, lower] = leadingExponent(a) >= leadingExponent(b) ? [a, b] : [b, a];
  const floor = leadingExponent(upper) - 2 * format.precision - 4;
  if (leadingExponent(lower) < floor && upper.exponent > floor) {
    const significand = upper.significand << BigInt(upper.exponent - floor);
    const adjusted = upper.negative === lower.negative ? significand + 1n : significand - 1n;
    return { kind: Kind.finite, negative: upper.negative, significand: adjusted, exponent: floor };
  }
  const exponent = Math.min(a.exponent, b.exponent);
  const left = signed(a) << BigInt(a.exponent - exponent);
  const right = signed(b) << BigInt(b.exponent - exponent);
  const total = left + right;
  const negative = total < 0n;
  return { kind: Kind.finite, negative, significand: negative ? -total : total, exponent };
}

function leadingExponent(operand: Unpacked): number {
  return operand.exponent + bitLength(operand.significand);
}

function signed(operand: Unpacked): bigint {
  return operand.negative ? -operand.significand : operand.significand;
}
