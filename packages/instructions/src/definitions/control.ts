/** Control and I/O instructions. Principles of Operation, "Control Instructions" and "I/O Instructions". */
import {
  E,
  type Effects,
  I32,
  type I64,
  type Instruction,
  RRE,
  RRE0,
  RRE1,
  RRFa,
  RRFb,
  RRFc,
  RSYa,
  RSa,
  RXYa,
  RXa,
  S,
  S0,
  SI,
  SI0,
  SSE,
  SSF,
  SSd,
  bit,
  call,
  cc,
  cr,
  gr,
  hostRoutine,
  wasmRoutine,
  insn,
  machine,
  psw,
  recognise,
  share,
  storage,
  when,
} from "../dsl/index.ts";

type Operand = { readonly address: I64; readonly ar: I32 };
const privileged = { privileged: true } as const;

/** An instruction that is one host routine on its register fields. */
const onRegisters = (name: string) => {
  const routine = hostRoutine(name, "i32", "i32");
  return ({ r1, r2 }: { r1: I32; r2: I32 }): Effects => {
    call(routine, r1, r2);
    return [];
  };
};
const onRegistersWithCode = (name: string) => {
  const routine = hostRoutine(name, "i32", "i32");
  return ({ r1, r2 }: { r1: I32; r2: I32 }): Effects => [cc.set(call(routine, r1, r2))];
};
const onNothing = (name: string) => {
  const routine = hostRoutine(name);
  return (): Effects => {
    call(routine);
    return [];
  };
};
const onNothingWithCode = (name: string) => {
  const routine = hostRoutine(name);
  return (): Effects => [cc.set(call(routine))];
};
/** A second operand in storage, aligned to `alignment` bytes. */
const onStorage = (name: string, alignment = 1) => {
  const routine = hostRoutine(name, "i64", "i32");
  return ({ s2 }: { s2: Operand }): Effects => {
    if (alignment > 1) recognise.specification(s2.address.and(alignment - 1).ne(0));
    call(routine, s2.address, s2.ar);
    return [];
  };
};
const onStorageWithCode = (name: string, alignment = 1) => {
  const routine = hostRoutine(name, "i64", "i32");
  return ({ s2 }: { s2: Operand }): Effects => {
    if (alignment > 1) recognise.specification(s2.address.and(alignment - 1).ne(0));
    return [cc.set(call(routine, s2.address, s2.ar))];
  };
};

const SHORT_ADDRESS = 0x7fff_ffffn;
const SYSTEM_MASK = 0xffn << 56n;
/** PSW bits 0-7 replaced. */
const withSystemMask = (mask: I32): I64 => psw.mask.and(~SYSTEM_MASK).or(mask.and(0xff).unsigned64().shl(56));
const systemMask = (): I32 => psw.mask.shrU(56).low32();
/** Bits 0 and 2-4 of the system mask must be zero. */
const checkSystemMask = (mask: I32): void => recognise.specification(mask.and(0b1011_1000).ne(0));

const loadPsw = wasmRoutine("loadPsw", "i64", "i64", "i64");
const loadControl = wasmRoutine("loadControl", "i64", "i32", "i32", "i32", "i32");
const loadControls =
  (wide: 0 | 1, size: number) =>
  ({ r1, r3, s2 }: { r1: I32; r3: I32; s2: Operand }): Effects => {
    recognise.specification(s2.address.and(size - 1).ne(0));
    return [psw.resume(call(loadControl, s2.address, s2.ar, r1, r3, I32.of(wide)))];
  };

