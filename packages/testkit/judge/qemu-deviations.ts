/**
 * Where QEMU's user-mode emulation (7.2 to 10) departs from the Principles of Operation, so that a difference
 * there is not ours. Each entry says what the architecture asks for.
 */
import type { QemuDeviation } from "../src/judge/judge-instruction.ts";

export const qemuDeviations: readonly QemuDeviation[] = [
  {
    id: "fixed-point-overflow-never-recognised",
    instructions: /^/,
    when: ({ before }, qemu, found) =>
      (before.programMask & 8) !== 0 &&
      found.interruption?.class === "fixed-point-overflow" &&
      !("silence" in qemu) &&
      qemu.interruption === undefined,
    reason:
      "With PSW bit 20 one, fixed-point overflow completes the operation and then causes a program interruption; " +
      "QEMU completes the operation and sets condition code 3 only.",
  },
  {
    id: "decimal-arithmetic-missing",
    instructions: ["AP", "SP", "ZAP", "CP", "MP", "DP", "SRP", "ED", "EDMK", "MVO", "MVZ", "MVN"],
    when: (_case, qemu) => !("silence" in qemu) && qemu.interruption?.class === "operation",
    reason: "These are part of every z/Architecture CPU; QEMU raises an operation exception.",
  },
];
