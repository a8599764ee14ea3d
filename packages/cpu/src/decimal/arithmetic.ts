import {
  type Decimal,
  type DecimalFailure,
  type PackedResult,
  dataException,
  decode,
  encode,
  exceeds,
  hexOf,
  store,
} from "./packed.ts";

function signed({ magnitude, negative }: Decimal): bigint {
  return negative ? -magnitude : magnitude;
}

function fromSigned(value: bigint): Decimal {
  return { magnitude: value < 0n ? -value : value, negative: value < 0n };
}

/** ADD DECIMAL: the sum in the length of the first operand. */
export function addDecimal(first: Uint8Array, second: Uint8Array): PackedResult | DecimalFailure {
  const a = decode(first);
  const b = decode(second);
  if (a === undefined || b === undefined) return dataException;
  return store(fromSigned(signed(a) + signed(b)), first.length);
}

/** SUBTRACT DECIMAL. */
export function subtractDecimal(first: Uint8Array, second: Uint8Array): PackedResult | DecimalFailure {
  const a = decode(first);
  const b = decode(second);
  if (a === undefined || b === undefined) return dataException;
  return store(fromSigned(signed(a) - signed(b)), first.length);
}

/** ZERO AND ADD: the second operand in a field of `length` bytes; what that field held is not looked at. */
export function zeroAndAdd(length: number, second: Uint8Array): PackedResult | DecimalFailure {
  const operand = decode(second);
  return operand === undefined ? dataException : store(operand, length);
}

/** COMPARE DECIMAL. CC: 0 equal, 1 first operand low, 2 first operand high. */
export function compareDecimal(
  first: Uint8Array,
  second: Uint8Array,
): { conditionCode: number } | DecimalFailure {
  const a = decode(first);
  const b = decode(second);
  if (a === undefined || b === undefined) return dataException;
  const difference = signed(a) - signed(b);
  return { conditionCode: difference === 0n ? 0 : difference < 0n ? 1 : 2 };
}

/** The second operand of MULTIPLY and DIVIDE DECIMAL has at most 8 bytes and fewer than the first. */
function badLengths(first: Uint8Array, second: Uint8Array): boolean {
  return second.length > 8 || second.length >= first.length;
}

/** MULTIPLY DECIMAL: the product as long as the first operand, whose leftmost bytes, as many as the second has, have to be zero. */
export function multiplyDecimal(
  first: Uint8Array,
  second: Uint8Array,
): { bytes: Uint8Array } | DecimalFailure {
  if (badLengths(first, second)) return { exception: "specification" };
  const a = decode(first);
  const b = decode(second);
  if (a === undefined || b === undefined) return dataException;
  if (first.subarray(0, second.length).some((byte) => byte !== 0)) return dataException;
  // The rule of signs holds for a zero product as well.
  const product: Decimal = { magnitude: a.magnitude * b.magnitude, negative: a.negative !== b.negative };
  return { bytes: encode(product, first.length) };
}

/** DIVIDE DECIMAL: quotient, then remainder (as long as the divisor), in the place of the dividend. */
export function divideDecimal(first: Uint8Array, second: Uint8Array): { bytes: Uint8Array } | DecimalFailure {
  if (badLengths(first, second)) return { exception: "specification" };
  const a = decode(first);
  const b = decode(second);
  if (a === undefined || b === undefined) return dataException;
  const length = first.length - second.length;
  if (b.magnitude === 0n) return { exception: "decimal-divide" };
  const quotient = a.magnitude / b.magnitude;
  if (exceeds(quotient, length)) return { exception: "decimal-divide" };
  const bytes = new Uint8Array(first.length);
  bytes.set(encode({ magnitude: quotient, negative: a.negative !== b.negative }, length));
  bytes.set(encode({ magnitude: a.magnitude % b.magnitude, negative: a.negative }, second.length), length);
  return { bytes };
}

/**
 * SHIFT AND ROUND DECIMAL. `shift` is the six-bit signed amount of the second-operand address: left by 0 to 31 digits, or right by
 * 1 to 32 with `roundingDigit` added to the last digit shifted out.
 */
export function shiftAndRound(
  field: Uint8Array,
  shift: number,
  roundingDigit: number,
): PackedResult | DecimalFailure {
  const operand = decode(field);
  if (operand === undefined || roundingDigit > 9) return dataException;
  const amount = (shift << 26) >> 26;
  if (amount >= 0)
    return store({ ...operand, magnitude: operand.magnitude * 10n ** BigInt(amount) }, field.length);
  const lastOut = operand.magnitude / 10n ** BigInt(-amount - 1);
  return store({ ...operand, magnitude: (lastOut + BigInt(roundingDigit)) / 10n }, field.length);
}

/** TEST DECIMAL. CC: 0 all codes valid, 1 sign invalid, 2 a digit invalid, 3 both. */
export function testDecimal(field: Uint8Array): number {
  const text = hexOf(field);
  const sign = /[a-f]$/.test(text) ? 0 : 1;
  const digits = /^[0-9]*.$/.test(text) ? 0 : 2;
  return sign + digits;
}
