const scratch = new DataView(new ArrayBuffer(8));

/** Number of significant bits of a positive bigint. */
export function bitLength(value: bigint): number {
  const approximate = Number(value);
  if (approximate === Infinity) return 512 + bitLength(value >> 512n);
  scratch.setFloat64(0, approximate);
  const length = (scratch.getUint16(0) >>> 4) - 1022;
  // The conversion may have rounded up to the next power of two.
  return value >> BigInt(length - 1) === 0n ? length - 1 : length;
}

/** The greatest integer whose square does not exceed `value`. */
export function integerSquareRoot(value: bigint): bigint {
  if (value === 0n) return 0n;
  const excess = Math.max(0, bitLength(value) - 1020) + 1;
  const shift = BigInt(excess & ~1);
  const estimate = BigInt(Math.ceil(Math.sqrt(Number(value >> shift))));
  // The estimate is good to about 52 bits; Newton's method has to start above the root.
  let root = (estimate + (estimate >> 50n) + 2n) << (shift / 2n);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
