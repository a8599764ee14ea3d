/** Arithmetic of binary floating point (BFP), exact and independent of any CPU. */
export * from "./arithmetic.ts";
export * from "./comparison.ts";
export * from "./conversion.ts";
export * from "./divide-to-integer.ts";
export * from "./exceptions.ts";
export * from "./extremum.ts";
export * from "./format.ts";
export * from "./rounding-mode.ts";
