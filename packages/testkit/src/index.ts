/** Vector runner, engine and QEMU judges, tiny guests. */
export * from "./judge/index.ts";
export { qemuDeviations } from "../judge/qemu-deviations.ts";
