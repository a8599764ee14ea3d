/** AND, OR, EXCLUSIVE OR, TEST UNDER MASK, shifts, rotates. Principles of Operation, "General Instructions". */
import {
  type Effects,
  type Instruction,
  I32,
  I64,
  RIEf,
  RILu,
  RIu,
  RR,
  RRE,
  RRFa,
  RRFa3,
  RRFc,
  RSYa,
  RSs,
  RXYa,
  RXa,
  SI,
  SI0,
  SIY,
  SSa,
  call,
  cc,
  constantOf,
  gr,
  insn,
  program,
  recognise,
  share,
  storage,
  wasmRoutine,
} from "../dsl/index.ts";
import { combineShortly } from "./short-blocks.ts";

type Op = "and" | "or" | "xor";

/** CC: 0 result zero, 1 not zero. */
function logic64(set: (v: I64) => Effects[number], value: I64): Effects {
  const result = share(value);
  return [set(result), cc.notZero(result)];
}
function logic32(set: (v: I32) => Effects[number], value: I32): Effects {
  const result = share(value);
  return [set(result), cc.notZero(result)];
}

interface Row {
  readonly op: Op;
  readonly title: string;
  readonly letter: "N" | "O" | "X";
  readonly rr: number;
  readonly rx: number;
  readonly si: number;
  readonly ss: number;
  readonly siy: number;
  readonly rxy: number;
  readonly grr: number;
  readonly g: number;
  readonly rrk: number;
  readonly grk: number;
}
const rows: readonly Row[] = [
  {
    op: "and",
    title: "AND",
    letter: "N",
    rr: 0x14,
    rx: 0x54,
    si: 0x94,
    ss: 0xd4,
    siy: 0xeb54,
    rxy: 0xe354,
    grr: 0xb980,
    g: 0xe380,
    rrk: 0xb9f4,
    grk: 0xb9e4,
  },
  {
    op: "or",
    title: "OR",
    letter: "O",
    rr: 0x16,
    rx: 0x56,
    si: 0x96,
    ss: 0xd6,
    siy: 0xeb56,
    rxy: 0xe356,
    grr: 0xb981,
    g: 0xe381,
    rrk: 0xb9f6,
    grk: 0xb9e6,
  },
  {
    op: "xor",
    title: "EXCLUSIVE OR",
    letter: "X",
    rr: 0x17,
    rx: 0x57,
    si: 0x97,
    ss: 0xd7,
    siy: 0xeb57,
    rxy: 0xe357,
    grr: 0xb982,
    g: 0xe382,
    rrk: 0xb9f7,
    grk: 0xb9e7,
  },
];
const blocks = {
  and: wasmRoutine("andBlock", "i64", "i32", "i64", "i32", "i32"),
  or: wasmRoutine("orBlock", "i64", "i32", "i64", "i32", "i32"),
  xor: wasmRoutine("xorBlock", "i64", "i32", "i64", "i32", "i32"),
};

