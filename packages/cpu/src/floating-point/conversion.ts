import { type Environment, Ieee, type Outcome, exactly, inexactCode, inexactly } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { deliver, multiplied } from "./arithmetic.ts";
import { invalid, isNan, propagateNan } from "./nan.ts";
import type { RoundingMode } from "./rounding-mode.ts";
import { type RoundedMagnitude, type RoundingOptions, roundFinite, roundMagnitude } from "./rounding.ts";
import { Kind, type Unpacked, infinity, pack, unpack, zero } from "./unpacked.ts";

/** What an instruction's M3 and M4 fields ask for. */
export interface ConversionControl {
  /** Mode of M3; the FPC register's when absent. */
  readonly mode?: RoundingMode;
  /** M4 bit 1 (XxC): IEEE inexact is not recognized. */
  readonly suppressInexact?: boolean;
}

/** A fixed-point result. CC: 0 source zero, 1 source negative, 2 source positive, 3 special case (NaN or out of range). */
export interface FixedOutcome {
  /** Two's complement bits of the width asked for. */
  readonly value: bigint;
  readonly conditionCode: number;
  readonly flags: number;
  readonly dxc: number;
  readonly suppressed: boolean;
}

/** LOAD LENGTHENED: the same number in a wider format; a signaling NaN is an invalid operation. */
export function loadLengthened(
  source: BinaryFormat,
  target: BinaryFormat,
  a: bigint,
  environment: Environment,
): Outcome {
  const operand = unpack(source, a);
  if (isNan(operand)) return convertNan(target, propagateNan(source, environment, a));
  return deliver(target, operand, environment);
}

/** LOAD ROUNDED: the number rounded to a narrower format. Trapped overflow and underflow deliver the source format. */
export function loadRounded(
  source: BinaryFormat,
  target: BinaryFormat,
  a: bigint,
  environment: Environment,
  control: ConversionControl = {},
): Outcome {
  const operand = unpack(source, a);
  if (isNan(operand)) return convertNan(target, propagateNan(source, environment, a));
  if (operand.kind === Kind.infinity) return exactly(target, infinity(target, operand.negative));
  if (operand.kind === Kind.zero) return exactly(target, zero(target, operand.negative));
  const options: RoundingOptions = { ...control, source };
  return roundFinite(target, operand.negative, operand.significand, operand.exponent, environment, options);
}

/** MULTIPLY to the next wider format: always exact. */
export function multiplyLonger(
  source: BinaryFormat,
  target: BinaryFormat,
  a: bigint,
  b: bigint,
  environment: Environment,
): Outcome {
  const first = unpack(source, a);
  const second = unpack(source, b);
  if (isNan(first) || isNan(second)) {
    return convertNan(target, propagateNan(source, environment, a, b));
  }
  const product = multiplied(first, second);
  return product === undefined ? invalid(target, environment) : deliver(target, product, environment);
}

/** A quiet NaN in another format keeps the leftmost digits of its payload. */
function convertNan(target: BinaryFormat, nan: Outcome): Outcome {
  const source = nan.format;
  const sign = (nan.value & source.signBit) === 0n ? 0n : target.signBit;
  const payload = nan.value & source.fractionMask;
  const wider = target.fractionWidth - source.fractionWidth;
  const fraction = wider >= 0 ? payload << BigInt(wider) : payload >> BigInt(-wider);
  return { ...nan, format: target, value: sign | target.infinity | fraction };
}

/** LOAD FP INTEGER: the number rounded to an integer in the same format. A zero result keeps the sign. */
export function loadInteger(
  format: BinaryFormat,
  a: bigint,
  environment: Environment,
  control: ConversionControl = {},
): Outcome {
  const operand = unpack(format, a);
  if (isNan(operand)) return propagateNan(format, environment, a);
  if (operand.kind !== Kind.finite || operand.exponent >= 0) return exactly(format, a);
  const rounded = roundToInteger(operand, control.mode ?? environment.rounding);
  const value = integerBits(format, operand.negative, rounded.magnitude);
  if (!rounded.inexact) return exactly(format, value);
  return inexactly(
    format,
    value,
    rounded.incremented,
    0,
    environment.masks,
    control.suppressInexact === true,
  );
}

