import { describe, expect, it } from "vitest";
import { divide, multiply, multiplyAdd, squareRoot } from "./arithmetic.ts";
import { loadRounded } from "./conversion.ts";
import { environmentOfFpc } from "./exceptions.ts";
import { type BinaryFormat, extended, long, short } from "./format.ts";
import { unpack } from "./unpacked.ts";

const masked = environmentOfFpc(0);
const trapping = environmentOfFpc(0xf8000000);
const formats = [short, long, extended];

/** A normal number: two to `exponent` times 1.`fraction`. */
function number(format: BinaryFormat, exponent: number, fraction: bigint): bigint {
  return (BigInt(exponent + format.bias) << BigInt(format.fractionWidth)) | (fraction & format.fractionMask);
}

/** Spreads a small number over the fraction, repeatably. */
function digits(seed: number): bigint {
  return (BigInt(seed) * 0x9e3779b97f4a7c15f39cc0605cedc835n) >> 7n;
}

describe("squareRoot", () => {
  it.each(formats)("is the truncated root in $name when the mode truncates", (format) => {
    const truncating = environmentOfFpc(1);
    for (let seed = 1; seed < 200; seed += 1) {
      const bits = number(format, (seed % 40) - 20, digits(seed));
      const operand = unpack(format, bits);
      const root = unpack(format, squareRoot(format, bits, truncating).value);
      const scale = BigInt(operand.exponent - 2 * root.exponent);
      expect(root.significand ** 2n).toBeLessThanOrEqual(operand.significand << scale);
      expect((root.significand + 1n) ** 2n).toBeGreaterThan(operand.significand << scale);
    }
  });

  it("keeps a negative zero and refuses other negative numbers", () => {
    expect(squareRoot(long, long.signBit, masked)).toMatchObject({ value: long.signBit, flags: 0 });
    expect(squareRoot(long, long.signBit | 1n, masked)).toMatchObject({
      value: long.defaultNan,
      flags: 0x80,
    });
    expect(squareRoot(long, long.signBit | 1n, trapping)).toMatchObject({
      suppressed: true,
      dxc: 0x80,
      flags: 0,
    });
  });
});

describe("trapped overflow and underflow", () => {
  // A product in range, computed from factors whose exponents were moved by a known amount, has the same digits.
  it.each(formats)("deliver the $name product with its exponent wrapped by the scale", (format) => {
    const half = Math.floor(format.bias * 0.75);
    for (let seed = 1; seed < 100; seed += 1) {
      const a = digits(seed);
      const b = digits(seed + 1000);
      for (const [exponent, dxc] of [
        [half, 0x20],
        [-half, 0x10],
      ] as const) {
        const far = multiply(format, number(format, exponent, a), number(format, exponent, b), trapping);
        const near = multiply(format, number(format, 0, a), number(format, 0, b), masked);
        const wrapped =
          BigInt(2 * exponent + (exponent > 0 ? -format.scale : format.scale)) <<
          BigInt(format.fractionWidth);
        expect(far.value).toBe(near.value + wrapped);
        expect(far.dxc & 0xf0).toBe(dxc);
        expect((far.dxc & 0x0c) !== 0).toBe(near.flags === 0x08);
        expect(far).toMatchObject({ suppressed: false, flags: 0 });
      }
    }
  });

  it("say whether the magnitude was incremented", () => {
    const third = (mode: number): number =>
      divide(short, number(short, 100, 0n), number(short, -100, 1n), environmentOfFpc(0xf8000000 + mode)).dxc;
    expect([third(1), third(2), third(3)]).toEqual([0x28, 0x2c, 0x28]);
  });

  it("keep the source format in LOAD ROUNDED", () => {
    const huge = loadRounded(long, short, number(long, 1000, 0x8000000000000n), trapping);
    expect(huge).toMatchObject({ value: number(long, 488, 0x8000000000000n), format: long, dxc: 0x20 });
    const tiny = loadRounded(extended, short, number(extended, -16000, 1n), trapping);
    expect(tiny).toMatchObject({ value: number(extended, -16000 + 8192, 0n), format: extended, dxc: 0x18 });
  });

  it("trap on a tiny result even if it is exact", () => {
    const outcome = divide(short, short.impliedOne, number(short, 1, 0n), trapping);
    expect(outcome).toMatchObject({ dxc: 0x10, value: number(short, -127 + 192, 0n) });
    expect(divide(short, short.impliedOne, number(short, 1, 0n), masked)).toMatchObject({
      flags: 0,
      value: 0x400000n,
    });
  });
});

describe("multiplyAdd", () => {
  it("rounds once", () => {
    const a = number(long, 0, 1n);
    // (1 + u)(1 + u) - (1 + 2u) is u squared, lost by a product that is rounded.
    const addend = long.signBit | number(long, 0, 2n);
    expect(multiplyAdd(long, addend, a, a, masked)).toMatchObject({
      value: number(long, -104, 0n),
      flags: 0,
    });
  });

  it("takes the third operand's NaN first, then the second's, a signaling one before all", () => {
    const nan = (payload: bigint): bigint => short.defaultNan | payload;
    expect(multiplyAdd(short, nan(1n), nan(2n), nan(3n), masked).value).toBe(nan(3n));
    expect(multiplyAdd(short, nan(1n), nan(2n), 0n, masked).value).toBe(nan(2n));
    expect(multiplyAdd(short, short.infinity | 1n, nan(2n), nan(3n), masked).value).toBe(nan(1n));
    expect(multiplyAdd(short, nan(1n), short.infinity, 0n, masked)).toMatchObject({
      value: short.defaultNan,
      flags: 0x80,
    });
  });
});
