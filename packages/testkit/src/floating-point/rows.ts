import {
  type BinaryFormat,
  type ComparisonOutcome,
  type ConversionControl,
  type Environment,
  type FixedFormat,
  type FixedOutcome,
  type Outcome,
  type RoundingMode,
  add,
  compare,
  compareAndSignal,
  divide,
  extended,
  fromFixed,
  loadAndTest,
  loadComplement,
  loadInteger,
  loadLengthened,
  loadNegative,
  loadPositive,
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
} from "@lockframe/cpu/floating-point";

/** What the functions say that an instruction leaves. */
export interface Expectation {
  /** A floating-point result. */
  bits?: bigint;
  format?: BinaryFormat;
  /** A fixed-point result in general register 2. */
  fixed?: bigint;
  width?: 32 | 64;
  /** Absent when the instruction does not set it. */
  conditionCode?: number;
  flags: number;
  dxc: number;
  suppressed: boolean;
}

/** One instruction in its register form: first operand in fpr 0, second in fpr 1 or gr 3, third in fpr 4. */
export interface Row {
  mnemonic: string;
  format: BinaryFormat;
  /** M3 and M4 apply. */
  converts: boolean;
  /** Operands of `format`, in the order of `expect`. */
  operands: number;
  /** A fixed-point second operand instead. */
  fixedOperand?: FixedFormat;
  encode(m3: number, m4: number): Uint8Array;
  expect(operands: readonly bigint[], environment: Environment, control: ConversionControl): Expectation;
}

/** Indexed as `formats`. */
type PerFormat = readonly [number, number, number];

const letters: Record<BinaryFormat["name"], string> = { short: "E", long: "D", extended: "X" };
const formats = [
  { format: short, index: 0 },
  { format: long, index: 1 },
  { format: extended, index: 2 },
] as const;

/** Register-and-register instructions: opcode, then fields, then first operand register 0 or gr 2, second fpr 1 or gr 3. */
function rre(opcode: number, m3: number, m4: number, registers: number): Uint8Array {
  return Uint8Array.of(opcode >> 8, opcode & 0xff, (m3 << 4) | m4, registers);
}

export function controlOf(m3: number, m4: number, environment: Environment): ConversionControl {
  const mode: RoundingMode | undefined = roundingModeOfField(m3, environment.rounding);
  if (mode === undefined) throw new RangeError(`no rounding mode ${m3}`);
  return { mode, suppressInexact: (m4 & 4) !== 0 };
}

function withCode(outcome: Outcome): Expectation {
  return { ...fields(outcome), conditionCode: signConditionCode(outcome.format, outcome.value) };
}

function fields({ value, format, flags, dxc, suppressed }: Outcome): Expectation {
  return { bits: value, format, flags, dxc, suppressed };
}

function compared({ conditionCode, flags, dxc, suppressed }: ComparisonOutcome): Expectation {
  return { conditionCode, flags, dxc, suppressed };
}

function fixed({ value, ...rest }: FixedOutcome, width: 32 | 64): Expectation {
  return { fixed: value, width, ...rest };
}

type Binary = (format: BinaryFormat, a: bigint, b: bigint, environment: Environment) => Outcome;

function binary(
  mnemonic: string,
  format: BinaryFormat,
  opcode: number,
  operation: Binary,
  setsCode: boolean,
): Row {
  const expect: Row["expect"] = ([a = 0n, b = 0n], environment) =>
    (setsCode ? withCode : fields)(operation(format, a, b, environment));
  return { mnemonic, format, converts: false, operands: 2, encode: () => rre(opcode, 0, 0, 0x01), expect };
}

function arithmetic(): Row[] {
  const operations: [string, PerFormat, Binary, boolean][] = [
    ["A%BR", [0xb30a, 0xb31a, 0xb34a], add, true],
    ["S%BR", [0xb30b, 0xb31b, 0xb34b], subtract, true],
    ["M%BR", [0xb317, 0xb31c, 0xb34c], multiply, false],
    ["D%BR", [0xb30d, 0xb31d, 0xb34d], divide, false],
  ];
  return operations.flatMap(([name, opcodes, operation, setsCode]) =>
    formats.map(({ format, index }) =>
      binary(
        name.replace("%", name.startsWith("M") && format === short ? "EE" : letters[format.name]),
        format,
        opcodes[index],
        operation,
        setsCode,
      ),
    ),
  );
}

function unary(
  mnemonic: string,
  format: BinaryFormat,
  opcode: number,
  operation: (a: bigint, environment: Environment) => Expectation,
): Row {
  const expect: Row["expect"] = ([, b = 0n], environment) => operation(b, environment);
  return { mnemonic, format, converts: false, operands: 2, encode: () => rre(opcode, 0, 0, 0x01), expect };
}

/** First opcodes of the groups LOAD POSITIVE ... LOAD COMPLEMENT, COMPARE AND SIGNAL, COMPARE. */
const signBases: PerFormat = [0xb300, 0xb310, 0xb340];

function signs(): Row[] {
  const operations: [string, number, (format: BinaryFormat, a: bigint) => bigint][] = [
    ["LP", 0, loadPositive],
    ["LN", 1, loadNegative],
    ["LC", 3, loadComplement],
  ];
  const roots: PerFormat = [0xb314, 0xb315, 0xb316];
  return formats.flatMap(({ format, index }) => [
    ...operations.map(([name, digit, operation]) =>
      unary(`${name}${letters[format.name]}BR`, format, signBases[index] + digit, (a) => {
        const bits = operation(format, a);
        return {
          bits,
          format,
          conditionCode: signConditionCode(format, bits),
          flags: 0,
          dxc: 0,
          suppressed: false,
        };
      }),
    ),
    unary(`LT${letters[format.name]}BR`, format, signBases[index] + 2, (a, environment) =>
      withCode(loadAndTest(format, a, environment)),
    ),
    unary(`SQ${letters[format.name]}BR`, format, roots[index], (a, environment) =>
      fields(squareRoot(format, a, environment)),
    ),
  ]);
}

