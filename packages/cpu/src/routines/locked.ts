/**
 * PERFORM LOCKED OPERATION, COMPARE AND SWAP AND STORE. CPUs take turns at instructions, so nothing has to be locked.
 * Source: Principles of Operation, "General Instructions".
 */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import type { HostRoutines } from "./host.ts";
import { addressIn, bytesOf, numberOf } from "./registers.ts";

const specification = (): never => {
  throw new ProgramInterruption(programInterruption.specification);
};
const aligned = (address: bigint, size: number): void => {
  if (address % BigInt(size) !== 0n) specification();
};
const even = (...registers: number[]): void => {
  if (registers.some((register) => register & 1)) specification();
};

/** Something of the operation's size that is read and written: a register, or bytes in storage. */
interface Place {
  get(): bigint;
  set(value: bigint): void;
  /** @throws ProgramInterruption it may not be stored into */
  test(): void;
}

const inRegister = (cpu: Cpu, register: number, size: number): Place => ({
  get: () => (size === 8 ? cpu.gr(register) : BigInt(cpu.grLow(register))),
  set: (value) => (size === 8 ? cpu.setGr(register, value) : cpu.setGrLow(register, Number(value))),
  test: () => undefined,
});
const inStorage = (cpu: Cpu, address: bigint, ar: number, size: number): Place => ({
  get: () => numberOf(cpu.fetchBytes(address, size, ar)),
  set: (value) => cpu.storeBytes(address, bytesOf(value, size), ar),
  test: () => cpu.testStore(address, size, ar),
});

/** Forms of an operation, function code modulo 4: 32 bits; 64 bits in the parameter list; 64 bits in registers; 128 bits. */
const Form = { word: 0, listed: 1, registers: 2, listed128: 3 } as const;
const sizes = [4, 8, 8, 16];

/** The operation's second operand and what D4(B4) names. */
interface Operands {
  readonly r1: number;
  readonly r3: number;
  readonly second: { readonly address: bigint; readonly ar: number };
  readonly fourth: { readonly address: bigint; readonly ar: number };
  readonly form: number;
  readonly size: number;
}

function performLockedOperation(cpu: Cpu): number {
  const request = cpu.grLow(0);
  const code = request & 0xff;
  const known = code <= 23;
  if (request & 0x100) return known ? 0 : 3;
  if (!known || request & 0xffff_fe00) specification();
  const form = code & 3;
  const o: Operands = {
    r1: cpu.arg32(0),
    r3: cpu.arg32(1),
    second: { address: cpu.arg64(2), ar: cpu.arg32(3) },
    fourth: { address: cpu.arg64(4), ar: cpu.arg32(5) },
    form,
    size: sizes[form] ?? 4,
  };
  const operation = operations[code >> 2];
  return operation === undefined ? specification() : operation(cpu, o);
}

/** An operand in the parameter list: right-aligned in the 16 bytes from `offset` on. */
const listed = (cpu: Cpu, { fourth, size }: Operands, offset: number): Place => {
  const address = (fourth.address + BigInt(offset + 16 - size)) & cpu.addressMask;
  return inStorage(cpu, address, fourth.ar, size);
};
const inList = ({ form }: Operands): boolean => form === Form.listed || form === Form.listed128;

/** An operand that is in a register, or in the parameter list. */
const operand = (cpu: Cpu, o: Operands, register: number, offset: number): Place =>
  inList(o) ? listed(cpu, o, offset) : inRegister(cpu, register, o.size);

/** The storage operand whose ALET and address are in the parameter list (at 68, 72 for the fourth). */
function addressed(cpu: Cpu, { fourth, r3, size }: Operands, offset: number): Place {
  const field = (at: number) => (fourth.address + BigInt(at)) & cpu.addressMask;
  const accessRegisterMode = cpu.dat && ((cpu.pswMask >> 46n) & 3n) === 1n;
  const address = cpu.fetch64(field(offset), fourth.ar) & cpu.addressMask;
  aligned(address, size);
  if (accessRegisterMode) {
    if (r3 === 0) specification();
    cpu.setAr(r3, cpu.fetch32(field(offset - 4), fourth.ar));
  }
  return inStorage(cpu, address, r3, size);
}

const second = (cpu: Cpu, { second: { address, ar }, size }: Operands): Place => {
  aligned(address, size);
  return inStorage(cpu, address, ar, size);
};
/** The fourth operand: D4(B4) itself, or named by the parameter list there. */
function fourth(cpu: Cpu, o: Operands): Place {
  aligned(o.fourth.address, inList(o) ? 8 : o.size);
  return inList(o) ? addressed(cpu, o, 72) : inStorage(cpu, o.fourth.address, o.fourth.ar, o.size);
}
const pairs = (o: Operands, ...registers: number[]): void => {
  if (!inList(o)) even(...registers);
};
/** Compare, and give the value found when it is another one. CC: 0 equal, 1. */
function compare(found: Place, expected: Place, cc: number): number {
  const value = found.get();
  if (value === expected.get()) return 0;
  expected.set(value);
  return cc;
}
/** All are access-tested before the first is stored. */
function storeAll(...stores: (readonly [to: Place, value: bigint])[]): void {
  for (const [to] of stores) to.test();
  for (const [to, value] of stores) to.set(value);
}

