/** Vector support instructions: what moves elements. Principles of Operation, "Vector Support Instructions". */
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
  RXEm,
  type StorageOperand,
  V128,
  VRIa,
  VRIa3,
  VRIb,
  VRIc,
  VRRa,
  VRRa3,
  VRRb,
  VRRc,
  VRRc4,
  VRRe,
  VRRf,
  VRSa,
  VRSb,
  VRSb4,
  VRSc,
  VRV,
  VRX,
  WORD,
  call,
  cc,
  constantOf,
  elementBits,
  elements,
  gr,
  inMode,
  insn,
  share,
  storage,
  vectorDoubleword,
  vectorElement,
  vr,
  wasmRoutine,
} from "../dsl/index.ts";
import {
  VECTOR_ENHANCEMENTS_1,
  VECTOR_FACILITY,
  anySize,
  byNumber,
  bySize,
  checkSize,
  setCcWhen,
  upToWord,
  vectorInsn,
} from "./vector-elements.ts";

// --- whole registers -------------------------------------------------------------------------------

const loadVectors = wasmRoutine("loadVectors", "i64", "i32", "i32", "i32");
const storeVectors = wasmRoutine("storeVectors", "i64", "i32", "i32", "i32");
/** (address, AR, register, the rightmost byte's number): bytes to the right of it become zeros, or stay as they are. */
const loadLeftmost = wasmRoutine("loadLeftmostBytes", "i64", "i32", "i32", "i32");
const storeLeftmost = wasmRoutine("storeLeftmostBytes", "i64", "i32", "i32", "i32");

/** At most 16 registers, and none beyond the last. */
const row =
  (routine: typeof loadVectors) =>
  ({ v1, v3, s2 }: Operands): Effects => {
    checkSize(v3.sub(v1), 0, 15);
    call(routine, s2.address, s2.ar, v1, v3);
    return [];
  };

/** Bytes 0 to the number in a general register, at most all. */
const withLength =
  (routine: typeof loadLeftmost) =>
  ({ v1, r3, s2 }: Operands): Effects => {
    const last = gr(r3).low;
    call(routine, s2.address, s2.ar, v1, last.ltU(15).select(last, I32.of(15)));
    return [];
  };

/** Bytes to the next boundary of 64 bytes to 4 KiB, at most 16. M3 above 6 is refused. */
function bytesToBoundary(address: I64, m3: I32): I32 {
  checkSize(m3, 0, 6);
  const size = I32.of(64).shl(m3);
  const left = share(size.sub(address.low32().and(size.sub(1))));
  return share(left.ltU(16).select(left, I32.of(16)));
}

const whole: readonly Instruction[] = [
  vectorInsn("VL", VRX(0xe706), "VECTOR LOAD", ({ v1, s2 }) => [vr(v1).set(storage(s2).fetch128())]),
  vectorInsn("VLR", VRRa(0xe756), "VECTOR LOAD", ({ v1, v2 }) => [vr(v1).set(vr(v2).value)]),
  vectorInsn("VST", VRX(0xe70e), "VECTOR STORE", ({ v1, s2 }) => [storage(s2).store128(vr(v1).value)]),
  vectorInsn("VLM", VRSa(0xe736), "VECTOR LOAD MULTIPLE", row(loadVectors)),
  vectorInsn("VSTM", VRSa(0xe73e), "VECTOR STORE MULTIPLE", row(storeVectors)),
  vectorInsn("VLL", VRSb(0xe737), "VECTOR LOAD WITH LENGTH", withLength(loadLeftmost)),
  vectorInsn("VSTL", VRSb(0xe73f), "VECTOR STORE WITH LENGTH", withLength(storeLeftmost)),
  vectorInsn("VLBB", VRX(0xe707), "VECTOR LOAD TO BLOCK BOUNDARY", ({ v1, s2, m3 }) => {
    const count = bytesToBoundary(s2.address, m3);
    call(loadLeftmost, s2.address, s2.ar, v1, count.sub(1));
    return [];
  }),
  // CC: 0 sixteen bytes, 3 fewer.
  insn(
    "LCBB",
    RXEm(0xe727),
    "LOAD COUNT TO BLOCK BOUNDARY",
    ({ r1, s2, m3 }) => {
      const count = bytesToBoundary(s2.address, m3);
      return [gr(r1).setLow(count), cc.set(count.eq(16).select(I32.of(0), I32.of(3)))];
    },
    { facility: VECTOR_FACILITY },
  ),
];

