/** Floating-point register moves and the FPC register. Principles of Operation, "Floating-Point Overview and Support Instructions". */
import {
  type Effects,
  I32,
  I64,
  type Instruction,
  RR,
  RRE,
  RRE1,
  RXYa,
  RXa,
  fpr,
  insn,
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
];
