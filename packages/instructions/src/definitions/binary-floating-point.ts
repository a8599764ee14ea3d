/**
 * Binary floating point (BFP). Principles of Operation, "Binary-Floating-Point Instructions".
 *
 * The arithmetic is `@lockframe/cpu`'s, behind routines that take the first operand's register number and the
 * other operands' bits, commit result, flags and traps themselves and return the condition code. What
 * needs no rounding is said here.
 */
import {
  type Effects,
  I32,
  I64,
  type Instruction,
  type Operands,
  RRD,
  RRE,
  RRFb,
  RRFe,
  RXE,
  RXF,
  type Routine,
  call,
  cc,
  choose,
  fpr,
  gr,
  hostRoutine,
  insn,
  machine,
  recognise,
  share,
  storage,
  when,
} from "../dsl/index.ts";

const bfp = { additionalFloatingPoint: 2 } as const;

/** FPC bit 12: the IEEE-inexact flag; bit 4: its mask. */
const INEXACT_FLAG = 0x0008_0000;
const INEXACT_MASK = 0x0800_0000;

/** The bits of an operand; a short or long one stands in `left` alone, a short one in its rightmost 32 bits. */
interface Bits {
  readonly left: I64;
  readonly right: I64;
}

interface Form {
  readonly name: "Short" | "Long" | "Extended";
  /** Register numbers are checked first: an extended operand needs a pair. */
  readonly check: (...registers: I32[]) => void;
  readonly read: (register: I32) => Bits;
  readonly write: (register: I32, value: Bits) => Effects;
  /** From storage; there are no extended operands in storage. */
  readonly fetch: (operand: Operands["s2"]) => Bits;
}

const nothing = I64.of(0);
const left = (value: I64): Bits => ({ left: value, right: nothing });

const short: Form = {
  name: "Short",
  check: () => undefined,
  read: (r) => left(share(fpr(r).high.unsigned64())),
  write: (r, value) => [fpr(r).setHigh(value.left.low32())],
  fetch: (s2) => left(share(storage(s2).fetch32().unsigned64())),
};
const long: Form = {
  name: "Long",
  check: () => undefined,
  read: (r) => left(share(fpr(r).value)),
  write: (r, value) => [fpr(r).set(value.left)],
  fetch: (s2) => left(storage(s2).fetch64()),
};
const extended: Form = {
  name: "Extended",
  check: recognise.pair,
  read: (r) => ({ left: share(fpr(r).value), right: share(fpr(r.or(2)).value) }),
  write: (r, value) => [fpr(r).set(value.left), fpr(r.or(2)).set(value.right)],
  fetch: () => {
    throw new Error("no instruction has an extended operand in storage");
  },
};

const routine = (name: string, ...parameters: ("i32" | "i64")[]): Routine =>
  hostRoutine(`bfp.${name}`, ...parameters);

/** A routine for each form, (first operand's register, other operands...). */
function perForm(name: string, ...more: ("i32" | "i64")[]): Record<Form["name"], Routine> {
  const of = (form: Form["name"]) => routine(`${name}${form}`, "i32", "i64", "i64", ...more);
  return { Short: of("Short"), Long: of("Long"), Extended: of("Extended") };
}
function perShorterForm(name: string, ...more: ("i32" | "i64")[]): Record<"Short" | "Long", Routine> {
  const of = (form: Form["name"]) => routine(`${name}${form}`, "i32", "i64", "i64", ...more);
  return { Short: of("Short"), Long: of("Long") };
}

// --- arithmetic ------------------------------------------------------------------------------------

const add = perForm("add");
const subtract = perForm("subtract");
const multiply = perForm("multiply");
const divide = perForm("divide");
const squareRoot = perForm("squareRoot");
const compare = perForm("compare");
const compareAndSignal = perForm("compareAndSignal");
const loadAndTest = perForm("loadAndTest");

type Act = (form: Form, r1: I32, second: Bits) => Effects;

const setsCode =
  (routines: Record<Form["name"], Routine>): Act =>
  (form, r1, { left, right }) => [cc.set(call(routines[form.name], r1, left, right))];
const keepsCode =
  (routines: Record<Form["name"], Routine>): Act =>
  (form, r1, { left, right }) => {
    call(routines[form.name], r1, left, right);
    return [];
  };

