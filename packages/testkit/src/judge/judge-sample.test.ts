import { instructions } from "@lockframe/instructions";
import { describe, expect, it } from "vitest";
import { qemuDeviations } from "../../judge/qemu-deviations.ts";
import { EngineExecutor } from "./engine-executor.ts";
import { generateCases } from "./generate.ts";
import { notJudged } from "./hints.ts";
import { compareCases, type Judgement } from "./judge-instruction.ts";
import { QemuJudge } from "./qemu.ts";
import { referenceJudgeFor } from "./reference-judge.ts";

const casesEach = 20;
const engine = new EngineExecutor(instructions);
const judged = instructions.filter(({ mnemonic }) => !notJudged.has(mnemonic));
const failing = (judgements: readonly Judgement[]): Judgement[] =>
  judgements.filter(({ failed }) => failed > 0);

describe("a sample of what `pnpm judge:instructions` compares", () => {
  it.skipIf(!QemuJudge.available())(
    "agrees with qemu-s390x (needs qemu-user-static)",
    async () => {
      using qemu = QemuJudge.open();
      const batches = judged
        .filter((instruction) => referenceJudgeFor(instruction) === undefined)
        .map((instruction) => ({ instruction, cases: generateCases(instruction, casesEach, "sample") }));
      const opinions = await qemu.judge(batches.flatMap(({ cases }) => cases));
      const judgements = batches.map(
        ({ instruction, cases }, index) =>
          compareCases(
            instruction,
            engine,
            cases,
            opinions.slice(index * casesEach, (index + 1) * casesEach),
            qemuDeviations,
          ).judgement,
      );
      expect(failing(judgements)).toEqual([]);
    },
    120_000,
  );

  it("agrees with the references", async () => {
    const judgements: Judgement[] = [];
    for (const instruction of judged) {
      const judge = referenceJudgeFor(instruction);
      if (judge === undefined) continue;
      const cases = generateCases(instruction, casesEach, "sample");
      const opinions = await judge.judge(cases);
      judgements.push(compareCases(instruction, engine, cases, opinions, qemuDeviations).judgement);
    }
    expect(judgements.length).toBeGreaterThan(50);
    expect(failing(judgements)).toEqual([]);
  });
});
