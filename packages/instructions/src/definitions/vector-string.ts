/** Vector string instructions. Principles of Operation, "Vector String Instructions". */
import {
  BYTE,
  type Effects,
  type ElementSize,
  I32,
  I64,
  type Instruction,
  type Operands,
  V128,
  VRRa35,
  VRRb,
  VRRd56,
  constantOf,
  elementBits,
  elements,
  recognise,
  share,
  vr,
} from "../dsl/index.ts";
import { bySize, setCcWhen, upToWord, vectorInsn } from "./vector-elements.ts";

/** Flags of M5 or M6: what is found is inverted, the result is a mask, zeros end the search, CC is set. */
const Flag = { invert: 8, mask: 4, zero: 2, code: 1 } as const;
const flag = (mask: I32, value: number): I32 => mask.and(value).ne(0);

/** The vector where asked for, else zeros. */
const whenAsked = (asked: I32, value: V128): V128 => {
  const known = constantOf(asked.node);
  if (known !== undefined) return known === 0n ? V128.zero : value;
  return value.and(V128.splat(BYTE, I32.of(0).sub(asked)));
};

/** Number of the leftmost byte of which the mask has ones, or 16. */
const firstByte = (bitmask: I32): I32 => bitmask.clz().sub(16);
/** Bytes of the mask, in the rightmost 16 bits. */
const bytesOf = (mask: V128): I32 => share(mask.bitmask());
const inByte7 = (number: I32): V128 => V128.ofDoublewords(number.unsigned64(), I64.of(0));

/** CC: 0 a zero came first, 1 found and no zero, 2 found before a zero, 3 neither. A greater bit mask is further left. */
function foundCode(found: I32, zeros: I32): I32 {
  const zeroFirst = zeros.clz().leU(found.clz());
  const withZero = zeroFirst.select(I32.of(0), I32.of(2));
  return found
    .or(zeros)
    .isZero()
    .select(I32.of(3), zeros.isZero().select(I32.of(1), withZero));
}

/** `found` has ones in elements that were found, `zeros` in those that are zero. */
function searched(v1: I32, flags: I32, found: V128, zeros: V128): Effects {
  const [matches, ends] = [bytesOf(found), bytesOf(zeros)];
  const number = inByte7(firstByte(matches.or(ends)));
  const asMask = flag(flags, Flag.mask);
  const known = constantOf(asMask.node);
  const either = V128.splat(BYTE, I32.of(0).sub(asMask)).select(found, number);
  const result = known === undefined ? either : known === 0n ? number : found;
  return [vr(v1).set(result), ...setCcWhen(flags.and(Flag.code), foundCode(matches, ends))];
}

const zeroElements = (mask: I32, a: V128, flags: I32): V128 =>
  share(
    whenAsked(
      flag(flags, Flag.zero),
      bySize(mask, upToWord, (size) => a.eq(size, V128.zero)),
    ),
  );
/** Inverted where the flag asks for it. */
function inverted(flags: I32, found: V128): V128 {
  const asked = flag(flags, Flag.invert);
  const known = constantOf(asked.node);
  if (known !== undefined) return known === 0n ? found : found.not();
  return found.xor(V128.splat(BYTE, I32.of(0).sub(asked)));
}

/** One element in all places. */
const everyElement = (size: ElementSize, a: V128, element: number): V128 =>
  a.shuffle(
    a,
    Array.from({ length: 16 }, (_, n) => (element << size) + (n & ((1 << size) - 1))),
  );
const numbers = (size: ElementSize): number[] => Array.from({ length: elements(size) }, (_, n) => n);

/** Elements that equal any of the third operand's. */
const equalToAny = (size: ElementSize, a: V128, b: V128): V128 =>
  numbers(size)
    .map((n) => a.eq(size, everyElement(size, b, n)))
    .reduce((any, next) => any.or(next));

