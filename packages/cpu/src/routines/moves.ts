/**
 * Moves between address spaces and keys, MOVE PAGE, MOVE INVERSE. Sources: Principles of Operation, "General
 * Instructions" and "Control Instructions".
 */
import { programInterruption } from "@lockframe/architecture";
import { type Cpu, ProgramInterruption, assigned } from "../cpu.ts";
import { Access } from "../state.ts";
import type { HostRoutines } from "./host.ts";
import { addressIn, lengthIn } from "./registers.ts";
import { slowMoveWithOptionalSpecifications } from "./wasm/optional-specifications.ts";

/** Code of PSW bits 16-17. */
const Space = { primary: 0, accessRegister: 1, secondary: 2, home: 3 } as const;

/** How an operand is accessed; what is left out is the PSW's. */
interface Means {
  readonly space?: number;
  readonly key?: number;
}
interface StorageOperand extends Means {
  readonly address: bigint;
  readonly ar: number;
}
/** Bytes that are contiguous in absolute storage. */
interface Piece {
  readonly absolute: number;
  readonly count: number;
}

/** The pieces of an operand, access-tested. @throws ProgramInterruption */
function piecesOf(cpu: Cpu, operand: StorageOperand, length: number, access: number): Piece[] {
  return cpu.withAccess(operand, () => {
    const pieces: Piece[] = [];
    for (let done = 0; done < length;) {
      const address = (operand.address + BigInt(done)) & cpu.addressMask;
      const count = Math.min(length - done, 0x1000 - Number(address & 0xfffn));
      pieces.push({ absolute: cpu.absolute(address, access, operand.ar), count });
      done += count;
    }
    return pieces;
  });
}

/** Both operands are access-tested before anything is moved. @throws ProgramInterruption */
function move(cpu: Cpu, to: StorageOperand, from: StorageOperand, length: number): void {
  const sources = piecesOf(cpu, from, length, Access.fetch);
  const targets = piecesOf(cpu, to, length, Access.store);
  const { storage } = cpu;
  const bytes = (absolute: number, count: number) => storage.part(storage.top + 1 - absolute - count, count);
  let [source, target] = [sources.shift(), targets.shift()];
  while (source !== undefined && target !== undefined) {
    const count = Math.min(source.count, target.count);
    bytes(target.absolute, count).set(bytes(source.absolute, count));
    source = rest(source, count) ?? sources.shift();
    target = rest(target, count) ?? targets.shift();
  }
}
const rest = ({ absolute, count }: Piece, moved: number): Piece | undefined =>
  count === moved ? undefined : { absolute: absolute + moved, count: count - moved };

const stop = (code: number): never => {
  throw new ProgramInterruption(code);
};
const specialOperation = (): never => stop(programInterruption.specialOperation);

/** In the problem state the PSW-key mask (control register 3, bits 32-47) has to permit a key. */
function checkKey(cpu: Cpu, key: number): void {
  const permitted = (Number(cpu.cr(3) & 0xffff_ffffn) >>> (31 - key)) & 1;
  if (cpu.problemState && permitted === 0) stop(programInterruption.privilegedOperation);
}
const keyIn = (cpu: Cpu, register: number): number => (cpu.grLow(register) >> 4) & 15;
const secondarySpaceControl = (cpu: Cpu): boolean => (cpu.cr(0) & (1n << 26n)) !== 0n;
const spaceOf = (cpu: Cpu): number => Number((cpu.pswMask >> 46n) & 3n);

/** How much of a true length one execution moves, and the condition code. */
function portion(length: bigint, most: number): { count: number; cc: number } {
  return length > BigInt(most) ? { count: most, cc: 3 } : { count: Number(length), cc: 0 };
}

