/** Vector files: golden cases of each instruction, kept with the definitions. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Case, Executor } from "./case.ts";
import { caseFromJson, type CaseJson, type VectorFile } from "./case-json.ts";
import { compareOutcomes, type Difference } from "./compare.ts";

const folder = fileURLToPath(new URL("../../../instructions/vectors", import.meta.url));

const pathOf = (mnemonic: string): string => join(folder, `${mnemonic.toLowerCase()}.json`);

/** The vector file of an instruction, if it has one. */
export function readVectors(mnemonic: string): VectorFile | undefined {
  const path = pathOf(mnemonic);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as VectorFile) : undefined;
}

/** Mnemonics that have vectors, in capital letters. */
export function instructionsWithVectors(): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => name.replace(".json", "").toUpperCase()) : [];
}

/** Writes an instruction's vectors, one case a line. */
export function writeVectors({ mnemonic, title, provenance, cases }: VectorFile): void {
  mkdirSync(folder, { recursive: true });
  const lines = cases.map((vector: CaseJson) => `  ${JSON.stringify(vector)}`);
  const head = JSON.stringify({ mnemonic, title, provenance }).slice(1, -1);
  writeFileSync(pathOf(mnemonic), `{${head},"cases":[\n${lines.join(",\n")}\n]}\n`);
}

/** A vector that an executor fails. */
export interface VectorFailure {
  readonly mnemonic: string;
  /** Position in the file, from 0. */
  readonly index: number;
  readonly subject: Case;
  readonly differences: readonly Difference[];
}

/** What came of an instruction's vectors; `missing` when it has none. */
export interface VectorRun {
  readonly mnemonic: string;
  readonly missing: boolean;
  readonly passed: number;
  readonly failures: readonly VectorFailure[];
}

/** Runs an instruction's vectors. */
export function runVectors(mnemonic: string, executor: Executor): VectorRun {
  const file = readVectors(mnemonic);
  const failures = (file?.cases ?? []).flatMap((json, index): VectorFailure[] => {
    const subject = caseFromJson(mnemonic, json);
    const differences = compareOutcomes(subject.after, executor.execute(subject));
    return differences.length === 0 ? [] : [{ mnemonic, index, subject, differences }];
  });
  const count = file?.cases.length ?? 0;
  return { mnemonic, missing: count === 0, passed: count - failures.length, failures };
}
