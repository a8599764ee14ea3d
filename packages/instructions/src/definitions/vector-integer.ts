/** Vector integer instructions. Principles of Operation, "Vector Integer Instructions". */
import {
  BYTE,
  DOUBLEWORD,
  type Effects,
  type ElementSize,
  HALFWORD,
  I32,
  I64,
  type Instruction,
  type Operands,
  V128,
  VRId,
  VRId5,
  VRRa,
  VRRa3,
  VRRb,
  VRRc,
  VRRc4,
  VRRd5,
  VRRd56,
  VRSa4,
  WORD,
  call,
  cc,
  constantOf,
  elementBits,
  recognise,
  share,
  vectorDoubleword,
  vectorElement,
  vr,
  wasmRoutine,
} from "../dsl/index.ts";
import {
  VECTOR_ENHANCEMENTS_1,
  VECTOR_ENHANCEMENTS_2,
  allSomeNone,
  anySize,
  byNumber,
  bySize,
  checkSize,
  setCcWhen,
  upToWord,
  vectorInsn,
} from "./vector-elements.ts";

type Dyadic = (a: V128, b: V128) => V128;
type Sized = (size: ElementSize, a: V128, b: V128) => V128;

// --- logic -----------------------------------------------------------------------------------------

const logical = (
  mnemonic: string,
  opcode: number,
  title: string,
  combine: Dyadic,
  facility?: number,
): Instruction =>
  vectorInsn(
    mnemonic,
    VRRc(opcode),
    title,
    ({ v1, v2, v3 }) => [vr(v1).set(combine(vr(v2).value, vr(v3).value))],
    facility,
  );

/** CC: 0 all selected bits zeros (or none selected), 1 mixed, 3 all ones. */
const testUnderMask = ({ v1, v2 }: Operands): Effects => {
  const [value, mask] = [share(vr(v1).value), share(vr(v2).value)];
  const anyOne = value.and(mask).anyTrue();
  const anyZero = mask.andNot(value).anyTrue();
  return [cc.set(anyOne.select(anyZero.select(I32.of(1), I32.of(3)), I32.of(0)))];
};

const logic: readonly Instruction[] = [
  logical("VN", 0xe768, "VECTOR AND", (a, b) => a.and(b)),
  logical("VNC", 0xe769, "VECTOR AND WITH COMPLEMENT", (a, b) => a.andNot(b)),
  logical("VO", 0xe76a, "VECTOR OR", (a, b) => a.or(b)),
  logical("VNO", 0xe76b, "VECTOR NOR", (a, b) => a.or(b).not()),
  logical("VX", 0xe76d, "VECTOR EXCLUSIVE OR", (a, b) => a.xor(b)),
  logical("VNN", 0xe76e, "VECTOR NAND", (a, b) => a.and(b).not(), VECTOR_ENHANCEMENTS_1),
  logical("VNX", 0xe76c, "VECTOR NOT EXCLUSIVE OR", (a, b) => a.xor(b).not(), VECTOR_ENHANCEMENTS_1),
  logical("VOC", 0xe76f, "VECTOR OR WITH COMPLEMENT", (a, b) => a.or(b.not()), VECTOR_ENHANCEMENTS_1),
  vectorInsn("VTM", VRRa(0xe7d8), "VECTOR TEST UNDER MASK", testUnderMask),
];

// --- elements --------------------------------------------------------------------------------------

const dyadic = (
  mnemonic: string,
  opcode: number,
  title: string,
  compute: Sized,
  sizes: readonly ElementSize[] = anySize,
): Instruction =>
  vectorInsn(mnemonic, VRRc4(opcode), title, ({ v1, v2, v3, m4 }) => [
    vr(v1).set(bySize(m4, sizes, (size) => compute(size, vr(v2).value, vr(v3).value))),
  ]);
const monadic = (
  mnemonic: string,
  opcode: number,
  title: string,
  compute: (size: ElementSize, a: V128) => V128,
): Instruction =>
  vectorInsn(mnemonic, VRRa3(opcode), title, ({ v1, v2, m3 }) => [
    vr(v1).set(bySize(m3, anySize, (size) => compute(size, vr(v2).value))),
  ]);

