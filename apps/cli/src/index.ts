/** The `lockframe` command as a function, for tests and for those who embed it. */
export { exitOf, exitStatus, exitStatusPage } from "./exit-status.ts";
export type { Invocation } from "./invocation.ts";
export { main } from "./program.ts";
