/**
 * Binary floating point (BFP). Principles of Operation, "Binary-Floating-Point Instructions".
 *
 * The arithmetic is `@lockframe/cpu`'s, behind routines that take the first operand's register number and the
 * other operands' bits, commit result, flags and traps themselves and return the condition code. What
 * needs no rounding is said here, and so are the short and long results for which the host's arithmetic can vouch.
 */
import {
  type Effects,
  F64,
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
  wasmRoutine,
  when,
} from "../dsl/index.ts";
import * as host from "./host-floating-point.ts";

const bfp = { additionalFloatingPoint: 2 } as const;

/** FPC bit 12: the IEEE-inexact flag. */
const INEXACT_FLAG = 0x0008_0000;

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

/**
 * What a routine does, in WebAssembly, where it is ordinary. The result is the condition code, or 4 when nothing has
 * been done and the routine has to be called.
 */
const quickly = (name: string, ...parameters: ("i32" | "i64")[]): Routine =>
  wasmRoutine(`bfp.quick.${name}`, "i32", "i64", "i64", ...parameters);
const orElse = (code: I32, routine: () => I32): I32 => choose(code.eq(4), routine, () => code);

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

/** Effects of the host's result where it is sure, otherwise those of the routine. `code`: the condition code is set. */
function vouched(
  { sure, bits, inexact }: host.HostResult,
  write: (bits: I64) => Effects,
  suppressInexact: I32,
  routine: () => I32,
  code?: (bits: I64) => I32,
): Effects {
  const plain = share(host.plainArithmetic().and(sure));
  const unflagged = machine.fpc.and(INEXACT_FLAG).isZero().and(suppressInexact.isZero());
  const lost = choose(plain.and(unflagged), inexact, () => I32.of(0));
  const result = share(bits);
  const set = choose(plain, () => (code === undefined ? I32.of(0) : code(result)), routine);
  return [
    when(plain, ...write(result)),
    when(lost, machine.setFpc(machine.fpc.or(INEXACT_FLAG))),
    ...(code === undefined ? [] : [cc.set(set)]),
  ];
}
const never = I32.of(0);

const double = (form: Form, bits: I64): F64 =>
  form === short ? F64.ofShort(bits.low32()) : F64.ofBits(bits);

/** The host's version of an operation for each form that it has. */
interface OnHost<T> {
  readonly Short: T;
  readonly Long: T;
}
type Dyadic = (a: F64, b: F64) => host.HostResult;
type Monadic = (a: F64) => host.HostResult;

const dyadic =
  (routines: Record<Form["name"], Routine>, onHost: OnHost<Dyadic>, quick: Routine, setsCode: boolean): Act =>
  (form, r1, second) => {
    const decide = () => call(routines[form.name], r1, second.left, second.right);
    if (form.name === "Extended") {
      const code = orElse(call(quick, r1, second.left, second.right), decide);
      return setsCode ? [cc.set(code)] : [];
    }
    const first = form.read(r1);
    const result = onHost[form.name](double(form, first.left), double(form, second.left));
    const code = (bits: I64) => signCode(form, left(bits));
    return vouched(result, (bits) => form.write(r1, left(bits)), never, decide, setsCode ? code : undefined);
  };
const monadic =
  (routines: Record<Form["name"], Routine>, onHost: OnHost<Monadic>): Act =>
  (form, r1, second) => {
    const decide = () => call(routines[form.name], r1, second.left, second.right);
    if (form.name === "Extended") {
      decide();
      return [];
    }
    const result = onHost[form.name](double(form, second.left));
    return vouched(result, (bits) => form.write(r1, left(bits)), never, decide);
  };

