/**
 * How an inexact result is rounded. The values 0-3 and 7 are those of the BFP rounding mode in the FPC register (bits 29-31);
 * 4 exists in instruction fields alone.
 */
export const RoundingMode = {
  nearestTiesToEven: 0,
  towardZero: 1,
  towardPlusInfinity: 2,
  towardMinusInfinity: 3,
  nearestTiesAway: 4,
  /** Round to prepare for shorter precision: truncate, and make the last digit odd when digits were lost. */
  prepareForShorter: 7,
} as const;

export type RoundingMode = (typeof RoundingMode)[keyof typeof RoundingMode];

/** Indexed by the BFP rounding mode; 4-6 are reserved. */
const byFpc: readonly (RoundingMode | undefined)[] = [0, 1, 2, 3, undefined, undefined, undefined, 7];

/** Indexed by the M3 or M4 field; 0 takes the mode of the FPC register, 2 and 8-15 are reserved. */
const byField: readonly (RoundingMode | undefined)[] = [
  undefined,
  RoundingMode.nearestTiesAway,
  undefined,
  RoundingMode.prepareForShorter,
  RoundingMode.nearestTiesToEven,
  RoundingMode.towardZero,
  RoundingMode.towardPlusInfinity,
  RoundingMode.towardMinusInfinity,
];

/** The BFP rounding mode in an FPC register value; undefined for the reserved codes, which no FPC register can hold. */
export function roundingModeOfFpc(fpc: number): RoundingMode | undefined {
  return byFpc[fpc & 7];
}

/** The mode that an instruction's rounding field selects; undefined calls for a specification exception. */
export function roundingModeOfField(field: number, current: RoundingMode): RoundingMode | undefined {
  return field === 0 ? current : byField[field];
}

/**
 * Whether a magnitude that lost digits grows by one unit.
 * `odd`: its last kept digit; `half`: the lost part compared with half a unit (-1 below, 0 equal, 1 above); the lost part is not zero.
 */
export function increments(mode: RoundingMode, negative: boolean, odd: boolean, half: number): boolean {
  switch (mode) {
    case RoundingMode.nearestTiesToEven:
      return half > 0 || (half === 0 && odd);
    case RoundingMode.towardZero:
      return false;
    case RoundingMode.towardPlusInfinity:
      return !negative;
    case RoundingMode.towardMinusInfinity:
      return negative;
    case RoundingMode.nearestTiesAway:
      return half >= 0;
    case RoundingMode.prepareForShorter:
      return !odd;
  }
}
