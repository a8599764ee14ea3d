/**
 * What a definition does not say about its operands, by mnemonic: what a register or an address is for. A hint
 * only steers the cases towards what an instruction is made for; without one they are wilder, not wrong.
 */

import type { VectorKind } from "./edge-vectors.ts";

/** What stands in storage at an operand. */
export type DataKind = "any" | "packed" | "zoned" | "characters" | "table" | "pattern" | "short" | "long";

/** What the sum of base, index and displacement (or a relative operand) is. */
export type AddressRole =
  | { readonly is: "data"; readonly kind?: DataKind; readonly length?: number }
  /** A shift amount, a rounding mode: the low bits count. */
  | { readonly is: "number" }
  /** An address that is only computed. */
  | { readonly is: "address" }
  | { readonly is: "branch" }
  | { readonly is: "executed" };

/** What a register operand holds. */
export type RegisterRole =
  | "value"
  /** Even-odd pair of values. */
  | "pair"
  /** Even-odd pair whose quotient often fits. */
  | "dividend"
  | "branch"
  | "address"
  /** Even-odd pair: address, then length in bytes. */
  | "extent"
  /** The same with an even length. */
  | "extent2"
  /** The same with 24 bits of length beside a padding byte. */
  | "extent24"
  | "small";

export interface Hints {
  readonly s1?: AddressRole;
  readonly s2?: AddressRole;
  readonly s4?: AddressRole;
  readonly ri2?: AddressRole;
  readonly r1?: RegisterRole;
  readonly r2?: RegisterRole;
  readonly r3?: RegisterRole;
  /** General register 0: a character, a function code, a length. */
  readonly gr0?: "character" | "two-byte-character" | "length" | "small" | "functions";
  /** General register 1: address of a table. */
  readonly gr1?: "table";
  /** Masks that are valid, by field. */
  readonly masks?: Readonly<Record<string, readonly number[]>>;
  /** Kinds of vectors, by field, or for all that are not named. */
  readonly vectors?: Readonly<Partial<Record<"all" | "v1" | "v2" | "v3" | "v4", readonly VectorKind[]>>>;
  /** V1 to V3 are a row of registers. */
  readonly rowOfVectors?: true;
  /** Immediates are mostly small. */
  readonly smallNumber?: true;
  /** May end with condition code 3 when the CPU chooses: put into a loop until it does not. */
  readonly interruptible?: true;
}

/** Binary floating point, mostly long. */
const floats = { all: ["long", "long", "short", "extended"] } as const;
const formats = [3, 3, 3, 2, 4];
const modes = [0, 1, 3, 4, 5, 6, 7];
const everyMask = Array.from({ length: 16 }, (_, n) => n);
const number: AddressRole = { is: "number" };
const branch: AddressRole = { is: "branch" };
const address: AddressRole = { is: "address" };
const data = (kind: DataKind, length?: number): AddressRole =>
  length === undefined ? { is: "data", kind } : { is: "data", kind, length };

