import { type Environment, Ieee, type Outcome, exactly, suppressible } from "./exceptions.ts";
import type { BinaryFormat } from "./format.ts";
import { Kind, type Unpacked, unpack } from "./unpacked.ts";

export function isNan(operand: Unpacked): boolean {
  return operand.kind >= Kind.quietNan;
}

/** IEEE invalid operation with the default quiet NaN as masked result. */
export function invalid(format: BinaryFormat, environment: Environment): Outcome {
  return suppressible(format, Ieee.invalidOperation, format.defaultNan, environment.masks);
}

/**
 * The result of an operation that has a NaN among its operands: the first signaling NaN made quiet, with IEEE invalid operation,
 * else the first quiet NaN. `operands` stand in the order of precedence, bits in the result's format.
 */
export function propagateNan(format: BinaryFormat, environment: Environment, ...operands: bigint[]): Outcome {
  const kinds = operands.map((operand) => unpack(format, operand).kind);
  const signaling = operands[kinds.indexOf(Kind.signalingNan)];
  if (signaling !== undefined) {
    return suppressible(format, Ieee.invalidOperation, signaling | format.quietBit, environment.masks);
  }
  return exactly(format, operands[kinds.indexOf(Kind.quietNan)] ?? format.defaultNan);
}
