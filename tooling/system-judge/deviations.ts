/** Where QEMU (system emulation, TCG, 7.2) departs from the Principles of Operation, or these leave it open. */
import type { SystemCase, SystemRecord } from "./program.ts";

export interface Deviation {
  readonly reason: string;
  when(subject: SystemCase, theirs: SystemRecord, ours: SystemRecord): boolean;
}

/** Program-interruption code; undefined when the case came to its own end. */
export function interruptionCode({ parameters, programOld }: SystemRecord): number | undefined {
  return /^0+$/.test(programOld) ? undefined : Number.parseInt(parameters.slice(28, 32), 16);
}
const hasEnded = (record: SystemRecord): boolean => interruptionCode(record) === undefined;
const named =
  (pattern: RegExp) =>
  ({ name }: SystemCase): boolean =>
    pattern.test(name);
const is64Bit = ({ mask }: SystemCase): boolean => (mask & 0x1_0000_0000n) !== 0n;
const inProblemState = ({ mask }: SystemCase): boolean => (mask & (1n << 48n)) !== 0n;
const conditionCode = ({ svcOld }: SystemRecord): number =>
  (Number.parseInt(svcOld.slice(4, 6), 16) >> 4) & 3;

/** Exceptions of accesses to storage. */
const ACCESS: ReadonlySet<number | undefined> = new Set([0x04, 0x05, 0x10, 0x11]);
const OPERATION = 0x01;
const PRIVILEGED = 0x02;
const PROTECTION = 0x04;
const SPECIFICATION = 0x06;

/** General registers differ in bits 0-39 alone. */
const leftHalvesDiffer = (theirs: SystemRecord, ours: SystemRecord): boolean =>
  theirs.gr.every((value, n) => ((value ^ (ours.gr[n] ?? 0n)) & 0xff_ffffn) === 0n) &&
  interruptionCode(theirs) === interruptionCode(ours) &&
  theirs.svcOld === ours.svcOld;

export const deviations: readonly Deviation[] = [
  {
    reason:
      "QEMU has no BSM, BASSM, IAC, EPAR, ESAR, IPK, MVCK, MVCSK, MVCDK or PFMF, nor SAC in problem state.",
    when: (subject, theirs) =>
      interruptionCode(theirs) === OPERATION &&
      named(/^(BSM|BASSM|IAC|SACF?|EPAR|ESAR|IPK|MVCS?K|MVCDK|PFMF)\b/)(subject),
  },
  {
    reason: "QEMU does not compare access keys with storage keys.",
    when: (_, theirs, ours) => interruptionCode(ours) === PROTECTION && hasEnded(theirs),
  },
  {
    reason: "TEST PROTECTION is privileged, and looks at keys.",
    when: (subject, _, ours) =>
      named(/^TPROT/)(subject) &&
      (interruptionCode(ours) === PRIVILEGED || (hasEnded(ours) && conditionCode(ours) > 0)),
  },
  {
    reason: "MVCP, MVCS and SPKA are for problem state, too, as the PSW-key mask allows.",
    when: (subject, theirs) =>
      inProblemState(subject) &&
      named(/^(MVCP|MVCS|SPKA)\b/)(subject) &&
      interruptionCode(theirs) === PRIVILEGED,
  },
  {
    reason: "An odd instruction address is a specification exception.",
    when: (subject, theirs, ours) =>
      named(/odd/)(subject) &&
      interruptionCode(ours) === SPECIFICATION &&
      interruptionCode(theirs) !== SPECIFICATION,
  },
  {
    reason:
      "QEMU loads invalid PSWs, and expands short ones without turning bit 12 or keeping bits 31 and 32.",
    when: named(/^LPSW/),
  },
  {
    reason:
      "In 24- and 31-bit mode LA, LAY, LARL and LRA leave bits 0-31 of the register; QEMU makes them zero.",
    when: (subject, theirs, ours) =>
      named(/^(LAY?|LARL|LRAY?|SAM24|SAM31)\b/)(subject) && leftHalvesDiffer(theirs, ours),
  },
  {
    reason:
      "In 24- and 31-bit mode, what becomes of the left bits of the address registers of CLCL, CKSM and CLST is open.",
    when: (subject, theirs, ours) =>
      !is64Bit(subject) &&
      named(/^(CLCL|CKSM|CLST|MVST|SRST|MVCLE?)\b/)(subject) &&
      leftHalvesDiffer(theirs, ours),
  },
  {
    reason: "How much MVCLE, MVST, CLST and SRST do before condition code 3 is the CPU's to say.",
    when: (subject, theirs) => named(/^(MVCLE|MVST|CLST|SRST)\b/)(subject) && conditionCode(theirs) === 3,
  },
  {
    reason:
      "LOAD REAL ADDRESS gives the address of an invalid entry; QEMU always gives condition code 3 and the interruption code, and does not translate while DAT is off.",
    when: (subject, _, ours) => named(/^LRA/)(subject) && hasEnded(ours) && conditionCode(ours) > 0,
  },
  {
    reason: "Which operand's exception is recognised, and whether the other one was fetched before, is open.",
    when: (subject, theirs, ours) =>
      named(/^(MVC|CLC|MVC[PSKO]\w*)\b/)(subject) &&
      ACCESS.has(interruptionCode(theirs)) &&
      ACCESS.has(interruptionCode(ours)),
  },
  {
    reason: "What MVC moves is open when its operands overlap by translation alone.",
    when: named(/^secondary space/),
  },
  {
    reason: "LURA and LURAG want operands on their own boundaries.",
    when: (subject, theirs, ours) =>
      named(/^LURA/)(subject) && hasEnded(theirs) && interruptionCode(ours) === SPECIFICATION,
  },
  {
    reason: "The instruction address keeps the bits of its mode only.",
    when: named(/^BCR to nowhere, (24|31)-bit/),
  },
  {
    reason: "Whether TEST BLOCK turns on the reference and change bits is open.",
    when: named(/^TB,/),
  },
];

/** What is open in every case: the access register's number, and bits 56 and 60 of what protection stores. */
export function comparable(record: SystemRecord): SystemRecord {
  const code = interruptionCode(record);
  let parameters = `${record.parameters.slice(0, 64)}00${record.parameters.slice(66)}`;
  if (code === PROTECTION) {
    const low = Number.parseInt(parameters.slice(94, 96), 16) & ~0x88;
    parameters = `${parameters.slice(0, 94)}${low.toString(16).padStart(2, "0")}${parameters.slice(96)}`;
  }
  return { ...record, parameters };
}
