/**
 * Which results of the host's floating point are the architected ones: those of short and long arithmetic that neither
 * overflow nor come near underflow, while the FPC register asks for rounding to nearest and enables no trap. Whether
 * digits were lost is decided by error-free transformations (Dekker's product, Knuth's sum; the fused product and sum
 * after Boldo and Melquiond, with an intermediate rounded to odd).
 */
import {
  F64,
  I32,
  type I64,
  V128,
  choose,
  hostFuses,
  machine,
  share,
  shortOfSigned,
  shortOfUnsigned,
} from "../dsl/index.ts";

/** The host's result, where it can be relied on. */
export interface HostResult {
  /** 1 when the bits are those of the architected result, given `plainArithmetic`. */
  readonly sure: I32;
  /** Right-aligned for a short result. */
  readonly bits: I64;
  /** 1 when digits were lost; to be asked for only where `sure`. */
  readonly inexact: () => I32;
}

/** No exception traps, and the BFP rounding mode is to nearest. */
export const plainArithmetic = (): I32 => machine.fpc.and(~0x07ff_fff8).isZero();

/** The error of a sum that was rounded to nearest. */
function sumError(a: F64, b: F64, sum: F64): F64 {
  const virtual = sum.sub(a);
  return a.sub(sum.sub(virtual)).add(b.sub(virtual));
}

/** The upper half of a double's digits. */
function upperHalf(a: F64): F64 {
  const scaled = a.mul(F64.of(2 ** 27 + 1));
  return scaled.sub(scaled.sub(a));
}
/** The error of a product that was rounded to nearest. */
function productError(a: F64, b: F64, product: F64): F64 {
  if (hostFuses) return V128.fused(a, b, product.negate()).laneDouble();
  const [upperA, upperB] = [upperHalf(a), upperHalf(b)];
  const [lowerA, lowerB] = [a.sub(upperA), b.sub(upperB)];
  const rest = product.sub(upperA.mul(upperB)).sub(lowerA.mul(upperB)).sub(upperA.mul(lowerB));
  return lowerA.mul(lowerB).sub(rest);
}

/** Of a sum and its error, not both zero: the neighbour with an odd last digit when the sum was inexact. */
function toOdd(sum: F64, error: F64): F64 {
  const bits = sum.bits();
  const away = error.gt(0).eq(sum.gt(0));
  const adjusts = error.ne(0).and(bits.low32().and(1).isZero());
  return F64.ofBits(adjusts.select(bits.add(away.select(I32.of(1), I32.of(-1)).signed64()), bits));
}

const isBetween = (a: F64, low: number, high: number): I32 => a.abs().gt(low).and(a.abs().lt(high));

// --- long ------------------------------------------------------------------------------------------

export function addLong(a: F64, b: F64): HostResult {
  const sum = a.add(b);
  const sure = a
    .abs()
    .lt(2 ** 1022)
    .and(b.abs().lt(2 ** 1022));
  return { sure, bits: sum.bits(), inexact: () => sumError(a, b, sum).ne(0) };
}

/** Zero factors make exact products. */
const productSure = (a: F64, b: F64, product: F64): I32 =>
  a
    .abs()
    .lt(2 ** 495)
    .and(b.abs().lt(2 ** 495))
    .and(
      product
        .abs()
        .gt(2 ** -900)
        .or(a.eq(0))
        .or(b.eq(0)),
    );

export function multiplyLong(a: F64, b: F64): HostResult {
  const product = a.mul(b);
  return {
    sure: productSure(a, b, product),
    bits: product.bits(),
    inexact: () => productError(a, b, product).ne(0),
  };
}

export function divideLong(a: F64, b: F64): HostResult {
  const quotient = a.div(b);
  const sure = isBetween(b, 2 ** -450, 2 ** 450).and(isBetween(a, 2 ** -450, 2 ** 450).or(a.eq(0)));
  const product = quotient.mul(b);
  return {
    sure,
    bits: quotient.bits(),
    inexact: () => product.ne(a).or(productError(quotient, b, product).ne(0)),
  };
}

