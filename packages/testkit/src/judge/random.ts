/** Numbers drawn from a seed: the same seed gives the same cases on every machine. */
export interface Random {
  /** 32 unsigned bits. */
  word(): number;
  /** 0 to `limit` - 1. */
  below(limit: number): number;
  /** 64 unsigned bits. */
  doubleword(): bigint;
  /** True in `part` of all draws (0 to 1). */
  chance(part: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** sfc32 (Chris Doty-Humphrey), seeded from a string such as "AGR/1". */
export function randomFrom(seed: string): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = 1;
  for (const character of seed) {
    a = Math.imul(a ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  const word = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let warmUp = 0; warmUp < 16; warmUp++) {
    word();
  }
  const below = (limit: number): number => Math.floor((word() / 0x1_0000_0000) * limit);
  return {
    word,
    below,
    doubleword: () => (BigInt(word()) << 32n) | BigInt(word()),
    chance: (part) => word() < part * 0x1_0000_0000,
    pick: (choices) => {
      const chosen = choices[below(choices.length)];
      if (chosen === undefined) {
        throw new RangeError("nothing to pick from");
      }
      return chosen;
    },
  };
}
