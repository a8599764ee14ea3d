/** `pnpm judge:instructions`: the instruction definitions against qemu-s390x, and against plain references where QEMU lacks them. */
import { instructions } from "@lockframe/instructions";
import { LockframeError } from "@lockframe/architecture";
import {
  chooseVectors,
  type Judgement,
  EngineExecutor,
  explained,
  judgeInstruction,
  notJudged,
  QemuJudge,
  qemuDeviations,
  referenceJudgeFor,
  writeVectors,
} from "@lockframe/testkit";
import { type JudgeArguments, readArguments, usage } from "./arguments.ts";
import { reportLines, summaryLines } from "./report.ts";

async function main(wanted: JudgeArguments): Promise<number> {
  const unknown = wanted.mnemonics.filter((name) => !instructions.some(({ mnemonic }) => mnemonic === name));
  if (unknown.length > 0) {
    throw new LockframeError("LF-JUDGE-002", `no instruction is called ${unknown.join(", ")}`);
  }
  const chosen = instructions.filter(
    ({ mnemonic }) => wanted.mnemonics.length === 0 || wanted.mnemonics.includes(mnemonic),
  );
  const unjudged = new Map<string, string>();
  const byReference = new Map<string, string>();
  const judgements: Judgement[] = [];
  using qemu = QemuJudge.open();
  const executor = new EngineExecutor(instructions);
  for (const instruction of chosen) {
    const reason = notJudged.get(instruction.mnemonic);
    if (reason !== undefined) {
      unjudged.set(instruction.mnemonic, reason);
      continue;
    }
    const reference = referenceJudgeFor(instruction);
    if (reference !== undefined) byReference.set(instruction.mnemonic, reference.reason);
    const judge = reference ?? qemu;
    const { judgement, agreed } = await judgeInstruction(instruction, executor, judge, {
      ...wanted,
      deviations: qemuDeviations,
    });
    judgements.push(judgement);
    console.log(wanted.json ? JSON.stringify(judgement) : reportLines(judgement).join("\n"));
    if (wanted.vectors > 0 && judgement.failed === 0 && judgement.passed > 0) {
      const { mnemonic, title } = instruction;
      const cases = await chooseVectors(agreed, judge, executor, wanted.vectors);
      writeVectors({ mnemonic, title, provenance: judge.version, cases });
    }
  }
  if (!wanted.json) {
    console.log(summaryLines(judgements, byReference, unjudged).join("\n"));
  }
  return judgements.some(({ failed }) => failed > 0) ? 1 : 0;
}

const wanted = explained(usage, () => readArguments(process.argv.slice(2)));
if ("mistake" in wanted) {
  console.error(`${wanted.mistake}\n\n${usage}`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await main(wanted);
  } catch (error) {
    if (!(error instanceof LockframeError)) throw error;
    console.error(`${error.code}: ${error.message}${error.hint === undefined ? "" : `\n${error.hint}`}`);
    process.exitCode = 2;
  }
}