const adds = dyadic(add, { Short: host.addShort, Long: host.addLong }, quickly("addExtended"), true);
const subtracts = dyadic(
  subtract,
  { Short: (a, b) => host.addShort(a, b.negate()), Long: (a, b) => host.addLong(a, b.negate()) },
  quickly("subtractExtended"),
  true,
);
const multiplies = dyadic(
  multiply,
  { Short: host.multiplyShort, Long: host.multiplyLong },
  quickly("multiplyExtended"),
  false,
);
const divides = dyadic(
  divide,
  { Short: host.divideShort, Long: host.divideLong },
  quickly("divideExtended"),
  false,
);
const roots = monadic(squareRoot, { Short: host.squareRootShort, Long: host.squareRootLong });

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
  register("AEBR", 0xb30a, "ADD", short, adds),
  register("ADBR", 0xb31a, "ADD", long, adds),
  register("AXBR", 0xb34a, "ADD", extended, adds),
  stored("AEB", 0xed0a, "ADD", short, adds),
  stored("ADB", 0xed1a, "ADD", long, adds),
  register("SEBR", 0xb30b, "SUBTRACT", short, subtracts),
  register("SDBR", 0xb31b, "SUBTRACT", long, subtracts),
  register("SXBR", 0xb34b, "SUBTRACT", extended, subtracts),
  stored("SEB", 0xed0b, "SUBTRACT", short, subtracts),
  stored("SDB", 0xed1b, "SUBTRACT", long, subtracts),
  register("MEEBR", 0xb317, "MULTIPLY", short, multiplies),
  register("MDBR", 0xb31c, "MULTIPLY", long, multiplies),
  register("MXBR", 0xb34c, "MULTIPLY", extended, multiplies),
  stored("MEEB", 0xed17, "MULTIPLY", short, multiplies),
  stored("MDB", 0xed1c, "MULTIPLY", long, multiplies),
  register("DEBR", 0xb30d, "DIVIDE", short, divides),
  register("DDBR", 0xb31d, "DIVIDE", long, divides),
  register("DXBR", 0xb34d, "DIVIDE", extended, divides),
  stored("DEB", 0xed0d, "DIVIDE", short, divides),
  stored("DDB", 0xed1d, "DIVIDE", long, divides),
  register("SQEBR", 0xb314, "SQUARE ROOT", short, roots),
  register("SQDBR", 0xb315, "SQUARE ROOT", long, roots),
  register("SQXBR", 0xb316, "SQUARE ROOT", extended, roots),
  stored("SQEB", 0xed14, "SQUARE ROOT", short, roots),
  stored("SQDB", 0xed15, "SQUARE ROOT", long, roots),
];

const multiplyLonger = perShorterForm("multiplyLonger");
const multiplyLongerLong = quickly("multiplyLongerLong");
/** The product of two shorts is exact as a double. */
const longer: Act = (form, r1, second) => {
  const routine = form === short ? multiplyLonger.Short : multiplyLonger.Long;
  const decide = () => call(routine, r1, second.left, second.right);
  if (form !== short) {
    orElse(call(multiplyLongerLong, r1, second.left, second.right), decide);
    return [];
  }
  const product = F64.ofShort(fpr(r1).high).mul(double(short, second.left));
  const result = { sure: product.abs().lt(Infinity), bits: product.bits(), inexact: () => I32.of(0) };
  return vouched(result, (bits) => long.write(r1, left(bits)), never, decide);
};

const multiplyAdd = perShorterForm("multiplyAdd", "i64");
const multiplySubtract = perShorterForm("multiplySubtract", "i64");

