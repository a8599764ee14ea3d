/** What the instructions of the message-security assist have in common: function codes, parameter blocks, portions. */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../../cpu.ts";
import { addressIn, lengthIn, setAddress, setLength } from "../registers.ts";

export const specification = (): never => {
  throw new ProgramInterruption(programInterruption.specification);
};

/** Function code and modifier in general register 0. */
export const functionCode = (cpu: Cpu): number => cpu.grLow(0) & 0x7f;
export const modifier = (cpu: Cpu): boolean => (cpu.grLow(0) & 0x80) !== 0;
/** Function code of an instruction whose modifier must be zero, for a query too. @throws ProgramInterruption */
export const unmodifiedFunctionCode = (cpu: Cpu): number =>
  modifier(cpu) ? specification() : functionCode(cpu);

const STATUS_WORD = 16;

/** The query function: a bit for each function code that there is, 0 itself too, into the parameter block. */
export function query(cpu: Cpu, codes: Iterable<number>): number {
  const status = new Uint8Array(STATUS_WORD);
  for (const code of [0, ...codes]) status[code >> 3] = (status[code >> 3] ?? 0) | (0x80 >> (code & 7));
  storeParameter(cpu, 0, status);
  return 0;
}

/** Bytes of the parameter block, which general register 1 designates. @throws ProgramInterruption */
export const fetchParameter = (cpu: Cpu, offset: number, length: number): Uint8Array =>
  cpu.fetchBytes((addressIn(cpu, 1) + BigInt(offset)) & cpu.addressMask, length, 1);
export const storeParameter = (cpu: Cpu, offset: number, bytes: Uint8Array): void =>
  cpu.storeBytes((addressIn(cpu, 1) + BigInt(offset)) & cpu.addressMask, bytes, 1);
export const testParameter = (cpu: Cpu, offset: number, length: number): void =>
  cpu.testStore((addressIn(cpu, 1) + BigInt(offset)) & cpu.addressMask, length, 1);

/** Bytes that are handled between two looks at what can go wrong. */
const PORTION = 0x4000;
/** Bytes that one execution handles; then it ends with condition code 3. */
const MOST = 0x4_0000;
const PARTIAL = 3;

/** Operands that advance together, and how much of them is left. */
export class Message {
  readonly #cpu: Cpu;
  readonly #addresses: Map<number, bigint>;
  readonly #lengthRegister: number;
  length: bigint;

  constructor(cpu: Cpu, operands: readonly number[], lengthRegister: number) {
    this.#cpu = cpu;
    this.#addresses = new Map(operands.map((register) => [register, addressIn(cpu, register)]));
    this.#lengthRegister = lengthRegister;
    this.length = lengthIn(cpu, lengthRegister);
  }

  fetch(register: number, count: number): Uint8Array {
    return this.#cpu.fetchBytes(this.#address(register), count, register);
  }
  store(register: number, bytes: Uint8Array): void {
    this.#cpu.storeBytes(this.#address(register), bytes, register);
  }
  testStore(register: number, count: number): void {
    this.#cpu.testStore(this.#address(register), count, register);
  }
  #address(register: number): bigint {
    const address = this.#addresses.get(register);
    if (address === undefined) throw new RangeError(`register ${register} designates no operand`);
    return address;
  }
  advance(count: number): void {
    for (const [register, address] of this.#addresses)
      this.#addresses.set(register, (address + BigInt(count)) & this.#cpu.addressMask);
    this.length -= BigInt(count);
  }
  /** The registers as they are now. */
  commit(): void {
    for (const [register, address] of this.#addresses) setAddress(this.#cpu, register, address);
    setLength(this.#cpu, this.#lengthRegister, this.length);
  }

  /**
   * Handles what is left but for the last `rest` bytes, by portions of whole units. `act` makes all accesses that can fail
   * before it changes anything; an exception after the first portion is left to the next execution.
   *
   * @returns condition code 0, or 3 when there is more to do
   */
  process(unit: number, act: (count: number) => void, rest = 0): number {
    let done = 0;
    const most = PORTION - (PORTION % unit);
    while (this.length > BigInt(rest) && done < MOST) {
      const left = this.length - BigInt(rest);
      const whole = left > BigInt(most) ? most : Number(left);
      const count = this.#handle([whole, this.#onThesePages(unit, whole)], act, done === 0);
      if (count === 0) break;
      this.advance(count);
      done += count;
    }
    this.commit();
    return this.length === BigInt(rest) ? 0 : PARTIAL;
  }

  /** The first of the counts that meets no exception; 0 when all do, unless that is to be known. */
  #handle(counts: readonly number[], act: (count: number) => void, must: boolean): number {
    let failure: ProgramInterruption | undefined;
    for (const count of counts) {
      try {
        act(count);
        return count;
      } catch (error) {
        if (!(error instanceof ProgramInterruption)) throw error;
        this.#cpu.dismissInterruption();
        failure = error;
      }
    }
    if (must && failure !== undefined) throw failure;
    return 0;
  }
  /** Bytes before the first operand's page ends, as whole units, at least one. */
  #onThesePages(unit: number, whole: number): number {
    const rooms = Array.from(this.#addresses.values(), (address) => 0x1000 - Number(address & 0xfffn));
    const room = Math.min(...rooms, whole);
    return Math.max(room - (room % unit), unit);
  }
}