/** Half the sum, rounded up, without the carry that the sum may have. */
const average =
  (signed: boolean): Sized =>
  (size, a, b) => {
    const half = a.xor(b);
    return a.or(b).sub(size, signed ? half.shiftRightSigned(size, 1) : half.shiftRight(size, 1));
  };

const one = (size: ElementSize): V128 => V128.every(size, 1);
const trailingZeros = (size: ElementSize, a: V128): V128 => a.sub(size, one(size)).andNot(a).popcount(size);
function leadingZeros(size: ElementSize, a: V128): V128 {
  let smeared = a;
  for (let by = 1; by < elementBits(size); by *= 2) smeared = smeared.or(smeared.shiftRight(size, by));
  return smeared.not().popcount(size);
}

const simple: readonly Instruction[] = [
  dyadic("VAVG", 0xe7f2, "VECTOR AVERAGE", average(true)),
  dyadic("VAVGL", 0xe7f0, "VECTOR AVERAGE LOGICAL", average(false)),
  dyadic("VMX", 0xe7ff, "VECTOR MAXIMUM", (size, a, b) => a.maxS(size, b)),
  dyadic("VMXL", 0xe7fd, "VECTOR MAXIMUM LOGICAL", (size, a, b) => a.maxU(size, b)),
  dyadic("VMN", 0xe7fe, "VECTOR MINIMUM", (size, a, b) => a.minS(size, b)),
  dyadic("VMNL", 0xe7fc, "VECTOR MINIMUM LOGICAL", (size, a, b) => a.minU(size, b)),
  monadic("VLC", 0xe7de, "VECTOR LOAD COMPLEMENT", (size, a) => a.negate(size)),
  monadic("VLP", 0xe7df, "VECTOR LOAD POSITIVE", (size, a) => a.absolute(size)),
  monadic("VCLZ", 0xe753, "VECTOR COUNT LEADING ZEROS", leadingZeros),
  monadic("VCTZ", 0xe752, "VECTOR COUNT TRAILING ZEROS", trailingZeros),
  monadic("VPOPCT", 0xe750, "VECTOR POPULATION COUNT", (size, a) => a.popcount(size)),
];

// --- sums, up to quadwords -------------------------------------------------------------------------

/** A number of 128 bits. */
interface Quadword {
  readonly left: I64;
  readonly right: I64;
}
const quadword = (v: V128): Quadword => ({ left: v.doubleword(0), right: v.doubleword(1) });
const number = (bit: I32): V128 => V128.ofDoublewords(I64.of(0), bit.unsigned64());

/** Sum of two quadwords and a carry (0 or 1), and the carry out of it. */
function addQuadwords(a: Quadword, b: Quadword, carry: I32): { readonly sum: V128; readonly carry: I32 } {
  const first = share(a.right.add(b.right));
  const right = share(first.add(carry.unsigned64()));
  const carried = share(first.ltU(a.right).or(right.ltU(first)));
  const second = share(a.left.add(b.left));
  const left = share(second.add(carried.unsigned64()));
  return { sum: V128.ofDoublewords(left, right), carry: second.ltU(a.left).or(left.ltU(second)) };
}
const complement = ({ left, right }: Quadword): Quadword => ({ left: left.not(), right: right.not() });

const readQuadword = (register: I32): Quadword => {
  const { left, right } = quadword(share(vr(register).value));
  return { left: share(left), right: share(right) };
};

type QuadwordResult = (sum: { readonly sum: V128; readonly carry: I32 }) => V128;
const theSum: QuadwordResult = ({ sum }) => sum;
const theCarry: QuadwordResult = ({ carry }) => number(carry);

const addOrSubtract = (
  mnemonic: string,
  opcode: number,
  title: string,
  elementwise: Sized,
  onQuadwords: (a: Quadword, b: Quadword) => V128,
): Instruction =>
  vectorInsn(mnemonic, VRRc4(opcode), title, ({ v1, v2, v3, m4 }) => {
    checkSize(m4, 0, 4);
    const of = (size: ElementSize) => () => elementwise(size, vr(v2).value, vr(v3).value);
    const all = () => onQuadwords(readQuadword(v2), readQuadword(v3));
    return [vr(v1).set(byNumber(m4, [of(0), of(1), of(2), of(3), all]))];
  });

