/**
 * Decimal instructions over again, straight from the Principles of Operation ("Decimal Instructions") and apart from
 * the definitions: the judge of what QEMU lacks. Slow, plain, on numbers as bigints.
 */
import type { Case, InterruptionClass, MachineState, Outcome } from "../case.ts";
import { bigEndian } from "../edge-values.ts";
import { changesBetween, contentsWith, windowAt } from "../window-contents.ts";
import { windows } from "../case.ts";

/** Something that ends the instruction without changing anything. */
class Ending extends Error {
  readonly reason: InterruptionClass;
  constructor(reason: InterruptionClass) {
    super(reason);
    this.reason = reason;
  }
}

/** Operands of an SS instruction and what it may do to the machine. */
interface Machine {
  readonly first: Operand;
  readonly second: Operand;
  /** Bits 58-63 of the second operand's address, and I3. */
  readonly shift: number;
  readonly rounding: number;
  cc: number;
  gr1: bigint;
}

interface Operand {
  readonly address: bigint;
  readonly length: number;
  /** @throws Ending access exception */
  read(offset?: number, length?: number): Uint8Array;
  write(bytes: Uint8Array): void;
}

interface Decimal {
  readonly magnitude: bigint;
  readonly negative: boolean;
}

/** What an instruction does, or undefined where the architecture does not say. */
type Meaning = (machine: Machine) => void | "open";

const meanings: Readonly<Record<string, Meaning>> = {
  AP: (machine) => addition(machine, 1n),
  SP: (machine) => addition(machine, -1n),
  ZAP(machine) {
    if (overlapping(machine)) return "open";
    testStore(machine.first);
    const { magnitude, negative } = packed(machine.second.read());
    storeResult(machine, magnitude, negative);
  },
  CP(machine) {
    if (improperOverlap(machine)) return "open";
    const [a, b] = both(machine);
    machine.cc = signed(a) === signed(b) ? 0 : signed(a) < signed(b) ? 1 : 2;
  },
  MP(machine) {
    checkLengths(machine);
    if (improperOverlap(machine)) return "open";
    const [a, b] = both(machine);
    const zeros = machine.first.read(0, machine.second.length);
    if (zeros.some((byte) => byte !== 0)) throw new Ending("data");
    machine.first.write(toPacked(a.magnitude * b.magnitude, a.negative !== b.negative, machine.first.length));
  },
  DP(machine) {
    checkLengths(machine);
    if (improperOverlap(machine)) return "open";
    const [a, b] = both(machine);
    const quotientLength = machine.first.length - machine.second.length;
    if (b.magnitude === 0n || a.magnitude / b.magnitude >= 10n ** BigInt(2 * quotientLength - 1)) {
      throw new Ending("decimal-divide");
    }
    const quotient = toPacked(a.magnitude / b.magnitude, a.negative !== b.negative, quotientLength);
    const remainder = toPacked(a.magnitude % b.magnitude, a.negative, machine.second.length);
    machine.first.write(Buffer.concat([quotient, remainder]));
  },
  SRP(machine) {
    const { first, rounding, shift } = machine;
    testStore(first);
    const { magnitude, negative } = packed(first.read());
    if (rounding > 9) throw new Ending("data");
    const right = shift >= 32 ? 64 - shift : 0;
    const moved = right === 0 ? magnitude * 10n ** BigInt(shift) : rounded(magnitude, right, rounding);
    storeResult(machine, moved, negative);
  },
  ED: (machine) => edit(machine, false),
  EDMK: (machine) => edit(machine, true),
};

/** Those whose condition code 3 means decimal overflow. */
const overflowing: ReadonlySet<string> = new Set(["AP", "SP", "ZAP", "SRP"]);

/** Instructions that `decimalReference` knows. */
export const decimalInstructions: readonly string[] = Object.keys(meanings);

/** The outcome of a case of one of `decimalInstructions`; undefined where the architecture leaves it open. */
export function decimalReference(subject: Case): Outcome | undefined {
  const { before, bytes, mnemonic } = subject;
  const contents = contentsWith(before.storage);
  const start = contents.map((window) => window.slice());
  const machine = machineOf(subject, contents);
  const unchanged: MachineState = { ...before, storage: [] };
  try {
    if (meanings[mnemonic]?.(machine) === "open") return undefined;
  } catch (error) {
    if (!(error instanceof Ending)) throw error;
    const fpc = error.reason === "data" ? (before.fpc & ~0xff00) >>> 0 : before.fpc;
    return { interruption: { class: error.reason }, state: { ...unchanged, fpc } };
  }
  const state: MachineState = {
    ...unchanged,
    address: before.address + BigInt(bytes.length),
    cc: machine.cc,
    gr: before.gr.with(1, machine.gr1),
    storage: changesBetween(start, contents),
  };
  const overflow = overflowing.has(mnemonic) && machine.cc === 3 && (before.programMask & 4) !== 0;
  return overflow ? { interruption: { class: "decimal-overflow" }, state } : { state };
}

