/** Makes cases for an instruction from its format, from hints, and from a seed. */
import type { Field } from "@lockframe/architecture";
import type { Case } from "./case.ts";
import { CaseBuilder } from "./case-builder.ts";
import { type BinaryFormat, edgeField, edgeInteger } from "./edge-values.ts";
import { encode, type InstructionToJudge } from "./encoding.ts";
import { executedInstruction } from "./executed-instruction.ts";
import { type AddressRole, type Hints, hintsFor, type RegisterRole } from "./hints.ts";
import { type Random, randomFrom } from "./random.ts";

/** `count` cases for an instruction; the same seed gives the same cases. */
export function generateCases(instruction: InstructionToJudge, count: number, seed: string): Case[] {
  const hints = hintsFor(instruction.mnemonic);
  return Array.from({ length: count }, (_, index) =>
    generateCase(instruction, hints, randomFrom(`${instruction.mnemonic}/${seed}/${index}`)),
  );
}

interface Draft {
  readonly instruction: InstructionToJudge;
  readonly hints: Hints;
  readonly random: Random;
  readonly builder: CaseBuilder;
  readonly fields: Map<string, bigint>;
}

function generateCase(instruction: InstructionToJudge, hints: Hints, random: Random): Case {
  const { length } = instruction.format;
  const vectors = instruction.format.fields.some(({ kind }) => kind === "v");
  const builder = new CaseBuilder(random, hints.interruptible ? length + 4 : length, vectors);
  const draft: Draft = { instruction, hints, random, builder, fields: new Map() };
  if (random.chance(0.05)) {
    builder.enableProgramExceptions(random.below(16));
  }
  for (const field of instruction.format.fields) {
    chooseField(draft, field);
  }
  fillImplied(draft);
  chooseStorageOperands(draft);
  const bytes = encode(instruction, draft.fields);
  return builder.build(instruction.mnemonic, hints.interruptible ? loopOf(bytes) : bytes);
}

/** The instruction, then BRC 1 back to it. */
function loopOf(bytes: Uint8Array): Uint8Array {
  const back = 0x1_0000 - bytes.length / 2;
  return Uint8Array.of(...bytes, 0xa7, 0x14, back >> 8, back & 255);
}

function chooseField(draft: Draft, field: Field): void {
  const { random, fields } = draft;
  switch (field.kind) {
    case "r":
      chooseRegister(draft, field.name);
      return;
    case "l":
      fields.set(field.name, edgeLength(random, field.width));
      return;
    case "m":
      fields.set(field.name, BigInt(chooseMask(draft, field.name)));
      return;
    case "i":
    case "u":
      fields.set(
        field.name,
        draft.hints.smallNumber ? BigInt(random.below(17)) : edgeField(random, field.width),
      );
      return;
    case "ri":
      chooseRelative(draft, field);
      return;
    case "v":
      chooseVector(draft, field.name);
      return;
    case "b":
    case "x":
    case "d":
    case "dl":
      return; // chosen together, with the address they add up to
  }
}

/** Any mask; of a vector instruction, mostly one that is valid. */
function chooseMask({ random, hints, builder }: Draft, name: string): number {
  const wanted = hints.masks?.[name];
  if (wanted !== undefined && random.chance(0.93)) return random.pick(wanted);
  if (builder.vr !== undefined && random.chance(0.9)) return random.pick([0, 1, 2, 3, 4]);
  return random.chance(0.2) ? 0 : random.below(16);
}

function chooseVector({ random, fields, hints, builder }: Draft, name: string): void {
  const used = [...fields].flatMap(([other, value]) => (other.startsWith("v") ? [Number(value)] : []));
  const first = fields.get("v1");
  const number =
    hints.rowOfVectors === true && first !== undefined && random.chance(0.9)
      ? Math.min(31, Number(first) + random.below(16))
      : used.length > 0 && random.chance(0.2)
        ? random.pick(used)
        : random.below(32);
  fields.set(name, BigInt(number));
  const kinds = hints.vectors?.[name as "v2"] ?? hints.vectors?.all ?? ["integer"];
  builder.setVector(number, random.pick(kinds));
}

/** Length codes: mostly short, sometimes the longest. */
function edgeLength(random: Random, width: number): bigint {
  if (width === 4) {
    return BigInt(random.below(16));
  }
  return BigInt(
    random.chance(0.7) ? random.below(18) : random.pick([31, 63, 127, 254, 255, random.below(256)]),
  );
}

