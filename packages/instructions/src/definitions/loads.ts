/** LOAD, STORE, MOVE and INSERT between registers, immediates and storage. Principles of Operation, "General Instructions". */
import {
  type Effect,
  type Effects,
  type Instruction,
  I32,
  I64,
  RIEg,
  RILa,
  RILb,
  RILu,
  RIa,
  RIu,
  RR,
  RR1,
  RRE,
  RRE1,
  RRFc,
  RSYa,
  RSYb,
  RSYc,
  RSa,
  RSb,
  RXYa,
  RXa,
  SI,
  SIL,
  SIY,
  SSFr,
  SSe,
  ar,
  call,
  cc,
  choose,
  fpr,
  gr,
  hostRoutine,
  inMode,
  insn,
  program,
  psw,
  recognise,
  share,
  storage,
  wasmRoutine,
  when,
} from "../dsl/index.ts";
import { reverse16, reverse32, reverse64 } from "./algorithms.ts";

const relative = (offset: I64) => ({ address: psw.relative(offset), ar: ar0 });
const ar0 = I32.of(0);

/** LOAD COMPLEMENT. CC as ADD; the most negative number overflows. */
function complement64(to: I32, value: I64): Effects {
  const overflow = share(value.eq(1n << 63n));
  const result = share(I64.of(0).sub(value));
  return [gr(to).set(result), cc.signedOrOverflow(result, overflow), program.fixedPointOverflow(overflow)];
}
function complement32(to: I32, value: I32): Effects {
  const overflow = share(value.eq(-0x8000_0000));
  const result = share(I32.of(0).sub(value));
  return [gr(to).setLow(result), cc.signedOrOverflow(result, overflow), program.fixedPointOverflow(overflow)];
}
/** LOAD POSITIVE. */
function positive64(to: I32, value: I64): Effects {
  const overflow = share(value.eq(1n << 63n));
  const result = share(value.isNegative().select(I64.of(0).sub(value), value));
  return [
    gr(to).set(result),
    cc.set(overflow.select(I32.of(3), result.ne(0).shl(1))),
    program.fixedPointOverflow(overflow),
  ];
}
function positive32(to: I32, value: I32): Effects {
  const overflow = share(value.eq(-0x8000_0000));
  const result = share(value.isNegative().select(I32.of(0).sub(value), value));
  return [
    gr(to).setLow(result),
    cc.set(overflow.select(I32.of(3), result.ne(0).shl(1))),
    program.fixedPointOverflow(overflow),
  ];
}
/** LOAD NEGATIVE. CC: 0 zero, 1 negative. */
function negative64(to: I32, value: I64): Effects {
  const result = share(value.gtS(0).select(I64.of(0).sub(value), value));
  return [gr(to).set(result), cc.notZero(result)];
}
function negative32(to: I32, value: I32): Effects {
  const result = share(value.gtS(0).select(I32.of(0).sub(value), value));
  return [gr(to).setLow(result), cc.notZero(result)];
}
/** LOAD AND TEST. */
const test64 = (to: I32, value: I64): Effects => [gr(to).set(value), cc.signed(value)];
const test32 = (to: I32, value: I32): Effects => [gr(to).setLow(value), cc.signed(value)];

/** Second operand of a relative-long instruction: it must be aligned to its size. */
function aligned(offset: I64, size: number) {
  const operand = relative(offset);
  recognise.specification(operand.address.and(size - 1).ne(0));
  return storage(operand);
}

const executionHint = { facility: 49 };
/** LOAD AND TRAP: what was loaded stays loaded; a data exception follows when it is zero. */
const trapping32 = (value: I32, set: (value: I32) => Effect): Effects => [
  set(value),
  program.trap(value.isZero()),
];
const trapping64 = (to: I32, value: I64): Effects => [gr(to).set(value), program.trap(value.eq(0))];
const andTrap: readonly Instruction[] = [
  insn(
    "LAT",
    RXYa(0xe39f),
    "LOAD AND TRAP",
    ({ r1, s2 }) => trapping32(storage(s2).fetch32(), gr(r1).setLow),
    executionHint,
  ),
  insn(
    "LGAT",
    RXYa(0xe385),
    "LOAD AND TRAP",
    ({ r1, s2 }) => trapping64(r1, storage(s2).fetch64()),
    executionHint,
  ),
  insn(
    "LFHAT",
    RXYa(0xe3c8),
    "LOAD HIGH AND TRAP",
    ({ r1, s2 }) => trapping32(storage(s2).fetch32(), gr(r1).setHigh),
    executionHint,
  ),
  insn(
    "LLGFAT",
    RXYa(0xe39d),
    "LOAD LOGICAL AND TRAP",
    ({ r1, s2 }) => trapping64(r1, storage(s2).fetch32().unsigned64()),
    executionHint,
  ),
  insn(
    "LLGTAT",
    RXYa(0xe39c),
    "LOAD LOGICAL THIRTY ONE BITS AND TRAP",
    ({ r1, s2 }) => trapping64(r1, share(storage(s2).fetch32().and(0x7fff_ffff).unsigned64())),
    executionHint,
  ),
];

