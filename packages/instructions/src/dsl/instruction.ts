/** An instruction: encoding, title and meaning, in one place. */
import type { Field, Format, FormatName } from "@lockframe/architecture";
import { formats } from "@lockframe/architecture";
import type { Effects, KnownMode, Recording, StorageOperand } from "./body.ts";
import { bit, cr, gr, inMode, psw, recognise, record } from "./body.ts";
import type { Node } from "./expression.ts";
import { I32, I64, constant } from "./expression.ts";

/** Encoding: the format and the operation code, each of its parts in bytes of its own (AGHI: 0xa70b). */
export interface Encoding {
  readonly format: Format;
  readonly opcode: number;
}

/**
 * Operand fields by the names of the Principles of Operation. Using one that the format lacks throws
 * when the definition is first lowered (a test lowers all).
 */
export interface Operands {
  readonly r1: I32;
  readonly r2: I32;
  readonly r3: I32;
  readonly m1: I32;
  readonly m3: I32;
  readonly m4: I32;
  readonly m5: I32;
  readonly m6: I32;
  /** Numbers of vector registers, 0 to 31. */
  readonly v1: I32;
  readonly v2: I32;
  readonly v3: I32;
  readonly v4: I32;
  /** Immediates, extended to 64 bits by their sign (or with zeros if they have none). */
  readonly i1: I64;
  readonly i2: I64;
  readonly i3: I64;
  readonly i4: I64;
  readonly i5: I64;
  /** Relative operands, in bytes. */
  readonly ri2: I64;
  readonly ri4: I64;
  /** Length codes: one less than the length. */
  readonly l1: I32;
  readonly l2: I32;
  /** Storage operands: base, index and displacement as one. */
  readonly s1: StorageOperand;
  readonly s2: StorageOperand;
  readonly s4: StorageOperand;
  /** The second operand of a shift: the number of bits, 0 to 63. */
  readonly count2: I64;
}

export interface Options {
  /** Facility bit that installs the instruction; the instruction is not there without it. */
  readonly facility?: number;
  readonly privileged?: true;
  /** Needs the AFP-register control (CR0 bit 45); without it, data exception with this DXC: 2 for BFP, 3 for DFP. */
  readonly additionalFloatingPoint?: 1 | 2 | 3;
  /** Needs the AFP-register and the vector-enablement control (CR0 bits 45 and 46); without them, data exception FE. */
  readonly vector?: true;
}

export interface Instruction extends Encoding, Options {
  readonly mnemonic: string;
  /** The Principles of Operation's title. */
  readonly title: string;
  readonly body: (operands: Operands) => Effects;
}

type FormatMaker = (opcode: number) => Encoding;
const makers = Object.fromEntries(
  Object.entries(formats).map(([name, format]) => [name, (opcode: number): Encoding => ({ format, opcode })]),
) as Record<FormatName, FormatMaker>;

export const {
  E,
  I,
  IE,
  MII,
  RR,
  RRm,
  RR1,
  RIa,
  RIu,
  RIb,
  RIc,
  RIEa,
  RIEau,
  RIEb,
  RIEc,
  RIEcu,
  RIEd,
  RIEe,
  RIEf,
  RIEg,
  RILa,
  RILu,
  RILb,
  RILc,
  RIS,
  RISu,
  RRD,
  RRE,
  RRE1,
  RRE0,
  RRFa,
  RRFa3,
  RRFb,
  RRFb3,
  RRFc,
  RRFe,
  RRS,
  RSa,
  RSs,
  RSb,
  RSI,
  RSLa,
  RSYa,
  RSYb,
  RSYc,
  RXa,
  RXb,
  RXE,
  RXF,
  RXYa,
  RXYb,
  S,
  S0,
  SI,
  SI0,
  SIL,
  SILu,
  SIY,
  SIYs,
  SMI,
  SSa,
  SSb,
  SSc,
  SSd,
  SSe,
  SSp,
  SSf,
  SSE,
  SSF,
  SSFr,
  VRIa,
  VRIa3,
  VRIb,
  VRIc,
  VRId,
  VRId5,
  VRIe,
  VRRa,
  VRRa3,
  VRRa34,
  VRRa35,
  VRRa345,
  VRRb,
  VRRc,
  VRRc4,
  VRRc45,
  VRRc456,
  VRRd5,
  VRRd56,
  VRRe,
  VRRe56,
  VRRf,
  VRSa,
  VRSa4,
  VRSb,
  VRSb4,
  VRSc,
  VRV,
  VRX,
  RXEm,
} = makers;

export const insn = (
  mnemonic: string,
  encoding: Encoding,
  title: string,
  body: (operands: Operands) => Effects,
  options: Options = {},
): Instruction => ({ mnemonic, ...encoding, title, body, ...options });

/** Where operand fields come from: constants of one decoded instruction, or fields of an unknown one. */
export type FieldSource = (field: Field) => Node;

/** The interpreter's source: expressions over the left-aligned instruction word. */
export const fieldOfWord: FieldSource = (field) => ({
  kind: "field",
  type:
    field.kind === "i" ||
    field.kind === "ri" ||
    field.kind === "u" ||
    field.kind === "d" ||
    field.kind === "dl"
      ? "i64"
      : "i32",
  bit: field.bit,
  width: field.width,
  signed: field.kind === "i" || field.kind === "ri",
});

/** The JIT's source: the fields of one instruction, given left-aligned in 64 bits. */
export const fieldsOf =
  (word: bigint): FieldSource =>
  (field) => {
    const raw = (word >> BigInt(64 - field.bit - field.width)) & ((1n << BigInt(field.width)) - 1n);
    const signed = field.kind === "i" || field.kind === "ri";
    const type = signed || field.kind === "u" || field.kind === "d" || field.kind === "dl" ? "i64" : "i32";
    return constant(type, signed ? BigInt.asIntN(field.width, raw) : raw);
  };

