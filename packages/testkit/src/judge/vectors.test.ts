import { instructions } from "@lockframe/instructions";
import { describe, expect, it } from "vitest";
import { describeCase } from "./describe.ts";
import { EngineExecutor } from "./engine-executor.ts";
import { notJudged } from "./hints.ts";
import { instructionsWithVectors, runVectors } from "./vector-files.ts";

const engines = {
  "small storage": new EngineExecutor(instructions),
  "storage beyond 4 GiB": new EngineExecutor(instructions, "interpreter", true),
} as const;
const judged = instructions.filter(({ mnemonic }) => !notJudged.has(mnemonic));

describe("golden vectors of the instructions", () => {
  it("exist for every instruction that can be judged", () => {
    const kept = new Set(instructionsWithVectors());
    expect(judged.map(({ mnemonic }) => mnemonic).filter((mnemonic) => !kept.has(mnemonic))).toEqual([]);
  });

  it("belong to an instruction", () => {
    const known = new Set(judged.map(({ mnemonic }) => mnemonic));
    expect(instructionsWithVectors().filter((mnemonic) => !known.has(mnemonic))).toEqual([]);
  });

  it.each(judged.map((instruction) => [instruction.mnemonic, instruction] as const))(
    "%s does what its vectors say",
    (mnemonic, instruction) => {
      for (const [where, engine] of Object.entries(engines)) {
        const { failures } = runVectors(mnemonic, engine);
        const told = failures.map(({ subject, differences }) => ({
          case: describeCase(instruction, subject),
          differences,
        }));
        expect(told, where).toEqual([]);
      }
    },
  );
});