/** Quadwords with a carry that comes from the rightmost bit of the fourth operand. */
const withCarry = (
  mnemonic: string,
  opcode: number,
  title: string,
  result: QuadwordResult,
  subtracts: boolean,
): Instruction =>
  vectorInsn(mnemonic, VRRd5(opcode), title, ({ v1, v2, v3, v4, m5 }) => {
    checkSize(m5, 4, 4);
    const carry = share(vectorDoubleword(v4, I32.of(1)).value.low32().and(1));
    const second = readQuadword(v3);
    const sum = addQuadwords(readQuadword(v2), subtracts ? complement(second) : second, carry);
    return [vr(v1).set(result(sum))];
  });

/** Sums of the second operand's elements within each larger element, and the rightmost one of the third's there. */
const sumAcross = (
  mnemonic: string,
  opcode: number,
  title: string,
  sizes: readonly ElementSize[],
  sum: (size: ElementSize, a: V128, b: V128) => V128,
): Instruction =>
  vectorInsn(mnemonic, VRRc4(opcode), title, ({ v1, v2, v3, m4 }) => [
    vr(v1).set(bySize(m4, sizes, (size) => sum(size, vr(v2).value, vr(v3).value))),
  ]);
/** The rightmost element of a size in each larger one. */
const rightmost = (size: ElementSize, within: ElementSize, a: V128): V128 =>
  a.and(V128.every(within, (1n << BigInt(elementBits(size))) - 1n));
function sumInWords(size: ElementSize, a: V128, b: V128): V128 {
  const halves = size === BYTE ? a.pairwiseSum(BYTE) : a;
  return halves.pairwiseSum(HALFWORD).add(WORD, rightmost(size, WORD, b));
}
function sumInDoublewords(size: ElementSize, a: V128, b: V128): V128 {
  const words = size === HALFWORD ? a.pairwiseSum(HALFWORD) : a;
  return words.pairwiseSum(WORD).add(DOUBLEWORD, rightmost(size, DOUBLEWORD, b));
}
function sumInQuadword(size: ElementSize, a: V128, b: V128): V128 {
  if (size === WORD) {
    const two = share(a.pairwiseSum(WORD));
    const addend = b.doubleword(1).and(0xffff_ffff);
    return V128.ofDoublewords(I64.of(0), two.doubleword(0).add(two.doubleword(1)).add(addend));
  }
  const { left, right } = quadword(share(a));
  const first = { left: I64.of(0), right: share(left) };
  const { sum } = addQuadwords(first, { left: I64.of(0), right: share(right) }, I32.of(0));
  const rest = { left: I64.of(0), right: share(b.doubleword(1)) };
  return addQuadwords(quadword(share(sum)), rest, I32.of(0)).sum;
}

/** Words summed with the carries added at the right end; the result is word 1. */
const checksum = ({ v1, v2, v3 }: Operands): Effects => {
  const two = share(vr(v2).value.pairwiseSum(WORD));
  const start = vectorElement(WORD, v3, I32.of(1)).value.unsigned64();
  const fold = (sum: I64): I64 => share(sum.shrU(32).add(sum.and(0xffff_ffff)));
  const sum = fold(fold(share(two.doubleword(0).add(two.doubleword(1)).add(start))));
  return [vr(v1).set(V128.ofDoublewords(sum, I64.of(0)))];
};

