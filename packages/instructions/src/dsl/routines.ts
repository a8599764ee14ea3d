/**
 * Routines: algorithms that instructions share and that are too long for an expression.
 *
 * A definition calls a routine by its declaration here; `@lockframe/cpu` holds the one implementation that
 * both engines use. `wasm` routines live in the engine's WebAssembly (hot); `host` routines are
 * TypeScript (rare, or heavy). Both return -1 when they have ended the instruction (a program
 * interruption, or a PSW they have replaced) and otherwise a number, in most cases a condition code.
 */
export interface Routine {
  readonly name: string;
  readonly where: "wasm" | "host";
  readonly parameters: readonly ("i32" | "i64")[];
}

const declared = new Map<string, Routine>();

function routine(where: Routine["where"], name: string, parameters: Routine["parameters"]): Routine {
  const known = declared.get(name);
  if (known !== undefined) throw new Error(`routine ${name} is declared twice`);
  const made: Routine = { name, where, parameters };
  declared.set(name, made);
  return made;
}

export const wasmRoutine = (name: string, ...parameters: ("i32" | "i64")[]): Routine =>
  routine("wasm", name, parameters);
export const hostRoutine = (name: string, ...parameters: ("i32" | "i64")[]): Routine =>
  routine("host", name, parameters);

/** Every routine that a loaded definition names. */
export const routines = (): readonly Routine[] => [...declared.values()];
