/** Fixed-point ADD, SUBTRACT, MULTIPLY and DIVIDE. Principles of Operation, "General Instructions". */
import {
  type Effects,
  type I32,
  type I64,
  type Instruction,
  RIEd,
  RIa,
  RILa,
  RILu,
  RR,
  RRE,
  RRFa3,
  RSYa,
  RXYa,
  RXa,
  SIYs,
  cc,
  choose,
  gr,
  insn,
  program,
  psw,
  recognise,
  share,
  storage,
} from "../dsl/index.ts";
import { divideUnsigned128, multiplyHighUnsigned } from "./algorithms.ts";

type Set64 = (value: I64) => Effects[number];
type Set32 = (value: I32) => Effects[number];

/** ADD. CC: 0 zero, 1 negative, 2 positive, 3 overflow. */
export function add64(set: Set64, a: I64, b: I64): Effects {
  const sum = share(a.add(b));
  const overflow = a.xor(sum).and(b.xor(sum)).isNegative();
  return [set(sum), cc.addSigned(sum, b), program.fixedPointOverflow(overflow)];
}
export function add32(set: Set32, a: I32, b: I32): Effects {
  const sum = share(a.add(b));
  const overflow = a.xor(sum).and(b.xor(sum)).isNegative();
  return [set(sum), cc.addSigned(sum, b), program.fixedPointOverflow(overflow)];
}
/** SUBTRACT. CC as ADD. */
function subtract64(set: Set64, a: I64, b: I64): Effects {
  const difference = share(a.sub(b));
  const overflow = a.xor(b).and(a.xor(difference)).isNegative();
  return [set(difference), cc.subtractSigned(difference, b), program.fixedPointOverflow(overflow)];
}
function subtract32(set: Set32, a: I32, b: I32): Effects {
  const difference = share(a.sub(b));
  const overflow = a.xor(b).and(a.xor(difference)).isNegative();
  return [set(difference), cc.subtractSigned(difference, b), program.fixedPointOverflow(overflow)];
}
/** ADD LOGICAL. CC: 0 zero, 1 not zero, 2 zero with carry, 3 not zero with carry. */
export function addLogical64(set: Set64, a: I64, b: I64): Effects {
  const addend = share(b);
  const sum = share(a.add(addend));
  return [set(sum), cc.addLogical(sum, addend)];
}
export function addLogical32(set: Set32, a: I32, b: I32): Effects {
  const addend = share(b);
  const sum = share(a.add(addend));
  return [set(sum), cc.addLogical(sum, addend)];
}
/** SUBTRACT LOGICAL. CC: 1 not zero with borrow, 2 zero, 3 not zero without borrow. */
function subtractLogical64(set: Set64, a: I64, b: I64): Effects {
  const minuend = share(a);
  const subtrahend = share(b);
  return [set(minuend.sub(subtrahend)), cc.subtractLogical(minuend, subtrahend)];
}
function subtractLogical32(set: Set32, a: I32, b: I32): Effects {
  const minuend = share(a);
  const subtrahend = share(b);
  return [set(minuend.sub(subtrahend)), cc.subtractLogical(minuend, subtrahend)];
}
const carryIn = () => psw.cc.shrU(1).and(1);
/** ADD LOGICAL WITH CARRY: the carry is the left bit of the condition code. */
function addWithCarry64(set: Set64, a: I64, b: I64): Effects {
  const first = share(a.add(b));
  const sum = share(first.add(carryIn().unsigned64()));
  const carry = first.ltU(a).or(sum.ltU(first));
  return [set(sum), cc.set(sum.ne(0).or(carry.shl(1)))];
}
function addWithCarry32(set: Set32, a: I32, b: I32): Effects {
  const first = share(a.add(b));
  const sum = share(first.add(carryIn()));
  const carry = first.ltU(a).or(sum.ltU(first));
  return [set(sum), cc.set(sum.ne(0).or(carry.shl(1)))];
}
/** SUBTRACT LOGICAL WITH BORROW: a + NOT b + carry. */
const subtractWithBorrow64 = (set: Set64, a: I64, b: I64): Effects => addWithCarry64(set, a, share(b.not()));
const subtractWithBorrow32 = (set: Set32, a: I32, b: I32): Effects => addWithCarry32(set, a, share(b.not()));

const s64 = (value: I32): I64 => value.signed64();
const u64 = (value: I32): I64 => value.unsigned64();
const distinct = { facility: 45 };