type Fused = typeof multiplyAdd;
/** The addend is subtracted by MULTIPLY AND SUBTRACT. */
const fuse = (routines: Fused, form: Form, r1: I32, second: Bits, third: Bits): Effects => {
  const isShort = form === short;
  const first = form.read(r1);
  const addend = double(form, first.left);
  const [a, b] = [double(form, third.left), double(form, second.left)];
  const c = routines === multiplyAdd ? addend : addend.negate();
  const result = isShort ? host.multiplyAddShort(a, b, c) : host.multiplyAddLong(a, b, c);
  const routine = isShort ? routines.Short : routines.Long;
  const decide = () => call(routine, r1, second.left, second.right, third.left);
  return vouched(result, (bits) => form.write(r1, left(bits)), never, decide);
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
/** The same in two parts for extended operands: which of two numbers is larger. CC: 0 equal, 1 first low, 2 first high. */
function extendedOrder(a: Bits, b: Bits): I32 {
  const absolute = ({ left }: Bits): I64 => share(left.and(layouts.Extended.sign - 1n));
  const [first, second] = [absolute(a), absolute(b)];
  const same = share(first.eq(second));
  const lower = first.ltU(second).or(same.and(a.right.ltU(b.right)));
  const equal = share(same.and(a.right.eq(b.right)));
  const zeros = equal.and(first.or(a.right).isZero());
  const negative = share(isNegative(extended, a));
  // Of operands with unlike signs the negative one is low; of negative ones, the one of larger magnitude.
  const low = negative.xor(isNegative(extended, b)).select(negative, lower.xor(negative));
  const alike = zeros.or(equal.and(a.left.eq(b.left)));
  return alike.select(I32.of(0), low.select(I32.of(1), I32.of(2)));
}
/** Neither is a NaN. */
const areNumbers = (form: Form, a: Bits, b: Bits): I32 => {
  const { infinity } = layouts[form.name];
  const isNumber = (value: Bits): I32 => {
    if (form !== extended) return magnitude(form, value).leU(infinity);
    const absolute = share(value.left.and(layouts.Extended.sign - 1n));
    return absolute.ltU(infinity).or(absolute.eq(infinity).and(value.right.isZero()));
  };
  return isNumber(a).and(isNumber(b));
};
/** Numbers are compared as integers; NaNs go to the routine. */
const compared =
  (routines: Record<Form["name"], Routine>): Act =>
  (form, r1, second) => {
    const decide = () => call(routines[form.name], r1, second.left, second.right);
    const first = form.read(r1);
    const numbers = areNumbers(form, first, second);
    const byOrder = (): I32 => {
      if (form === extended) return extendedOrder(first, second);
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
/** To extended: a normal number, or zero, moves its fields apart. */
const lengthen =
  (algorithm: Routine): Act =>
  (form, r1, { left, right }) => {
    const { sign, infinity, least } = layouts[form.name];
    const absolute = share(left.and(sign - 1n));
    const normal = absolute.sub(least).ltU(infinity - least);
    const moves = share(normal.or(absolute.isZero()));
    choose(
      moves,
      () => I32.of(0),
      () => call(algorithm, r1, left, right),
    );
    // What the exponents' biases differ by; for zero it is left out.
    const rebias = normal.select(I64.of((16383n - (form === short ? 127n : 1023n)) << 48n), I64.of(0));
    const signBit = form === short ? left.shrU(31).shl(63) : left.and(sign);
    const magnitude = form === short ? absolute.shl(25) : absolute.shrU(4);
    const lowest = form === short ? nothing : left.shl(60);
    const result = { left: magnitude.add(rebias).or(signBit), right: lowest };
    return [when(moves, ...extended.write(r1, result))];
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
const extendedToLong = quickly("roundExtendedToLong", "i32", "i32");

type Rounding = (a: F64, m3: I32) => host.HostResult;
const rounded =
  (form: Form, target: Form, algorithm: Routine, onHost?: Rounding) =>
  ({ r1, r2, m3, m4 }: Operands): Effects => {
    // A trapped extended operand is delivered extended: R1 is a pair for LOAD ROUNDED as well.
    form.check(r1, r2);
    roundingField(m3);
    const second = form.read(r2);
    const decide = () => call(algorithm, r1, second.left, second.right, m3, m4);
    if (onHost === undefined) {
      if (form === extended && target === long)
        orElse(call(extendedToLong, r1, second.left, second.right, m3, m4), decide);
      else decide();
      return [];
    }
    const write = (bits: I64) => target.write(r1, left(bits));
    return vouched(onHost(double(form, second.left), m3), write, m4.and(4), decide);
  };
const toWholeShort: Rounding = (a, m3) => host.roundToInteger(a, m3, true);
const toWholeLong: Rounding = (a, m3) => host.roundToInteger(a, m3, false);

const widths: readonly Instruction[] = [
  register("LDEBR", 0xb304, "LOAD LENGTHENED", short, shortToLong),
  stored("LDEB", 0xed04, "LOAD LENGTHENED", short, shortToLong),
  insn("LXDBR", RRE(0xb305), "LOAD LENGTHENED", longProduct(fromRegister(long, longToExtended)), bfp),
  insn("LXDB", RXE(0xed05), "LOAD LENGTHENED", longProduct(fromStorage(long, longToExtended)), bfp),
  insn("LXEBR", RRE(0xb306), "LOAD LENGTHENED", longProduct(fromRegister(short, shortToExtended)), bfp),
  insn("LXEB", RXE(0xed06), "LOAD LENGTHENED", longProduct(fromStorage(short, shortToExtended)), bfp),
  insn(
    "LEDBRA",
    RRFe(0xb344),
    "LOAD ROUNDED",
    rounded(long, short, roundLongToShort, host.roundToShort),
    bfp,
  ),
  insn("LDXBRA", RRFe(0xb345), "LOAD ROUNDED", rounded(extended, long, roundExtendedToLong), bfp),
  insn("LEXBRA", RRFe(0xb346), "LOAD ROUNDED", rounded(extended, short, roundExtendedToShort), bfp),
  insn(
    "FIEBRA",
    RRFe(0xb357),
    "LOAD FP INTEGER",
    rounded(short, short, loadInteger.Short, toWholeShort),
    bfp,
  ),
  insn("FIDBRA", RRFe(0xb35f), "LOAD FP INTEGER", rounded(long, long, loadInteger.Long, toWholeLong), bfp),
  insn("FIXBRA", RRFe(0xb347), "LOAD FP INTEGER", rounded(extended, extended, loadInteger.Extended), bfp),
];

// --- fixed-point -----------------------------------------------------------------------------------

/** (first operand's FPR, number, M3, M4) and (first operand's GR, bits, M3, M4). */
const fromFixed = {
  signed: true,
  short: routine("fromFixedShort", "i32", "i64", "i32", "i32"),
  long: routine("fromFixedLong", "i32", "i64", "i32", "i32"),
};
const fromLogical = {
  signed: false,
  short: routine("fromLogicalShort", "i32", "i64", "i32", "i32"),
  long: routine("fromLogicalLong", "i32", "i64", "i32", "i32"),
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

/** An integer as an extended number, which has digits enough for all of them. */
function exactly(value: I64, signed: boolean): Bits {
  const negative = signed ? share(value.isNegative()) : I32.of(0);
  const absolute = share(negative.select(I64.of(0).sub(value), value));
  const zeros = share(absolute.clz());
  const digits = share(absolute.shl(zeros));
  // Without its first digit, which is in the way of the exponent.
  const fraction = digits.shl(1).shrU(16);
  const exponent = I64.of(16383 + 63)
    .sub(zeros)
    .shl(48);
  const number = fraction.or(exponent).or(negative.unsigned64().shl(63));
  return { left: absolute.isZero().select(I64.of(0), number), right: digits.shl(49) };
}
const fromInteger =
  (form: Form, number: Number, { signed, ...decided }: typeof fromFixed) =>
  ({ r1, r2, m3, m4 }: Operands): Effects => {
    form.check(r1);
    roundingField(m3);
    const value = number(r2);
    if (form === extended) return extended.write(r1, exactly(value, signed));
    const decide = () => call(form === short ? decided.short : decided.long, r1, value, m3, m4);
    const absolute = signed ? share(value.isNegative().select(I64.of(0).sub(value), value)) : value;
    const result = host.fromInteger(value, absolute, signed, form === short, m3);
    return vouched(result, (bits) => form.write(r1, left(bits)), m4.and(4), decide);
  };

interface Target {
  readonly width: 32 | 64;
  readonly signed: boolean;
}
/** An extended number of at least one, within range, that is an integer or is to be rounded toward zero. */
function truncated(
  { width, signed }: Target,
  { r1, m3, m4 }: Operands,
  second: Bits,
  decide: () => I32,
): Effects {
  const { left, right } = second;
  const exponent = share(left.shrU(48).and(0x7fff).sub(16383));
  const negative = isNegative(extended, second);
  const digits = left
    .shl(15)
    .or(right.shrU(49))
    .or(1n << 63n);
  const absolute = share(digits.shrU(I64.of(63).sub(exponent)));
  const rest = digits.shl(exponent).shl(1).or(right.shl(15));
  const inexact = share(rest.ne(0));
  const bits = signed ? share(negative.select(I64.of(0).sub(absolute), absolute)) : absolute;
  const inRange = exponent.ltU(signed ? width - 1 : width);
  const sure = (signed ? inRange : inRange.and(left.geS(0))).and(inexact.isZero().or(m3.eq(5)));
  const result = { sure, bits, inexact: () => inexact };
  const write = (value: I64) => [width === 32 ? gr(r1).setLow(value.low32()) : gr(r1).set(value)];
  return vouched(result, write, m4.and(4), decide, () => signCode(extended, second));
}
const toInteger =
  (form: Form, { width, signed }: Target, routines: Record<Form["name"], Routine>) =>
  (o: Operands): Effects => {
    const { r1, r2, m3, m4 } = o;
    form.check(r2);
    roundingField(m3);
    const second = form.read(r2);
    const decide = () => call(routines[form.name], r1, second.left, second.right, m3, m4);
    if (form === extended) return truncated({ width, signed }, o, second, decide);
    const result = host.toInteger(double(form, second.left), m3, width, signed);
    const write = (bits: I64) => [width === 32 ? gr(r1).setLow(bits.low32()) : gr(r1).set(bits)];
    return vouched(result, write, m4.and(4), decide, () => signCode(form, second));
  };
const fixed32: Target = { width: 32, signed: true };
const fixed64: Target = { width: 64, signed: true };
const logical32: Target = { width: 32, signed: false };
const logical64: Target = { width: 64, signed: false };

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
  to("CFEBRA", 0xb398, toInteger(short, fixed32, toFixed32)),
  to("CFDBRA", 0xb399, toInteger(long, fixed32, toFixed32)),
  to("CFXBRA", 0xb39a, toInteger(extended, fixed32, toFixed32)),
  to("CGEBRA", 0xb3a8, toInteger(short, fixed64, toFixed64)),
  to("CGDBRA", 0xb3a9, toInteger(long, fixed64, toFixed64)),
  to("CGXBRA", 0xb3aa, toInteger(extended, fixed64, toFixed64)),
  toUnsigned("CLFEBR", 0xb39c, toInteger(short, logical32, toLogical32)),
  toUnsigned("CLFDBR", 0xb39d, toInteger(long, logical32, toLogical32)),
  toUnsigned("CLFXBR", 0xb39e, toInteger(extended, logical32, toLogical32)),
  toUnsigned("CLGEBR", 0xb3ac, toInteger(short, logical64, toLogical64)),
  toUnsigned("CLGDBR", 0xb3ad, toInteger(long, logical64, toLogical64)),
  toUnsigned("CLGXBR", 0xb3ae, toInteger(extended, logical64, toLogical64)),
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