const pswInstructions: readonly Instruction[] = [
  insn(
    "LPSW",
    SI0(0x82),
    "LOAD PSW",
    ({ s1 }) => {
      recognise.specification(s1.address.and(7).ne(0));
      const word = share(storage(s1).fetch64());
      // Bit 12 of the short form is one; bits 33-63 are the address.
      call(loadPsw, word.xor(bit(12)).and(~SHORT_ADDRESS), word.and(SHORT_ADDRESS), psw.here);
      return [];
    },
    privileged,
  ),
  insn(
    "LPSWE",
    S(0xb2b2),
    "LOAD PSW EXTENDED",
    ({ s2 }) => {
      recognise.specification(s2.address.and(7).ne(0));
      const mask = storage(s2).fetch64();
      call(loadPsw, mask, storage(s2).fetch64(8), psw.here);
      return [];
    },
    privileged,
  ),
  insn(
    "SSM",
    SI0(0x80),
    "SET SYSTEM MASK",
    ({ s1 }) => {
      recognise.specialOperation(cr(0).value.and(bit(33)).ne(0));
      const mask = storage(s1).fetch8();
      checkSystemMask(mask);
      return [psw.setSystemMask(withSystemMask(mask))];
    },
    privileged,
  ),
  insn(
    "STNSM",
    SI(0xac),
    "STORE THEN AND SYSTEM MASK",
    ({ s1, i2 }) => [
      storage(s1).store8(systemMask()),
      psw.setSystemMask(withSystemMask(systemMask().and(i2.low32()))),
    ],
    privileged,
  ),
  insn(
    "STOSM",
    SI(0xad),
    "STORE THEN OR SYSTEM MASK",
    ({ s1, i2 }) => {
      const mask = share(systemMask().or(i2.low32()));
      checkSystemMask(mask);
      return [storage(s1).store8(systemMask()), psw.setSystemMask(withSystemMask(mask))];
    },
    privileged,
  ),
  insn("EPSW", RRE(0xb98d), "EXTRACT PSW", ({ r1, r2 }) => {
    const high = psw.mask.shrU(32).low32().or(psw.cc.shl(12));
    return [gr(r1).setLow(high), when(r2.ne(0), gr(r2).setLow(psw.mask.low32()))];
  }),
  insn("IPK", S0(0xb20b), "INSERT PSW KEY", () => [gr(2).setLow(gr(2).low.and(~0xff).or(psw.key.shl(4)))]),
  insn("SPKA", S(0xb20a), "SET PSW KEY FROM ADDRESS", ({ s2 }) => {
    call(hostSetKey, s2.address);
    return [];
  }),
  insn("SAC", S(0xb219), "SET ADDRESS SPACE CONTROL", ({ s2 }) => {
    call(setAddressSpace, s2.address, I32.of(0));
    return [];
  }),
  insn("SACF", S(0xb279), "SET ADDRESS SPACE CONTROL FAST", ({ s2 }) => {
    call(setAddressSpace, s2.address, I32.of(1));
    return [];
  }),
  insn("IAC", RRE1(0xb224), "INSERT ADDRESS SPACE CONTROL", ({ r1 }) => {
    recognise.specialOperation(psw.dat.isZero());
    // Code: 0 primary, 1 secondary, 2 access register, 3 home; PSW bits 16-17 have 1 and 2 the other way round.
    const space = psw.addressSpace;
    const code = share(space.shrU(1).or(space.shl(1).and(2)));
    return [gr(r1).setLow(gr(r1).low.and(~0xff00).or(code.shl(8))), cc.set(code)];
  }),
  insn("LCTL", RSa(0xb7), "LOAD CONTROL", loadControls(0, 4), privileged),
  insn("LCTLG", RSYa(0xeb2f), "LOAD CONTROL", loadControls(1, 8), privileged),
  insn(
    "LPP",
    S(0xb280),
    "LOAD PROGRAM PARAMETER",
    ({ s2 }) => {
      recognise.specification(s2.address.and(7).ne(0));
      storage(s2).fetch64(); // seen by measurement facilities only
      return [];
    },
    { facility: 40, privileged: true },
  ),
];
const hostSetKey = hostRoutine("setPswKey", "i64");
const setAddressSpace = hostRoutine("setAddressSpace", "i64", "i32");