const sums: readonly Instruction[] = [
  addOrSubtract(
    "VA",
    0xe7f3,
    "VECTOR ADD",
    (size, a, b) => a.add(size, b),
    (a, b) => theSum(addQuadwords(a, b, I32.of(0))),
  ),
  addOrSubtract(
    "VACC",
    0xe7f1,
    "VECTOR ADD COMPUTE CARRY",
    (size, a, b) => a.gtU(size, a.add(size, b)).and(one(size)),
    (a, b) => theCarry(addQuadwords(a, b, I32.of(0))),
  ),
  addOrSubtract(
    "VS",
    0xe7f7,
    "VECTOR SUBTRACT",
    (size, a, b) => a.sub(size, b),
    (a, b) => theSum(addQuadwords(a, complement(b), I32.of(1))),
  ),
  addOrSubtract(
    "VSCBI",
    0xe7f5,
    "VECTOR SUBTRACT COMPUTE BORROW INDICATION",
    (size, a, b) => one(size).andNot(b.gtU(size, a)),
    (a, b) => theCarry(addQuadwords(a, complement(b), I32.of(1))),
  ),
  withCarry("VAC", 0xe7bb, "VECTOR ADD WITH CARRY", theSum, false),
  withCarry("VACCC", 0xe7b9, "VECTOR ADD WITH CARRY COMPUTE CARRY", theCarry, false),
  withCarry("VSBI", 0xe7bf, "VECTOR SUBTRACT WITH BORROW INDICATION", theSum, true),
  withCarry("VSBCBI", 0xe7bd, "VECTOR SUBTRACT WITH BORROW COMPUTE BORROW INDICATION", theCarry, true),
  sumAcross("VSUM", 0xe764, "VECTOR SUM ACROSS WORD", [BYTE, HALFWORD], sumInWords),
  sumAcross("VSUMG", 0xe765, "VECTOR SUM ACROSS DOUBLEWORD", [HALFWORD, WORD], sumInDoublewords),
  sumAcross("VSUMQ", 0xe767, "VECTOR SUM ACROSS QUADWORD", [WORD, DOUBLEWORD], sumInQuadword),
  vectorInsn("VCKSM", VRRc(0xe766), "VECTOR CHECKSUM", checksum),
];

// --- comparisons -----------------------------------------------------------------------------------

/** Elements that compare so become ones, others zeros. CC, if M5 asks for it: 0 all, 1 some, 3 none. */
const comparison = (mnemonic: string, opcode: number, title: string, compare: Sized): Instruction =>
  vectorInsn(mnemonic, VRRb(opcode), title, ({ v1, v2, v3, m4, m5 }) => {
    const result = share(bySize(m4, anySize, (size) => compare(size, vr(v2).value, vr(v3).value)));
    return [vr(v1).set(result), ...setCcWhen(m5.and(1), allSomeNone(result))];
  });

/** One element, the last one that ends within doubleword 0, is compared. CC: 0 equal, 1 first low, 2 first high. */
const elementComparison =
  (signed: boolean) =>
  ({ v1, v2, m3 }: Operands): Effects => {
    checkSize(m3, 0, 3);
    // Aligned on the left, elements compare as doublewords.
    const unused = I32.of(64).sub(I32.of(8).shl(m3)).unsigned64();
    const element = (register: I32): I64 => vectorDoubleword(register, I32.of(0)).value.shl(unused);
    const [a, b] = [share(element(v1)), share(element(v2))];
    return [signed ? cc.compareSigned(a, b) : cc.compareUnsigned(a, b)];
  };

const comparisons: readonly Instruction[] = [
  comparison("VCEQ", 0xe7f8, "VECTOR COMPARE EQUAL", (size, a, b) => a.eq(size, b)),
  comparison("VCH", 0xe7fb, "VECTOR COMPARE HIGH", (size, a, b) => a.gtS(size, b)),
  comparison("VCHL", 0xe7f9, "VECTOR COMPARE HIGH LOGICAL", (size, a, b) => a.gtU(size, b)),
  vectorInsn("VEC", VRRa3(0xe7db), "VECTOR ELEMENT COMPARE", elementComparison(true)),
  vectorInsn("VECL", VRRa3(0xe7d9), "VECTOR ELEMENT COMPARE LOGICAL", elementComparison(false)),
];

// --- products --------------------------------------------------------------------------------------

/** What an element's half is extended with. */
interface Extension {
  readonly even: (size: ElementSize, a: V128) => V128;
  readonly odd: (size: ElementSize, a: V128) => V128;
}
/** Even and odd elements of a size, extended to twice the size. */
const signedHalves: Extension = {
  even: (size, a) => a.shiftRightSigned((size + 1) as ElementSize, elementBits(size)),
  odd: (size, a) => {
    const wide = (size + 1) as ElementSize;
    return a.shiftLeft(wide, elementBits(size)).shiftRightSigned(wide, elementBits(size));
  },
};
const unsignedHalves: Extension = {
  even: (size, a) => a.shiftRight((size + 1) as ElementSize, elementBits(size)),
  odd: (size, a) => a.and(V128.every((size + 1) as ElementSize, (1n << BigInt(elementBits(size))) - 1n)),
};

