/** Decimal instructions: operands from and to storage; what they compute is in `../decimal`. Source: Principles of Operation, "Decimal Instructions". */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import {
  type DecimalException,
  type DecimalFailure,
  type PackedResult,
  addDecimal,
  compareDecimal,
  convertToBinary,
  convertToDecimal,
  divideDecimal,
  edit,
  isFailure,
  moveWithOffset,
  multiplyDecimal,
  pack,
  packCharacters,
  shiftAndRound,
  subtractDecimal,
  testDecimal,
  unpack,
  unpackCharacters,
  zeroAndAdd,
} from "../decimal/index.ts";
import type { HostRoutine, HostRoutines } from "./host.ts";
import { setAddress } from "./registers.ts";

const codes: Record<DecimalException, number> = {
  data: programInterruption.data,
  "decimal-divide": programInterruption.decimalDivide,
  specification: programInterruption.specification,
};
function unless<T extends object>(outcome: T | DecimalFailure): T {
  if (isFailure(outcome)) throw new ProgramInterruption(codes[outcome.exception]);
  return outcome;
}

interface Operand {
  readonly address: bigint;
  readonly ar: number;
  readonly length: number;
}
const fetch = (cpu: Cpu, { address, length, ar }: Operand): Uint8Array => cpu.fetchBytes(address, length, ar);
const store = (cpu: Cpu, { address, ar }: Operand, bytes: Uint8Array): void =>
  cpu.storeBytes(address, bytes, ar);

/** First operand, its AR, L1, second operand, its AR, L2. */
const twoOperands = (cpu: Cpu): [first: Operand, second: Operand] => [
  { address: cpu.arg64(0), ar: cpu.arg32(1), length: cpu.arg32(2) + 1 },
  { address: cpu.arg64(3), ar: cpu.arg32(4), length: cpu.arg32(5) + 1 },
];

/** Store a result; decimal overflow interrupts when PSW bit 21 asks for it. */
function finish(cpu: Cpu, first: Operand, { bytes, conditionCode, overflow }: PackedResult): number {
  store(cpu, first, bytes);
  cpu.cc = conditionCode;
  const asked = (cpu.pswMask >> 42n) & 1n;
  return overflow && asked
    ? cpu.interruptAfterCompletion(programInterruption.decimalOverflow)
    : conditionCode;
}

type Arithmetic<T> = (first: Uint8Array, second: Uint8Array) => T | DecimalFailure;
/** Access exceptions of both operands come before what the digits cause. */
function computed<T extends object>(cpu: Cpu, compute: Arithmetic<T>): T {
  const [first, second] = twoOperands(cpu);
  const right = fetch(cpu, second);
  cpu.testStore(first.address, first.length, first.ar);
  return unless(compute(fetch(cpu, first), right));
}
const adding =
  (compute: Arithmetic<PackedResult>): HostRoutine =>
  (cpu) =>
    finish(cpu, twoOperands(cpu)[0], computed(cpu, compute));
const replacing =
  (compute: Arithmetic<{ bytes: Uint8Array }>): HostRoutine =>
  (cpu) =>
    store(cpu, twoOperands(cpu)[0], computed(cpu, compute).bytes);

const comparing: HostRoutine = (cpu) => {
  const [first, second] = twoOperands(cpu);
  const left = fetch(cpu, first);
  return unless(compareDecimal(left, fetch(cpu, second))).conditionCode;
};

/** PACK, UNPACK and MOVE WITH OFFSET go from right to left, also through operands that overlap. */
const moving =
  (act: (first: Uint8Array, second: Uint8Array) => void): HostRoutine =>
  (cpu) => {
    const [first, second] = twoOperands(cpu);
    const right = fetch(cpu, second);
    cpu.testStore(first.address, first.length, first.ar);
    const left = fetch(cpu, first);
    const distance = Number(BigInt.asIntN(64, second.address - first.address));
    if (distance >= first.length || -distance >= second.length) act(left, right);
    else {
      // One field for both, so that bytes they share are shared here too.
      const start = Math.min(0, distance);
      const field = new Uint8Array(Math.max(first.length, distance + second.length) - start);
      field.set(right, distance - start);
      field.set(left, -start);
      const shared = field.subarray(-start, first.length - start);
      act(shared, field.subarray(distance - start, distance - start + second.length));
      left.set(shared);
    }
    store(cpu, first, left);
  };

/** First operand, its AR, L1, shift (an address), rounding digit. */
const shifting: HostRoutine = (cpu) => {
  const first = { address: cpu.arg64(0), ar: cpu.arg32(1), length: cpu.arg32(2) + 1 };
  cpu.testStore(first.address, first.length, first.ar);
  const result = shiftAndRound(fetch(cpu, first), Number(cpu.arg64(3) & 63n), cpu.arg32(4));
  return finish(cpu, first, unless(result));
};

