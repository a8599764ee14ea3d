/** Vector runner, engine and QEMU judges, tiny guests. */
export { tinyGuest, tinyGuestCommands } from "./guests/tiny/index.ts";
export * from "./judge/index.ts";
export { qemuDeviations } from "../judge/qemu-deviations.ts";
export { explained } from "./explained.ts";
export { Random } from "./random.ts";
export * from "./disks/boot-disk.ts";
export * from "./disks/bootable-iso.ts";
