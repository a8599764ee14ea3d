import type { BinaryFormat } from "./format.ts";

export const Kind = { zero: 0, finite: 1, infinity: 2, quietNan: 3, signalingNan: 4 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** A datum taken apart: a finite one is significand times two to the exponent. */
export interface Unpacked {
  readonly kind: Kind;
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}

export function unpack(format: BinaryFormat, bits: bigint): Unpacked {
  const negative = (bits & format.signBit) !== 0n;
  const fraction = bits & format.fractionMask;
  const biased = Number((bits & format.infinity) >> BigInt(format.fractionWidth));
  if (biased === 0) {
    return {
      kind: fraction === 0n ? Kind.zero : Kind.finite,
      negative,
      significand: fraction,
      exponent: format.leastUnit,
    };
  }
  if (biased === 2 * format.bias + 1) {
    return { kind: special(format, fraction), negative, significand: fraction, exponent: 0 };
  }
  const exponent = biased - 1 + format.leastUnit;
  return { kind: Kind.finite, negative, significand: fraction | format.impliedOne, exponent };
}

function special(format: BinaryFormat, fraction: bigint): Kind {
  if (fraction === 0n) return Kind.infinity;
  return (fraction & format.quietBit) === 0n ? Kind.signalingNan : Kind.quietNan;
}

/** The bits of significand times two to `unit`; the significand has at most the format's precision, fewer digits at the least unit alone. */
export function pack(format: BinaryFormat, negative: boolean, significand: bigint, unit: number): bigint {
  const sign = negative ? format.signBit : 0n;
  if (significand < format.impliedOne) return sign | significand;
  // The implied one carries into the exponent field.
  return sign | ((BigInt(unit - format.leastUnit) << BigInt(format.fractionWidth)) + significand);
}

export function zero(format: BinaryFormat, negative: boolean): bigint {
  return negative ? format.signBit : 0n;
}

export function infinity(format: BinaryFormat, negative: boolean): bigint {
  return negative ? format.signBit | format.infinity : format.infinity;
}