const rows: readonly (readonly [mnemonics: string, hints: Hints])[] = [
  ["SLL SRL SLA SRA SLLG SRLG SLAG SRAG SLLK SRLK SLAK SRAK RLL RLLG", { s2: number }],
  ["SLDL SRDL SLDA SRDA", { r1: "pair", s2: number }],
  ["SRNM SRNMB SRNMT", { s2: number }],
  ["LA LAY LAE LAEY", { s2: address }],
  ["LARL", { ri2: address }],
  ["MR MLR MLGR MGRK MSGRKC", { r1: "pair" }],
  ["M MFY ML MLG MG", { r1: "pair", s2: data("any", 8) }],
  ["DR DLR DLGR DSGR DSGFR", { r1: "dividend" }],
  ["D DL DLG DSG DSGF", { r1: "dividend", s2: data("any", 8) }],
  ["BCR BCTR BCTGR BASR BALR", { r2: "branch" }],
  ["BC BCT BCTG BAS BAL", { s2: branch }],
  ["BXH BXLE BXHG BXLEG", { s2: branch }],
  ["CRB CGRB CLRB CLGRB CIB CGIB CLIB CLGIB", { s4: branch }],
  ["BRASL BRCL BRCTH", { ri2: branch }],
  ["EX", { s2: { is: "executed" } }],
  ["EXRL", { ri2: { is: "executed" } }],
  [
    "LM LMY LMG LMH STM STMY STMG STMH LAM LAMY STAM STAMY LMD",
    { s2: data("any", 128), s4: data("any", 64) },
  ],
  ["ICM ICMY ICMH STCM STCMY STCMH CLM CLMY CLMH", { s2: data("any", 4) }],
  ["IC ICY LB LBH LLC LGB LLGC LLCH STC STCY STCH", { s2: data("any", 1) }],
  [
    "LH LHY LGH LLH LLGH AH AHY SH SHY MH MHY CH CHY CGH AGH SGH MGH LHH LLHH STH STHY STHH",
    { s2: data("any", 2) },
  ],
  ["CDS CDSY", { r1: "pair", r3: "pair", s2: data("any", 8) }],
  ["CDSG", { r1: "pair", r3: "pair", s2: data("any", 16) }],
  ["LPQ STPQ", { r1: "pair", s2: data("any", 16) }],
  ["LPD LPDG", { r3: "pair", s1: data("any", 8), s2: data("any", 8) }],
  ["CVB CVBY", { s2: data("packed", 8) }],
  ["CVBG", { s2: data("packed", 16) }],
  ["CVD CVDY", { s2: data("any", 8) }],
  ["CVDG", { s2: data("any", 16) }],
  ["AP SP ZAP CP MP DP", { s1: data("packed"), s2: data("packed") }],
  ["SRP", { s1: data("packed"), s2: number }],
  ["TP", { s1: data("packed") }],
  ["PACK", { s1: data("any"), s2: data("zoned") }],
  ["UNPK", { s1: data("any"), s2: data("packed") }],
  ["PKA PKU", { s1: data("any", 16), s2: data("zoned") }],
  ["UNPKA UNPKU", { s1: data("any"), s2: data("packed", 16) }],
  ["MVO MVN MVZ", { s1: data("any"), s2: data("packed") }],
  ["ED EDMK", { s1: data("pattern"), s2: data("packed") }],
  ["TR", { s1: data("any"), s2: data("any", 256) }],
  ["TRT TRTR", { s1: data("characters"), s2: data("table", 256) }],
  ["CLC", { s1: data("characters"), s2: data("characters") }],
  ["MVCL CLCL", { r1: "extent24", r2: "extent24" }],
  ["MVCLU CLCLU", { r1: "extent2", r3: "extent2", s2: number, interruptible: true }],
  ["MVCLE CLCLE", { r1: "extent", r3: "extent", s2: number, interruptible: true }],
  ["CKSM", { r1: "value", r2: "extent", interruptible: true }],
  ["CUSE", { r1: "extent", r2: "extent", gr0: "character", interruptible: true }],
  ["CUTFU CUUTF CU12 CU14 CU21 CU24 CU41 CU42", { r1: "extent", r2: "extent", interruptible: true }],
  ["SRSTU", { r1: "address", r2: "address", gr0: "two-byte-character", interruptible: true }],
  ["MVST CLST SRST", { r1: "address", r2: "address", gr0: "character", interruptible: true }],
  ["TRE", { r1: "extent", r2: "address", gr0: "character", interruptible: true }],
  [
    "TROO TROT TRTO TRTT",
    { r1: "extent", r2: "address", gr0: "character", gr1: "table", interruptible: true },
  ],
  ["TRTE TRTRE", { r1: "extent", gr1: "table", interruptible: true }],
  ["MVPG", { r1: "address", r2: "address", gr0: "small" }],
  ["MVCRL", { gr0: "length", s1: data("any", 256), s2: data("any", 256) }],
  ["CSST", { gr0: "functions", gr1: "table", r3: "pair", s1: data("any", 16), s2: data("any", 16) }],
  ["STFPC LFPC LFAS STFLE", { s2: data("any", 8) }],
  ["FLOGR", { r1: "pair" }],
  ["AEB SEB MEEB DEB CEB KEB LDEB SQEB TCEB MDEB MAEB MSEB LXEB", { s2: data("short", 4) }],
  ["ADB SDB MDB DDB CDB KDB SQDB MADB MSDB LXDB MXDB", { s2: data("long", 8) }],
  ["LE LEY LD LDY STE STEY STD STDY", { s2: data("any", 8) }],
  ["LCBB", { s2: address }],
  ["VESL VESRL VESRA VERLL VLGV VLVG", { s2: number }],
  ["VLM VSTM", { s2: data("any", 256), rowOfVectors: true }],
  ["VLL VSTL", { r3: "small", s2: data("any", 16) }],
  ["VREP VSLDB", { smallNumber: true }],
  ["VSLD VSRD", { smallNumber: true }],
  ["VPERM", { vectors: { v4: ["numbers"] } }],
  ["VBPERM", { vectors: { v3: ["numbers", "integer"] } }],
  ["VSUMG", { masks: { m4: [1, 2] } }],
  ["VSUMQ", { masks: { m4: [2, 3] } }],
  ["VAC VACCC VSBI VSBCBI", { masks: { m5: [4] } }],
  ["VMSL", { masks: { m5: [3], m6: [0, 4, 8, 12] } }],
  ["VLLEZ", { masks: { m3: [0, 1, 2, 3, 6] } }],
  ["VFA VFS VFM VFD", { vectors: floats, masks: { m4: formats, m5: [0, 8] } }],
  [
    "VFMAX VFMIN",
    { vectors: floats, masks: { m4: formats, m5: [0, 8], m6: [0, 1, 2, 3, 4, 8, 9, 10, 11, 12] } },
  ],
  ["VFMA VFMS VFNMA VFNMS", { vectors: floats, masks: { m6: formats, m5: [0, 8] } }],
  ["VFSQ", { vectors: floats, masks: { m3: formats, m4: [0, 8] } }],
  ["VFCE VFCH VFCHE", { vectors: floats, masks: { m4: formats, m5: [0, 4, 8, 12], m6: [0, 1] } }],
  ["WFC WFK", { vectors: floats, masks: { m3: formats, m4: [0] } }],
  ["VFPSO", { vectors: floats, masks: { m3: formats, m4: [0, 8], m5: [0, 1, 2] } }],
  ["VFTCI", { vectors: floats, masks: { m4: formats, m5: [0, 8] } }],
  ["VCFPS VCFPL", { masks: { m3: [2, 3, 3, 3], m4: [0, 4, 8, 12], m5: modes } }],
  [
    "VCSFP VCLFP",
    { vectors: { all: ["long", "short"] }, masks: { m3: [2, 3, 3, 3], m4: [0, 4, 8, 12], m5: modes } },
  ],
  ["VFI VFLR", { vectors: floats, masks: { m3: formats, m4: [0, 4, 8, 12], m5: modes } }],
  ["VFLL", { vectors: floats, masks: { m3: [2, 2, 3], m4: [0, 8] } }],
  ["VPDI", { masks: { m4: [0, 1, 4, 5] } }],
  ["VFAE", { vectors: { all: ["characters"] }, masks: { m5: everyMask, m4: [0, 1, 2] } }],
  ["VFEE VFENE", { vectors: { all: ["characters"] }, masks: { m4: [0, 1, 2], m5: [0, 1, 2, 3] } }],
  ["VISTR", { vectors: { all: ["characters"] }, masks: { m3: [0, 1, 2], m5: [0, 1] } }],
  ["VSTRS", { vectors: { all: ["characters"], v4: ["numbers"] }, masks: { m5: [0, 1, 2], m6: [0, 2] } }],
  ["VLBRREP VLER VSTER", { masks: { m3: [1, 2, 3] } }],
  ["VLBR VSTBR", { masks: { m3: [1, 2, 3, 4] } }],
  ["VLLEBRZ", { masks: { m3: [1, 2, 3, 6] } }],
  ["VSTRC", { vectors: { all: ["characters"], v4: ["integer"] }, masks: { m5: [0, 1, 2], m6: everyMask } }],
];

