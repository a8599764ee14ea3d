/**
 * The instructions that stand in the interpreter's loop: those that make up 99.9% of what a Linux kernel's boot
 * executes, and those that are frequent in the text of kernel, C library and shells.
 */
import type { Instruction } from "@lockframe/instructions";
import type { Handler } from "./decode-table.ts";

export const hotMnemonics: ReadonlySet<string> = new Set(
  [
    // Loads, stores, moves
    "LR LGR LGFR LLGFR LLGHR LLHR LLGCR LLCR LGHR LHR LGBR LTR LTGR LTGFR LCR LCGR LPR LPGR LNR LNGR LGDR LDGR LDR",
    "L LY LG LGF LLGF LH LHY LGH LLGH LLH LB LGB LLC LLGC IC ICM LT LTG LTGF LRV LRVG LRL LGRL LGFRL LD STD",
    "ST STY STG STH STHY STC STCY STRL STGRL LM LMG STM STMG MVI MVIY MVGHI MVHI MVHHI",
    "LA LAY LARL LHI LGHI LGFI LLILL LLILH LLIHL LLIHH LLILF LLIHF IILF IILH IILL EAR",
    "LOCR LOCGR LOC LOCG LOCGHI LOCHI",
    // Arithmetic
    "AR AGR AGFR ARK AGRK A AY AG AGF AH AHI AGHI AHIK AGHIK AFI AGFI ASI AGSI",
    "ALR ALGR ALGFR ALRK ALGRK AL ALG ALGF ALCR ALCGR ALCG ALFI ALGFI ALSI ALGSI ALHSIK ALGHSIK",
    "SR SGR SGFR SRK SGRK S SY SG SGF SH SLR SLGR SLGFR SLRK SLGRK SL SLG SLGF SLBR SLBGR SLBG SLFI SLGFI",
    "MSR MSGR MS MSG MSGFR MHI MGHI MLGR MLG DLGR DLG DLR DSGR",
    // Logic and shifts
    "NR NGR NRK NGRK N NG NY NI NIY NILL NILH NIHL NIHH NILF NIHF OR OGR ORK OGRK O OG OY OI OIY OILL OILH OILF OIHF",
    "XR XGR XRK XGRK X XG XY XI XIY XILF XIHF",
    "RISBG RISBGN ROSBG RXSBG RNSBG SLL SLLG SLLK SRL SRLG SRLK SRA SRAG SRAK SLA SLAG RLL RLLG FLOGR",
    // Comparisons
    "CR CGR CGFR C CY CG CGF CHI CGHI CFI CGFI CH CHY CHSI CGHSI CHHSI CRL CGRL",
    "CLR CLGR CLGFR CL CLY CLG CLGF CLI CLIY CLFI CLGFI CLFHSI CLGHSI CLHHSI CLRL CLGRL TM TMY TMLL TMLH TMHL TMHH",
    // Branches
    "BC BCR BRC BRCL BAS BASR BRAS BRASL BCT BRCT BCTG BRCTG BCTR BCTGR BRXH BRXLE BRXHG BRXLG BXH BXLE",
    "CRJ CGRJ CLRJ CLGRJ CIJ CGIJ CLIJ CLGIJ",
    // Blocks, synchronisation, EXECUTE
    "MVC CLC XC NC OC EX EXRL CS CSY CSG LAA LAAG LAN LANG LAO LAOG LAX LAXG PFD IPM NIAI PPA",
  ].flatMap((line) => line.split(" ")),
);

/** Masks that branches are mostly written with; all of BRANCH RELATIVE ON CONDITION's. */
const masks: Readonly<Record<string, readonly number[]>> = {
  BRC: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  BRCL: [15, 8, 7],
  BCR: [15, 8, 7],
};
const comparisonMasks: ReadonlySet<string> = new Set(["CIJ", "CGIJ", "CLIJ", "CLGIJ"]);

/** Special cases that are worth code of their own: an index register is rare, and a known mask is soon tested. */
function specialCases({ mnemonic, format }: Instruction): readonly Handler["fixed"][] {
  if (comparisonMasks.has(mnemonic)) return [2, 4, 6, 8, 10, 12].map((m3) => ({ m3 }));
  if (masks[mnemonic] !== undefined) return masks[mnemonic].map((m1) => ({ m1 }));
  return format.fields.some(({ name }) => name === "x2") ? [{ x2: 0 }] : [];
}

export const isHot = ({ mnemonic }: Instruction): boolean => hotMnemonics.has(mnemonic);

/** All handlers, those of the loop first, so that what is used often lies together in its table. */
export function handlersFor(definitions: readonly Instruction[]): readonly Handler[] {
  const plain = (definition: Instruction): Handler => ({ definition, fixed: {} });
  const hot = definitions
    .filter(isHot)
    .flatMap((d) => [plain(d), ...specialCases(d).map((fixed): Handler => ({ definition: d, fixed }))]);
  return [...hot, ...definitions.filter((d) => !isHot(d)).map(plain)];
}
