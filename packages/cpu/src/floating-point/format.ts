/**
 * The three binary-floating-point (BFP) formats. Values are held as their bits: an unsigned bigint of the format's width,
 * extended values with the high-order register of the pair in the upper half.
 *
 * Source: Principles of Operation, chapter 9, "Data Formats and Classes" and "Scale factors".
 */
export interface BinaryFormat {
  readonly name: "short" | "long" | "extended";
  /** Bits in storage. */
  readonly width: 32 | 64 | 128;
  /** Significand digits, the implied one included. */
  readonly precision: number;
  readonly fractionWidth: number;
  readonly bias: number;
  /** Largest and smallest exponent of a normal number, written as 1.fraction times two to the exponent. */
  readonly greatestExponent: number;
  readonly leastExponent: number;
  /** Weight of the rightmost fraction bit of a subnormal number. */
  readonly leastUnit: number;
  readonly signBit: bigint;
  readonly impliedOne: bigint;
  readonly fractionMask: bigint;
  readonly quietBit: bigint;
  readonly infinity: bigint;
  readonly largestFinite: bigint;
  readonly defaultNan: bigint;
  /** Exponent adjustment of a trapped overflow or underflow whose result has this format. */
  readonly scale: number;
  /** The same for LOAD ROUNDED from this format, whose trapped result stays in the source format. */
  readonly loadRoundedScale: number;
}

interface Shape {
  name: BinaryFormat["name"];
  width: BinaryFormat["width"];
  fractionWidth: number;
  scale: number;
  loadRoundedScale: number;
}

function binaryFormat({ name, width, fractionWidth, scale, loadRoundedScale }: Shape): BinaryFormat {
  const exponentWidth = width - 1 - fractionWidth;
  const bias = 2 ** (exponentWidth - 1) - 1;
  const impliedOne = 1n << BigInt(fractionWidth);
  const infinity = ((1n << BigInt(exponentWidth)) - 1n) << BigInt(fractionWidth);
  const quietBit = impliedOne >> 1n;
  return {
    name,
    width,
    precision: fractionWidth + 1,
    fractionWidth,
    bias,
    greatestExponent: bias,
    leastExponent: 1 - bias,
    leastUnit: 1 - bias - fractionWidth,
    signBit: 1n << BigInt(width - 1),
    impliedOne,
    fractionMask: impliedOne - 1n,
    quietBit,
    infinity,
    largestFinite: infinity - 1n,
    defaultNan: infinity | quietBit,
    scale,
    loadRoundedScale,
  };
}

export const short = binaryFormat({
  name: "short",
  width: 32,
  fractionWidth: 23,
  scale: 192,
  loadRoundedScale: 0,
});
export const long = binaryFormat({
  name: "long",
  width: 64,
  fractionWidth: 52,
  scale: 1536,
  loadRoundedScale: 512,
});
export const extended = binaryFormat({
  name: "extended",
  width: 128,
  fractionWidth: 112,
  scale: 24576,
  loadRoundedScale: 8192,
});