const fromRegister =
  (form: Form, act: Act) =>
  ({ r1, r2 }: Operands): Effects => {
    form.check(r1, r2);
    return act(form, r1, form.read(r2));
  };
const fromStorage =
  (form: Form, act: Act) =>
  ({ r1, s2 }: Operands): Effects =>
    act(form, r1, form.fetch(s2));

const register = (mnemonic: string, opcode: number, title: string, form: Form, act: Act): Instruction =>
  insn(mnemonic, RRE(opcode), title, fromRegister(form, act), bfp);
const stored = (mnemonic: string, opcode: number, title: string, form: Form, act: Act): Instruction =>
  insn(mnemonic, RXE(opcode), title, fromStorage(form, act), bfp);

const arithmetic: readonly Instruction[] = [
  register("AEBR", 0xb30a, "ADD", short, setsCode(add)),
  register("ADBR", 0xb31a, "ADD", long, setsCode(add)),
  register("AXBR", 0xb34a, "ADD", extended, setsCode(add)),
  stored("AEB", 0xed0a, "ADD", short, setsCode(add)),
  stored("ADB", 0xed1a, "ADD", long, setsCode(add)),
  register("SEBR", 0xb30b, "SUBTRACT", short, setsCode(subtract)),
  register("SDBR", 0xb31b, "SUBTRACT", long, setsCode(subtract)),
  register("SXBR", 0xb34b, "SUBTRACT", extended, setsCode(subtract)),
  stored("SEB", 0xed0b, "SUBTRACT", short, setsCode(subtract)),
  stored("SDB", 0xed1b, "SUBTRACT", long, setsCode(subtract)),
  register("MEEBR", 0xb317, "MULTIPLY", short, keepsCode(multiply)),
  register("MDBR", 0xb31c, "MULTIPLY", long, keepsCode(multiply)),
  register("MXBR", 0xb34c, "MULTIPLY", extended, keepsCode(multiply)),
  stored("MEEB", 0xed17, "MULTIPLY", short, keepsCode(multiply)),
  stored("MDB", 0xed1c, "MULTIPLY", long, keepsCode(multiply)),
  register("DEBR", 0xb30d, "DIVIDE", short, keepsCode(divide)),
  register("DDBR", 0xb31d, "DIVIDE", long, keepsCode(divide)),
  register("DXBR", 0xb34d, "DIVIDE", extended, keepsCode(divide)),
  stored("DEB", 0xed0d, "DIVIDE", short, keepsCode(divide)),
  stored("DDB", 0xed1d, "DIVIDE", long, keepsCode(divide)),
  register("SQEBR", 0xb314, "SQUARE ROOT", short, keepsCode(squareRoot)),
  register("SQDBR", 0xb315, "SQUARE ROOT", long, keepsCode(squareRoot)),
  register("SQXBR", 0xb316, "SQUARE ROOT", extended, keepsCode(squareRoot)),
  stored("SQEB", 0xed14, "SQUARE ROOT", short, keepsCode(squareRoot)),
  stored("SQDB", 0xed15, "SQUARE ROOT", long, keepsCode(squareRoot)),
];

const multiplyLonger = perShorterForm("multiplyLonger");
const longer: Act = (form, r1, { left, right }) => {
  if (form === extended) throw new Error("no form is longer");
  call(form === short ? multiplyLonger.Short : multiplyLonger.Long, r1, left, right);
  return [];
};

const multiplyAdd = perShorterForm("multiplyAdd", "i64");
const multiplySubtract = perShorterForm("multiplySubtract", "i64");

type Fused = typeof multiplyAdd;
const fuse = (routines: Fused, form: Form, r1: I32, second: Bits, third: Bits): Effects => {
  call(form === short ? routines.Short : routines.Long, r1, second.left, second.right, third.left);
  return [];
};
const fusedRegister = (mnemonic: string, opcode: number, title: string, form: Form, routines: Fused) =>
  insn(
    mnemonic,
    RRD(opcode),
    title,
    ({ r1, r2, r3 }) => fuse(routines, form, r1, form.read(r2), form.read(r3)),
    bfp,
  );
const fusedStored = (mnemonic: string, opcode: number, title: string, form: Form, routines: Fused) =>
  insn(
    mnemonic,
    RXF(opcode),
    title,
    ({ r1, r3, s2 }) => fuse(routines, form, r1, form.fetch(s2), form.read(r3)),
    bfp,
  );

