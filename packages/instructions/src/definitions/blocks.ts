/** Instructions on byte strings in storage. Principles of Operation, "General Instructions". */
import {
  type Effects,
  I32,
  IE,
  type Instruction,
  MII,
  RR,
  RRE,
  RRFc,
  RSYa,
  RSa,
  RSLa,
  RXYa,
  RXYb,
  RXa,
  RILc,
  SMI,
  SSE,
  SSF,
  SSa,
  SSb,
  SSc,
  SSf,
  SSp,
  call,
  cc,
  hostRoutine,
  insn,
  recognise,
  wasmRoutine,
} from "../dsl/index.ts";
import { compareShortly, moveShortly } from "./short-blocks.ts";

const moveBlock = wasmRoutine("moveBlock", "i64", "i32", "i64", "i32", "i32");
const compareBlock = wasmRoutine("compareBlock", "i64", "i32", "i64", "i32", "i32");

/** Routines on registers: they advance addresses and counts, and may be interrupted between units. */
const onExtents = ["i32", "i32"] as const;
/** Routines on registers and a second-operand address that is no storage operand (padding byte). */
const padded = ["i32", "i32", "i64"] as const;
/** Routines on two storage operands with length codes: (first, its AR, L1, second, its AR, L2). */
const decimal = (name: string) => hostRoutine(name, "i64", "i32", "i32", "i64", "i32", "i32");

const evenPair =
  (routine: ReturnType<typeof wasmRoutine>) =>
  ({ r1, r2 }: { r1: I32; r2: I32 }): Effects => {
    recognise.even(r1, r2);
    return [cc.set(call(routine, r1, r2))];
  };
const anyPair =
  (routine: ReturnType<typeof wasmRoutine>) =>
  ({ r1, r2 }: { r1: I32; r2: I32 }): Effects => [cc.set(call(routine, r1, r2))];

const moveLong = wasmRoutine("moveLong", ...onExtents);
const compareLong = wasmRoutine("compareLong", ...onExtents);
const moveLongExtended = wasmRoutine("moveLongExtended", ...padded);
const compareLongExtended = wasmRoutine("compareLongExtended", ...padded);
const moveLongUnicode = hostRoutine("moveLongUnicode", ...padded);
const compareLongUnicode = hostRoutine("compareLongUnicode", ...padded);
const moveString = wasmRoutine("moveString", ...onExtents);
const compareString = wasmRoutine("compareString", ...onExtents);
const searchString = wasmRoutine("searchString", ...onExtents);
const searchStringUnicode = hostRoutine("searchStringUnicode", ...onExtents);
const checksum = wasmRoutine("checksum", ...onExtents);
const translate = wasmRoutine("translate", "i64", "i32", "i64", "i32", "i32");
const translateAndTest = wasmRoutine("translateAndTest", "i64", "i32", "i64", "i32", "i32");
const translateAndTestReverse = hostRoutine("translateAndTestReverse", "i64", "i32", "i64", "i32", "i32");
const translateExtended = hostRoutine("translateExtended", ...onExtents);
const moveInverse = hostRoutine("moveInverse", "i64", "i32", "i64", "i32", "i32");
const moveRightToLeft = hostRoutine("moveRightToLeft", "i64", "i32", "i64", "i32");
const translateAndTestExtended = hostRoutine("translateAndTestExtended", "i32", "i32", "i32", "i32");
const moveNumerics = wasmRoutine("moveNumerics", "i64", "i32", "i64", "i32", "i32");
const moveZones = wasmRoutine("moveZones", "i64", "i32", "i64", "i32", "i32");
const performLockedOperation = hostRoutine(
  "performLockedOperation",
  "i32",
  "i32",
  "i64",
  "i32",
  "i64",
  "i32",
);
const compareAndSwapAndStore = hostRoutine("compareAndSwapAndStore", "i64", "i32", "i64", "i32", "i32");
const convertUnicode = hostRoutine("convertUnicode", "i32", "i32", "i32", "i32");

