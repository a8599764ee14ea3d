/**
 * Host routines of vector floating point: elements of a register, each with the arithmetic of `floating-point/`. The
 * first element that traps ends the instruction with a vector-processing exception; otherwise the flags of all are set.
 * Source: Principles of Operation, "Vector Floating-Point Instructions", "IEEE Exceptions".
 */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import {
  type BinaryFormat,
  type ConversionControl,
  type Environment,
  Ieee,
  type Outcome,
  add,
  compare,
  compareAndSignal,
  dataClass,
  divide,
  environmentOfFpc,
  extended,
  extremum,
  fromFixed,
  loadInteger,
  loadLengthened,
  loadRounded,
  long,
  multiply,
  multiplyAdd,
  multiplySubtract,
  roundingModeOfField,
  short,
  squareRoot,
  subtract,
  toFixed,
} from "../floating-point/index.ts";
import type { HostRoutine, HostRoutines } from "./host.ts";

/** Masks: one element only; XxC. */
const SINGLE = 8;
const SUPPRESS_INEXACT = 4;

/** By the mask that gives the format. */
const formats: Readonly<Record<number, BinaryFormat>> = { 2: short, 3: long, 4: extended };
const formatOf = (mask: number): BinaryFormat => formats[mask] ?? long;
const longer = (format: BinaryFormat): BinaryFormat => (format === short ? long : extended);
const shorter = (format: BinaryFormat): BinaryFormat => (format === long ? short : long);

const countOf = (width: number, masks: number): number => ((masks & SINGLE) !== 0 ? 1 : 128 / width);
const shiftOf = (width: number, n: number): bigint => BigInt(128 - width * (n + 1));
const elementOf = (vector: bigint, width: number, n: number): bigint =>
  BigInt.asUintN(width, vector >> shiftOf(width, n));

/** Exceptions in the order in which one of several is told, and what tells it in a vector-exception code. */
const causes: readonly (readonly [exception: number, code: number])[] = [
  [Ieee.invalidOperation, 1],
  [Ieee.divisionByZero, 2],
  [Ieee.overflow, 3],
  [Ieee.underflow, 4],
  [Ieee.inexact, 5],
];

