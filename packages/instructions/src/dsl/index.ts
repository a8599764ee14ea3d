/** The language in which instructions are written. */
export * from "./body.ts";
export * from "./expression.ts";
export * from "./floating.ts";
export * from "./fused.ts";
export * from "./instruction.ts";
export * from "./routines.ts";
export * from "./vector.ts";