/** Elements that are in any range: pairs of limits, each with a control that asks for equal, low and high (bits 0 to 2). */
function inAnyRange(size: ElementSize, a: V128, limits: V128, controls: V128): V128 {
  const last = elementBits(size) - 1;
  const within = (n: number): V128 => {
    const limit = everyElement(size, limits, n);
    const control = everyElement(size, controls, n);
    const asks = (bit: number): V128 => control.shiftLeft(size, bit).shiftRightSigned(size, last);
    const [low, high] = [limit.gtU(size, a), a.gtU(size, limit)];
    const equal = asks(0).andNot(low.or(high));
    return equal.or(low.and(asks(1))).or(high.and(asks(2)));
  };
  return numbers(size)
    .filter((n) => n % 2 === 0)
    .map((n) => within(n).and(within(n + 1)))
    .reduce((any, next) => any.or(next));
}

const findAny = ({ v1, v2, v3, m4, m5 }: Operands): Effects => {
  const [a, b] = [share(vr(v2).value), share(vr(v3).value)];
  const equal = share(bySize(m4, upToWord, (size) => equalToAny(size, a, b)));
  return searched(v1, m5, share(inverted(m5, equal)), zeroElements(m4, a, m5));
};

const onlyFlags = (mask: I32, flags: number): void => recognise.specification(mask.and(~flags).ne(0));

const findEqual = ({ v1, v2, v3, m4, m5 }: Operands): Effects => {
  onlyFlags(m5, Flag.zero | Flag.code);
  const a = share(vr(v2).value);
  const equal = share(bySize(m4, upToWord, (size) => a.eq(size, vr(v3).value)));
  return searched(v1, m5, equal, zeroElements(m4, a, m5));
};

/** CC: 0 a zero came first, 1 and 2 the second operand's element is the lower or the higher one, 3 all equal. */
const findNotEqual = ({ v1, v2, v3, m4, m5 }: Operands): Effects => {
  onlyFlags(m5, Flag.zero | Flag.code);
  const [a, b] = [share(vr(v2).value), share(vr(v3).value)];
  const different = bytesOf(bySize(m4, upToWord, (size) => a.eq(size, b).not()));
  const low = bytesOf(bySize(m4, upToWord, (size) => b.gtU(size, a)));
  const zeros = bytesOf(zeroElements(m4, a, m5));
  const number = firstByte(different.or(zeros));
  const order = low.clz().eq(different.clz()).select(I32.of(1), I32.of(2));
  const found = zeros.clz().ltU(different.clz()).select(I32.of(0), order);
  const code = different.or(zeros).isZero().select(I32.of(3), found);
  return [vr(v1).set(inByte7(number)), ...setCcWhen(m5.and(Flag.code), code)];
};

/** Zeros from the first zero element on. CC: 0 there is one, 3 there is none. */
const isolate = ({ v1, v2, m3, m5 }: Operands): Effects => {
  onlyFlags(m5, Flag.code);
  const a = share(vr(v2).value);
  const zeros = bytesOf(bySize(m3, upToWord, (size) => a.eq(size, V128.zero)));
  const places = V128.ofBytes(Array.from({ length: 16 }, (_, n) => n));
  const kept = V128.splat(BYTE, firstByte(zeros)).gtU(BYTE, places);
  const code = zeros.isZero().select(I32.of(3), I32.of(0));
  return [vr(v1).set(a.and(kept)), ...setCcWhen(m5.and(Flag.code), code)];
};

const rangeCompare = ({ v1, v2, v3, v4, m5, m6 }: Operands): Effects => {
  const [a, limits, controls] = [share(vr(v2).value), share(vr(v3).value), share(vr(v4).value)];
  const within = share(bySize(m5, upToWord, (size) => inAnyRange(size, a, limits, controls)));
  return searched(v1, m6, share(inverted(m6, within)), zeroElements(m5, a, m6));
};

export const vectorString: readonly Instruction[] = [
  vectorInsn("VFAE", VRRb(0xe782), "VECTOR FIND ANY ELEMENT EQUAL", findAny),
  vectorInsn("VFEE", VRRb(0xe780), "VECTOR FIND ELEMENT EQUAL", findEqual),
  vectorInsn("VFENE", VRRb(0xe781), "VECTOR FIND ELEMENT NOT EQUAL", findNotEqual),
  vectorInsn("VISTR", VRRa35(0xe75c), "VECTOR ISOLATE STRING", isolate),
  vectorInsn("VSTRC", VRRd56(0xe78a), "VECTOR STRING RANGE COMPARE", rangeCompare),
];
