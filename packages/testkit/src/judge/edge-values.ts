/** Values at which instructions go wrong: boundaries, carries, signs; and enough noise around them. */
import type { Random } from "./random.ts";

const alternating = [
  0x5555_5555_5555_5555n,
  0xaaaa_aaaa_aaaa_aaaan,
  0x0f0f_0f0f_0f0f_0f0fn,
  0xff00_ff00_ff00_ff00n,
  0x0123_4567_89ab_cdefn,
  0x8080_8080_8080_8080n,
];

/** A 64-bit integer, unsigned; its right half, and its left half, are 32-bit edges about as often as the whole is a 64-bit one. */
export function edgeInteger(random: Random): bigint {
  switch (random.below(10)) {
    case 0:
      return unsigned(BigInt(random.below(9) - 4));
    case 1: {
      const power = 1n << BigInt(random.below(64));
      return unsigned(power + BigInt(random.below(3) - 1));
    }
    case 2: {
      const power = 1n << BigInt(random.below(64));
      return unsigned(-power + BigInt(random.below(3) - 1));
    }
    case 3:
      return unsigned((1n << BigInt(random.pick([7, 8, 15, 16, 31, 32, 63]))) + BigInt(random.below(5) - 2));
    case 4:
      return random.pick(alternating);
    case 5:
    case 6:
      return (BigInt(edgeWord(random)) << 32n) | BigInt(edgeWord(random));
    case 7:
      return random.doubleword() & random.doubleword() & random.doubleword();
    case 8:
      return BigInt(random.below(0x1_0000)) << BigInt(random.below(49));
    default:
      return random.doubleword();
  }
}

function edgeWord(random: Random): number {
  switch (random.below(5)) {
    case 0:
      return (random.below(5) - 2) >>> 0;
    case 1:
      return ((1 << random.below(32)) + random.below(3) - 1) >>> 0;
    case 2:
      return (0x8000_0000 + random.below(3) - 1) >>> 0;
    default:
      return random.word();
  }
}

/** A value of `width` bits for an immediate, a displacement or a mask field. */
export function edgeField(random: Random, width: number): bigint {
  const limit = 1n << BigInt(width);
  switch (random.below(4)) {
    case 0:
      return BigInt.asUintN(width, BigInt(random.below(5) - 2));
    case 1:
      return BigInt.asUintN(width, (1n << BigInt(random.below(width))) + BigInt(random.below(3) - 1));
    case 2:
      return (limit >> 1n) - BigInt(random.below(2));
    default:
      return random.doubleword() % limit;
  }
}

/** Binary floating-point formats: bits of exponent and of fraction. */
const binaryFormats = {
  short: { exponent: 8n, fraction: 23n },
  long: { exponent: 11n, fraction: 52n },
  extended: { exponent: 15n, fraction: 112n },
} as const;
export type BinaryFormat = keyof typeof binaryFormats;

/** A binary floating-point datum as an integer of its width (32, 64 or 128 bits). */
export function edgeFloat(random: Random, format: BinaryFormat): bigint {
  const { exponent, fraction } = binaryFormats[format];
  const biggest = (1n << exponent) - 1n;
  const bias = biggest >> 1n;
  const noise = ((random.doubleword() << 64n) | random.doubleword()) & ((1n << fraction) - 1n);
  const sign = BigInt(random.below(2)) << (exponent + fraction);
  const datum = (biased: bigint, bits: bigint): bigint => sign | (biased << fraction) | bits;
  const quiet = 1n << (fraction - 1n);
  switch (random.below(12)) {
    case 0:
      return datum(0n, 0n);
    case 1:
      return datum(biggest, 0n); // infinity
    case 2:
      return datum(biggest, noise | quiet); // quiet NaN
    case 3:
      return datum(biggest, (noise & (quiet - 1n)) | 1n); // signalling NaN
    case 4:
      return datum(0n, random.chance(0.5) ? noise : BigInt(1 + random.below(3))); // subnormal
    case 5:
      return datum(
        random.chance(0.5) ? biggest - 1n : 1n,
        random.chance(0.5) ? (1n << fraction) - 1n : noise,
      );
    case 6: // a whole number or half of one, near where it matters for conversions
      return datum(bias + BigInt(random.below(66)), (noise >> (fraction - 6n)) << (fraction - 6n));
    case 7:
      return datum(
        bias + BigInt(random.pick([30, 31, 32, 62, 63, 64])),
        random.chance(0.5) ? 0n : (1n << fraction) - 1n,
      );
    case 8:
      return datum(bias + BigInt(random.below(3) - 1), noise & -(1n << (fraction - 3n)));
    case 9:
      return datum(bias, 0n); // one
    case 10:
      return datum(bias + BigInt(random.below(40) - 20), noise);
    default:
      return datum(noise % (biggest + 1n), noise);
  }
}

/** Packed decimal of `length` bytes: digits, then a sign. One in twenty is not a valid number. */
export function packedDecimal(random: Random, length: number): Uint8Array {
  const digits = Array.from({ length: 2 * length - 1 }, () => 0);
  const significant = random.chance(0.3) ? digits.length : random.below(digits.length + 1);
  for (let index = digits.length - significant; index < digits.length; index++) {
    digits[index] = random.chance(0.3) ? random.pick([0, 9]) : random.below(10);
  }
  const nibbles = [
    ...digits,
    random.chance(0.7) ? random.pick([0xc, 0xd]) : random.pick([0xa, 0xb, 0xe, 0xf]),
  ];
  if (random.chance(0.05)) {
    nibbles[random.below(nibbles.length)] = random.below(16);
  }
  return Uint8Array.from(
    { length },
    (_, index) => ((nibbles[2 * index] ?? 0) << 4) | (nibbles[2 * index + 1] ?? 0),
  );
}

/** Right-most `length` bytes of a value, big-endian. */
export function bigEndian(value: bigint, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) =>
    Number((value >> BigInt(8 * (length - 1 - index))) & 0xffn),
  );
}

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
