/**
 * Host routines of binary floating point: operands from registers and arguments, the arithmetic of
 * `floating-point/`, and what becomes of its result: registers, FPC flags, and a data exception that either
 * suppresses the instruction or follows its completion.
 */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import {
  type BinaryFormat,
  type ComparisonOutcome,
  type ConversionControl,
  type Environment,
  type FixedFormat,
  type Outcome,
  add,
  compare,
  compareAndSignal,
  divide,
  divideToInteger,
  environmentOfFpc,
  extended,
  fromFixed,
  loadAndTest,
  loadInteger,
  loadLengthened,
  loadRounded,
  long,
  multiply,
  multiplyAdd,
  multiplyLonger,
  multiplySubtract,
  roundingModeOfField,
  short,
  signConditionCode,
  squareRoot,
  subtract,
  toFixed,
} from "../floating-point/index.ts";
import { Event, cpu as at } from "../state.ts";
import { type HostRoutine, type HostRoutines, modeChanged } from "./host.ts";

// --- operands and results --------------------------------------------------------------------------

/** Every routine but those of fixed-point sources gets: R1, left and right part of the second operand. */
function second(cpu: Cpu, format: BinaryFormat): bigint {
  const left = cpu.arg64(1);
  return format === extended ? (left << 64n) | cpu.arg64(2) : left;
}

function register(cpu: Cpu, format: BinaryFormat, number: number): bigint {
  const left = cpu.fpr(number);
  if (format === extended) return (left << 64n) | cpu.fpr(number | 2);
  return left >> BigInt(64 - format.width);
}

function setRegister(cpu: Cpu, format: BinaryFormat, number: number, bits: bigint): void {
  if (format === extended) {
    cpu.setFpr(number, bits >> 64n);
    cpu.setFpr(number | 2, BigInt.asUintN(64, bits));
  } else if (format === long) {
    cpu.setFpr(number, bits);
  } else {
    cpu.setFpr(number, (bits << 32n) | (cpu.fpr(number) & 0xffff_ffffn));
  }
}

/** What every kind of outcome says about the FPC register and the trap. */
interface Consequences {
  readonly flags: number;
  readonly dxc: number;
  readonly suppressed: boolean;
}

/** A trap that suppresses ends the instruction here. */
function raiseFlags(cpu: Cpu, { flags, dxc, suppressed }: Consequences): void {
  if (suppressed) throw new ProgramInterruption(programInterruption.data, dxc);
  if (flags !== 0) cpu.fpc = cpu.fpc | (flags << 16);
}

/** After the result is in place: the condition code, or the data exception that follows completion. */
function complete(cpu: Cpu, conditionCode: number, dxc: number): number {
  if (dxc === 0) return conditionCode;
  cpu.cc = conditionCode;
  cpu.setU32(at.programCode, programInterruption.data);
  cpu.setU32(at.dxc, dxc);
  cpu.setU32(at.event, Event.programAfter);
  return modeChanged;
}

/** Puts a floating-point result into R1. `setsCode`: the condition code becomes that of the result. */
function deliver(cpu: Cpu, outcome: Outcome, setsCode: boolean): number {
  raiseFlags(cpu, outcome);
  setRegister(cpu, outcome.format, cpu.arg32(0), outcome.value);
  const code = setsCode ? signConditionCode(outcome.format, outcome.value) : cpu.cc;
  return complete(cpu, code, outcome.dxc);
}

const environmentOf = (cpu: Cpu): Environment => environmentOfFpc(cpu.fpc);

/** M3 and M4 from two arguments; the definition has refused invalid modes. */
function controlOf(cpu: Cpu, argument: number, environment: Environment): ConversionControl {
  const mode = roundingModeOfField(cpu.arg32(argument), environment.rounding) ?? environment.rounding;
  return { mode, suppressInexact: (cpu.arg32(argument + 1) & 4) !== 0 };
}

// --- families --------------------------------------------------------------------------------------

