/**
 * Where a difference from QEMU in the instructions on long operands, strings and decimal fields is not a mistake of
 * ours. Source of what is right: Principles of Operation, "General Instructions" and "Decimal Instructions".
 */
import type { Case, InterruptionClass, Outcome } from "../src/judge/case.ts";
import type { QemuDeviation } from "../src/judge/judge-instruction.ts";
import type { Opinion } from "../src/judge/opinion.ts";

type Ending = InterruptionClass | "completion" | "silence";
const qemuEndsWith = (qemu: Opinion): Ending =>
  "silence" in qemu || "open" in qemu ? "silence" : (qemu.interruption?.class ?? "completion");
const weEndWith = (found: Outcome): Ending => found.interruption?.class ?? "completion";
const SPECIFICATION = "execute-specification-operand";

/** Both end so. */
const both = (ending: Ending) => (_subject: Case, qemu: Opinion, found: Outcome) =>
  qemuEndsWith(qemu) === ending && weEndWith(found) === ending;

/** Four bits of the instruction, by their number from the left. */
const field = ({ bytes }: Case, number: number): number => {
  const byte = bytes[number >> 1] ?? 0;
  return number % 2 === 0 ? byte >> 4 : byte & 15;
};
const register = ({ before }: Case, number: number): bigint => before.gr[number] ?? 0n;
/** Base and displacement of four hexadecimal digits, from the given one on. */
const storageOperand = (subject: Case, digit: number): bigint => {
  const base = field(subject, digit);
  const [a, b, c] = [1, 2, 3].map((n) => field(subject, digit + n));
  return (base === 0 ? 0n : register(subject, base)) + BigInt(((a ?? 0) << 8) | ((b ?? 0) << 4) | (c ?? 0));
};
/** Do `first` and `second` bytes of the operands of an SS instruction overlap? */
function overlap(subject: Case, first: number, second: number): boolean {
  const distance = BigInt.asIntN(64, storageOperand(subject, 8) - storageOperand(subject, 4));
  return distance < BigInt(first) && -distance < BigInt(second);
}
const lengthCode = (subject: Case): number => subject.bytes[1] ?? 0;
const oddLength = (subject: Case, number: number): boolean => (register(subject, number | 1) & 1n) !== 0n;