/** R1 is a pair where the product is extended. */
const longProduct =
  (act: (o: Operands) => Effects) =>
  (o: Operands): Effects => {
    recognise.pair(o.r1);
    return act(o);
  };

const products: readonly Instruction[] = [
  register("MDEBR", 0xb30c, "MULTIPLY", short, longer),
  stored("MDEB", 0xed0c, "MULTIPLY", short, longer),
  insn("MXDBR", RRE(0xb307), "MULTIPLY", longProduct(fromRegister(long, longer)), bfp),
  insn("MXDB", RXE(0xed07), "MULTIPLY", longProduct(fromStorage(long, longer)), bfp),
  fusedRegister("MAEBR", 0xb30e, "MULTIPLY AND ADD", short, multiplyAdd),
  fusedRegister("MADBR", 0xb31e, "MULTIPLY AND ADD", long, multiplyAdd),
  fusedStored("MAEB", 0xed0e, "MULTIPLY AND ADD", short, multiplyAdd),
  fusedStored("MADB", 0xed1e, "MULTIPLY AND ADD", long, multiplyAdd),
  fusedRegister("MSEBR", 0xb30f, "MULTIPLY AND SUBTRACT", short, multiplySubtract),
  fusedRegister("MSDBR", 0xb31f, "MULTIPLY AND SUBTRACT", long, multiplySubtract),
  fusedStored("MSEB", 0xed0f, "MULTIPLY AND SUBTRACT", short, multiplySubtract),
  fusedStored("MSDB", 0xed1f, "MULTIPLY AND SUBTRACT", long, multiplySubtract),
];

// --- comparison and sign ---------------------------------------------------------------------------

/** Where sign, exponent and fraction lie in the left part of an operand. */
interface Layout {
  readonly sign: bigint;
  readonly infinity: bigint;
  readonly quiet: bigint;
  readonly least: bigint;
}
const layouts: Record<Form["name"], Layout> = {
  Short: { sign: 1n << 31n, infinity: 0x7f80_0000n, quiet: 1n << 22n, least: 1n << 23n },
  Long: { sign: 1n << 63n, infinity: 0x7ffn << 52n, quiet: 1n << 51n, least: 1n << 52n },
  Extended: { sign: 1n << 63n, infinity: 0x7fffn << 48n, quiet: 1n << 47n, least: 1n << 48n },
};

/** The magnitude as a number that orders as the operand does, to the left half; lost digits become its last bit. */
function magnitude(form: Form, { left, right }: Bits): I64 {
  const absolute = left.and(layouts[form.name].sign - 1n);
  return share(form === extended ? absolute.or(right.ne(0).unsigned64()) : absolute);
}
const isNegative = (form: Form, { left }: Bits): I32 => left.and(layouts[form.name].sign).ne(0);

/** CC: 0 zero, 1 less than zero, 2 greater than zero, 3 NaN. */
function signCode(form: Form, value: Bits): I32 {
  const absolute = magnitude(form, value);
  const code = isNegative(form, value).select(I32.of(1), I32.of(2));
  const nan = absolute.gtU(layouts[form.name].infinity);
  return nan.select(I32.of(3), absolute.isZero().select(I32.of(0), code));
}

const withSign =
  (change: (left: I64, sign: bigint) => I64): Act =>
  (form, r1, { left, right }) => {
    const value = { left: share(change(left, layouts[form.name].sign)), right };
    return [...form.write(r1, value), cc.set(signCode(form, value))];
  };
const positive = withSign((bits, sign) => bits.and(sign - 1n));
const negative = withSign((bits, sign) => bits.or(sign));
const complement = withSign((bits, sign) => bits.xor(sign));

/** Only a signaling NaN is more than a move. */
const tested: Act = (form, r1, value) => {
  const { infinity, quiet } = layouts[form.name];
  const signaling = share(magnitude(form, value).gtU(infinity).and(value.left.and(quiet).isZero()));
  const code = choose(
    signaling,
    () => call(loadAndTest[form.name], r1, value.left, value.right),
    () => signCode(form, value),
  );
  return [when(signaling.isZero(), ...form.write(r1, value)), cc.set(code)];
};

