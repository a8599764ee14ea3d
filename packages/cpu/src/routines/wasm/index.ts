/** Every routine that the engine has in WebAssembly, by the name that definitions declare with `wasmRoutine`. */
import type { Storage } from "@lockframe/memory";
import type { Runtime } from "../../runtime.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { buildArithmeticRoutines } from "./arithmetic.ts";
import { buildBlockRoutines } from "./blocks.ts";
import { buildLongOperandRoutines } from "./long-operands.ts";
import { buildOptionalSpecificationRoutines } from "./optional-specifications.ts";
import { buildStringRoutines } from "./strings.ts";
import { buildTranslationRoutines } from "./translate.ts";
import { buildVectorRoutines } from "./vectors.ts";

export const buildWasmRoutines = (
  module: ModuleBuilder,
  storage: Storage,
  runtime: Runtime,
  /** Number of a host routine, by name. */
  hostRoutine: (name: string) => number | undefined,
): ReadonlyMap<string, number> =>
  new Map([
    ...buildBlockRoutines(module, storage, runtime),
    ...buildLongOperandRoutines(module, runtime),
    ...buildOptionalSpecificationRoutines(module, runtime, hostRoutine),
    ...buildStringRoutines(module, runtime),
    ...buildTranslationRoutines(module, runtime),
    ...buildArithmeticRoutines(module, runtime),
    ...buildVectorRoutines(module, runtime),
  ]);
