/** Vector runner, engine and QEMU judges, tiny guests. */
export { tinyGuest, tinyGuestCommands } from "./guests/tiny/index.ts";
