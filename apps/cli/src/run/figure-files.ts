/** Files that a run leaves about itself: figures as JSON, and where the guest spent its time. */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { LockframeError } from "@lockframe/architecture";
import type { Machine } from "@lockframe/machine";
import type { Invocation } from "../invocation.ts";
import { type GuestSymbol, parseSymbols, perfMap } from "./perf-map.ts";
import { statsJson } from "./stop-report.ts";

/** Names of files, relative to the working directory. */
export interface FigureFiles {
  /** `--stats-json` */
  readonly statsJson?: string | undefined;
  /** `--perf-map` */
  readonly perfMap?: string | undefined;
  /** `--symbols`: System.map, or what `nm` or /proc/kallsyms print. */
  readonly symbols?: string | undefined;
}

/** @throws LockframeError LF-CLI-020 when it cannot be read or has no symbols */
export function readSymbols({ cwd }: Pick<Invocation, "cwd">, file: string): readonly GuestSymbol[] {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), "latin1");
  } catch (cause) {
    throw new LockframeError("LF-CLI-020", `the symbols cannot be read: ${String(cause)}`, undefined, {
      cause,
    });
  }
  const symbols = parseSymbols(text);
  if (symbols.length > 0) return symbols;
  throw new LockframeError(
    "LF-CLI-020",
    `${file} has no addresses of functions`,
    "Give a System.map, the output of nm, or /proc/kallsyms read by the guest's root.",
  );
}

export function writeFigures(
  { cwd }: Pick<Invocation, "cwd">,
  files: FigureFiles,
  machine: Pick<Machine, "stats" | "samples">,
  symbols: readonly GuestSymbol[] | undefined,
): void {
  if (files.statsJson !== undefined) writeFileSync(resolve(cwd, files.statsJson), statsJson(machine.stats()));
  if (files.perfMap !== undefined)
    writeFileSync(resolve(cwd, files.perfMap), perfMap(machine.samples(), symbols ?? []));
}
