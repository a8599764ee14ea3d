import { instructions } from "@lockframe/instructions";
import { expect, it } from "vitest";
import { EngineExecutor } from "./engine-executor.ts";
import { generateCases } from "./generate.ts";
import { notJudged } from "./hints.ts";

const interpreter = new EngineExecutor(instructions);
const compiled = new EngineExecutor(instructions, "jit-all");
const chosen = instructions.filter(({ mnemonic }) => !notJudged.has(mnemonic));

it("does the same when it is compiled as when it is interpreted", { timeout: 60_000 }, () => {
  for (const instruction of chosen) {
    for (const subject of generateCases(instruction, 3, "compiled")) {
      const hex = Buffer.from(subject.bytes).toString("hex");
      const outcome = { mnemonic: instruction.mnemonic, hex, ...compiled.execute(subject) };
      expect(outcome).toEqual({ mnemonic: instruction.mnemonic, hex, ...interpreter.execute(subject) });
    }
  }
});
