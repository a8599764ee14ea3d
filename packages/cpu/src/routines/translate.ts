/** TRANSLATE instructions that are rare. Source: Principles of Operation, "General Instructions". */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption } from "../cpu.ts";
import type { HostRoutines } from "./host.ts";
import { Extent, addressIn, bytesOf, fetch16, inSteps, setAddress, setLength } from "./registers.ts";

/** TRTR: first operand, its AR, table, its AR, length; from right to left. CC as for TRT. */
function translateAndTestReverse(cpu: Cpu): number {
  const [first, table, length] = [cpu.arg64(0), cpu.arg64(2), cpu.arg32(4)];
  const mask = cpu.addressMask;
  for (let n = 0; n < length; n++) {
    const address = (first - BigInt(n)) & mask;
    const argument = cpu.fetch8(address, cpu.arg32(1));
    const byte = cpu.fetch8((table + BigInt(argument)) & mask, cpu.arg32(3));
    if (byte === 0) continue;
    // The 24-bit mode leaves bits 32-39 of general register 1 alone.
    if (mask === 0xff_ffffn) cpu.setGrLow(1, (cpu.grLow(1) & 0xff00_0000) | Number(address));
    else setAddress(cpu, 1, address);
    cpu.setGr(2, (cpu.gr(2) & ~0xffn) | BigInt(byte));
    return n + 1 === length ? 2 : 1;
  }
  return 0;
}

/** TRE: R1 (address, length), R2 (table), test byte in general register 0. CC: 1 at the test byte. */
function translateExtended(cpu: Cpu): number {
  const operand = new Extent(cpu, cpu.arg32(0));
  const r2 = cpu.arg32(1);
  const table = addressIn(cpu, r2);
  const test = cpu.grLow(0) & 0xff;
  const step = (): number | undefined => {
    if (operand.length === 0n) return 0;
    const argument = cpu.fetch8(operand.address, operand.register);
    if (argument === test) return 1;
    const byte = cpu.fetchBytes((table + BigInt(argument)) & cpu.addressMask, 1, r2);
    cpu.storeBytes(operand.address, byte, operand.register);
    operand.advance(1);
    return undefined;
  };
  return inSteps(cpu, step, () => operand.store());
}

/**
 * TRTT, TRTO, TROT, TROO (kind 0 to 3): R1 (target, length of the source), R2 (source), M3 (rightmost bit: no
 * test character), table in general register 1, test character in general register 0. CC: 1 at the test character.
 */
function translateCharacters(cpu: Cpu): number {
  const [r2, kind] = [cpu.arg32(1), cpu.arg32(3)];
  const target = new Extent(cpu, cpu.arg32(0));
  const argumentSize = kind < 2 ? 2 : 1;
  const functionSize = (kind & 1) === 0 ? 2 : 1;
  if (target.length % BigInt(argumentSize) !== 0n)
    throw new ProgramInterruption(programInterruption.specification);
  const mask = cpu.addressMask;
  const table = addressIn(cpu, 1) & ~7n;
  const test = (cpu.arg32(2) & 1) !== 0 ? undefined : cpu.grLow(0) & (functionSize === 2 ? 0xffff : 0xff);
  let source = addressIn(cpu, r2);
  const character = (address: bigint, size: number, ar: number): number =>
    size === 2 ? fetch16(cpu, address, ar) : cpu.fetch8(address, ar);
  const step = (): number | undefined => {
    if (target.length === 0n) return 0;
    const argument = character(source, argumentSize, r2);
    const result = character((table + BigInt(argument * functionSize)) & mask, functionSize, 1);
    if (result === test) return 1;
    cpu.storeBytes(target.address, bytesOf(BigInt(result), functionSize), target.register);
    source = (source + BigInt(argumentSize)) & mask;
    target.address = (target.address + BigInt(functionSize)) & mask;
    target.length -= BigInt(argumentSize);
    return target.length === 0n ? 0 : undefined;
  };
  return inSteps(cpu, step, () => {
    target.store();
    setAddress(cpu, r2, source);
  });
}

/** Bits of M3 of TRTE and TRTRE: arguments and function codes of two bytes, arguments above 255 not looked up. */
const Parse = { argument: 8, functionCode: 4, limit: 2 } as const;

/** TRTE (0), TRTRE (1): R1 (address, length), R2 (gets the function code), M3; table in general register 1. CC: 1 code found. */
function translateAndTestExtended(cpu: Cpu): number {
  const [r1, r2, m3] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2)];
  const operand = new Extent(cpu, r1);
  const size = m3 & Parse.argument ? 2 : 1;
  if (operand.length % BigInt(size) !== 0n) throw new ProgramInterruption(programInterruption.specification);
  const functionSize = m3 & Parse.functionCode ? 2 : 1;
  const table = addressIn(cpu, 1);
  const distance = BigInt(cpu.arg32(3) === 1 ? -size : size);
  const value = (address: bigint, length: number, ar: number): number =>
    length === 2 ? fetch16(cpu, address, ar) : cpu.fetch8(address, ar);
  const codeOf = (argument: number): number =>
    m3 & Parse.limit && argument > 0xff
      ? 0
      : value((table + BigInt(argument * functionSize)) & cpu.addressMask, functionSize, 1);
  let found: number | undefined;
  const step = (): number | undefined => {
    if (operand.length === 0n) return 0;
    const code = codeOf(value(operand.address, size, r1));
    if (code !== 0) {
      found = code;
      return 1;
    }
    operand.address = (operand.address + distance) & cpu.addressMask;
    operand.length -= BigInt(size);
    if (operand.length !== 0n) return undefined;
    found = 0;
    return 0;
  };
  return inSteps(cpu, step, () => {
    operand.store();
    if (found !== undefined && r2 !== r1 && r2 !== r1 + 1) setLength(cpu, r2, BigInt(found));
  });
}

export const translateRoutines: HostRoutines = {
  translateAndTestExtended,
  translateAndTestReverse,
  translateExtended,
  translateCharacters,
};