type Part = "even" | "odd";
const product = (size: ElementSize, extension: Extension, part: Part, a: V128, b: V128): V128 =>
  extension[part](size, a).mul((size + 1) as ElementSize, extension[part](size, b));

/** High halves of the products, and of the sums of products and addends. */
function high(size: ElementSize, extension: Extension, a: V128, b: V128, c?: V128): V128 {
  const wide = (size + 1) as ElementSize;
  const of = (part: Part): V128 => {
    const found = product(size, extension, part, a, b);
    return c === undefined ? found : found.add(wide, extension[part](size, c));
  };
  const leftHalf = V128.every(wide, ((1n << BigInt(elementBits(size))) - 1n) << BigInt(elementBits(size)));
  return of("even")
    .and(leftHalf)
    .or(of("odd").shiftRight(wide, elementBits(size)));
}

const multiply = (mnemonic: string, opcode: number, title: string, compute: Sized): Instruction =>
  dyadic(mnemonic, opcode, title, compute, upToWord);
const multiplyAdd = (
  mnemonic: string,
  opcode: number,
  title: string,
  compute: (size: ElementSize, a: V128, b: V128, c: V128) => V128,
): Instruction =>
  vectorInsn(mnemonic, VRRd5(opcode), title, ({ v1, v2, v3, v4, m5 }) => [
    vr(v1).set(bySize(m5, upToWord, (size) => compute(size, vr(v2).value, vr(v3).value, vr(v4).value))),
  ]);

const half =
  (extension: Extension, part: Part): Sized =>
  (size, a, b) =>
    product(size, extension, part, a, b);
const halfAdd =
  (extension: Extension, part: Part) =>
  (size: ElementSize, a: V128, b: V128, c: V128): V128 =>
    product(size, extension, part, a, b).add((size + 1) as ElementSize, c);
const highOf =
  (extension: Extension) =>
  (size: ElementSize, a: V128, b: V128, c?: V128): V128 =>
    high(size, extension, a, b, c);

const galoisMultiplySum = wasmRoutine("galoisMultiplySum", "i32", "i32", "i32", "i32", "i32");
const NO_ADDEND = I32.of(-1);
const multiplySumLogical = wasmRoutine("multiplySumLogical", "i32", "i32", "i32", "i32", "i32");

const products: readonly Instruction[] = [
  multiply("VML", 0xe7a2, "VECTOR MULTIPLY LOW", (size, a, b) => a.mul(size, b)),
  multiply("VMH", 0xe7a3, "VECTOR MULTIPLY HIGH", highOf(signedHalves)),
  multiply("VMLH", 0xe7a1, "VECTOR MULTIPLY LOGICAL HIGH", highOf(unsignedHalves)),
  multiply("VME", 0xe7a6, "VECTOR MULTIPLY EVEN", half(signedHalves, "even")),
  multiply("VMLE", 0xe7a4, "VECTOR MULTIPLY LOGICAL EVEN", half(unsignedHalves, "even")),
  multiply("VMO", 0xe7a7, "VECTOR MULTIPLY ODD", half(signedHalves, "odd")),
  multiply("VMLO", 0xe7a5, "VECTOR MULTIPLY LOGICAL ODD", half(unsignedHalves, "odd")),
  multiplyAdd("VMAL", 0xe7aa, "VECTOR MULTIPLY AND ADD LOW", (size, a, b, c) => a.mul(size, b).add(size, c)),
  multiplyAdd("VMAH", 0xe7ab, "VECTOR MULTIPLY AND ADD HIGH", highOf(signedHalves)),
  multiplyAdd("VMALH", 0xe7a9, "VECTOR MULTIPLY AND ADD LOGICAL HIGH", highOf(unsignedHalves)),
  multiplyAdd("VMAE", 0xe7ae, "VECTOR MULTIPLY AND ADD EVEN", halfAdd(signedHalves, "even")),
  multiplyAdd("VMALE", 0xe7ac, "VECTOR MULTIPLY AND ADD LOGICAL EVEN", halfAdd(unsignedHalves, "even")),
  multiplyAdd("VMAO", 0xe7af, "VECTOR MULTIPLY AND ADD ODD", halfAdd(signedHalves, "odd")),
  multiplyAdd("VMALO", 0xe7ad, "VECTOR MULTIPLY AND ADD LOGICAL ODD", halfAdd(unsignedHalves, "odd")),
  vectorInsn("VGFM", VRRc4(0xe7b4), "VECTOR GALOIS FIELD MULTIPLY SUM", ({ v1, v2, v3, m4 }) => {
    checkSize(m4, 0, 3);
    call(galoisMultiplySum, v1, v2, v3, NO_ADDEND, m4);
    return [];
  }),
  vectorInsn(
    "VGFMA",
    VRRd5(0xe7bc),
    "VECTOR GALOIS FIELD MULTIPLY SUM AND ACCUMULATE",
    ({ v1, v2, v3, v4, m5 }) => {
      checkSize(m5, 0, 3);
      call(galoisMultiplySum, v1, v2, v3, v4, m5);
      return [];
    },
  ),
  vectorInsn(
    "VMSL",
    VRRd56(0xe7b8),
    "VECTOR MULTIPLY SUM LOGICAL",
    ({ v1, v2, v3, v4, m5, m6 }) => {
      checkSize(m5, 3, 3);
      call(multiplySumLogical, v1, v2, v3, v4, m6);
      return [];
    },
    VECTOR_ENHANCEMENTS_1,
  ),
];

