import { type Environment, Ieee, type Outcome, exactly } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { isNan, propagateNan } from "./nan.ts";
import { Kind, unpack } from "./unpacked.ts";

/** A condition code instead of a result; it is not set when `suppressed`. */
export interface ComparisonOutcome {
  readonly conditionCode: number;
  readonly flags: number;
  readonly dxc: number;
  readonly suppressed: boolean;
}

/** COMPARE. CC: 0 equal, 1 first operand low, 2 first operand high, 3 unordered. A signaling NaN is an invalid operation. */
export function compare(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  environment: Environment,
): ComparisonOutcome {
  const kinds = [unpack(format, a).kind, unpack(format, b).kind];
  return ordered(format, a, b, kinds.includes(Kind.signalingNan), environment);
}

/** COMPARE AND SIGNAL: as COMPARE, but a quiet NaN is an invalid operation as well. */
export function compareAndSignal(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  environment: Environment,
): ComparisonOutcome {
  return ordered(format, a, b, isNan(unpack(format, a)) || isNan(unpack(format, b)), environment);
}

function ordered(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  invalid: boolean,
  environment: Environment,
): ComparisonOutcome {
  const conditionCode = relation(format, a, b);
  if (!invalid) return { conditionCode, flags: 0, dxc: 0, suppressed: false };
  const traps = (environment.masks & Ieee.invalidOperation) !== 0;
  return {
    conditionCode,
    flags: traps ? 0 : Ieee.invalidOperation,
    dxc: traps ? Ieee.invalidOperation : 0,
    suppressed: traps,
  };
}

/** 0 equal, 1 first low, 2 first high, 3 unordered. */
export function relation(format: BinaryFormat, a: bigint, b: bigint): number {
  const left = orderedValue(format, a);
  const right = orderedValue(format, b);
  if (left === undefined || right === undefined) return 3;
  if (left === right) return 0;
  return left < right ? 1 : 2;
}

/** Sign-and-magnitude bits as a signed number, in which both zeros are equal; undefined for a NaN. */
function orderedValue(format: BinaryFormat, bits: bigint): bigint | undefined {
  const magnitude = bits & (format.signBit - 1n);
  if (magnitude > format.infinity) return undefined;
  return bits === magnitude ? magnitude : -magnitude;
}

/** The condition code of a result: 0 zero, 1 less than zero, 2 greater than zero, 3 NaN. */
export function signConditionCode(format: BinaryFormat, bits: bigint): number {
  const value = orderedValue(format, bits);
  if (value === undefined) return 3;
  if (value === 0n) return 0;
  return value < 0n ? 1 : 2;
}

/** LOAD AND TEST: the operand, made quiet with IEEE invalid operation if it is a signaling NaN. */
export function loadAndTest(format: BinaryFormat, a: bigint, environment: Environment): Outcome {
  return unpack(format, a).kind === Kind.signalingNan
    ? propagateNan(format, environment, a)
    : exactly(format, a);
}

/** LOAD COMPLEMENT, also of a NaN. No exceptions. */
export function loadComplement(format: BinaryFormat, a: bigint): bigint {
  return a ^ format.signBit;
}

/** LOAD NEGATIVE, also of a NaN. No exceptions. */
export function loadNegative(format: BinaryFormat, a: bigint): bigint {
  return a | format.signBit;
}

/** LOAD POSITIVE, also of a NaN. No exceptions. */
export function loadPositive(format: BinaryFormat, a: bigint): bigint {
  return a & (format.signBit - 1n);
}

/**
 * TEST DATA CLASS: the one of bits 52-63 of the second-operand address that stands for the class of the operand, from
 * +zero (0x800), -zero, +normal, -normal, +subnormal, -subnormal, +infinity, -infinity, +quiet NaN, -quiet NaN,
 * +signaling NaN to -signaling NaN (0x001). CC 1 when the address has that bit, else 0.
 */
export function dataClass(format: BinaryFormat, a: bigint): number {
  const { kind, negative, significand } = unpack(format, a);
  const subnormal = kind === Kind.finite && significand < format.impliedOne;
  const position = subnormal ? 4 : (classPosition[kind] ?? 0);
  return 0x800 >> (position + (negative ? 1 : 0));
}

/** Indexed by kind. */
const classPosition: readonly number[] = [0, 2, 6, 8, 10];