function comparisons(): Row[] {
  return formats.flatMap(({ format, index }) => {
    const base = signBases[index];
    const row = (mnemonic: string, opcode: number, operation: typeof compare): Row => ({
      mnemonic,
      format,
      converts: false,
      operands: 2,
      encode: () => rre(opcode, 0, 0, 0x01),
      expect: ([a = 0n, b = 0n], environment) => compared(operation(format, a, b, environment)),
    });
    const letter = letters[format.name];
    return [row(`C${letter}BR`, base + 9, compare), row(`K${letter}BR`, base + 8, compareAndSignal)];
  });
}

function fusedRows(): Row[] {
  const rows: [string, BinaryFormat, number, typeof multiplyAdd][] = [
    ["MAEBR", short, 0xb30e, multiplyAdd],
    ["MSEBR", short, 0xb30f, multiplySubtract],
    ["MADBR", long, 0xb31e, multiplyAdd],
    ["MSDBR", long, 0xb31f, multiplySubtract],
  ];
  return rows.map(([mnemonic, format, opcode, operation]) => ({
    mnemonic,
    format,
    converts: false,
    operands: 3,
    // R1 in bits 16-19, R3 and R2 in the last byte.
    encode: () => rre(opcode, 0, 0, 0x41),
    expect: ([a = 0n, b = 0n, c = 0n], environment) => fields(operation(format, a, b, c, environment)),
  }));
}

function widthChanges(): Row[] {
  const lengthen: [string, number, BinaryFormat, BinaryFormat][] = [
    ["LDEBR", 0xb304, short, long],
    ["LXDBR", 0xb305, long, extended],
    ["LXEBR", 0xb306, short, extended],
  ];
  const round: [string, number, BinaryFormat, BinaryFormat][] = [
    ["LEDBRA", 0xb344, long, short],
    ["LDXBRA", 0xb345, extended, long],
    ["LEXBRA", 0xb346, extended, short],
  ];
  const product: [string, number, BinaryFormat, BinaryFormat][] = [
    ["MDEBR", 0xb30c, short, long],
    ["MXDBR", 0xb307, long, extended],
  ];
  return [
    ...lengthen.map(([mnemonic, opcode, from, to]) =>
      unary(mnemonic, from, opcode, (a, environment) => fields(loadLengthened(from, to, a, environment))),
    ),
    ...product.map(([mnemonic, opcode, from, to]) =>
      binary(
        mnemonic,
        from,
        opcode,
        (_format, a, b, environment) => multiplyLonger(from, to, a, b, environment),
        false,
      ),
    ),
    ...round.map(([mnemonic, opcode, from, to]): Row => ({
      mnemonic,
      format: from,
      converts: true,
      operands: 2,
      encode: (m3, m4) => rre(opcode, m3, m4, 0x01),
      expect: ([, b = 0n], environment, control) => fields(loadRounded(from, to, b, environment, control)),
    })),
  ];
}

function integers(): Row[] {
  const targets: [string, FixedFormat, number][] = [
    ["F", { width: 32, signed: true }, 0x98],
    ["G", { width: 64, signed: true }, 0xa8],
    ["LF", { width: 32, signed: false }, 0x9c],
    ["LG", { width: 64, signed: false }, 0xac],
  ];
  const wholes: PerFormat = [0xb357, 0xb35f, 0xb347];
  return formats.flatMap(({ format, index }): Row[] => {
    const letter = letters[format.name];
    const to = targets.map(([name, target, opcode]): Row => ({
      mnemonic: `C${name}${letter}BR${target.signed ? "A" : ""}`,
      format,
      converts: true,
      operands: 2,
      encode: (m3, m4) => rre(0xb300 | (opcode + index), m3, m4, 0x21),
      expect: ([, b = 0n], environment, control) =>
        fixed(toFixed(format, target, b, environment, control), target.width),
    }));
    const from = targets.map(([name, source, opcode]): Row => ({
      mnemonic: `C${letter}${name}BR${source.signed ? "A" : ""}`,
      format,
      converts: true,
      operands: 2,
      fixedOperand: source,
      // CONVERT FROM FIXED lies 4 below CONVERT TO FIXED, CONVERT FROM LOGICAL 12 below CONVERT TO LOGICAL.
      encode: (m3, m4) => rre(0xb300 | (opcode - (source.signed ? 4 : 12) + index), m3, m4, 0x03),
      expect: ([, b = 0n], environment, control) => {
        const number = source.signed ? BigInt.asIntN(source.width, b) : BigInt.asUintN(source.width, b);
        return fields(fromFixed(format, number, environment, control));
      },
    }));
    const whole: Row = {
      mnemonic: `FI${letter}BRA`,
      format,
      converts: true,
      operands: 2,
      encode: (m3, m4) => rre(wholes[index], m3, m4, 0x01),
      expect: ([, b = 0n], environment, control) => fields(loadInteger(format, b, environment, control)),
    };
    return [...to, ...from, whole];
  });
}

export const rows: readonly Row[] = [
  ...arithmetic(),
  ...signs(),
  ...comparisons(),
  ...fusedRows(),
  ...widthChanges(),
  ...integers(),
];
