/**
 * Extended binary floating point, in WebAssembly where it is ordinary: normal operands and zeros, a normal result, rounding to
 * nearest, no traps. Everything else is left undone, for the host routine that knows all cases.
 * Source: Principles of Operation, "Binary-Floating-Point Instructions".
 *
 * A significand has two halves of 64 bits. An operand's has its first digit, the implied one, in bit 15 of the left half;
 * a result's is in bit 0, so that 15 digits follow those that are kept.
 */
import { I32, I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";

const I = I32.of;
const L = I64.of;
/** Result of a routine that has changed nothing; otherwise it is the condition code of the result. */
const UNDONE = 4;
const SIGN = 1n << 63n;
const IMPLIED_ONE = 1n << 48n;
const FRACTION = IMPLIED_ONE - 1n;
const BIAS = 16383;
const LONG_BIAS = 1023;
/** Biased exponents of normal numbers are 1 to this; a result at the limit may be rounded beyond it. */
const GREATEST = 0x7ffe;
const LONG_GREATEST = 0x7fe;
/** FPC: what must be zero for ordinary arithmetic; the IEEE-inexact flag. */
const UNUSUAL = ~0x07ff_fff8;
const INEXACT_FLAG = 0x0008_0000;
const KEPT_FROM = 15;
const LOW_WORD = 0xffff_ffff;

export function buildExtendedFloatingPointRoutines(
  module: ModuleBuilder,
): readonly (readonly [name: string, index: number])[] {
  const multiplyWords = defineMultiplyHigh(module);
  const deliver = defineDeliver(module);
  const add = defineAdd(module, deliver);
  return [
    ["bfp.quick.addExtended", add],
    ["bfp.quick.subtractExtended", defineSubtract(module, add)],
    ["bfp.quick.multiplyExtended", defineMultiply(module, deliver, multiplyWords)],
    ["bfp.quick.divideExtended", defineDivide(module, deliver)],
    ["bfp.quick.multiplyLongerLong", defineMultiplyLong(module, deliver, multiplyWords)],
    ["bfp.quick.roundExtendedToLong", defineRoundToLong(module)],
  ];
}

// --- operands --------------------------------------------------------------------------------------

interface Halves {
  readonly left: Local<I64>;
  readonly right: Local<I64>;
}
/** An operand taken apart. */
interface Operand extends Halves {
  readonly bits: Halves;
  readonly exponent: Local<I32>;
}

const fprPlace = (e: Emitter, state: I32, register: I32): Local<I32> => e.local32(state.add(register.shl(4)));
/** Halves of the pair whose first register is at a place; the other one is two registers on. */
const fromPair = (e: Emitter, place: I32): Halves => ({
  left: e.local64(load.i64(place, at.vr + 8)),
  right: e.local64(load.i64(place, at.vr + 8 + 2 * 16)),
});
function toPair(e: Emitter, place: I32, left: I64, right: I64): void {
  e.store("i64", place, at.vr + 8, left);
  e.store("i64", place, at.vr + 8 + 2 * 16, right);
}

const undone = (e: Emitter): void => e.return(I(UNDONE));
function unlessOrdinary(e: Emitter, state: I32): void {
  e.rarely(load.i32(state, at.fpc).and(UNUSUAL), () => undone(e));
}
const biased = (left: I64): I32 => left.shrU(48).low32().and(0x7fff);
const isNormal = (exponent: I32): I32 => exponent.sub(1).ltU(GREATEST);
const isZero = ({ left, right }: Halves): I32 => left.value.shl(1).or(right.value).eq(0);

function takeApart(e: Emitter, bits: Halves): Operand {
  return {
    bits,
    exponent: e.local32(biased(bits.left.value)),
    left: e.local64(bits.left.value.and(FRACTION).or(IMPLIED_ONE)),
    right: e.local64(bits.right.value),
  };
}
const signCode = (left: I64): I32 => left.ltS(0).select(I(1), I(2));

// --- two halves ------------------------------------------------------------------------------------

/** Shift by 1 to 63. */
function shiftLeft(e: Emitter, { left, right }: Halves, count: number): void {
  e.set(left, left.value.shl(count).or(right.value.shrU(64 - count)));
  e.set(right, right.value.shl(count));
}
/** Shift left until bit 0 is one; gives the distance. Not both halves are zero. */
function normalize(e: Emitter, { left, right }: Halves): Local<I32> {
  const distance = e.local32(0);
  e.if(left.value.eq(0), () => {
    e.set(left, right.value);
    e.set(right, L(0));
    e.set(distance, I(64));
  });
  const zeros = e.local64(left.value.clz());
  // Twice, for a distance of zero would be one of 64.
  const across = right.value.shrU(1).shrU(L(63).sub(zeros.value));
  e.set(left, left.value.shl(zeros.value).or(across));
  e.set(right, right.value.shl(zeros.value));
  e.set(distance, distance.value.add(zeros.value.low32()));
  return distance;
}
/** Shift right, at least by 1; gives what was shifted out, as not zero. */
function shiftRight(e: Emitter, { left, right }: Halves, by: I32): Local<I64> {
  const lost = e.local64(L(1));
  const count = e.local64(by.unsigned64());
  const around = L(64).sub(count.value); // shifts take it modulo 64
  e.if(
    by.ltU(64),
    () => {
      e.set(lost, right.value.shl(around));
      e.set(right, right.value.shrU(count.value).or(left.value.shl(around)));
      e.set(left, left.value.shrU(count.value));
    },
    () => {
      e.if(
        by.ltU(128),
        () => {
          e.set(lost, right.value.or(left.value.shl(1).shl(L(63).sub(count.value))));
          e.set(right, left.value.shrU(count.value));
        },
        () => e.set(right, L(0)),
      );
      e.set(left, L(0));
    },
  );
  return lost;
}

/** (a, b) -> bits 0-63 of their product. */
function defineMultiplyHigh(module: ModuleBuilder): number {
  const index = module.declare("multiplyHigh", ["i64", "i64"], ["i64"]);
  const e = new Emitter(2);
  const [a, b] = [e.parameter64(0), e.parameter64(1)];
  const [aHigh, aLow] = [e.local64(a.shrU(32)).value, e.local64(a.and(LOW_WORD)).value];
  const [bHigh, bLow] = [e.local64(b.shrU(32)).value, e.local64(b.and(LOW_WORD)).value];
  const middle = e.local64(aLow.mul(bLow).shrU(32).add(aHigh.mul(bLow)));
  const other = aLow.mul(bHigh).add(middle.value.and(LOW_WORD));
  e.emit(aHigh.mul(bHigh).add(middle.value.shrU(32)).add(other.shrU(32)).node);
  module.define(index, e.body);
  return index;
}

// --- results ---------------------------------------------------------------------------------------

/** (cpu, R1, sign, biased exponent, left half, right half, digits beyond them as not zero) -> condition code. */
function defineDeliver(module: ModuleBuilder): number {
  const index = module.declare("deliverExtended", ["i32", "i32", "i64", "i32", "i64", "i64", "i64"], ["i32"]);
  const e = new Emitter(7);
  const [state, sign, exponent] = [e.parameter32(0), e.parameter64(2), e.parameter32(3)];
  const [left, right, beyond] = [e.parameter64(4), e.parameter64(5), e.parameter64(6)];
  e.rarely(exponent.sub(1).geU(GREATEST - 1), () => undone(e));
  const fraction = e.local64(right.shrU(KEPT_FROM).or(left.shl(64 - KEPT_FROM)));
  // What is lost, in units of half the last bit that is looked at.
  const lost = e.local64(
    right
      .and((1 << KEPT_FROM) - 1)
      .shl(1)
      .or(beyond.ne(0).unsigned64()),
  );
  const half = 1 << KEPT_FROM;
  const up = e.local64(lost.value.add(fraction.value.and(1)).gtU(half).unsigned64());
  e.set(fraction, fraction.value.add(up.value));
  const carry = fraction.value.eq(0).unsigned64().and(up.value);
  const digits = left.shrU(KEPT_FROM).add(carry);
  const place = fprPlace(e, state, e.parameter32(1));
  // The implied one carries into the exponent.
  const number = digits.add(exponent.sub(1).unsigned64().shl(48));
  toPair(e, place.value, number.or(sign), fraction.value);
  e.if(lost.value.ne(0), () => e.store("i32", state, at.fpc, load.i32(state, at.fpc).or(INEXACT_FLAG)));
  e.emit(signCode(sign).node);
  module.define(index, e.body);
  return index;
}
/** Nothing comes after it. */
function give(e: Emitter, deliver: number, result: Halves & { sign: I64; exponent: I32; beyond: I64 }): void {
  const { sign, exponent, left, right, beyond } = result;
  e.returnCall(deliver, e.parameter32(0), e.parameter32(1), sign, exponent, left.value, right.value, beyond);
}

/** (cpu, R1, second operand) of a routine for extended operands. */
function begin(e: Emitter): { readonly place: Local<I32>; readonly a: Operand; readonly b: Operand } {
  const state = e.parameter32(0);
  unlessOrdinary(e, state);
  const place = fprPlace(e, state, e.parameter32(1));
  const second = { left: e.local64(e.parameter64(2)), right: e.local64(e.parameter64(3)) };
  return { place, a: takeApart(e, fromPair(e, place.value)), b: takeApart(e, second) };
}

// --- addition --------------------------------------------------------------------------------------

function defineAdd(module: ModuleBuilder, deliver: number): number {
  const index = module.declare("addExtended", ["i32", "i32", "i64", "i64"], ["i32"]);
  const e = new Emitter(4);
  const { place, a, b } = begin(e);
  const [normalA, normalB] = [e.local32(isNormal(a.exponent.value)), e.local32(isNormal(b.exponent.value))];
  e.rarely(normalA.value.and(normalB.value).isZero(), () => {
    e.if(normalA.value.and(isZero(b.bits)), () => e.return(signCode(a.bits.left.value)));
    e.if(normalB.value.and(isZero(a.bits)), () => {
      toPair(e, place.value, b.bits.left.value, b.bits.right.value);
      e.return(signCode(b.bits.left.value));
    });
    undone(e);
  });
  const sign = e.local64(a.bits.left.value.and(SIGN));
  const differ = e.local32(a.bits.left.value.xor(b.bits.left.value).ltS(0));
  e.if(b.exponent.value.gtU(a.exponent.value), () => {
    const swap = <T extends I32 | I64>(x: Local<T>, y: Local<T>, kept: Local<T>): void => {
      e.set(x, y.value);
      e.set(y, kept.value);
    };
    swap(a.left, b.left, e.local64(a.left.value));
    swap(a.right, b.right, e.local64(a.right.value));
    swap(a.exponent, b.exponent, e.local32(a.exponent.value));
    e.set(sign, b.bits.left.value.and(SIGN));
  });
  // Bit 0 is for the carry.
  shiftLeft(e, a, KEPT_FROM - 1);
  shiftLeft(e, b, KEPT_FROM - 1);
  const distance = e.local32(a.exponent.value.sub(b.exponent.value));
  const beyond = e.local64(L(0));
  e.if(distance.value, () => e.set(beyond, shiftRight(e, b, distance.value).value));
  e.if(
    differ.value,
    () => {
      subtractMagnitudes(e, a, b, beyond.value);
      e.if(a.left.value.or(a.right.value).eq(0), () => {
        toPair(e, place.value, L(0), L(0));
        e.return(I(0));
      });
      e.if(a.left.value.ltS(0), () => {
        negate(e, a);
        e.set(sign, sign.value.xor(SIGN));
      });
    },
    () => {
      e.set(a.right, a.right.value.add(b.right.value));
      const carry = a.right.value.ltU(b.right.value).unsigned64();
      e.set(a.left, a.left.value.add(b.left.value).add(carry));
    },
  );
  const shifted = normalize(e, a);
  const exponent = a.exponent.value.add(1).sub(shifted.value);
  give(e, deliver, { ...a, sign: sign.value, exponent, beyond: beyond.value });
  module.define(index, e.body);
  return index;
}
/** a = a - b; when digits of b lie beyond, b is a little larger than it seems and the result has digits beyond, too. */
function subtractMagnitudes(e: Emitter, a: Halves, b: Halves, beyond: I64): void {
  const borrowed = e.local64(beyond.ne(0).unsigned64());
  const least = e.local64(a.right.value.sub(b.right.value));
  const borrow = e.local64(a.right.value.ltU(b.right.value).unsigned64());
  e.set(a.right, least.value.sub(borrowed.value));
  const again = least.value.ltU(borrowed.value).unsigned64();
  e.set(a.left, a.left.value.sub(b.left.value).sub(borrow.value).sub(again));
}
function negate(e: Emitter, { left, right }: Halves): void {
  e.set(right, L(0).sub(right.value));
  e.set(left, left.value.not().add(right.value.eq(0).unsigned64()));
}

function defineSubtract(module: ModuleBuilder, add: number): number {
  const index = module.declare("subtractExtended", ["i32", "i32", "i64", "i64"], ["i32"]);
  const e = new Emitter(4);
  e.returnCall(add, e.parameter32(0), e.parameter32(1), e.parameter64(2).xor(SIGN), e.parameter64(3));
  module.define(index, e.body);
  return index;
}

// --- multiplication --------------------------------------------------------------------------------

/** Both are normal; or a factor is zero, and so is the product; or it is left undone. */
function normalFactors(e: Emitter, place: Local<I32>, a: Operand, b: Operand, sign: I64): void {
  const [normalA, normalB] = [e.local32(isNormal(a.exponent.value)), e.local32(isNormal(b.exponent.value))];
  e.rarely(normalA.value.and(normalB.value).isZero(), () => {
    const zeroA = isZero(a.bits).and(normalB.value.or(isZero(b.bits)));
    e.if(zeroA.or(isZero(b.bits).and(normalA.value)), () => {
      toPair(e, place.value, sign, L(0));
      e.return(I(0));
    });
    undone(e);
  });
}

function defineMultiply(module: ModuleBuilder, deliver: number, multiplyHigh: number): number {
  const index = module.declare("multiplyExtended", ["i32", "i32", "i64", "i64"], ["i32"]);
  const e = new Emitter(4);
  const { place, a, b } = begin(e);
  const sign = e.local64(a.bits.left.value.xor(b.bits.left.value).and(SIGN));
  normalFactors(e, place, a, b, sign.value);
  shiftLeft(e, a, KEPT_FROM);
  shiftLeft(e, b, KEPT_FROM);
  const high = (x: Local<I64>, y: Local<I64>) => e.call64(multiplyHigh, x.value, y.value);
  const low = (x: Local<I64>, y: Local<I64>) => x.value.mul(y.value);
  // The product's four parts of 64 bits, the rightmost first; `plus` carries into the next.
  const parts = [
    e.local64(low(a.right, b.right)),
    e.local64(high(a.right, b.right)),
    e.local64(low(a.left, b.left)),
    e.local64(high(a.left, b.left)),
  ] as const;
  const plus = (n: 1 | 2 | 3, value: I64): void => {
    const addend = e.local64(value);
    e.set(parts[n], parts[n].value.add(addend.value));
    if (n < 3) plus((n + 1) as 2 | 3, parts[n].value.ltU(addend.value).unsigned64());
  };
  plus(1, low(a.left, b.right));
  plus(1, low(a.right, b.left));
  plus(2, high(a.left, b.right));
  plus(2, high(a.right, b.left));
  const exponent = e.local32(a.exponent.value.add(b.exponent.value).sub(BIAS - 1));
  const [last, third, right, left] = parts;
  e.if(left.value.geS(0), () => {
    e.set(left, left.value.shl(1).or(right.value.shrU(63)));
    e.set(right, right.value.shl(1).or(third.value.shrU(63)));
    e.set(third, third.value.shl(1));
    e.set(exponent, exponent.value.sub(1));
  });
  const beyond = third.value.or(last.value);
  give(e, deliver, { left, right, sign: sign.value, exponent: exponent.value, beyond });
  module.define(index, e.body);
  return index;
}

/** (cpu, R1, second operand, nothing): the product of two long operands, which is exact. */
function defineMultiplyLong(module: ModuleBuilder, deliver: number, multiplyHigh: number): number {
  const index = module.declare("multiplyLongerLong", ["i32", "i32", "i64", "i64"], ["i32"]);
  const e = new Emitter(4);
  const state = e.parameter32(0);
  unlessOrdinary(e, state);
  const [a, b] = [
    e.local64(load.i64(fprPlace(e, state, e.parameter32(1)).value, at.vr + 8)),
    e.local64(e.parameter64(2)),
  ];
  const exponentOf = (x: Local<I64>) => e.local32(x.value.shrU(52).low32().and(0x7ff));
  const [first, second] = [exponentOf(a), exponentOf(b)];
  const isNormalLong = (x: Local<I32>) => x.value.sub(1).ltU(LONG_GREATEST);
  e.rarely(isNormalLong(first).and(isNormalLong(second)).isZero(), () => undone(e));
  const sign = e.local64(a.value.xor(b.value).and(SIGN));
  for (const x of [a, b]) e.set(x, x.value.shl(11).or(SIGN));
  const product = {
    left: e.local64(e.call64(multiplyHigh, a.value, b.value)),
    right: e.local64(a.value.mul(b.value)),
  };
  const shifted = normalize(e, product);
  const exponent = first.value
    .add(second.value)
    .add(BIAS + 1 - 2 * LONG_BIAS)
    .sub(shifted.value);
  give(e, deliver, { ...product, sign: sign.value, exponent, beyond: L(0) });
  module.define(index, e.body);
  return index;
}

// --- division --------------------------------------------------------------------------------------

/** Digits of the quotient that come at once, and where a significand's first digit is meanwhile. */
const STEP = 32;
const ROOM = 12;

/**
 * The quotient comes by 32 digits at a time. Each time it is estimated from the first 64 of the remainder and the first
 * 32 of the divisor, by at most three too few; significands have three bits of room, so that the remainder of an
 * estimate fits.
 */
function defineDivide(module: ModuleBuilder, deliver: number): number {
  const index = module.declare("divideExtended", ["i32", "i32", "i64", "i64"], ["i32"]);
  const e = new Emitter(4);
  const { place, a, b } = begin(e);
  const sign = e.local64(a.bits.left.value.xor(b.bits.left.value).and(SIGN));
  const [normalA, normalB] = [e.local32(isNormal(a.exponent.value)), e.local32(isNormal(b.exponent.value))];
  e.rarely(normalA.value.and(normalB.value).isZero(), () => {
    e.if(isZero(a.bits).and(normalB.value), () => {
      toPair(e, place.value, sign.value, L(0));
      e.return(I(0));
    });
    undone(e);
  });
  shiftLeft(e, a, ROOM);
  shiftLeft(e, b, ROOM);
  const exponent = e.local32(a.exponent.value.sub(b.exponent.value).add(BIAS - 1));
  const fits = (): I32 =>
    a.left.value.gtU(b.left.value).or(a.left.value.eq(b.left.value).and(a.right.value.geU(b.right.value)));
  // Below one, the quotient's first digit is bit 0.
  e.if(fits(), () => {
    e.set(a.right, a.right.value.shrU(1).or(a.left.value.shl(63)));
    e.set(a.left, a.left.value.shrU(1));
    e.set(exponent, exponent.value.add(1));
  });
  const divisor = e.local64(b.left.value.shrU(61 - STEP).add(1));
  const quotient = { left: e.local64(L(0)), right: e.local64(L(0)) };
  const digits = e.local64();
  const steps = e.local32(128 / STEP);
  e.loop((again) => {
    e.set(digits, a.left.value.shl(3).or(a.right.value.shrU(61)).divU(divisor.value));
    shiftLeft(e, a, STEP);
    subtractProduct(e, a, b, digits.value);
    e.loop((more) => {
      e.if(fits(), () => {
        subtractMagnitudes(e, a, b, L(0));
        e.set(digits, digits.value.add(1));
        more();
      });
    });
    shiftLeft(e, quotient, STEP);
    e.set(quotient.right, quotient.right.value.or(digits.value));
    e.set(steps, steps.value.sub(1));
    e.if(steps.value, again);
  });
  const beyond = a.left.value.or(a.right.value);
  give(e, deliver, { ...quotient, sign: sign.value, exponent: exponent.value, beyond });
  module.define(index, e.body);
  return index;
}
/** a = a - b times a number of 32 bits, all modulo 2 to the power 128. */
function subtractProduct(e: Emitter, a: Halves, b: Halves, factor: I64): void {
  const lowest = e.local64(b.right.value.and(LOW_WORD).mul(factor));
  const middle = e.local64(b.right.value.shrU(32).mul(factor).add(lowest.value.shrU(32)));
  const product = {
    left: e.local64(b.left.value.mul(factor).add(middle.value.shrU(32))),
    right: e.local64(middle.value.shl(32).or(lowest.value.and(LOW_WORD))),
  };
  subtractMagnitudes(e, a, product, L(0));
}

// --- LOAD ROUNDED ----------------------------------------------------------------------------------

/** (cpu, R1, second operand, M3, M4): to a long result, when M3 is for rounding to nearest. */
function defineRoundToLong(module: ModuleBuilder): number {
  const index = module.declare("roundExtendedToLong", ["i32", "i32", "i64", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const [left, right] = [e.parameter64(2), e.parameter64(3)];
  unlessOrdinary(e, state);
  e.rarely(e.parameter32(4).and(~4), () => undone(e));
  const exponent = e.local32(biased(left).sub(BIAS - LONG_BIAS));
  const sign = e.local64(left.and(SIGN));
  const place = fprPlace(e, state, e.parameter32(1));
  e.rarely(exponent.value.sub(1).geU(LONG_GREATEST - 1), () => {
    e.if(left.shl(1).or(right).eq(0), () => {
      e.store("i64", place.value, at.vr + 8, sign.value);
      e.return(I(0));
    });
    undone(e);
  });
  const kept = e.local64(left.and(FRACTION).shl(4).or(right.shrU(60)));
  const lost = e.local64(right.shl(4));
  const odd = kept.value.and(1);
  const up = lost.value
    .shrU(1)
    .or(lost.value.and(1))
    .add(odd)
    .gtU(1n << 62n);
  const number = kept.value.add(exponent.value.unsigned64().shl(52)).add(up.unsigned64());
  e.store("i64", place.value, at.vr + 8, number.or(sign.value));
  const noted = lost.value.ne(0).and(e.parameter32(5).and(4).isZero());
  e.if(noted, () => e.store("i32", state, at.fpc, load.i32(state, at.fpc).or(INEXACT_FLAG)));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}