const hintsByMnemonic: ReadonlyMap<string, Hints> = new Map(
  rows.flatMap(([mnemonics, hints]) => mnemonics.split(" ").map((mnemonic) => [mnemonic, hints] as const)),
);

/** Hints for an instruction; none is a good answer. */
export function hintsFor(mnemonic: string): Hints {
  return hintsByMnemonic.get(mnemonic) ?? {};
}

/** Instructions that a comparison in problem state says nothing about, with the reason. */
export const notJudged: ReadonlyMap<string, string> = new Map(
  (
    [
      ["SVC", "leaves for the supervisor"],
      ["STCK STCKE STCKF ECTG PTFF", "results depend on the time"],
      ["ECAG", "results depend on the machine's caches"],
      ["STFLE STFL", "results depend on the facilities offered"],
      ["EPSW", "stores system-mask bits that QEMU's user mode does not keep as a machine does"],
      [
        "SAC SACF IAC EPAR ESAR EPAIR ESAIR IVSK MVCP MVCS MVCK PC PR BAKR EREG EREGG ESTA MSTA BSG PT PTI SSAIR SSAR TAR IPK SPKA MVCSK MVCDK MVCOS",
        "semiprivileged",
      ],
      ["SAM24 SAM31 SAM64 TAM BSM BASSM TRAP2 TRAP4", "addressing mode: the harness runs in 64-bit mode"],
      ["PLO DIEBR DIDBR", "QEMU lacks it; its function has tests of its own"],
      [
        "KM KMC KMF KMO KMCTR KMAC KIMD KLMD KMA PCC PRNO",
        "functions are the machine's own choice; they have vectors",
      ],
      ["MC", "monitor masks are in a control register"],
      ["TBEGIN TBEGINC TEND ETND TABORT NTSTG PPA NIAI BPP BPRP", "depends on what the machine chooses"],
    ] as const
  ).flatMap(([mnemonics, reason]) => mnemonics.split(" ").map((mnemonic) => [mnemonic, reason] as const)),
);