// --- elements --------------------------------------------------------------------------------------

const setElement = (size: ElementSize, register: I32, element: I32, value: I64) =>
  size === DOUBLEWORD
    ? vectorDoubleword(register, element).set(value)
    : vectorElement(size, register, element).set(value.low32());
const elementOf = (size: ElementSize, register: I32, element: I32): I64 =>
  size === DOUBLEWORD
    ? vectorDoubleword(register, element).value
    : vectorElement(size, register, element).value.unsigned64();

function fetchElement(size: ElementSize, operand: StorageOperand): I64 {
  const from = storage(operand);
  if (size === DOUBLEWORD) return from.fetch64();
  return [from.fetch8, from.fetch16, from.fetch32][size]?.().unsigned64() ?? I64.of(0);
}
function storeElement(size: ElementSize, operand: StorageOperand, value: I64) {
  const to = storage(operand);
  if (size === DOUBLEWORD) return to.store64(value);
  if (size === WORD) return to.store32(value.low32());
  return size === HALFWORD ? to.store16(value.low32()) : to.store8(value.low32());
}
const checkElement = (size: ElementSize, m3: I32): void => checkSize(m3, 0, elements(size) - 1);

const load =
  (size: ElementSize) =>
  ({ v1, s2, m3 }: Operands): Effects => {
    checkElement(size, m3);
    return [setElement(size, v1, m3, fetchElement(size, s2))];
  };
const store =
  (size: ElementSize) =>
  ({ v1, s2, m3 }: Operands): Effects => {
    checkElement(size, m3);
    return [storeElement(size, s2, elementOf(size, v1, m3))];
  };
const loadImmediate =
  (size: ElementSize) =>
  ({ v1, i2, m3 }: Operands): Effects => {
    checkElement(size, m3);
    return [setElement(size, v1, m3, i2)];
  };

/** The operand of a gather or scatter: an element of the second operand is part of its address. */
function scattered(size: 2 | 3, { v2, s2, m3 }: Operands): StorageOperand {
  checkElement(size, m3);
  return { ...s2, address: inMode(s2.address.add(elementOf(size, v2, m3))) };
}
const gather =
  (size: 2 | 3) =>
  (o: Operands): Effects => [setElement(size, o.v1, o.m3, fetchElement(size, scattered(size, o)))];
const scatter =
  (size: 2 | 3) =>
  (o: Operands): Effects => [storeElement(size, scattered(size, o), elementOf(size, o.v1, o.m3))];

/** An element in all places; what the mask names as its size comes from storage, or from a register. */
const splat = (size: ElementSize, value: I64): V128 =>
  V128.splat(size, size === DOUBLEWORD ? value : value.low32());

/** An element at the right end of doubleword 0, or a word at its left end (size 6, of vector enhancements 1). */
const loadAndZero = ({ v1, s2, m3 }: Operands): Effects => {
  const toTheLeft = m3.eq(6);
  const size = share(toTheLeft.select(I32.of(WORD), m3));
  checkSize(size, 0, 3);
  const at = (element: I64) => V128.ofDoublewords(element, I64.of(0));
  return [
    vr(v1).set(
      byNumber(size, [
        ...[BYTE, HALFWORD].map((s) => () => at(fetchElement(s as ElementSize, s2))),
        () => at(share(fetchElement(WORD, s2)).shl(toTheLeft.unsigned64().shl(5))),
        () => at(fetchElement(DOUBLEWORD, s2)),
      ]),
    ),
  ];
};

