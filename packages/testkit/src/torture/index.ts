/** Guests that torture an engine, and the bare machine that runs them. */
export { Bench, type Ending } from "../engines/program.ts";
export { randomFrom } from "../judge/random.ts";
export * from "./programs.ts";
