import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Instruction, instructions } from "@lockframe/instructions";
import { afterAll, expect, test } from "vitest";
import { type EngineBytes, engineFile, readEngine, writeEngine } from "./engine-files.ts";

const folder = mkdtempSync(join(tmpdir(), "lockframe-engines-"));
afterAll(() => rmSync(folder, { recursive: true }));

const engine: EngineBytes = {
  bytes: Uint8Array.of(0, 0x61, 0x73, 0x6d),
  signatures: new Map([["raise", { parameters: ["i32", "i64"], results: [] }]]),
};
const [first] = instructions;
const stranger: Instruction | undefined = first && { ...first };

test("an engine is kept whole, and found again where sources and places are the same", () => {
  const file = join(folder, "engines", "a.engine");
  expect(readEngine(file)).toBeUndefined();
  writeEngine(file, engine);
  expect(readEngine(file)).toEqual(engine);
  expect(readdirSync(join(folder, "engines"))).toEqual(["a.engine"]);
});

test.each([
  ["cut", (bytes: Buffer) => bytes.subarray(0, -1)],
  ["with a byte changed", (bytes: Buffer) => bytes.fill(1, bytes.length - 2)],
  ["empty", () => Buffer.alloc(0)],
])("a file that is %s counts as missing", (_, change) => {
  const file = join(folder, "engines", "broken.engine");
  writeEngine(file, engine);
  writeFileSync(file, change(readFileSync(file)));
  expect(readEngine(file)).toBeUndefined();
});

test("the oldest go when there are many", () => {
  const many = join(folder, "many");
  for (let n = 0; n < 12; n++) writeEngine(join(many, `${n}.engine`), engine);
  expect(readdirSync(many)).toHaveLength(8);
});

test("a directory that cannot be made is no error", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  expect(() => writeEngine(join(file, "engines", "a.engine"), engine)).not.toThrow();
});

test("what bytes depend on names the file, and definitions of a test's own are kept nowhere", () => {
  const name = (places: string) => engineFile(instructions, places, folder);
  expect(name("[1]")).toMatch(/[0-9a-f]{64}\.engine$/);
  expect(name("[1]")).toBe(name("[1]"));
  expect(name("[2]")).not.toBe(name("[1]"));
  expect(engineFile(instructions.slice(1), "[1]", folder)).not.toBe(name("[1]"));
  expect(stranger && engineFile([stranger], "[1]", folder)).toBeUndefined();
  expect(engineFile(instructions, "[1]", undefined)).toBeUndefined();
});
