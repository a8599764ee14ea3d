/** A PSW of 16 bytes. */
export interface LongPsw {
  readonly mask: bigint;
  readonly address: bigint;
}

const BIT_12 = 0x0008000000000000n;
const ADDRESS = 0x7fffffffn;

/**
 * The PSW that loading from a short-format PSW gives (IPL, DIAGNOSE 308 subcodes 0 and 1): bit 12, which is one in
 * the short format, is inverted; bits 31 and 32 are the addressing mode; 31 bits are the address.
 * @param bytes the 8 bytes at absolute address 0. If bit 12 is zero it becomes one, and the CPU recognises a
 *   specification exception when it starts with the PSW.
 */
export function expandShortPsw(bytes: Uint8Array): LongPsw {
  const short = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0);
  return { mask: (short & ~ADDRESS) ^ BIT_12, address: short & ADDRESS };
}
