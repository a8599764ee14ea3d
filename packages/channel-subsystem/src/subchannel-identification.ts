/**
 * Subsystem-identification word, in general register 1 of the I/O instructions:
 * {CSS identifier 8 bits, 0 4, m 1, subchannel-set identifier 2, 1, subchannel number 16}.
 */
export interface SubchannelIdentification {
  /** Channel-subsystem identifier; 0 unless multiple channel subsystems are enabled. */
  readonly css: number;
  readonly set: number;
  readonly number: number;
}

const ONE = 0x00010000;
const RESERVED = 0x00f00000;
const MULTIPLE = 0x00080000;

/** Take the word in a register apart; undefined: it is invalid, which is an operand exception. */
export function parseIdentification(gr1: bigint): SubchannelIdentification | undefined {
  const word = Number(BigInt.asUintN(32, gr1));
  const css = word >>> 24;
  if ((word & ONE) === 0 || (word & RESERVED) !== 0) return undefined;
  if ((word & MULTIPLE) === 0 && css !== 0) return undefined;
  return { css, set: (word >>> 17) & 0x3, number: word & 0xffff };
}

/** The word of a subchannel of channel subsystem 0, as I/O interruptions store it. */
export function identificationWord({
  set,
  number,
}: Pick<SubchannelIdentification, "set" | "number">): number {
  return ONE | (set << 17) | number;
}
