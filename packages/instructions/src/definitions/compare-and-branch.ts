/** COMPARE, branches, COMPARE AND SWAP. Principles of Operation, "General Instructions". */
import {
  E,
  type Effects,
  I32,
  I64,
  type Instruction,
  RIEa,
  RIEau,
  RIEb,
  RIEc,
  RIEcu,
  RIEe,
  RIS,
  RISu,
  RIa,
  RIb,
  RIc,
  RILa,
  RILb,
  RILc,
  RILu,
  RR,
  RRE,
  RRFc,
  RRS,
  RRm,
  RSI,
  RSYa,
  RSYb,
  RSa,
  RXYa,
  RXYb,
  RXa,
  RXb,
  SI,
  SIL,
  SILu,
  SIY,
  branch,
  branchWhen,
  call,
  cc,
  constantOf,
  choose,
  execute,
  gr,
  hostRoutine,
  wasmRoutine,
  I as Iformat,
  inMode,
  insn,
  machine,
  psw,
  recognise,
  share,
  storage,
} from "../dsl/index.ts";

type Pair = readonly [a: I32 | I64, b: I32 | I64];
const s64 = (v: I32): I64 => v.signed64();
const u64 = (v: I32): I64 => v.unsigned64();

/** Relative-long operands must be aligned to their size. */
function relativeOperand(offset: I64, size: number) {
  const operand = { address: psw.relative(offset), ar: I32.of(0) };
  if (size > 2) recognise.specification(operand.address.and(size - 1).ne(0));
  return storage(operand);
}
const signed = (a: I32 | I64, b: I32 | I64): Effects => [cc.compareSigned(a, b)];
const unsigned = (a: I32 | I64, b: I32 | I64): Effects => [cc.compareUnsigned(a, b)];