/** Bits as a signed number that orders as the operand does, and in which both zeros are equal. */
function inOrder(form: Form, value: Bits): I64 {
  const absolute = magnitude(form, value);
  return share(isNegative(form, value).select(I64.of(0).sub(absolute), absolute));
}
/** Numbers are compared as integers; NaNs and extended operands go to the routine. */
const compared =
  (routines: Record<Form["name"], Routine>): Act =>
  (form, r1, second) => {
    const decide = () => call(routines[form.name], r1, second.left, second.right);
    if (form === extended) return [cc.set(decide())];
    const first = form.read(r1);
    const { infinity } = layouts[form.name];
    const numbers = magnitude(form, first).leU(infinity).and(magnitude(form, second).leU(infinity));
    const byOrder = (): I32 => {
      const [a, b] = [inOrder(form, first), inOrder(form, second)];
      return a.ltS(b).or(a.gtS(b).shl(1));
    };
    return [cc.set(choose(numbers, byOrder, decide))];
  };

/** TEST DATA CLASS. CC: 1 when the second-operand address has a one for the operand's class, else 0. */
const dataClass =
  (form: Form) =>
  ({ r1, s2 }: Operands): Effects => {
    form.check(r1);
    const value = form.read(r1);
    const { infinity, quiet, least } = layouts[form.name];
    const absolute = magnitude(form, value);
    const nan = value.left.and(quiet).isZero().select(I32.of(10), I32.of(8));
    const special = absolute.eq(infinity).select(I32.of(6), nan);
    const finite = absolute.geU(least).select(I32.of(2), absolute.isZero().select(I32.of(0), I32.of(4)));
    const position = absolute.ltU(infinity).select(finite, special).add(isNegative(form, value));
    return [cc.set(s2.address.low32().shrU(I32.of(11).sub(position)).and(1))];
  };

const comparisons: readonly Instruction[] = [
  register("CEBR", 0xb309, "COMPARE", short, compared(compare)),
  register("CDBR", 0xb319, "COMPARE", long, compared(compare)),
  register("CXBR", 0xb349, "COMPARE", extended, compared(compare)),
  stored("CEB", 0xed09, "COMPARE", short, compared(compare)),
  stored("CDB", 0xed19, "COMPARE", long, compared(compare)),
  register("KEBR", 0xb308, "COMPARE AND SIGNAL", short, compared(compareAndSignal)),
  register("KDBR", 0xb318, "COMPARE AND SIGNAL", long, compared(compareAndSignal)),
  register("KXBR", 0xb348, "COMPARE AND SIGNAL", extended, compared(compareAndSignal)),
  stored("KEB", 0xed08, "COMPARE AND SIGNAL", short, compared(compareAndSignal)),
  stored("KDB", 0xed18, "COMPARE AND SIGNAL", long, compared(compareAndSignal)),
  register("LTEBR", 0xb302, "LOAD AND TEST", short, tested),
  register("LTDBR", 0xb312, "LOAD AND TEST", long, tested),
  register("LTXBR", 0xb342, "LOAD AND TEST", extended, tested),
  register("LCEBR", 0xb303, "LOAD COMPLEMENT", short, complement),
  register("LCDBR", 0xb313, "LOAD COMPLEMENT", long, complement),
  register("LCXBR", 0xb343, "LOAD COMPLEMENT", extended, complement),
  register("LNEBR", 0xb301, "LOAD NEGATIVE", short, negative),
  register("LNDBR", 0xb311, "LOAD NEGATIVE", long, negative),
  register("LNXBR", 0xb341, "LOAD NEGATIVE", extended, negative),
  register("LPEBR", 0xb300, "LOAD POSITIVE", short, positive),
  register("LPDBR", 0xb310, "LOAD POSITIVE", long, positive),
  register("LPXBR", 0xb340, "LOAD POSITIVE", extended, positive),
  insn("TCEB", RXE(0xed10), "TEST DATA CLASS", dataClass(short), bfp),
  insn("TCDB", RXE(0xed11), "TEST DATA CLASS", dataClass(long), bfp),
  insn("TCXB", RXE(0xed12), "TEST DATA CLASS", dataClass(extended), bfp),
];

// --- width -----------------------------------------------------------------------------------------

const lengthenShortToLong = routine("lengthenShortToLong", "i32", "i64", "i64");
const lengthenShortToExtended = routine("lengthenShortToExtended", "i32", "i64", "i64");
const lengthenLongToExtended = routine("lengthenLongToExtended", "i32", "i64", "i64");

