import { instructions } from "@lockframe/instructions";
import { expect, it } from "vitest";
import { EngineExecutor } from "./engine-executor.ts";
import { generateCases } from "./generate.ts";
import { notJudged } from "./hints.ts";

const interpreter = new EngineExecutor(instructions);
const compiled = new EngineExecutor(instructions, "jit-all");
const beyond4GiB = new EngineExecutor(instructions, "jit-all", true);
const chosen = instructions.filter(({ mnemonic }) => !notJudged.has(mnemonic));

it("does the same when it is compiled as when it is interpreted", { timeout: 60_000 }, () => {
  for (const instruction of chosen) {
    generateCases(instruction, 3, "compiled").forEach((subject, n) => {
      const hex = Buffer.from(subject.bytes).toString("hex");
      const outcome = { mnemonic: instruction.mnemonic, hex, ...interpreter.execute(subject) };
      for (const engine of n === 0 ? [compiled, beyond4GiB] : [compiled])
        expect({ mnemonic: instruction.mnemonic, hex, ...engine.execute(subject) }).toEqual(outcome);
    });
  }
});