// --- shifts and rotations of elements --------------------------------------------------------------

type Shift = (size: ElementSize, a: V128, by: I32) => V128;
const shiftLeft: Shift = (size, a, by) => a.shiftLeft(size, by);
const shiftRight: Shift = (size, a, by) => a.shiftRight(size, by);
const shiftRightSigned: Shift = (size, a, by) => a.shiftRightSigned(size, by);
const rotateLeft: Shift = (size, a, by) =>
  a.shiftLeft(size, by).or(a.shiftRight(size, I32.of(elementBits(size)).sub(by)));

/** All elements by the rightmost bits of the second-operand address. */
const shifted = (mnemonic: string, opcode: number, title: string, shift: Shift): Instruction =>
  vectorInsn(mnemonic, VRSa4(opcode), title, ({ v1, v3, s2, m4 }) => [
    vr(v1).set(bySize(m4, anySize, (size) => shift(size, vr(v3).value, s2.address.low32()))),
  ]);

const onDoubleword: Readonly<Record<string, (a: I64, by: I64) => I64>> = {
  left: (a, by) => a.shl(by),
  right: (a, by) => a.shrU(by),
  signed: (a, by) => a.shrS(by),
  rotate: (a, by) => a.rotl(by),
};
/** Each element by the rightmost bits of its counterpart: by 1, by 2, by 4 ... where the amount has that bit. */
function eachShifted(
  size: ElementSize,
  shift: Shift,
  doubleword: keyof typeof onDoubleword,
  a: V128,
  by: V128,
): V128 {
  if (size === DOUBLEWORD) {
    const of = (n: 0 | 1): I64 => onDoubleword[doubleword]?.(a.doubleword(n), by.doubleword(n)) ?? I64.of(0);
    return V128.ofDoublewords(of(0), of(1));
  }
  const width = elementBits(size);
  let result = a;
  for (let bit = 0; 1 << bit < width; bit++) {
    const asked = by.shiftLeft(size, width - 1 - bit).shiftRightSigned(size, width - 1);
    result = asked.select(shift(size, result, I32.of(1 << bit)), result);
  }
  return result;
}
const eachOf = (
  mnemonic: string,
  opcode: number,
  title: string,
  shift: Shift,
  doubleword: keyof typeof onDoubleword,
): Instruction =>
  dyadic(mnemonic, opcode, title, (size, a, b) => eachShifted(size, shift, doubleword, share(a), share(b)));

