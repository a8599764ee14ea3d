/** Operands in general registers, as host routines see them: addresses and lengths of the addressing mode's width. */
import type { Cpu } from "../cpu.ts";
import { ProgramInterruption } from "../cpu.ts";

const extended = (cpu: Cpu): boolean => cpu.addressMask >> 63n !== 0n;

/** Address in a register, without the bits that the addressing mode does not use. */
export const addressIn = (cpu: Cpu, register: number): bigint => cpu.gr(register) & cpu.addressMask;

/** In the 24-bit and 31-bit modes bits 0-31 of the register stay; unused bits to their right become zero. */
export function setAddress(cpu: Cpu, register: number, address: bigint): void {
  const wrapped = address & cpu.addressMask;
  if (extended(cpu)) cpu.setGr(register, wrapped);
  else cpu.setGrLow(register, Number(wrapped));
}

/** Length in a register: 64 bits in the 64-bit mode, else 32. */
export const lengthIn = (cpu: Cpu, register: number): bigint =>
  extended(cpu) ? cpu.gr(register) : BigInt(cpu.grLow(register));

export function setLength(cpu: Cpu, register: number, length: bigint): void {
  if (extended(cpu)) cpu.setGr(register, length);
  else cpu.setGrLow(register, Number(length));
}

/** Address and length in an even-odd pair. */
export class Extent {
  readonly #cpu: Cpu;
  readonly register: number;
  address: bigint;
  length: bigint;

  constructor(cpu: Cpu, register: number) {
    this.#cpu = cpu;
    this.register = register;
    this.address = addressIn(cpu, register);
    this.length = lengthIn(cpu, register + 1);
  }
  advance(count: number): void {
    this.address = (this.address + BigInt(count)) & this.#cpu.addressMask;
    this.length -= BigInt(count);
  }
  store(): void {
    setAddress(this.#cpu, this.register, this.address);
    setLength(this.#cpu, this.register + 1, this.length);
  }
}

/** Condition code of an execution that ended because the CPU chose to. */
const PARTIAL = 3;
/** Steps of one execution. */
const STEPS = 4096;

/**
 * Runs `step` until it gives a condition code, for as many steps as the CPU likes, and then `commit`, which brings
 * the registers up to date. An access exception after the first step is left to the next execution; a step changes
 * nothing before its last access.
 */
export function inSteps(cpu: Cpu, step: () => number | undefined, commit: () => void): number {
  let cc: number | undefined;
  for (let n = 0; cc === undefined && n < STEPS; n++) {
    try {
      cc = step();
    } catch (error) {
      if (n === 0 || !(error instanceof ProgramInterruption)) throw error;
      cpu.dismissInterruption();
      break;
    }
  }
  commit();
  return cc ?? PARTIAL;
}

/** Bytes in storage order as one number, and back. */
export function numberOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}
export function bytesOf(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let n = length - 1, rest = value; n >= 0; n--, rest >>= 8n) bytes[n] = Number(rest & 0xffn);
  return bytes;
}
export const fetch16 = (cpu: Cpu, address: bigint, ar: number): number => {
  const bytes = cpu.fetchBytes(address, 2, ar);
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
};