export const compares: readonly Instruction[] = [
  insn("CR", RR(0x19), "COMPARE", ({ r1, r2 }) => signed(gr(r1).low, gr(r2).low)),
  insn("CGR", RRE(0xb920), "COMPARE", ({ r1, r2 }) => signed(gr(r1).value, gr(r2).value)),
  insn("CGFR", RRE(0xb930), "COMPARE", ({ r1, r2 }) => signed(gr(r1).value, s64(gr(r2).low))),
  insn("C", RXa(0x59), "COMPARE", ({ r1, s2 }) => signed(gr(r1).low, storage(s2).fetch32())),
  insn("CY", RXYa(0xe359), "COMPARE", ({ r1, s2 }) => signed(gr(r1).low, storage(s2).fetch32())),
  insn("CG", RXYa(0xe320), "COMPARE", ({ r1, s2 }) => signed(gr(r1).value, storage(s2).fetch64())),
  insn("CGF", RXYa(0xe330), "COMPARE", ({ r1, s2 }) => signed(gr(r1).value, s64(storage(s2).fetch32()))),
  insn("CFI", RILa(0xc20d), "COMPARE IMMEDIATE", ({ r1, i2 }) => signed(gr(r1).low, i2.low32())),
  insn("CGFI", RILa(0xc20c), "COMPARE IMMEDIATE", ({ r1, i2 }) => signed(gr(r1).value, i2)),
  insn("CRL", RILb(0xc60d), "COMPARE RELATIVE LONG", ({ r1, ri2 }) =>
    signed(gr(r1).low, relativeOperand(ri2, 4).fetch32()),
  ),
  insn("CGRL", RILb(0xc608), "COMPARE RELATIVE LONG", ({ r1, ri2 }) =>
    signed(gr(r1).value, relativeOperand(ri2, 8).fetch64()),
  ),
  insn("CGFRL", RILb(0xc60c), "COMPARE RELATIVE LONG", ({ r1, ri2 }) =>
    signed(gr(r1).value, s64(relativeOperand(ri2, 4).fetch32())),
  ),
  insn("CH", RXa(0x49), "COMPARE HALFWORD", ({ r1, s2 }) =>
    signed(gr(r1).low, storage(s2).fetch16().extend16()),
  ),
  insn("CHY", RXYa(0xe379), "COMPARE HALFWORD", ({ r1, s2 }) =>
    signed(gr(r1).low, storage(s2).fetch16().extend16()),
  ),
  insn("CGH", RXYa(0xe334), "COMPARE HALFWORD", ({ r1, s2 }) =>
    signed(gr(r1).value, s64(storage(s2).fetch16().extend16())),
  ),
  insn("CHI", RIa(0xa70e), "COMPARE HALFWORD IMMEDIATE", ({ r1, i2 }) => signed(gr(r1).low, i2.low32())),
  insn("CGHI", RIa(0xa70f), "COMPARE HALFWORD IMMEDIATE", ({ r1, i2 }) => signed(gr(r1).value, i2)),
  insn("CHHSI", SIL(0xe554), "COMPARE HALFWORD IMMEDIATE", ({ s1, i2 }) =>
    signed(storage(s1).fetch16().extend16(), i2.low32()),
  ),
  insn("CHSI", SIL(0xe55c), "COMPARE HALFWORD IMMEDIATE", ({ s1, i2 }) =>
    signed(storage(s1).fetch32(), i2.low32()),
  ),
  insn("CGHSI", SIL(0xe558), "COMPARE HALFWORD IMMEDIATE", ({ s1, i2 }) => signed(storage(s1).fetch64(), i2)),
  insn("CHRL", RILb(0xc605), "COMPARE HALFWORD RELATIVE LONG", ({ r1, ri2 }) =>
    signed(gr(r1).low, relativeOperand(ri2, 2).fetch16().extend16()),
  ),
  insn("CGHRL", RILb(0xc604), "COMPARE HALFWORD RELATIVE LONG", ({ r1, ri2 }) =>
    signed(gr(r1).value, s64(relativeOperand(ri2, 2).fetch16().extend16())),
  ),
  insn("CHHR", RRE(0xb9cd), "COMPARE HIGH", ({ r1, r2 }) => signed(gr(r1).high, gr(r2).high), {
    facility: 45,
  }),
  insn("CHLR", RRE(0xb9dd), "COMPARE HIGH", ({ r1, r2 }) => signed(gr(r1).high, gr(r2).low), {
    facility: 45,
  }),
  insn("CHF", RXYa(0xe3cd), "COMPARE HIGH", ({ r1, s2 }) => signed(gr(r1).high, storage(s2).fetch32()), {
    facility: 45,
  }),
  insn("CIH", RILa(0xcc0d), "COMPARE IMMEDIATE HIGH", ({ r1, i2 }) => signed(gr(r1).high, i2.low32()), {
    facility: 45,
  }),
  insn("CLR", RR(0x15), "COMPARE LOGICAL", ({ r1, r2 }) => unsigned(gr(r1).low, gr(r2).low)),
  insn("CLGR", RRE(0xb921), "COMPARE LOGICAL", ({ r1, r2 }) => unsigned(gr(r1).value, gr(r2).value)),
  insn("CLGFR", RRE(0xb931), "COMPARE LOGICAL", ({ r1, r2 }) => unsigned(gr(r1).value, u64(gr(r2).low))),
  insn("CL", RXa(0x55), "COMPARE LOGICAL", ({ r1, s2 }) => unsigned(gr(r1).low, storage(s2).fetch32())),
  insn("CLY", RXYa(0xe355), "COMPARE LOGICAL", ({ r1, s2 }) => unsigned(gr(r1).low, storage(s2).fetch32())),
  insn("CLG", RXYa(0xe321), "COMPARE LOGICAL", ({ r1, s2 }) => unsigned(gr(r1).value, storage(s2).fetch64())),
  insn("CLGF", RXYa(0xe331), "COMPARE LOGICAL", ({ r1, s2 }) =>
    unsigned(gr(r1).value, u64(storage(s2).fetch32())),
  ),
  insn("CLI", SI(0x95), "COMPARE LOGICAL", ({ s1, i2 }) => unsigned(storage(s1).fetch8(), i2.low32())),
  insn("CLIY", SIY(0xeb55), "COMPARE LOGICAL", ({ s1, i2 }) => unsigned(storage(s1).fetch8(), i2.low32())),
  insn("CLFI", RILu(0xc20f), "COMPARE LOGICAL IMMEDIATE", ({ r1, i2 }) => unsigned(gr(r1).low, i2.low32())),
  insn("CLGFI", RILu(0xc20e), "COMPARE LOGICAL IMMEDIATE", ({ r1, i2 }) => unsigned(gr(r1).value, i2)),
  insn("CLHHSI", SILu(0xe555), "COMPARE LOGICAL IMMEDIATE", ({ s1, i2 }) =>
    unsigned(storage(s1).fetch16(), i2.low32()),
  ),
  insn("CLFHSI", SILu(0xe55d), "COMPARE LOGICAL IMMEDIATE", ({ s1, i2 }) =>
    unsigned(storage(s1).fetch32(), i2.low32()),
  ),
  insn("CLGHSI", SILu(0xe559), "COMPARE LOGICAL IMMEDIATE", ({ s1, i2 }) =>
    unsigned(storage(s1).fetch64(), i2),
  ),
  insn("CLRL", RILb(0xc60f), "COMPARE LOGICAL RELATIVE LONG", ({ r1, ri2 }) =>
    unsigned(gr(r1).low, relativeOperand(ri2, 4).fetch32()),
  ),
  insn("CLGRL", RILb(0xc60a), "COMPARE LOGICAL RELATIVE LONG", ({ r1, ri2 }) =>
    unsigned(gr(r1).value, relativeOperand(ri2, 8).fetch64()),
  ),
  insn("CLGFRL", RILb(0xc60e), "COMPARE LOGICAL RELATIVE LONG", ({ r1, ri2 }) =>
    unsigned(gr(r1).value, u64(relativeOperand(ri2, 4).fetch32())),
  ),
  insn("CLHRL", RILb(0xc607), "COMPARE LOGICAL RELATIVE LONG", ({ r1, ri2 }) =>
    unsigned(gr(r1).low, relativeOperand(ri2, 2).fetch16()),
  ),
  insn("CLGHRL", RILb(0xc606), "COMPARE LOGICAL RELATIVE LONG", ({ r1, ri2 }) =>
    unsigned(gr(r1).value, u64(relativeOperand(ri2, 2).fetch16())),
  ),
  insn("CLHHR", RRE(0xb9cf), "COMPARE LOGICAL HIGH", ({ r1, r2 }) => unsigned(gr(r1).high, gr(r2).high), {
    facility: 45,
  }),
  insn("CLHLR", RRE(0xb9df), "COMPARE LOGICAL HIGH", ({ r1, r2 }) => unsigned(gr(r1).high, gr(r2).low), {
    facility: 45,
  }),
  insn(
    "CLHF",
    RXYa(0xe3cf),
    "COMPARE LOGICAL HIGH",
    ({ r1, s2 }) => unsigned(gr(r1).high, storage(s2).fetch32()),
    { facility: 45 },
  ),
  insn(
    "CLIH",
    RILu(0xcc0f),
    "COMPARE LOGICAL IMMEDIATE HIGH",
    ({ r1, i2 }) => unsigned(gr(r1).high, i2.low32()),
    { facility: 45 },
  ),
];