/** A normal short number moves its fields apart; 896 is what the exponents' biases differ by. */
const shortToLong: Act = (_form, r1, { left: bits, right }) => {
  const absolute = share(bits.and(0x7fff_ffff));
  const normal = share(absolute.sub(0x80_0000).ltU(0x7f00_0000));
  choose(
    normal,
    () => I32.of(0),
    () => call(lengthenShortToLong, r1, bits, right),
  );
  const moved = absolute
    .shl(29)
    .add(896n << 52n)
    .or(bits.shrU(31).shl(63));
  return [when(normal, fpr(r1).set(moved))];
};
const lengthen =
  (algorithm: Routine): Act =>
  (_form, r1, { left, right }) => {
    call(algorithm, r1, left, right);
    return [];
  };
const shortToExtended = lengthen(lengthenShortToExtended);
const longToExtended = lengthen(lengthenLongToExtended);

// --- rounding fields -------------------------------------------------------------------------------

/** M3 or M4 as a rounding mode: 0, 1, 3 to 7. */
const roundingField = (field: I32): I32 => {
  recognise.specification(I32.of(0xff04).shrU(field).and(1));
  return field;
};

const roundLongToShort = routine("roundLongToShort", "i32", "i64", "i64", "i32", "i32");
const roundExtendedToLong = routine("roundExtendedToLong", "i32", "i64", "i64", "i32", "i32");
const roundExtendedToShort = routine("roundExtendedToShort", "i32", "i64", "i64", "i32", "i32");
const loadInteger = perForm("loadInteger", "i32", "i32");

const rounded =
  (form: Form, algorithm: Routine) =>
  ({ r1, r2, m3, m4 }: Operands): Effects => {
    // A trapped extended operand is delivered extended: R1 is a pair for LOAD ROUNDED as well.
    form.check(r1, r2);
    roundingField(m3);
    const { left, right } = form.read(r2);
    call(algorithm, r1, left, right, m3, m4);
    return [];
  };

const widths: readonly Instruction[] = [
  register("LDEBR", 0xb304, "LOAD LENGTHENED", short, shortToLong),
  stored("LDEB", 0xed04, "LOAD LENGTHENED", short, shortToLong),
  insn("LXDBR", RRE(0xb305), "LOAD LENGTHENED", longProduct(fromRegister(long, longToExtended)), bfp),
  insn("LXDB", RXE(0xed05), "LOAD LENGTHENED", longProduct(fromStorage(long, longToExtended)), bfp),
  insn("LXEBR", RRE(0xb306), "LOAD LENGTHENED", longProduct(fromRegister(short, shortToExtended)), bfp),
  insn("LXEB", RXE(0xed06), "LOAD LENGTHENED", longProduct(fromStorage(short, shortToExtended)), bfp),
  insn("LEDBRA", RRFe(0xb344), "LOAD ROUNDED", rounded(long, roundLongToShort), bfp),
  insn("LDXBRA", RRFe(0xb345), "LOAD ROUNDED", rounded(extended, roundExtendedToLong), bfp),
  insn("LEXBRA", RRFe(0xb346), "LOAD ROUNDED", rounded(extended, roundExtendedToShort), bfp),
  insn("FIEBRA", RRFe(0xb357), "LOAD FP INTEGER", rounded(short, loadInteger.Short), bfp),
  insn("FIDBRA", RRFe(0xb35f), "LOAD FP INTEGER", rounded(long, loadInteger.Long), bfp),
  insn("FIXBRA", RRFe(0xb347), "LOAD FP INTEGER", rounded(extended, loadInteger.Extended), bfp),
];

// --- fixed-point -----------------------------------------------------------------------------------

/** (first operand's FPR, number, M3, M4) and (first operand's GR, bits, M3, M4). */
const fromFixed = {
  Short: routine("fromFixedShort", "i32", "i64", "i32", "i32"),
  Long: routine("fromFixedLong", "i32", "i64", "i32", "i32"),
  Extended: routine("fromFixedExtended", "i32", "i64", "i32", "i32"),
};
const fromLogical = {
  Short: routine("fromLogicalShort", "i32", "i64", "i32", "i32"),
  Long: routine("fromLogicalLong", "i32", "i64", "i32", "i32"),
  Extended: routine("fromLogicalExtended", "i32", "i64", "i32", "i32"),
};
const toFixed32 = perForm("toFixed32", "i32", "i32");
const toFixed64 = perForm("toFixed64", "i32", "i32");
const toLogical32 = perForm("toLogical32", "i32", "i32");
const toLogical64 = perForm("toLogical64", "i32", "i32");

