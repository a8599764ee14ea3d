/** Floating-point register moves and the FPC register. Principles of Operation, "Floating-Point Overview and Support Instructions". */
import {
  type Effects,
  I32,
  I64,
  type Instruction,
  RR,
  RRE,
  RRE1,
  RRFb3,
  RXYa,
  RXa,
  S,
  call,
  fpr,
  gr,
  hostRoutine,
  insn,
  machine,
  recognise,
  share,
  storage,
} from "../dsl/index.ts";

/** Any floating-point instruction: registers other than 0, 2, 4, 6 need the AFP-register control (DXC 1). */
const afp = { additionalFloatingPoint: 1 } as const;

const pairLoad = ({ r1, r2 }: { r1: I32; r2: I32 }): Effects => {
  recognise.pair(r1, r2);
  const [high, low] = [share(fpr(r2).value), share(fpr(r2.add(2)).value)];
  return [fpr(r1).set(high), fpr(r1.add(2)).set(low)];
};

/** Bit 0. */
const SIGN = 1n << 63n;

const copySign = (r1: I32, r2: I32, sign: I64): Effects => [
  fpr(r1).set(
    fpr(r2)
      .value.and(SIGN - 1n)
      .or(sign),
  ),
];

/** Sign handling looks at no format: it moves any datum of 64 bits. */
const signHandling: readonly Instruction[] = [
  insn("CPSDR", RRFb3(0xb372), "COPY SIGN", ({ r1, r2, r3 }) => copySign(r1, r2, fpr(r3).value.and(SIGN)), {
    ...afp,
    facility: 41,
  }),
  insn("LPDFR", RRE(0xb370), "LOAD POSITIVE", ({ r1, r2 }) => copySign(r1, r2, I64.of(0)), {
    ...afp,
    facility: 41,
  }),
  insn("LNDFR", RRE(0xb371), "LOAD NEGATIVE", ({ r1, r2 }) => copySign(r1, r2, I64.of(SIGN)), {
    ...afp,
    facility: 41,
  }),
  insn("LCDFR", RRE(0xb373), "LOAD COMPLEMENT", ({ r1, r2 }) => [fpr(r1).set(fpr(r2).value.xor(SIGN))], {
    ...afp,
    facility: 41,
  }),
];

/** FPC bits 6, 7, 14, 15, 24 and 28 are not supported; BFP rounding modes 4 to 6 are reserved. */
function checkFpc(value: I32): I32 {
  const reserved = value.and(4).ne(0).and(value.and(7).ne(7));
  recognise.specification(value.and(0x0303_0088).ne(0).or(reserved));
  return value;
}
/** (new FPC): ORs the old flags into it; flags that its masks enable are a data exception after completion. */
const signalFpc = hostRoutine("bfp.signal", "i32");

const bfp = { additionalFloatingPoint: 2 } as const;
const controlRegister: readonly Instruction[] = [
  insn("EFPC", RRE1(0xb38c), "EXTRACT FPC", ({ r1 }) => [gr(r1).setLow(machine.fpc)], bfp),
  insn("SFPC", RRE1(0xb384), "SET FPC", ({ r1 }) => [machine.setFpc(checkFpc(gr(r1).low))], bfp),
  insn("LFPC", S(0xb29d), "LOAD FPC", ({ s2 }) => [machine.setFpc(checkFpc(storage(s2).fetch32()))], bfp),
  insn("STFPC", S(0xb29c), "STORE FPC", ({ s2 }) => [storage(s2).store32(machine.fpc)], bfp),
  insn(
    "SFASR",
    RRE1(0xb385),
    "SET FPC AND SIGNAL",
    ({ r1 }) => {
      call(signalFpc, checkFpc(gr(r1).low));
      return [];
    },
    { ...bfp, facility: 41 },
  ),
  insn(
    "LFAS",
    S(0xb2bd),
    "LOAD FPC AND SIGNAL",
    ({ s2 }) => {
      call(signalFpc, checkFpc(storage(s2).fetch32()));
      return [];
    },
    { ...bfp, facility: 41 },
  ),
  insn(
    "SRNM",
    S(0xb299),
    "SET BFP ROUNDING MODE (2 BIT)",
    ({ s2 }) => [machine.setFpc(machine.fpc.and(~7).or(s2.address.low32().and(3)))],
    bfp,
  ),
  insn(
    "SRNMB",
    S(0xb2b8),
    "SET BFP ROUNDING MODE (3 BIT)",
    ({ s2 }) => {
      const mode = share(s2.address.low32().and(0xff));
      recognise.specification(mode.gtU(3).and(mode.ne(7)));
      return [machine.setFpc(machine.fpc.and(~7).or(mode))];
    },
    { ...bfp, facility: 37 },
  ),
];

export const floatingPointSupport: readonly Instruction[] = [
  insn("LER", RR(0x38), "LOAD", ({ r1, r2 }) => [fpr(r1).setHigh(fpr(r2).high)], afp),
  insn("LDR", RR(0x28), "LOAD", ({ r1, r2 }) => [fpr(r1).set(fpr(r2).value)], afp),
  insn("LXR", RRE(0xb365), "LOAD", pairLoad, afp),
  insn("LE", RXa(0x78), "LOAD", ({ r1, s2 }) => [fpr(r1).setHigh(storage(s2).fetch32())], afp),
  insn("LEY", RXYa(0xed64), "LOAD", ({ r1, s2 }) => [fpr(r1).setHigh(storage(s2).fetch32())], afp),
  insn("LD", RXa(0x68), "LOAD", ({ r1, s2 }) => [fpr(r1).set(storage(s2).fetch64())], afp),
  insn("LDY", RXYa(0xed65), "LOAD", ({ r1, s2 }) => [fpr(r1).set(storage(s2).fetch64())], afp),
  insn("LZER", RRE1(0xb374), "LOAD ZERO", ({ r1 }) => [fpr(r1).setHigh(I32.of(0))], afp),
  insn("LZDR", RRE1(0xb375), "LOAD ZERO", ({ r1 }) => [fpr(r1).set(I64.of(0))], afp),
  insn(
    "LZXR",
    RRE1(0xb376),
    "LOAD ZERO",
    ({ r1 }) => {
      recognise.pair(r1);
      return [fpr(r1).set(I64.of(0)), fpr(r1.add(2)).set(I64.of(0))];
    },
    afp,
  ),
  insn("STE", RXa(0x70), "STORE", ({ r1, s2 }) => [storage(s2).store32(fpr(r1).high)], afp),
  insn("STEY", RXYa(0xed66), "STORE", ({ r1, s2 }) => [storage(s2).store32(fpr(r1).high)], afp),
  insn("STD", RXa(0x60), "STORE", ({ r1, s2 }) => [storage(s2).store64(fpr(r1).value)], afp),
  insn("STDY", RXYa(0xed67), "STORE", ({ r1, s2 }) => [storage(s2).store64(fpr(r1).value)], afp),
  ...signHandling,
  ...controlRegister,
];
