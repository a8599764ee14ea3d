import type { BinaryFormat } from "@lockframe/cpu/floating-point";
import type { Random } from "../random.ts";

/** Operand bits: edges of the format, random bits, small numbers, and neighbours of earlier operands. */
export function operand(format: BinaryFormat, random: Random, near?: bigint): bigint {
  switch (random.below(near === undefined ? 6 : 9)) {
    case 0:
      return withSign(format, random, edge(format, random));
    case 1:
      return randomBits(format, random);
    case 2:
      return sparse(format, random, random.below(2 * format.bias + 2));
    case 3:
      return sparse(format, random, Math.max(0, format.bias - 70) + random.below(140));
    case 4:
      return withSign(format, random, fraction(format, random) >> BigInt(random.below(format.fractionWidth)));
    case 5:
      return sparse(format, random, format.bias + random.below(format.precision + 12));
    case 6:
      return near ?? 0n;
    case 7:
      return BigInt.asUintN(format.width, ((near ?? 0n) ^ format.signBit) + BigInt(random.below(3)));
    default:
      return nearby(format, random, near ?? 0n);
  }
}

function edge(format: BinaryFormat, random: Random): bigint {
  const one = BigInt(format.bias) << BigInt(format.fractionWidth);
  const nan = format.infinity | (fraction(format, random) >> BigInt(random.below(format.fractionWidth))) | 1n;
  return random.pick([
    0n,
    1n,
    2n,
    format.fractionMask,
    format.impliedOne,
    format.impliedOne + 1n,
    one - 1n,
    one,
    one + 1n,
    one + (format.impliedOne >> 1n),
    format.largestFinite,
    format.largestFinite - 1n,
    format.infinity,
    format.infinity,
    format.defaultNan,
    nan,
    nan | format.quietBit,
    nan & ~format.quietBit,
  ]);
}

/** Random digits in a few places, so that exact results and ties occur. */
function sparse(format: BinaryFormat, random: Random, biased: number): bigint {
  const digits =
    random.below(3) === 0 ? fraction(format, random) : fraction(format, random) & fraction(format, random);
  const kept = (digits >> BigInt(random.below(format.precision))) << BigInt(random.below(format.precision));
  return withSign(
    format,
    random,
    (BigInt(biased) << BigInt(format.fractionWidth)) | (kept & format.fractionMask),
  );
}

/** The exponent of another operand, a little off, with random digits. */
function nearby(format: BinaryFormat, random: Random, near: bigint): bigint {
  const biased = Number((near & format.infinity) >> BigInt(format.fractionWidth)) - 3 + random.below(7);
  return sparse(format, random, Math.min(Math.max(biased, 0), 2 * format.bias + 1));
}

function withSign(format: BinaryFormat, random: Random, magnitude: bigint): bigint {
  return random.below(2) === 0 ? magnitude : magnitude | format.signBit;
}

function randomBits(format: BinaryFormat, random: Random): bigint {
  return BigInt.asUintN(format.width, (random.bits64() << 64n) | random.bits64());
}

function fraction(format: BinaryFormat, random: Random): bigint {
  return randomBits(format, random) & format.fractionMask;
}
