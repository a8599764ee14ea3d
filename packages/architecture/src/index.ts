/** Facts of the z/Architecture Principles of Operation: formats, PSW, codes, assigned storage, facility bits. */
export * from "./ebcdic.ts";
export * from "./errors.ts";
export * from "./formats.ts";
export * from "./program-interruption.ts";
export * from "./cpu-models.ts";
export * from "./facilities.ts";