export const addition: readonly Instruction[] = [
  insn("AR", RR(0x1a), "ADD", ({ r1, r2 }) => add32(gr(r1).setLow, gr(r1).low, gr(r2).low)),
  insn("AGR", RRE(0xb908), "ADD", ({ r1, r2 }) => add64(gr(r1).set, gr(r1).value, gr(r2).value)),
  insn("AGFR", RRE(0xb918), "ADD", ({ r1, r2 }) => add64(gr(r1).set, gr(r1).value, share(s64(gr(r2).low)))),
  insn(
    "ARK",
    RRFa3(0xb9f8),
    "ADD",
    ({ r1, r2, r3 }) => add32(gr(r1).setLow, gr(r2).low, gr(r3).low),
    distinct,
  ),
  insn(
    "AGRK",
    RRFa3(0xb9e8),
    "ADD",
    ({ r1, r2, r3 }) => add64(gr(r1).set, gr(r2).value, gr(r3).value),
    distinct,
  ),
  insn("A", RXa(0x5a), "ADD", ({ r1, s2 }) => add32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32())),
  insn("AY", RXYa(0xe35a), "ADD", ({ r1, s2 }) => add32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32())),
  insn("AG", RXYa(0xe308), "ADD", ({ r1, s2 }) => add64(gr(r1).set, gr(r1).value, storage(s2).fetch64())),
  insn("AGF", RXYa(0xe318), "ADD", ({ r1, s2 }) =>
    add64(gr(r1).set, gr(r1).value, share(s64(storage(s2).fetch32()))),
  ),
  insn("AFI", RILa(0xc209), "ADD IMMEDIATE", ({ r1, i2 }) => add32(gr(r1).setLow, gr(r1).low, i2.low32())),
  insn("AGFI", RILa(0xc208), "ADD IMMEDIATE", ({ r1, i2 }) => add64(gr(r1).set, gr(r1).value, i2)),
  insn(
    "AHIK",
    RIEd(0xecd8),
    "ADD IMMEDIATE",
    ({ r1, r3, i2 }) => add32(gr(r1).setLow, gr(r3).low, i2.low32()),
    distinct,
  ),
  insn(
    "AGHIK",
    RIEd(0xecd9),
    "ADD IMMEDIATE",
    ({ r1, r3, i2 }) => add64(gr(r1).set, gr(r3).value, i2),
    distinct,
  ),
  insn("ASI", SIYs(0xeb6a), "ADD IMMEDIATE", ({ s1, i2 }) =>
    add32(storage(s1).store32, storage(s1).fetch32(), i2.low32()),
  ),
  insn("AGSI", SIYs(0xeb7a), "ADD IMMEDIATE", ({ s1, i2 }) =>
    add64(storage(s1).store64, storage(s1).fetch64(), i2),
  ),
  insn("AH", RXa(0x4a), "ADD HALFWORD", ({ r1, s2 }) =>
    add32(gr(r1).setLow, gr(r1).low, share(storage(s2).fetch16().extend16())),
  ),
  insn("AHY", RXYa(0xe37a), "ADD HALFWORD", ({ r1, s2 }) =>
    add32(gr(r1).setLow, gr(r1).low, share(storage(s2).fetch16().extend16())),
  ),
  insn(
    "AGH",
    RXYa(0xe338),
    "ADD HALFWORD",
    ({ r1, s2 }) => add64(gr(r1).set, gr(r1).value, share(s64(storage(s2).fetch16().extend16()))),
    { facility: 58 },
  ),
  insn("AHI", RIa(0xa70a), "ADD HALFWORD IMMEDIATE", ({ r1, i2 }) =>
    add32(gr(r1).setLow, gr(r1).low, i2.low32()),
  ),
  insn("AGHI", RIa(0xa70b), "ADD HALFWORD IMMEDIATE", ({ r1, i2 }) => add64(gr(r1).set, gr(r1).value, i2)),
  insn(
    "AHHHR",
    RRFa3(0xb9c8),
    "ADD HIGH",
    ({ r1, r2, r3 }) => add32(gr(r1).setHigh, gr(r2).high, gr(r3).high),
    distinct,
  ),
  insn(
    "AHHLR",
    RRFa3(0xb9d8),
    "ADD HIGH",
    ({ r1, r2, r3 }) => add32(gr(r1).setHigh, gr(r2).high, gr(r3).low),
    distinct,
  ),
  insn(
    "AIH",
    RILa(0xcc08),
    "ADD IMMEDIATE HIGH",
    ({ r1, i2 }) => add32(gr(r1).setHigh, gr(r1).high, i2.low32()),
    distinct,
  ),
  insn("ALR", RR(0x1e), "ADD LOGICAL", ({ r1, r2 }) => addLogical32(gr(r1).setLow, gr(r1).low, gr(r2).low)),
  insn("ALGR", RRE(0xb90a), "ADD LOGICAL", ({ r1, r2 }) =>
    addLogical64(gr(r1).set, gr(r1).value, gr(r2).value),
  ),
  insn("ALGFR", RRE(0xb91a), "ADD LOGICAL", ({ r1, r2 }) =>
    addLogical64(gr(r1).set, gr(r1).value, u64(gr(r2).low)),
  ),
  insn(
    "ALRK",
    RRFa3(0xb9fa),
    "ADD LOGICAL",
    ({ r1, r2, r3 }) => addLogical32(gr(r1).setLow, gr(r2).low, gr(r3).low),
    distinct,
  ),
  insn(
    "ALGRK",
    RRFa3(0xb9ea),
    "ADD LOGICAL",
    ({ r1, r2, r3 }) => addLogical64(gr(r1).set, gr(r2).value, gr(r3).value),
    distinct,
  ),
  insn("AL", RXa(0x5e), "ADD LOGICAL", ({ r1, s2 }) =>
    addLogical32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("ALY", RXYa(0xe35e), "ADD LOGICAL", ({ r1, s2 }) =>
    addLogical32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("ALG", RXYa(0xe30a), "ADD LOGICAL", ({ r1, s2 }) =>
    addLogical64(gr(r1).set, gr(r1).value, storage(s2).fetch64()),
  ),
  insn("ALGF", RXYa(0xe31a), "ADD LOGICAL", ({ r1, s2 }) =>
    addLogical64(gr(r1).set, gr(r1).value, u64(storage(s2).fetch32())),
  ),
  insn("ALFI", RILu(0xc20b), "ADD LOGICAL IMMEDIATE", ({ r1, i2 }) =>
    addLogical32(gr(r1).setLow, gr(r1).low, i2.low32()),
  ),
  insn("ALGFI", RILu(0xc20a), "ADD LOGICAL IMMEDIATE", ({ r1, i2 }) =>
    addLogical64(gr(r1).set, gr(r1).value, i2),
  ),
  insn(
    "ALHHHR",
    RRFa3(0xb9ca),
    "ADD LOGICAL HIGH",
    ({ r1, r2, r3 }) => addLogical32(gr(r1).setHigh, gr(r2).high, gr(r3).high),
    distinct,
  ),
  insn(
    "ALHHLR",
    RRFa3(0xb9da),
    "ADD LOGICAL HIGH",
    ({ r1, r2, r3 }) => addLogical32(gr(r1).setHigh, gr(r2).high, gr(r3).low),
    distinct,
  ),
  insn(
    "ALHSIK",
    RIEd(0xecda),
    "ADD LOGICAL WITH SIGNED IMMEDIATE",
    ({ r1, r3, i2 }) => addLogical32(gr(r1).setLow, gr(r3).low, i2.low32()),
    distinct,
  ),
  insn(
    "ALGHSIK",
    RIEd(0xecdb),
    "ADD LOGICAL WITH SIGNED IMMEDIATE",
    ({ r1, r3, i2 }) => addLogical64(gr(r1).set, gr(r3).value, i2),
    distinct,
  ),
  insn("ALSI", SIYs(0xeb6e), "ADD LOGICAL WITH SIGNED IMMEDIATE", ({ s1, i2 }) =>
    addLogical32(storage(s1).store32, storage(s1).fetch32(), i2.low32()),
  ),
  insn("ALGSI", SIYs(0xeb7e), "ADD LOGICAL WITH SIGNED IMMEDIATE", ({ s1, i2 }) =>
    addLogical64(storage(s1).store64, storage(s1).fetch64(), i2),
  ),
  insn(
    "ALSIH",
    RILa(0xcc0a),
    "ADD LOGICAL WITH SIGNED IMMEDIATE HIGH",
    ({ r1, i2 }) => addLogical32(gr(r1).setHigh, gr(r1).high, i2.low32()),
    distinct,
  ),
  insn(
    "ALSIHN",
    RILa(0xcc0b),
    "ADD LOGICAL WITH SIGNED IMMEDIATE HIGH",
    ({ r1, i2 }) => [gr(r1).setHigh(gr(r1).high.add(i2.low32()))],
    distinct,
  ),
  insn("ALCR", RRE(0xb998), "ADD LOGICAL WITH CARRY", ({ r1, r2 }) =>
    addWithCarry32(gr(r1).setLow, gr(r1).low, gr(r2).low),
  ),
  insn("ALCGR", RRE(0xb988), "ADD LOGICAL WITH CARRY", ({ r1, r2 }) =>
    addWithCarry64(gr(r1).set, gr(r1).value, gr(r2).value),
  ),
  insn("ALC", RXYa(0xe398), "ADD LOGICAL WITH CARRY", ({ r1, s2 }) =>
    addWithCarry32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("ALCG", RXYa(0xe388), "ADD LOGICAL WITH CARRY", ({ r1, s2 }) =>
    addWithCarry64(gr(r1).set, gr(r1).value, storage(s2).fetch64()),
  ),
];

export const subtraction: readonly Instruction[] = [
  insn("SR", RR(0x1b), "SUBTRACT", ({ r1, r2 }) => subtract32(gr(r1).setLow, gr(r1).low, gr(r2).low)),
  insn("SGR", RRE(0xb909), "SUBTRACT", ({ r1, r2 }) => subtract64(gr(r1).set, gr(r1).value, gr(r2).value)),
  insn("SGFR", RRE(0xb919), "SUBTRACT", ({ r1, r2 }) =>
    subtract64(gr(r1).set, gr(r1).value, share(s64(gr(r2).low))),
  ),
  insn(
    "SRK",
    RRFa3(0xb9f9),
    "SUBTRACT",
    ({ r1, r2, r3 }) => subtract32(gr(r1).setLow, gr(r2).low, gr(r3).low),
    distinct,
  ),
  insn(
    "SGRK",
    RRFa3(0xb9e9),
    "SUBTRACT",
    ({ r1, r2, r3 }) => subtract64(gr(r1).set, gr(r2).value, gr(r3).value),
    distinct,
  ),
  insn("S", RXa(0x5b), "SUBTRACT", ({ r1, s2 }) =>
    subtract32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("SY", RXYa(0xe35b), "SUBTRACT", ({ r1, s2 }) =>
    subtract32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("SG", RXYa(0xe309), "SUBTRACT", ({ r1, s2 }) =>
    subtract64(gr(r1).set, gr(r1).value, storage(s2).fetch64()),
  ),
  insn("SGF", RXYa(0xe319), "SUBTRACT", ({ r1, s2 }) =>
    subtract64(gr(r1).set, gr(r1).value, share(s64(storage(s2).fetch32()))),
  ),
  insn("SH", RXa(0x4b), "SUBTRACT HALFWORD", ({ r1, s2 }) =>
    subtract32(gr(r1).setLow, gr(r1).low, share(storage(s2).fetch16().extend16())),
  ),
  insn("SHY", RXYa(0xe37b), "SUBTRACT HALFWORD", ({ r1, s2 }) =>
    subtract32(gr(r1).setLow, gr(r1).low, share(storage(s2).fetch16().extend16())),
  ),
  insn(
    "SGH",
    RXYa(0xe339),
    "SUBTRACT HALFWORD",
    ({ r1, s2 }) => subtract64(gr(r1).set, gr(r1).value, share(s64(storage(s2).fetch16().extend16()))),
    { facility: 58 },
  ),
  insn(
    "SHHHR",
    RRFa3(0xb9c9),
    "SUBTRACT HIGH",
    ({ r1, r2, r3 }) => subtract32(gr(r1).setHigh, gr(r2).high, gr(r3).high),
    distinct,
  ),
  insn(
    "SHHLR",
    RRFa3(0xb9d9),
    "SUBTRACT HIGH",
    ({ r1, r2, r3 }) => subtract32(gr(r1).setHigh, gr(r2).high, gr(r3).low),
    distinct,
  ),
  insn("SLR", RR(0x1f), "SUBTRACT LOGICAL", ({ r1, r2 }) =>
    subtractLogical32(gr(r1).setLow, gr(r1).low, gr(r2).low),
  ),
  insn("SLGR", RRE(0xb90b), "SUBTRACT LOGICAL", ({ r1, r2 }) =>
    subtractLogical64(gr(r1).set, gr(r1).value, gr(r2).value),
  ),
  insn("SLGFR", RRE(0xb91b), "SUBTRACT LOGICAL", ({ r1, r2 }) =>
    subtractLogical64(gr(r1).set, gr(r1).value, u64(gr(r2).low)),
  ),
  insn(
    "SLRK",
    RRFa3(0xb9fb),
    "SUBTRACT LOGICAL",
    ({ r1, r2, r3 }) => subtractLogical32(gr(r1).setLow, gr(r2).low, gr(r3).low),
    distinct,
  ),
  insn(
    "SLGRK",
    RRFa3(0xb9eb),
    "SUBTRACT LOGICAL",
    ({ r1, r2, r3 }) => subtractLogical64(gr(r1).set, gr(r2).value, gr(r3).value),
    distinct,
  ),
  insn("SL", RXa(0x5f), "SUBTRACT LOGICAL", ({ r1, s2 }) =>
    subtractLogical32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("SLY", RXYa(0xe35f), "SUBTRACT LOGICAL", ({ r1, s2 }) =>
    subtractLogical32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("SLG", RXYa(0xe30b), "SUBTRACT LOGICAL", ({ r1, s2 }) =>
    subtractLogical64(gr(r1).set, gr(r1).value, storage(s2).fetch64()),
  ),
  insn("SLGF", RXYa(0xe31b), "SUBTRACT LOGICAL", ({ r1, s2 }) =>
    subtractLogical64(gr(r1).set, gr(r1).value, u64(storage(s2).fetch32())),
  ),
  insn("SLFI", RILu(0xc205), "SUBTRACT LOGICAL IMMEDIATE", ({ r1, i2 }) =>
    subtractLogical32(gr(r1).setLow, gr(r1).low, i2.low32()),
  ),
  insn("SLGFI", RILu(0xc204), "SUBTRACT LOGICAL IMMEDIATE", ({ r1, i2 }) =>
    subtractLogical64(gr(r1).set, gr(r1).value, i2),
  ),
  insn(
    "SLHHHR",
    RRFa3(0xb9cb),
    "SUBTRACT LOGICAL HIGH",
    ({ r1, r2, r3 }) => subtractLogical32(gr(r1).setHigh, gr(r2).high, gr(r3).high),
    distinct,
  ),
  insn(
    "SLHHLR",
    RRFa3(0xb9db),
    "SUBTRACT LOGICAL HIGH",
    ({ r1, r2, r3 }) => subtractLogical32(gr(r1).setHigh, gr(r2).high, gr(r3).low),
    distinct,
  ),
  insn("SLBR", RRE(0xb999), "SUBTRACT LOGICAL WITH BORROW", ({ r1, r2 }) =>
    subtractWithBorrow32(gr(r1).setLow, gr(r1).low, gr(r2).low),
  ),
  insn("SLBGR", RRE(0xb989), "SUBTRACT LOGICAL WITH BORROW", ({ r1, r2 }) =>
    subtractWithBorrow64(gr(r1).set, gr(r1).value, gr(r2).value),
  ),
  insn("SLB", RXYa(0xe399), "SUBTRACT LOGICAL WITH BORROW", ({ r1, s2 }) =>
    subtractWithBorrow32(gr(r1).setLow, gr(r1).low, storage(s2).fetch32()),
  ),
  insn("SLBG", RXYa(0xe389), "SUBTRACT LOGICAL WITH BORROW", ({ r1, s2 }) =>
    subtractWithBorrow64(gr(r1).set, gr(r1).value, storage(s2).fetch64()),
  ),
];

/** MULTIPLY (32 to 64): the product goes to the right halves of an even-odd pair. */
function multiplyPair(r1: I32, b: I32): Effects {
  recognise.even(r1);
  const product = share(gr(r1.or(1)).low.signed64().mul(b.signed64()));
  return [gr(r1).setLow(product.shrU(32).low32()), gr(r1.or(1)).setLow(product.low32())];
}
/** MULTIPLY LOGICAL (32 to 64). */
function multiplyLogicalPair32(r1: I32, b: I32): Effects {
  recognise.even(r1);
  const product = share(gr(r1.or(1)).low.unsigned64().mul(b.unsigned64()));
  return [gr(r1).setLow(product.shrU(32).low32()), gr(r1.or(1)).setLow(product.low32())];
}
/** MULTIPLY LOGICAL (64 to 128). */
function multiplyLogicalPair64(r1: I32, b: I64): Effects {
  recognise.even(r1);
  const a = share(gr(r1.or(1)).value);
  const factor = share(b);
  return [gr(r1).set(multiplyHighUnsigned(a, factor)), gr(r1.or(1)).set(a.mul(factor))];
}
/** MULTIPLY (64 to 128), signed: the unsigned product less each factor for which the other is negative. */
function multiplyPair64(r1: I32, a: I64, b: I64): Effects {
  recognise.even(r1);
  const high = multiplyHighUnsigned(a, b).sub(a.shrS(63).and(b)).sub(b.shrS(63).and(a));
  return [gr(r1).set(high), gr(r1.or(1)).set(a.mul(b))];
}
/** MULTIPLY SINGLE with condition code (miscellaneous-instruction extensions 2). CC: as ADD. */
function multiplySingle64Cc(r1: I32, a: I64, b: I64): Effects {
  const product = share(a.mul(b));
  const high = share(multiplyHighUnsigned(a, b).sub(a.shrS(63).and(b)).sub(b.shrS(63).and(a)));
  const overflow = share(high.ne(product.shrS(63)));
  return [gr(r1).set(product), cc.signedOrOverflow(product, overflow), program.fixedPointOverflow(overflow)];
}
function multiplySingle32Cc(r1: I32, a: I32, b: I32): Effects {
  const product = share(a.signed64().mul(b.signed64()));
  const overflow = share(product.ne(product.extend32()));
  const low = share(product.low32());
  return [gr(r1).setLow(low), cc.signedOrOverflow(low, overflow), program.fixedPointOverflow(overflow)];
}
const misc2 = { facility: 58 };

export const multiplication: readonly Instruction[] = [
  insn("MR", RR(0x1c), "MULTIPLY", ({ r1, r2 }) => multiplyPair(r1, gr(r2).low)),
  insn("M", RXa(0x5c), "MULTIPLY", ({ r1, s2 }) => multiplyPair(r1, storage(s2).fetch32())),
  insn("MFY", RXYa(0xe35c), "MULTIPLY", ({ r1, s2 }) => multiplyPair(r1, storage(s2).fetch32())),
  insn("MH", RXa(0x4c), "MULTIPLY HALFWORD", ({ r1, s2 }) => [
    gr(r1).setLow(gr(r1).low.mul(storage(s2).fetch16().extend16())),
  ]),
  insn("MHY", RXYa(0xe37c), "MULTIPLY HALFWORD", ({ r1, s2 }) => [
    gr(r1).setLow(gr(r1).low.mul(storage(s2).fetch16().extend16())),
  ]),
  insn("MHI", RIa(0xa70c), "MULTIPLY HALFWORD IMMEDIATE", ({ r1, i2 }) => [
    gr(r1).setLow(gr(r1).low.mul(i2.low32())),
  ]),
  insn("MGHI", RIa(0xa70d), "MULTIPLY HALFWORD IMMEDIATE", ({ r1, i2 }) => [
    gr(r1).set(gr(r1).value.mul(i2)),
  ]),
  insn(
    "MGH",
    RXYa(0xe33c),
    "MULTIPLY HALFWORD",
    ({ r1, s2 }) => [gr(r1).set(gr(r1).value.mul(s64(storage(s2).fetch16().extend16())))],
    misc2,
  ),
  insn("MLR", RRE(0xb996), "MULTIPLY LOGICAL", ({ r1, r2 }) => multiplyLogicalPair32(r1, gr(r2).low)),
  insn("MLGR", RRE(0xb986), "MULTIPLY LOGICAL", ({ r1, r2 }) => multiplyLogicalPair64(r1, gr(r2).value)),
  insn("ML", RXYa(0xe396), "MULTIPLY LOGICAL", ({ r1, s2 }) =>
    multiplyLogicalPair32(r1, storage(s2).fetch32()),
  ),
  insn("MLG", RXYa(0xe386), "MULTIPLY LOGICAL", ({ r1, s2 }) =>
    multiplyLogicalPair64(r1, storage(s2).fetch64()),
  ),
  insn(
    "MGRK",
    RRFa3(0xb9ec),
    "MULTIPLY",
    ({ r1, r2, r3 }) => multiplyPair64(r1, share(gr(r2).value), share(gr(r3).value)),
    misc2,
  ),
  insn(
    "MG",
    RXYa(0xe384),
    "MULTIPLY",
    ({ r1, s2 }) => multiplyPair64(r1, share(gr(r1.or(1)).value), storage(s2).fetch64()),
    misc2,
  ),
  insn("MSR", RRE(0xb252), "MULTIPLY SINGLE", ({ r1, r2 }) => [gr(r1).setLow(gr(r1).low.mul(gr(r2).low))]),
  insn("MSGR", RRE(0xb90c), "MULTIPLY SINGLE", ({ r1, r2 }) => [gr(r1).set(gr(r1).value.mul(gr(r2).value))]),
  insn("MSGFR", RRE(0xb91c), "MULTIPLY SINGLE", ({ r1, r2 }) => [
    gr(r1).set(gr(r1).value.mul(s64(gr(r2).low))),
  ]),
  insn("MS", RXa(0x71), "MULTIPLY SINGLE", ({ r1, s2 }) => [
    gr(r1).setLow(gr(r1).low.mul(storage(s2).fetch32())),
  ]),
  insn("MSY", RXYa(0xe351), "MULTIPLY SINGLE", ({ r1, s2 }) => [
    gr(r1).setLow(gr(r1).low.mul(storage(s2).fetch32())),
  ]),
  insn("MSG", RXYa(0xe30c), "MULTIPLY SINGLE", ({ r1, s2 }) => [
    gr(r1).set(gr(r1).value.mul(storage(s2).fetch64())),
  ]),
  insn("MSGF", RXYa(0xe31c), "MULTIPLY SINGLE", ({ r1, s2 }) => [
    gr(r1).set(gr(r1).value.mul(s64(storage(s2).fetch32()))),
  ]),
  insn("MSFI", RILa(0xc201), "MULTIPLY SINGLE IMMEDIATE", ({ r1, i2 }) => [
    gr(r1).setLow(gr(r1).low.mul(i2.low32())),
  ]),
  insn("MSGFI", RILa(0xc200), "MULTIPLY SINGLE IMMEDIATE", ({ r1, i2 }) => [
    gr(r1).set(gr(r1).value.mul(i2)),
  ]),
  insn(
    "MSRKC",
    RRFa3(0xb9fd),
    "MULTIPLY SINGLE",
    ({ r1, r2, r3 }) => multiplySingle32Cc(r1, gr(r2).low, gr(r3).low),
    misc2,
  ),
  insn(
    "MSGRKC",
    RRFa3(0xb9ed),
    "MULTIPLY SINGLE",
    ({ r1, r2, r3 }) => multiplySingle64Cc(r1, share(gr(r2).value), share(gr(r3).value)),
    misc2,
  ),
  insn(
    "MSC",
    RXYa(0xe353),
    "MULTIPLY SINGLE",
    ({ r1, s2 }) => multiplySingle32Cc(r1, gr(r1).low, storage(s2).fetch32()),
    misc2,
  ),
  insn(
    "MSGC",
    RXYa(0xe383),
    "MULTIPLY SINGLE",
    ({ r1, s2 }) => multiplySingle64Cc(r1, share(gr(r1).value), storage(s2).fetch64()),
    misc2,
  ),
];

/** DIVIDE (32 from 64). Remainder to the even, quotient to the odd register. */
function divide(r1: I32, divisor32: I32): Effects {
  recognise.even(r1);
  const dividend = share(
    gr(r1)
      .low.unsigned64()
      .shl(32)
      .or(gr(r1.or(1)).low.unsigned64()),
  );
  const divisor = share(divisor32.signed64());
  recognise.fixedPointDivide(divisor.isZero());
  // The one quotient that 64 bits cannot hold is out of range for 32 as well.
  recognise.fixedPointDivide(dividend.eq(1n << 63n).and(divisor.eq(-1n)));
  const quotient = share(dividend.divS(divisor));
  recognise.fixedPointDivide(quotient.ne(quotient.extend32()));
  return [gr(r1).setLow(dividend.remS(divisor).low32()), gr(r1.or(1)).setLow(quotient.low32())];
}
/** DIVIDE LOGICAL (32 from 64). */
function divideLogical(r1: I32, divisor32: I32): Effects {
  recognise.even(r1);
  const dividend = share(
    gr(r1)
      .low.unsigned64()
      .shl(32)
      .or(gr(r1.or(1)).low.unsigned64()),
  );
  const divisor = share(divisor32.unsigned64());
  recognise.fixedPointDivide(divisor.isZero());
  const quotient = share(dividend.divU(divisor));
  recognise.fixedPointDivide(quotient.gtU(0xffff_ffff));
  return [gr(r1).setLow(dividend.remU(divisor).low32()), gr(r1.or(1)).setLow(quotient.low32())];
}
/** DIVIDE SINGLE (64). */
function divideSingle(r1: I32, divisor: I64): Effects {
  recognise.even(r1);
  const dividend = share(gr(r1.or(1)).value);
  const by = share(divisor);
  recognise.fixedPointDivide(by.isZero());
  recognise.fixedPointDivide(dividend.eq(1n << 63n).and(by.eq(-1n)));
  return [gr(r1).set(dividend.remS(by)), gr(r1.or(1)).set(dividend.divS(by))];
}
/** DIVIDE LOGICAL of 128 by 64 bits. */
function divideLogical64(r1: I32, by: I64): Effects {
  recognise.even(r1);
  const [high, low] = [share(gr(r1).value), share(gr(r1.or(1)).value)];
  const divisor = share(by);
  // The quotient fits exactly when the high half is below the divisor; a divisor of zero is never above.
  recognise.fixedPointDivide(high.geU(divisor));
  const quotient = choose(
    high.isZero(),
    () => low.divU(divisor),
    () => divideUnsigned128(high, low, divisor),
  );
  return [gr(r1).set(low.sub(quotient.mul(divisor))), gr(r1.or(1)).set(quotient)];
}

export const division: readonly Instruction[] = [
  insn("DR", RR(0x1d), "DIVIDE", ({ r1, r2 }) => divide(r1, gr(r2).low)),
  insn("D", RXa(0x5d), "DIVIDE", ({ r1, s2 }) => divide(r1, storage(s2).fetch32())),
  insn("DLR", RRE(0xb997), "DIVIDE LOGICAL", ({ r1, r2 }) => divideLogical(r1, gr(r2).low)),
  insn("DL", RXYa(0xe397), "DIVIDE LOGICAL", ({ r1, s2 }) => divideLogical(r1, storage(s2).fetch32())),
  insn("DLGR", RRE(0xb987), "DIVIDE LOGICAL", ({ r1, r2 }) => divideLogical64(r1, gr(r2).value)),
  insn("DLG", RXYa(0xe387), "DIVIDE LOGICAL", ({ r1, s2 }) => divideLogical64(r1, storage(s2).fetch64())),
  insn("DSGR", RRE(0xb90d), "DIVIDE SINGLE", ({ r1, r2 }) => divideSingle(r1, gr(r2).value)),
  insn("DSGFR", RRE(0xb91d), "DIVIDE SINGLE", ({ r1, r2 }) => divideSingle(r1, gr(r2).low.signed64())),
  insn("DSG", RXYa(0xe30d), "DIVIDE SINGLE", ({ r1, s2 }) => divideSingle(r1, storage(s2).fetch64())),
  insn("DSGF", RXYa(0xe31d), "DIVIDE SINGLE", ({ r1, s2 }) =>
    divideSingle(r1, storage(s2).fetch32().signed64()),
  ),
];

/** LOAD AND ADD and its family: the old operand goes to R1, the combination with R3 to storage. */
const interlocked = { facility: 45 };
type Update32 = (old: I32, operand: I32) => { value: I32; cc: Effects[number]; after?: Effects[number] };
type Update64 = (old: I64, operand: I64) => { value: I64; cc: Effects[number]; after?: Effects[number] };
const update32 = (mnemonic: string, opcode: number, title: string, update: Update32): Instruction =>
  insn(
    mnemonic,
    RSYa(opcode),
    title,
    ({ r1, r3, s2 }) => {
      recognise.specification(s2.address.and(3).ne(0));
      const old = storage(s2).fetch32();
      const next = update(old, gr(r3).low);
      return [
        storage(s2).store32(next.value),
        gr(r1).setLow(old),
        next.cc,
        ...(next.after ? [next.after] : []),
      ];
    },
    interlocked,
  );
const update64 = (mnemonic: string, opcode: number, title: string, update: Update64): Instruction =>
  insn(
    mnemonic,
    RSYa(opcode),
    title,
    ({ r1, r3, s2 }) => {
      recognise.specification(s2.address.and(7).ne(0));
      const old = storage(s2).fetch64();
      const next = update(old, gr(r3).value);
      return [storage(s2).store64(next.value), gr(r1).set(old), next.cc, ...(next.after ? [next.after] : [])];
    },
    interlocked,
  );

export const interlockedAccess: readonly Instruction[] = [
  update32("LAA", 0xebf8, "LOAD AND ADD", (a, b) => {
    const value = share(a.add(b));
    const overflow = a.xor(value).and(b.xor(value)).isNegative();
    return { value, cc: cc.addSigned(value, b), after: program.fixedPointOverflow(overflow) };
  }),
  update64("LAAG", 0xebe8, "LOAD AND ADD", (a, b) => {
    const value = share(a.add(b));
    const overflow = a.xor(value).and(b.xor(value)).isNegative();
    return { value, cc: cc.addSigned(value, b), after: program.fixedPointOverflow(overflow) };
  }),
  update32("LAAL", 0xebfa, "LOAD AND ADD LOGICAL", (a, b) => {
    const value = share(a.add(b));
    return { value, cc: cc.addLogical(value, b) };
  }),
  update64("LAALG", 0xebea, "LOAD AND ADD LOGICAL", (a, b) => {
    const value = share(a.add(b));
    return { value, cc: cc.addLogical(value, b) };
  }),
  ...(["and", "xor", "or"] as const).flatMap((op, n) => {
    const [name, title] = (
      [
        ["LAN", "LOAD AND AND"],
        ["LAX", "LOAD AND EXCLUSIVE OR"],
        ["LAO", "LOAD AND OR"],
      ] as const
    )[n] ?? ["", ""];
    const opcode = [0xf4, 0xf7, 0xf6][n] ?? 0;
    return [
      update32(name, 0xeb00 | opcode, title, (a, b) => {
        const value = share(a[op](b));
        return { value, cc: cc.notZero(value) };
      }),
      update64(`${name}G`, 0xeb00 | (opcode - 0x10), title, (a, b) => {
        const value = share(a[op](b));
        return { value, cc: cc.notZero(value) };
      }),
    ];
  }),
];
