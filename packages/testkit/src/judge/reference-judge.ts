/** What QEMU's user mode cannot judge is judged by plain retellings of the Principles of Operation. */
import type { Case, MachineState, Outcome } from "./case.ts";
import type { InstructionToJudge } from "./encoding.ts";
import type { Judge, Opinion } from "./opinion.ts";
import { binaryDecimalInstructions, binaryDecimalReference } from "./reference/binary-decimal.ts";
import { decimalInstructions, decimalReference } from "./reference/decimal.ts";
import { loadMultipleDisjoint } from "./reference/load-multiple-disjoint.ts";
import { parsingReference } from "./reference/parsing.ts";

type Reference = (subject: Case) => Outcome | undefined;

const references: ReadonlyMap<string, Reference> = new Map<string, Reference>([
  ...decimalInstructions.map((mnemonic) => [mnemonic, decimalReference] as const),
  ...binaryDecimalInstructions.map((mnemonic) => [mnemonic, binaryDecimalReference] as const),
  ["CPYA", copyAccess],
  ["LMD", loadMultipleDisjoint],
  ["TRTE", parsingReference],
  ["TRTRE", parsingReference],
]);

/** The reference for an instruction, if there is one; cases that the architecture leaves open have no outcome. */
export function referenceJudgeFor({ mnemonic, privileged }: InstructionToJudge): Judge | undefined {
  const reference = privileged ? privilegedOperation : references.get(mnemonic);
  return (
    reference && {
      version: "derived",
      judge: async (cases): Promise<Opinion[]> =>
        cases.map((subject) => reference(subject) ?? { open: true }),
    }
  );
}

const unchanged = ({ before }: Case): MachineState => ({ ...before, storage: [] });

/** A privileged instruction in the problem state, before anything else of it is looked at. */
function privilegedOperation(subject: Case): Outcome {
  return { interruption: { class: "privileged-operation" }, state: unchanged(subject) };
}

/** COPY ACCESS: the second operand's access register goes to the first's. */
function copyAccess(subject: Case): Outcome {
  const { before, bytes } = subject;
  const registers = bytes[3] ?? 0;
  const ar = before.ar.with(registers >> 4, before.ar[registers & 15] ?? 0);
  return { state: { ...unchanged(subject), address: before.address + 4n, ar } };
}