/** MVCP (0), MVCS (1): first address, second address, R1 (true length), R3 (key for the secondary space). */
function moveBetweenSpaces(cpu: Cpu): number {
  const space = spaceOf(cpu);
  if (!cpu.dat || !secondarySpaceControl(cpu)) specialOperation();
  if (space === Space.home || space === Space.accessRegister) specialOperation();
  const key = keyIn(cpu, cpu.arg32(3));
  checkKey(cpu, key);
  const { count, cc } = portion(lengthIn(cpu, cpu.arg32(2)), 256);
  const primary = { space: Space.primary, ar: 0 };
  const secondary = { space: Space.secondary, key, ar: 0 };
  const [first, second] = [cpu.arg64(0), cpu.arg64(1)];
  if (cpu.arg32(4) === 0) move(cpu, { ...primary, address: first }, { ...secondary, address: second }, count);
  else move(cpu, { ...secondary, address: first }, { ...primary, address: second }, count);
  return cc;
}

const operands = (cpu: Cpu): [first: StorageOperand, second: StorageOperand] => [
  { address: cpu.arg64(0), ar: cpu.arg32(1) },
  { address: cpu.arg64(2), ar: cpu.arg32(3) },
];

/** MVCK: operands, R1 (true length), R3 (key for the second operand). */
function moveWithKey(cpu: Cpu): number {
  const [first, second] = operands(cpu);
  const key = keyIn(cpu, cpu.arg32(5));
  checkKey(cpu, key);
  const { count, cc } = portion(lengthIn(cpu, cpu.arg32(4)), 256);
  move(cpu, first, { ...second, key }, count);
  return cc;
}

/** MVCSK (0), MVCDK (1): operands; length code in general register 0, key in general register 1. */
function moveWithKeys(cpu: Cpu): void {
  const [first, second] = operands(cpu);
  const key = keyIn(cpu, 1);
  checkKey(cpu, key);
  const length = (cpu.grLow(0) & 0xff) + 1;
  if (cpu.arg32(4) === 0) move(cpu, first, { ...second, key }, length);
  else move(cpu, { ...first, key }, second, length);
}

/** Operand-access control: key, address space, and whether each is valid. */
function operandAccess(cpu: Cpu, control: number): Means {
  const key = control & 2 ? (control >> 12) & 15 : undefined;
  const space = control & 1 ? (control >> 6) & 3 : undefined;
  if (key !== undefined) checkKey(cpu, key);
  if ((space ?? spaceOf(cpu)) === Space.secondary && !secondarySpaceControl(cpu)) specialOperation();
  return { ...(key === undefined ? {} : { key }), ...(space === undefined ? {} : { space }) };
}

/**
 * MVCOS: operands, R3 (true length); operand-access controls in general register 0. What is usual is done in
 * WebAssembly, which calls this for the rest.
 */
function moveWithOptionalSpecificationsSlow(cpu: Cpu): number {
  cpu.modeChanged(); // WebAssembly may have been amid another space
  if (!cpu.dat) specialOperation();
  const [first, second] = operands(cpu);
  const controls = cpu.grLow(0);
  const to = operandAccess(cpu, controls >>> 16);
  const from = operandAccess(cpu, controls & 0xffff);
  if (to.space === Space.home && cpu.problemState) specialOperation();
  const { count, cc } = portion(lengthIn(cpu, cpu.arg32(4)), 0x1000);
  move(cpu, { ...first, ...to }, { ...second, ...from }, count);
  return cc;
}

/** Bits of general register 0 of MOVE PAGE. */
const MovePage = {
  mustBeZero: 0xf000,
  firstKey: 0x800,
  secondKey: 0x400,
  conditionCodeOption: 0x100,
} as const;
/** Operand access identification: R1 and R2 of a MOVE PAGE that met a page-translation exception. */
const OPERAND_ACCESS_ID = assigned.accessId + 2;

