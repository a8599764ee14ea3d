import type { Case, Executor, Outcome } from "./case.ts";
import { compareOutcomes, type Difference } from "./compare.ts";
import { describeCase } from "./describe.ts";
import type { InstructionToJudge } from "./encoding.ts";
import { generateCases } from "./generate.ts";
import type { Judge, Opinion } from "./opinion.ts";

/** A known way in which QEMU departs from the architecture. */
export interface QemuDeviation {
  /** Stable name for reports. */
  readonly id: string;
  /** Mnemonics, or a pattern of mnemonics. */
  readonly instructions: readonly string[] | RegExp;
  /** True for a case in which QEMU is known to be wrong; without it, every case of the instructions. */
  readonly when?: (subject: Case, qemu: Opinion, found: Outcome) => boolean;
  /** What the Principles of Operation say, and what QEMU does instead. */
  readonly reason: string;
}

/** The first disagreement, with all that is needed to follow it. */
export interface Failure {
  readonly index: number;
  /** The case, as `describeCase` tells it. */
  readonly lines: readonly string[];
  readonly differences: readonly Difference[];
}

/** How an executor's idea of an instruction stands against QEMU's. */
export interface Judgement {
  readonly mnemonic: string;
  readonly title: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  /** Cases in which QEMU is wrong for a known reason, by the deviation's id. */
  readonly deviations: Readonly<Record<string, number>>;
  readonly first?: Failure;
}

/** Counted among the deviations: cases in which the architecture lets models differ. */
const leftOpen = "left-open";

export interface JudgeOptions {
  readonly cases: number;
  readonly seed: string;
  readonly deviations: readonly QemuDeviation[];
}

/** A judgement, and the cases in which QEMU and the executor agree, for vectors. */
export interface Judged {
  readonly judgement: Judgement;
  readonly agreed: readonly AgreedCase[];
}

/** A case and the outcome that both give it. */
export interface AgreedCase {
  readonly subject: Case;
  readonly outcome: Outcome;
}

/** Puts `options.cases` cases to the judge and to the executor and compares. */
export async function judgeInstruction(
  instruction: InstructionToJudge,
  executor: Executor,
  judge: Judge,
  options: JudgeOptions,
): Promise<Judged> {
  const cases = generateCases(instruction, options.cases, options.seed);
  return compareCases(instruction, executor, cases, await judge.judge(cases), options.deviations);
}

/** Compares an executor with opinions on cases of one instruction, one opinion a case. */
export function compareCases(
  instruction: InstructionToJudge,
  executor: Executor,
  cases: readonly Case[],
  opinions: readonly Opinion[],
  knownDeviations: readonly QemuDeviation[],
): Judged {
  const known = knownDeviations.filter(({ instructions }) => covers(instructions, instruction.mnemonic));
  const deviations: Record<string, number> = {};
  const agreed: AgreedCase[] = [];
  let failed = 0;
  let first: Failure | undefined;
  for (const [index, subject] of cases.entries()) {
    const opinion = opinions[index] ?? { silence: "no result" };
    if ("open" in opinion) {
      deviations[leftOpen] = (deviations[leftOpen] ?? 0) + 1;
      continue;
    }
    const found = executor.execute(subject);
    const differences = compareOutcomes(opinion, found);
    const deviation =
      differences.length === 0
        ? undefined
        : known.find(({ when }) => when?.(subject, opinion, found) ?? true);
    if (differences.length === 0) {
      agreed.push({ subject, outcome: found });
    } else if (deviation !== undefined) {
      deviations[deviation.id] = (deviations[deviation.id] ?? 0) + 1;
    } else {
      failed++;
      first ??= { index, lines: describeCase(instruction, subject), differences };
    }
  }
  const { mnemonic, title } = instruction;
  const counts = { mnemonic, title, cases: cases.length, passed: agreed.length, failed, deviations };
  return { judgement: first === undefined ? counts : { ...counts, first }, agreed };
}

function covers(instructions: readonly string[] | RegExp, mnemonic: string): boolean {
  return instructions instanceof RegExp ? instructions.test(mnemonic) : instructions.includes(mnemonic);
}