/** 1 when the comparison's outcome is one that the mask selects: 8 equal, 4 first low, 2 first high. */
function outcome(kind: "signed" | "unsigned", [a, b]: Pair, m3: I32): I32 {
  const compare = (signed: "ltS" | "gtS", unsigned: "ltU" | "gtU"): I32 => {
    const op = kind === "signed" ? signed : unsigned;
    return a instanceof I64 ? a[op](b as I64) : a[op](b as I32);
  };
  const low = () => compare("ltS", "ltU");
  const high = () => compare("gtS", "gtU");
  const equal = () => (a instanceof I64 ? a.eq(b as I64) : a.eq(b as I32));
  const known = constantOf(m3.node);
  if (known !== undefined) {
    const byMask = [() => I32.of(0), high, low, () => equal().isZero(), equal];
    const byMaskWithEqual = [() => low().isZero(), () => high().isZero(), () => I32.of(1)];
    return ([...byMask, ...byMaskWithEqual][Number(known >> 1n)] as () => I32)();
  }
  // Position of the selected bit: 3 equal, 2 low, 1 high.
  return m3.shrU(equal().select(I32.of(3), low().add(1))).and(1);
}
type Kind = "signed" | "unsigned";
interface Family {
  readonly wide: boolean;
  readonly kind: Kind;
  readonly name: string;
  readonly rr: number;
  readonly i: number;
  readonly rrs: number;
  readonly is: number;
  readonly rrt: number;
  readonly it: number;
  readonly itName: string;
}
const families: readonly Family[] = [
  {
    wide: false,
    kind: "signed",
    name: "C",
    rr: 0xec76,
    i: 0xec7e,
    rrs: 0xecf6,
    is: 0xecfe,
    rrt: 0xb972,
    it: 0xec72,
    itName: "CIT",
  },
  {
    wide: true,
    kind: "signed",
    name: "CG",
    rr: 0xec64,
    i: 0xec7c,
    rrs: 0xece4,
    is: 0xecfc,
    rrt: 0xb960,
    it: 0xec70,
    itName: "CGIT",
  },
  {
    wide: false,
    kind: "unsigned",
    name: "CL",
    rr: 0xec77,
    i: 0xec7f,
    rrs: 0xecf7,
    is: 0xecff,
    rrt: 0xb973,
    it: 0xec73,
    itName: "CLFIT",
  },
  {
    wide: true,
    kind: "unsigned",
    name: "CLG",
    rr: 0xec65,
    i: 0xec7d,
    rrs: 0xece5,
    is: 0xecfd,
    rrt: 0xb961,
    it: 0xec71,
    itName: "CLGIT",
  },
];
const DXC_TRAP = 0xff;
export const compareAndBranch: readonly Instruction[] = families.flatMap(({ wide, kind, name, ...code }) => {
  const prefix = kind === "signed" ? "COMPARE" : "COMPARE LOGICAL";
  const registers = (r1: I32, r2: I32): Pair =>
    wide ? [gr(r1).value, gr(r2).value] : [gr(r1).low, gr(r2).low];
  const immediate = (r1: I32, i2: I64): Pair => (wide ? [gr(r1).value, i2] : [gr(r1).low, i2.low32()]);
  const [ic, is, it] = kind === "signed" ? [RIEc, RIS, RIEa] : [RIEcu, RISu, RIEau];
  return [
    insn(`${name}RJ`, RIEb(code.rr), `${prefix} AND BRANCH RELATIVE`, ({ r1, r2, m3, ri4 }) => [
      branchWhen(outcome(kind, registers(r1, r2), m3), psw.relative(ri4)),
    ]),
    insn(`${name}IJ`, ic(code.i), `${prefix} IMMEDIATE AND BRANCH RELATIVE`, ({ r1, i2, m3, ri4 }) => [
      branchWhen(outcome(kind, immediate(r1, i2), m3), psw.relative(ri4)),
    ]),
    insn(`${name}RB`, RRS(code.rrs), `${prefix} AND BRANCH`, ({ r1, r2, m3, s4 }) => [
      branchWhen(outcome(kind, registers(r1, r2), m3), s4.address),
    ]),
    insn(`${name}IB`, is(code.is), `${prefix} IMMEDIATE AND BRANCH`, ({ r1, i2, m3, s4 }) => [
      branchWhen(outcome(kind, immediate(r1, i2), m3), s4.address),
    ]),
    insn(`${name}RT`, RRFc(code.rrt), `${prefix} AND TRAP`, ({ r1, r2, m3 }) => {
      recognise.data(outcome(kind, registers(r1, r2), m3), DXC_TRAP);
      return [];
    }),
    insn(code.itName, it(code.it), `${prefix} IMMEDIATE AND TRAP`, ({ r1, i2, m3 }) => {
      recognise.data(outcome(kind, immediate(r1, i2), m3), DXC_TRAP);
      return [];
    }),
  ];
});
const storageTraps: readonly Instruction[] = [
  insn(
    "CLT",
    RSYb(0xeb23),
    "COMPARE LOGICAL AND TRAP",
    ({ r1, m3, s2 }) => {
      recognise.data(outcome("unsigned", [gr(r1).low, storage(s2).fetch32()], m3), DXC_TRAP);
      return [];
    },
    { facility: 49 },
  ),
  insn(
    "CLGT",
    RSYb(0xeb2b),
    "COMPARE LOGICAL AND TRAP",
    ({ r1, m3, s2 }) => {
      recognise.data(outcome("unsigned", [gr(r1).value, storage(s2).fetch64()], m3), DXC_TRAP);
      return [];
    },
    { facility: 49 },
  ),
];