type Dyadic = (format: BinaryFormat, a: bigint, b: bigint, environment: Environment) => Outcome;
const dyadic =
  (operation: Dyadic, format: BinaryFormat, setsCode: boolean): HostRoutine =>
  (cpu) => {
    const a = register(cpu, format, cpu.arg32(0));
    return deliver(cpu, operation(format, a, second(cpu, format), environmentOf(cpu)), setsCode);
  };

const longer =
  (source: BinaryFormat, target: BinaryFormat): HostRoutine =>
  (cpu) => {
    const a = register(cpu, source, cpu.arg32(0));
    return deliver(cpu, multiplyLonger(source, target, a, second(cpu, source), environmentOf(cpu)), false);
  };

type Monadic = (format: BinaryFormat, a: bigint, environment: Environment) => Outcome;
const monadic =
  (operation: Monadic, format: BinaryFormat, setsCode: boolean): HostRoutine =>
  (cpu) =>
    deliver(cpu, operation(format, second(cpu, format), environmentOf(cpu)), setsCode);

type Triadic = typeof multiplyAdd;
const triadic =
  (operation: Triadic, format: BinaryFormat): HostRoutine =>
  (cpu) => {
    const first = register(cpu, format, cpu.arg32(0));
    const third = cpu.arg64(3);
    return deliver(cpu, operation(format, first, cpu.arg64(1), third, environmentOf(cpu)), false);
  };

type Comparison = (format: BinaryFormat, a: bigint, b: bigint, environment: Environment) => ComparisonOutcome;
const comparing =
  (operation: Comparison, format: BinaryFormat): HostRoutine =>
  (cpu) => {
    const a = register(cpu, format, cpu.arg32(0));
    const outcome = operation(format, a, second(cpu, format), environmentOf(cpu));
    raiseFlags(cpu, outcome);
    return outcome.conditionCode;
  };

const lengthening =
  (source: BinaryFormat, target: BinaryFormat): HostRoutine =>
  (cpu) =>
    deliver(cpu, loadLengthened(source, target, second(cpu, source), environmentOf(cpu)), false);

const rounding =
  (source: BinaryFormat, target: BinaryFormat): HostRoutine =>
  (cpu) => {
    const environment = environmentOf(cpu);
    const control = controlOf(cpu, 3, environment);
    return deliver(cpu, loadRounded(source, target, second(cpu, source), environment, control), false);
  };

const wholeNumber =
  (format: BinaryFormat): HostRoutine =>
  (cpu) => {
    const environment = environmentOf(cpu);
    const control = controlOf(cpu, 3, environment);
    return deliver(cpu, loadInteger(format, second(cpu, format), environment, control), false);
  };

/** (R1, number, M3, M4); the definition has extended the number to 64 bits. */
const convertingFrom =
  (format: BinaryFormat, signed: boolean): HostRoutine =>
  (cpu) => {
    const environment = environmentOf(cpu);
    const number = signed ? BigInt.asIntN(64, cpu.arg64(1)) : cpu.arg64(1);
    return deliver(cpu, fromFixed(format, number, environment, controlOf(cpu, 2, environment)), false);
  };

const convertingTo =
  (format: BinaryFormat, target: FixedFormat): HostRoutine =>
  (cpu) => {
    const environment = environmentOf(cpu);
    const control = controlOf(cpu, 3, environment);
    const outcome = toFixed(format, target, second(cpu, format), environment, control);
    raiseFlags(cpu, outcome);
    const number = cpu.arg32(0);
    if (target.width === 64) cpu.setGr(number, outcome.value);
    else cpu.setGrLow(number, Number(outcome.value));
    return complete(cpu, outcome.conditionCode, outcome.dxc);
  };

/** (R1, R2, R3, M4): dividend and remainder, divisor, quotient. */
const dividingToInteger =
  (format: BinaryFormat): HostRoutine =>
  (cpu) => {
    const environment = environmentOf(cpu);
    const dividend = register(cpu, format, cpu.arg32(0));
    const divisor = register(cpu, format, cpu.arg32(1));
    const mode = roundingModeOfField(cpu.arg32(3), environment.rounding) ?? environment.rounding;
    const outcome = divideToInteger(format, dividend, divisor, mode, environment);
    raiseFlags(cpu, outcome);
    setRegister(cpu, format, cpu.arg32(0), outcome.remainder);
    setRegister(cpu, format, cpu.arg32(2), outcome.quotient);
    return complete(cpu, outcome.conditionCode, outcome.dxc);
  };