const referenceBits = hostRoutine("referenceBits", "i32", "i32", "i32");
const storageKeys: readonly Instruction[] = [
  insn("ISKE", RRE(0xb229), "INSERT STORAGE KEY EXTENDED", onRegisters("insertStorageKey"), privileged),
  insn(
    "SSKE",
    RRFc(0xb22b),
    "SET STORAGE KEY EXTENDED",
    ({ r1, r2, m3 }) => {
      call(setStorageKey, r1, r2, m3);
      return [];
    },
    privileged,
  ),
  insn(
    "RRBE",
    RRE(0xb22a),
    "RESET REFERENCE BIT EXTENDED",
    onRegistersWithCode("resetReferenceBit"),
    privileged,
  ),
  ...(
    [
      ["RRBM", 0xb9ae, "RESET REFERENCE BITS MULTIPLE", 66],
      ["IRBM", 0xb9ac, "INSERT REFERENCE BITS MULTIPLE", 145],
    ] as const
  ).map(([name, opcode, title, facility]) =>
    insn(
      name,
      RRE(opcode),
      title,
      ({ r1, r2 }) => {
        call(referenceBits, r1, r2, I32.of(name === "RRBM" ? 1 : 0));
        return [];
      },
      { facility, privileged: true },
    ),
  ),
  insn("TB", RRE(0xb22c), "TEST BLOCK", onRegistersWithCode("testBlock"), privileged),
  insn("PFMF", RRE(0xb9af), "PERFORM FRAME MANAGEMENT FUNCTION", onRegisters("performFrameManagement"), {
    privileged: true,
    facility: 8,
  }),
  insn(
    "TPROT",
    SSE(0xe501),
    "TEST PROTECTION",
    ({ s1, s2 }) => [cc.set(call(testProtection, s1.address, s1.ar, s2.address))],
    privileged,
  ),
];
const setStorageKey = hostRoutine("setStorageKey", "i32", "i32", "i32");
const testProtection = hostRoutine("testProtection", "i64", "i32", "i64");

const loadRealAddress = wasmRoutine("loadRealAddress", "i64", "i32", "i32", "i32");
const realAddress =
  (form: number) =>
  ({ r1, s2 }: { r1: I32; s2: Operand }): Effects => [
    cc.set(call(loadRealAddress, s2.address, s2.ar, r1, I32.of(form))),
  ];
const usingReal = wasmRoutine("useRealAddress", "i32", "i32", "i32");
/** LURA(0), LURAG(1), STURA(2), STURG(3). */
const real =
  (form: number) =>
  ({ r1, r2 }: { r1: I32; r2: I32 }): Effects => {
    call(usingReal, r1, r2, I32.of(form));
    return [];
  };
const invalidatePage = wasmRoutine("invalidatePageTableEntry", "i64", "i64", "i32", "i32");
const invalidateTable = wasmRoutine("invalidateDatTableEntry", "i64", "i64", "i64", "i32");
const purgeTlb = wasmRoutine("purgeTlb");
/** Bit 3 of M4: other CPUs need not forget anything. */
const LOCAL_CLEARING = 1;
const resetDatProtection = hostRoutine("resetDatProtection", "i32", "i32");
const compareAndReplaceTableEntry = hostRoutine("compareAndReplaceTableEntry", "i32", "i32");
const compareSwapPurge = hostRoutine("compareAndSwapAndPurge", "i32", "i32", "i32");
const storeRealAddress = hostRoutine("storeRealAddress", "i64", "i32", "i64", "i32");

