/** What QEMU's user mode cannot judge is judged by plain retellings of the Principles of Operation. */
import type { Case, MachineState, Outcome } from "./case.ts";
import type { InstructionToJudge } from "./encoding.ts";
import type { Judge, Opinion } from "./opinion.ts";
import { binaryDecimalInstructions, binaryDecimalReference } from "./reference/binary-decimal.ts";
import {
  loadAddressRelativeLong,
  moveRightToLeft,
  rotateThen,
  storeMultipleHigh,
} from "./reference/general.ts";
import { decimalInstructions, decimalReference } from "./reference/decimal.ts";
import { loadMultipleDisjoint } from "./reference/load-multiple-disjoint.ts";
import { parsingReference } from "./reference/parsing.ts";
import { vectorChecksum } from "./reference/vector.ts";

type Reference = (subject: Case) => Outcome | undefined;

/** Why QEMU is not asked. */
const missing = "part of every z/Architecture CPU; QEMU's user mode (7.2) raises an operation exception";
const wraps = "the offset is twice the 32-bit field in 64 bits; QEMU before 8.0 doubled it in 32 bits";
const zeros = "bits 0-31 of the registers are stored; QEMU before 8.0 stored zeros";
const aborts = "bit 0 of I3 asks for the condition code only; QEMU 7.2 stops with an internal error";
const user = "the problem state is refused; QEMU's user mode has these instructions not at all";

const rows: readonly (readonly [mnemonics: readonly string[], reason: string, reference: Reference])[] = [
  [decimalInstructions, missing, decimalReference],
  [binaryDecimalInstructions, missing, binaryDecimalReference],
  [["CPYA"], missing, copyAccess],
  [["LMD"], missing, loadMultipleDisjoint],
  [["TRTE", "TRTRE"], missing, parsingReference],
  [["LARL"], wraps, loadAddressRelativeLong],
  [
    ["MVCRL"],
    "the length is in bits 56-63 of register 0; QEMU 7.2 takes all of it and stops",
    moveRightToLeft,
  ],
  [["VCKSM"], "QEMU 7.2 adds what it has just computed once more", vectorChecksum],
  [["STMH"], zeros, storeMultipleHigh],
  [["RNSBG"], aborts, rotateThen((a, b) => a & b)],
  [["ROSBG"], aborts, rotateThen((a, b) => a | b)],
  [["RXSBG"], aborts, rotateThen((a, b) => a ^ b)],
];

/** A reference in QEMU's place. */
export interface ReferenceJudge extends Judge {
  /** Why QEMU is not asked. */
  readonly reason: string;
}

const judgeOf = (reference: Reference, reason: string): ReferenceJudge => ({
  version: "derived",
  reason,
  judge: async (cases): Promise<Opinion[]> => cases.map((subject) => reference(subject) ?? { open: true }),
});

const judges: ReadonlyMap<string, ReferenceJudge> = new Map(
  rows.flatMap(([mnemonics, reason, reference]) =>
    mnemonics.map((mnemonic) => [mnemonic, judgeOf(reference, reason)] as const),
  ),
);
const privilegedJudge = judgeOf(privilegedOperation, user);

/** The reference for an instruction, if there is one; cases that the architecture leaves open have no outcome. */
export function referenceJudgeFor({ mnemonic, privileged }: InstructionToJudge): ReferenceJudge | undefined {
  return privileged ? privilegedJudge : judges.get(mnemonic);
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