export const blocks: readonly Instruction[] = [
  insn("MVC", SSa(0xd2), "MOVE", (operands) => {
    const moved = moveShortly(operands);
    if (moved !== undefined) return moved;
    const { l1, s1, s2 } = operands;
    call(moveBlock, s1.address, s1.ar, s2.address, s2.ar, l1.add(1));
    return [];
  }),
  insn("CLC", SSa(0xd5), "COMPARE LOGICAL", (operands) => {
    const compared = compareShortly(operands);
    if (compared !== undefined) return compared;
    const { l1, s1, s2 } = operands;
    return [cc.set(call(compareBlock, s1.address, s1.ar, s2.address, s2.ar, l1.add(1)))];
  }),
  insn("MVCIN", SSa(0xe8), "MOVE INVERSE", ({ l1, s1, s2 }) => {
    call(moveInverse, s1.address, s1.ar, s2.address, s2.ar, l1.add(1));
    return [];
  }),
  insn(
    "MVCRL",
    SSE(0xe50a),
    "MOVE RIGHT TO LEFT",
    ({ s1, s2 }) => {
      call(moveRightToLeft, s1.address, s1.ar, s2.address, s2.ar);
      return [];
    },
    { facility: 61 },
  ),
  insn("MVN", SSa(0xd1), "MOVE NUMERICS", ({ l1, s1, s2 }) => {
    call(moveNumerics, s1.address, s1.ar, s2.address, s2.ar, l1.add(1));
    return [];
  }),
  insn("MVZ", SSa(0xd3), "MOVE ZONES", ({ l1, s1, s2 }) => {
    call(moveZones, s1.address, s1.ar, s2.address, s2.ar, l1.add(1));
    return [];
  }),
  insn("MVCL", RR(0x0e), "MOVE LONG", evenPair(moveLong)),
  insn("CLCL", RR(0x0f), "COMPARE LOGICAL LONG", evenPair(compareLong)),
  insn("MVCLE", RSa(0xa8), "MOVE LONG EXTENDED", ({ r1, r3, s2 }) => {
    recognise.even(r1, r3);
    return [cc.set(call(moveLongExtended, r1, r3, s2.address))];
  }),
  insn("CLCLE", RSa(0xa9), "COMPARE LOGICAL LONG EXTENDED", ({ r1, r3, s2 }) => {
    recognise.even(r1, r3);
    return [cc.set(call(compareLongExtended, r1, r3, s2.address))];
  }),
  insn("MVCLU", RSYa(0xeb8e), "MOVE LONG UNICODE", ({ r1, r3, s2 }) => {
    recognise.even(r1, r3);
    return [cc.set(call(moveLongUnicode, r1, r3, s2.address))];
  }),
  insn("CLCLU", RSYa(0xeb8f), "COMPARE LOGICAL LONG UNICODE", ({ r1, r3, s2 }) => {
    recognise.even(r1, r3);
    return [cc.set(call(compareLongUnicode, r1, r3, s2.address))];
  }),
  insn("MVST", RRE(0xb255), "MOVE STRING", anyPair(moveString)),
  insn("CLST", RRE(0xb25d), "COMPARE LOGICAL STRING", anyPair(compareString)),
  insn("SRST", RRE(0xb25e), "SEARCH STRING", anyPair(searchString)),
  insn("SRSTU", RRE(0xb9be), "SEARCH STRING UNICODE", anyPair(searchStringUnicode)),
  insn("CKSM", RRE(0xb241), "CHECKSUM", ({ r1, r2 }) => {
    recognise.even(r2);
    return [cc.set(call(checksum, r1, r2))];
  }),
  insn("TR", SSa(0xdc), "TRANSLATE", ({ l1, s1, s2 }) => {
    call(translate, s1.address, s1.ar, s2.address, s2.ar, l1.add(1));
    return [];
  }),
  insn("TRT", SSa(0xdd), "TRANSLATE AND TEST", ({ l1, s1, s2 }) => [
    cc.set(call(translateAndTest, s1.address, s1.ar, s2.address, s2.ar, l1.add(1))),
  ]),
  insn("TRTR", SSa(0xd0), "TRANSLATE AND TEST REVERSE", ({ l1, s1, s2 }) => [
    cc.set(call(translateAndTestReverse, s1.address, s1.ar, s2.address, s2.ar, l1.add(1))),
  ]),
  insn("TRE", RRE(0xb2a5), "TRANSLATE EXTENDED", ({ r1, r2 }) => {
    recognise.even(r1);
    return [cc.set(call(translateExtended, r1, r2))];
  }),
  ...(["TRTT", "TRTO", "TROT", "TROO"] as const).map((name, n) => {
    const titles = ["TWO TO TWO", "TWO TO ONE", "ONE TO TWO", "ONE TO ONE"];
    return insn(name, RRFc(0xb990 + n), `TRANSLATE ${titles[n] ?? ""}`, ({ r1, r2, m3 }) => {
      recognise.even(r1);
      return [cc.set(call(translateCharacters, r1, r2, m3, I32.of(n)))];
    });
  }),
  ...(["TRTE", "TRTRE"] as const).map((name, reverse) =>
    insn(
      name,
      RRFc(name === "TRTE" ? 0xb9bf : 0xb9bd),
      `TRANSLATE AND TEST ${reverse === 1 ? "REVERSE " : ""}EXTENDED`,
      ({ r1, r2, m3 }) => {
        recognise.even(r1);
        return [cc.set(call(translateAndTestExtended, r1, r2, m3, I32.of(reverse)))];
      },
      { facility: 26 },
    ),
  ),
  ...(
    [
      ["CU21", 0xb2a6, 21, "CONVERT UTF-16 TO UTF-8"],
      ["CU12", 0xb2a7, 12, "CONVERT UTF-8 TO UTF-16"],
      ["CU14", 0xb9b0, 14, "CONVERT UTF-8 TO UTF-32"],
      ["CU24", 0xb9b1, 24, "CONVERT UTF-16 TO UTF-32"],
    ] as const
  ).map(([name, opcode, kind, title]) =>
    insn(name, RRFc(opcode), title, ({ r1, r2, m3 }) => {
      recognise.even(r1, r2);
      return [cc.set(call(convertUnicode, r1, r2, m3, I32.of(kind)))];
    }),
  ),
  ...(
    [
      ["CU41", 0xb9b2, 41, "CONVERT UTF-32 TO UTF-8"],
      ["CU42", 0xb9b3, 42, "CONVERT UTF-32 TO UTF-16"],
    ] as const
  ).map(([name, opcode, kind, title]) =>
    insn(name, RRE(opcode), title, ({ r1, r2 }) => {
      recognise.even(r1, r2);
      return [cc.set(call(convertUnicode, r1, r2, I32.of(0), I32.of(kind)))];
    }),
  ),
  insn("PLO", SSp(0xee), "PERFORM LOCKED OPERATION", ({ r1, r3, s2, s4 }) => [
    cc.set(call(performLockedOperation, r1, r3, s2.address, s2.ar, s4.address, s4.ar)),
  ]),
  insn("CSST", SSF(0xc802), "COMPARE AND SWAP AND STORE", ({ s1, s2, r3 }) => [
    cc.set(call(compareAndSwapAndStore, s1.address, s1.ar, s2.address, s2.ar, r3)),
  ]),
];
const translateCharacters = hostRoutine("translateCharacters", "i32", "i32", "i32", "i32");