/** Link information: the next address, with the addressing mode in bit 32 outside 64-bit mode; bits 0-31 stay then. */
function link(to: I32): Effects[number] {
  const mode = psw.basicMode.unsigned64().shl(31);
  const narrow = gr(to).value.and(0xffff_ffff_0000_0000n).or(psw.next).or(mode);
  return gr(to).set(psw.extendedMode.select(psw.next, narrow));
}
const target = (register: I32): I64 => inMode(gr(register).value);

/** BRANCH ON COUNT: the decremented register decides. */
function countDown(r1: I32, to: I64, wide: boolean, unless: I32 = I32.of(0)): Effects {
  if (wide) {
    const rest = share(gr(r1).value.sub(1));
    return [gr(r1).set(rest), branchWhen(rest.ne(0).and(unless.isZero()), to)];
  }
  const rest = share(gr(r1).low.sub(1));
  return [gr(r1).setLow(rest), branchWhen(rest.ne(0).and(unless.isZero()), to)];
}
/** BRANCH ON INDEX: R1 + R3 against the comparand, which is R3 itself when its number is odd, else R3 + 1. */
function indexed(r1: I32, r3: I32, to: I64, wide: boolean, when: "high" | "lowOrEqual"): Effects {
  if (wide) {
    const comparand = share(gr(r3.or(1)).value);
    const sum = share(gr(r1).value.add(gr(r3).value));
    return [gr(r1).set(sum), branchWhen(when === "high" ? sum.gtS(comparand) : sum.leS(comparand), to)];
  }
  const comparand = share(gr(r3.or(1)).low);
  const sum = share(gr(r1).low.add(gr(r3).low));
  return [gr(r1).setLow(sum), branchWhen(when === "high" ? sum.gtS(comparand) : sum.leS(comparand), to)];
}

