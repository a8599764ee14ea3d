/**
 * Long and short arithmetic on the host's own double-precision unit, for the case that programs are almost always in:
 * rounding to nearest with ties to even and no trap enabled. Each function returns the result, or NaN when the host cannot
 * prove that the result has no exception other than IEEE inexact; the exact functions then decide. The companion `...Inexact`
 * functions say whether digits were lost, by error-free transformations (Dekker, Knuth), valid for the operands that the first
 * function accepted.
 *
 * Numbers are host doubles; a short operand is the double of the same value.
 */

/** Beyond these limits an intermediate step of an error-free transformation could overflow or lose digits. */
const large = 2 ** 990;
const small = 2 ** -900;
const longOverflow = 2 ** 1023;
const shortOverflow = 2 ** 127;
const shortLeast = 2 ** -126;

/** 2 to the 27th plus 1: splits a double into two halves of 26 bits. */
const splitter = 134217729;

export function addLong(a: number, b: number): number {
  const sum = a + b;
  return Math.abs(sum) < longOverflow && Math.abs(a) < longOverflow && Math.abs(b) < longOverflow ? sum : NaN;
}

export function addLongInexact(a: number, b: number, sum: number): boolean {
  const virtual = sum - a;
  return a - (sum - virtual) + (b - virtual) !== 0;
}

export function multiplyLong(a: number, b: number): number {
  const product = a * b;
  const magnitude = Math.abs(product);
  if (magnitude > small && magnitude < large && Math.abs(a) < large && Math.abs(b) < large) return product;
  // A zero product is exact if a factor is zero; else it is an underflow.
  const zeroFactor = (a === 0 && Math.abs(b) < large) || (b === 0 && Math.abs(a) < large);
  return zeroFactor ? product : NaN;
}

export function multiplyLongInexact(a: number, b: number, product: number): boolean {
  const upperA = splitter * a - (splitter * a - a);
  const upperB = splitter * b - (splitter * b - b);
  const lowerA = a - upperA;
  const lowerB = b - upperB;
  const error = lowerA * lowerB - (product - upperA * upperB - lowerA * upperB - upperA * lowerB);
  return error !== 0;
}

export function divideLong(a: number, b: number): number {
  const quotient = a / b;
  const magnitude = Math.abs(quotient);
  const dividend = Math.abs(a);
  const divisor = Math.abs(b);
  if (
    dividend > small &&
    dividend < large &&
    divisor > small &&
    divisor < large &&
    magnitude > small &&
    magnitude < large
  ) {
    return quotient;
  }
  return dividend === 0 && divisor > 0 && divisor < large ? quotient : NaN;
}

export function divideLongInexact(a: number, b: number, quotient: number): boolean {
  const product = quotient * b;
  return product !== a || multiplyLongInexact(quotient, b, product);
}

export function squareRootLong(a: number): number {
  return (a > small && a < large) || a === 0 ? Math.sqrt(a) : NaN;
}

export function squareRootLongInexact(a: number, root: number): boolean {
  const square = root * root;
  return square !== a || multiplyLongInexact(root, root, square);
}

/** A short result if it is a normal number or an exact zero. */
function acceptShort(exactOrDouble: number): number {
  const result = Math.fround(exactOrDouble);
  const magnitude = Math.abs(result);
  // A double below the least normal number may have been tiny before it was rounded up to it.
  return magnitude < shortOverflow && magnitude > shortLeast ? result : NaN;
}

/** Rounding twice is harmless: a double has more than twice the digits of a short, plus two. */
export function addShort(a: number, b: number): number {
  const sum = a + b;
  return sum === 0 ? sum : acceptShort(sum);
}

export function addShortInexact(a: number, b: number, result: number): boolean {
  const sum = a + b;
  return sum !== result || addLongInexact(a, b, sum);
}

export function multiplyShort(a: number, b: number): number {
  const product = a * b;
  return product === 0 ? product : acceptShort(product);
}

/** The product of two shorts is exact as a double. */
export function multiplyShortInexact(a: number, b: number, result: number): boolean {
  return a * b !== result;
}

export function divideShort(a: number, b: number): number {
  if (a === 0 && b !== 0 && Math.abs(b) < Infinity) return a / b;
  return b === 0 ? NaN : acceptShort(a / b);
}

export function divideShortInexact(a: number, b: number, result: number): boolean {
  return result * b !== a;
}

export function squareRootShort(a: number): number {
  return a === 0 ? a : acceptShort(Math.sqrt(a));
}

export function squareRootShortInexact(a: number, result: number): boolean {
  return result * result !== a;
}
