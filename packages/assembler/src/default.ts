/** The assembler for every instruction that the project knows. */
import { instructions } from "@lockframe/instructions";
import { createAssembler, type AssembleOptions, type Assembler, type Program } from "./assembler.ts";
import type { Source } from "./source.ts";

let assembler: Assembler | undefined;

/** {@link Assembler.assemble} with the whole instruction list. */
export function assemble(sources: string | Source | readonly Source[], options?: AssembleOptions): Program {
  assembler ??= createAssembler(instructions);
  return assembler.assemble(sources, options);
}