/** Rotated elements of the second operand, where the third has ones; others keep what the first has. */
const rotateAndInsert = ({ v1, v2, v3, i4, m5 }: Operands): Effects => {
  const rotated = bySize(m5, anySize, (size) => rotateLeft(size, vr(v2).value, i4.low32()));
  return [vr(v1).set(vr(v3).value.select(rotated, vr(v1).value))];
};

const elementShifts: readonly Instruction[] = [
  shifted("VESL", 0xe730, "VECTOR ELEMENT SHIFT LEFT", shiftLeft),
  shifted("VESRL", 0xe738, "VECTOR ELEMENT SHIFT RIGHT LOGICAL", shiftRight),
  shifted("VESRA", 0xe73a, "VECTOR ELEMENT SHIFT RIGHT ARITHMETIC", shiftRightSigned),
  shifted("VERLL", 0xe733, "VECTOR ELEMENT ROTATE LEFT LOGICAL", rotateLeft),
  eachOf("VESLV", 0xe770, "VECTOR ELEMENT SHIFT LEFT", shiftLeft, "left"),
  eachOf("VESRLV", 0xe778, "VECTOR ELEMENT SHIFT RIGHT LOGICAL", shiftRight, "right"),
  eachOf("VESRAV", 0xe77a, "VECTOR ELEMENT SHIFT RIGHT ARITHMETIC", shiftRightSigned, "signed"),
  eachOf("VERLLV", 0xe773, "VECTOR ELEMENT ROTATE LEFT LOGICAL", rotateLeft, "rotate"),
  vectorInsn("VERIM", VRId5(0xe772), "VECTOR ELEMENT ROTATE AND INSERT UNDER MASK", rotateAndInsert),
];

// --- shifts of the whole ---------------------------------------------------------------------------

/** Lane numbers 0 to 15, in their lanes. */
const laneNumbers = V128.ofBytes(Array.from({ length: 16 }, (_, n) => 15 - n));
const moved = (a: V128, lanes: I32): V128 => a.swizzle(laneNumbers.add(BYTE, V128.splat(BYTE, lanes)));
/** To the right by bytes, with copies of the sign. */
const movedSigned = (a: V128, lanes: I32): V128 => {
  const places = laneNumbers.add(BYTE, V128.splat(BYTE, lanes));
  const sign = V128.splat(BYTE, a.lane32(3).shrS(31));
  return a.swizzle(places).or(places.gtU(BYTE, V128.every(BYTE, 15)).and(sign));
};

/** Byte amounts are bits 1-4 of byte 7 of the third operand. */
const byBytes = (
  mnemonic: string,
  opcode: number,
  title: string,
  move: (a: V128, by: I32) => V128,
): Instruction =>
  vectorInsn(mnemonic, VRRc(opcode), title, ({ v1, v2, v3 }) => {
    const by = share(vectorElement(BYTE, v3, I32.of(7)).value.shrU(3).and(15));
    return [vr(v1).set(move(share(vr(v2).value), by))];
  });

/** Two to the power of the amount in each byte, as the left and as the right byte of a halfword. */
function powers(amounts: V128): { readonly even: V128; readonly odd: V128 } {
  const table = V128.ofBytes(Array.from({ length: 16 }, (_, n) => (n < 8 ? 0 : 1 << (15 - n))));
  const all = share(table.swizzle(amounts));
  return { even: all.shiftRight(HALFWORD, 8), odd: all.and(V128.every(HALFWORD, 0xff)) };
}
const leftBytes = V128.every(HALFWORD, 0xff00);

/** Bits 5-7 of each byte of the third operand say by how much that byte moves; the bits that come in are its neighbour's. */
function byBitsLeft(a: V128, amounts: V128): V128 {
  const { even, odd } = powers(amounts.and(V128.every(BYTE, 7)));
  const next = moved(a, I32.of(-1)); // each byte's neighbour on the right comes in its place
  return a.mul(HALFWORD, even).and(leftBytes).or(next.mul(HALFWORD, odd).shiftRight(HALFWORD, 8));
}
function byBitsRight(a: V128, amounts: V128, previous: V128): V128 {
  // Multiplied by two to the power of 7 less the amount, and then by two: the result is the product's left byte.
  const { even, odd } = powers(amounts.andNot(V128.every(BYTE, 0xf8)).xor(V128.every(BYTE, 7)));
  const left = previous.mul(HALFWORD, even).shiftLeft(HALFWORD, 1).and(leftBytes);
  return left.or(a.mul(HALFWORD, odd).shiftLeft(HALFWORD, 1).shiftRight(HALFWORD, 8));
}
const byBits = (mnemonic: string, opcode: number, title: string, compute: Dyadic): Instruction =>
  vectorInsn(mnemonic, VRRc(opcode), title, ({ v1, v2, v3 }) => [
    vr(v1).set(compute(share(vr(v2).value), share(vr(v3).value))),
  ]);