/** BSM and BASSM: (R1, R2, 1 for BASSM). Mode changes are rare, so both are one routine. */
const branchAndSetMode = hostRoutine("branchAndSetMode", "i32", "i32", "i32");

export const branches: readonly Instruction[] = [
  insn("BC", RXb(0x47), "BRANCH ON CONDITION", ({ m1, s2 }) => [branchWhen(cc.in(m1), s2.address)]),
  insn("BCR", RRm(0x07), "BRANCH ON CONDITION", ({ m1, r2 }) => [
    branchWhen(cc.in(m1).and(r2.ne(0)), target(r2)),
  ]),
  insn("BRC", RIc(0xa704), "BRANCH RELATIVE ON CONDITION", ({ m1, ri2 }) => [
    branchWhen(cc.in(m1), psw.relative(ri2)),
  ]),
  insn("BRCL", RILc(0xc004), "BRANCH RELATIVE ON CONDITION LONG", ({ m1, ri2 }) => [
    branchWhen(cc.in(m1), psw.relative(ri2)),
  ]),
  insn(
    "BIC",
    RXYb(0xe347),
    "BRANCH INDIRECT ON CONDITION",
    ({ m1, s2 }) => {
      const to = choose(
        cc.in(m1),
        () => storage(s2).fetch64(),
        () => I64.of(0),
      );
      return [branchWhen(cc.in(m1), inMode(to))];
    },
    { facility: 58 },
  ),
  insn("BALR", RR(0x05), "BRANCH AND LINK", ({ r1, r2 }) => branchAndLink(r1, target(r2), r2.ne(0), 2)),
  insn("BAL", RXa(0x45), "BRANCH AND LINK", ({ r1, s2 }) => branchAndLink(r1, s2.address, I32.of(1), 4)),
  insn("BASR", RR(0x0d), "BRANCH AND SAVE", ({ r1, r2 }) => [link(r1), branchWhen(r2.ne(0), target(r2))]),
  insn("BAS", RXa(0x4d), "BRANCH AND SAVE", ({ r1, s2 }) => [link(r1), branch(s2.address)]),
  insn("BRAS", RIb(0xa705), "BRANCH RELATIVE AND SAVE", ({ r1, ri2 }) => [
    link(r1),
    branch(psw.relative(ri2)),
  ]),
  insn("BRASL", RILb(0xc005), "BRANCH RELATIVE AND SAVE LONG", ({ r1, ri2 }) => [
    link(r1),
    branch(psw.relative(ri2)),
  ]),
  insn("BASSM", RR(0x0c), "BRANCH AND SAVE AND SET MODE", ({ r1, r2 }) => {
    call(branchAndSetMode, r1, r2, I32.of(1));
    return [];
  }),
  insn("BSM", RR(0x0b), "BRANCH AND SET MODE", ({ r1, r2 }) => {
    call(branchAndSetMode, r1, r2, I32.of(0));
    return [];
  }),
  insn("BCT", RXa(0x46), "BRANCH ON COUNT", ({ r1, s2 }) => countDown(r1, s2.address, false)),
  insn("BCTR", RR(0x06), "BRANCH ON COUNT", ({ r1, r2 }) => countDown(r1, target(r2), false, r2.isZero())),
  insn("BCTG", RXYa(0xe346), "BRANCH ON COUNT", ({ r1, s2 }) => countDown(r1, s2.address, true)),
  insn("BCTGR", RRE(0xb946), "BRANCH ON COUNT", ({ r1, r2 }) => countDown(r1, target(r2), true, r2.isZero())),
  insn("BRCT", RIb(0xa706), "BRANCH RELATIVE ON COUNT", ({ r1, ri2 }) =>
    countDown(r1, psw.relative(ri2), false),
  ),
  insn("BRCTG", RIb(0xa707), "BRANCH RELATIVE ON COUNT", ({ r1, ri2 }) =>
    countDown(r1, psw.relative(ri2), true),
  ),
  insn(
    "BRCTH",
    RILb(0xcc06),
    "BRANCH RELATIVE ON COUNT HIGH",
    ({ r1, ri2 }) => {
      const rest = share(gr(r1).high.sub(1));
      return [gr(r1).setHigh(rest), branchWhen(rest.ne(0), psw.relative(ri2))];
    },
    { facility: 45 },
  ),
  insn("BXH", RSa(0x86), "BRANCH ON INDEX HIGH", ({ r1, r3, s2 }) =>
    indexed(r1, r3, s2.address, false, "high"),
  ),
  insn("BXHG", RSYa(0xeb44), "BRANCH ON INDEX HIGH", ({ r1, r3, s2 }) =>
    indexed(r1, r3, s2.address, true, "high"),
  ),
  insn("BXLE", RSa(0x87), "BRANCH ON INDEX LOW OR EQUAL", ({ r1, r3, s2 }) =>
    indexed(r1, r3, s2.address, false, "lowOrEqual"),
  ),
  insn("BXLEG", RSYa(0xeb45), "BRANCH ON INDEX LOW OR EQUAL", ({ r1, r3, s2 }) =>
    indexed(r1, r3, s2.address, true, "lowOrEqual"),
  ),
  insn("BRXH", RSI(0x84), "BRANCH RELATIVE ON INDEX HIGH", ({ r1, r3, ri2 }) =>
    indexed(r1, r3, psw.relative(ri2), false, "high"),
  ),
  insn("BRXHG", RIEe(0xec44), "BRANCH RELATIVE ON INDEX HIGH", ({ r1, r3, ri2 }) =>
    indexed(r1, r3, psw.relative(ri2), true, "high"),
  ),
  insn("BRXLE", RSI(0x85), "BRANCH RELATIVE ON INDEX LOW OR EQUAL", ({ r1, r3, ri2 }) =>
    indexed(r1, r3, psw.relative(ri2), false, "lowOrEqual"),
  ),
  insn("BRXLG", RIEe(0xec45), "BRANCH RELATIVE ON INDEX LOW OR EQUAL", ({ r1, r3, ri2 }) =>
    indexed(r1, r3, psw.relative(ri2), true, "lowOrEqual"),
  ),
  insn("EX", RXa(0x44), "EXECUTE", ({ r1, s2 }) => {
    recognise.specification(s2.address.low32().and(1));
    return [execute(s2.address, r1.ne(0).select(gr(r1).low, I32.of(0)))];
  }),
  insn("EXRL", RILb(0xc600), "EXECUTE RELATIVE LONG", ({ r1, ri2 }) => [
    execute(psw.relative(ri2), r1.ne(0).select(gr(r1).low, I32.of(0))),
  ]),
  insn("SVC", Iformat(0x0a), "SUPERVISOR CALL", ({ i1 }) => {
    call(supervisorCall, i1.low32(), psw.next);
    return [];
  }),
  insn("SAM24", E(0x010c), "SET ADDRESSING MODE", () => setMode(0)),
  insn("SAM31", E(0x010d), "SET ADDRESSING MODE", () => setMode(1)),
  insn("SAM64", E(0x010e), "SET ADDRESSING MODE", () => setMode(2)),
  insn("TAM", E(0x010b), "TEST ADDRESSING MODE", () => [
    cc.set(psw.extendedMode.select(I32.of(3), psw.basicMode)),
  ]),
  ...storageTraps,
];
const supervisorCall = wasmRoutine("supervisorCall", "i32", "i64");
const setAddressingMode = hostRoutine("setAddressingMode", "i32");
function setMode(mode: number): Effects {
  call(setAddressingMode, I32.of(mode));
  return [];
}