type Number = (register: I32) => I64;
const signed32: Number = (r) => share(gr(r).low.signed64());
const signed64: Number = (r) => share(gr(r).value);
const unsigned32: Number = (r) => share(gr(r).low.unsigned64());
const unsigned64: Number = (r) => share(gr(r).value);

/** Exponent bias, fraction digits, and bits that a magnitude moved to the left edge may not have, in the left part. */
const packing = {
  Short: { bias: 127n, fraction: 23, lost: (1n << 40n) - 1n },
  Long: { bias: 1023n, fraction: 52, lost: (1n << 11n) - 1n },
};

/** An integer that fits the precision needs no rounding. */
const fromInteger =
  (form: Form, number: Number, routines: typeof fromFixed) =>
  ({ r1, r2, m3, m4 }: Operands): Effects => {
    form.check(r1);
    roundingField(m3);
    const value = number(r2);
    const convert = () => call(routines[form.name], r1, value, m3, m4);
    if (form.name === "Extended") {
      convert();
      return [];
    }
    const { bias, fraction, lost } = packing[form.name];
    const isMinus = routines === fromLogical ? I32.of(0) : share(value.isNegative());
    const absolute = share(isMinus.select(I64.of(0).sub(value), value));
    const places = share(absolute.clz());
    const aligned = share(absolute.shl(places));
    const fits = share(aligned.and(lost).isZero());
    choose(fits, () => I32.of(0), convert);
    const exponent = I64.of(bias + 63n)
      .sub(places)
      .shl(fraction);
    const digits = aligned.shl(1).shrU(64 - fraction);
    const bits = exponent.or(digits).or(isMinus.unsigned64().shl(form === short ? 31 : 63));
    return [when(fits, ...form.write(r1, left(absolute.isZero().select(I64.of(0), bits))))];
  };

const toInteger =
  (form: Form, routines: Record<Form["name"], Routine>) =>
  ({ r1, r2, m3, m4 }: Operands): Effects => {
    form.check(r2);
    roundingField(m3);
    const { left, right } = form.read(r2);
    return [cc.set(call(routines[form.name], r1, left, right, m3, m4))];
  };

const M3_TOWARD_ZERO = 5;
/**
 * CONVERT TO FIXED of a long operand, as a C cast does it: truncated when that needs no trap and the result has
 * fewer bits than the target.
 */
const longToFixed =
  (width: 32 | 64, routines: Record<Form["name"], Routine>) =>
  ({ r1, r2, m3, m4 }: Operands): Effects => {
    roundingField(m3);
    const { left: bits, right } = long.read(r2);
    const { least } = layouts.Long;
    const exponent = share(bits.shrU(52).and(0x7ff).sub(1023));
    const significand = share(bits.and(least - 1n).or(least));
    const right52 = share(I64.of(52).sub(exponent));
    const whole = right52.isNegative().select(significand.shl(exponent.sub(52)), significand.shrU(right52));
    const lost = share(right52.gtS(0).and(significand.shl(exponent.add(12)).ne(0)));
    const inRange = exponent.ltU(width - 1);
    const truncates = m3.eq(M3_TOWARD_ZERO).and(machine.fpc.and(INEXACT_MASK).isZero());
    const simple = share(inRange.and(lost.isZero().or(truncates)));
    const isMinus = share(bits.isNegative());
    const code = choose(
      simple,
      () => isMinus.select(I32.of(1), I32.of(2)),
      () => call(routines.Long, r1, bits, right, m3, m4),
    );
    const value = share(isMinus.select(I64.of(0).sub(whole), whole));
    const flag = lost.and(m4.and(4).isZero());
    return [
      when(
        simple,
        width === 32 ? gr(r1).setLow(value.low32()) : gr(r1).set(value),
        machine.setFpc(machine.fpc.or(flag.select(I32.of(INEXACT_FLAG), I32.of(0)))),
      ),
      cc.set(code),
    ];
  };

const from = (mnemonic: string, opcode: number, body: (o: Operands) => Effects): Instruction =>
  insn(mnemonic, RRFe(opcode), "CONVERT FROM FIXED", body, bfp);
