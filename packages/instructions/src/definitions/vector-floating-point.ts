/**
 * Vector floating-point instructions. Principles of Operation, "Vector Floating-Point Instructions".
 *
 * Every instruction has a routine that knows all formats, modes and exceptions. Long operands, as nearly all are, take
 * a quick way where the host's arithmetic can vouch for the result, as in `binary-floating-point.ts`.
 */
import {
  DOUBLEWORD,
  type Effects,
  F64,
  I32,
  I64,
  type Instruction,
  type Operands,
  type Routine,
  V128,
  VRIe,
  VRRa34,
  VRRa345,
  VRRc45,
  VRRc456,
  VRRe56,
  call,
  cc,
  choose,
  constantOf,
  hostRoutine,
  machine,
  recognise,
  share,
  vectorDoubleword,
  vectorElement,
  vr,
  when,
} from "../dsl/index.ts";
import * as host from "./host-floating-point.ts";
import { VECTOR_ENHANCEMENTS_1, allSomeNone, checkSize, setCcWhen, vectorInsn } from "./vector-elements.ts";

/** Formats as masks give them. */
const SHORT = 2;
const LONG = 3;
const EXTENDED = 4;
/** Flags beside the format: one element only, and no IEEE inexact, or signaling on quiet NaNs. */
const SINGLE = 8;
const SECOND_FLAG = 4;

/** (V1, V2, V3, V4, format, flags, more) of a routine that commits its result. */
const routine = (name: string): Routine =>
  hostRoutine(`vfp.${name}`, "i32", "i32", "i32", "i32", "i32", "i32", "i32");

const nothing = I32.of(0);
interface Arguments {
  readonly v1: I32;
  readonly v2: I32;
  readonly v3?: I32;
  readonly v4?: I32;
  readonly format: I32;
  readonly flags: I32;
  readonly more?: I32;
}
const ask = (algorithm: Routine, a: Arguments): I32 =>
  call(algorithm, a.v1, a.v2, a.v3 ?? nothing, a.v4 ?? nothing, a.format, a.flags, a.more ?? nothing);

const onlyFlags = (mask: I32, flags: number): void => recognise.specification(mask.and(~flags).ne(0));
const roundingField = (field: I32): void => recognise.specification(I32.of(0xff04).shrU(field).and(1));
const isSingle = (flags: I32): I32 => flags.and(SINGLE).ne(0);

// --- long operands on the host ---------------------------------------------------------------------

/** FPC bit 12: the IEEE-inexact flag. */
const INEXACT_FLAG = 0x0008_0000;

/** What the host makes of one element; 0 is the left one. */
type Element = (n: 0 | 1) => host.HostResult;
const double = (register: I32, n: 0 | 1): F64 =>
  F64.ofBits(share(vectorDoubleword(register, I32.of(n)).value));

/** Both elements, or element 0 with zeros beside it. The right one is not computed where it is known to be left out. */
function vouched(a: Arguments, suppressInexact: I32, element: Element, algorithm: Routine): Effects {
  const single = isSingle(a.flags);
  const known = constantOf(single.node);
  const left = element(0);
  const right = known === 1n ? undefined : element(1);
  const both = right === undefined ? left.sure : left.sure.and(right.sure.or(single));
  const plain = share(host.plainArithmetic().and(both).and(a.format.eq(LONG)));
  const unflagged = machine.fpc.and(INEXACT_FLAG).isZero().and(suppressInexact.isZero());
  const inexact = (): I32 => {
    if (right === undefined) return left.inexact();
    return left.inexact().or(right.inexact().and(single.isZero()));
  };
  const lost = choose(plain.and(unflagged), inexact, () => I32.of(0));
  const rightBits = right === undefined ? I64.of(0) : single.select(I64.of(0), right.bits);
  const result = share(V128.ofDoublewords(left.bits, rightBits));
  choose(
    plain,
    () => I32.of(0),
    () => ask(algorithm, a),
  );
  return [when(plain, vr(a.v1).set(result)), when(lost, machine.setFpc(machine.fpc.or(INEXACT_FLAG)))];
}