const registerAndStorage: readonly Instruction[] = rows.flatMap(({ op, title, letter, ...code }) => {
  const immediate = ({ s1, i2 }: { s1: { address: I64; ar: I32 }; i2: I64 }) =>
    logic32(storage(s1).store8, storage(s1).fetch8()[op](i2.low32()));
  return [
    insn(`${letter}R`, RR(code.rr), title, ({ r1, r2 }) =>
      logic32(gr(r1).setLow, gr(r1).low[op](gr(r2).low)),
    ),
    insn(`${letter}GR`, RRE(code.grr), title, ({ r1, r2 }) =>
      logic64(gr(r1).set, gr(r1).value[op](gr(r2).value)),
    ),
    insn(
      `${letter}RK`,
      RRFa3(code.rrk),
      title,
      ({ r1, r2, r3 }) => logic32(gr(r1).setLow, gr(r2).low[op](gr(r3).low)),
      { facility: 45 },
    ),
    insn(
      `${letter}GRK`,
      RRFa3(code.grk),
      title,
      ({ r1, r2, r3 }) => logic64(gr(r1).set, gr(r2).value[op](gr(r3).value)),
      { facility: 45 },
    ),
    insn(letter, RXa(code.rx), title, ({ r1, s2 }) =>
      logic32(gr(r1).setLow, gr(r1).low[op](storage(s2).fetch32())),
    ),
    insn(`${letter}Y`, RXYa(code.rxy), title, ({ r1, s2 }) =>
      logic32(gr(r1).setLow, gr(r1).low[op](storage(s2).fetch32())),
    ),
    insn(`${letter}G`, RXYa(code.g), title, ({ r1, s2 }) =>
      logic64(gr(r1).set, gr(r1).value[op](storage(s2).fetch64())),
    ),
    insn(`${letter}I`, SI(code.si), title, immediate),
    insn(`${letter}IY`, SIY(code.siy), title, immediate),
    insn(`${letter}C`, SSa(code.ss), title, (operands) => {
      const combined = combineShortly(op, operands);
      if (combined !== undefined) return combined;
      const { l1, s1, s2 } = operands;
      return [cc.set(call(blocks[op], s1.address, s1.ar, s2.address, s2.ar, l1.add(1)))];
    }),
  ];
});

/** Immediate forms: one halfword or word of the register; the rest stays and does not count for the code. */
function part(to: I32, op: Op, value: I64, shift: number, mask: bigint): Effects {
  if (shift < 32) return rightPart(to, op, value.low32().shl(shift), Number(mask) << shift);
  const operand = value.shl(shift);
  const others = ~(mask << BigInt(shift));
  const combined = share(op === "and" ? gr(to).value.and(operand.or(others)) : gr(to).value[op](operand));
  return [gr(to).set(combined), cc.notZero(combined.and(mask << BigInt(shift)))];
}
function rightPart(to: I32, op: Op, operand: I32, mask: number): Effects {
  const combined = share(op === "and" ? gr(to).low.and(operand.or(~mask)) : gr(to).low[op](operand));
  return [gr(to).setLow(combined), cc.notZero(combined.and(mask))];
}
const HALF = 0xffffn;
const WORD = 0xffff_ffffn;
const immediates: readonly Instruction[] = [
  ...(["HH", "HL", "LH", "LL"] as const).flatMap((name, n) => [
    insn(`NI${name}`, RIu(0xa504 + n), "AND IMMEDIATE", ({ r1, i2 }) =>
      part(r1, "and", i2, 48 - 16 * n, HALF),
    ),
    insn(`OI${name}`, RIu(0xa508 + n), "OR IMMEDIATE", ({ r1, i2 }) => part(r1, "or", i2, 48 - 16 * n, HALF)),
  ]),
  insn("NIHF", RILu(0xc00a), "AND IMMEDIATE", ({ r1, i2 }) => part(r1, "and", i2, 32, WORD)),
  insn("NILF", RILu(0xc00b), "AND IMMEDIATE", ({ r1, i2 }) => part(r1, "and", i2, 0, WORD)),
  insn("OIHF", RILu(0xc00c), "OR IMMEDIATE", ({ r1, i2 }) => part(r1, "or", i2, 32, WORD)),
  insn("OILF", RILu(0xc00d), "OR IMMEDIATE", ({ r1, i2 }) => part(r1, "or", i2, 0, WORD)),
  insn("XIHF", RILu(0xc006), "EXCLUSIVE OR IMMEDIATE", ({ r1, i2 }) => part(r1, "xor", i2, 32, WORD)),
  insn("XILF", RILu(0xc007), "EXCLUSIVE OR IMMEDIATE", ({ r1, i2 }) => part(r1, "xor", i2, 0, WORD)),
];