export const loads: readonly Instruction[] = [
  insn("LR", RR(0x18), "LOAD", ({ r1, r2 }) => [gr(r1).setLow(gr(r2).low)]),
  insn("LGR", RRE(0xb904), "LOAD", ({ r1, r2 }) => [gr(r1).set(gr(r2).value)]),
  insn("LGFR", RRE(0xb914), "LOAD", ({ r1, r2 }) => [gr(r1).set(gr(r2).low.signed64())]),
  insn("L", RXa(0x58), "LOAD", ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch32())]),
  insn("LY", RXYa(0xe358), "LOAD", ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch32())]),
  insn("LG", RXYa(0xe304), "LOAD", ({ r1, s2 }) => [gr(r1).set(storage(s2).fetch64())]),
  insn("LGF", RXYa(0xe314), "LOAD", ({ r1, s2 }) => [gr(r1).set(storage(s2).fetch32().signed64())]),
  insn("LGFI", RILa(0xc001), "LOAD IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2)]),
  insn("LRL", RILb(0xc40d), "LOAD RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).setLow(aligned(ri2, 4).fetch32()),
  ]),
  insn("LGRL", RILb(0xc408), "LOAD RELATIVE LONG", ({ r1, ri2 }) => [gr(r1).set(aligned(ri2, 8).fetch64())]),
  insn("LGFRL", RILb(0xc40c), "LOAD RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).set(aligned(ri2, 4).fetch32().signed64()),
  ]),
  insn("LA", RXa(0x41), "LOAD ADDRESS", ({ r1, s2 }) => loadAddress(r1, s2.address)),
  insn("LAY", RXYa(0xe371), "LOAD ADDRESS", ({ r1, s2 }) => loadAddress(r1, s2.address)),
  insn("LARL", RILb(0xc000), "LOAD ADDRESS RELATIVE LONG", ({ r1, ri2 }) =>
    loadAddress(r1, psw.relative(ri2)),
  ),
  insn("LAE", RXa(0x51), "LOAD ADDRESS EXTENDED", ({ r1, s2 }) => loadAddressExtended(r1, s2)),
  insn("LAEY", RXYa(0xe375), "LOAD ADDRESS EXTENDED", ({ r1, s2 }) => loadAddressExtended(r1, s2)),
  insn("LTR", RR(0x12), "LOAD AND TEST", ({ r1, r2 }) => test32(r1, gr(r2).low)),
  insn("LTGR", RRE(0xb902), "LOAD AND TEST", ({ r1, r2 }) => test64(r1, gr(r2).value)),
  insn("LTGFR", RRE(0xb912), "LOAD AND TEST", ({ r1, r2 }) => test64(r1, gr(r2).low.signed64())),
  insn("LT", RXYa(0xe312), "LOAD AND TEST", ({ r1, s2 }) => test32(r1, storage(s2).fetch32())),
  insn("LTG", RXYa(0xe302), "LOAD AND TEST", ({ r1, s2 }) => test64(r1, storage(s2).fetch64())),
  insn("LTGF", RXYa(0xe332), "LOAD AND TEST", ({ r1, s2 }) => test64(r1, storage(s2).fetch32().signed64()), {
    facility: 34,
  }),
  insn("LBR", RRE(0xb926), "LOAD BYTE", ({ r1, r2 }) => [gr(r1).setLow(gr(r2).low.extend8())]),
  insn("LGBR", RRE(0xb906), "LOAD BYTE", ({ r1, r2 }) => [gr(r1).set(gr(r2).value.extend8())]),
  insn("LB", RXYa(0xe376), "LOAD BYTE", ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch8().extend8())]),
  insn("LGB", RXYa(0xe377), "LOAD BYTE", ({ r1, s2 }) => [
    gr(r1).set(storage(s2).fetch8().extend8().signed64()),
  ]),
  insn("LCR", RR(0x13), "LOAD COMPLEMENT", ({ r1, r2 }) => complement32(r1, gr(r2).low)),
  insn("LCGR", RRE(0xb903), "LOAD COMPLEMENT", ({ r1, r2 }) => complement64(r1, gr(r2).value)),
  insn("LCGFR", RRE(0xb913), "LOAD COMPLEMENT", ({ r1, r2 }) => complement64(r1, gr(r2).low.signed64())),
  insn("LPR", RR(0x10), "LOAD POSITIVE", ({ r1, r2 }) => positive32(r1, gr(r2).low)),
  insn("LPGR", RRE(0xb900), "LOAD POSITIVE", ({ r1, r2 }) => positive64(r1, gr(r2).value)),
  insn("LPGFR", RRE(0xb910), "LOAD POSITIVE", ({ r1, r2 }) => positive64(r1, gr(r2).low.signed64())),
  insn("LNR", RR(0x11), "LOAD NEGATIVE", ({ r1, r2 }) => negative32(r1, gr(r2).low)),
  insn("LNGR", RRE(0xb901), "LOAD NEGATIVE", ({ r1, r2 }) => negative64(r1, gr(r2).value)),
  insn("LNGFR", RRE(0xb911), "LOAD NEGATIVE", ({ r1, r2 }) => negative64(r1, gr(r2).low.signed64())),
  insn("LHR", RRE(0xb927), "LOAD HALFWORD", ({ r1, r2 }) => [gr(r1).setLow(gr(r2).low.extend16())]),
  insn("LGHR", RRE(0xb907), "LOAD HALFWORD", ({ r1, r2 }) => [gr(r1).set(gr(r2).value.extend16())]),
  insn("LH", RXa(0x48), "LOAD HALFWORD", ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch16().extend16())]),
  insn("LHY", RXYa(0xe378), "LOAD HALFWORD", ({ r1, s2 }) => [
    gr(r1).setLow(storage(s2).fetch16().extend16()),
  ]),
  insn("LGH", RXYa(0xe315), "LOAD HALFWORD", ({ r1, s2 }) => [
    gr(r1).set(storage(s2).fetch16().extend16().signed64()),
  ]),
  insn("LHI", RIa(0xa708), "LOAD HALFWORD IMMEDIATE", ({ r1, i2 }) => [gr(r1).setLow(i2.low32())]),
  insn("LGHI", RIa(0xa709), "LOAD HALFWORD IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2)]),
  insn("LHRL", RILb(0xc405), "LOAD HALFWORD RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).setLow(storage(relative(ri2)).fetch16().extend16()),
  ]),
  insn("LGHRL", RILb(0xc404), "LOAD HALFWORD RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).set(storage(relative(ri2)).fetch16().extend16().signed64()),
  ]),
  insn("LLGFR", RRE(0xb916), "LOAD LOGICAL", ({ r1, r2 }) => [gr(r1).set(gr(r2).low.unsigned64())]),
  insn("LLGF", RXYa(0xe316), "LOAD LOGICAL", ({ r1, s2 }) => [
    gr(r1).set(storage(s2).fetch32().unsigned64()),
  ]),
  insn("LLGFRL", RILb(0xc40e), "LOAD LOGICAL RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).set(aligned(ri2, 4).fetch32().unsigned64()),
  ]),
  insn("LLCR", RRE(0xb994), "LOAD LOGICAL CHARACTER", ({ r1, r2 }) => [gr(r1).setLow(gr(r2).low.and(0xff))]),
  insn("LLGCR", RRE(0xb984), "LOAD LOGICAL CHARACTER", ({ r1, r2 }) => [gr(r1).set(gr(r2).value.and(0xff))]),
  insn("LLC", RXYa(0xe394), "LOAD LOGICAL CHARACTER", ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch8())]),
  insn("LLGC", RXYa(0xe390), "LOAD LOGICAL CHARACTER", ({ r1, s2 }) => [
    gr(r1).set(storage(s2).fetch8().unsigned64()),
  ]),
  insn("LLHR", RRE(0xb995), "LOAD LOGICAL HALFWORD", ({ r1, r2 }) => [gr(r1).setLow(gr(r2).low.and(0xffff))]),
  insn("LLGHR", RRE(0xb985), "LOAD LOGICAL HALFWORD", ({ r1, r2 }) => [gr(r1).set(gr(r2).value.and(0xffff))]),
  insn("LLH", RXYa(0xe395), "LOAD LOGICAL HALFWORD", ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch16())]),
  insn("LLGH", RXYa(0xe391), "LOAD LOGICAL HALFWORD", ({ r1, s2 }) => [
    gr(r1).set(storage(s2).fetch16().unsigned64()),
  ]),
  insn("LLHRL", RILb(0xc402), "LOAD LOGICAL HALFWORD RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).setLow(storage(relative(ri2)).fetch16()),
  ]),
  insn("LLGHRL", RILb(0xc406), "LOAD LOGICAL HALFWORD RELATIVE LONG", ({ r1, ri2 }) => [
    gr(r1).set(storage(relative(ri2)).fetch16().unsigned64()),
  ]),
  insn("LLIHH", RIu(0xa50c), "LOAD LOGICAL IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2.shl(48))]),
  insn("LLIHL", RIu(0xa50d), "LOAD LOGICAL IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2.shl(32))]),
  insn("LLILH", RIu(0xa50e), "LOAD LOGICAL IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2.shl(16))]),
  insn("LLILL", RIu(0xa50f), "LOAD LOGICAL IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2)]),
  insn("LLIHF", RILu(0xc00e), "LOAD LOGICAL IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2.shl(32))]),
  insn("LLILF", RILu(0xc00f), "LOAD LOGICAL IMMEDIATE", ({ r1, i2 }) => [gr(r1).set(i2)]),
  insn("LLGTR", RRE(0xb917), "LOAD LOGICAL THIRTY ONE BITS", ({ r1, r2 }) => [
    gr(r1).set(gr(r2).value.and(0x7fff_ffff)),
  ]),
  insn("LLGT", RXYa(0xe317), "LOAD LOGICAL THIRTY ONE BITS", ({ r1, s2 }) => [
    gr(r1).set(storage(s2).fetch32().and(0x7fff_ffff).unsigned64()),
  ]),
  insn("LRVR", RRE(0xb91f), "LOAD REVERSED", ({ r1, r2 }) => [gr(r1).setLow(reverse32(gr(r2).low))]),
  insn("LRVGR", RRE(0xb90f), "LOAD REVERSED", ({ r1, r2 }) => [gr(r1).set(reverse64(gr(r2).value))]),
  insn("LRVH", RXYa(0xe31f), "LOAD REVERSED", ({ r1, s2 }) => [
    gr(r1).setLow(
      gr(r1)
        .low.and(~0xffff)
        .or(reverse16(storage(s2).fetch16())),
    ),
  ]),
  insn("LRV", RXYa(0xe31e), "LOAD REVERSED", ({ r1, s2 }) => [
    gr(r1).setLow(reverse32(storage(s2).fetch32())),
  ]),
  insn("LRVG", RXYa(0xe30f), "LOAD REVERSED", ({ r1, s2 }) => [gr(r1).set(reverse64(storage(s2).fetch64()))]),
  insn("LPQ", RXYa(0xe38f), "LOAD PAIR FROM QUADWORD", ({ r1, s2 }) => {
    recognise.even(r1);
    recognise.specification(s2.address.and(15).ne(0));
    const low = storage(s2).fetch64(8);
    const high = storage(s2).fetch64();
    return [gr(r1).set(high), gr(r1.or(1)).set(low)];
  }),
  ...(
    [
      ["LPD", 0xc804, 4],
      ["LPDG", 0xc805, 8],
    ] as const
  ).map(([name, opcode, size]) =>
    insn(
      name,
      SSFr(opcode),
      "LOAD PAIR DISJOINT",
      ({ r3, s1, s2 }) => {
        recognise.even(r3);
        for (const { address } of [s1, s2]) recognise.specification(address.and(size - 1).ne(0));
        const [first, second] = [storage(s1), storage(s2)];
        const [even, odd] = [gr(r3), gr(r3.or(1))];
        // No other CPU stores between the fetches: the pair is interlocked, code 0.
        return size === 4
          ? [even.setLow(first.fetch32()), odd.setLow(second.fetch32()), cc.set(0)]
          : [even.set(first.fetch64()), odd.set(second.fetch64()), cc.set(0)];
      },
      { facility: 45 },
    ),
  ),
  insn(
    "LOC",
    RSYc(0xebf2),
    "LOAD ON CONDITION",
    ({ r1, m3, s2 }) => [
      gr(r1).setLow(
        choose(
          cc.in(m3),
          () => storage(s2).fetch32(),
          () => gr(r1).low,
        ),
      ),
    ],
    { facility: 45 },
  ),
  insn(
    "LOCG",
    RSYc(0xebe2),
    "LOAD ON CONDITION",
    ({ r1, m3, s2 }) => [
      gr(r1).set(
        choose(
          cc.in(m3),
          () => storage(s2).fetch64(),
          () => gr(r1).value,
        ),
      ),
    ],
    { facility: 45 },
  ),
  insn(
    "LOCR",
    RRFc(0xb9f2),
    "LOAD ON CONDITION",
    ({ r1, r2, m3 }) => [gr(r1).setLow(cc.in(m3).select(gr(r2).low, gr(r1).low))],
    { facility: 45 },
  ),
  insn(
    "LOCGR",
    RRFc(0xb9e2),
    "LOAD ON CONDITION",
    ({ r1, r2, m3 }) => [gr(r1).set(cc.in(m3).select(gr(r2).value, gr(r1).value))],
    { facility: 45 },
  ),
  insn(
    "LOCHI",
    RIEg(0xec42),
    "LOAD HALFWORD IMMEDIATE ON CONDITION",
    ({ r1, i2, m3 }) => [gr(r1).setLow(cc.in(m3).select(i2.low32(), gr(r1).low))],
    { facility: 53 },
  ),
  insn(
    "LOCGHI",
    RIEg(0xec46),
    "LOAD HALFWORD IMMEDIATE ON CONDITION",
    ({ r1, i2, m3 }) => [gr(r1).set(cc.in(m3).select(i2, gr(r1).value))],
    { facility: 53 },
  ),
  insn(
    "LOCHHI",
    RIEg(0xec4e),
    "LOAD HALFWORD HIGH IMMEDIATE ON CONDITION",
    ({ r1, i2, m3 }) => [gr(r1).setHigh(cc.in(m3).select(i2.low32(), gr(r1).high))],
    { facility: 53 },
  ),
  insn(
    "LOCFHR",
    RRFc(0xb9e0),
    "LOAD HIGH ON CONDITION",
    ({ r1, r2, m3 }) => [gr(r1).setHigh(cc.in(m3).select(gr(r2).high, gr(r1).high))],
    { facility: 53 },
  ),
  insn(
    "LOCFH",
    RSYc(0xebe0),
    "LOAD HIGH ON CONDITION",
    ({ r1, m3, s2 }) => [
      gr(r1).setHigh(
        choose(
          cc.in(m3),
          () => storage(s2).fetch32(),
          () => gr(r1).high,
        ),
      ),
    ],
    { facility: 53 },
  ),
  insn("LFH", RXYa(0xe3ca), "LOAD HIGH", ({ r1, s2 }) => [gr(r1).setHigh(storage(s2).fetch32())], {
    facility: 45,
  }),
  insn(
    "LBH",
    RXYa(0xe3c0),
    "LOAD BYTE HIGH",
    ({ r1, s2 }) => [gr(r1).setHigh(storage(s2).fetch8().extend8())],
    { facility: 45 },
  ),
  insn(
    "LHH",
    RXYa(0xe3c4),
    "LOAD HALFWORD HIGH",
    ({ r1, s2 }) => [gr(r1).setHigh(storage(s2).fetch16().extend16())],
    { facility: 45 },
  ),
  insn(
    "LLCH",
    RXYa(0xe3c2),
    "LOAD LOGICAL CHARACTER HIGH",
    ({ r1, s2 }) => [gr(r1).setHigh(storage(s2).fetch8())],
    { facility: 45 },
  ),
  insn(
    "LLHH",
    RXYa(0xe3c6),
    "LOAD LOGICAL HALFWORD HIGH",
    ({ r1, s2 }) => [gr(r1).setHigh(storage(s2).fetch16())],
    { facility: 45 },
  ),
  insn(
    "LZRF",
    RXYa(0xe33b),
    "LOAD AND ZERO RIGHTMOST BYTE",
    ({ r1, s2 }) => [gr(r1).setLow(storage(s2).fetch32().and(~0xff))],
    { facility: 53 },
  ),
  insn(
    "LZRG",
    RXYa(0xe32a),
    "LOAD AND ZERO RIGHTMOST BYTE",
    ({ r1, s2 }) => [gr(r1).set(storage(s2).fetch64().and(~0xffn))],
    { facility: 53 },
  ),
  insn(
    "LLZRGF",
    RXYa(0xe33a),
    "LOAD LOGICAL AND ZERO RIGHTMOST BYTE",
    ({ r1, s2 }) => [gr(r1).set(storage(s2).fetch32().and(~0xff).unsigned64())],
    { facility: 53 },
  ),
  ...andTrap,
  insn("LGDR", RRE(0xb3cd), "LOAD GR FROM FPR", ({ r1, r2 }) => [gr(r1).set(fpr(r2).value)], {
    additionalFloatingPoint: 1,
  }),
  insn("LDGR", RRE(0xb3c1), "LOAD FPR FROM GR", ({ r1, r2 }) => [fpr(r1).set(gr(r2).value)], {
    additionalFloatingPoint: 1,
  }),
  insn("EAR", RRE(0xb24f), "EXTRACT ACCESS", ({ r1, r2 }) => [gr(r1).setLow(ar(r2).value)]),
  insn("SAR", RRE(0xb24e), "SET ACCESS", ({ r1, r2 }) => [ar(r1).set(gr(r2).low)]),
  insn("CPYA", RRE(0xb24d), "COPY ACCESS", ({ r1, r2 }) => [ar(r1).set(ar(r2).value)]),
];

/** The address goes to bits 33-63, 40-63 or 0-63 by addressing mode; outside 64-bit mode bits 0-31 stay. */
function loadAddress(to: I32, address: I64): Effects {
  const merged = () => gr(to).value.and(0xffff_ffff_0000_0000n).or(address);
  return [gr(to).set(choose(psw.extendedMode, () => address, merged))];
}
function loadAddressExtended(to: I32, operand: { readonly address: I64; readonly ar: I32 }): Effects {
  // Address space: 0 primary, 1 access register, 2 secondary, 3 home; ALETs 0, AR[B2] (0 for B2 = 0), 1, 2.
  const space = psw.addressSpace;
  const ofBase = operand.ar.isZero().select(I32.of(0), ar(operand.ar).value);
  const alet = space.eq(1).select(ofBase, space.isZero().select(I32.of(0), space.sub(1)));
  return [...loadAddress(to, operand.address), ar(to).set(alet)];
}

const stored = (offset: I64, size: number) => {
  const operand = relative(offset);
  if (size > 1) recognise.specification(operand.address.and(size - 1).ne(0));
  return storage(operand);
};

export const stores: readonly Instruction[] = [
  insn("ST", RXa(0x50), "STORE", ({ r1, s2 }) => [storage(s2).store32(gr(r1).low)]),
  insn("STY", RXYa(0xe350), "STORE", ({ r1, s2 }) => [storage(s2).store32(gr(r1).low)]),
  insn("STG", RXYa(0xe324), "STORE", ({ r1, s2 }) => [storage(s2).store64(gr(r1).value)]),
  insn("STRL", RILb(0xc40f), "STORE RELATIVE LONG", ({ r1, ri2 }) => [stored(ri2, 4).store32(gr(r1).low)]),
  insn("STGRL", RILb(0xc40b), "STORE RELATIVE LONG", ({ r1, ri2 }) => [stored(ri2, 8).store64(gr(r1).value)]),
  insn("STC", RXa(0x42), "STORE CHARACTER", ({ r1, s2 }) => [storage(s2).store8(gr(r1).low)]),
  insn("STCY", RXYa(0xe372), "STORE CHARACTER", ({ r1, s2 }) => [storage(s2).store8(gr(r1).low)]),
  insn("STH", RXa(0x40), "STORE HALFWORD", ({ r1, s2 }) => [storage(s2).store16(gr(r1).low)]),
  insn("STHY", RXYa(0xe370), "STORE HALFWORD", ({ r1, s2 }) => [storage(s2).store16(gr(r1).low)]),
  insn("STHRL", RILb(0xc407), "STORE HALFWORD RELATIVE LONG", ({ r1, ri2 }) => [
    stored(ri2, 1).store16(gr(r1).low),
  ]),
  insn("STRVH", RXYa(0xe33f), "STORE REVERSED", ({ r1, s2 }) => [
    storage(s2).store16(reverse16(gr(r1).low.and(0xffff))),
  ]),
  insn("STRV", RXYa(0xe33e), "STORE REVERSED", ({ r1, s2 }) => [storage(s2).store32(reverse32(gr(r1).low))]),
  insn("STRVG", RXYa(0xe32f), "STORE REVERSED", ({ r1, s2 }) => [
    storage(s2).store64(reverse64(gr(r1).value)),
  ]),
  insn("STPQ", RXYa(0xe38e), "STORE PAIR TO QUADWORD", ({ r1, s2 }) => {
    recognise.even(r1);
    recognise.specification(s2.address.and(15).ne(0));
    return [storage(s2).store64(gr(r1).value), storage(s2).store64(gr(r1.or(1)).value, 8)];
  }),
  insn(
    "STOC",
    RSYc(0xebf3),
    "STORE ON CONDITION",
    ({ r1, m3, s2 }) => [when(cc.in(m3), storage(s2).store32(gr(r1).low))],
    { facility: 45 },
  ),
  insn(
    "STOCG",
    RSYc(0xebe3),
    "STORE ON CONDITION",
    ({ r1, m3, s2 }) => [when(cc.in(m3), storage(s2).store64(gr(r1).value))],
    { facility: 45 },
  ),
  insn(
    "STOCFH",
    RSYc(0xebe1),
    "STORE HIGH ON CONDITION",
    ({ r1, m3, s2 }) => [when(cc.in(m3), storage(s2).store32(gr(r1).high))],
    { facility: 53 },
  ),
  insn("STFH", RXYa(0xe3cb), "STORE HIGH", ({ r1, s2 }) => [storage(s2).store32(gr(r1).high)], {
    facility: 45,
  }),
  insn("STCH", RXYa(0xe3c3), "STORE CHARACTER HIGH", ({ r1, s2 }) => [storage(s2).store8(gr(r1).high)], {
    facility: 45,
  }),
  insn("STHH", RXYa(0xe3c7), "STORE HALFWORD HIGH", ({ r1, s2 }) => [storage(s2).store16(gr(r1).high)], {
    facility: 45,
  }),
  insn("MVI", SI(0x92), "MOVE", ({ s1, i2 }) => [storage(s1).store8(i2.low32())]),
  insn("MVIY", SIY(0xeb52), "MOVE", ({ s1, i2 }) => [storage(s1).store8(i2.low32())]),
  insn("MVHHI", SIL(0xe544), "MOVE", ({ s1, i2 }) => [storage(s1).store16(i2.low32())]),
  insn("MVHI", SIL(0xe54c), "MOVE", ({ s1, i2 }) => [storage(s1).store32(i2.low32())]),
  insn("MVGHI", SIL(0xe548), "MOVE", ({ s1, i2 }) => [storage(s1).store64(i2)]),
];

const loadMultiple = wasmRoutine("loadMultiple", "i64", "i32", "i32", "i32", "i32");
const storeMultiple = wasmRoutine("storeMultiple", "i64", "i32", "i32", "i32", "i32");
/** Register rows as the multiple routines number them. */
export const row = {
  general: 0,
  generalLow: 1,
  generalHigh: 2,
  access: 3,
  control: 4,
  controlLow: 5,
} as const;

type Multiple = {
  readonly r1: I32;
  readonly r3: I32;
  readonly s2: { readonly address: I64; readonly ar: I32 };
};
const load =
  (file: number) =>
  ({ r1, r3, s2 }: Multiple): Effects => {
    call(loadMultiple, s2.address, s2.ar, r1, r3, I32.of(file));
    return [];
  };
const store =
  (file: number, alignment = 1) =>
  ({ r1, r3, s2 }: Multiple): Effects => {
    if (alignment > 1) recognise.specification(s2.address.and(alignment - 1).ne(0));
    call(storeMultiple, s2.address, s2.ar, r1, r3, I32.of(file));
    return [];
  };

const loadMultipleDisjoint = hostRoutine("loadMultipleDisjoint", "i64", "i32", "i64", "i32", "i32", "i32");

export const multiples: readonly Instruction[] = [
  insn("LM", RSa(0x98), "LOAD MULTIPLE", load(row.generalLow)),
  insn("LMY", RSYa(0xeb98), "LOAD MULTIPLE", load(row.generalLow)),
  insn("LMG", RSYa(0xeb04), "LOAD MULTIPLE", load(row.general)),
  insn("LMH", RSYa(0xeb96), "LOAD MULTIPLE HIGH", load(row.generalHigh)),
  insn("LMD", SSe(0xef), "LOAD MULTIPLE DISJOINT", ({ r1, r3, s2, s4 }) => {
    call(loadMultipleDisjoint, s2.address, s2.ar, s4.address, s4.ar, r1, r3);
    return [];
  }),
  insn("STM", RSa(0x90), "STORE MULTIPLE", store(row.generalLow)),
  insn("STMY", RSYa(0xeb90), "STORE MULTIPLE", store(row.generalLow)),
  insn("STMG", RSYa(0xeb24), "STORE MULTIPLE", store(row.general)),
  insn("STMH", RSYa(0xeb26), "STORE MULTIPLE HIGH", store(row.generalHigh)),
  insn("LAM", RSa(0x9a), "LOAD ACCESS MULTIPLE", (o) => {
    recognise.specification(o.s2.address.and(3).ne(0));
    return load(row.access)(o);
  }),
  insn("LAMY", RSYa(0xeb9a), "LOAD ACCESS MULTIPLE", (o) => {
    recognise.specification(o.s2.address.and(3).ne(0));
    return load(row.access)(o);
  }),
  insn("STAM", RSa(0x9b), "STORE ACCESS MULTIPLE", store(row.access, 4)),
  insn("STAMY", RSYa(0xeb9b), "STORE ACCESS MULTIPLE", store(row.access, 4)),
  insn("STCTG", RSYa(0xeb25), "STORE CONTROL", store(row.control, 8), { privileged: true }),
  insn("STCTL", RSa(0xb6), "STORE CONTROL", store(row.controlLow, 4), { privileged: true }),
];

/** INSERT IMMEDIATE and the immediate forms of AND and OR work on one halfword or word of the register. */
function insert(to: I32, value: I64, shift: number, width: bigint): Effects {
  if (shift < 32) {
    const others = gr(to).low.and(~(Number(width) << shift));
    return [gr(to).setLow(others.or(value.low32().shl(shift)))];
  }
  const others = gr(to).value.and(~(width << BigInt(shift)));
  return [gr(to).set(others.or(value.shl(shift)))];
}
const HALF = 0xffffn;
const WORD = 0xffff_ffffn;

const underMask =
  (name: "high" | "low") =>
  (to: I32, mask: I32, source: { readonly address: I64; readonly ar: I32 }): Effects =>
    insertUnderMask(to, mask, source, name);

/** INSERT CHARACTERS UNDER MASK. CC: 0 all inserted zero or mask zero, 1 leftmost bit one, 2 leftmost bit zero. */
function insertUnderMask(
  to: I32,
  mask: I32,
  source: { readonly address: I64; readonly ar: I32 },
  half: "high" | "low",
): Effects {
  const register = gr(to);
  let position = I32.of(0); // bytes fetched so far
  let result = half === "high" ? register.high : register.low;
  let inserted = I32.of(0); // the inserted bytes, side by side
  for (const [bit, shift] of [
    [8, 24],
    [4, 16],
    [2, 8],
    [1, 0],
  ] as const) {
    const wanted = share(mask.and(bit).ne(0));
    const byte = choose(
      wanted,
      () => storage({ address: inMode(source.address.add(position.unsigned64())), ar: source.ar }).fetch8(),
      () => I32.of(0),
    );
    result = share(wanted.select(result.and(~(0xff << shift)).or(byte.shl(shift)), result));
    inserted = share(wanted.select(inserted.or(byte.shl(I32.of(24).sub(position.shl(3)))), inserted));
    position = share(position.add(wanted));
  }
  // With a zero mask the first byte is still access-tested, which is all that is left to do.
  choose(
    mask.isZero(),
    () => storage(source).fetch8(),
    () => I32.of(0),
  );
  return [
    half === "high" ? register.setHigh(result) : register.setLow(result),
    cc.set(inserted.isZero().select(I32.of(0), inserted.isNegative().select(I32.of(1), I32.of(2)))),
  ];
}

/** STORE CHARACTERS UNDER MASK. */
function storeUnderMask(value: I32, mask: I32, target: { readonly address: I64; readonly ar: I32 }): Effects {
  let position = I32.of(0);
  return (
    [
      [8, 24],
      [4, 16],
      [2, 8],
      [1, 0],
    ] as const
  ).map(([bit, shift]) => {
    const wanted = share(mask.and(bit).ne(0));
    const effect = when(
      wanted,
      storage({ address: inMode(target.address.add(position.unsigned64())), ar: target.ar }).store8(
        value.shrU(shift),
      ),
    );
    position = share(position.add(wanted));
    return effect;
  });
}

/** COMPARE LOGICAL CHARACTERS UNDER MASK. CC: 0 equal or mask zero, 1 first low, 2 first high. */
function compareUnderMask(
  value: I32,
  mask: I32,
  source: { readonly address: I64; readonly ar: I32 },
): Effects {
  let position = I32.of(0);
  let first = I32.of(0);
  let second = I32.of(0);
  for (const [bit, shift] of [
    [8, 24],
    [4, 16],
    [2, 8],
    [1, 0],
  ] as const) {
    const wanted = share(mask.and(bit).ne(0));
    const byte = choose(
      wanted,
      () => storage({ address: inMode(source.address.add(position.unsigned64())), ar: source.ar }).fetch8(),
      () => I32.of(0),
    );
    first = share(wanted.select(first.shl(8).or(value.shrU(shift).and(0xff)), first));
    second = share(wanted.select(second.shl(8).or(byte), second));
    position = share(position.add(wanted));
  }
  choose(
    mask.isZero(),
    () => storage(source).fetch8(),
    () => I32.of(0),
  );
  return [cc.compareUnsigned(first, second)];
}

export const inserts: readonly Instruction[] = [
  insn("IC", RXa(0x43), "INSERT CHARACTER", ({ r1, s2 }) => [
    gr(r1).setLow(gr(r1).low.and(~0xff).or(storage(s2).fetch8())),
  ]),
  insn("ICY", RXYa(0xe373), "INSERT CHARACTER", ({ r1, s2 }) => [
    gr(r1).setLow(gr(r1).low.and(~0xff).or(storage(s2).fetch8())),
  ]),
  insn("IIHH", RIu(0xa500), "INSERT IMMEDIATE", ({ r1, i2 }) => insert(r1, i2, 48, HALF)),
  insn("IIHL", RIu(0xa501), "INSERT IMMEDIATE", ({ r1, i2 }) => insert(r1, i2, 32, HALF)),
  insn("IILH", RIu(0xa502), "INSERT IMMEDIATE", ({ r1, i2 }) => insert(r1, i2, 16, HALF)),
  insn("IILL", RIu(0xa503), "INSERT IMMEDIATE", ({ r1, i2 }) => insert(r1, i2, 0, HALF)),
  insn("IIHF", RILu(0xc008), "INSERT IMMEDIATE", ({ r1, i2 }) => insert(r1, i2, 32, WORD)),
  insn("IILF", RILu(0xc009), "INSERT IMMEDIATE", ({ r1, i2 }) => insert(r1, i2, 0, WORD)),
  insn("ICM", RSb(0xbf), "INSERT CHARACTERS UNDER MASK", ({ r1, m3, s2 }) => underMask("low")(r1, m3, s2)),
  insn("ICMY", RSYb(0xeb81), "INSERT CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    underMask("low")(r1, m3, s2),
  ),
  insn("ICMH", RSYb(0xeb80), "INSERT CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    underMask("high")(r1, m3, s2),
  ),
  insn("STCM", RSb(0xbe), "STORE CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    storeUnderMask(gr(r1).low, m3, s2),
  ),
  insn("STCMY", RSYb(0xeb2d), "STORE CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    storeUnderMask(gr(r1).low, m3, s2),
  ),
  insn("STCMH", RSYb(0xeb2c), "STORE CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    storeUnderMask(gr(r1).high, m3, s2),
  ),
  insn("CLM", RSb(0xbd), "COMPARE LOGICAL CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    compareUnderMask(gr(r1).low, m3, s2),
  ),
  insn("CLMY", RSYb(0xeb21), "COMPARE LOGICAL CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    compareUnderMask(gr(r1).low, m3, s2),
  ),
  insn("CLMH", RSYb(0xeb20), "COMPARE LOGICAL CHARACTERS UNDER MASK", ({ r1, m3, s2 }) =>
    compareUnderMask(gr(r1).high, m3, s2),
  ),
  insn("IPM", RRE1(0xb222), "INSERT PROGRAM MASK", ({ r1 }) => [
    gr(r1).setLow(gr(r1).low.and(0x00ff_ffff).or(psw.cc.shl(28)).or(psw.programMask.shl(24))),
  ]),
  insn("SPM", RR1(0x04), "SET PROGRAM MASK", ({ r1 }) => [
    cc.set(gr(r1).low.shrU(28).and(3)),
    psw.setMask(psw.mask.and(~(0xfn << 40n)).or(gr(r1).low.shrU(24).and(15).unsigned64().shl(40))),
  ]),
];
