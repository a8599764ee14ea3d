/** The embedded loader: finds what zipl, or the maker of an optical medium, prepared to be started. */
export { openBootDisk, type BootDisk, type DiskMenu } from "./boot-disk.ts";
export { chooseEntry, type MenuChoice, type MenuSettings } from "./boot-menu.ts";
export type { Medium } from "./block-reader.ts";
export { LoaderError } from "./loader-error.ts";
export type { Program, ProgramPiece } from "./program.ts";
