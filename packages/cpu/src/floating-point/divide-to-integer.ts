import { bitLength } from "./bit-length.ts";
import { integerBits } from "./conversion.ts";
import type { Environment } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { invalid, isNan, propagateNan } from "./nan.ts";
import { RoundingMode } from "./rounding-mode.ts";
import { roundFinite, roundMagnitude } from "./rounding.ts";
import { Kind, type Unpacked, pack, unpack, zero } from "./unpacked.ts";

/**
 * CC: 0 remainder complete, normal quotient; 1 remainder complete, quotient overflow or NaN;
 * 2 remainder incomplete, normal quotient; 3 remainder incomplete, quotient overflow.
 */
export interface IntegerDivision {
  readonly remainder: bigint;
  /** On overflow its exponent is wrapped by the scale factor of the format. */
  readonly quotient: bigint;
  readonly conditionCode: number;
  readonly flags: number;
  readonly dxc: number;
  readonly suppressed: boolean;
}

/**
 * DIVIDE TO INTEGER: a = b times quotient plus remainder. `mode` rounds a quotient that the precision can hold; a longer one
 * is truncated to the precision and leaves an incomplete remainder to go on with. The environment's mode rounds the remainder.
 */
export function divideToInteger(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  mode: RoundingMode,
  environment: Environment,
): IntegerDivision {
  const dividend = unpack(format, a);
  const divisor = unpack(format, b);
  if (isNan(dividend) || isNan(divisor)) return both(propagateNan(format, environment, a, b));
  if (dividend.kind === Kind.infinity || divisor.kind === Kind.zero)
    return both(invalid(format, environment));
  const negative = dividend.negative !== divisor.negative;
  if (dividend.kind === Kind.zero || divisor.kind === Kind.infinity) {
    return {
      remainder: a,
      quotient: zero(format, negative),
      conditionCode: 0,
      flags: 0,
      dxc: 0,
      suppressed: false,
    };
  }
  return divideFinite(format, dividend, divisor, mode, environment);
}

function both(outcome: { value: bigint; flags: number; dxc: number; suppressed: boolean }): IntegerDivision {
  const { value, flags, dxc, suppressed } = outcome;
  return { remainder: value, quotient: value, conditionCode: 1, flags, dxc, suppressed };
}

function divideFinite(
  format: BinaryFormat,
  dividend: Unpacked,
  divisor: Unpacked,
  mode: RoundingMode,
  environment: Environment,
): IntegerDivision {
  const quotient = integerQuotient(format, dividend, divisor, mode);
  const exponent = Math.min(dividend.exponent, divisor.exponent + quotient.unit);
  const whole = dividend.significand << BigInt(dividend.exponent - exponent);
  const taken =
    (quotient.magnitude * divisor.significand) << BigInt(divisor.exponent + quotient.unit - exponent);
  const left = whole - taken;
  const conditionCode = (quotient.truncated && left !== 0n ? 2 : 0) + (quotient.overflow ? 1 : 0);
  if (left === 0n) {
    const remainder = zero(format, dividend.negative);
    return { remainder, quotient: quotient.bits, conditionCode, flags: 0, dxc: 0, suppressed: false };
  }
  const negative = left < 0n ? !dividend.negative : dividend.negative;
  const outcome = roundFinite(format, negative, left < 0n ? -left : left, exponent, environment);
  const { value, flags, dxc, suppressed } = outcome;
  return { remainder: value, quotient: quotient.bits, conditionCode, flags, dxc, suppressed };
}

/** Magnitude times two to `unit`, and the bits that stand for it. */
interface IntegerQuotient {
  readonly magnitude: bigint;
  readonly unit: number;
  readonly bits: bigint;
  readonly truncated: boolean;
  readonly overflow: boolean;
}

function integerQuotient(
  format: BinaryFormat,
  dividend: Unpacked,
  divisor: Unpacked,
  mode: RoundingMode,
): IntegerQuotient {
  const negative = dividend.negative !== divisor.negative;
  const exponent = dividend.exponent - divisor.exponent;
  const difference = exponent + bitLength(dividend.significand) - bitLength(divisor.significand);
  if (difference < -2) {
    // The quotient lies between zero and one half: only its presence matters to the rounding.
    return normalQuotient(format, negative, roundMagnitude(1n, 2, negative, mode).magnitude);
  }
  // Enough digits for the precision, the integer part's end and a sticky bit.
  const widening = Math.max(0, format.precision + 3 - difference, 3 + exponent);
  const numerator = dividend.significand << BigInt(widening);
  const precise = numerator / divisor.significand;
  const sticky = precise * divisor.significand === numerator ? 0n : 1n;
  const jammed = (precise << 1n) | sticky;
  const weight = exponent - widening - 1;
  const length = bitLength(jammed) + weight;
  if (length <= format.precision) {
    return normalQuotient(format, negative, roundMagnitude(jammed, -weight, negative, mode).magnitude);
  }
  const unit = length - format.precision;
  const magnitude = roundMagnitude(jammed, unit - weight, negative, RoundingMode.towardZero).magnitude;
  const overflow = length - 1 > format.greatestExponent;
  const bits = pack(format, negative, magnitude, overflow ? unit - format.scale : unit);
  return { magnitude, unit, bits, truncated: true, overflow };
}

function normalQuotient(format: BinaryFormat, negative: boolean, magnitude: bigint): IntegerQuotient {
  const bits = integerBits(format, negative, magnitude);
  return { magnitude, unit: 0, bits, truncated: false, overflow: false };
}