const misc3 = { facility: 61 };
/** Miscellaneous-instruction extensions 3: the complemented forms and SELECT. */
const complemented: readonly Instruction[] = [
  insn(
    "NCRK",
    RRFa3(0xb9f5),
    "AND WITH COMPLEMENT",
    ({ r1, r2, r3 }) => logic32(gr(r1).setLow, gr(r2).low.and(gr(r3).low.not())),
    misc3,
  ),
  insn(
    "NCGRK",
    RRFa3(0xb9e5),
    "AND WITH COMPLEMENT",
    ({ r1, r2, r3 }) => logic64(gr(r1).set, gr(r2).value.and(gr(r3).value.not())),
    misc3,
  ),
  insn(
    "NNRK",
    RRFa3(0xb974),
    "NAND",
    ({ r1, r2, r3 }) => logic32(gr(r1).setLow, gr(r2).low.and(gr(r3).low).not()),
    misc3,
  ),
  insn(
    "NNGRK",
    RRFa3(0xb964),
    "NAND",
    ({ r1, r2, r3 }) => logic64(gr(r1).set, gr(r2).value.and(gr(r3).value).not()),
    misc3,
  ),
  insn(
    "NORK",
    RRFa3(0xb976),
    "NOR",
    ({ r1, r2, r3 }) => logic32(gr(r1).setLow, gr(r2).low.or(gr(r3).low).not()),
    misc3,
  ),
  insn(
    "NOGRK",
    RRFa3(0xb966),
    "NOR",
    ({ r1, r2, r3 }) => logic64(gr(r1).set, gr(r2).value.or(gr(r3).value).not()),
    misc3,
  ),
  insn(
    "NXRK",
    RRFa3(0xb977),
    "NOT EXCLUSIVE OR",
    ({ r1, r2, r3 }) => logic32(gr(r1).setLow, gr(r2).low.xor(gr(r3).low).not()),
    misc3,
  ),
  insn(
    "NXGRK",
    RRFa3(0xb967),
    "NOT EXCLUSIVE OR",
    ({ r1, r2, r3 }) => logic64(gr(r1).set, gr(r2).value.xor(gr(r3).value).not()),
    misc3,
  ),
  insn(
    "OCRK",
    RRFa3(0xb975),
    "OR WITH COMPLEMENT",
    ({ r1, r2, r3 }) => logic32(gr(r1).setLow, gr(r2).low.or(gr(r3).low.not())),
    misc3,
  ),
  insn(
    "OCGRK",
    RRFa3(0xb965),
    "OR WITH COMPLEMENT",
    ({ r1, r2, r3 }) => logic64(gr(r1).set, gr(r2).value.or(gr(r3).value.not())),
    misc3,
  ),
  insn(
    "SELR",
    RRFa(0xb9f0),
    "SELECT",
    ({ r1, r2, r3, m4 }) => [gr(r1).setLow(cc.in(m4).select(gr(r2).low, gr(r3).low))],
    misc3,
  ),
  insn(
    "SELGR",
    RRFa(0xb9e3),
    "SELECT",
    ({ r1, r2, r3, m4 }) => [gr(r1).set(cc.in(m4).select(gr(r2).value, gr(r3).value))],
    misc3,
  ),
  insn(
    "SELFHR",
    RRFa(0xb9c0),
    "SELECT HIGH",
    ({ r1, r2, r3, m4 }) => [gr(r1).setHigh(cc.in(m4).select(gr(r2).high, gr(r3).high))],
    misc3,
  ),
];

