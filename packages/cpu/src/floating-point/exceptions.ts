import type { BinaryFormat } from "./format.ts";
import { type RoundingMode, roundingModeOfFpc } from "./rounding-mode.ts";

/**
 * IEEE exceptions as they stand in a byte of the floating-point-control (FPC) register: the mask byte (bits 0-7),
 * the flag byte (bits 8-15) and, for the first five, the data-exception code (DXC, bits 16-23) of their trap.
 */
export const Ieee = {
  invalidOperation: 0x80,
  divisionByZero: 0x40,
  overflow: 0x20,
  underflow: 0x10,
  inexact: 0x08,
  /** Beside `inexact` in a DXC: the delivered magnitude is greater than the exact one. */
  incremented: 0x04,
} as const;

/** What of the FPC register an operation depends on. */
export interface Environment {
  /** The mask byte: exceptions that trap. */
  readonly masks: number;
  readonly rounding: RoundingMode;
}

/** What an operation delivers. Nothing is stored here; the instruction commits it. */
export interface Outcome {
  /** Result bits in `format`; to be ignored when `suppressed`. */
  readonly value: bigint;
  /** The result's format; it differs from the target's for a trapped LOAD ROUNDED alone. */
  readonly format: BinaryFormat;
  /** To be ORed into the flag byte of the FPC register. */
  readonly flags: number;
  /** Data-exception code of the trap, 0 for none. A trap does not set its own flag. */
  readonly dxc: number;
  /** The trap suppresses the operation: no result, no condition code. Otherwise the operation completes, then traps. */
  readonly suppressed: boolean;
}

const environments: (Environment | undefined)[] = [];

/** The environment of an FPC register value. Values are shared, so that a lookup allocates nothing. */
export function environmentOfFpc(fpc: number): Environment {
  const masks = fpc >>> 24;
  const key = (masks << 3) | (fpc & 7);
  return (environments[key] ??= { masks, rounding: roundingModeOfFpc(fpc) ?? 0 });
}

/** A result without any exception. */
export function exactly(format: BinaryFormat, value: bigint): Outcome {
  return { value, format, flags: 0, dxc: 0, suppressed: false };
}

/** Invalid operation or division by zero: suppressed when its mask is one, else `value` with the flag. */
export function suppressible(format: BinaryFormat, exception: number, value: bigint, masks: number): Outcome {
  const traps = (masks & exception) !== 0;
  return { value, format, flags: traps ? 0 : exception, dxc: traps ? exception : 0, suppressed: traps };
}

/** A result whose digits were lost, after `flags` were raised: flag or trap of IEEE inexact, unless suppressed (XxC). */
export function inexactly(
  format: BinaryFormat,
  value: bigint,
  incremented: boolean,
  flags: number,
  masks: number,
  suppressInexact: boolean,
): Outcome {
  if (suppressInexact) return { value, format, flags, dxc: 0, suppressed: false };
  if ((masks & Ieee.inexact) === 0)
    return { value, format, flags: flags | Ieee.inexact, dxc: 0, suppressed: false };
  return { value, format, flags, dxc: inexactCode(true, incremented), suppressed: false };
}

/** The part of a DXC that tells how the delivered value differs from the exact one. */
export function inexactCode(inexact: boolean, incremented: boolean): number {
  if (!inexact) return 0;
  return incremented ? Ieee.inexact | Ieee.incremented : Ieee.inexact;
}
