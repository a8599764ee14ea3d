/** Compiled engines of this process: a second machine like an earlier one starts at once, with code that is optimised already. */
import type { Instruction } from "@lockframe/instructions";
import type { StorageLayout } from "@lockframe/memory";
import { type EngineBytes, engineFile, readEngine, writeEngine } from "./engine-files.ts";
import type { Signature } from "./wasm/module.ts";

/** Kept at most; the one used longest ago goes first. */
const CAPACITY = 4;
const compiled = new Map<string, CompiledEngine>();

export interface CompiledEngine {
  readonly module: WebAssembly.Module;
  /** Exported functions that code made later may call. */
  readonly signatures: ReadonlyMap<string, Signature>;
}

/** Definitions are told apart by identity: another one may have the same name. */
const numbers = new WeakMap<Instruction, number>();
let lastNumber = 0;
function numberOf(definition: Instruction): number {
  const known = numbers.get(definition);
  if (known !== undefined) return known;
  lastNumber += 1;
  numbers.set(definition, lastNumber);
  return lastNumber;
}

/** All that the code of an engine depends on. */
export interface EngineIdentity {
  readonly definitions: readonly Instruction[];
  readonly layout: StorageLayout;
  readonly routines: readonly string[];
  /** How code that is made later is asked for. */
  readonly asking: string | undefined;
}

/** The module for an engine: of this process, or kept on disk, or made. */
export function compiledOnce(
  { definitions, layout, routines, asking }: EngineIdentity,
  make: () => EngineBytes,
): CompiledEngine {
  const { keysBase, pageStatesBase, codeMarksBase, exchangeBase, exchangeSize } = layout;
  const { form, storageBase, top, memories } = layout;
  const places = [
    form,
    keysBase,
    pageStatesBase,
    codeMarksBase,
    exchangeBase,
    exchangeSize,
    storageBase,
    top,
    memories,
  ];
  const all = JSON.stringify([places, routines, asking]);
  const key = JSON.stringify([all, definitions.map(numberOf)]);
  const engine = compiled.get(key) ?? compile(keptOrMade(engineFile(definitions, all), make));
  compiled.delete(key);
  compiled.set(key, engine);
  const [oldest] = compiled.keys();
  if (compiled.size > CAPACITY && oldest !== undefined) compiled.delete(oldest);
  return engine;
}

const compile = ({ bytes, signatures }: EngineBytes): CompiledEngine => ({
  module: new WebAssembly.Module(bytes),
  signatures,
});

function keptOrMade(file: string | undefined, make: () => EngineBytes): EngineBytes {
  if (file === undefined) return make();
  const kept = readEngine(file);
  if (kept !== undefined) return kept;
  const made = make();
  writeEngine(file, made);
  return made;
}
