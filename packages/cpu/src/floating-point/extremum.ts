import { relation } from "./comparison.ts";
import { type Environment, Ieee, type Outcome, exactly, suppressible } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { isNan, propagateNan } from "./nan.ts";
import { Kind, unpack } from "./unpacked.ts";

/** What VECTOR FP MAXIMUM and MINIMUM are like, by bits 1-3 of M6; bit 0 asks for magnitudes. */
const Like = { ieee: 0, java: 1, cMacro: 2, cppAlgorithm: 3, fortran: 4 } as const;
const MAGNITUDES = 8;

/**
 * The greater or the lesser operand, by the rules for NaNs and zeros of a language. Source: Principles of Operation,
 * "VECTOR FP MAXIMUM", figures of results.
 */
export function extremum(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  environment: Environment,
  which: "minimum" | "maximum",
  function_: number,
): Outcome {
  const like = function_ & 7;
  const magnitude = (value: bigint) => value & (format.signBit - 1n);
  const byMagnitude = (function_ & MAGNITUDES) !== 0;
  if (like === Like.ieee) return ieee(format, a, b, environment, which, byMagnitude);
  const [first, second] = byMagnitude ? [magnitude(a), magnitude(b)] : [a, b];
  const kinds = [unpack(format, first), unpack(format, second)] as const;
  if (isNan(kinds[0]) || isNan(kinds[1])) return ofNan(format, first, second, environment, like);
  const order = relation(format, first, second);
  if (order !== 0) return exactly(format, (order === 1) === (which === "minimum") ? first : second);
  if (like === Like.cMacro) return exactly(format, second);
  if (like === Like.cppAlgorithm) return exactly(format, first);
  return exactly(format, ofEqual(format, first, second, which));
}

/** Of numbers that compare equal: zeros count by their sign. */
function ofEqual(format: BinaryFormat, a: bigint, b: bigint, which: "minimum" | "maximum"): bigint {
  const negative = (a & format.signBit) !== 0n;
  return negative === (which === "minimum") ? a : b;
}

function ofNan(format: BinaryFormat, a: bigint, b: bigint, environment: Environment, like: number): Outcome {
  const nanOf = (value: bigint) => isNan(unpack(format, value));
  const signaling = [a, b].some((value) => unpack(format, value).kind === Kind.signalingNan);
  const invalid = (value: bigint) => suppressible(format, Ieee.invalidOperation, value, environment.masks);
  switch (like) {
    case Like.java:
      return propagateNan(format, environment, a, b);
    case Like.cMacro:
      return invalid(b);
    case Like.cppAlgorithm:
      return invalid(a);
    default: {
      const other = nanOf(b) ? a : b;
      return signaling ? invalid(other) : exactly(format, other);
    }
  }
}

/** IEEE minNum, maxNum and their forms for magnitudes: a number is preferred to a quiet NaN. */
function ieee(
  format: BinaryFormat,
  a: bigint,
  b: bigint,
  environment: Environment,
  which: "minimum" | "maximum",
  byMagnitude: boolean,
): Outcome {
  const [first, second] = [unpack(format, a), unpack(format, b)];
  if (
    first.kind === Kind.signalingNan ||
    second.kind === Kind.signalingNan ||
    (isNan(first) && isNan(second))
  )
    return propagateNan(format, environment, a, b);
  if (isNan(first)) return exactly(format, b);
  if (isNan(second)) return exactly(format, a);
  const magnitude = (value: bigint) => value & (format.signBit - 1n);
  const byAbsolute = byMagnitude ? relation(format, magnitude(a), magnitude(b)) : 0;
  const order = byAbsolute !== 0 ? byAbsolute : relation(format, a, b);
  if (order === 0) return exactly(format, ofEqual(format, a, b, which));
  return exactly(format, (order === 1) === (which === "minimum") ? a : b);
}
