import { LockframeError } from "@lockframe/architecture";
import { CommanderError } from "commander";
import { type ExitName } from "./exit-status.ts";
import { colorsFor, type Invocation, print } from "./invocation.ts";

/** An error as the person at the terminal reads it: who, code, message; then the hint. Returns the exit status. */
export function reportError(error: unknown, { stderr, env }: Pick<Invocation, "stderr" | "env">): ExitName {
  const colors = colorsFor(stderr, env);
  if (error instanceof CommanderError) return error.exitCode === 0 ? "ok" : "usage";
  if (error instanceof LockframeError) {
    print(stderr, `${colors.red("lockframe:")} ${colors.bold(error.code)}: ${error.message}`);
    if (error.hint !== undefined) print(stderr, `${colors.dim("hint:")} ${error.hint}`);
    if (env["LOCKFRAME_DEBUG"] !== undefined) print(stderr, error.stack);
    return exitOfCode(error.code);
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  print(stderr, `${colors.red("lockframe:")} internal error, a bug in Lockframe`);
  print(stderr, shown);
  return "internal";
}

/** Errors that say that the command line is wrong, whatever package found it. */
const USAGE = /^LF-(?:CLI-00[12]|IMAGE-08\d)$/;

function exitOfCode(code: string): ExitName {
  if (code === "LF-UNIMPLEMENTED") return "unimplemented";
  return USAGE.test(code) ? "usage" : "failed";
}

/** Something odd that does not stop the command. */
export function warn({ stderr, env }: Pick<Invocation, "stderr" | "env">, message: string): void {
  print(stderr, `${colorsFor(stderr, env).yellow("lockframe: warning:")} ${message}`);
}

/** Something worth knowing. */
export function note({ stderr, env }: Pick<Invocation, "stderr" | "env">, message: string): void {
  print(stderr, `${colorsFor(stderr, env).dim("lockframe:")} ${message}`);
}