/** Short and extended operands, where it is known that they are such, have the routine alone. */
const neverLong = (format: I32): boolean => {
  const known = constantOf(format.node);
  return known !== undefined && known !== BigInt(LONG);
};
function either(a: Arguments, suppressInexact: I32, element: Element, algorithm: Routine): Effects {
  if (!neverLong(a.format)) return vouched(a, suppressInexact, element, algorithm);
  ask(algorithm, a);
  return [];
}

// --- arithmetic ------------------------------------------------------------------------------------

const dyadic = (
  mnemonic: string,
  opcode: number,
  title: string,
  name: string,
  onHost: (a: F64, b: F64) => host.HostResult,
): Instruction => {
  const algorithm = routine(name);
  return vectorInsn(mnemonic, VRRc45(opcode), title, ({ v1, v2, v3, m4, m5 }) => {
    checkSize(m4, SHORT, EXTENDED);
    onlyFlags(m5, SINGLE);
    const element: Element = (n) => onHost(double(v2, n), double(v3, n));
    return either({ v1, v2, v3, format: m4, flags: m5 }, nothing, element, algorithm);
  });
};

const fused = (
  mnemonic: string,
  opcode: number,
  title: string,
  name: string,
  onHost: ((a: F64, b: F64, c: F64) => host.HostResult) | undefined,
  facility?: number,
): Instruction => {
  const algorithm = routine(name);
  const body = ({ v1, v2, v3, v4, m5, m6 }: Operands): Effects => {
    checkSize(m6, SHORT, EXTENDED);
    onlyFlags(m5, SINGLE);
    const given = { v1, v2, v3, v4, format: m6, flags: m5 };
    if (onHost === undefined) {
      ask(algorithm, given);
      return [];
    }
    const element: Element = (n) => onHost(double(v2, n), double(v3, n), double(v4, n));
    return either(given, nothing, element, algorithm);
  };
  return vectorInsn(mnemonic, VRRe56(opcode), title, body, facility);
};

/** M6: 0 IEEE, 1 Java, 2 C macro, 3 C++ algorithm, 4 Fortran; 8 more for magnitudes. */
const extremum = (mnemonic: string, opcode: number, title: string, name: string): Instruction => {
  const algorithm = routine(name);
  return vectorInsn(
    mnemonic,
    VRRc456(opcode),
    title,
    ({ v1, v2, v3, m4, m5, m6 }) => {
      checkSize(m4, SHORT, EXTENDED);
      onlyFlags(m5, SINGLE);
      checkSize(m6.and(7), 0, 4);
      ask(algorithm, { v1, v2, v3, format: m4, flags: m5, more: m6 });
      return [];
    },
    VECTOR_ENHANCEMENTS_1,
  );
};

const squareRoot = routine("squareRoot");

const arithmetic: readonly Instruction[] = [
  dyadic("VFA", 0xe7e3, "VECTOR FP ADD", "add", host.addLong),
  dyadic("VFS", 0xe7e2, "VECTOR FP SUBTRACT", "subtract", (a, b) => host.addLong(a, b.negate())),
  dyadic("VFM", 0xe7e7, "VECTOR FP MULTIPLY", "multiply", host.multiplyLong),
  dyadic("VFD", 0xe7e5, "VECTOR FP DIVIDE", "divide", host.divideLong),
  fused("VFMA", 0xe78f, "VECTOR FP MULTIPLY AND ADD", "multiplyAdd", host.multiplyAddLong),
  fused("VFMS", 0xe78e, "VECTOR FP MULTIPLY AND SUBTRACT", "multiplySubtract", (a, b, c) =>
    host.multiplyAddLong(a, b, c.negate()),
  ),
  fused(
    "VFNMA",
    0xe79f,
    "VECTOR FP NEGATIVE MULTIPLY AND ADD",
    "negativeMultiplyAdd",
    undefined,
    VECTOR_ENHANCEMENTS_1,
  ),
  fused(
    "VFNMS",
    0xe79e,
    "VECTOR FP NEGATIVE MULTIPLY AND SUBTRACT",
    "negativeMultiplySubtract",
    undefined,
    VECTOR_ENHANCEMENTS_1,
  ),
  extremum("VFMAX", 0xe7ef, "VECTOR FP MAXIMUM", "maximum"),
  extremum("VFMIN", 0xe7ee, "VECTOR FP MINIMUM", "minimum"),
  vectorInsn("VFSQ", VRRa34(0xe7ce), "VECTOR FP SQUARE ROOT", ({ v1, v2, m3, m4 }) => {
    checkSize(m3, SHORT, EXTENDED);
    onlyFlags(m4, SINGLE);
    const element: Element = (n) => host.squareRootLong(double(v2, n));
    return either({ v1, v2, format: m3, flags: m4 }, nothing, element, squareRoot);
  }),
];