const translationInstructions: readonly Instruction[] = [
  insn("PTLB", S0(0xb20d), "PURGE TLB", () => (call(purgeTlb), [psw.resume()]), privileged),
  insn("PALB", RRE0(0xb248), "PURGE ALB", onNothing("purgeAlb"), privileged),
  insn(
    "IPTE",
    RRFa(0xb221),
    "INVALIDATE PAGE TABLE ENTRY",
    ({ r1, r2, r3, m4 }) => {
      const further = r3.isZero().select(I32.of(0), gr(r3).low.and(0xff));
      call(invalidatePage, gr(r1).value, gr(r2).value, further, m4.and(LOCAL_CLEARING));
      return [psw.resume()];
    },
    privileged,
  ),
  insn(
    "IDTE",
    RRFb(0xb98e),
    "INVALIDATE DAT TABLE ENTRY",
    ({ r1, r3, r2, m4 }) => {
      call(invalidateTable, gr(r1).value, gr(r3).value, gr(r2).value, m4.and(LOCAL_CLEARING));
      return [psw.resume()];
    },
    { privileged: true, facility: 3 },
  ),
  insn(
    "RDP",
    RRFb(0xb98b),
    "RESET DAT PROTECTION",
    ({ r1, r2 }) => {
      call(resetDatProtection, r1, r2);
      return [];
    },
    { privileged: true, facility: 194 },
  ),
  insn(
    "CRDTE",
    RRFb(0xb98f),
    "COMPARE AND REPLACE DAT TABLE ENTRY",
    ({ r1, r2 }) => {
      recognise.even(r1, r2);
      return [cc.set(call(compareAndReplaceTableEntry, r1, r2))];
    },
    { privileged: true, facility: 78 },
  ),
  insn(
    "CSP",
    RRE(0xb250),
    "COMPARE AND SWAP AND PURGE",
    ({ r1, r2 }) => {
      recognise.even(r1);
      return [cc.set(call(compareSwapPurge, r1, r2, I32.of(0)))];
    },
    privileged,
  ),
  insn(
    "CSPG",
    RRE(0xb98a),
    "COMPARE AND SWAP AND PURGE",
    ({ r1, r2 }) => {
      recognise.even(r1);
      return [cc.set(call(compareSwapPurge, r1, r2, I32.of(1)))];
    },
    { privileged: true, facility: 3 },
  ),
  insn("LRA", RXa(0xb1), "LOAD REAL ADDRESS", realAddress(0), privileged),
  insn("LRAY", RXYa(0xe313), "LOAD REAL ADDRESS", realAddress(0), privileged),
  insn("LRAG", RXYa(0xe303), "LOAD REAL ADDRESS", realAddress(1), privileged),
  insn(
    "STRAG",
    SSE(0xe502),
    "STORE REAL ADDRESS",
    ({ s1, s2 }) => {
      recognise.specification(s1.address.and(7).ne(0));
      call(storeRealAddress, s1.address, s1.ar, s2.address, s2.ar);
      return [];
    },
    privileged,
  ),
  insn("TAR", RRE(0xb24c), "TEST ACCESS", onRegistersWithCode("testAccess")),
  insn("LURA", RRE(0xb24b), "LOAD USING REAL ADDRESS", real(0), privileged),
  insn("LURAG", RRE(0xb905), "LOAD USING REAL ADDRESS", real(1), privileged),
  insn("STURA", RRE(0xb246), "STORE USING REAL ADDRESS", real(2), privileged),
  insn("STURG", RRE(0xb925), "STORE USING REAL ADDRESS", real(3), privileged),
  insn("SPX", S(0xb210), "SET PREFIX", onStorage("setPrefix", 4), privileged),
  insn(
    "STPX",
    S(0xb211),
    "STORE PREFIX",
    ({ s2 }) => {
      recognise.specification(s2.address.and(3).ne(0));
      return [storage(s2).store32(machine.prefix)];
    },
    privileged,
  ),
  insn("ESAR", RRE1(0xb227), "EXTRACT SECONDARY ASN", ({ r1 }) => [gr(r1).setLow(cr(3).low.and(0xffff))]),
  insn("EPAR", RRE1(0xb226), "EXTRACT PRIMARY ASN", ({ r1 }) => [gr(r1).setLow(cr(4).low.and(0xffff))]),
];

const moveBetweenSpaces = hostRoutine("moveBetweenSpaces", "i64", "i64", "i32", "i32", "i32");
const moveWithKeys = hostRoutine("moveWithKeys", "i64", "i32", "i64", "i32", "i32");
const moveWithKey = hostRoutine("moveWithKey", "i64", "i32", "i64", "i32", "i32", "i32");
const moveWithOptionalSpecifications = wasmRoutine(
  "moveWithOptionalSpecifications",
  "i64",
  "i32",
  "i64",
  "i32",
  "i32",
);
const moves: readonly Instruction[] = [
  insn("MVCP", SSd(0xda), "MOVE TO PRIMARY", ({ r1, r3, s1, s2 }) => [
    cc.set(call(moveBetweenSpaces, s1.address, s2.address, r1, r3, I32.of(0))),
  ]),
  insn("MVCS", SSd(0xdb), "MOVE TO SECONDARY", ({ r1, r3, s1, s2 }) => [
    cc.set(call(moveBetweenSpaces, s1.address, s2.address, r1, r3, I32.of(1))),
  ]),
  insn("MVCK", SSd(0xd9), "MOVE WITH KEY", ({ r1, r3, s1, s2 }) => [
    cc.set(call(moveWithKey, s1.address, s1.ar, s2.address, s2.ar, r1, r3)),
  ]),
  insn("MVCSK", SSE(0xe50e), "MOVE WITH SOURCE KEY", ({ s1, s2 }) => {
    call(moveWithKeys, s1.address, s1.ar, s2.address, s2.ar, I32.of(0));
    return [];
  }),
  insn("MVCDK", SSE(0xe50f), "MOVE WITH DESTINATION KEY", ({ s1, s2 }) => {
    call(moveWithKeys, s1.address, s1.ar, s2.address, s2.ar, I32.of(1));
    return [];
  }),
  insn(
    "MVCOS",
    SSF(0xc800),
    "MOVE WITH OPTIONAL SPECIFICATIONS",
    ({ s1, s2, r3 }) => [
      cc.set(call(moveWithOptionalSpecifications, s1.address, s1.ar, s2.address, s2.ar, r3)),
    ],
    { facility: 27 },
  ),
  insn("MVPG", RRE(0xb254), "MOVE PAGE", onRegistersWithCode("movePage")),
  insn(
    "ECTG",
    SSF(0xc801),
    "EXTRACT CPU TIME",
    ({ s1, s2, r3 }) => {
      call(extractCpuTime, s1.address, s1.ar, s2.address, s2.ar, r3);
      return [];
    },
    { facility: 31 },
  ),
];
const extractCpuTime = hostRoutine("extractCpuTime", "i64", "i32", "i64", "i32", "i32");