const operations: readonly ((cpu: Cpu, o: Operands) => number)[] = [
  function compareAndLoad(cpu, o) {
    const found = second(cpu, o);
    aligned(o.fourth.address, inList(o) ? 8 : o.size);
    if (compare(found, operand(cpu, o, o.r1, 0), 1) !== 0) return 1;
    operand(cpu, o, o.r3, 32).set(fourth(cpu, o).get());
    return 0;
  },
  function compareAndSwap(cpu, o) {
    pairs(o, o.r1);
    const found = second(cpu, o);
    if (inList(o)) aligned(o.fourth.address, 8);
    if (compare(found, operand(cpu, o, o.r1, 0), 1) !== 0) return 1;
    found.set(operand(cpu, o, o.r1 + 1, 16).get());
    return 0;
  },
  function doubleCompareAndSwap(cpu, o) {
    pairs(o, o.r1, o.r3);
    const found = second(cpu, o);
    aligned(o.fourth.address, inList(o) ? 8 : o.size);
    if (compare(found, operand(cpu, o, o.r1, 0), 1) !== 0) return 1;
    const other = fourth(cpu, o);
    if (compare(other, operand(cpu, o, o.r3, 32), 2) !== 0) return 2;
    const replacements = [operand(cpu, o, o.r1 + 1, 16).get(), operand(cpu, o, o.r3 + 1, 48).get()] as const;
    storeAll([other, replacements[1]], [found, replacements[0]]);
    return 0;
  },
  function compareAndSwapAndStore(cpu, o) {
    pairs(o, o.r1);
    const found = second(cpu, o);
    aligned(o.fourth.address, inList(o) ? 8 : o.size);
    if (compare(found, operand(cpu, o, o.r1, 0), 1) !== 0) return 1;
    const replacement = operand(cpu, o, o.r1 + 1, 16).get();
    const stored = operand(cpu, o, o.r3, 48).get();
    storeAll([fourth(cpu, o), stored], [found, replacement]);
    return 0;
  },
  (cpu, o) => compareAndSwapAndStores(cpu, o, 2),
  (cpu, o) => compareAndSwapAndStores(cpu, o, 3),
];

/** Double and triple store: the operands to store and their addresses are in the parameter list in every form. */
function compareAndSwapAndStores(cpu: Cpu, o: Operands, count: number): number {
  pairs(o, o.r1);
  const found = second(cpu, o);
  aligned(o.fourth.address, 8);
  if (compare(found, operand(cpu, o, o.r1, 0), 1) !== 0) return 1;
  const replacement = operand(cpu, o, o.r1 + 1, 16).get();
  const stores = Array.from({ length: count }, (_, n) => {
    const value = listed(cpu, o, 48 + 32 * n).get();
    return [addressed(cpu, o, 72 + 32 * n), value] as const;
  });
  storeAll(...stores, [found, replacement]);
  return 0;
}

/** CSST: first operand, its AR, second operand, its AR, R3; codes in general register 0, parameter list in 1. */
function compareAndSwapAndStore(cpu: Cpu): number {
  const [function_, characteristic] = [cpu.grLow(0) & 0xff, (cpu.grLow(0) >> 8) & 0xff];
  const r3 = cpu.arg32(4);
  if (function_ > 2 || characteristic > 4 || (function_ === 2 && r3 & 1)) specification();
  const [size, storedSize] = [4 << function_, 1 << characteristic];
  const [address, storedAddress] = [cpu.arg64(0), cpu.arg64(2)];
  aligned(address, size);
  aligned(storedAddress, storedSize);
  const list = addressIn(cpu, 1) & ~15n;
  const stored = inStorage(cpu, storedAddress, cpu.arg32(3), storedSize);
  const found = inStorage(cpu, address, cpu.arg32(1), size);
  stored.test();
  found.test();
  const replacement = inStorage(cpu, list, 1, size).get();
  const value = inStorage(cpu, (list + 16n) & cpu.addressMask, 1, storedSize).get();
  const expected = size === 16 ? inRegisterPair(cpu, r3) : inRegister(cpu, r3, size);
  const old = found.get();
  const equal = old === expected.get();
  expected.set(old);
  if (!equal) return 1;
  found.set(replacement);
  stored.set(value);
  return 0;
}
const inRegisterPair = (cpu: Cpu, register: number): Place => ({
  get: () => (cpu.gr(register) << 64n) | cpu.gr(register + 1),
  set: (value) => {
    cpu.setGr(register, value >> 64n);
    cpu.setGr(register + 1, value & 0xffff_ffff_ffff_ffffn);
  },
  test: () => undefined,
});

export const lockedRoutines: HostRoutines = { performLockedOperation, compareAndSwapAndStore };
