/** Named steps that definitions share. */
import { I32, type I64 } from "../dsl/index.ts";

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

/** 32-bit constants read better with a name. */
export const zero = I32.of(0);
