/**
 * A case: one instruction, all that it can see before, all that it may have changed after. Cases are what the
 * judge puts to QEMU, what the vector files keep, and what an `Executor` runs.
 *
 * A case names only what matters. Registers and storage that it does not name hold the background, so that an
 * instruction that touches what it must leave alone is seen.
 */

/** Storage at an absolute or virtual address; `bytes` in storage order. */
export interface StorageBytes {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** What a problem-state program can see. Addressing mode 64, primary-space mode, DAT on or off as one likes. */
export interface MachineState {
  /** Instruction address. */
  readonly address: bigint;
  readonly cc: number;
  /** PSW bits 20-23: fixed-point overflow, decimal overflow, HFP exponent underflow, HFP significance. */
  readonly programMask: number;
  readonly fpc: number;
  /** General registers 0-15, unsigned. */
  readonly gr: readonly bigint[];
  /** Access registers 0-15, unsigned. */
  readonly ar: readonly number[];
  /** Floating-point registers 0-15, as 64 unsigned bits. */
  readonly fr: readonly bigint[];
  /** Vector registers 0-31, as 128 unsigned bits, of a case that is about them; `fr` then counts for nothing. */
  readonly vr?: readonly bigint[];
  /** Before: storage that is not background. After: the doublewords that changed, by rising address. */
  readonly storage: readonly StorageBytes[];
}

/**
 * What became of a case. With an interruption the state is the one at the interruption; its instruction
 * address then counts for nothing (it depends on the kind of ending, and QEMU does not follow it).
 */
export interface Outcome {
  readonly interruption?: Interruption;
  readonly state: MachineState;
}

/** Program interruptions as far as a Linux signal tells them apart, or the code itself where one is known. */
export type InterruptionClass =
  | "operation"
  | "privileged-operation"
  | "execute-specification-operand"
  | "access"
  | "data"
  | "fixed-point-overflow"
  | "fixed-point-divide"
  | "decimal-overflow"
  | "decimal-divide"
  | "other";

export interface Interruption {
  readonly class: InterruptionClass;
  /** Program-interruption code, where the one who reports it knows it. */
  readonly code?: number;
}

export interface Case {
  readonly mnemonic: string;
  /**
   * The program at `before.address`: the instruction, and after an interruptible one a branch back to it on
   * condition code 3. The case ends when the instruction address leaves these bytes.
   */
  readonly bytes: Uint8Array;
  readonly before: MachineState;
  readonly after?: Outcome;
}

/** Runs cases: the interpreter, the JIT, QEMU. Never throws for anything that a guest can do. */
export interface Executor {
  readonly name: string;
  execute(subject: Case): Outcome;
}

/** A window of storage that exists; the pages before and after it do not (access exceptions). */
export interface Window {
  readonly name: "code" | "A" | "B";
  readonly address: bigint;
  /** Bytes. */
  readonly size: number;
}

/** 8 KiB. */
export const windowSize = 0x2000;

/** The code window may be fetched from and stored into, the others are data. */
export const windows: readonly [code: Window, a: Window, b: Window] = [
  { name: "code", address: 0x2000_0000n, size: windowSize },
  { name: "A", address: 0x2001_0000n, size: windowSize },
  { name: "B", address: 0x2002_0000n, size: windowSize },
];

/** Where a case's instruction may stand: inside a page, before and across a page's end, and at the window's end. */
export const instructionAddresses: readonly bigint[] = [
  0x800n,
  0xffan,
  0xffcn,
  0xffen,
  0x1ffan,
  0x1ffcn,
  0x1ffen,
].map((offset) => windows[0].address + offset);

/** A window's contents where a case names none: zeros for code, an irregular pattern without meaning for data. */
export function backgroundOf(window: Window): Uint8Array {
  const bytes = new Uint8Array(window.size);
  if (window.name === "code") {
    return bytes;
  }
  let hash = Number(window.address >> 12n) * 0x9e3779b1;
  for (let offset = 0; offset < bytes.length; offset++) {
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) + offset;
    bytes[offset] = hash >>> 24;
  }
  return bytes;
}

const registerNumbers = Array.from({ length: 16 }, (_, number) => number);

/** Registers, condition code and instruction address where a case names none. */
export function backgroundState(): MachineState {
  return {
    address: windows[0].address + 0x800n,
    cc: 0,
    programMask: 0,
    fpc: 0,
    gr: registerNumbers.map((number) => 0xdead_0000_5eed_0000n + BigInt(number) * 0x0001_0101_0001_0101n),
    ar: registerNumbers.map((number) => 0xacce_5500 + number),
    fr: registerNumbers.map((number) => 0x3ff0_f00d_cafe_0000n + BigInt(number) * 0x0010_0000_0001_0001n),
    storage: [],
  };
}

/** Vector registers where a case about them names none. */
export function backgroundVectors(): bigint[] {
  return Array.from(
    { length: 32 },
    (_, number) =>
      0x3ff0_f00d_cafe_0000_5eed_1dea_0bad_0000n + BigInt(number) * 0x0010_0000_0001_0001_0001_0001n,
  );
}

const interruptionClasses: ReadonlyMap<number, InterruptionClass> = new Map<number, InterruptionClass>([
  [0x01, "operation"],
  [0x02, "privileged-operation"],
  [0x03, "execute-specification-operand"],
  [0x04, "access"],
  [0x05, "access"],
  [0x06, "execute-specification-operand"],
  [0x07, "data"],
  [0x08, "fixed-point-overflow"],
  [0x09, "fixed-point-divide"],
  [0x0a, "decimal-overflow"],
  [0x0b, "decimal-divide"],
  [0x10, "access"],
  [0x11, "access"],
  [0x13, "execute-specification-operand"],
  [0x15, "execute-specification-operand"],
  [0x1b, "data"], // a vector-processing exception is a floating-point signal like any other
  [0x38, "access"],
  [0x39, "access"],
  [0x3a, "access"],
  [0x3b, "access"],
]);

/** Class of a program-interruption code (bits 8-15 of the stored code; PER and transaction bits taken off). */
export function interruptionOf(code: number): Interruption {
  return { class: interruptionClasses.get(code & 0x7f) ?? "other", code: code & 0x7f };
}
