/**
 * Packed decimal: two digits a byte, the sign in the rightmost four bits.
 * Source: Principles of Operation, chapter 8, "Decimal-Number Formats" and "Decimal Codes".
 */
export interface Decimal {
  readonly magnitude: bigint;
  /** Kept beside the magnitude, because a zero has a sign too. */
  readonly negative: boolean;
}

/** Why an instruction ends without a result. */
export type DecimalException = "data" | "decimal-divide" | "specification";

export interface DecimalFailure {
  readonly exception: DecimalException;
}

/** A packed result as long as the first operand. */
export interface PackedResult {
  readonly bytes: Uint8Array;
  readonly conditionCode: number;
  /** Digits were lost on the left: decimal-overflow exception if the program mask allows it; the result is stored either way. */
  readonly overflow: boolean;
}

export const dataException: DecimalFailure = { exception: "data" };

const PLUS = 0xc;
const MINUS = 0xd;

/** Sign codes: A, C, E, F plus; B and D minus. */
export function isMinus(code: number): boolean {
  return code === 0xb || code === 0xd;
}

/** The bytes as hexadecimal digits, for packed decimal the decimal digits and the sign code. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (byte >> 4).toString(16) + (byte & 0x0f).toString(16);
  return text;
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}

/** The number that a packed field holds; undefined if a digit or the sign is invalid. */
export function decode(field: Uint8Array): Decimal | undefined {
  const text = hexOf(field);
  if (!/^[0-9]*[a-f]$/.test(text)) return undefined;
  return {
    magnitude: BigInt(text.slice(0, -1) || "0"),
    negative: isMinus(Number.parseInt(text.slice(-1), 16)),
  };
}

/** A field of `length` bytes with the preferred sign code; digits that do not fit are lost on the left. */
export function encode({ magnitude, negative }: Decimal, length: number): Uint8Array {
  const digits = 2 * length - 1;
  const text = magnitude.toString().padStart(digits, "0").slice(-digits);
  return bytesOf(text + (negative ? MINUS : PLUS).toString(16));
}

/** Whether a magnitude needs more digits than a field of `length` bytes has. */
export function exceeds(magnitude: bigint, length: number): boolean {
  return magnitude >= 10n ** BigInt(2 * length - 1);
}

/**
 * The result of an addition-like instruction. CC: 0 zero, 1 less than zero, 2 greater than zero, 3 overflow.
 * A zero is positive, except one that is what overflow left of a number.
 */
export function store({ magnitude, negative }: Decimal, length: number): PackedResult {
  const overflow = exceeds(magnitude, length);
  const minus = negative && magnitude !== 0n;
  const conditionCode = overflow ? 3 : magnitude === 0n ? 0 : minus ? 1 : 2;
  return { bytes: encode({ magnitude, negative: minus }, length), conditionCode, overflow };
}

export function isFailure(outcome: object): outcome is DecimalFailure {
  return "exception" in outcome;
}
