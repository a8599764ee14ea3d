/**
 * Instruction formats. Source: z/Architecture Principles of Operation, "Instruction Formats", and the
 * operand assignments of "Number Representation and Machine-Instruction Index".
 *
 * Bits are numbered from the left of the instruction, which is kept left-aligned in a 64-bit word.
 */

/** What an operand field means to an assembler and to the instruction's definition. */
export type FieldKind =
  | "r" // general register (or the register file that `file` names)
  | "m" // mask
  | "i" // signed immediate
  | "u" // unsigned immediate
  | "ri" // signed immediate in halfwords, relative to the instruction's own address
  | "b" // base register
  | "x" // index register
  | "d" // displacement, 12 bits unsigned
  | "dl" // displacement, 20 bits signed, stored as DL (12 bits) then DH (8 bits)
  | "l" // length code: one less than the length
  | "v"; // vector register: four bits here, the fifth in RXB

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** Leftmost bit of the field. */
  readonly bit: number;
  readonly width: number;
}

/**
 * One operand as it stands in assembler source. `storage` operands name their fields; `[index]` and
 * `[length]` say what the first subscript in parentheses is.
 */
export type OperandSyntax =
  | { readonly kind: "field"; readonly field: string; readonly optional?: boolean }
  | { readonly kind: "bd"; readonly base: string; readonly displacement: string }
  | { readonly kind: "bxd"; readonly base: string; readonly index: string; readonly displacement: string }
  | { readonly kind: "bdl"; readonly base: string; readonly length: string; readonly displacement: string }
  | { readonly kind: "bdr"; readonly base: string; readonly register: string; readonly displacement: string };

export interface Format {
  readonly name: string;
  /** Instruction length in bytes. */
  readonly length: 2 | 4 | 6;
  /** Bit position and width of each part of the operation code, first part at bit 0. */
  readonly opcode: readonly (readonly [bit: number, width: number])[];
  readonly fields: readonly Field[];
  readonly syntax: readonly OperandSyntax[];
}

const field = (name: string, kind: FieldKind, bit: number, width = 4): Field => ({ name, kind, bit, width });
const r1 = field("r1", "r", 8);
const r2low = field("r2", "r", 12);
const r3low = field("r3", "r", 12);
const x2 = field("x2", "x", 12);
const b1 = field("b1", "b", 16);
const d1 = field("d1", "d", 20, 12);
const d1l = field("d1", "dl", 20, 20);
const b2 = field("b2", "b", 16);
const d2 = field("d2", "d", 20, 12);
const d2l = field("d2", "dl", 20, 20);
const v1 = field("v1", "v", 8);
const v2 = field("v2", "v", 12);
const v3low = field("v3", "v", 12);
const v3 = field("v3", "v", 16);
const v4 = field("v4", "v", 32);
const b2ss = field("b2", "b", 32);
const d2ss = field("d2", "d", 36, 12);

const f = (name: string, optional = false): OperandSyntax =>
  optional ? { kind: "field", field: name, optional } : { kind: "field", field: name };
const bd1: OperandSyntax = { kind: "bd", base: "b1", displacement: "d1" };
const bd2: OperandSyntax = { kind: "bd", base: "b2", displacement: "d2" };
const bxd2: OperandSyntax = { kind: "bxd", base: "b2", index: "x2", displacement: "d2" };

const at0 = [[0, 8]] as const; // one-byte operation code
const at0and12 = [
  [0, 8],
  [12, 4],
] as const; // prettier keeps the pair together
const at0and40 = [
  [0, 8],
  [40, 8],
] as const;
const half = [[0, 16]] as const;

const format = (
  name: string,
  length: 2 | 4 | 6,
  opcode: Format["opcode"],
  fields: readonly Field[],
  syntax: readonly OperandSyntax[],
): Format => ({ name, length, opcode, fields, syntax });

/** A format of vector instructions: fields, among them those masks that the instruction has, and operands by name. */
function vector(name: string, fields: readonly Field[], operands: string): Format {
  const syntax = operands.split(" ").map((operand): OperandSyntax => {
    if (operand === "d2(x2,b2)") return bxd2;
    if (operand === "d2(v2,b2)") return { kind: "bdr", base: "b2", register: "v2", displacement: "d2" };
    return operand === "d2(b2)" ? bd2 : f(operand);
  });
  return format(name, 6, at0and40, fields, syntax);
}
/** Masks of VRR-a, VRR-b, VRR-c and VRR-e. */
const m3a = field("m3", "m", 32);
const m4a = field("m4", "m", 28);
const m5a = field("m5", "m", 24);
const m4b = field("m4", "m", 32);
const m5c = field("m5", "m", 28);
const m6c = field("m6", "m", 24);
const m5d = field("m5", "m", 20);
const m6d = field("m6", "m", 24);
const m6e = field("m6", "m", 20);