const storingClock = (name: string) => {
  const routine = wasmRoutine(name, "i64", "i32");
  return ({ s2 }: { s2: Operand }): Effects => [cc.set(call(routine, s2.address, s2.ar))];
};
const storingTimer = (name: string) => {
  const routine = wasmRoutine(name, "i64", "i32");
  return ({ s2 }: { s2: Operand }): Effects => {
    recognise.specification(s2.address.and(7).ne(0));
    call(routine, s2.address, s2.ar);
    return [];
  };
};
/** Clocks are looked at again before the next instruction. */
const settingTimer = (name: string) => {
  const routine = wasmRoutine(name, "i64");
  return ({ s2 }: { s2: Operand }): Effects => {
    recognise.specification(s2.address.and(7).ne(0));
    return [psw.resume(call(routine, storage(s2).fetch64()))];
  };
};
const timing: readonly Instruction[] = [
  insn("SCK", S(0xb204), "SET CLOCK", onStorageWithCode("setClock", 8), privileged),
  insn("STCK", S(0xb205), "STORE CLOCK", storingClock("storeClock")),
  insn("STCKF", S(0xb27c), "STORE CLOCK FAST", storingClock("storeClockFast"), { facility: 25 }),
  insn("STCKE", S(0xb278), "STORE CLOCK EXTENDED", storingClock("storeClockExtended")),
  insn("SCKC", S(0xb206), "SET CLOCK COMPARATOR", settingTimer("setClockComparator"), privileged),
  insn("STCKC", S(0xb207), "STORE CLOCK COMPARATOR", storingTimer("storeClockComparator"), privileged),
  insn("SPT", S(0xb208), "SET CPU TIMER", settingTimer("setCpuTimer"), privileged),
  insn("STPT", S(0xb209), "STORE CPU TIMER", storingTimer("storeCpuTimer"), privileged),
  insn(
    "SCKPF",
    E(0x0107),
    "SET CLOCK PROGRAMMABLE FIELD",
    () => {
      recognise.specification(gr(0).low.and(~0xffff).ne(0));
      return [machine.setTodProgrammable(gr(0).low.and(0xffff))];
    },
    privileged,
  ),
  insn("PTFF", E(0x0104), "PERFORM TIMING FACILITY FUNCTION", onNothingWithCode("performTimingFacility"), {
    facility: 28,
  }),
];

