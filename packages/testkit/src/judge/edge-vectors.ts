/** Vectors at which instructions go wrong: edge values as elements of each size, and vectors that are nearly alike. */
import { type BinaryFormat, edgeField, edgeFloat } from "./edge-values.ts";
import type { Random } from "./random.ts";

/** What the elements are: integers, numbers of bytes, characters of few kinds with zeros among them, binary floating point. */
export type VectorKind = "integer" | "numbers" | "characters" | BinaryFormat;

/** 128 bits, unsigned. */
export function edgeVector(random: Random, kind: VectorKind): bigint {
  switch (kind) {
    case "integer": {
      const width = random.pick([8, 16, 32, 64]);
      return elements(width, () => edgeField(random, width));
    }
    case "numbers":
      return elements(8, () => BigInt(random.chance(0.9) ? random.below(40) : random.below(256)));
    case "characters": {
      const width = random.pick([8, 8, 16, 32]);
      const few = Array.from({ length: 4 }, () => edgeField(random, width));
      return elements(width, () => (random.chance(0.05) ? 0n : random.pick(few)));
    }
    case "short":
      return elements(32, () => edgeFloat(random, "short"));
    case "long":
      return elements(64, () => edgeFloat(random, "long"));
    case "extended":
      return edgeFloat(random, "extended");
  }
}

/** Like another: the same, its complement, or the same but for some elements. */
export function likeVector(random: Random, other: bigint, value: bigint): bigint {
  const ones = (1n << 128n) - 1n;
  switch (random.below(6)) {
    case 0:
      return other;
    case 1:
      return other ^ ones;
    case 2:
      return other ^ (1n << BigInt(random.below(128)));
    case 3: {
      const mask = elements(random.pick([8, 16, 32, 64]), (width) =>
        random.chance(0.7) ? 0n : (1n << BigInt(width)) - 1n,
      );
      return (other & ~mask) | (value & mask);
    }
    default:
      return value;
  }
}

function elements(width: number, make: (width: number) => bigint): bigint {
  let vector = 0n;
  for (let n = 0; n < 128 / width; n++) vector = (vector << BigInt(width)) | make(width);
  return vector;
}