/** Where RXB keeps the leftmost bit of a vector register's number, by the bit at which the other four stand. */
const leftmostBit: Readonly<Record<number, number>> = { 8: 36, 12: 37, 16: 38, 32: 39 };

function vectorRegister(field: Field, source: FieldSource): I32 {
  const bit = leftmostBit[field.bit];
  if (bit === undefined) throw new Error(`no bit of RXB belongs to ${field.name}`);
  const leftmost = new I32(source({ name: "rxb", kind: "m", bit, width: 1 }));
  return new I32(source(field)).or(leftmost.shl(4));
}

/** Displacement: 12 bits unsigned, or 20 bits signed whose high part stands last. */
function displacement(field: Field, source: FieldSource): I64 {
  if (field.kind === "d") return new I64(source(field));
  const low = new I64(source({ ...field, width: 12 }));
  const high = new I64(source({ name: "dh", kind: "i", bit: field.bit + 12, width: 8 }));
  return high.shl(12).or(low);
}

/** Contents of a base or index register; register 0 stands for zero. */
function addressPart({ node: index }: I32): I64 {
  if (index.kind !== "const") return new I64({ kind: "addressRegister", type: "i64", index });
  return index.value === 0n ? I64.of(0) : gr(new I32(index)).value;
}

/** Fields of each format, by name. */
const fieldsByName = new Map<Format, ReadonlyMap<string, Field>>();

/** A class, for an object with so many getters of its own takes longer to make than most definitions to elaborate. */
class FieldOperands implements Operands {
  readonly #format: Format;
  readonly #source: FieldSource;
  readonly #fields: ReadonlyMap<string, Field>;

  constructor(format: Format, source: FieldSource) {
    this.#format = format;
    this.#source = source;
    let fields = fieldsByName.get(format);
    if (fields === undefined) {
      fields = new Map(format.fields.map((field) => [field.name, field]));
      fieldsByName.set(format, fields);
    }
    this.#fields = fields;
  }

  #find(name: string): Field {
    const field = this.#fields.get(name);
    if (field === undefined) throw new Error(`format ${this.#format.name} has no field ${name}`);
    return field;
  }
  #i32(name: string): I32 {
    return new I32(this.#source(this.#find(name)));
  }
  #i64(name: string): I64 {
    return new I64(this.#source(this.#find(name)));
  }
  #vector(name: string): I32 {
    return vectorRegister(this.#find(name), this.#source);
  }
  #storage(n: 1 | 2 | 4): StorageOperand {
    const base = this.#i32(`b${n}`);
    const index = this.#fields.get(`x${n}`);
    let address = addressPart(base);
    if (index !== undefined) address = address.add(addressPart(new I32(this.#source(index))));
    return { address: inMode(address.add(displacement(this.#find(`d${n}`), this.#source))), ar: base };
  }

  get r1(): I32 {
    return this.#i32("r1");
  }
  get r2(): I32 {
    return this.#i32("r2");
  }
  get r3(): I32 {
    return this.#i32("r3");
  }
  get m1(): I32 {
    return this.#i32("m1");
  }
  get m3(): I32 {
    return this.#i32("m3");
  }
  get m4(): I32 {
    return this.#i32("m4");
  }
  get m5(): I32 {
    return this.#i32("m5");
  }
  get m6(): I32 {
    return this.#i32("m6");
  }
  get v1(): I32 {
    return this.#vector("v1");
  }
  get v2(): I32 {
    return this.#vector("v2");
  }
  get v3(): I32 {
    return this.#vector("v3");
  }
  get v4(): I32 {
    return this.#vector("v4");
  }
  get i1(): I64 {
    return this.#i64("i1");
  }
  get i2(): I64 {
    return this.#i64("i2");
  }
  get i3(): I64 {
    return this.#i64("i3");
  }
  get i4(): I64 {
    return this.#i64("i4");
  }
  get i5(): I64 {
    return this.#i64("i5");
  }
  get ri2(): I64 {
    return this.#i64("ri2").shl(1);
  }
  get ri4(): I64 {
    return this.#i64("ri4").shl(1);
  }
  get l1(): I32 {
    return this.#i32("l1");
  }
  get l2(): I32 {
    return this.#i32("l2");
  }
  get s1(): StorageOperand {
    return this.#storage(1);
  }
  get s2(): StorageOperand {
    return this.#storage(2);
  }
  get s4(): StorageOperand {
    return this.#storage(4);
  }
  get count2(): I64 {
    // Neither the addressing mode nor the left part of a long displacement reaches the six bits.
    const low = { ...this.#find("d2"), width: 12 };
    return addressPart(this.#i32("b2"))
      .add(new I64(this.#source(low)))
      .and(63);
  }
}

/** Run a definition's body for one source of operand fields. */
export function elaborate(definition: Instruction, source: FieldSource, mode?: KnownMode): Recording {
  return record(() => {
    if (definition.privileged) recognise.privilegedOperation(psw.problemState);
    if (definition.additionalFloatingPoint !== undefined) {
      recognise.data(cr(0).value.and(bit(45)).isZero(), definition.additionalFloatingPoint);
    }
    if (definition.vector) {
      const both = bit(45) | bit(46);
      recognise.data(cr(0).value.and(both).ne(both), 0xfe);
    }
    return definition.body(new FieldOperands(definition.format, source));
  }, mode);
}
