/**
 * Engines kept on disk, beside the sources that Node keeps compiled there (`module.enableCompileCache`): making one anew takes
 * half a second. What is kept depends on every source file that it is made by, and has a digest of its own; whatever is wrong
 * with a file, it counts as missing.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Instruction, instructions } from "@lockframe/instructions";
import type { Signature } from "./wasm/module.ts";

/** A module's bytes, and the signatures of what it exports. */
export interface EngineBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signatures: ReadonlyMap<string, Signature>;
}

/** Kept at most; the one written longest ago goes first. */
const CAPACITY = 8;
const DIGEST = 32;
const ENDING = ".engine";

/** Packages whose sources make an engine. */
const makers = ["@lockframe/architecture", "@lockframe/instructions", "@lockframe/memory"];

/**
 * Where an engine is kept, or undefined where nothing is: no directory, or definitions that only a test knows.
 *
 * @param places all else that its bytes depend on
 */
export function engineFile(
  definitions: readonly Instruction[],
  places: string,
  directory = getCompileCacheDir(),
): string | undefined {
  if (directory === undefined) return undefined;
  const numbers = new Map(instructions.map((definition, n) => [definition, n]));
  const chosen = definitions.map((definition) => numbers.get(definition) ?? -1);
  if (chosen.includes(-1)) return undefined;
  const hash = createHash("sha256").update(JSON.stringify([places, chosen]));
  try {
    const roots = makers.map((name) => dirname(fileURLToPath(import.meta.resolve(name))));
    for (const root of [import.meta.dirname, ...roots]) addSources(hash, root);
  } catch {
    return undefined; // sources that cannot be read do not vouch for anything
  }
  return join(directory, "engines", hash.digest("hex") + ENDING);
}

function addSources(hash: ReturnType<typeof createHash>, folder: string): void {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) addSources(hash, path);
    else if (/(?<!\.test)\.[jt]s$/.test(entry.name)) hash.update(`\0${path}\0`).update(readFileSync(path));
  }
}

/** What a file has; undefined when it is not there, or not as it was written. */
export function readEngine(file: string): EngineBytes | undefined {
  try {
    const content = readFileSync(file);
    const body = content.subarray(DIGEST);
    if (!digestOf(body).equals(content.subarray(0, DIGEST))) return undefined;
    const length = body.readUInt32LE(0);
    const signatures = JSON.parse(body.toString("utf8", 4, 4 + length)) as [string, Signature][];
    return { bytes: new Uint8Array(body.subarray(4 + length)), signatures: new Map(signatures) };
  } catch {
    return undefined; // not there, mostly
  }
}

/** Keep an engine, if that can be done: as a whole or not at all. */
export function writeEngine(file: string, { bytes, signatures }: EngineBytes): void {
  const head = Buffer.from(JSON.stringify([...signatures]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const body = Buffer.concat([length, head, bytes]);
  const folder = dirname(file);
  const temporary = `${file}.${process.pid}`;
  const written = succeeds(() => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(temporary, Buffer.concat([digestOf(body), body]));
    renameSync(temporary, file);
    forgetOldest(folder);
  });
  if (!written) succeeds(() => rmSync(temporary, { force: true }));
}

/** A full or locked disk is no reason not to start: the next start makes an engine again. */
function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

function forgetOldest(folder: string): void {
  const files = readdirSync(folder)
    .map((name) => join(folder, name))
    .map((path) => ({ path, written: statSync(path).mtimeMs }))
    .toSorted((a, b) => b.written - a.written);
  for (const { path } of files.slice(CAPACITY)) rmSync(path, { force: true });
}

const digestOf = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
