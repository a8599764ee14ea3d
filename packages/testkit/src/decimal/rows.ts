import {
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
} from "@lockframe/cpu/decimal";
import type { Random } from "../random.ts";

/** Storage and register around one decimal instruction; general register 5 points to `first`, 6 to `second`. */
export interface DecimalCase {
  instruction: Uint8Array;
  first: Uint8Array;
  second: Uint8Array;
  gr2: bigint;
}

/** What the functions say that it leaves; what is absent does not change. */
export interface DecimalExpectation {
  first?: Uint8Array;
  gr2?: bigint;
  conditionCode?: number;
  /** Offset in `first` of the digit that EDIT AND MARK puts into general register 1. */
  mark?: number | undefined;
  /** Program-interruption code. */
  interruption?: number;
  /** The interruption terminates the operation: the first operand may have been changed in part. */
  terminated?: boolean;
}

export interface DecimalRow {
  mnemonic: string;
  /** qemu-s390x knows the instruction. */
  qemu: boolean;
  make(random: Random): DecimalCase;
  expect(test: DecimalCase): DecimalExpectation;
}

const codes = { data: 0x07, "decimal-divide": 0x0b, specification: 0x06 };
const FIXED_POINT_DIVIDE = 0x09;

/** A packed field: valid most of the time, often with leading zeros, sometimes with other sign codes. */
function packed(random: Random, length: number): Uint8Array {
  const significant = random.below(3) === 0 ? 2 * length - 1 : random.below(2 * length);
  const digits = Array.from({ length: 2 * length - 1 }, (_, index) =>
    index < 2 * length - 1 - significant ? 0 : random.pick([0, 0, 9, random.below(10), random.below(10)]),
  );
  const sign = random.below(4) === 0 ? random.pick([0xa, 0xb, 0xe, 0xf]) : random.pick([0xc, 0xd]);
  const nibbles = [...digits, sign];
  if (random.below(12) === 0) nibbles[random.below(nibbles.length)] = random.below(16);
  return Uint8Array.from(
    { length },
    (_, index) => ((nibbles[2 * index] ?? 0) << 4) | (nibbles[2 * index + 1] ?? 0),
  );
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

function blank(random: Random, instruction: Uint8Array, first: Uint8Array, second: Uint8Array): DecimalCase {
  const test = {
    instruction,
    first: randomBytes(random, 64),
    second: randomBytes(random, 64),
    gr2: random.bits64(),
  };
  test.first.set(first);
  test.second.set(second);
  return test;
}

/** Two lengths, first operand at gr 5, second at gr 6. */
function ss(opcode: number, length1: number, length2: number): Uint8Array {
  return Uint8Array.of(opcode, ((length1 - 1) << 4) | (length2 - 1), 0x50, 0, 0x60, 0);
}

/** The operands that an instruction with two length fields names. */
function operands({ instruction, first, second }: DecimalCase): [Uint8Array, Uint8Array] {
  const lengths = instruction[1] ?? 0;
  return [first.subarray(0, (lengths >> 4) + 1), second.subarray(0, (lengths & 0x0f) + 1)];
}

/** The length that an instruction with one length field names. */
function lengthOf({ instruction }: DecimalCase): number {
  return (instruction[1] ?? 0) + 1;
}

type Outcome =
  | ReturnType<typeof addDecimal>
  | ReturnType<typeof multiplyDecimal>
  | ReturnType<typeof compareDecimal>;

function expectation(test: DecimalCase, outcome: Outcome): DecimalExpectation {
  if (isFailure(outcome)) return { interruption: codes[outcome.exception] };
  const expected: DecimalExpectation = {};
  if ("conditionCode" in outcome) expected.conditionCode = outcome.conditionCode;
  if ("bytes" in outcome) expected.first = replaced(test.first, outcome.bytes);
  return expected;
}

function replaced(field: Uint8Array, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(field);
  copy.set(bytes);
  return copy;
}

function arithmetic(
  mnemonic: string,
  opcode: number,
  operation: (first: Uint8Array, second: Uint8Array) => Outcome,
  lengths = (random: Random): [number, number] => [1 + random.below(16), 1 + random.below(16)],
): DecimalRow {
  return {
    mnemonic,
    qemu: false,
    make(random) {
      const [length1, length2] = lengths(random);
      const second = packed(random, length2);
      // Sums to zero and equal operands are worth more than chance gives them.
      const first =
        length1 === length2 && random.below(4) === 0 ? Uint8Array.from(second) : packed(random, length1);
      return blank(random, ss(opcode, length1, length2), first, second);
    },
    expect: (test) => expectation(test, operation(...operands(test))),
  };
}

function factorLengths(random: Random): [number, number] {
  if (random.below(10) === 0) return [1 + random.below(16), 1 + random.below(16)];
  const length2 = 1 + random.below(8);
  return [Math.min(16, length2 + 1 + random.below(9)), length2];
}

const multiplication: DecimalRow = {
  mnemonic: "MP",
  qemu: false,
  make(random) {
    const [length1, length2] = factorLengths(random);
    const first = packed(random, length1);
    if (random.below(8) !== 0) first.fill(0, 0, Math.min(length2, length1 - 1));
    return blank(random, ss(0xfc, length1, length2), first, packed(random, length2));
  },
  expect: (test) => expectation(test, multiplyDecimal(...operands(test))),
};

const shift: DecimalRow = {
  mnemonic: "SRP",
  qemu: false,
  make(random) {
    const length = 1 + random.below(16);
    const digit = random.below(8) === 0 ? random.below(16) : random.below(10);
    const instruction = Uint8Array.of(0xf0, ((length - 1) << 4) | digit, 0x50, 0, 0, random.below(64));
    return blank(random, instruction, packed(random, length), new Uint8Array(0));
  },
  expect(test) {
    const digit = (test.instruction[1] ?? 0) & 0x0f;
    return expectation(test, shiftAndRound(operands(test)[0], test.instruction[5] ?? 0, digit));
  },
};

function editing(mnemonic: string, opcode: number, marks: boolean): DecimalRow {
  return {
    mnemonic,
    qemu: false,
    make(random) {
      const length = 1 + random.below(40);
      const pattern = Uint8Array.from({ length }, (_, index) =>
        index === 0 && random.below(4) !== 0
          ? random.pick([0x40, 0x5c])
          : random.pick([0x20, 0x20, 0x20, 0x20, 0x21, 0x22, 0x6b, 0x4b, 0xd9]),
      );
      const source = new Uint8Array(64);
      for (let at = 0; at < 60; at += 4) source.set(packed(random, 1 + random.below(4)), at);
      return blank(random, Uint8Array.of(opcode, length - 1, 0x50, 0, 0x60, 0), pattern, source);
    },
    expect(test) {
      const outcome = edit(test.first.subarray(0, lengthOf(test)), (index) => test.second[index] ?? 0);
      if (isFailure(outcome)) return { interruption: codes[outcome.exception], terminated: true };
      const { bytes, conditionCode, mark } = outcome;
      return { first: replaced(test.first, bytes), conditionCode, mark: marks ? mark : undefined };
    },
  };
}

type Move = (first: Uint8Array, second: Uint8Array) => void;

function moving(mnemonic: string, opcode: number, operation: Move): DecimalRow {
  return {
    mnemonic,
    qemu: true,
    make: (random) =>
      blank(
        random,
        ss(opcode, 1 + random.below(16), 1 + random.below(16)),
        new Uint8Array(0),
        new Uint8Array(0),
      ),
    expect(test) {
      const copy = { ...test, first: Uint8Array.from(test.first) };
      operation(...operands(copy));
      return { first: copy.first };
    },
  };
}

/** Both operands in the first field, overlapping. */
function overlapping(mnemonic: string, opcode: number, operation: Move): DecimalRow {
  return {
    mnemonic: `${mnemonic}*`,
    qemu: true,
    make(random) {
      const instruction = ss(opcode, 1 + random.below(16), 1 + random.below(16));
      instruction.set([0x50, 8 + random.below(8), 0x50, 8 + random.below(8)], 2);
      return blank(random, instruction, new Uint8Array(0), new Uint8Array(0));
    },
    expect(test) {
      const first = Uint8Array.from(test.first);
      const [, lengths = 0, , at1 = 0, , at2 = 0] = test.instruction;
      operation(
        first.subarray(at1, at1 + (lengths >> 4) + 1),
        first.subarray(at2, at2 + (lengths & 0x0f) + 1),
      );
      return { first };
    },
  };
}

/** RX-a or RXY-a with gr 2 and base register `base`. */
function rx(opcode: number, base: number): Uint8Array {
  if (opcode < 0x100) return Uint8Array.of(opcode, 0x20, base << 4, 0);
  return Uint8Array.of(opcode >> 8, 0x20, base << 4, 0, 0, opcode & 0xff);
}

function toBinary(mnemonic: string, opcode: number, width: 32 | 64): DecimalRow {
  const length = width === 32 ? 8 : 16;
  return {
    mnemonic,
    qemu: true,
    make(random) {
      const number = BigInt.asIntN(width + 2, random.bits64() << 2n) >> BigInt(random.below(width + 2));
      const field = random.below(3) === 0 ? packed(random, length) : convertToDecimal(number, length);
      return blank(random, rx(opcode, 6), new Uint8Array(0), field);
    },
    expect(test) {
      const outcome = convertToBinary(test.second.subarray(0, length), width);
      if (isFailure(outcome)) return { interruption: codes[outcome.exception] };
      const gr2 = width === 64 ? outcome.value : ((test.gr2 >> 32n) << 32n) | outcome.value;
      if (!outcome.overflow) return { gr2 };
      return width === 32 ? { gr2, interruption: FIXED_POINT_DIVIDE } : { interruption: FIXED_POINT_DIVIDE };
    },
  };
}

function toDecimal(mnemonic: string, opcode: number, width: 32 | 64): DecimalRow {
  return {
    mnemonic,
    qemu: true,
    make(random) {
      const test = blank(random, rx(opcode, 5), new Uint8Array(0), new Uint8Array(0));
      test.gr2 = BigInt.asUintN(64, BigInt.asIntN(64, test.gr2) >> BigInt(random.below(64)));
      if (random.below(20) === 0) test.gr2 = 0x8000000080000000n;
      return test;
    },
    expect(test) {
      const bytes = convertToDecimal(BigInt.asIntN(width, test.gr2), width === 32 ? 8 : 16);
      return { first: replaced(test.first, bytes) };
    },
  };
}

function packing(mnemonic: string, opcode: number, size: 1 | 2): DecimalRow {
  return {
    mnemonic,
    qemu: true,
    make: (random) => characters(random, opcode, size, new Uint8Array(0)),
    expect: (test) => ({
      first: replaced(test.first, packCharacters(test.second.subarray(0, lengthOf(test)), size)),
    }),
  };
}

function unpacking(mnemonic: string, opcode: number, size: 1 | 2): DecimalRow {
  return {
    mnemonic,
    qemu: true,
    make: (random) => characters(random, opcode, size, packed(random, 16)),
    expect(test) {
      const { bytes, conditionCode } = unpackCharacters(lengthOf(test), test.second.subarray(0, 16), size);
      return { first: replaced(test.first, bytes), conditionCode };
    },
  };
}

function characters(random: Random, opcode: number, size: 1 | 2, second: Uint8Array): DecimalCase {
  const length = size * (1 + random.below(32));
  return blank(random, Uint8Array.of(opcode, length - 1, 0x50, 0, 0x60, 0), new Uint8Array(0), second);
}

const testing: DecimalRow = {
  mnemonic: "TP",
  qemu: true,
  make(random) {
    const length = 1 + random.below(16);
    const field = packed(random, length);
    if (random.below(2) === 0) field[random.below(length)] = random.below(256);
    return blank(random, Uint8Array.of(0xeb, (length - 1) << 4, 0x50, 0, 0, 0xc0), field, new Uint8Array(0));
  },
  expect: (test) => ({ conditionCode: testDecimal(operands(test)[0]) }),
};

export const decimalRows: readonly DecimalRow[] = [
  arithmetic("ZAP", 0xf8, (first, second) => zeroAndAdd(first.length, second)),
  arithmetic("CP", 0xf9, compareDecimal),
  arithmetic("AP", 0xfa, addDecimal),
  arithmetic("SP", 0xfb, subtractDecimal),
  multiplication,
  arithmetic("DP", 0xfd, divideDecimal, factorLengths),
  shift,
  editing("ED", 0xde, false),
  editing("EDMK", 0xdf, true),
  moving("PACK", 0xf2, pack),
  moving("UNPK", 0xf3, unpack),
  moving("MVO", 0xf1, moveWithOffset),
  overlapping("PACK", 0xf2, pack),
  overlapping("UNPK", 0xf3, unpack),
  overlapping("MVO", 0xf1, moveWithOffset),
  toBinary("CVB", 0x4f, 32),
  toBinary("CVBY", 0xe306, 32),
  toBinary("CVBG", 0xe30e, 64),
  toDecimal("CVD", 0x4e, 32),
  toDecimal("CVDY", 0xe326, 32),
  toDecimal("CVDG", 0xe32e, 64),
  packing("PKA", 0xe9, 1),
  packing("PKU", 0xe1, 2),
  unpacking("UNPKA", 0xea, 1),
  unpacking("UNPKU", 0xe2, 2),
  testing,
];