/** The element number is in the rightmost bits of the second-operand address. */
const elementNumber = (size: ElementSize, { s2 }: Operands): I32 =>
  s2.address.low32().and(elements(size) - 1);
/** Elements of a size that only the mask tells, as a width: element number and shift follow from it. */
function generalFromElement(o: Operands): Effects {
  checkSize(o.m4, 0, 3);
  const size = constantOf(o.m4.node);
  if (size !== undefined) {
    const known = (Number(size) & 3) as ElementSize;
    return [gr(o.r1).set(elementOf(known, o.v3, elementNumber(known, o)))];
  }
  // Through the doubleword that the element is part of.
  const bits = I32.of(8).shl(o.m4);
  const number = share(o.s2.address.low32().and(I32.of(15).shrU(o.m4)));
  const perDoubleword = I32.of(3).sub(o.m4);
  const doubleword = vectorDoubleword(o.v3, number.shrU(perDoubleword)).value;
  const within = number.and(I32.of(1).shl(perDoubleword).sub(1)).add(1);
  const moved = doubleword.shrU(I32.of(64).sub(within.mul(bits)).unsigned64());
  return [gr(o.r1).set(moved.and(I64.of(-1).shrU(I32.of(64).sub(bits).unsigned64())))];
}
function elementFromGeneral(o: Operands): Effects {
  checkSize(o.m4, 0, 3);
  const size = constantOf(o.m4.node);
  const value = gr(o.r3).value;
  if (size !== undefined) {
    const known = (Number(size) & 3) as ElementSize;
    return [setElement(known, o.v1, elementNumber(known, o), value)];
  }
  const bits = I32.of(8).shl(o.m4);
  const number = share(o.s2.address.low32().and(I32.of(15).shrU(o.m4)));
  const perDoubleword = I32.of(3).sub(o.m4);
  const target = vectorDoubleword(o.v1, number.shrU(perDoubleword));
  const within = number.and(I32.of(1).shl(perDoubleword).sub(1)).add(1);
  const shift = share(I32.of(64).sub(within.mul(bits)).unsigned64());
  const mask = share(I64.of(-1).shrU(I32.of(64).sub(bits).unsigned64()).shl(shift));
  return [target.set(target.value.and(mask.not()).or(value.shl(shift).and(mask)))];
}

/** Element of any size that the mask names, in all places. */
const replicate = ({ v1, v3, i2, m4 }: Operands): Effects => {
  checkSize(m4, 0, 3);
  const number = i2.low32();
  return [
    vr(v1).set(
      bySize(m4, anySize, (size) => {
        checkSize(number, 0, elements(size) - 1);
        return splat(size, elementOf(size, v3, number));
      }),
    ),
  ];
};

