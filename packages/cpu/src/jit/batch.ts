/** Many regions as one WebAssembly module: a module costs more than the code in it. */
import type { Instruction, Recording, Statement } from "@lockframe/instructions";
import type { MemoryType, StorageForm } from "@lockframe/memory";
import { ModuleBuilder, type Signature } from "../wasm/module.ts";
import { regionSignature } from "./arrival.ts";
import { type RegionCallees, compile } from "./compile.ts";
import { Meanings, type UnderstoodRegion } from "./meanings.ts";
import type { Region } from "./region.ts";

/** What code depends on that is the same for all regions of a machine. */
export interface Target {
  /** Definitions by the number that decoded instructions have. */
  readonly definitions: readonly Instruction[];
  /** Signatures of the functions that regions may call, by name. */
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly form: StorageForm;
  readonly memories: readonly MemoryType[];
}

/** Functions that all regions may call, beside routines. */
const always = [
  "raise",
  "fetchSlow",
  "fetchOutside",
  "storeSlow",
  "storeOutside",
  "probeStore",
  "execute",
  "chain",
];

export class BatchCompiler {
  readonly #target: Target;
  readonly #meanings: Meanings;

  constructor(target: Target) {
    this.#target = target;
    this.#meanings = new Meanings(target.definitions);
  }

  /** The module; it exports each region's function by `exportName`. */
  compile(batch: readonly Region[]): WebAssembly.Module {
    const regions = batch.map((region) => this.#meanings.understand(region));
    const module = new ModuleBuilder();
    const callees = this.#callees(module, regions);
    const { parameters, results } = regionSignature;
    for (const region of regions) {
      const index = module.declare(exportName(region), parameters, results, true);
      module.define(index, compile(region, callees));
    }
    return new WebAssembly.Module(module.finish(this.#target.memories));
  }

  #callees(module: ModuleBuilder, regions: readonly UnderstoodRegion[]): RegionCallees {
    const numbers = new Map<string, number>();
    for (const name of neededBy(regions)) {
      const signature = this.#target.signatures.get(name);
      if (signature === undefined) throw new Error(`there is no function ${name}`);
      numbers.set(name, module.importFunction(name, signature.parameters, signature.results));
    }
    const number = (name: string): number => {
      const known = numbers.get(name);
      if (known === undefined) throw new Error(`function ${name} is not imported`);
      return known;
    };
    return {
      form: this.#target.form,
      raise: number("raise"),
      fetchSlow: number("fetchSlow"),
      fetchOutside: number("fetchOutside"),
      storeSlow: number("storeSlow"),
      storeOutside: number("storeOutside"),
      probeStore: number("probeStore"),
      execute: number("execute"),
      chain: number("chain"),
      routine: (name) => number(`routine ${name}`),
    };
  }
}

export const exportName = ({ absolute }: { readonly absolute: number }): string =>
  `region ${absolute.toString(16)}`;

/** Names of the functions that regions call. */
function neededBy(regions: readonly UnderstoodRegion[]): ReadonlySet<string> {
  const names = new Set(always);
  for (const region of regions)
    for (const block of region.blocks.values())
      for (const { recording } of block.instructions)
        for (const name of routinesOf(recording)) names.add(`routine ${name}`);
  return names;
}

const routinesBy = new WeakMap<Recording, readonly string[]>();

function routinesOf(recording: Recording): readonly string[] {
  const known = routinesBy.get(recording);
  if (known !== undefined) return known;
  const names: string[] = [];
  const visit = (s: Statement): void => {
    if (s.kind === "call") names.push(s.routine.name);
    else if (s.kind === "if") for (const arm of [s.taken, s.otherwise]) arm.statements.forEach(visit);
  };
  recording.statements.forEach(visit);
  routinesBy.set(recording, names);
  return names;
}