/** BRANCH AND LINK: as BRANCH AND SAVE in 31- and 64-bit mode; 24-bit mode also saves length, code and program mask. */
function branchAndLink(r1: I32, to: I64, taken: I32, ownLength: number): Effects {
  const isExecuted = psw.next.sub(psw.here).ne(ownLength);
  const length = isExecuted.select(machine.executeLength, I32.of(ownLength));
  const narrow = length.shl(29).or(psw.cc.shl(28)).or(psw.programMask.shl(24)).or(psw.next.low32());
  const medium = psw.next.low32().or(psw.basicMode.shl(31));
  const word = psw.basicMode.select(medium, narrow).unsigned64();
  const linked = psw.extendedMode.select(psw.next, gr(r1).value.and(0xffff_ffff_0000_0000n).or(word));
  return [gr(r1).set(linked), branchWhen(taken, to)];
}

/** COMPARE AND SWAP. CC: 0 equal and swapped, 1 unequal and loaded. */
function swap32(r1: I32, r3: I32, s2: { address: I64; ar: I32 }): Effects {
  recognise.specification(s2.address.and(3).ne(0));
  const old = storage(s2).fetch32();
  const equal = share(old.eq(gr(r1).low));
  // The store access is tested in either case; an unequal operand is stored back unchanged.
  return [storage(s2).store32(equal.select(gr(r3).low, old)), gr(r1).setLow(old), cc.set(equal.isZero())];
}
function swap64(r1: I32, r3: I32, s2: { address: I64; ar: I32 }): Effects {
  recognise.specification(s2.address.and(7).ne(0));
  const old = storage(s2).fetch64();
  const equal = share(old.eq(gr(r1).value));
  return [storage(s2).store64(equal.select(gr(r3).value, old)), gr(r1).set(old), cc.set(equal.isZero())];
}
/** COMPARE DOUBLE AND SWAP (32): the operand is the pair's right halves side by side. */
function swapPair32(r1: I32, r3: I32, s2: { address: I64; ar: I32 }): Effects {
  recognise.even(r1, r3);
  recognise.specification(s2.address.and(7).ne(0));
  const of = (r: I32) =>
    gr(r)
      .low.unsigned64()
      .shl(32)
      .or(gr(r.or(1)).low.unsigned64());
  const old = storage(s2).fetch64();
  const equal = share(old.eq(of(r1)));
  return [
    storage(s2).store64(equal.select(of(r3), old)),
    gr(r1).setLow(old.shrU(32).low32()),
    gr(r1.or(1)).setLow(old.low32()),
    cc.set(equal.isZero()),
  ];
}
function swapPair64(r1: I32, r3: I32, s2: { address: I64; ar: I32 }): Effects {
  recognise.even(r1, r3);
  recognise.specification(s2.address.and(15).ne(0));
  const high = storage(s2).fetch64();
  const low = storage(s2).fetch64(8);
  const equal = share(high.eq(gr(r1).value).and(low.eq(gr(r1.or(1)).value)));
  return [
    storage(s2).store64(equal.select(gr(r3).value, high)),
    storage(s2).store64(equal.select(gr(r3.or(1)).value, low), 8),
    gr(r1).set(high),
    gr(r1.or(1)).set(low),
    cc.set(equal.isZero()),
  ];
}
export const swaps: readonly Instruction[] = [
  insn("CS", RSa(0xba), "COMPARE AND SWAP", ({ r1, r3, s2 }) => swap32(r1, r3, s2)),
  insn("CSY", RSYa(0xeb14), "COMPARE AND SWAP", ({ r1, r3, s2 }) => swap32(r1, r3, s2)),
  insn("CSG", RSYa(0xeb30), "COMPARE AND SWAP", ({ r1, r3, s2 }) => swap64(r1, r3, s2)),
  insn("CDS", RSa(0xbb), "COMPARE DOUBLE AND SWAP", ({ r1, r3, s2 }) => swapPair32(r1, r3, s2)),
  insn("CDSY", RSYa(0xeb31), "COMPARE DOUBLE AND SWAP", ({ r1, r3, s2 }) => swapPair32(r1, r3, s2)),
  insn("CDSG", RSYa(0xeb3e), "COMPARE DOUBLE AND SWAP", ({ r1, r3, s2 }) => swapPair64(r1, r3, s2)),
];