export function squareRootLong(a: F64): HostResult {
  const root = a.sqrt();
  const sure = a
    .gt(2 ** -900)
    .and(a.lt(2 ** 990))
    .or(a.eq(0));
  const square = root.mul(root);
  return {
    sure,
    bits: root.bits(),
    inexact: () => square.ne(a).or(productError(root, root, square).ne(0)),
  };
}

/** FPC bit 12: the IEEE-inexact flag. */
const INEXACT_FLAG = 0x0008_0000;

/** a times b plus c, rounded once. */
export function multiplyAddLong(a: F64, b: F64, c: F64): HostResult {
  return hostFuses ? fusedByHost(a, b, c) : fusedByParts(a, b, c);
}

/**
 * With the flag set already, a result is sure that is finite and not near underflow, or exact because a factor is zero
 * or because the addend is large beside it. Otherwise its error has to be exact: of the fused operation, after Boldo
 * and Muller.
 */
function fusedByHost(a: F64, b: F64, c: F64): HostResult {
  const result = share(V128.fused(a, b, c)).laneDouble();
  const product = a.mul(b);
  const zeroProduct = a.eq(0).or(b.eq(0));
  const exact = zeroProduct.or(c.abs().gt(2 ** -900));
  const flagless = share(
    result
      .abs()
      .lt(2 ** 1023)
      .and(
        result
          .abs()
          .gt(2 ** -1000)
          .or(exact),
      ),
  );
  const addendSure = isBetween(c, 2 ** -900, 2 ** 990).or(c.eq(0));
  const sumSure = zeroProduct.or(result.abs().gt(2 ** -800));
  const sure = choose(
    machine.fpc.and(INEXACT_FLAG).isZero(),
    () =>
      flagless
        .and(productSure(a, b, product))
        .and(addendSure)
        .and(sumSure),
    () => flagless,
  );
  const lost = (): I32 => {
    const low = productError(a, b, product);
    const middle = c.add(low);
    const upper = product.add(middle);
    const rest = upper.sub(result).add(sumError(product, middle, upper));
    return rest
      .add(sumError(c, low, middle))
      .ne(0)
      .and(zeroProduct.isZero());
  };
  return { sure, bits: result.bits(), inexact: lost };
}

function fusedByParts(a: F64, b: F64, c: F64): HostResult {
  const product = a.mul(b);
  const low = productError(a, b, product);
  const middle = c.add(low);
  const middleError = sumError(c, low, middle);
  const upper = product.add(middle);
  const upperError = sumError(product, middle, upper);
  const rest = middleError.add(upperError);
  const restError = sumError(middleError, upperError, rest);
  const odd = toOdd(rest, restError);
  const sum = upper.add(odd);
  // With a zero factor everything is in one sum, signs of zeros included.
  const zeroProduct = a.eq(0).or(b.eq(0));
  const simple = product.add(c);
  const addendSure = isBetween(c, 2 ** -900, 2 ** 990).or(c.eq(0));
  const sumSure = zeroProduct.or(sum.abs().gt(2 ** -800));
  const lost = restError.ne(0).or(sumError(upper, odd, sum).ne(0));
  return {
    sure: productSure(a, b, product).and(addendSure).and(sumSure),
    bits: zeroProduct.select(simple.bits(), sum.bits()),
    inexact: () => lost.and(zeroProduct.isZero()),
  };
}

// --- short, in double precision --------------------------------------------------------------------

/** Twice rounding is harmless: doubles have more than twice the digits of shorts, and two. */
function roundedToShort(value: F64, exactZero: I32, lostBefore: () => I32): HostResult {
  const result = value.toShort();
  return {
    sure: isBetween(result, 2 ** -126, 2 ** 127).or(exactZero),
    bits: value.shortBits().unsigned64(),
    inexact: () => result.ne(value).or(lostBefore()),
  };
}