function chooseRegister(draft: Draft, name: string): void {
  const { builder, fields, hints, instruction, random } = draft;
  const role: RegisterRole =
    (name === "r1" || name === "r2" || name === "r3" ? hints[name] : undefined) ?? "value";
  const float = floatFormat(instruction.mnemonic, name);
  const pair = role === "pair" || role === "dividend" || role.startsWith("extent");
  const used = instruction.format.fields.flatMap(({ name: other }) =>
    other === name ? [] : Number(fields.get(other) ?? 0n) & 15,
  );
  const number = builder.registerNumber(
    used,
    pair ? "even" : float === "extended" ? "float-pair" : undefined,
  );
  const next = (number + 1) & 15;
  fields.set(name, BigInt(number));
  builder.setValue(number, float);
  switch (role) {
    case "value":
      break;
    case "pair":
      builder.setValue(next, float);
      break;
    case "dividend":
      builder.setValue(next, undefined);
      if (random.chance(0.6)) {
        const sign = BigInt.asIntN(random.pick([32, 64]), builder.gr[next] ?? 0n) < 0n ? -1n : 0n;
        builder.gr[number] = BigInt.asUintN(64, random.chance(0.3) ? BigInt(random.below(3)) : sign);
      }
      break;
    case "branch":
      builder.gr[number] = builder.branchTarget();
      break;
    case "small":
      builder.gr[number] = BigInt(random.below(64));
      break;
    case "address":
      builder.gr[number] = builder.dataAddress(64);
      builder.noteOperand(builder.gr[number] ?? 0n);
      builder.fill(builder.gr[number] ?? 0n, 64, random.chance(0.5) ? "characters" : "any");
      break;
    case "extent":
    case "extent2":
    case "extent24":
      setExtent(draft, number, role);
      break;
  }
}

function setExtent(
  { builder, random }: Draft,
  number: number,
  role: "extent" | "extent2" | "extent24",
): void {
  const any = random.chance(0.9)
    ? random.below(random.pick([4, 20, 80, 600]))
    : Number(edgeField(random, 14));
  const length = role === "extent2" && random.chance(0.95) ? any & ~1 : any;
  const address = builder.dataAddress(length);
  const high =
    role === "extent24" ? random.doubleword() & ~0xff_ffffn : random.chance(0.02) ? edgeInteger(random) : 0n;
  builder.gr[number] = address;
  builder.gr[(number + 1) & 15] = high | BigInt(length);
  builder.noteOperand(address);
  if (random.chance(0.9)) {
    builder.fill(address, Math.min(length, 700), random.pick(["characters", "any"]));
  }
}

function chooseRelative({ builder, fields, hints, instruction, random }: Draft, field: Field): void {
  const role = (field.name === "ri2" ? hints.ri2 : undefined)?.is ?? (field.width === 32 ? "data" : "branch");
  let target: bigint;
  switch (role) {
    case "branch":
      target = builder.branchTarget();
      break;
    case "executed":
      target = executedInstruction(builder);
      break;
    case "address":
    case "number":
      fields.set(field.name, edgeField(random, field.width));
      return;
    case "data":
      target = builder.alignedDataAddress(8) & ~1n;
      builder.fill(target, 8, floatFormat(instruction.mnemonic, "r2") === undefined ? "any" : "long");
      break;
  }
  fields.set(field.name, (target - builder.address) / 2n);
}

/** General registers 0 and 1 where the instruction uses them unasked. */
function fillImplied({ builder, hints, random }: Draft): void {
  if (hints.gr0 === "character") {
    const character = BigInt(random.pick([0x40, 0, random.below(256)]));
    const rest = random.chance(0.05) ? BigInt(random.below(0x100)) << 8n : 0n;
    builder.gr[0] = (random.doubleword() & (0xffff_ffffn << 32n)) | rest | character;
  } else if (hints.gr0 === "two-byte-character") {
    const rest = random.chance(0.05) ? BigInt(random.below(0x100)) << 16n : 0n;
    builder.gr[0] =
      (random.doubleword() & (0xffff_ffffn << 32n)) |
      rest |
      BigInt(random.pick([0x4040, 0, random.below(0x1_0000)]));
  } else if (hints.gr0 === "small") {
    builder.gr[0] = BigInt(random.below(4)) << BigInt(random.pick([0, 8, 16]));
  }
  if (hints.gr0 === "length") {
    builder.gr[0] = (random.doubleword() & ~0xffn) | edgeLength(random, 8);
  } else if (hints.gr0 === "functions") {
    builder.gr[0] = BigInt(random.below(4)) | (BigInt(random.below(6)) << 8n);
  }
  if (hints.gr1 === "table") {
    const address = builder.dataAddress(256) & ~7n;
    builder.gr[1] = address;
    builder.fill(address, 256, random.pick(["any", "table"]));
  }
}

function chooseStorageOperands(draft: Draft): void {
  const names = draft.instruction.format.fields.map(({ name }) => name);
  for (const which of [1, 2, 4] as const) {
    if (names.includes(`b${which}`)) {
      chooseStorageOperand(draft, which);
    }
  }
}