export const qemuBlockDeviations: readonly QemuDeviation[] = [
  {
    id: "progress-before-access-exception-open",
    instructions: /^(CLCLE?|CLCLU|MVCLE|MVCLU|CKSM|MVST|CLST|SRSTU?|TRE|TR[TO][TO]|CU\d\d)$/,
    when: both("access"),
    reason:
      "How much the CPU handles before it ends with condition code 3 is its own choice, so the registers may name the " +
      "place of the exception or one before it.",
  },
  {
    id: "progress-in-second-operand-open",
    instructions: ["MVST"],
    when: (subject, qemu, found) =>
      both("completion")(subject, qemu, found) &&
      "state" in qemu &&
      found.state.gr.every((value, n) => value === qemu.state.gr[n] || n === field(subject, 7)),
    reason:
      "The second operand's register changes with condition code 3 only, which comes when the CPU chooses; QEMU ends so " +
      "at every page.",
  },
  {
    id: "ending-character-register-not-checked",
    instructions: ["CLST"],
    when: (subject, _qemu, found) =>
      (register(subject, 0) & 0xffff_ff00n) !== 0n && weEndWith(found) === SPECIFICATION,
    reason:
      "Bits 32-55 of general register 0 must be zeros (specification exception); QEMU takes the rightmost byte.",
  },
  {
    id: "padding-address-in-operand-register",
    instructions: ["MVCLE", "CLCLE", "MVCLU", "CLCLU"],
    when: (subject) => {
      const [base, r1, r3] = [field(subject, 4), field(subject, 2), field(subject, 3)];
      return base !== 0 && [r1, r1 | 1, r3, r3 | 1].includes(base);
    },
    reason:
      "The padding character's base register is one that the instruction changes: the result depends on how much one " +
      "execution handles.",
  },
  {
    id: "conversion-onto-its-source",
    instructions: /^CU\d\d$/,
    when: (subject) => field(subject, 6) === field(subject, 7),
    reason: "With the same registers for both operands the result depends on how much one execution handles.",
  },
  {
    id: "odd-length-accepted",
    instructions: ["MVCLU"],
    when: (subject, _qemu, found) =>
      (oddLength(subject, field(subject, 2)) || oddLength(subject, field(subject, 3))) &&
      weEndWith(found) === SPECIFICATION,
    reason: "Lengths are even numbers of bytes (specification exception); QEMU does not look.",
  },
  {
    id: "overlap-moved-as-if-there-were-none",
    instructions: ["MVCLU"],
    when: both("completion"),
    reason: "What a destructive overlap leaves is unpredictable.",
  },
  {
    id: "odd-register-accepted",
    instructions: /^TR[TO][TO]$/,
    when: (subject, _qemu, found) => field(subject, 6) % 2 === 1 && weEndWith(found) === SPECIFICATION,
    reason: "R1 names an even-odd pair (specification exception); QEMU does not look.",
  },
  {
    id: "length-zero-handled",
    instructions: /^TR[TO][TO]$/,
    when: (subject) => register(subject, field(subject, 6) | 1) === 0n,
    reason: "Nothing is left to do and the code is 0; QEMU handles one character first.",
  },
  {
    id: "test-character-of-one-byte",
    instructions: ["TROT"],
    when: (subject) => (field(subject, 4) & 1) === 0,
    reason: "The test character has two bytes, as the function characters have; QEMU compares with one.",
  },
  {
    id: "three-bytes-refused",
    instructions: ["CU12", "CU14"],
    when: (subject) => (field(subject, 4) & 1) === 1,
    reason:
      "With well-formedness checking, E0 may be followed by A0 to BF (codes from 0800 on); QEMU refuses codes below 1000.",
  },
  {
    id: "leftmost-digit-lost",
    instructions: ["PKA", "PKU"],
    when: both("completion"),
    reason:
      "Each character of the second operand gives a digit, 31 at most; QEMU leaves the leftmost one out.",
  },
  {
    id: "unneeded-source-open",
    instructions: ["PACK", "UNPK", "UNPKA", "UNPKU", "PKA", "PKU"],
    when: (_subject, qemu, found) => qemuEndsWith(qemu) === "completion" && weEndWith(found) === "access",
    reason:
      "It is unpredictable whether access exceptions are recognised for the part of the second operand that has no place.",
  },
  {
    id: "leftmost-byte-lost",
    instructions: ["UNPK"],
    when: (subject) => {
      const [first, second] = [(lengthCode(subject) >> 4) + 1, (lengthCode(subject) & 15) + 1];
      return second > 1 && first > 1 + 2 * (second - 2);
    },
    reason:
      "All digits of the second operand go to the first as far as there is room; QEMU takes zeros for the leftmost two.",
  },
  {
    id: "source-fetched-for-each-digit",
    instructions: ["UNPK"],
    when: (subject) => overlap(subject, (lengthCode(subject) >> 4) + 1, (lengthCode(subject) & 15) + 1),
    reason:
      "Both digits come from one fetch of the second operand's byte; QEMU fetches it again for the second digit, which " +
      "matters where the first has been stored into it.",
  },
  {
    id: "overlap-unpredictable",
    instructions: ["UNPKA", "UNPKU"],
    when: (subject) => overlap(subject, lengthCode(subject) + 1, 16),
    reason: "What overlapping operands leave is unpredictable.",
  },
  {
    id: "byte-store-aborts",
    instructions: ["CSST"],
    when: (_subject, qemu) => qemuEndsWith(qemu) === "silence",
    reason: "QEMU 7.2 stops with an internal error when the store operand has one byte.",
  },
  {
    id: "compared-word-in-the-left-half",
    instructions: ["CSST"],
    when: (subject, qemu, found) =>
      both("completion")(subject, qemu, found) && (register(subject, 0) & 0xffn) === 0n,
    reason: "With function code 0 the first operand goes to bits 32-63 of R3; QEMU puts it into bits 0-31.",
  },
  {
    id: "page-translation-alone-has-a-code",
    instructions: ["MVPG"],
    when: (_subject, _qemu, found) => weEndWith(found) === "access",
    reason:
      "The condition-code option is for page-translation exceptions; QEMU's user mode cannot tell others from them.",
  },
  {
    id: "caches-are-not-described",
    instructions: ["ECAG"],
    reason:
      "A CPU without caches has a topology summary of zeros; QEMU answers as for a level that is not there.",
  },
];