const single: readonly Instruction[] = [
  vectorInsn("VLEB", VRX(0xe700), "VECTOR LOAD ELEMENT", load(BYTE)),
  vectorInsn("VLEH", VRX(0xe701), "VECTOR LOAD ELEMENT", load(HALFWORD)),
  vectorInsn("VLEF", VRX(0xe703), "VECTOR LOAD ELEMENT", load(WORD)),
  vectorInsn("VLEG", VRX(0xe702), "VECTOR LOAD ELEMENT", load(DOUBLEWORD)),
  vectorInsn("VLEIB", VRIa3(0xe740), "VECTOR LOAD ELEMENT IMMEDIATE", loadImmediate(BYTE)),
  vectorInsn("VLEIH", VRIa3(0xe741), "VECTOR LOAD ELEMENT IMMEDIATE", loadImmediate(HALFWORD)),
  vectorInsn("VLEIF", VRIa3(0xe743), "VECTOR LOAD ELEMENT IMMEDIATE", loadImmediate(WORD)),
  vectorInsn("VLEIG", VRIa3(0xe742), "VECTOR LOAD ELEMENT IMMEDIATE", loadImmediate(DOUBLEWORD)),
  vectorInsn("VSTEB", VRX(0xe708), "VECTOR STORE ELEMENT", store(BYTE)),
  vectorInsn("VSTEH", VRX(0xe709), "VECTOR STORE ELEMENT", store(HALFWORD)),
  vectorInsn("VSTEF", VRX(0xe70b), "VECTOR STORE ELEMENT", store(WORD)),
  vectorInsn("VSTEG", VRX(0xe70a), "VECTOR STORE ELEMENT", store(DOUBLEWORD)),
  vectorInsn("VGEF", VRV(0xe713), "VECTOR GATHER ELEMENT", gather(WORD)),
  vectorInsn("VGEG", VRV(0xe712), "VECTOR GATHER ELEMENT", gather(DOUBLEWORD)),
  vectorInsn("VSCEF", VRV(0xe71b), "VECTOR SCATTER ELEMENT", scatter(WORD)),
  vectorInsn("VSCEG", VRV(0xe71a), "VECTOR SCATTER ELEMENT", scatter(DOUBLEWORD)),
  vectorInsn("VLREP", VRX(0xe705), "VECTOR LOAD AND REPLICATE", ({ v1, s2, m3 }) => [
    vr(v1).set(bySize(m3, anySize, (size) => splat(size, fetchElement(size, s2)))),
  ]),
  vectorInsn("VLLEZ", VRX(0xe704), "VECTOR LOAD LOGICAL ELEMENT AND ZERO", loadAndZero),
  vectorInsn("VLGV", VRSc(0xe721), "VECTOR LOAD GR FROM VR ELEMENT", generalFromElement),
  vectorInsn("VLVG", VRSb4(0xe722), "VECTOR LOAD VR ELEMENT FROM GR", elementFromGeneral),
  vectorInsn("VLVGP", VRRf(0xe762), "VECTOR LOAD VR FROM GRS DISJOINT", ({ v1, r2, r3 }) => [
    vr(v1).set(V128.ofDoublewords(gr(r2).value, gr(r3).value)),
  ]),
  vectorInsn("VREP", VRIc(0xe74d), "VECTOR REPLICATE", replicate),
];

// --- generation ------------------------------------------------------------------------------------

/** Ones in bytes for which the 16-bit immediate has ones. */
function byteMask(i2: I64): V128 {
  const known = constantOf(i2.node);
  if (known !== undefined)
    return V128.ofBytes(Array.from({ length: 16 }, (_, n) => ((known >> BigInt(15 - n)) & 1n ? 0xff : 0)));
  const ends = V128.ofBytes(Array.from({ length: 16 }, (_, n) => (n < 8 ? 1 : 0)));
  const bits = V128.ofBytes(Array.from({ length: 16 }, (_, n) => 0x80 >> (n & 7)));
  const spread = V128.splat(HALFWORD, i2.low32()).swizzle(ends);
  return spread.and(bits).eq(BYTE, bits);
}

/** Bits from `start` to `end` of an element, around its end when they are the other way. */
function bitMask(size: ElementSize, i2: I64, i3: I64): V128 {
  const width = elementBits(size);
  const ones = I64.of((1n << BigInt(width)) - 1n);
  const start = share(i2.and(width - 1));
  const end = share(i3.and(width - 1));
  const fromStart = ones.shrU(start);
  const toEnd = ones.xor(ones.shrU(end).shrU(1));
  const element = start.leU(end).select(fromStart.and(toEnd), fromStart.or(toEnd));
  return splat(size, element);
}