function machineOf({ before, bytes, mnemonic }: Case, contents: readonly Uint8Array[]): Machine {
  const [, lengths = 0, b1 = 0, d1 = 0, b2 = 0, d2 = 0] = bytes;
  const address = (base: number, low: number): bigint => {
    const register = base >> 4 === 0 ? 0n : (before.gr[base >> 4] ?? 0n);
    return BigInt.asUintN(64, register + BigInt(((base & 15) << 8) | low));
  };
  const oneLength = mnemonic === "ED" || mnemonic === "EDMK";
  const firstLength = oneLength ? lengths + 1 : (lengths >> 4) + 1;
  const second = address(b2, d2);
  return {
    first: operandIn(contents, address(b1, d1), firstLength),
    second: operandIn(contents, second, oneLength ? 256 : (lengths & 15) + 1),
    shift: Number(second & 63n),
    rounding: lengths & 15,
    cc: before.cc,
    gr1: before.gr[1] ?? 0n,
  };
}

function operandIn(contents: readonly Uint8Array[], address: bigint, length: number): Operand {
  const place = (from: bigint, count: number): [Uint8Array, number] => {
    const window = windowAt(from, count);
    const bytes = window === undefined ? undefined : contents[windows.indexOf(window)];
    if (window === undefined || bytes === undefined) throw new Ending("access");
    return [bytes, Number(from - window.address)];
  };
  return {
    address,
    length,
    read(offset = 0, count = length) {
      const [bytes, at] = place(address + BigInt(offset), count);
      return bytes.slice(at, at + count);
    },
    write(written) {
      const [bytes, at] = place(address, length);
      bytes.set(written, at);
    },
  };
}

const testStore = (operand: Operand): void => void operand.read();

/** Both operands; the first will be stored into. Access exceptions come before data exceptions. */
function both({ first, second }: Machine): [Decimal, Decimal] {
  const bytes = [first.read(), second.read()] as const;
  return [packed(bytes[0]), packed(bytes[1])];
}

function packed(bytes: Uint8Array): Decimal {
  const digits = Buffer.from(bytes).toString("hex");
  const sign = digits.at(-1) ?? "";
  if (!/^[0-9]*[a-f]$/.test(digits)) throw new Ending("data");
  return { magnitude: BigInt(digits.slice(0, -1)), negative: sign === "b" || sign === "d" };
}

const signed = ({ magnitude, negative }: Decimal): bigint => (negative ? -magnitude : magnitude);

/** The rightmost digits that fit, with a preferred sign code. */
function toPacked(magnitude: bigint, negative: boolean, length: number): Uint8Array {
  const digits = (magnitude % 10n ** BigInt(2 * length - 1)).toString().padStart(2 * length - 1, "0");
  return bigEndian(BigInt(`0x${digits}${negative ? "d" : "c"}`), length);
}

function addition(machine: Machine, sign: bigint): void | "open" {
  if (improperOverlap(machine)) return "open";
  const [a, b] = both(machine);
  const sum = signed(a) + sign * signed(b);
  storeResult(machine, sum < 0n ? -sum : sum, sum < 0n);
}

/** Zero is positive, unless digits were lost: then the sign is the untruncated result's. */
function storeResult(machine: Machine, magnitude: bigint, negative: boolean): void {
  const { first } = machine;
  const overflow = magnitude >= 10n ** BigInt(2 * first.length - 1);
  machine.cc = overflow ? 3 : magnitude === 0n ? 0 : negative ? 1 : 2;
  first.write(toPacked(magnitude, negative && magnitude !== 0n, first.length));
}

/** Shift right, the last digit shifted out and the rounding factor added. */
function rounded(magnitude: bigint, digits: number, rounding: number): bigint {
  const scale = 10n ** BigInt(digits - 1);
  return (magnitude / scale + BigInt(rounding)) / 10n;
}

/** MULTIPLY and DIVIDE: the second operand has at most 8 bytes and is shorter than the first. */
function checkLengths({ first, second }: Machine): void {
  if (second.length > 8 || second.length >= first.length) throw new Ending("execute-specification-operand");
}

const end = ({ address, length }: Operand): bigint => address + BigInt(length);

function overlapping({ first, second }: Machine): boolean {
  return first.address < end(second) && second.address < end(first);
}

/** Operands that share storage without sharing their rightmost byte: models differ. */
function improperOverlap(machine: Machine): boolean {
  return overlapping(machine) && end(machine.first) !== end(machine.second);
}

function edit(machine: Machine, mark: boolean): void | "open" {
  const { first, second } = machine;
  if (overlapping(machine)) return "open";
  const pattern = first.read();
  const fill = pattern[0] ?? 0;
  let significance = false;
  let nonzero = false;
  let source = 0; // digits taken
  for (const [index, byte] of pattern.entries()) {
    if (byte === 0x22) {
      significance = nonzero = false;
      pattern[index] = fill;
    } else if (byte === 0x20 || byte === 0x21) {
      const digits = second.read(source >> 1, 1)[0] ?? 0;
      const left = source % 2 === 0;
      const digit = left ? digits >> 4 : digits & 15;
      if (digit > 9) throw new Ending("data");
      const sign = left && (digits & 15) > 9 ? digits & 15 : undefined;
      source += sign === undefined ? 1 : 2;
      const shown: boolean = significance || digit !== 0;
      if (mark && shown && !significance) machine.gr1 = first.address + BigInt(index);
      pattern[index] = shown ? 0xf0 | digit : fill;
      nonzero ||= digit !== 0;
      significance = (shown || byte === 0x21) && !(sign !== undefined && sign !== 0xb && sign !== 0xd);
    } else if (!significance) {
      pattern[index] = fill;
    }
  }
  first.write(pattern);
  machine.cc = nonzero ? (significance ? 1 : 2) : 0;
}