/** Pattern, its AR, L1, source, its AR, 1 for EDIT AND MARK. */
const editing: HostRoutine = (cpu) => {
  const pattern = { address: cpu.arg64(0), ar: cpu.arg32(1), length: cpu.arg32(2) + 1 };
  const [source, ar, mark] = [cpu.arg64(3), cpu.arg32(4), cpu.arg32(5)];
  cpu.testStore(pattern.address, pattern.length, pattern.ar);
  const byte = (index: number) => cpu.fetch8((source + BigInt(index)) & cpu.addressMask, ar);
  const result = unless(edit(fetch(cpu, pattern), byte));
  store(cpu, pattern, result.bytes);
  if (mark === 1 && result.mark !== undefined) {
    const address = (pattern.address + BigInt(result.mark)) & cpu.addressMask;
    // The 24-bit mode leaves bits 32-39 of general register 1 alone.
    if (cpu.addressMask === 0xff_ffffn) cpu.setGrLow(1, (cpu.grLow(1) & 0xff00_0000) | Number(address));
    else setAddress(cpu, 1, address);
  }
  return result.conditionCode;
};

/** R1, address, its AR, 32 or 64 bits. */
const toBinary: HostRoutine = (cpu) => {
  const r1 = cpu.arg32(0);
  const width = cpu.arg32(3) === 64 ? 64 : 32;
  const field = cpu.fetchBytes(cpu.arg64(1), width / 4, cpu.arg32(2));
  const { value, overflow } = unless(convertToBinary(field, width));
  // What does not fit suppresses the 64-bit form; the 32-bit form completes first.
  if (overflow && width === 64) throw new ProgramInterruption(programInterruption.fixedPointDivide);
  if (width === 64) cpu.setGr(r1, value);
  else cpu.setGrLow(r1, Number(value));
  return overflow ? cpu.interruptAfterCompletion(programInterruption.fixedPointDivide) : 0;
};
const toDecimal: HostRoutine = (cpu) => {
  const [r1, wide] = [cpu.arg32(0), cpu.arg32(3) === 64];
  const value = BigInt.asIntN(wide ? 64 : 32, cpu.gr(r1));
  cpu.storeBytes(cpu.arg64(1), convertToDecimal(value, wide ? 16 : 8), cpu.arg32(2));
};

const characterSize = (size: number): 1 | 2 => (size === 2 ? 2 : 1);
/** At most 32 characters, and whole ones. */
function checkCharacters(length: number, size: number): void {
  if (length > 32 * size || length % size !== 0)
    throw new ProgramInterruption(programInterruption.specification);
}

/** First operand, its AR, second operand, its AR, L2, bytes a character. */
const packing: HostRoutine = (cpu) => {
  const [length, size] = [cpu.arg32(4) + 1, characterSize(cpu.arg32(5))];
  checkCharacters(length, size);
  const characters = cpu.fetchBytes(cpu.arg64(2), length, cpu.arg32(3));
  cpu.storeBytes(cpu.arg64(0), packCharacters(characters, size), cpu.arg32(1));
};
/** First operand, its AR, L1, second operand, its AR, bytes a character. */
const unpacking: HostRoutine = (cpu) => {
  const [length, size] = [cpu.arg32(2) + 1, characterSize(cpu.arg32(5))];
  checkCharacters(length, size);
  const packed = cpu.fetchBytes(cpu.arg64(3), 16, cpu.arg32(4));
  const { bytes, conditionCode } = unpackCharacters(length, packed, size);
  cpu.storeBytes(cpu.arg64(0), bytes, cpu.arg32(1));
  return conditionCode;
};

export const decimalRoutines: HostRoutines = {
  addDecimal: adding(addDecimal),
  subtractDecimal: adding(subtractDecimal),
  zeroAndAdd: adding((first, second) => zeroAndAdd(first.length, second)),
  multiplyDecimal: replacing(multiplyDecimal),
  divideDecimal: replacing(divideDecimal),
  compareDecimal: comparing,
  pack: moving(pack),
  unpack: moving(unpack),
  moveWithOffset: moving(moveWithOffset),
  shiftAndRoundDecimal: shifting,
  edit: editing,
  convertToBinary: toBinary,
  convertToDecimal: toDecimal,
  packAscii: packing,
  unpackAscii: unpacking,
  testDecimal: (cpu) => testDecimal(cpu.fetchBytes(cpu.arg64(0), cpu.arg32(2) + 1, cpu.arg32(1))),
};
