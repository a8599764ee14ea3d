/** Compiled engines of this process: a second machine like an earlier one starts at once, with code that is optimised already. */
import type { Instruction } from "@lockframe/instructions";
import type { StorageLayout } from "@lockframe/memory";

/** Kept at most; the one used longest ago goes first. */
const CAPACITY = 4;
const compiled = new Map<string, WebAssembly.Module>();

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
}

/** The module for an engine, compiled when there is none yet. */
export function compiledOnce(
  { definitions, layout, routines }: EngineIdentity,
  compile: () => WebAssembly.Module,
): WebAssembly.Module {
  const { keysBase, pageStatesBase, exchangeBase, exchangeSize, storageBase, top, wasmPages } = layout;
  const places = [keysBase, pageStatesBase, exchangeBase, exchangeSize, storageBase, top, wasmPages];
  const key = JSON.stringify([places, routines, definitions.map(numberOf)]);
  const module = compiled.get(key) ?? compile();
  compiled.delete(key);
  compiled.set(key, module);
  const [oldest] = compiled.keys();
  if (compiled.size > CAPACITY && oldest !== undefined) compiled.delete(oldest);
  return module;
}