// --- decimal ---------------------------------------------------------------------------------------

const twoLengths = (name: string) => {
  const routine = decimal(name);
  return ({
    l1,
    l2,
    s1,
    s2,
  }: {
    l1: I32;
    l2: I32;
    s1: { address: Parameters<typeof call>[1]; ar: I32 };
    s2: { address: Parameters<typeof call>[1]; ar: I32 };
  }) => call(routine, s1.address, s1.ar, l1, s2.address, s2.ar, l2);
};
const [ap, sp, zap, mp, dp, cp, pack, unpk, mvo] = (
  [
    "addDecimal",
    "subtractDecimal",
    "zeroAndAdd",
    "multiplyDecimal",
    "divideDecimal",
    "compareDecimal",
    "pack",
    "unpack",
    "moveWithOffset",
  ] as const
).map(twoLengths);
type TwoLengths = ReturnType<typeof twoLengths>;
const withCode =
  (routine: TwoLengths | undefined): ((o: Parameters<TwoLengths>[0]) => Effects) =>
  (o) => {
    if (routine === undefined) throw new Error("routine missing");
    return [cc.set(routine(o))];
  };
const withoutCode =
  (routine: TwoLengths | undefined): ((o: Parameters<TwoLengths>[0]) => Effects) =>
  (o) => {
    if (routine === undefined) throw new Error("routine missing");
    routine(o);
    return [];
  };
const shiftAndRound = hostRoutine("shiftAndRoundDecimal", "i64", "i32", "i32", "i64", "i32");
const edit = hostRoutine("edit", "i64", "i32", "i32", "i64", "i32", "i32");
const convertToBinary = hostRoutine("convertToBinary", "i32", "i64", "i32", "i32");
const convertToDecimal = hostRoutine("convertToDecimal", "i32", "i64", "i32", "i32");
const packAscii = hostRoutine("packAscii", "i64", "i32", "i64", "i32", "i32", "i32");
const unpackAscii = hostRoutine("unpackAscii", "i64", "i32", "i32", "i64", "i32", "i32");
const testDecimal = hostRoutine("testDecimal", "i64", "i32", "i32");

const toBinary =
  (bits: number) =>
  ({ r1, s2 }: { r1: I32; s2: { address: Parameters<typeof call>[1]; ar: I32 } }): Effects => {
    call(convertToBinary, r1, s2.address, s2.ar, I32.of(bits));
    return [];
  };
const toDecimal =
  (bits: number) =>
  ({ r1, s2 }: { r1: I32; s2: { address: Parameters<typeof call>[1]; ar: I32 } }): Effects => {
    call(convertToDecimal, r1, s2.address, s2.ar, I32.of(bits));
    return [];
  };

