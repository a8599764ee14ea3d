export * from "./interpreter.ts";
