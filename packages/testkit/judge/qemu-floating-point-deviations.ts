/**
 * Where a difference from QEMU in binary floating point is not a mistake of ours. Source of what is right: Principles
 * of Operation, "IEEE Exception Conditions" and the result figures of the instructions.
 */
import type { Case, Outcome } from "../src/judge/case.ts";
import type { QemuDeviation } from "../src/judge/judge-instruction.ts";
import type { Opinion } from "../src/judge/opinion.ts";

const flagsOf = (fpc: number): number => (fpc >>> 16) & 0xff;
const dxcOf = (fpc: number): number => (fpc >>> 8) & 0xff;
const isData = ({ interruption }: Partial<Outcome>): boolean => interruption?.class === "data";

/** DXC of a data exception; undefined when the outcome is none. */
const trapOf = (outcome: Opinion | Outcome): number | undefined =>
  "state" in outcome && isData(outcome) ? dxcOf(outcome.state.fpc) : undefined;

const completed = (qemu: Opinion): qemu is Outcome => "state" in qemu && qemu.interruption === undefined;

const INVALID = 0x80;
const DIVISION_BY_ZERO = 0x40;
const UNDERFLOW = 0x10;
const INEXACT = 0x08;
const INCREMENTED = 0x04;

/** Overflow, underflow and inexact traps: all but those of invalid operation and division by zero. */
const completes = (dxc: number): boolean => (dxc & (INVALID | DIVISION_BY_ZERO)) === 0 && dxc > 3;

const conversion = /^CL?[FG][EDX]BRA?$/;
/** The operation was invalid, and said so by a flag or by a trap. */
const sawInvalid = (found: Outcome): boolean =>
  trapOf(found) === INVALID || (flagsOf(found.state.fpc) & INVALID) !== 0;
const flagsBefore = ({ before }: Case): number => flagsOf(before.fpc);

export const qemuFloatingPointDeviations: readonly QemuDeviation[] = [
  {
    id: "completing-ieee-trap-suppressed",
    instructions: /BR?A?$/,
    when: (_subject, qemu, found) => {
      const [said, ours] = [trapOf(qemu), trapOf(found)];
      if (said === undefined || ours === undefined || !("state" in qemu) || !completes(ours)) return false;
      const sameFlags = flagsOf(qemu.state.fpc) === flagsOf(found.state.fpc);
      return sameFlags && (said & ~INEXACT) === (ours & ~(INEXACT | INCREMENTED));
    },
    reason:
      "A trap for IEEE overflow, underflow or inexact completes the operation, for the first two with a scaled result, " +
      "and its code tells whether the result was incremented; QEMU suppresses the operation, never says incremented " +
      "and takes inexact from the result that is not scaled.",
  },
  {
    id: "exact-underflow-does-not-trap",
    instructions: /BR?A?$/,
    when: (_subject, qemu, found) => trapOf(found) === UNDERFLOW && completed(qemu),
    reason:
      "With the underflow mask one, a tiny result traps even when it is exact; QEMU wants it inexact too.",
  },
  {
    id: "load-and-test-of-a-signaling-nan",
    instructions: /^LT[EDX]BR$/,
    when: (subject, qemu, found) =>
      sawInvalid(found) && completed(qemu) && flagsOf(qemu.state.fpc) === flagsBefore(subject),
    reason:
      "LOAD AND TEST of a signaling NaN is an invalid operation and gives the quiet NaN; QEMU only moves it.",
  },
  {
    id: "inexact-beside-a-trapped-invalid-operation",
    instructions: conversion,
    when: (_subject, qemu, found) => trapOf(found) === INVALID && trapOf(qemu) === (INVALID | INEXACT),
    reason:
      "The data-exception code of an invalid operation is 80; QEMU adds inexact for a number out of range.",
  },
  {
    id: "nan-converted-without-inexact",
    instructions: conversion,
    when: (_subject, qemu, found) =>
      sawInvalid(found) && completed(qemu) && (flagsOf(qemu.state.fpc) & INVALID) !== 0,
    reason:
      "The masked special case of CONVERT TO FIXED and LOGICAL is inexact as well, that of a NaN included; QEMU " +
      "recognises inexact for numbers out of range alone.",
  },
  {
    id: "multiply-to-longer-takes-the-first-nan",
    instructions: /^MXDBR?$|^MDEBR?$/,
    when: (_subject, _qemu, found) => sawInvalid(found),
    reason: "A signaling NaN goes before a quiet one; QEMU makes each operand quiet before it looks at both.",
  },
  {
    id: "multiply-to-longer-before-8.1",
    instructions: /^MXDBR?$|^MDEBR?$/,
    reason: "QEMU before 8.1 multiplied the operands' bits without making them longer.",
  },
  {
    id: "multiply-and-add-nan-order-before-8.1",
    instructions: /^M[AS][ED]BR?$/,
    when: (subject) => severalNans(subject),
    reason:
      "The third operand's NaN goes before the second's, that before the first's; QEMU before 8.1 began with the second.",
  },
  {
    id: "load-rounded-first-operand-pair",
    instructions: ["LDXBRA", "LEXBRA"],
    when: ({ bytes }, _qemu, found) =>
      ((bytes[3] ?? 0) & 0x20) !== 0 && found.interruption?.class === "execute-specification-operand",
    reason:
      "R1 too must name a pair (a trapped result is delivered extended), else specification exception; QEMU does not look.",
  },
  {
    id: "divide-to-integer-missing",
    instructions: ["DIEBR", "DIDBR"],
    when: (_subject, qemu) => "interruption" in qemu && qemu.interruption?.class === "operation",
    reason: "QEMU before 11 lacks DIVIDE TO INTEGER.",
  },
  {
    id: "simulated-exception-aborts",
    instructions: ["SFASR", "LFAS"],
    when: (_subject, qemu) => "silence" in qemu,
    reason:
      "A simulated IEEE exception is a data exception with DXC bits 6 and 7 one; QEMU's user mode stops with an internal error.",
  },
];

/** At least two floating-point registers of the case look like NaNs; the third may be in storage. */
function severalNans({ before }: Case): boolean {
  const nans = before.fr.filter((bits) => {
    const magnitude = bits & 0x7fff_ffff_ffff_ffffn;
    return magnitude > 0x7ff0_0000_0000_0000n || magnitude >> 32n > 0x7f80_0000n;
  });
  return nans.length > 0;
}