// --- signs -----------------------------------------------------------------------------------------

/** Bits of the signs of all elements of a format. */
const signs: Readonly<Record<number, V128>> = {
  [SHORT]: V128.every(2, 1n << 31n),
  [LONG]: V128.every(DOUBLEWORD, 1n << 63n),
  [EXTENDED]: V128.of(1n << 127n),
};
/** Element 0 of a format. */
const firstOnes: Readonly<Record<number, V128>> = {
  [SHORT]: V128.of(0xffff_ffffn << 96n),
  [LONG]: V128.of(0xffff_ffff_ffff_ffffn << 64n),
  [EXTENDED]: V128.ones,
};
function byFormat(format: I32, values: Readonly<Record<number, V128>>): V128 {
  const of = (n: number): V128 => values[n] ?? V128.zero;
  const known = constantOf(format.node);
  if (known !== undefined) return of(Number(known));
  return choose(
    format.eq(LONG),
    () => of(LONG),
    () =>
      choose(
        format.eq(SHORT),
        () => of(SHORT),
        () => of(EXTENDED),
      ),
  );
}

/** M5: 0 complement, 1 negative, 2 positive. No exceptions. */
const signOperation = ({ v1, v2, m3, m4, m5 }: Operands): Effects => {
  checkSize(m3, SHORT, EXTENDED);
  onlyFlags(m4, SINGLE);
  checkSize(m5, 0, 2);
  const sign = share(byFormat(m3, signs));
  const a = share(vr(v2).value);
  const changed = choose(
    m5.isZero(),
    () => a.xor(sign),
    () =>
      choose(
        m5.eq(1),
        () => a.or(sign),
        () => a.andNot(sign),
      ),
  );
  const all = share(changed);
  const single = isSingle(m4);
  const first = choose(
    single,
    () => byFormat(m3, firstOnes).select(all, vr(v1).value),
    () => all,
  );
  return [vr(v1).set(first)];
};

// --- comparisons -----------------------------------------------------------------------------------

const compare = routine("compare");
const compareScalar = routine("compareScalar");

/** Numbers compare without exceptions; NaNs, and other formats than the long one, are the routine's. */
const comparison = (
  mnemonic: string,
  opcode: number,
  title: string,
  relation: "eq" | "gt" | "ge",
  more: number,
): Instruction =>
  vectorInsn(mnemonic, VRRc456(opcode), title, ({ v1, v2, v3, m4, m5, m6 }) => {
    checkSize(m4, SHORT, EXTENDED);
    onlyFlags(m5, SINGLE | SECOND_FLAG);
    onlyFlags(m6, 1);
    const given = { v1, v2, v3, format: m4, flags: m5, more: I32.of(more) };
    if (neverLong(m4)) return setCcWhen(m6, ask(compare, given));
    const [a, b] = [share(vr(v2).value), share(vr(v3).value)];
    const single = isSingle(m5);
    const leftOut = V128.ofDoublewords(I64.of(0), I64.of(0).sub(single.unsigned64()));
    const numbers = a.floats("eq", a).and(b.floats("eq", b)).or(leftOut).allTrue(DOUBLEWORD);
    const quick = share(numbers.and(m4.eq(LONG)));
    const result = share(a.floats(relation, b).andNot(leftOut));
    const singleCode = (): I32 => result.anyTrue().select(I32.of(0), I32.of(3));
    const code = choose(
      quick,
      () => choose(single, singleCode, () => allSomeNone(result)),
      () => ask(compare, given),
    );
    return [when(quick, vr(v1).set(result)), ...setCcWhen(m6, code)];
  });

