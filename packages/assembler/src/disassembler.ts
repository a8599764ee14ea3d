/** Instructions to source text. */
import type { OperandSyntax } from "@lockframe/architecture";
import {
  createDecoder,
  instructionLength,
  type DecodedInstruction,
  type InstructionEncoding,
} from "./encoding.ts";
import { formsOf, type Form } from "./forms.ts";
import { registerFileOf, registerLetters } from "./register-files.ts";

export interface DisassembledLine {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Source text that assembles to these bytes at this address. */
  readonly text: string;
  /** Undefined where the list has no such instruction; the text is then a data directive. */
  readonly instruction: DecodedInstruction | undefined;
}

export interface DisassembleOptions {
  /** Address of the first byte. */
  readonly address?: number | bigint;
  /** A name for an address that a relative operand means. */
  readonly nameOf?: (address: bigint) => string | undefined;
}

export interface Disassembler {
  /** Everything, line by line; what is no instruction becomes data. */
  disassemble(bytes: Uint8Array, options?: DisassembleOptions): DisassembledLine[];
  /** The text of one decoded instruction. */
  format(instruction: DecodedInstruction, options?: DisassembleOptions): string;
}

export function createDisassembler(encodings: readonly InstructionEncoding[]): Disassembler {
  const decode = createDecoder(encodings);
  const forms = formsByEncoding(encodings);
  const format = (instruction: DecodedInstruction, options: DisassembleOptions = {}): string =>
    formatInstruction(instruction, forms, options);
  return {
    format,
    disassemble(bytes, options = {}) {
      const lines: DisassembledLine[] = [];
      const start = BigInt(options.address ?? 0);
      for (let at = 0; at < bytes.length;) {
        const address = start + BigInt(at);
        const instruction = decode(bytes.subarray(at));
        const length = instruction?.length ?? unknownLength(bytes, at);
        const own = bytes.slice(at, at + length);
        const text = instruction === undefined ? data(own) : format(instruction, { ...options, address });
        lines.push({ address, bytes: own, text, instruction });
        at += length;
      }
      return lines;
    },
  };
}

/** Like the machine: the first two bits say how long even an unknown instruction is. */
function unknownLength(bytes: Uint8Array, at: number): number {
  return Math.min(instructionLength(bytes[at] ?? 0), bytes.length - at);
}

function data(bytes: Uint8Array): string {
  return `.byte ${Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(",")}`;
}

/** The forms of each instruction, those that settle a mask before the plain one. */
function formsByEncoding(
  encodings: readonly InstructionEncoding[],
): ReadonlyMap<InstructionEncoding, readonly Form[]> {
  const byEncoding = new Map<InstructionEncoding, Form[]>();
  for (const form of formsOf(encodings).values()) {
    byEncoding.set(form.encoding, [...(byEncoding.get(form.encoding) ?? []), form]);
  }
  const settles = (form: Form): number => Object.keys(form.settled).length;
  for (const forms of byEncoding.values()) forms.sort((a, b) => settles(b) - settles(a));
  return byEncoding;
}

function formatInstruction(
  instruction: DecodedInstruction,
  forms: ReadonlyMap<InstructionEncoding, readonly Form[]>,
  options: DisassembleOptions,
): string {
  const { encoding, fields } = instruction;
  const form = forms
    .get(encoding)
    ?.find(({ settled }) => Object.entries(settled).every(([field, value]) => fields[field] === value));
  const syntax = form?.syntax ?? encoding.format.syntax;
  const operands = syntax.map((operand) => formatOperand(operand, instruction, options));
  while (operands.length > 0 && mayOmit(syntax[operands.length - 1], instruction)) operands.pop();
  return `${form?.name ?? encoding.mnemonic.toLowerCase()} ${operands.join(",")}`.trim();
}

function mayOmit(operand: OperandSyntax | undefined, { fields }: DecodedInstruction): boolean {
  return operand?.kind === "field" && operand.optional === true && fields[operand.field] === 0;
}

function formatOperand(
  operand: OperandSyntax,
  instruction: DecodedInstruction,
  options: DisassembleOptions,
): string {
  if (operand.kind === "field") return formatField(operand.field, instruction, options);
  const { fields } = instruction;
  const value = (name: string): number => fields[name] ?? 0;
  const register = (name: string): string => (value(name) === 0 ? "0" : `%r${value(name)}`);
  const displacement = `${value(operand.displacement)}`;
  const base = value(operand.base) === 0 ? "" : register(operand.base);
  switch (operand.kind) {
    case "bd":
      return base === "" ? displacement : `${displacement}(${base})`;
    case "bxd": {
      if (value(operand.index) !== 0) return `${displacement}(${register(operand.index)},${base || "0"})`;
      return base === "" ? displacement : `${displacement}(${base})`;
    }
    case "bdl":
      return `${displacement}(${value(operand.length) + 1}${base && `,${base}`})`;
    case "bdr": {
      const name = formatField(operand.register, instruction, options);
      // A lone register is a base to other assemblers, where the first one is a vector register.
      const second = base === "" && name.startsWith("%v") ? "0" : base;
      return `${displacement}(${name}${second && `,${second}`})`;
    }
  }
}

function formatField(name: string, instruction: DecodedInstruction, options: DisassembleOptions): string {
  const { encoding, fields } = instruction;
  const field = encoding.format.fields.find((candidate) => candidate.name === name);
  const value = fields[name] ?? 0;
  if (field?.kind === "r" || field?.kind === "v") {
    return `%${registerLetters[registerFileOf(encoding, field)]}${value}`;
  }
  if (field?.kind === "l") return `${value + 1}`;
  if (field?.kind !== "ri") return `${value}`;
  const target = BigInt(options.address ?? 0) + 2n * BigInt(value);
  return options.nameOf?.(target) ?? (target < 0n ? `${target}` : `0x${target.toString(16)}`);
}
