import { describe, expect, it } from "vitest";
import { type Environment, type Outcome, environmentOfFpc } from "./exceptions.ts";
import { add, divide, multiply, squareRoot } from "./arithmetic.ts";
import { type BinaryFormat, long, short } from "./format.ts";
import * as host from "./host-arithmetic.ts";

const scratch = new DataView(new ArrayBuffer(8));
const masked = environmentOfFpc(0);

function toBits(format: BinaryFormat, value: number): bigint {
  if (format === short) {
    scratch.setFloat32(0, value);
    return BigInt(scratch.getUint32(0));
  }
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

function toNumber(format: BinaryFormat, bits: bigint): number {
  scratch.setBigUint64(0, bits << BigInt(64 - format.width));
  return format === short ? scratch.getFloat32(0) : scratch.getFloat64(0);
}

/** Operands whose exponents crowd the places where the host stops being sure, and small numbers for exact results. */
function operands(format: BinaryFormat): number[] {
  const values = [0, 1, 2, 3, 5, 7, 0.5, 0.1, 1 / 3, 10, 2 ** 53, Infinity, NaN];
  const centres =
    format === short
      ? [0, 40, 100, 126, -40, -100, -126, -140]
      : [0, 60, 500, 990, 1023, -60, -450, -900, -1022, -1060];
  let seed = 88172645463325252n;
  for (const centre of centres) {
    for (let round = 0; round < 5; round += 1) {
      seed = BigInt.asUintN(64, seed * 6364136223846793005n + 1442695040888963407n);
      const mantissa = 1 + Number(seed >> BigInt(11 + round * 8)) / 2 ** (53 - round * 8);
      values.push(mantissa * 2 ** Math.min(centre + round, 1023));
    }
  }
  const kept = format === short ? values.map(Math.fround) : values;
  return kept.flatMap((value) => [value, -value]);
}

interface Pair {
  name: string;
  format: BinaryFormat;
  exact: (format: BinaryFormat, a: bigint, b: bigint, environment: Environment) => Outcome;
  fast: (a: number, b: number) => number;
  inexact: (a: number, b: number, result: number) => boolean;
}

const root: Pair["exact"] = (format, a, _b, environment) => squareRoot(format, a, environment);
const pairs: Pair[] = [
  { name: "addLong", format: long, exact: add, fast: host.addLong, inexact: host.addLongInexact },
  {
    name: "multiplyLong",
    format: long,
    exact: multiply,
    fast: host.multiplyLong,
    inexact: host.multiplyLongInexact,
  },
  { name: "divideLong", format: long, exact: divide, fast: host.divideLong, inexact: host.divideLongInexact },
  {
    name: "squareRootLong",
    format: long,
    exact: root,
    fast: host.squareRootLong,
    inexact: (a, _b, result) => host.squareRootLongInexact(a, result),
  },
  { name: "addShort", format: short, exact: add, fast: host.addShort, inexact: host.addShortInexact },
  {
    name: "multiplyShort",
    format: short,
    exact: multiply,
    fast: host.multiplyShort,
    inexact: host.multiplyShortInexact,
  },
  {
    name: "divideShort",
    format: short,
    exact: divide,
    fast: host.divideShort,
    inexact: host.divideShortInexact,
  },
  {
    name: "squareRootShort",
    format: short,
    exact: root,
    fast: host.squareRootShort,
    inexact: (a, _b, result) => host.squareRootShortInexact(a, result),
  },
];

describe("host arithmetic", () => {
  it.each(pairs)(
    "$name answers as the exact function does, or not at all",
    ({ format, exact, fast, inexact }) => {
      let answered = 0;
      const values = operands(format);
      for (const a of values) {
        for (const b of values) {
          const result = fast(a, b);
          if (Number.isNaN(result)) continue;
          answered += 1;
          const outcome = exact(format, toBits(format, a), toBits(format, b), masked);
          const flags = inexact(a, b, result) ? 0x08 : 0;
          const same = Object.is(result, toNumber(format, outcome.value)) && flags === outcome.flags;
          if (!same)
            expect({ a, b, result, flags }).toEqual({
              a,
              b,
              result: toNumber(format, outcome.value),
              flags: outcome.flags,
            });
        }
      }
      expect(answered / values.length ** 2).toBeGreaterThan(0.2);
    },
  );
});