const generation: readonly Instruction[] = [
  vectorInsn("VGBM", VRIa(0xe744), "VECTOR GENERATE BYTE MASK", ({ v1, i2 }) => [vr(v1).set(byteMask(i2))]),
  vectorInsn("VGM", VRIb(0xe746), "VECTOR GENERATE MASK", ({ v1, i2, i3, m4 }) => [
    vr(v1).set(bySize(m4, anySize, (size) => bitMask(size, i2, i3))),
  ]),
  vectorInsn("VREPI", VRIa3(0xe745), "VECTOR REPLICATE IMMEDIATE", ({ v1, i2, m3 }) => [
    vr(v1).set(bySize(m3, anySize, (size) => splat(size, i2))),
  ]),
];

// --- permutation -----------------------------------------------------------------------------------

const bytesOf = (size: ElementSize, element: number): number[] =>
  Array.from({ length: 1 << size }, (_, n) => (element << size) + n);
/** Elements of two vectors, those of the second numbered after those of the first. */
const pick = (size: ElementSize, numbers: readonly number[]): number[] =>
  numbers.flatMap((element) => bytesOf(size, element));
const counting = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Elements of both operands in turn, from the left (high) or from the middle (low) on. */
const merge =
  (from: "high" | "low") =>
  ({ v1, v2, v3, m4 }: Operands): Effects => [
    vr(v1).set(
      bySize(m4, anySize, (size) => {
        const count = elements(size);
        const first = from === "high" ? 0 : count / 2;
        const numbers = counting(count / 2).flatMap((n) => [first + n, count + first + n]);
        return vr(v2).value.shuffle(vr(v3).value, pick(size, numbers));
      }),
    ),
  ];

/** The right halves of both operands' elements of a size. */
const rightHalves = (size: ElementSize, a: V128, b: V128): V128 =>
  a.shuffle(
    b,
    counting(16)
      .flatMap((n) => bytesOf((size - 1) as ElementSize, 2 * n + 1))
      .slice(0, 16),
  );

const packedSizes = [1, 2, 3] as const;
const pack = ({ v1, v2, v3, m4 }: Operands): Effects => [
  vr(v1).set(bySize(m4, packedSizes, (size) => rightHalves(size, vr(v2).value, vr(v3).value))),
];

/** The nearest number that an element of half the size holds. */
function saturated(size: 1 | 2 | 3, value: V128, signed: boolean): V128 {
  const half = BigInt(elementBits(size) / 2);
  if (!signed) return value.minU(size, V128.every(size, (1n << half) - 1n));
  const limit = 1n << (half - 1n);
  return value.minS(size, V128.every(size, limit - 1n)).maxS(size, V128.every(size, -limit));
}
/** CC: 0 no element saturated, 1 some, 3 all. */
const packSaturated =
  (signed: boolean) =>
  ({ v1, v2, v3, m4, m5 }: Operands): Effects => {
    const [a, b] = [share(vr(v2).value), share(vr(v3).value)];
    const limited = (value: V128) => share(bySize(m4, packedSizes, (size) => saturated(size, value, signed)));
    const [first, second] = [limited(a), limited(b)];
    const result = bySize(m4, packedSizes, (size) => rightHalves(size, first, second));
    const kept = (before: V128, after: V128) => bySize(m4, packedSizes, (size) => before.eq(size, after));
    const asked = m5.and(1);
    if (constantOf(asked.node) === 0n) return [vr(v1).set(result)];
    const [same, same2] = [share(kept(a, first)), share(kept(b, second))];
    const none = same.and(same2).allTrue(BYTE);
    const some = same.or(same2).anyTrue();
    const code = none.select(I32.of(0), some.select(I32.of(1), I32.of(3)));
    return [vr(v1).set(result), ...setCcWhen(asked, code)];
  };

const unpack =
  (half: "high" | "low", sign: "s" | "u") =>
  ({ v1, v2, m3 }: Operands): Effects => [
    vr(v1).set(bySize(m3, upToWord, (size) => vr(v2).value.unpack(size, half, sign))),
  ];