const signal = hostRoutine("signalProcessor", "i32", "i32", "i64");
const diagnose = hostRoutine("diagnose", "i32", "i32", "i64");
const monitorCall = hostRoutine("monitorCall", "i32", "i64");
const systems: readonly Instruction[] = [
  insn(
    "SIGP",
    RSa(0xae),
    "SIGNAL PROCESSOR",
    ({ r1, r3, s2 }) => [cc.set(call(signal, r1, r3, s2.address))],
    privileged,
  ),
  insn(
    "DIAG",
    RSa(0x83),
    "DIAGNOSE",
    ({ r1, r3, s2 }) => {
      call(diagnose, r1, r3, s2.address);
      return [];
    },
    privileged,
  ),
  insn("SERVC", RRE(0xb220), "SERVICE CALL", onRegistersWithCode("serviceCall"), privileged),
  insn(
    "UVC",
    RRFc(0xb9a4),
    "ULTRAVISOR CALL",
    ({ r1, r2, m3 }) => [cc.set(call(ultravisorCall, r1, r2, m3))],
    { privileged: true, facility: 158 },
  ),
  insn(
    "STSI",
    S(0xb27d),
    "STORE SYSTEM INFORMATION",
    onStorageWithCode("storeSystemInformation"),
    privileged,
  ),
  insn("STIDP", S(0xb202), "STORE CPU ID", onStorage("storeCpuId", 8), privileged),
  insn(
    "STAP",
    S(0xb212),
    "STORE CPU ADDRESS",
    ({ s2 }) => {
      recognise.specification(s2.address.and(1).ne(0));
      return [storage(s2).store16(machine.cpuAddress)];
    },
    privileged,
  ),
  insn("STFL", S(0xb2b1), "STORE FACILITY LIST", onNothing("storeFacilityList"), privileged),
  insn(
    "STFLE",
    S(0xb2b0),
    "STORE FACILITY LIST EXTENDED",
    onStorageWithCode("storeFacilityListExtended", 8),
    { facility: 7 },
  ),
  insn("MC", SI(0xaf), "MONITOR CALL", ({ s1, i2 }) => {
    recognise.specification(i2.and(0xf0).ne(0));
    call(monitorCall, i2.low32(), s1.address);
    return [];
  }),
];
const ultravisorCall = hostRoutine("ultravisorCall", "i32", "i32", "i32");

/** The subchannel is named by general register 1. */
const channel: readonly Instruction[] = [
  insn("CSCH", S0(0xb230), "CLEAR SUBCHANNEL", onNothingWithCode("clearSubchannel"), privileged),
  insn("HSCH", S0(0xb231), "HALT SUBCHANNEL", onNothingWithCode("haltSubchannel"), privileged),
  insn("MSCH", S(0xb232), "MODIFY SUBCHANNEL", onStorageWithCode("modifySubchannel", 4), privileged),
  insn("SSCH", S(0xb233), "START SUBCHANNEL", onStorageWithCode("startSubchannel", 4), privileged),
  insn("STSCH", S(0xb234), "STORE SUBCHANNEL", onStorageWithCode("storeSubchannel", 4), privileged),
  insn("TSCH", S(0xb235), "TEST SUBCHANNEL", onStorageWithCode("testSubchannel", 4), privileged),
  insn(
    "TPI",
    S(0xb236),
    "TEST PENDING INTERRUPTION",
    onStorageWithCode("testPendingInterruption", 4),
    privileged,
  ),
  insn("RSCH", S0(0xb238), "RESUME SUBCHANNEL", onNothingWithCode("resumeSubchannel"), privileged),
  insn(
    "STCRW",
    S(0xb239),
    "STORE CHANNEL REPORT WORD",
    onStorageWithCode("storeChannelReportWord", 4),
    privileged,
  ),
  insn("STCPS", S(0xb23a), "STORE CHANNEL PATH STATUS", onStorage("storeChannelPathStatus", 32), privileged),
  insn("RCHP", S0(0xb23b), "RESET CHANNEL PATH", onNothingWithCode("resetChannelPath"), privileged),
  insn("SCHM", S0(0xb23c), "SET CHANNEL MONITOR", onNothing("setChannelMonitor"), privileged),
  insn("SAL", S0(0xb237), "SET ADDRESS LIMIT", onNothing("setAddressLimit"), privileged),
  insn("XSCH", S0(0xb276), "CANCEL SUBCHANNEL", onNothingWithCode("cancelSubchannel"), privileged),
  insn(
    "CHSC",
    RRE1(0xb25f),
    "CHANNEL SUBSYSTEM CALL",
    ({ r1 }) => [cc.set(call(channelSubsystemCall, r1))],
    privileged,
  ),
  insn(
    "SIC",
    RSYa(0xebd1),
    "SET INTERRUPTION CONTROLS",
    ({ r1, r3 }) => {
      call(setInterruptionControls, r1, r3);
      return [];
    },
    { privileged: true, facility: 72 },
  ),
];
const setInterruptionControls = hostRoutine("setInterruptionControls", "i32", "i32");
const channelSubsystemCall = hostRoutine("channelSubsystemCall", "i32");

export const control: readonly Instruction[] = [
  ...pswInstructions,
  ...storageKeys,
  ...translationInstructions,
  ...moves,
  ...timing,
  ...systems,
  ...channel,
];
