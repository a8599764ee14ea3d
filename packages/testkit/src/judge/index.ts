export * from "./case.ts";
export * from "./compare.ts";
export * from "./encoding.ts";
export * from "./generate.ts";
export { notJudged } from "./hints.ts";
export * from "./judge-instruction.ts";
export * from "./qemu.ts";
export * from "./window-contents.ts";