/** What the elements' operations say of exceptions. */
class Exceptions {
  #flags = 0;
  /** @throws ProgramInterruption for a trap: the vector-exception code is the element's number and the cause. */
  take(element: number, { flags, dxc }: { readonly flags: number; readonly dxc: number }): void {
    if (dxc !== 0) {
      const [, code = 0] = causes.find(([exception]) => (dxc & exception) !== 0) ?? [];
      throw new ProgramInterruption(programInterruption.vectorProcessing, (element << 4) | code);
    }
    this.#flags |= flags;
  }
  commit(cpu: Cpu): void {
    cpu.fpc = cpu.fpc | (this.#flags << 16);
  }
}

// Arguments of every routine: V1, V2, V3, V4, format, flags, and one more. Those that an instruction lacks are zero.
const vector = (cpu: Cpu, argument: number): bigint => cpu.vr(cpu.arg32(argument));
const FORMAT = 4;
const FLAGS = 5;
const MORE = 6;

type Operation = (
  format: BinaryFormat,
  operands: readonly [second: bigint, third: bigint, fourth: bigint],
  environment: Environment,
  cpu: Cpu,
) => Outcome;

/** Each element of the result from its counterparts; elements that are left out become zeros. */
const elementwise =
  (operation: Operation): HostRoutine =>
  (cpu) => {
    const format = formatOf(cpu.arg32(FORMAT));
    const environment = environmentOfFpc(cpu.fpc);
    const [second, third, fourth] = [vector(cpu, 1), vector(cpu, 2), vector(cpu, 3)];
    const exceptions = new Exceptions();
    const { width } = format;
    let result = 0n;
    for (let n = 0; n < countOf(width, cpu.arg32(FLAGS)); n++) {
      const of = (operand: bigint) => elementOf(operand, width, n);
      const outcome = operation(format, [of(second), of(third), of(fourth)], environment, cpu);
      exceptions.take(n, outcome);
      result |= outcome.value << shiftOf(width, n);
    }
    exceptions.commit(cpu);
    cpu.setVr(cpu.arg32(0), result);
  };

/** The sign of a result that is no NaN is inverted, after rounding. */
function negated(outcome: Outcome): Outcome {
  const { format, value } = outcome;
  const isNan = (value & ~format.signBit) > format.infinity;
  return isNan ? outcome : { ...outcome, value: value ^ format.signBit };
}

/** Rounding mode and XxC as the masks say. */
function controlOf(cpu: Cpu, { rounding }: Environment): ConversionControl {
  const mode = roundingModeOfField(cpu.arg32(MORE), rounding) ?? rounding;
  return { mode, suppressInexact: (cpu.arg32(FLAGS) & SUPPRESS_INEXACT) !== 0 };
}

/** Fixed-point and floating-point elements of the same size. */
const fromInteger = (signed: boolean): HostRoutine =>
  elementwise((format, [value], environment, cpu) => {
    const number = signed ? BigInt.asIntN(format.width, value) : value;
    return fromFixed(format, number, environment, controlOf(cpu, environment));
  });
const toInteger = (signed: boolean): HostRoutine =>
  elementwise((format, [value], environment, cpu) => {
    const target = { width: format === short ? 32 : 64, signed } as const;
    return { ...toFixed(format, target, value, environment, controlOf(cpu, environment)), format };
  });

/** From the even elements of the shorter format, or to those. What an exception names is the source's element. */
const lengthen: HostRoutine = (cpu) => {
  const source = formatOf(cpu.arg32(FORMAT));
  const target = longer(source);
  const exceptions = new Exceptions();
  let result = 0n;
  for (let n = 0; n < countOf(target.width, cpu.arg32(FLAGS)); n++) {
    const value = elementOf(vector(cpu, 1), source.width, 2 * n);
    const outcome = loadLengthened(source, target, value, environmentOfFpc(cpu.fpc));
    exceptions.take(2 * n, outcome);
    result |= outcome.value << shiftOf(target.width, n);
  }
  exceptions.commit(cpu);
  cpu.setVr(cpu.arg32(0), result);
};
const round: HostRoutine = (cpu) => {
  const source = formatOf(cpu.arg32(FORMAT));
  const target = shorter(source);
  const environment = environmentOfFpc(cpu.fpc);
  const exceptions = new Exceptions();
  const number = cpu.arg32(0);
  let result = source === extended ? BigInt.asUintN(64, cpu.vr(number)) : 0n;
  for (let n = 0; n < countOf(source.width, cpu.arg32(FLAGS)); n++) {
    const value = elementOf(vector(cpu, 1), source.width, n);
    const outcome = loadRounded(source, target, value, environment, controlOf(cpu, environment));
    exceptions.take(n, outcome);
    result |= outcome.value << shiftOf(target.width, 2 * n);
  }
  exceptions.commit(cpu);
  cpu.setVr(number, result);
};

/** Relations by the condition codes of COMPARE: 0 equal, 1 low, 2 high. */
const relations: readonly (readonly number[])[] = [[0], [2], [0, 2]];
/** M5 bit 1 (SQ): quiet NaNs signal as well. `MORE`: 0 equal, 1 high, 2 high or equal. CC: 0 all, 1 some, 3 none. */
const SIGNAL_ON_QUIET = 4;
const compareElements: HostRoutine = (cpu) => {
  const format = formatOf(cpu.arg32(FORMAT));
  const flags = cpu.arg32(FLAGS);
  const operation = (flags & SIGNAL_ON_QUIET) !== 0 ? compareAndSignal : compare;
  const wanted = relations[cpu.arg32(MORE)] ?? [];
  const exceptions = new Exceptions();
  const { width } = format;
  const count = countOf(width, flags);
  let [result, matches] = [0n, 0];
  for (let n = 0; n < count; n++) {
    const [a, b] = [elementOf(vector(cpu, 1), width, n), elementOf(vector(cpu, 2), width, n)];
    const outcome = operation(format, a, b, environmentOfFpc(cpu.fpc));
    exceptions.take(n, outcome);
    if (!wanted.includes(outcome.conditionCode)) continue;
    matches++;
    result |= BigInt.asUintN(width, -1n) << shiftOf(width, n);
  }
  exceptions.commit(cpu);
  cpu.setVr(cpu.arg32(0), result);
  return matches === count ? 0 : matches > 0 ? 1 : 3;
};

/** Elements 0 of the first and second operand. `MORE`: quiet NaNs signal. */
const compareScalar: HostRoutine = (cpu) => {
  const format = formatOf(cpu.arg32(FORMAT));
  const operation = cpu.arg32(MORE) === 1 ? compareAndSignal : compare;
  const [a, b] = [elementOf(vector(cpu, 0), format.width, 0), elementOf(vector(cpu, 1), format.width, 0)];
  const exceptions = new Exceptions();
  const outcome = operation(format, a, b, environmentOfFpc(cpu.fpc));
  exceptions.take(0, outcome);
  exceptions.commit(cpu);
  return outcome.conditionCode;
};

/** `MORE`: classes by bit, as in TEST DATA CLASS. CC: 0 all, 1 some, 3 none. */
const testClass: HostRoutine = (cpu) => {
  const format = formatOf(cpu.arg32(FORMAT));
  const { width } = format;
  const number = cpu.arg32(0);
  const count = countOf(width, cpu.arg32(FLAGS));
  const source = vector(cpu, 1);
  let [result, matches] = [cpu.vr(number), 0];
  for (let n = 0; n < count; n++) {
    const ones = BigInt.asUintN(width, -1n) << shiftOf(width, n);
    const member = (dataClass(format, elementOf(source, width, n)) & cpu.arg32(MORE)) !== 0;
    result = member ? result | ones : result & ~ones;
    if (member) matches++;
  }
  cpu.setVr(number, result);
  return matches === count ? 0 : matches > 0 ? 1 : 3;
};

export const vectorFloatingPointRoutines: HostRoutines = {
  "vfp.add": elementwise((format, [a, b], environment) => add(format, a, b, environment)),
  "vfp.subtract": elementwise((format, [a, b], environment) => subtract(format, a, b, environment)),
  "vfp.multiply": elementwise((format, [a, b], environment) => multiply(format, a, b, environment)),
  "vfp.divide": elementwise((format, [a, b], environment) => divide(format, a, b, environment)),
  "vfp.squareRoot": elementwise((format, [a], environment) => squareRoot(format, a, environment)),
  "vfp.multiplyAdd": elementwise((format, [a, b, c], environment) =>
    multiplyAdd(format, c, b, a, environment),
  ),
  "vfp.multiplySubtract": elementwise((format, [a, b, c], environment) =>
    multiplySubtract(format, c, b, a, environment),
  ),
  "vfp.negativeMultiplyAdd": elementwise((format, [a, b, c], environment) =>
    negated(multiplyAdd(format, c, b, a, environment)),
  ),
  "vfp.negativeMultiplySubtract": elementwise((format, [a, b, c], environment) =>
    negated(multiplySubtract(format, c, b, a, environment)),
  ),
  "vfp.minimum": elementwise((format, [a, b], environment, cpu) =>
    extremum(format, a, b, environment, "minimum", cpu.arg32(MORE)),
  ),
  "vfp.maximum": elementwise((format, [a, b], environment, cpu) =>
    extremum(format, a, b, environment, "maximum", cpu.arg32(MORE)),
  ),
  "vfp.loadInteger": elementwise((format, [a], environment, cpu) =>
    loadInteger(format, a, environment, controlOf(cpu, environment)),
  ),
  "vfp.fromFixed": fromInteger(true),
  "vfp.fromLogical": fromInteger(false),
  "vfp.toFixed": toInteger(true),
  "vfp.toLogical": toInteger(false),
  "vfp.lengthen": lengthen,
  "vfp.round": round,
  "vfp.compare": compareElements,
  "vfp.compareScalar": compareScalar,
  "vfp.testClass": testClass,
};
