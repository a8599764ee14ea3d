import { describe, expect, it } from "vitest";
import { divideToInteger } from "./divide-to-integer.ts";
import { environmentOfFpc } from "./exceptions.ts";
import { long, short } from "./format.ts";
import { RoundingMode } from "./rounding-mode.ts";

const scratch = new DataView(new ArrayBuffer(8));
const masked = environmentOfFpc(0);

function bits(value: number): bigint {
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

function number(value: bigint): number {
  scratch.setBigUint64(0, value);
  return scratch.getFloat64(0);
}

function divided(
  a: number,
  b: number,
  mode: RoundingMode = RoundingMode.nearestTiesToEven,
): [number, number, number] {
  const { remainder, quotient, conditionCode } = divideToInteger(long, bits(a), bits(b), mode, masked);
  return [number(quotient), number(remainder), conditionCode];
}

describe("divideToInteger", () => {
  it("rounds the quotient as the mode says and gives the remainder that belongs to it", () => {
    expect(divided(7, 4)).toEqual([2, -1, 0]);
    expect(divided(6, 4)).toEqual([2, -2, 0]);
    expect(divided(10, 4)).toEqual([2, 2, 0]);
    expect(divided(7, 4, RoundingMode.towardZero)).toEqual([1, 3, 0]);
    expect(divided(-7, 4, RoundingMode.towardMinusInfinity)).toEqual([-2, 1, 0]);
    expect(divided(1, 2 ** 1000, RoundingMode.towardPlusInfinity)).toEqual([1, -(2 ** 1000), 0]);
  });

  it("gives a zero remainder the dividend's sign", () => {
    expect(divided(-8, 4)).toEqual([-2, -0, 0]);
    expect(divided(-0, 4)).toEqual([-0, -0, 0]);
    expect(divided(5, -Infinity)).toEqual([-0, 5, 0]);
  });

  it("truncates a quotient longer than the precision and leaves an incomplete remainder", () => {
    const [quotient, remainder, code] = divided(2 ** 60, 3);
    expect(code).toBe(2);
    expect(BigInt(quotient) * 3n + BigInt(remainder)).toBe(2n ** 60n);
    expect(Math.abs(remainder)).toBeLessThan(3 * 2 ** 6);
    // Divided again and again, it ends with the true remainder.
    let left = 2 ** 300 + 2 ** 250;
    let last = 2;
    while (last === 2) [, left, last] = divided(left, 7, RoundingMode.towardZero);
    expect(BigInt(left)).toBe((2n ** 300n + 2n ** 250n) % 7n);
  });

  it("wraps the exponent of a quotient that overflows, without an exception", () => {
    const { quotient, remainder, conditionCode, flags, dxc } = divideToInteger(
      short,
      short.largestFinite,
      1n,
      RoundingMode.nearestTiesToEven,
      environmentOfFpc(0xf8000000),
    );
    // 2 to the 128th less one unit, over 2 to the -149th: its exponent 276 less 192 is 84.
    expect(quotient).toBe((BigInt(84 + 127) << 23n) | 0x7fffffn);
    expect([remainder, conditionCode, flags, dxc]).toEqual([0n, 1, 0, 0]);
  });

  it("is invalid for an infinite dividend or a zero divisor, into both results", () => {
    const outcome = divideToInteger(long, long.infinity, bits(2), RoundingMode.towardZero, masked);
    expect(outcome).toMatchObject({
      quotient: long.defaultNan,
      remainder: long.defaultNan,
      conditionCode: 1,
      flags: 0x80,
    });
    const trapped = divideToInteger(long, bits(2), 0n, RoundingMode.towardZero, environmentOfFpc(0x80000000));
    expect(trapped).toMatchObject({ suppressed: true, dxc: 0x80 });
  });

  it("rounds the remainder with the mode of the FPC register and reports that it is inexact", () => {
    const up = divideToInteger(short, 0x0c0c0c0cn, 0x400c0c0cn, RoundingMode.towardPlusInfinity, masked);
    expect(up).toMatchObject({ quotient: 0x3f800000n, remainder: 0xc00c0c0cn, flags: 0x08 });
  });
});