/** The magnitude of a finite number, rounded to an integer. */
function roundToInteger(operand: Unpacked, mode: RoundingMode): RoundedMagnitude {
  return roundMagnitude(operand.significand, -operand.exponent, operand.negative, mode);
}

/** Bits of an integer that the format represents exactly. */
export function integerBits(format: BinaryFormat, negative: boolean, magnitude: bigint): bigint {
  if (magnitude === 0n) return zero(format, negative);
  let significand = magnitude;
  let unit = 0;
  while (significand < format.impliedOne) {
    significand <<= 1n;
    unit -= 1;
  }
  while (significand >= format.impliedOne << 1n) {
    significand >>= 1n;
    unit += 1;
  }
  return pack(format, negative, significand, unit);
}

/** CONVERT FROM FIXED and CONVERT FROM LOGICAL; `a` is the number itself, with its sign. */
export function fromFixed(
  format: BinaryFormat,
  a: bigint,
  environment: Environment,
  control: ConversionControl = {},
): Outcome {
  if (a === 0n) return exactly(format, 0n);
  return roundFinite(format, a < 0n, a < 0n ? -a : a, 0, environment, control);
}

/** A fixed-point target: signed for CONVERT TO FIXED, unsigned for CONVERT TO LOGICAL. */
export interface FixedFormat {
  readonly width: 32 | 64;
  readonly signed: boolean;
}

/** CONVERT TO FIXED and CONVERT TO LOGICAL. */
export function toFixed(
  format: BinaryFormat,
  target: FixedFormat,
  a: bigint,
  environment: Environment,
  control: ConversionControl = {},
): FixedOutcome {
  const operand = unpack(format, a);
  const span = 1n << BigInt(target.width);
  const least = target.signed ? -(span >> 1n) : 0n;
  const greatest = target.signed ? (span >> 1n) - 1n : span - 1n;
  if (isNan(operand)) return specialCase(least, target, environment, control);
  if (operand.kind === Kind.zero) return { value: 0n, conditionCode: 0, flags: 0, dxc: 0, suppressed: false };
  const beyond = operand.negative ? least : greatest;
  // Every number of 2 to the 65th and beyond is out of range; the shift below stays small.
  if (operand.kind === Kind.infinity || operand.exponent > 65)
    return specialCase(beyond, target, environment, control);
  const rounded = roundToInteger(operand, control.mode ?? environment.rounding);
  const integer = operand.negative ? -rounded.magnitude : rounded.magnitude;
  if (integer < least || integer > greatest) return specialCase(beyond, target, environment, control);
  const value = BigInt.asUintN(target.width, integer);
  const conditionCode = operand.negative ? 1 : 2;
  if (!rounded.inexact || control.suppressInexact === true) {
    return { value, conditionCode, flags: 0, dxc: 0, suppressed: false };
  }
  const traps = (environment.masks & Ieee.inexact) !== 0;
  const dxc = traps ? inexactCode(true, rounded.incremented) : 0;
  return { value, conditionCode, flags: traps ? 0 : Ieee.inexact, dxc, suppressed: false };
}

/** Invalid operation; when masked, the nearest limit is delivered and counts as inexact too. */
function specialCase(
  value: bigint,
  target: FixedFormat,
  { masks }: Environment,
  control: ConversionControl,
): FixedOutcome {
  const bits = BigInt.asUintN(target.width, value);
  if ((masks & Ieee.invalidOperation) !== 0) {
    return { value: bits, conditionCode: 3, flags: 0, dxc: Ieee.invalidOperation, suppressed: true };
  }
  const flags: number = Ieee.invalidOperation;
  if (control.suppressInexact === true)
    return { value: bits, conditionCode: 3, flags, dxc: 0, suppressed: false };
  if ((masks & Ieee.inexact) !== 0) {
    return { value: bits, conditionCode: 3, flags, dxc: Ieee.inexact, suppressed: false };
  }
  return { value: bits, conditionCode: 3, flags: flags | Ieee.inexact, dxc: 0, suppressed: false };
}