export function addShort(a: F64, b: F64): HostResult {
  const sum = a.add(b);
  return roundedToShort(sum, sum.eq(0), () => sumError(a, b, sum).ne(0));
}

const nothing = (): I32 => I32.of(0);

export function multiplyShort(a: F64, b: F64): HostResult {
  const product = a.mul(b);
  return roundedToShort(product, product.eq(0), nothing);
}

export function divideShort(a: F64, b: F64): HostResult {
  const quotient = a.div(b);
  const exactZero = a.eq(0).and(isBetween(b, 0, Infinity));
  const { sure, bits } = roundedToShort(quotient, exactZero, nothing);
  return { sure, bits, inexact: () => quotient.toShort().mul(b).ne(a) };
}

export function squareRootShort(a: F64): HostResult {
  const root = a.sqrt();
  const { sure, bits } = roundedToShort(root, a.eq(0), nothing);
  return { sure, bits, inexact: () => root.toShort().mul(root.toShort()).ne(a) };
}

/** The product is exact as a double; the sum is rounded to odd, so that rounding it again is harmless. */
export function multiplyAddShort(a: F64, b: F64, c: F64): HostResult {
  const product = a.mul(b);
  const sum = product.add(c);
  const error = sumError(product, c, sum);
  return roundedToShort(toOdd(sum, error), sum.eq(0), () => error.ne(0));
}

// --- conversions -----------------------------------------------------------------------------------

/** M3 asks for a mode that the host has: as the FPC register says, to nearest, toward zero, up, down. */
const hostMode = (m3: I32): I32 => I32.of(0xf1).shrU(m3).and(1);
const nearestMode = (m3: I32): I32 => I32.of(0x11).shrU(m3).and(1);

/** LOAD ROUNDED, long to short. */
export function roundToShort(a: F64, m3: I32): HostResult {
  const result = roundedToShort(a, a.eq(0), nothing);
  return { ...result, sure: result.sure.and(nearestMode(m3)) };
}

/** A double rounded to an integer as M3 says. */
function rounded(a: F64, m3: I32): F64 {
  const upOrDown = m3.eq(6).select(a.ceiling().bits(), m3.eq(7).select(a.floor().bits(), a.nearest().bits()));
  return F64.ofBits(m3.eq(5).select(a.truncate().bits(), upOrDown));
}

/** LOAD FP INTEGER; the result is a double, or its short equal. */
export function roundToInteger(a: F64, m3: I32, short: boolean): HostResult {
  const whole = rounded(a, m3);
  return {
    sure: hostMode(m3).and(a.abs().lt(2 ** 1000)),
    bits: short ? whole.shortBits().unsigned64() : whole.bits(),
    inexact: () => whole.ne(a),
  };
}

/** CONVERT TO FIXED and CONVERT TO LOGICAL of a number other than zero that is within range. */
export function toInteger(a: F64, m3: I32, width: 32 | 64, signed: boolean): HostResult {
  const whole = rounded(a, m3);
  const limit = 2 ** (signed ? width - 1 : width);
  const above = signed ? whole.ge(-limit) : whole.ge(0);
  return {
    sure: hostMode(m3).and(above).and(whole.lt(limit)).and(a.ne(0)),
    bits: signed ? whole.toSigned() : whole.toUnsigned(),
    inexact: () => whole.ne(a),
  };
}

/** CONVERT FROM FIXED and CONVERT FROM LOGICAL; a number that fits is right in every mode. */
export function fromInteger(value: I64, absolute: I64, signed: boolean, short: boolean, m3: I32): HostResult {
  const shortBits = signed ? shortOfSigned(value) : shortOfUnsigned(value);
  const longBits = signed ? F64.ofSigned(value) : F64.ofUnsigned(value);
  const digits = short ? 24 : 53;
  const lost = absolute.shl(absolute.clz()).shl(digits).ne(0);
  return {
    sure: nearestMode(m3).or(lost.isZero()),
    bits: short ? shortBits.unsigned64() : longBits.bits(),
    inexact: () => lost,
  };
}
