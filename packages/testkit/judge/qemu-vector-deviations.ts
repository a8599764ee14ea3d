/**
 * Where a difference from QEMU in vector floating point is not a mistake of ours. Source of what is right: Principles
 * of Operation, "Vector Floating-Point Instructions".
 */
import type { Case, Outcome } from "../src/judge/case.ts";
import type { QemuDeviation } from "../src/judge/judge-instruction.ts";
import type { Opinion } from "../src/judge/opinion.ts";

const completed = (qemu: Opinion): qemu is Outcome => "state" in qemu && qemu.interruption === undefined;
const INEXACT_FLAG = 0x0008_0000;
const INVALID_FLAG = 0x0080_0000;
const XXC = 4;
const INEXACT = 5;
const UNDERFLOW = 4;
/** The cause in a vector-exception code. */
const causeOf = ({ interruption, state }: Outcome): number | undefined =>
  interruption?.code === 0x1b ? (state.fpc >>> 8) & 15 : undefined;
const trapsInexact = (found: Outcome): boolean => causeOf(found) === INEXACT;
/** Number of V1. */
const first = ({ bytes }: Case): number => ((bytes[1] ?? 0) >> 4) | (((bytes[4] ?? 0) & 8) << 1);
/** M4 of VRR-a. */
const m4 = ({ bytes }: Case): number => (bytes[3] ?? 0) & 15;
const directed = ({ before }: Case): boolean => (before.fpc & 7) === 2 || (before.fpc & 7) === 3;

const isNan = (value: bigint, width: bigint, fraction: bigint): boolean => {
  const infinity = ((1n << (width - 1n - fraction)) - 1n) << fraction;
  return (value & ((1n << (width - 1n)) - 1n)) > infinity;
};
/** Vectors that differ in elements alone that are NaNs in both. */
function differInNans(a: bigint, b: bigint, mask: number): boolean {
  const [width, fraction] = mask === 2 ? [32n, 23n] : mask === 4 ? [128n, 112n] : [64n, 52n];
  for (let at = 0n; at < 128n; at += width) {
    const [x, y] = [BigInt.asUintN(Number(width), a >> at), BigInt.asUintN(Number(width), b >> at)];
    if (x !== y && !(isNan(x, width, fraction) && isNan(y, width, fraction))) return false;
  }
  return true;
}

export const qemuVectorDeviations: readonly QemuDeviation[] = [
  {
    id: "vector-exact-underflow-does-not-trap",
    instructions: /^VF/,
    when: (_subject, _qemu, found) => causeOf(found) === UNDERFLOW,
    reason:
      "With the underflow mask one, a tiny result traps even when it is exact; QEMU wants it inexact too, and goes on " +
      "with the next element.",
  },
  {
    id: "vector-inexact-despite-control",
    instructions: ["VCFPS", "VCFPL", "VCSFP", "VCLFP", "VFI", "VFLR"],
    when: (subject, qemu, found) =>
      (m4(subject) & XXC) !== 0 &&
      completed(qemu) &&
      (qemu.state.fpc & ~INEXACT_FLAG) === (found.state.fpc & ~INEXACT_FLAG),
    reason:
      "With the IEEE-inexact-exception control one, inexact is not recognised; QEMU sets the flag all the same.",
  },
  {
    id: "vector-nan-converted-without-inexact",
    instructions: ["VCSFP", "VCLFP"],
    when: (subject, qemu, found) =>
      (m4(subject) & XXC) === 0 &&
      completed(qemu) &&
      (qemu.state.fpc & INVALID_FLAG) !== 0 &&
      (trapsInexact(found) || (qemu.state.fpc | INEXACT_FLAG) === found.state.fpc),
    reason:
      "The masked special case of a conversion to fixed or logical is inexact as well, that of a NaN included; QEMU " +
      "recognises inexact for numbers out of range alone.",
  },
  {
    id: "vector-nan-of-multiply-and-add",
    instructions: ["VFMA", "VFMS", "VFNMA", "VFNMS"],
    when: (subject, qemu, found) => {
      const number = first(subject);
      const format = (subject.bytes[2] ?? 0) & 15;
      if (!completed(qemu)) return false;
      return differInNans(qemu.state.vr?.[number] ?? 0n, found.state.vr?.[number] ?? 0n, format);
    },
    reason:
      "A signaling NaN comes before a quiet one, and infinity times zero before a NaN that is added; QEMU before 9.2 " +
      "takes the first NaN, whatever it is.",
  },
  {
    id: "vector-rest-unpredictable",
    instructions: ["VFPSO"],
    when: (subject, qemu, found) => {
      const number = first(subject);
      const element = (state: Outcome["state"]) => (state.vr?.[number] ?? 0n) >> 96n;
      const single = (m4(subject) & 8) !== 0;
      return single && completed(qemu) && element(qemu.state) === element(found.state);
    },
    reason:
      "With the single-element control one, the other elements of the result are unpredictable; of short operands, " +
      "QEMU's has the second word of the source.",
  },
  {
    id: "vector-negated-before-rounding",
    instructions: ["VFNMA", "VFNMS"],
    when: (subject, qemu, found) => directed(subject) && completed(qemu) && found.interruption === undefined,
    reason:
      "The sum is rounded and then the sign is inverted; QEMU inverts first, which tells with modes 2 and 3.",
  },
];
