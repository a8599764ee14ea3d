import type { Command } from "commander";
import type { ExitName } from "./exit-status.ts";
import type { Invocation } from "./invocation.ts";

/** What every verb works with. */
export interface Context {
  readonly invocation: Invocation;
  /** Run a verb's body; its result becomes the exit status, nothing means ok. */
  action(body: () => Promise<ExitName | void>): Promise<void>;
}

/** Adds a verb to the program. One file in `commands/` each. */
export type Register = (program: Command, context: Context) => Command;

/** The end of a verb's `--help`. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}

/** For options that may be given several times. */
export function collect(value: string, sofar: readonly string[] | undefined): string[] {
  return [...(sofar ?? []), value];
}
