import { describe, expect, it } from "vitest";
import { Engine } from "../../../test/engine.ts";
import {
  type Environment,
  type Outcome,
  add,
  divide,
  environmentOfFpc,
  extended,
  loadRounded,
  long,
  multiply,
  multiplyLonger,
  signConditionCode,
  subtract,
} from "../../floating-point/index.ts";
import { floatingPointRoutines } from "../floating-point.ts";

const engine = new Engine(floatingPointRoutines);
const { cpu } = engine;
const INEXACT_ALREADY = 0x0008_0000;
/** CR0 bit 45: additional floating-point registers and binary floating point. */
const ADDITIONAL_REGISTERS = 1n << 18n;
function start(): void {
  engine.reset();
  cpu.setCr(0, ADDITIONAL_REGISTERS);
}

/** Repeatable numbers of 64 bits (xorshift). */
let state = 0x9e37_79b9_7f4a_7c15n;
function random64(): bigint {
  state ^= BigInt.asUintN(64, state << 13n);
  state ^= state >> 7n;
  state ^= BigInt.asUintN(64, state << 17n);
  return state;
}
const below = (limit: number): number => Number(random64() % BigInt(limit));
const random128 = (): bigint => (random64() << 64n) | random64();

/** Digits that make ties, long carries and cancellation, as well as any. */
function fraction(): bigint {
  const ones = (count: number): bigint => (1n << BigInt(count)) - 1n;
  const patterns = [
    () => random128(),
    () => 0n,
    () => extended.fractionMask,
    () => 1n << BigInt(below(112)),
    () => ones(below(113)) << BigInt(below(112)),
    () => random128() << BigInt(below(112)),
    () => extended.fractionMask - (1n << BigInt(below(112))),
  ];
  return (patterns[below(patterns.length)]?.() ?? 0n) & extended.fractionMask;
}
function operand(exponent: number): bigint {
  const sign = random64() & 1n ? extended.signBit : 0n;
  const special = [0n, 1n, extended.infinity, extended.defaultNan, extended.largestFinite];
  if (below(40) === 0) return sign | (special[below(special.length)] ?? 0n);
  return sign | (BigInt(exponent) << 112n) | fraction();
}
function pair(): [bigint, bigint] {
  const ranges = [1, 2, 20, 115, 140, 32766];
  const range = ranges[below(ranges.length)] ?? 1;
  const first = 1 + below(32766);
  const second = Math.min(32766, Math.max(1, first + below(2 * range + 1) - range));
  return [operand(first), operand(below(2) === 0 ? second : 16383 + below(300) - 150)];
}

/** Runs an instruction on FPRs 0 and 2 and 1 and 3; gives FPR 0 and 2, or FPR 0. */
function run(hex: string, a: bigint, b: bigint, width: 64 | 128): { value: bigint; cc: number; fpc: number } {
  for (const [register, bits] of [
    [0, a],
    [1, b],
  ] as const) {
    cpu.setFpr(register, bits >> 64n);
    cpu.setFpr(register + 2, BigInt.asUintN(64, bits));
  }
  expect(engine.execute(hex)).toBeUndefined();
  const value = width === 64 ? cpu.fpr(0) : (cpu.fpr(0) << 64n) | cpu.fpr(2);
  return { value, cc: cpu.cc, fpc: cpu.fpc };
}

type Operation = (a: bigint, b: bigint, environment: Environment) => Outcome;
const dyadic: readonly (readonly [name: string, hex: string, setsCode: boolean, operation: Operation])[] = [
  ["ADD", "b34a0001", true, (a, b, e) => add(extended, a, b, e)],
  ["SUBTRACT", "b34b0001", true, (a, b, e) => subtract(extended, a, b, e)],
  ["MULTIPLY", "b34c0001", false, (a, b, e) => multiply(extended, a, b, e)],
  ["DIVIDE", "b34d0001", false, (a, b, e) => divide(extended, a, b, e)],
];

describe("extended binary floating point", () => {
  it.each(dyadic)("%s is what the exact functions say", (_name, hex, setsCode, operation) => {
    start();
    for (let n = 0; n < 2500; n++) {
      const [a, b] = pair();
      // All rounding modes that need no other facility, and none of the traps.
      const fpc = below(8) === 0 ? below(4) : below(2) * INEXACT_ALREADY;
      cpu.fpc = fpc;
      cpu.cc = 3;
      const { value, flags } = operation(a, b, environmentOfFpc(fpc));
      const expected = {
        value,
        cc: setsCode ? signConditionCode(extended, value) : 3,
        fpc: fpc | (flags << 16),
      };
      expect(run(hex, a, b, 128), `${a.toString(16)} ${b.toString(16)}`).toEqual(expected);
    }
  });

  it("MULTIPLY from long operands is exact", () => {
    start();
    for (let n = 0; n < 3000; n++) {
      const [a, b] = [random64(), random64()];
      cpu.fpc = 0;
      const { value, flags } = multiplyLonger(long, extended, a, b, environmentOfFpc(0));
      const { value: product, fpc } = run("b3070001", a << 64n, b << 64n, 128);
      expect({ product, fpc }).toEqual({ product: value, fpc: flags << 16 });
    }
  });

  it("LOAD ROUNDED to long digits keeps those nearest", () => {
    start();
    for (let n = 0; n < 2500; n++) {
      const bits = operand(n % 4 === 0 ? below(32767) : 16383 - 1030 + below(2060));
      cpu.fpc = 0;
      const { value, flags } = loadRounded(extended, long, bits, environmentOfFpc(0));
      const { value: rounded, fpc } = run("b3450001", 0n, bits, 64);
      expect({ rounded, fpc }, bits.toString(16)).toEqual({ rounded: value, fpc: flags << 16 });
    }
  });
});
