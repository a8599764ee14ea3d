import { bitLength } from "./bit-length.ts";
import { type Environment, Ieee, type Outcome, exactly, inexactCode, inexactly } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { type RoundingMode, increments } from "./rounding-mode.ts";
import { infinity, pack } from "./unpacked.ts";

export interface RoundingOptions {
  /** Mode of an instruction field; the FPC register's when absent. */
  readonly mode?: RoundingMode;
  /** IEEE-inexact-exception control (XxC): inexactness is not recognized. */
  readonly suppressInexact?: boolean;
  /** LOAD ROUNDED: the format in which a trapped overflow or underflow is delivered. */
  readonly source?: BinaryFormat;
}

/** A magnitude with `drop` rightmost bits rounded away. */
export interface RoundedMagnitude {
  readonly magnitude: bigint;
  readonly inexact: boolean;
  /** The magnitude grew. */
  readonly incremented: boolean;
}

/** Rounds a magnitude to a multiple of two to the power `drop`, in units of that power. */
export function roundMagnitude(
  magnitude: bigint,
  drop: number,
  negative: boolean,
  mode: RoundingMode,
): RoundedMagnitude {
  if (drop <= 0) return { magnitude: magnitude << BigInt(-drop), inexact: false, incremented: false };
  const width = BigInt(drop);
  const kept = magnitude >> width;
  const lost = magnitude - (kept << width);
  if (lost === 0n) return { magnitude: kept, inexact: false, incremented: false };
  const half = 1n << (width - 1n);
  const compared = lost === half ? 0 : lost > half ? 1 : -1;
  const incremented = increments(mode, negative, (kept & 1n) !== 0n, compared);
  return { magnitude: incremented ? kept + 1n : kept, inexact: true, incremented };
}

/**
 * Rounds the exact non-zero value significand times two to `exponent` to a format, with overflow, underflow and inexact
 * exceptions. A lost remainder may be represented by a rightmost one far enough below the precision (sticky bit).
 * Tininess is detected before rounding.
 */
export function roundFinite(
  format: BinaryFormat,
  negative: boolean,
  significand: bigint,
  exponent: number,
  environment: Environment,
  options: RoundingOptions = {},
): Outcome {
  const mode = options.mode ?? environment.rounding;
  const leading = exponent + bitLength(significand) - 1;
  const tiny = leading < format.leastExponent;
  if (tiny && (environment.masks & Ieee.underflow) === 0) {
    return denormalize(format, negative, significand, exponent, mode, environment.masks, options);
  }
  let unit = leading - format.precision + 1;
  const rounded = roundMagnitude(significand, unit - exponent, negative, mode);
  let { magnitude } = rounded;
  if (magnitude >> BigInt(format.precision) !== 0n) {
    magnitude >>= 1n;
    unit += 1;
  }
  if (tiny) return scaled(format, negative, magnitude, unit, rounded, Ieee.underflow, options);
  if (unit + format.fractionWidth > format.greatestExponent) {
    if ((environment.masks & Ieee.overflow) === 0)
      return overflowed(format, negative, mode, environment.masks, options);
    return scaled(format, negative, magnitude, unit, rounded, Ieee.overflow, options);
  }
  const value = pack(format, negative, magnitude, unit);
  if (!rounded.inexact) return exactly(format, value);
  return inexactly(
    format,
    value,
    rounded.incremented,
    0,
    environment.masks,
    options.suppressInexact === true,
  );
}

/** Masked underflow: the subnormal result, an exception only if digits were lost. */
function denormalize(
  format: BinaryFormat,
  negative: boolean,
  significand: bigint,
  exponent: number,
  mode: RoundingMode,
  masks: number,
  options: RoundingOptions,
): Outcome {
  const rounded = roundMagnitude(significand, format.leastUnit - exponent, negative, mode);
  const value = pack(format, negative, rounded.magnitude, format.leastUnit);
  if (!rounded.inexact) return exactly(format, value);
  return inexactly(
    format,
    value,
    rounded.incremented,
    Ieee.underflow,
    masks,
    options.suppressInexact === true,
  );
}

/** Masked overflow: infinity, or the largest number where the mode forbids to pass it. */
function overflowed(
  format: BinaryFormat,
  negative: boolean,
  mode: RoundingMode,
  masks: number,
  options: RoundingOptions,
): Outcome {
  const toInfinity = increments(mode, negative, true, 1);
  const value = toInfinity
    ? infinity(format, negative)
    : format.largestFinite | (negative ? format.signBit : 0n);
  return inexactly(format, value, toInfinity, Ieee.overflow, masks, options.suppressInexact === true);
}

/** Trapped overflow or underflow: completes with the exponent wrapped into range by the scale factor. */
function scaled(
  format: BinaryFormat,
  negative: boolean,
  magnitude: bigint,
  unit: number,
  rounded: RoundedMagnitude,
  exception: number,
  options: RoundingOptions,
): Outcome {
  const delivered = options.source ?? format;
  const scale = options.source === undefined ? format.scale : options.source.loadRoundedScale;
  const widened = delivered.precision - format.precision;
  const scaledUnit = (exception === Ieee.overflow ? unit - scale : unit + scale) - widened;
  return {
    value: pack(delivered, negative, magnitude << BigInt(widened), scaledUnit),
    format: delivered,
    flags: 0,
    dxc: exception | inexactCode(rounded.inexact, rounded.incremented),
    suppressed: false,
  };
}