/** TEST UNDER MASK of a halfword that begins at bit 0 or 16 of a half register. */
function testHalfword(half: I32, shift: number, immediate: I64): Effects {
  const mask = immediate.low32().shl(shift);
  return [cc.underMask(half.and(mask), mask)];
}
/** TM has no code 2: mixed is 1. */
function testByte(byte: I32, mask: I32): Effects {
  return [cc.byteUnderMask(byte.and(mask), mask)];
}
const tests: readonly Instruction[] = [
  insn("TM", SI(0x91), "TEST UNDER MASK", ({ s1, i2 }) => testByte(storage(s1).fetch8(), i2.low32())),
  insn("TMY", SIY(0xeb51), "TEST UNDER MASK", ({ s1, i2 }) => testByte(storage(s1).fetch8(), i2.low32())),
  insn("TMLH", RIu(0xa700), "TEST UNDER MASK", ({ r1, i2 }) => testHalfword(gr(r1).low, 16, i2)),
  insn("TMLL", RIu(0xa701), "TEST UNDER MASK", ({ r1, i2 }) => testHalfword(gr(r1).low, 0, i2)),
  insn("TMHH", RIu(0xa702), "TEST UNDER MASK", ({ r1, i2 }) => testHalfword(gr(r1).high, 16, i2)),
  insn("TMHL", RIu(0xa703), "TEST UNDER MASK", ({ r1, i2 }) => testHalfword(gr(r1).high, 0, i2)),
  insn("TS", SI0(0x93), "TEST AND SET", ({ s1 }) => {
    const old = storage(s1).fetch8();
    return [storage(s1).store8(I32.of(0xff)), cc.set(old.shrU(7))];
  }),
];

/** SHIFT LEFT SINGLE keeps the sign; CC 3 when a bit unlike the sign is shifted out. */
function shiftLeft64(to: I32, value: I64, count: I64): Effects {
  const sign = share(value.and(1n << 63n));
  const moved = share(
    value
      .shl(count)
      .and((1n << 63n) - 1n)
      .or(sign),
  );
  // Shifting back restores the value when nothing unlike the sign was lost; a count of 63 leaves one bit to tell.
  const overflow = share(moved.shrS(count).ne(value));
  return [gr(to).set(moved), cc.signedOrOverflow(moved, overflow), program.fixedPointOverflow(overflow)];
}
function shiftLeft32(to: I32, value: I32, count: I64): Effects {
  // In 64 bits, counts of 32 to 63 need no case of their own.
  const wide = share(value.signed64());
  const shifted = wide.shl(count);
  const moved = share(shifted.low32().and(0x7fff_ffff).or(value.and(-0x8000_0000)));
  // Every bit shifted out must equal the sign: bits of the value first, from the 32nd on the zeros put behind it.
  const few = share(count.gtU(31).select(I64.of(31), count));
  const lost = share(wide.shrS(I64.of(31).sub(few)));
  const overflow = share(lost.ne(wide.shrS(63)).or(count.gtU(31).and(value.isNegative())));
  return [gr(to).setLow(moved), cc.signedOrOverflow(moved, overflow), program.fixedPointOverflow(overflow)];
}
function shiftRight64(to: I32, value: I64, count: I64): Effects {
  const moved = share(value.shrS(count));
  return [gr(to).set(moved), cc.signed(moved)];
}
function shiftRight32(to: I32, value: I32, count: I64): Effects {
  const moved = share(value.signed64().shrS(count).low32());
  return [gr(to).setLow(moved), cc.signed(moved)];
}
const logicalLeft32 = (value: I32, count: I64): I32 => value.unsigned64().shl(count).low32();
const logicalRight32 = (value: I32, count: I64): I32 => value.unsigned64().shrU(count).low32();

const pair = (r1: I32): I64 =>
  gr(r1)
    .low.unsigned64()
    .shl(32)
    .or(gr(r1.or(1)).low.unsigned64());
const setPair = (r1: I32, value: I64): Effects => [
  gr(r1).setLow(value.shrU(32).low32()),
  gr(r1.or(1)).setLow(value.low32()),
];