/** IEEE exceptions in the order in which one of several is simulated. */
const simulated = [
  { flag: 0x80, reported: 0x80 },
  { flag: 0x40, reported: 0x40 },
  { flag: 0x20, reported: 0x28 },
  { flag: 0x10, reported: 0x18 },
  { flag: 0x08, reported: 0x08 },
];
/** LOAD FPC AND SIGNAL, SET FPC AND SIGNAL: flags of before that the new masks enable are a simulated exception. */
const signal: HostRoutine = (cpu) => {
  const flags = cpu.fpc & 0x00ff_0000;
  const value = cpu.arg32(0);
  const enabled = (flags >>> 16) & (value >>> 24);
  cpu.fpc = value | flags;
  const chosen = simulated.find(({ flag }) => (enabled & flag) !== 0);
  return chosen === undefined ? cpu.cc : complete(cpu, cpu.cc, (enabled & chosen.reported) | 0x03);
};

const named = [
  ["Short", short],
  ["Long", long],
  ["Extended", extended],
] as const;

function perFormat(name: string, routine: (format: BinaryFormat) => HostRoutine): [string, HostRoutine][] {
  return named.map(([suffix, format]) => [`bfp.${name}${suffix}`, routine(format)]);
}

export const floatingPointRoutines: HostRoutines = {
  ...Object.fromEntries([
    ...perFormat("add", (format) => dyadic(add, format, true)),
    ...perFormat("subtract", (format) => dyadic(subtract, format, true)),
    ...perFormat("multiply", (format) => dyadic(multiply, format, false)),
    ...perFormat("divide", (format) => dyadic(divide, format, false)),
    ...perFormat("squareRoot", (format) => monadic(squareRoot, format, false)),
    ...perFormat("loadAndTest", (format) => monadic(loadAndTest, format, true)),
    ...perFormat("compare", (format) => comparing(compare, format)),
    ...perFormat("compareAndSignal", (format) => comparing(compareAndSignal, format)),
    ...perFormat("loadInteger", wholeNumber),
    ...perFormat("toFixed32", (format) => convertingTo(format, { width: 32, signed: true })),
    ...perFormat("toFixed64", (format) => convertingTo(format, { width: 64, signed: true })),
    ...perFormat("toLogical32", (format) => convertingTo(format, { width: 32, signed: false })),
    ...perFormat("toLogical64", (format) => convertingTo(format, { width: 64, signed: false })),
  ]),
  "bfp.fromFixedShort": convertingFrom(short, true),
  "bfp.fromFixedLong": convertingFrom(long, true),
  "bfp.fromLogicalShort": convertingFrom(short, false),
  "bfp.fromLogicalLong": convertingFrom(long, false),
  "bfp.multiplyLongerShort": longer(short, long),
  "bfp.multiplyLongerLong": longer(long, extended),
  "bfp.multiplyAddShort": triadic(multiplyAdd, short),
  "bfp.multiplyAddLong": triadic(multiplyAdd, long),
  "bfp.multiplySubtractShort": triadic(multiplySubtract, short),
  "bfp.multiplySubtractLong": triadic(multiplySubtract, long),
  "bfp.lengthenShortToLong": lengthening(short, long),
  "bfp.lengthenShortToExtended": lengthening(short, extended),
  "bfp.lengthenLongToExtended": lengthening(long, extended),
  "bfp.roundLongToShort": rounding(long, short),
  "bfp.roundExtendedToLong": rounding(extended, long),
  "bfp.roundExtendedToShort": rounding(extended, short),
  "bfp.divideToIntegerShort": dividingToInteger(short),
  "bfp.divideToIntegerLong": dividingToInteger(long),
  "bfp.signal": signal,
};