/** MVPG: R1, R2. CC: 0 moved, 1 first operand invalid, 2 second operand invalid. */
function movePage(cpu: Cpu): number {
  const [r1, r2] = [cpu.arg32(0), cpu.arg32(1)];
  const control = cpu.grLow(0);
  const keys = control & (MovePage.firstKey | MovePage.secondKey);
  if (control & MovePage.mustBeZero || keys === (MovePage.firstKey | MovePage.secondKey))
    stop(programInterruption.specification);
  const key = (control >> 4) & 15;
  if (keys !== 0) checkKey(cpu, key);
  const operand = (register: number, keyed: number): StorageOperand => ({
    address: addressIn(cpu, register) & ~0xfffn,
    ar: register,
    ...(control & keyed ? { key } : {}),
  });
  const [first, second] = [operand(r1, MovePage.firstKey), operand(r2, MovePage.secondKey)];
  const valid = (page: StorageOperand, access: number): boolean => {
    try {
      piecesOf(cpu, page, 0x1000, access);
      return true;
    } catch (error) {
      if (!(error instanceof ProgramInterruption) || error.code !== programInterruption.pageTranslation)
        throw error;
      if ((control & MovePage.conditionCodeOption) === 0) {
        cpu.storage.store8(cpu.lowcore(OPERAND_ACCESS_ID), (r1 << 4) | r2);
        throw error;
      }
      cpu.dismissInterruption();
      return false;
    }
  };
  if (!valid(second, Access.fetch)) return 2;
  if (!valid(first, Access.store)) return 1;
  move(cpu, first, second, 0x1000);
  return 0;
}

/** MVCIN: operands (the second by its rightmost byte), length. */
function moveInverse(cpu: Cpu): void {
  const [first, second] = operands(cpu);
  const length = cpu.arg32(4);
  const mask = cpu.addressMask;
  cpu.testFetch((second.address - BigInt(length - 1)) & mask, length, second.ar);
  cpu.testStore(first.address, length, first.ar);
  for (let n = 0n; n < BigInt(length); n++) {
    const byte = cpu.fetchBytes((second.address - n) & mask, 1, second.ar);
    cpu.storeBytes((first.address + n) & mask, byte, first.ar);
  }
}

/**
 * MVCRL: operands; length code in general register 0. As if byte by byte from the right: where the first operand begins
 * to the left of the second and overlaps it, bytes moved before are moved again.
 */
function moveRightToLeft(cpu: Cpu): void {
  const [first, second] = operands(cpu);
  const length = (cpu.grLow(0) & 0xff) + 1;
  const moved = cpu.fetchBytes(second.address, length, second.ar);
  const ahead = Number(BigInt.asIntN(64, second.address - first.address));
  if (ahead > 0) {
    for (let n = length - 1 - ahead; n >= 0; n--) moved[n] = moved[n + ahead] ?? 0;
  }
  cpu.storeBytes(first.address, moved, first.ar);
}

/** LMD: addresses of the left and of the right halves, each with its AR, R1, R3. */
function loadMultipleDisjoint(cpu: Cpu): void {
  const [left, right] = operands(cpu);
  const [r1, r3] = [cpu.arg32(4), cpu.arg32(5)];
  const count = ((r3 - r1) & 15) + 1;
  const [highs, lows] = [left, right].map(({ address, ar }) => {
    const { buffer } = cpu.fetchBytes(address, count * 4, ar);
    return new DataView(buffer);
  });
  for (let n = 0; n < count; n++) {
    const value = (BigInt(highs?.getUint32(n * 4) ?? 0) << 32n) | BigInt(lows?.getUint32(n * 4) ?? 0);
    cpu.setGr((r1 + n) & 15, value);
  }
}

export const moveRoutines: HostRoutines = {
  loadMultipleDisjoint,
  moveRightToLeft,
  moveBetweenSpaces,
  moveWithKey,
  moveWithKeys,
  [slowMoveWithOptionalSpecifications]: moveWithOptionalSpecificationsSlow,
  movePage,
  moveInverse,
};