const shifts: readonly Instruction[] = [
  insn("SLA", RSs(0x8b), "SHIFT LEFT SINGLE", ({ r1, count2 }) => shiftLeft32(r1, gr(r1).low, share(count2))),
  insn(
    "SLAK",
    RSYa(0xebdd),
    "SHIFT LEFT SINGLE",
    ({ r1, r3, count2 }) => shiftLeft32(r1, gr(r3).low, share(count2)),
    { facility: 45 },
  ),
  insn("SLAG", RSYa(0xeb0b), "SHIFT LEFT SINGLE", ({ r1, r3, count2 }) =>
    shiftLeft64(r1, gr(r3).value, share(count2)),
  ),
  insn("SRA", RSs(0x8a), "SHIFT RIGHT SINGLE", ({ r1, count2 }) => shiftRight32(r1, gr(r1).low, count2)),
  insn(
    "SRAK",
    RSYa(0xebdc),
    "SHIFT RIGHT SINGLE",
    ({ r1, r3, count2 }) => shiftRight32(r1, gr(r3).low, count2),
    { facility: 45 },
  ),
  insn("SRAG", RSYa(0xeb0a), "SHIFT RIGHT SINGLE", ({ r1, r3, count2 }) =>
    shiftRight64(r1, gr(r3).value, count2),
  ),
  insn("SLL", RSs(0x89), "SHIFT LEFT SINGLE LOGICAL", ({ r1, count2 }) => [
    gr(r1).setLow(logicalLeft32(gr(r1).low, count2)),
  ]),
  insn(
    "SLLK",
    RSYa(0xebdf),
    "SHIFT LEFT SINGLE LOGICAL",
    ({ r1, r3, count2 }) => [gr(r1).setLow(logicalLeft32(gr(r3).low, count2))],
    { facility: 45 },
  ),
  insn("SLLG", RSYa(0xeb0d), "SHIFT LEFT SINGLE LOGICAL", ({ r1, r3, count2 }) => [
    gr(r1).set(gr(r3).value.shl(count2)),
  ]),
  insn("SRL", RSs(0x88), "SHIFT RIGHT SINGLE LOGICAL", ({ r1, count2 }) => [
    gr(r1).setLow(logicalRight32(gr(r1).low, count2)),
  ]),
  insn(
    "SRLK",
    RSYa(0xebde),
    "SHIFT RIGHT SINGLE LOGICAL",
    ({ r1, r3, count2 }) => [gr(r1).setLow(logicalRight32(gr(r3).low, count2))],
    { facility: 45 },
  ),
  insn("SRLG", RSYa(0xeb0c), "SHIFT RIGHT SINGLE LOGICAL", ({ r1, r3, count2 }) => [
    gr(r1).set(gr(r3).value.shrU(count2)),
  ]),
  insn("SLDA", RSs(0x8f), "SHIFT LEFT DOUBLE", ({ r1, count2 }) => {
    recognise.even(r1);
    const value = share(pair(r1));
    const count = share(count2);
    const moved = share(
      value
        .shl(count)
        .and((1n << 63n) - 1n)
        .or(value.and(1n << 63n)),
    );
    const overflow = share(moved.shrS(count).ne(value));
    return [
      ...setPair(r1, moved),
      cc.signedOrOverflow(moved, overflow),
      program.fixedPointOverflow(overflow),
    ];
  }),
  insn("SRDA", RSs(0x8e), "SHIFT RIGHT DOUBLE", ({ r1, count2 }) => {
    recognise.even(r1);
    const moved = share(pair(r1).shrS(count2));
    return [...setPair(r1, moved), cc.signed(moved)];
  }),
  insn("SLDL", RSs(0x8d), "SHIFT LEFT DOUBLE LOGICAL", ({ r1, count2 }) => {
    recognise.even(r1);
    return setPair(r1, share(pair(r1).shl(count2)));
  }),
  insn("SRDL", RSs(0x8c), "SHIFT RIGHT DOUBLE LOGICAL", ({ r1, count2 }) => {
    recognise.even(r1);
    return setPair(r1, share(pair(r1).shrU(count2)));
  }),
  insn("RLL", RSYa(0xeb1d), "ROTATE LEFT SINGLE LOGICAL", ({ r1, r3, count2 }) => [
    gr(r1).setLow(gr(r3).low.rotl(count2.low32())),
  ]),
  insn("RLLG", RSYa(0xeb1c), "ROTATE LEFT SINGLE LOGICAL", ({ r1, r3, count2 }) => [
    gr(r1).set(gr(r3).value.rotl(count2)),
  ]),
];