/** Elements 0. CC: 0 equal, 1 first low, 2 first high, 3 unordered. */
const scalarComparison =
  (signals: 0 | 1) =>
  ({ v1, v2, m3, m4 }: Operands): Effects => {
    checkSize(m3, SHORT, EXTENDED);
    onlyFlags(m4, 0);
    const decide = (): I32 =>
      ask(compareScalar, { v1, v2, format: m3, flags: nothing, more: I32.of(signals) });
    if (neverLong(m3)) return [cc.set(decide())];
    const [a, b] = [double(v1, 0), double(v2, 0)];
    const numbers = a.eq(a).and(b.eq(b)).and(m3.eq(LONG));
    return [cc.set(choose(numbers, () => b.gt(a).or(a.gt(b).shl(1)), decide))];
  };

const testClass = routine("testClass");

const comparisons: readonly Instruction[] = [
  comparison("VFCE", 0xe7e8, "VECTOR FP COMPARE EQUAL", "eq", 0),
  comparison("VFCH", 0xe7eb, "VECTOR FP COMPARE HIGH", "gt", 1),
  comparison("VFCHE", 0xe7ea, "VECTOR FP COMPARE HIGH OR EQUAL", "ge", 2),
  vectorInsn("WFC", VRRa34(0xe7cb), "VECTOR FP COMPARE SCALAR", scalarComparison(0)),
  vectorInsn("WFK", VRRa34(0xe7ca), "VECTOR FP COMPARE AND SIGNAL SCALAR", scalarComparison(1)),
  vectorInsn("VFPSO", VRRa345(0xe7cc), "VECTOR FP PERFORM SIGN OPERATION", signOperation),
  vectorInsn("VFTCI", VRIe(0xe74a), "VECTOR FP TEST DATA CLASS IMMEDIATE", ({ v1, v2, i3, m4, m5 }) => {
    checkSize(m4, SHORT, EXTENDED);
    onlyFlags(m5, SINGLE);
    return [cc.set(ask(testClass, { v1, v2, format: m4, flags: m5, more: i3.low32() }))];
  }),
];

// --- conversions -----------------------------------------------------------------------------------

/** M3 format, M4 single and XxC, M5 rounding mode. */
const conversion = (
  mnemonic: string,
  opcode: number,
  title: string,
  name: string,
  [least, greatest]: readonly [number, number],
  onHost: (register: I32, n: 0 | 1, m5: I32) => host.HostResult,
): Instruction => {
  const algorithm = routine(name);
  return vectorInsn(mnemonic, VRRa345(opcode), title, ({ v1, v2, m3, m4, m5 }) => {
    checkSize(m3, least, greatest);
    onlyFlags(m4, SINGLE | SECOND_FLAG);
    roundingField(m5);
    const given = { v1, v2, format: m3, flags: m4, more: m5 };
    return either(given, m4.and(SECOND_FLAG), (n) => onHost(v2, n, m5), algorithm);
  });
};

function fromInteger(register: I32, n: 0 | 1, m5: I32, signed: boolean): host.HostResult {
  const value = share(vectorDoubleword(register, I32.of(n)).value);
  const absolute = signed ? share(value.isNegative().select(I64.of(0).sub(value), value)) : value;
  return host.fromInteger(value, absolute, signed, false, m5);
}

const lengthenRoutine = routine("lengthen");
const roundRoutine = routine("round");

