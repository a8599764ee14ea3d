import { setTimeout as sleep } from "node:timers/promises";
import { instructions } from "@lockframe/instructions";
import { expect, it } from "vitest";
import { BackgroundCompiler, type WorkerAnswer } from "./background.ts";
import { BatchCompiler, type Target } from "./batch.ts";
import type { Signature } from "../wasm/module.ts";
import { regionSignature } from "./arrival.ts";
import type { Region } from "./region.ts";

const brancher = instructions.findIndex(({ mnemonic }) => mnemonic === "BCR");
const target: Target = {
  definitions: instructions,
  signatures: new Map<string, Signature>([
    ...["raise", "fetchSlow", "fetchOutside", "storeSlow", "storeOutside", "probeStore", "execute"].map(
      (name): [string, Signature] => [name, { parameters: ["i32"], results: [] }],
    ),
    ["chain", regionSignature],
  ]),
  form: "narrow",
  memories: [{ address: "i32", pages: 1 }],
};

/** BR, alone. */
function region(definition: number, register: number): Region {
  const branch = { always: true, distance: undefined, returns: register };
  const decoded = { place: 0, length: 2, word: (0x07f0n + BigInt(register)) << 48n, definition, branch };
  const block = { id: 0, distance: 0, instructions: [decoded], successors: [], backs: [] };
  const blocks = new Map([[0, block]]);
  const pages = new Set([1]);
  return {
    place: 0,
    absolute: 0x1234,
    offset: 0x234,
    entry: 0,
    blocks,
    pages,
    size: 1,
    lasting: false,
    traps: false,
  };
}

async function answerOf(compiler: BackgroundCompiler): Promise<WorkerAnswer> {
  for (;;) {
    const answer = compiler.poll();
    if (answer !== undefined) return answer;
    await sleep(5);
  }
}

it("compiles regions on a thread of its own", { timeout: 60_000 }, async () => {
  const compiler = BackgroundCompiler.for(target);
  if (compiler === undefined) throw new Error("all definitions are known");
  try {
    compiler.compile({ batch: 7, regions: [region(brancher, 14)] });
    compiler.compile({ batch: 8, regions: [region(instructions.length, 13)] });
    const answer = await answerOf(compiler);
    if (!("module" in answer)) throw new Error(answer.error);
    expect(answer.batch).toBe(7);
    expect(WebAssembly.Module.exports(answer.module).map(({ name }) => name)).toEqual(["region 1234"]);
    expect(await answerOf(compiler)).toMatchObject({
      batch: 8,
      error: expect.stringContaining("definition"),
    });
  } finally {
    await compiler.dispose();
  }
});

it.each([
  ["narrow", ["i32"], ["memory"]],
  ["wide", ["i32", "i64"], ["memory", "storage"]],
] as const)("in the %s form, code has memories with addresses of %s", (form, addresses, names) => {
  const memories = addresses.map((address) => ({ address, pages: 1 }));
  const module = new BatchCompiler({ ...target, form, memories }).compile([region(brancher, 14)]);
  const imported = WebAssembly.Module.imports(module).filter(({ kind }) => kind === "memory");
  expect(imported.map(({ name }) => name)).toEqual(names);
});

it("is not for definitions that the thread cannot know", () => {
  const [first] = instructions;
  if (first === undefined) throw new Error("there are no instructions");
  expect(BackgroundCompiler.for({ ...target, definitions: [{ ...first }] })).toBeUndefined();
});