/** Ones in bits `first` to `last` (0-63), around through bit 63 when first is greater. */
function range(first: I64, last: I64): I64 {
  const from = I64.of(-1).shrU(first);
  const to = I64.of(-1).shl(I64.of(63).sub(last));
  return first.leU(last).select(from.and(to), from.or(to));
}
interface Rotation {
  readonly r1: I32;
  readonly r2: I32;
  readonly i3: I64;
  readonly i4: I64;
  readonly i5: I64;
}
const selected = ({ i3, i4 }: Rotation): I64 => share(range(i3.and(63), i4.and(63)));
const rotated = ({ r2, i5 }: Rotation): I64 => gr(r2).value.rotl(i5.and(63));

/** The same when they come from the right half, wherever they go: a word that is extended and shifted to the left. */
function rightShifted(o: Rotation): I64 | undefined {
  const fields = fieldsKnown(o);
  if (fields === undefined) return undefined;
  const { first, last, left } = fields;
  if (last < first || first + left < 32 || last + left > 63) return undefined;
  const mask = (0xffff_ffff_ffff_ffffn >> BigInt(first)) & ~((1n << BigInt(63 - last)) - 1n);
  return gr(o.r2).low.unsigned64().shl(left).and(mask);
}

/** ROTATE THEN INSERT: bit 0 of I4 asks for zeros in the rest. */
function rotateInsert(o: Rotation): I64 {
  const zeros = constantOf(o.i4.and(0x80).node) === 0x80n;
  const right = zeros ? rightSelected(o) : undefined;
  if (right !== undefined) return right.bits.unsigned64();
  const shifted = zeros ? rightShifted(o) : undefined;
  if (shifted !== undefined) return shifted;
  const mask = selected(o);
  const rest = o.i4.and(0x80).ne(0).select(I64.of(0), gr(o.r1).value.and(mask.not()));
  return rotated(o).and(mask).or(rest);
}
function fieldsKnown({ i3, i4, i5 }: Rotation) {
  const [from, to, by] = [i3, i4, i5].map(({ node }) => constantOf(node));
  if (from === undefined || to === undefined || by === undefined) return undefined;
  return { first: Number(from) & 63, last: Number(to) & 63, left: Number(by) & 63 };
}
/**
 * The selected bits of the rotated register, when all of them are in the right half before and after: known where operand
 * fields are constants, as in compiled code. Compilers have most shifts of words so.
 */
