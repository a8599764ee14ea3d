/** What every instruction means, written once in a typed DSL. */
export * from "./dsl/index.ts";
export { instructions } from "./definitions/index.ts";
export { type Gap, gaps } from "./gaps/index.ts";
export { identify, operationCode } from "./identify.ts";