/** Bytes of both operands by the numbers in the fourth's bytes. */
const permute = ({ v1, v2, v3, v4 }: Operands): Effects => {
  const numbers = share(vr(v4).value.and(V128.every(BYTE, 31)));
  const first = vr(v2).value.swizzle(V128.every(BYTE, 15).sub(BYTE, numbers));
  const second = vr(v3).value.swizzle(V128.every(BYTE, 31).sub(BYTE, numbers));
  return [vr(v1).set(first.or(second))];
};

const permutation: readonly Instruction[] = [
  vectorInsn("VMRH", VRRc4(0xe761), "VECTOR MERGE HIGH", merge("high")),
  vectorInsn("VMRL", VRRc4(0xe760), "VECTOR MERGE LOW", merge("low")),
  vectorInsn("VPK", VRRc4(0xe794), "VECTOR PACK", pack),
  vectorInsn("VPKS", VRRb(0xe797), "VECTOR PACK SATURATE", packSaturated(true)),
  vectorInsn("VPKLS", VRRb(0xe795), "VECTOR PACK LOGICAL SATURATE", packSaturated(false)),
  vectorInsn("VUPH", VRRa3(0xe7d7), "VECTOR UNPACK HIGH", unpack("high", "s")),
  vectorInsn("VUPLH", VRRa3(0xe7d5), "VECTOR UNPACK LOGICAL HIGH", unpack("high", "u")),
  vectorInsn("VUPL", VRRa3(0xe7d6), "VECTOR UNPACK LOW", unpack("low", "s")),
  vectorInsn("VUPLL", VRRa3(0xe7d4), "VECTOR UNPACK LOGICAL LOW", unpack("low", "u")),
  vectorInsn("VPERM", VRRe(0xe78c), "VECTOR PERMUTE", permute),
  vectorInsn("VPDI", VRRc4(0xe784), "VECTOR PERMUTE DOUBLEWORD IMMEDIATE", ({ v1, v2, v3, m4 }) => [
    vr(v1).set(
      V128.ofDoublewords(
        vectorDoubleword(v2, m4.shrU(2).and(1)).value,
        vectorDoubleword(v3, m4.and(1)).value,
      ),
    ),
  ]),
  vectorInsn("VSEL", VRRe(0xe78d), "VECTOR SELECT", ({ v1, v2, v3, v4 }) => [
    vr(v1).set(vr(v4).value.select(vr(v2).value, vr(v3).value)),
  ]),
  vectorInsn("VSEG", VRRa3(0xe75f), "VECTOR SIGN EXTEND TO DOUBLEWORD", ({ v1, v2, m3 }) => [
    vr(v1).set(
      bySize(m3, upToWord, (size) => {
        const unused = 64 - elementBits(size);
        return vr(v2).value.shiftLeft(DOUBLEWORD, unused).shiftRightSigned(DOUBLEWORD, unused);
      }),
    ),
  ]),
  vectorInsn(
    "VBPERM",
    VRRc(0xe785),
    "VECTOR BIT PERMUTE",
    ({ v1, v2, v3 }) => [vr(v1).set(bitPermute(share(vr(v2).value), share(vr(v3).value)))],
    VECTOR_ENHANCEMENTS_1,
  ),
];

/** Sixteen bits of the second operand, by the numbers in the third's bytes, in the rightmost bits of doubleword 0. */
function bitPermute(source: V128, numbers: V128): V128 {
  const bytes = source.swizzle(V128.every(BYTE, 15).sub(BYTE, numbers.shiftRight(BYTE, 3)));
  const table = V128.ofBytes(counting(16).map((n) => 0x80 >> (n & 7)));
  const masks = table.swizzle(V128.every(BYTE, 15).sub(BYTE, numbers.and(V128.every(BYTE, 7))));
  const set = bytes.and(masks).eq(BYTE, masks).and(numbers.gtS(BYTE, V128.ones));
  return V128.ofDoublewords(set.bitmask().unsigned64(), I64.of(0));
}

export const vectorSupport: readonly Instruction[] = [...whole, ...single, ...generation, ...permutation];