/** Sixteen bytes from byte I4 on of both operands side by side. */
const doubleByByte = ({ v1, v2, v3, i4 }: Operands): Effects => {
  recognise.specification(i4.and(0xf0).ne(0));
  const [a, b] = [vr(v2).value, vr(v3).value];
  const known = constantOf(i4.node);
  if (known !== undefined) {
    const first = Number(known) & 15;
    return [
      vr(v1).set(
        a.shuffle(
          b,
          Array.from({ length: 16 }, (_, n) => first + n),
        ),
      ),
    ];
  }
  const by = share(i4.low32().and(15));
  return [vr(v1).set(moved(a, I32.of(0).sub(by)).or(moved(b, I32.of(16).sub(by))))];
};
/** Both operands side by side, moved by up to seven bits: the left part, or with `right` the right part, of it. */
const doubleByBit =
  (right: boolean) =>
  ({ v1, v2, v3, i4 }: Operands): Effects => {
    recognise.specification(i4.and(0xf8).ne(0));
    const by = share(i4.and(7));
    const [a, b] = [readQuadword(v2), readQuadword(v3)];
    // A shift of a doubleword by 64 less nothing has to give nothing.
    const fromRight = (x: I64): I64 => x.shrU(1).shrU(I64.of(63).sub(by));
    const fromLeft = (x: I64): I64 => x.shl(1).shl(I64.of(63).sub(by));
    if (right)
      return [
        vr(v1).set(
          V128.ofDoublewords(b.left.shrU(by).or(fromLeft(a.right)), b.right.shrU(by).or(fromLeft(b.left))),
        ),
      ];
    return [
      vr(v1).set(
        V128.ofDoublewords(a.left.shl(by).or(fromRight(a.right)), a.right.shl(by).or(fromRight(b.left))),
      ),
    ];
  };

const wholeShifts: readonly Instruction[] = [
  byBytes("VSLB", 0xe775, "VECTOR SHIFT LEFT BY BYTE", (a, by) => moved(a, I32.of(0).sub(by))),
  byBytes("VSRLB", 0xe77d, "VECTOR SHIFT RIGHT LOGICAL BY BYTE", moved),
  byBytes("VSRAB", 0xe77f, "VECTOR SHIFT RIGHT ARITHMETIC BY BYTE", movedSigned),
  byBits("VSL", 0xe774, "VECTOR SHIFT LEFT", byBitsLeft),
  byBits("VSRL", 0xe77c, "VECTOR SHIFT RIGHT LOGICAL", (a, by) => byBitsRight(a, by, moved(a, I32.of(1)))),
  byBits("VSRA", 0xe77e, "VECTOR SHIFT RIGHT ARITHMETIC", (a, by) =>
    byBitsRight(a, by, movedSigned(a, I32.of(1))),
  ),
  vectorInsn("VSLDB", VRId(0xe777), "VECTOR SHIFT LEFT DOUBLE BY BYTE", doubleByByte),
  vectorInsn(
    "VSLD",
    VRId(0xe786),
    "VECTOR SHIFT LEFT DOUBLE BY BIT",
    doubleByBit(false),
    VECTOR_ENHANCEMENTS_2,
  ),
  vectorInsn(
    "VSRD",
    VRId(0xe787),
    "VECTOR SHIFT RIGHT DOUBLE BY BIT",
    doubleByBit(true),
    VECTOR_ENHANCEMENTS_2,
  ),
];

export const vectorInteger: readonly Instruction[] = [
  ...logic,
  ...simple,
  ...sums,
  ...comparisons,
  ...products,
  ...elementShifts,
  ...wholeShifts,
];