/** Short to long of a normal number: its fields move apart; 896 is what the exponents' biases differ by. */
function lengthened(register: I32, n: 0 | 1): host.HostResult {
  const bits = share(vectorElement(2, register, I32.of(2 * n)).value.unsigned64());
  const absolute = share(bits.and(0x7fff_ffff));
  const sign = bits.shrU(31).shl(63);
  return {
    sure: absolute.sub(0x80_0000).ltU(0x7f00_0000).or(absolute.isZero()),
    bits: absolute.isZero().select(
      sign,
      absolute
        .shl(29)
        .add(896n << 52n)
        .or(sign),
    ),
    inexact: () => I32.of(0),
  };
}

/** Short to long, or long to extended. The format is that of the source. */
const lengthen = ({ v1, v2, m3, m4 }: Operands): Effects => {
  checkSize(m3, SHORT, LONG);
  onlyFlags(m4, SINGLE);
  const given = { v1, v2, format: m3, flags: m4 };
  const known = constantOf(m3.node);
  if (known !== undefined && known !== BigInt(SHORT)) {
    ask(lengthenRoutine, given);
    return [];
  }
  const single = isSingle(m4);
  const [left, right] = [lengthened(v2, 0), lengthened(v2, 1)];
  const quick = share(left.sure.and(right.sure.or(single)).and(m3.eq(SHORT)));
  const result = share(V128.ofDoublewords(left.bits, single.select(I64.of(0), right.bits)));
  choose(
    quick,
    () => I32.of(0),
    () => ask(lengthenRoutine, given),
  );
  return [when(quick, vr(v1).set(result))];
};

/** Long to short, in words 0 and 2, or extended to long. The format is that of the source. */
function rounded(register: I32, n: 0 | 1, m5: I32): host.HostResult {
  const { sure, bits, inexact } = host.roundToShort(double(register, n), m5);
  return { sure, bits: bits.shl(32), inexact };
}
const round = ({ v1, v2, m3, m4, m5 }: Operands): Effects => {
  checkSize(m3, LONG, EXTENDED);
  onlyFlags(m4, SINGLE | SECOND_FLAG);
  roundingField(m5);
  const given = { v1, v2, format: m3, flags: m4, more: m5 };
  return either(given, m4.and(SECOND_FLAG), (n) => rounded(v2, n, m5), roundRoutine);
};

const conversions: readonly Instruction[] = [
  conversion("VCFPS", 0xe7c3, "VECTOR FP CONVERT FROM FIXED", "fromFixed", [SHORT, LONG], (register, n, m5) =>
    fromInteger(register, n, m5, true),
  ),
  conversion(
    "VCFPL",
    0xe7c1,
    "VECTOR FP CONVERT FROM LOGICAL",
    "fromLogical",
    [SHORT, LONG],
    (register, n, m5) => fromInteger(register, n, m5, false),
  ),
  conversion("VCSFP", 0xe7c2, "VECTOR FP CONVERT TO FIXED", "toFixed", [SHORT, LONG], (register, n, m5) =>
    host.toInteger(double(register, n), m5, 64, true),
  ),
  conversion("VCLFP", 0xe7c0, "VECTOR FP CONVERT TO LOGICAL", "toLogical", [SHORT, LONG], (register, n, m5) =>
    host.toInteger(double(register, n), m5, 64, false),
  ),
  conversion("VFI", 0xe7c7, "VECTOR LOAD FP INTEGER", "loadInteger", [SHORT, EXTENDED], (register, n, m5) =>
    host.roundToInteger(double(register, n), m5, false),
  ),
  vectorInsn("VFLL", VRRa34(0xe7c4), "VECTOR FP LOAD LENGTHENED", lengthen),
  vectorInsn("VFLR", VRRa345(0xe7c5), "VECTOR FP LOAD ROUNDED", round),
];

export const vectorFloatingPoint: readonly Instruction[] = [...arithmetic, ...comparisons, ...conversions];