function rightSelected(o: Rotation): { readonly bits: I32; readonly mask: number } | undefined {
  const fields = fieldsKnown(o);
  if (fields === undefined) return undefined;
  const { first, last, left } = fields;
  if (first < 32 || last < first) return undefined;
  const mask = (0xffff_ffff >>> (first - 32)) & (-1 << (63 - last));
  const word = gr(o.r2).low;
  if (left < 32 && last <= 63 - left) return { bits: word.shl(left).and(mask), mask };
  if (left > 32 && first >= 96 - left) return { bits: word.shrU(64 - left).and(mask), mask };
  return undefined;
}
/** ROTATE THEN AND, OR, EXCLUSIVE OR: bit 0 of I3 asks for the code only. CC: 0 selected bits zero, 1 not. */
function rotateCombine(op: Op, o: Rotation): Effects {
  const right = rightSelected(o);
  if (right !== undefined && constantOf(o.i3.and(0x80).node) === 0n) {
    const { bits, mask } = right;
    const word = share(gr(o.r1).low[op](op === "and" ? bits.or(~mask) : bits));
    return [gr(o.r1).setLow(word), cc.notZero(word.and(mask))];
  }
  const mask = selected(o);
  const old = gr(o.r1).value;
  const bits = rotated(o).and(mask);
  const combined = share(old[op](op === "and" ? bits.or(mask.not()) : bits));
  const testOnly = o.i3.and(0x80).ne(0);
  return [gr(o.r1).set(testOnly.select(old, combined)), cc.notZero(combined.and(mask))];
}
/** The high-word forms work within one half of the register. */
function rotateInsertHalf(o: Rotation, high: boolean): Effects {
  const offset = high ? 0 : 32;
  const mask = share(range(o.i3.and(31).add(offset), o.i4.and(31).add(offset)));
  const half = high ? 0xffff_ffff_0000_0000n : 0xffff_ffffn;
  const inHalf = share(mask.and(half));
  const rest = o.i4.and(0x80).ne(0).select(gr(o.r1).value.and(~half), gr(o.r1).value.and(inHalf.not()));
  return [gr(o.r1).set(rotated(o).and(inHalf).or(rest))];
}
const rotates: readonly Instruction[] = [
  insn("RISBG", RIEf(0xec55), "ROTATE THEN INSERT SELECTED BITS", (o) => {
    const result = share(rotateInsert(o));
    return [gr(o.r1).set(result), cc.signed(result)];
  }),
  insn("RISBGN", RIEf(0xec59), "ROTATE THEN INSERT SELECTED BITS", (o) => [gr(o.r1).set(rotateInsert(o))], {
    facility: 49,
  }),
  insn("RNSBG", RIEf(0xec54), "ROTATE THEN AND SELECTED BITS", (o) => rotateCombine("and", o)),
  insn("ROSBG", RIEf(0xec56), "ROTATE THEN OR SELECTED BITS", (o) => rotateCombine("or", o)),
  insn("RXSBG", RIEf(0xec57), "ROTATE THEN EXCLUSIVE OR SELECTED BITS", (o) => rotateCombine("xor", o)),
  insn("RISBHG", RIEf(0xec5d), "ROTATE THEN INSERT SELECTED BITS HIGH", (o) => rotateInsertHalf(o, true), {
    facility: 45,
  }),
  insn("RISBLG", RIEf(0xec51), "ROTATE THEN INSERT SELECTED BITS LOW", (o) => rotateInsertHalf(o, false), {
    facility: 45,
  }),
];

/** One count for each byte, by halves: the classic parallel sum, kept within bytes. */
function populationBytes(value: I64): I64 {
  const pairs = share(value.sub(value.shrU(1).and(0x5555_5555_5555_5555n)));
  const nibbles = share(pairs.and(0x3333_3333_3333_3333n).add(pairs.shrU(2).and(0x3333_3333_3333_3333n)));
  return nibbles.add(nibbles.shrU(4)).and(0x0f0f_0f0f_0f0f_0f0fn);
}
const counts: readonly Instruction[] = [
  insn("FLOGR", RRE(0xb983), "FIND LEFTMOST ONE", ({ r1, r2 }) => {
    recognise.even(r1);
    const value = share(gr(r2).value);
    const position = share(value.clz());
    const without = value.and(
      I64.of(1n << 63n)
        .shrU(position)
        .not(),
    );
    return [
      gr(r1).set(position),
      gr(r1.or(1)).set(value.isZero().select(value, without)),
      cc.set(value.ne(0).shl(1)),
    ];
  }),
  insn(
    "POPCNT",
    RRFc(0xb9e1),
    "POPULATION COUNT",
    ({ r1, r2, m3 }) => {
      // Bit 0 of M3 (miscellaneous-instruction extensions 3): one count for all 64 bits.
      const all = m3.and(8).ne(0);
      const result = share(all.select(gr(r2).value.popcnt(), populationBytes(gr(r2).value)));
      return [gr(r1).set(result), cc.notZero(result)];
    },
    { facility: 45 },
  ),
];

export const logic: readonly Instruction[] = [
  ...registerAndStorage,
  ...immediates,
  ...complemented,
  ...tests,
  ...shifts,
  ...rotates,
  ...counts,
];