/** Every format the instruction list uses, by the Principles of Operation's name. */
export const formats = {
  E: format("E", 2, half, [], []),
  IE: format("IE", 4, half, [field("i1", "u", 24), field("i2", "u", 28)], [f("i1"), f("i2")]),
  I: format("I", 2, at0, [field("i1", "u", 8, 8)], [f("i1")]),
  RR: format("RR", 2, at0, [r1, r2low], [f("r1"), f("r2")]),
  /** RR with a mask in the first position: BCR. */
  RRm: format("RRm", 2, at0, [field("m1", "m", 8), r2low], [f("m1"), f("r2")]),
  /** RR with only R1: SPM. */
  RR1: format("RR1", 2, at0, [r1], [f("r1")]),
  MII: format(
    "MII",
    6,
    at0,
    [field("m1", "m", 8), field("ri2", "ri", 12, 12), field("ri3", "ri", 24, 24)],
    [f("m1"), f("ri2"), f("ri3")],
  ),
  RIa: format("RIa", 4, at0and12, [r1, field("i2", "i", 16, 16)], [f("r1"), f("i2")]),
  /** RI-a whose immediate is a mask or an unsigned number. */
  RIu: format("RIu", 4, at0and12, [r1, field("i2", "u", 16, 16)], [f("r1"), f("i2")]),
  RIb: format("RIb", 4, at0and12, [r1, field("ri2", "ri", 16, 16)], [f("r1"), f("ri2")]),
  RIc: format("RIc", 4, at0and12, [field("m1", "m", 8), field("ri2", "ri", 16, 16)], [f("m1"), f("ri2")]),
  RIEa: format(
    "RIEa",
    6,
    at0and40,
    [r1, field("i2", "i", 16, 16), field("m3", "m", 32)],
    [f("r1"), f("i2"), f("m3")],
  ),
  /** RIE-a with an unsigned immediate (CLGIT, CLFIT). */
  RIEau: format(
    "RIEau",
    6,
    at0and40,
    [r1, field("i2", "u", 16, 16), field("m3", "m", 32)],
    [f("r1"), f("i2"), f("m3")],
  ),
  RIEb: format(
    "RIEb",
    6,
    at0and40,
    [r1, r2low, field("ri4", "ri", 16, 16), field("m3", "m", 32)],
    [f("r1"), f("r2"), f("m3"), f("ri4")],
  ),
  RIEc: format(
    "RIEc",
    6,
    at0and40,
    [r1, field("m3", "m", 12), field("ri4", "ri", 16, 16), field("i2", "i", 32, 8)],
    [f("r1"), f("i2"), f("m3"), f("ri4")],
  ),
  /** RIE-c with an unsigned immediate (CLIJ, CLGIJ). */
  RIEcu: format(
    "RIEcu",
    6,
    at0and40,
    [r1, field("m3", "m", 12), field("ri4", "ri", 16, 16), field("i2", "u", 32, 8)],
    [f("r1"), f("i2"), f("m3"), f("ri4")],
  ),
  RIEd: format("RIEd", 6, at0and40, [r1, r3low, field("i2", "i", 16, 16)], [f("r1"), f("r3"), f("i2")]),
  RIEe: format("RIEe", 6, at0and40, [r1, r3low, field("ri2", "ri", 16, 16)], [f("r1"), f("r3"), f("ri2")]),
  RIEf: format(
    "RIEf",
    6,
    at0and40,
    [r1, r2low, field("i3", "u", 16, 8), field("i4", "u", 24, 8), field("i5", "u", 32, 8)],
    [f("r1"), f("r2"), f("i3"), f("i4"), f("i5", true)],
  ),
  RIEg: format(
    "RIEg",
    6,
    at0and40,
    [r1, field("m3", "m", 12), field("i2", "i", 16, 16)],
    [f("r1"), f("i2"), f("m3")],
  ),
  RILa: format("RILa", 6, at0and12, [r1, field("i2", "i", 16, 32)], [f("r1"), f("i2")]),
  RILu: format("RILu", 6, at0and12, [r1, field("i2", "u", 16, 32)], [f("r1"), f("i2")]),
  RILb: format("RILb", 6, at0and12, [r1, field("ri2", "ri", 16, 32)], [f("r1"), f("ri2")]),
  RILc: format("RILc", 6, at0and12, [field("m1", "m", 8), field("ri2", "ri", 16, 32)], [f("m1"), f("ri2")]),
  RIS: format(
    "RIS",
    6,
    at0and40,
    [r1, field("m3", "m", 12), field("b4", "b", 16), field("d4", "d", 20, 12), field("i2", "i", 32, 8)],
    [f("r1"), f("i2"), f("m3"), { kind: "bd", base: "b4", displacement: "d4" }],
  ),
  RISu: format(
    "RISu",
    6,
    at0and40,
    [r1, field("m3", "m", 12), field("b4", "b", 16), field("d4", "d", 20, 12), field("i2", "u", 32, 8)],
    [f("r1"), f("i2"), f("m3"), { kind: "bd", base: "b4", displacement: "d4" }],
  ),
  RRD: format(
    "RRD",
    4,
    half,
    [field("r1", "r", 16), field("r3", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("r3"), f("r2")],
  ),
  RRE: format("RRE", 4, half, [field("r1", "r", 24), field("r2", "r", 28)], [f("r1"), f("r2")]),
  /** RRE with only R1. */
  RRE1: format("RRE1", 4, half, [field("r1", "r", 24)], [f("r1")]),
  /** RRE without operands. */
  RRE0: format("RRE0", 4, half, [], []),
  RRFa: format(
    "RRFa",
    4,
    half,
    [field("r3", "r", 16), field("m4", "m", 20), field("r1", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("r2"), f("r3"), f("m4", true)],
  ),
  /** RRF-a without M4: ARK, MGRK. */
  RRFa3: format(
    "RRFa3",
    4,
    half,
    [field("r3", "r", 16), field("r1", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("r2"), f("r3")],
  ),
  RRFb: format(
    "RRFb",
    4,
    half,
    [field("r3", "r", 16), field("m4", "m", 20), field("r1", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("r3"), f("r2"), f("m4", true)],
  ),
  /** RRF-b without M4: CPSDR. */
  RRFb3: format(
    "RRFb3",
    4,
    half,
    [field("r3", "r", 16), field("r1", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("r3"), f("r2")],
  ),
  RRFc: format(
    "RRFc",
    4,
    half,
    [field("m3", "m", 16), field("r1", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("r2"), f("m3", true)],
  ),
  RRFe: format(
    "RRFe",
    4,
    half,
    [field("m3", "m", 16), field("m4", "m", 20), field("r1", "r", 24), field("r2", "r", 28)],
    [f("r1"), f("m3"), f("r2"), f("m4")],
  ),
  RRS: format(
    "RRS",
    6,
    at0and40,
    [r1, r2low, field("b4", "b", 16), field("d4", "d", 20, 12), field("m3", "m", 32)],
    [f("r1"), f("r2"), f("m3"), { kind: "bd", base: "b4", displacement: "d4" }],
  ),
  RSa: format("RSa", 4, at0, [r1, r3low, b2, d2], [f("r1"), f("r3"), bd2]),
  /** RS-a shifts: no R3. */
  RSs: format("RSs", 4, at0, [r1, b2, d2], [f("r1"), bd2]),
  RSb: format("RSb", 4, at0, [r1, field("m3", "m", 12), b2, d2], [f("r1"), f("m3"), bd2]),
  RSI: format("RSI", 4, at0, [r1, r3low, field("ri2", "ri", 16, 16)], [f("r1"), f("r3"), f("ri2")]),
  RSLa: format(
    "RSLa",
    6,
    at0and40,
    [field("l1", "l", 8), b1, d1],
    [{ kind: "bdl", base: "b1", length: "l1", displacement: "d1" }],
  ),
  RSYa: format("RSYa", 6, at0and40, [r1, r3low, b2, d2l], [f("r1"), f("r3"), bd2]),
  RSYb: format("RSYb", 6, at0and40, [r1, field("m3", "m", 12), b2, d2l], [f("r1"), f("m3"), bd2]),
  /** RSY-b as the load/store-on-condition instructions write it: mask last. */
  RSYc: format("RSYc", 6, at0and40, [r1, field("m3", "m", 12), b2, d2l], [f("r1"), bd2, f("m3")]),
  RXa: format("RXa", 4, at0, [r1, x2, b2, d2], [f("r1"), bxd2]),
  RXb: format("RXb", 4, at0, [field("m1", "m", 8), x2, b2, d2], [f("m1"), bxd2]),
  /** RXE without M3, as all but LCBB have it. */
  RXE: format("RXE", 6, at0and40, [r1, x2, b2, d2], [f("r1"), bxd2]),
  RXF: format(
    "RXF",
    6,
    at0and40,
    [field("r3", "r", 8), x2, b2, d2, field("r1", "r", 32)],
    [f("r1"), f("r3"), bxd2],
  ),
  RXYa: format("RXYa", 6, at0and40, [r1, x2, b2, d2l], [f("r1"), bxd2]),
  RXYb: format("RXYb", 6, at0and40, [field("m1", "m", 8), x2, b2, d2l], [f("m1"), bxd2]),
  S: format("S", 4, half, [b2, d2], [bd2]),
  /** S without an operand: PTLB, CSCH. */
  S0: format("S0", 4, half, [], []),
  SI: format("SI", 4, at0, [field("i2", "u", 8, 8), b1, d1], [bd1, f("i2")]),
  /** SI without an immediate: LPSW, SSM, TS. */
  SI0: format("SI0", 4, at0, [b1, d1], [bd1]),
  SIL: format("SIL", 6, half, [b1, d1, field("i2", "i", 32, 16)], [bd1, f("i2")]),
  SILu: format("SILu", 6, half, [b1, d1, field("i2", "u", 32, 16)], [bd1, f("i2")]),
  SIY: format("SIY", 6, at0and40, [field("i2", "u", 8, 8), b1, d1l], [bd1, f("i2")]),
  /** SIY whose immediate is signed: ASI, AGSI, ALSI, ALGSI. */
  SIYs: format("SIYs", 6, at0and40, [field("i2", "i", 8, 8), b1, d1l], [bd1, f("i2")]),
  SMI: format(
    "SMI",
    6,
    at0,
    [field("m1", "m", 8), field("b3", "b", 16), field("d3", "d", 20, 12), field("ri2", "ri", 32, 16)],
    [f("m1"), f("ri2"), { kind: "bd", base: "b3", displacement: "d3" }],
  ),
  SSa: format(
    "SSa",
    6,
    at0,
    [field("l1", "l", 8, 8), b1, d1, b2ss, d2ss],
    [{ kind: "bdl", base: "b1", length: "l1", displacement: "d1" }, bd2],
  ),
  SSb: format(
    "SSb",
    6,
    at0,
    [field("l1", "l", 8), field("l2", "l", 12), b1, d1, b2ss, d2ss],
    [
      { kind: "bdl", base: "b1", length: "l1", displacement: "d1" },
      { kind: "bdl", base: "b2", length: "l2", displacement: "d2" },
    ],
  ),
  SSc: format(
    "SSc",
    6,
    at0,
    [field("l1", "l", 8), field("i3", "u", 12), b1, d1, b2ss, d2ss],
    [{ kind: "bdl", base: "b1", length: "l1", displacement: "d1" }, bd2, f("i3")],
  ),
  SSd: format(
    "SSd",
    6,
    at0,
    [r1, r3low, b1, d1, b2ss, d2ss],
    [{ kind: "bdr", base: "b1", register: "r1", displacement: "d1" }, bd2, f("r3")],
  ),
  /** SS-e as LMD writes it. */
  SSe: format(
    "SSe",
    6,
    at0,
    [
      r1,
      r3low,
      field("b2", "b", 16),
      field("d2", "d", 20, 12),
      field("b4", "b", 32),
      field("d4", "d", 36, 12),
    ],
    [f("r1"), f("r3"), bd2, { kind: "bd", base: "b4", displacement: "d4" }],
  ),
  /** SS-e as PLO writes it. */
  SSp: format(
    "SSp",
    6,
    at0,
    [
      r1,
      r3low,
      field("b2", "b", 16),
      field("d2", "d", 20, 12),
      field("b4", "b", 32),
      field("d4", "d", 36, 12),
    ],
    [f("r1"), bd2, f("r3"), { kind: "bd", base: "b4", displacement: "d4" }],
  ),
  /** SS-f: the length stands with the second operand (PKA, PKU, UNPKA's mirror). */
  SSf: format(
    "SSf",
    6,
    at0,
    [field("l2", "l", 8, 8), b1, d1, b2ss, d2ss],
    [bd1, { kind: "bdl", base: "b2", length: "l2", displacement: "d2" }],
  ),
  SSE: format("SSE", 6, half, [b1, d1, b2ss, d2ss], [bd1, bd2]),
  SSF: format("SSF", 6, at0and12, [field("r3", "r", 8), b1, d1, b2ss, d2ss], [bd1, bd2, f("r3")]),
  /** SSF as LPD writes it: register first. */
  SSFr: format("SSFr", 6, at0and12, [field("r3", "r", 8), b1, d1, b2ss, d2ss], [f("r3"), bd1, bd2]),
  VRIa: vector("VRIa", [v1, field("i2", "u", 16, 16)], "v1 i2"),
  /** VRI-a with an element's number: VLEIB. */
  VRIa3: vector("VRIa3", [v1, field("i2", "i", 16, 16), m3a], "v1 i2 m3"),
  VRIb: vector("VRIb", [v1, field("i2", "u", 16, 8), field("i3", "u", 24, 8), m4b], "v1 i2 i3 m4"),
  VRIc: vector("VRIc", [v1, v3low, field("i2", "u", 16, 16), m4b], "v1 v3 i2 m4"),
  /** VRI-d without M5: VSLDB. */
  VRId: vector("VRId", [v1, v2, v3, field("i4", "u", 24, 8)], "v1 v2 v3 i4"),
  VRId5: vector("VRId5", [v1, v2, v3, field("i4", "u", 24, 8), field("m5", "m", 32)], "v1 v2 v3 i4 m5"),
  VRIe: vector("VRIe", [v1, v2, field("i3", "u", 16, 12), m4b, m5c], "v1 v2 i3 m4 m5"),
  /** VRR-a with none, or some, of its masks. */
  VRRa: vector("VRRa", [v1, v2], "v1 v2"),
  VRRa3: vector("VRRa3", [v1, v2, m3a], "v1 v2 m3"),
  VRRa34: vector("VRRa34", [v1, v2, m3a, m4a], "v1 v2 m3 m4"),
  VRRa35: vector("VRRa35", [v1, v2, m3a, m5a], "v1 v2 m3 m5"),
  VRRa345: vector("VRRa345", [v1, v2, m3a, m4a, m5a], "v1 v2 m3 m4 m5"),
  VRRb: vector("VRRb", [v1, v2, v3, m4b, m5a], "v1 v2 v3 m4 m5"),
  /** VRR-c with none, or some, of its masks. */
  VRRc: vector("VRRc", [v1, v2, v3], "v1 v2 v3"),
  VRRc4: vector("VRRc4", [v1, v2, v3, m4b], "v1 v2 v3 m4"),
  VRRc45: vector("VRRc45", [v1, v2, v3, m4b, m5c], "v1 v2 v3 m4 m5"),
  VRRc456: vector("VRRc456", [v1, v2, v3, m4b, m5c, m6c], "v1 v2 v3 m4 m5 m6"),
  /** VRR-d with none, or some, of its masks. */
  VRRd5: vector("VRRd5", [v1, v2, v3, v4, m5d], "v1 v2 v3 v4 m5"),
  VRRd56: vector("VRRd56", [v1, v2, v3, v4, m5d, m6d], "v1 v2 v3 v4 m5 m6"),
  VRRe: vector("VRRe", [v1, v2, v3, v4], "v1 v2 v3 v4"),
  VRRe56: vector("VRRe56", [v1, v2, v3, v4, m5c, m6e], "v1 v2 v3 v4 m5 m6"),
  VRRf: vector("VRRf", [v1, r2low, field("r3", "r", 16)], "v1 r2 r3"),
  VRSa: vector("VRSa", [v1, v3low, b2, d2], "v1 v3 d2(b2)"),
  VRSa4: vector("VRSa4", [v1, v3low, b2, d2, m4b], "v1 v3 d2(b2) m4"),
  VRSb: vector("VRSb", [v1, r3low, b2, d2], "v1 r3 d2(b2)"),
  VRSb4: vector("VRSb4", [v1, r3low, b2, d2, m4b], "v1 r3 d2(b2) m4"),
  VRSc: vector("VRSc", [r1, v3low, b2, d2, m4b], "r1 v3 d2(b2) m4"),
  VRV: vector("VRV", [v1, v2, b2, d2, m3a], "v1 d2(v2,b2) m3"),
  VRX: vector("VRX", [v1, x2, b2, d2, m3a], "v1 d2(x2,b2) m3"),
  /** VRX whose first operand is a general register: LCBB. */
  RXEm: vector("RXEm", [r1, x2, b2, d2, m3a], "r1 d2(x2,b2) m3"),
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;

/** Names of the operand fields of a format. */
export type FieldName<F extends FormatName> = (typeof formats)[F]["fields"][number]["name"];
