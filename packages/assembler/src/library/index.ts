/**
 * Routines that programs without an operating system need: loaders and test guests. Each is a source to
 * be assembled with the program that calls it.
 *
 * Conventions, those of Linux on this architecture: arguments and result in %r2 to %r5, return through
 * %r14, stack pointer in %r15 with 160 bytes free above it, %r6 to %r13 preserved. Programs run in 64-bit
 * mode with DAT off and all interruptions disabled.
 *
 * A program defines two symbols, addresses of pages below 64 KiB that the routines may use:
 *   sccb      the service-call control block
 *   scratch   variables and the line of text under construction
 */
export { assignedStorage } from "./assigned-storage.ts";
export { console } from "./console.ts";
export { serviceCall } from "./service-call.ts";
export { runtime } from "./runtime.ts";
export { texts } from "./texts.ts";
