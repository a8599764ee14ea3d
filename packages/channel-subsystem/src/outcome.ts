import { programInterruption, type ProgramInterruptionCode } from "@lockframe/architecture";

/** An I/O instruction recognises an exception. */
export interface IoException {
  readonly kind: "exception";
  readonly code: ProgramInterruptionCode;
}

/** An I/O instruction completes; `data`, if any, is to be stored at its operand. */
export interface IoCompletion {
  readonly kind: "completed";
  readonly conditionCode: 0 | 1 | 2 | 3;
  readonly data?: Uint8Array<ArrayBuffer>;
}

export type IoOutcome = IoException | IoCompletion;

export const operandException: IoException = { kind: "exception", code: programInterruption.operand };

export function completed(
  conditionCode: IoCompletion["conditionCode"],
  data?: Uint8Array<ArrayBuffer>,
): IoCompletion {
  return data === undefined
    ? { kind: "completed", conditionCode }
    : { kind: "completed", conditionCode, data };
}