function chooseStorageOperand(draft: Draft, which: 1 | 2 | 4): void {
  const { builder, hints, random } = draft;
  const role: AddressRole = hints[`s${which}`] ?? { is: "data" };
  if (which === 2 && draft.instruction.format.name === "VRV") {
    chooseGatheredOperand(draft, role);
    return;
  }
  switch (role.is) {
    case "branch":
      formAddress(draft, which, builder.branchTarget());
      return;
    case "executed":
      formAddress(draft, which, executedInstruction(builder));
      return;
    case "number":
      formAddress(draft, which, random.chance(0.8) ? BigInt(random.below(128)) : edgeInteger(random));
      return;
    case "address":
      formAddress(draft, which, edgeInteger(random));
      return;
    case "data": {
      const length = role.length ?? operandLength(draft, which);
      const address = formAddress(
        draft,
        which,
        random.chance(0.5) ? builder.dataAddress(length) : builder.alignedDataAddress(roundUpToPower(length)),
      );
      builder.noteOperand(address);
      if (random.chance(0.95)) {
        builder.fill(address, length, role.kind ?? "any");
      }
      return;
    }
  }
}

/** An address of which an element of the second operand is part. */
function chooseGatheredOperand(draft: Draft, role: AddressRole): void {
  const { builder, fields, instruction, random } = draft;
  const width = instruction.mnemonic.endsWith("F") ? 32 : 64;
  const element = Number(fields.get("m3") ?? 0n) % (128 / width);
  const register = Number(fields.get("v2") ?? 0n);
  const distance = random.chance(0.9) ? BigInt(random.below(0x1000)) : edgeField(random, width);
  const shift = BigInt(128 - width * (element + 1));
  const mask = ((1n << BigInt(width)) - 1n) << shift;
  if (builder.vr !== undefined)
    builder.vr[register] = ((builder.vr[register] ?? 0n) & ~mask) | (distance << shift);
  const length = role.is === "data" ? (role.length ?? 8) : 8;
  const address = builder.dataAddress(length);
  formAddress(draft, 2, address - distance);
  builder.noteOperand(address);
  builder.fill(address, length, "any");
}

const roundUpToPower = (length: number): number =>
  length > 8 ? 16 : length > 4 ? 8 : length > 2 ? 4 : length;

/** Bytes of an operand for which no hint says how long it is. */
function operandLength({ fields, instruction }: Draft, which: 1 | 2 | 4): number {
  const code = fields.get(`l${which}`) ?? fields.get("l1") ?? fields.get("l2");
  if (code !== undefined) {
    return Number(code) + 1;
  }
  if (/^VR[XVS]/.test(instruction.format.name)) return 16;
  return instruction.format.name.startsWith("SI") && !instruction.format.name.startsWith("SIL") ? 1 : 8;
}

/** Chooses base, index and displacement that add up to an address; returns what they do add up to. */
function formAddress(
  { builder, fields, instruction, random }: Draft,
  which: 1 | 2 | 4,
  wanted: bigint,
): bigint {
  const displacementField = instruction.format.fields.find(({ name }) => name === `d${which}`);
  const indexed = instruction.format.fields.some(({ name }) => name === `x${which}`);
  const width = displacementField?.width ?? 12;
  const raw = random.chance(0.3) ? 0n : edgeField(random, width);
  const displacement = width === 20 ? BigInt.asIntN(20, raw) : raw;
  const base = random.chance(0.04) ? 0 : random.below(16);
  const index = !indexed || random.chance(0.4) ? 0 : random.below(16);
  fields.set(`d${which}`, raw);
  fields.set(`b${which}`, BigInt(base));
  if (indexed) {
    fields.set(`x${which}`, BigInt(index));
  }
  const rest = BigInt.asUintN(64, wanted - displacement);
  if (base !== 0 && base === index) {
    builder.gr[base] = rest >> 1n;
    return BigInt.asUintN(64, ((rest >> 1n) << 1n) + displacement);
  }
  if (base === 0 && index === 0) {
    return BigInt.asUintN(64, displacement);
  }
  if (index !== 0 && base !== 0) {
    builder.gr[index] = random.chance(0.5) ? BigInt(random.below(0x1000)) : edgeInteger(random);
    builder.gr[base] = BigInt.asUintN(64, rest - (builder.gr[index] ?? 0n));
  } else {
    builder.gr[base === 0 ? index : base] = rest;
  }
  return wanted;
}

/** Format of the binary floating-point operands, read off the mnemonic: AEBR short, CGDBR long, LXDBR long to extended. */
function floatFormat(mnemonic: string, field: string): BinaryFormat | undefined {
  const load = /^L([EDX])([EDX])[BT]?R?A?$/.exec(mnemonic);
  const letter =
    load === null
      ? /([EDX])(?:[BT]?R?A?|[BT]R[AT]?|R)$/.exec(mnemonic)?.[1]
      : field === "r1"
        ? load[1]
        : load[2];
  switch (letter) {
    case "E":
      return "short";
    case "D":
      return "long";
    case "X":
      return "extended";
    default:
      return undefined;
  }
}