export const decimals: readonly Instruction[] = [
  insn("AP", SSb(0xfa), "ADD DECIMAL", withCode(ap)),
  insn("SP", SSb(0xfb), "SUBTRACT DECIMAL", withCode(sp)),
  insn("ZAP", SSb(0xf8), "ZERO AND ADD", withCode(zap)),
  insn("MP", SSb(0xfc), "MULTIPLY DECIMAL", withoutCode(mp)),
  insn("DP", SSb(0xfd), "DIVIDE DECIMAL", withoutCode(dp)),
  insn("CP", SSb(0xf9), "COMPARE DECIMAL", withCode(cp)),
  insn("PACK", SSb(0xf2), "PACK", withoutCode(pack)),
  insn("UNPK", SSb(0xf3), "UNPACK", withoutCode(unpk)),
  insn("MVO", SSb(0xf1), "MOVE WITH OFFSET", withoutCode(mvo)),
  insn("SRP", SSc(0xf0), "SHIFT AND ROUND DECIMAL", ({ l1, i3, s1, s2 }) => [
    cc.set(call(shiftAndRound, s1.address, s1.ar, l1, s2.address, i3.low32())),
  ]),
  insn("ED", SSa(0xde), "EDIT", ({ l1, s1, s2 }) => [
    cc.set(call(edit, s1.address, s1.ar, l1, s2.address, s2.ar, I32.of(0))),
  ]),
  insn("EDMK", SSa(0xdf), "EDIT AND MARK", ({ l1, s1, s2 }) => [
    cc.set(call(edit, s1.address, s1.ar, l1, s2.address, s2.ar, I32.of(1))),
  ]),
  insn("CVB", RXa(0x4f), "CONVERT TO BINARY", toBinary(32)),
  insn("CVBY", RXYa(0xe306), "CONVERT TO BINARY", toBinary(32)),
  insn("CVBG", RXYa(0xe30e), "CONVERT TO BINARY", toBinary(64)),
  insn("CVD", RXa(0x4e), "CONVERT TO DECIMAL", toDecimal(32)),
  insn("CVDY", RXYa(0xe326), "CONVERT TO DECIMAL", toDecimal(32)),
  insn("CVDG", RXYa(0xe32e), "CONVERT TO DECIMAL", toDecimal(64)),
  insn("PKA", SSf(0xe9), "PACK ASCII", ({ s1, s2, l2 }) => {
    call(packAscii, s1.address, s1.ar, s2.address, s2.ar, l2, I32.of(1));
    return [];
  }),
  insn("PKU", SSf(0xe1), "PACK UNICODE", ({ s1, s2, l2 }) => {
    call(packAscii, s1.address, s1.ar, s2.address, s2.ar, l2, I32.of(2));
    return [];
  }),
  insn("UNPKA", SSa(0xea), "UNPACK ASCII", ({ s1, l1, s2 }) => [
    cc.set(call(unpackAscii, s1.address, s1.ar, l1, s2.address, s2.ar, I32.of(1))),
  ]),
  insn("UNPKU", SSa(0xe2), "UNPACK UNICODE", ({ s1, l1, s2 }) => [
    cc.set(call(unpackAscii, s1.address, s1.ar, l1, s2.address, s2.ar, I32.of(2))),
  ]),
  insn("TP", RSLa(0xebc0), "TEST DECIMAL", ({ s1, l1 }) => [
    cc.set(call(testDecimal, s1.address, s1.ar, l1)),
  ]),
];

// --- hints -----------------------------------------------------------------------------------------

const extractCacheAttribute = hostRoutine("extractCacheAttribute", "i32", "i64");
export const hints: readonly Instruction[] = [
  insn("PFD", RXYb(0xe336), "PREFETCH DATA", () => []),
  insn("PFDRL", RILc(0xc602), "PREFETCH DATA RELATIVE LONG", () => []),
  insn("NIAI", IE(0xb2fa), "NEXT INSTRUCTION ACCESS INTENT", () => [], { facility: 49 }),
  insn("BPP", SMI(0xc7), "BRANCH PREDICTION PRELOAD", () => [], { facility: 49 }),
  insn("BPRP", MII(0xc5), "BRANCH PREDICTION RELATIVE PRELOAD", () => [], { facility: 49 }),
  insn("PPA", RRFc(0xb2e8), "PERFORM PROCESSOR ASSIST", () => [], { facility: 49 }),
  insn("ECAG", RSYa(0xeb4c), "EXTRACT CACHE ATTRIBUTE", ({ r1, s2 }) => {
    call(extractCacheAttribute, r1, s2.address);
    return [];
  }),
];