const to = (mnemonic: string, opcode: number, body: (o: Operands) => Effects): Instruction =>
  insn(mnemonic, RRFe(opcode), "CONVERT TO FIXED", body, bfp);
/** The logical conversions came with the floating-point extension facility. */
const extension = { ...bfp, facility: 37 } as const;
const fromUnsigned = (mnemonic: string, opcode: number, body: (o: Operands) => Effects): Instruction =>
  insn(mnemonic, RRFe(opcode), "CONVERT FROM LOGICAL", body, extension);
const toUnsigned = (mnemonic: string, opcode: number, body: (o: Operands) => Effects): Instruction =>
  insn(mnemonic, RRFe(opcode), "CONVERT TO LOGICAL", body, extension);

const conversions: readonly Instruction[] = [
  from("CEFBRA", 0xb394, fromInteger(short, signed32, fromFixed)),
  from("CDFBRA", 0xb395, fromInteger(long, signed32, fromFixed)),
  from("CXFBRA", 0xb396, fromInteger(extended, signed32, fromFixed)),
  from("CEGBRA", 0xb3a4, fromInteger(short, signed64, fromFixed)),
  from("CDGBRA", 0xb3a5, fromInteger(long, signed64, fromFixed)),
  from("CXGBRA", 0xb3a6, fromInteger(extended, signed64, fromFixed)),
  fromUnsigned("CELFBR", 0xb390, fromInteger(short, unsigned32, fromLogical)),
  fromUnsigned("CDLFBR", 0xb391, fromInteger(long, unsigned32, fromLogical)),
  fromUnsigned("CXLFBR", 0xb392, fromInteger(extended, unsigned32, fromLogical)),
  fromUnsigned("CELGBR", 0xb3a0, fromInteger(short, unsigned64, fromLogical)),
  fromUnsigned("CDLGBR", 0xb3a1, fromInteger(long, unsigned64, fromLogical)),
  fromUnsigned("CXLGBR", 0xb3a2, fromInteger(extended, unsigned64, fromLogical)),
  to("CFEBRA", 0xb398, toInteger(short, toFixed32)),
  to("CFDBRA", 0xb399, longToFixed(32, toFixed32)),
  to("CFXBRA", 0xb39a, toInteger(extended, toFixed32)),
  to("CGEBRA", 0xb3a8, toInteger(short, toFixed64)),
  to("CGDBRA", 0xb3a9, longToFixed(64, toFixed64)),
  to("CGXBRA", 0xb3aa, toInteger(extended, toFixed64)),
  toUnsigned("CLFEBR", 0xb39c, toInteger(short, toLogical32)),
  toUnsigned("CLFDBR", 0xb39d, toInteger(long, toLogical32)),
  toUnsigned("CLFXBR", 0xb39e, toInteger(extended, toLogical32)),
  toUnsigned("CLGEBR", 0xb3ac, toInteger(short, toLogical64)),
  toUnsigned("CLGDBR", 0xb3ad, toInteger(long, toLogical64)),
  toUnsigned("CLGXBR", 0xb3ae, toInteger(extended, toLogical64)),
];

// --- DIVIDE TO INTEGER -----------------------------------------------------------------------------

/** (dividend and remainder, divisor, quotient: register numbers; M4). */
const divideToIntegerShort = routine("divideToIntegerShort", "i32", "i32", "i32", "i32");
const divideToIntegerLong = routine("divideToIntegerLong", "i32", "i32", "i32", "i32");

/** CC: 0, 2 complete and incomplete remainder; 1, 3 the same with a quotient that overflows (or 1: NaN). */
const integerQuotient =
  (algorithm: Routine) =>
  ({ r1, r2, r3, m4 }: Operands): Effects => {
    recognise.specification(r1.eq(r2).or(r1.eq(r3)).or(r2.eq(r3)));
    roundingField(m4);
    return [cc.set(call(algorithm, r1, r2, r3, m4))];
  };

const integerDivision: readonly Instruction[] = [
  insn("DIEBR", RRFb(0xb353), "DIVIDE TO INTEGER", integerQuotient(divideToIntegerShort), bfp),
  insn("DIDBR", RRFb(0xb35b), "DIVIDE TO INTEGER", integerQuotient(divideToIntegerLong), bfp),
];

export const binaryFloatingPoint: readonly Instruction[] = [
  ...arithmetic,
  ...products,
  ...comparisons,
  ...widths,
  ...conversions,
  ...integerDivision,
];
