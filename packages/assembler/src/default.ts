/** The assembler for every instruction that the project knows. */
import { createAssembler, type AssembleOptions, type Assembler, type Program } from "./assembler.ts";
import { baseline } from "./baseline.ts";
import type { Source } from "./source.ts";

let assembler: Assembler | undefined;

/** {@link Assembler.assemble} with the whole instruction list. */
export function assemble(sources: string | Source | readonly Source[], options?: AssembleOptions): Program {
  assembler ??= createAssembler(baseline);
  return assembler.assemble(sources, options);
}
