/** s390x assembler and disassembler derived from the instruction table. */
export {
  createAssembler,
  type AssembleOptions,
  type Assembler,
  type ListingLine,
  type Program,
} from "./assembler.ts";
export { assemble } from "./default.ts";
export { AssemblyError, codes, type Diagnostic, type Place } from "./diagnostic.ts";
export {
  createDisassembler,
  type DisassembledLine,
  type DisassembleOptions,
  type Disassembler,
} from "./disassembler.ts";
export {
  createDecoder,
  encode,
  fieldRange,
  instructionLength,
  type DecodedInstruction,
  type FieldValues,
  type InstructionEncoding,
} from "./encoding.ts";
export { registerFileOf, type RegisterFileName } from "./register-files.ts";
export * as library from "./library/index.ts";
export { asm, type Source } from "./source.ts";
