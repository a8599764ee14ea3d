/**
 * Where a difference from QEMU's user-mode emulation (7.2 and later) is not a mistake of ours: QEMU departs from
 * the Principles of Operation, or the architecture leaves the case open. Each entry says what the Principles of
 * Operation ask for.
 */
import { type Case, type InterruptionClass, type Outcome, windows } from "../src/judge/case.ts";
import { windowAt } from "../src/judge/window-contents.ts";
import type { QemuDeviation } from "../src/judge/judge-instruction.ts";
import type { Opinion } from "../src/judge/opinion.ts";
import { qemuBlockDeviations } from "./qemu-block-deviations.ts";
import { qemuFloatingPointDeviations } from "./qemu-floating-point-deviations.ts";
import { qemuVectorDeviations } from "./qemu-vector-deviations.ts";

const qemuEndsWith = (qemu: Opinion): InterruptionClass | "completion" | "silence" =>
  "silence" in qemu || "open" in qemu ? "silence" : (qemu.interruption?.class ?? "completion");

const weEndWith = (found: Outcome): InterruptionClass | "completion" =>
  found.interruption?.class ?? "completion";

/** Nothing changed but the instruction address: the operation was nullified or suppressed. */
function leftAlone({ before }: Case, { state }: Outcome): boolean {
  const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
    a.every((value, index) => value === b[index]);
  return (
    state.storage.length === 0 &&
    state.cc === before.cc &&
    same(state.gr, before.gr) &&
    same(state.fr, before.fr) &&
    same(state.ar, before.ar)
  );
}

const odd = (address: bigint): boolean => (address & 1n) !== 0n;

/** Sum of base, index and displacement of an RX instruction. */
function rxAddress({ bytes, before }: Case): bigint {
  const register = (number: number): bigint => (number === 0 ? 0n : (before.gr[number] ?? 0n));
  const [, indexes = 0, high = 0, low = 0] = bytes;
  return register(indexes & 15) + register(high >> 4) + BigInt(((high & 15) << 8) | low);
}

export const qemuDeviations: readonly QemuDeviation[] = [
  {
    id: "fixed-point-overflow-never-recognised",
    instructions: /^/,
    when: ({ before }, qemu, found) =>
      (before.programMask & 8) !== 0 &&
      weEndWith(found) === "fixed-point-overflow" &&
      qemuEndsWith(qemu) === "completion",
    reason:
      "With PSW bit 20 one, fixed-point overflow completes the operation and then causes a program interruption; " +
      "QEMU completes the operation and sets condition code 3 only.",
  },
  {
    id: "partial-access-not-undone",
    instructions:
      /^(ICM[YH]?|STCM[YH]?|LM[YGHD]?|STM[YGH]?|LAMY?|STAMY?|LCTLG?|MVN|MVZ|MVO|PACK|UNPK|PKA|PKU|UNPKA|UNPKU|NC|OC|XC|TR|CDSG|STPQ|LPQ|STFPC|EX|EXRL)$/,
    when: (subject, qemu, found) =>
      qemuEndsWith(qemu) === "access" && weEndWith(found) === "access" && leftAlone(subject, found),
    reason:
      "A translation exception nullifies the instruction: nothing changes. QEMU keeps what it had loaded or stored " +
      "before it met the page that is not there.",
  },
  {
    id: "unneeded-operand-part-open",
    instructions: /^(CLC|CLM[YH]?|CLCL|CLCLE|CLCLU|CLST|TRT|TRTR|EX|EXRL)$/,
    when: (_case, qemu, found) => qemuEndsWith(qemu) === "completion" && weEndWith(found) === "access",
    reason:
      "When the result is known before the end of the operands, it is unpredictable whether access exceptions are " +
      "recognised for the rest.",
  },
  {
    id: "unmet-condition-access-open",
    instructions: /^(LOCG?|LOCFH|STOCG?|STOCFH|BIC)$/,
    when: (_case, qemu, found) => qemuEndsWith(qemu) === "access" && weEndWith(found) === "completion",
    reason:
      "When the condition is not met, it is unpredictable whether access exceptions of the operand are recognised.",
  },
  {
    id: "access-or-specification-open",
    instructions: /^/,
    when: (_case, qemu, found) =>
      (qemuEndsWith(qemu) === "access" && weEndWith(found) === "execute-specification-operand") ||
      (qemuEndsWith(qemu) === "execute-specification-operand" && weEndWith(found) === "access"),
    reason:
      "Specification exceptions and access exceptions of storage operands have the same priority: when both apply, " +
      "either may be recognised.",
  },
  {
    id: "relative-operand-alignment",
    instructions: /^((L|LG|LGF|LLGF|ST|STG|C|CG|CGF|CL|CLG|CLGF)RL|EX|EXRL)$/,
    when: (_case, qemu, found) =>
      qemuEndsWith(qemu) === "completion" && weEndWith(found) === "execute-specification-operand",
    reason:
      "The operand of the relative-long instructions must lie on its integral boundary (specification exception); QEMU does not look.",
  },
  {
    id: "quadword-alignment",
    instructions: ["CDSG", "LPQ", "STPQ"],
    when: (_case, qemu, found) =>
      qemuEndsWith(qemu) === "completion" && weEndWith(found) === "execute-specification-operand",
    reason:
      "The operand must lie on a quadword boundary (specification exception); QEMU's user mode does not look.",
  },
  {
    id: "branch-to-odd-address",
    instructions: /^/,
    when: (_case, qemu, found) =>
      qemuEndsWith(qemu) === "completion" &&
      "state" in qemu &&
      odd(qemu.state.address) &&
      weEndWith(found) === "execute-specification-operand",
    reason:
      "An odd instruction address is a specification exception; QEMU before 8.2 executes what is there.",
  },
  {
    id: "case-stores-into-its-code",
    instructions: /^/,
    when: (_case, _qemu, { state }) =>
      state.storage.some(({ address }) => windowAt(address, 1) === windows[0]),
    reason:
      "The case has stored over what comes after its instruction, and goes on with whatever that now is.",
  },
  {
    id: "execute-odd-target",
    instructions: ["EX"],
    when: (subject, _qemu, found) =>
      odd(rxAddress(subject)) && weEndWith(found) === "execute-specification-operand",
    reason: "An odd target address is a specification exception; QEMU executes what is there.",
  },
  ...qemuBlockDeviations,
  ...qemuFloatingPointDeviations,
  ...qemuVectorDeviations,
];
