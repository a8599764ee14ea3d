/** Named steps that definitions share. */
import { I32, I64, share } from "../dsl/index.ts";

/** Bytes in reverse order. */
export const reverse16 = (a: I32): I32 => a.shl(8).or(a.shrU(8)).and(0xffff);
export const reverse32 = (a: I32): I32 => a.rotl(8).and(0x00ff_00ff).or(a.rotl(24).and(~0x00ff_00ff));
export const reverse64 = (a: I64): I64 =>
  reverse32(a.low32())
    .unsigned64()
    .shl(32)
    .or(reverse32(a.shrU(32).low32()).unsigned64());

/** Left half of the 128-bit product of two unsigned numbers. */
export function multiplyHighUnsigned(a: I64, b: I64): I64 {
  const [aLow, aHigh, bLow, bHigh] = [a.and(0xffff_ffff), a.shrU(32), b.and(0xffff_ffff), b.shrU(32)];
  const low = aLow.mul(bLow);
  const middle = aHigh.mul(bLow).add(low.shrU(32));
  const middle2 = aLow.mul(bHigh).add(middle.and(0xffff_ffff));
  return aHigh.mul(bHigh).add(middle.shrU(32)).add(middle2.shrU(32));
}

/**
 * Quotient of 128 by 64 bits, which fits when `high` is less than the divisor: two digits of 32 bits, of a divisor that is
 * shifted until its first bit is one. Source: D. Knuth, "The Art of Computer Programming", volume 2, algorithm D.
 */
export function divideUnsigned128(high: I64, low: I64, divisor: I64): I64 {
  const zeros = share(divisor.clz());
  const by = share(divisor.shl(zeros));
  const [upper, lower] = [share(by.shrU(32)), share(by.and(0xffff_ffff))];
  // Twice, for a distance of zero would be one of 64.
  const across = low.shrU(1).shrU(I64.of(63).sub(zeros));
  const top = share(high.shl(zeros).or(across));
  const rest = share(low.shl(zeros));
  /** The digit that brings in the next 32 bits: at most two too large when it is guessed from the divisor's upper half. */
  const digitOf = (dividend: I64, next: I64): I64 => {
    const guess = share(dividend.divU(upper));
    const left = share(dividend.sub(guess.mul(upper)));
    const isTooLarge = (digit: I64, remainder: I64): I32 =>
      digit
        .shrU(32)
        .ne(0)
        .or(digit.mul(lower).gtU(remainder.shl(32).or(next)));
    const once = share(isTooLarge(guess, left));
    const second = share(guess.sub(1));
    const more = share(left.add(upper));
    const twice = once.and(more.shrU(32).eq(0)).and(isTooLarge(second, more));
    return share(guess.sub(once.unsigned64()).sub(twice.unsigned64()));
  };
  const next = share(rest.shrU(32));
  const first = digitOf(top, next);
  const second = digitOf(share(top.shl(32).or(next).sub(first.mul(by))), share(rest.and(0xffff_ffff)));
  return first.shl(32).or(second);
}

/** 32-bit constants read better with a name. */
export const zero = I32.of(0);
