import { type DecimalFailure, dataException, decode, encode } from "./packed.ts";

export interface BinaryResult {
  /** Two's complement bits of the width asked for; the rightmost ones if the number does not fit. */
  readonly value: bigint;
  /**
   * The number does not fit: fixed-point-divide exception, with which CONVERT TO BINARY of 32 bits completes and that of 64 bits
   * is suppressed.
   */
  readonly overflow: boolean;
}

/** CONVERT TO BINARY (CVB, CVBY: 8 bytes to 32 bits; CVBG: 16 bytes to 64 bits). */
export function convertToBinary(field: Uint8Array, width: 32 | 64): BinaryResult | DecimalFailure {
  const operand = decode(field);
  if (operand === undefined) return dataException;
  const number = operand.negative ? -operand.magnitude : operand.magnitude;
  return { value: BigInt.asUintN(width, number), overflow: BigInt.asIntN(width, number) !== number };
}

/** CONVERT TO DECIMAL (CVD, CVDY: 32 bits to 8 bytes; CVDG: 64 bits to 16 bytes); `value` is the number with its sign. */
export function convertToDecimal(value: bigint, length: 8 | 16): Uint8Array {
  return encode({ magnitude: value < 0n ? -value : value, negative: value < 0n }, length);
}
