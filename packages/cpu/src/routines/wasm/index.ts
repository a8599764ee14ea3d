/** Every routine that the engine has in WebAssembly, by the name that definitions declare with `wasmRoutine`. */
import type { Storage } from "@lockframe/memory";
import type { Runtime } from "../../runtime.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { defineChecksum } from "./checksum.ts";
import { buildBlockRoutines } from "./blocks.ts";
import { buildControlRoutines } from "./control.ts";
import { buildDatTableRoutines } from "./dat-tables.ts";
import { buildExtendedFloatingPointRoutines } from "./extended-floating-point.ts";
import { buildLongOperandRoutines } from "./long-operands.ts";
import { buildOptionalSpecificationRoutines } from "./optional-specifications.ts";
import { buildRealAddressRoutines } from "./real-addresses.ts";
import { buildStringRoutines } from "./strings.ts";
import { buildTimingRoutines } from "./timing.ts";
import { buildTranslationRoutines } from "./translate.ts";
import { buildVectorRoutines } from "./vectors.ts";

export const buildWasmRoutines = (
  module: ModuleBuilder,
  storage: Storage,
  runtime: Runtime,
  /** Number of a host routine, by name. */
  hostRoutine: (name: string) => number | undefined,
  /** Number of the import that gives host nanoseconds. */
  hostNanoseconds: number,
): ReadonlyMap<string, number> =>
  new Map([
    ...buildDatTableRoutines(module, runtime),
    ...buildControlRoutines(module, runtime),
    ...buildBlockRoutines(module, runtime),
    ...buildLongOperandRoutines(module, runtime),
    ...buildOptionalSpecificationRoutines(module, runtime, hostRoutine),
    ...buildStringRoutines(module, runtime),
    ...buildRealAddressRoutines(module, storage, runtime, hostRoutine),
    ...buildTimingRoutines(module, runtime, hostNanoseconds),
    ...buildTranslationRoutines(module, runtime),
    ["checksum", defineChecksum(module, runtime)],
    ...buildVectorRoutines(module, runtime),
    ...buildExtendedFloatingPointRoutines(module),
  ]);
