/** Decimal instructions as pure functions on bytes. */
export * from "./arithmetic.ts";
export * from "./conversion.ts";
export * from "./edit.ts";
export { type DecimalException, type DecimalFailure, type PackedResult, isFailure } from "./packed.ts";
export * from "./zoned.ts";
