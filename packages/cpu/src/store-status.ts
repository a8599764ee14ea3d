/**
 * Registers that a CPU leaves in storage: when status is stored, and when a machine-check interruption is taken.
 * Source: Principles of Operation, "Assigned Storage Locations", "Machine-Check Extended Save Area".
 */
import type { Cpu } from "./cpu.ts";
import { cpu as at } from "./state.ts";

/** What the timers hold. */
export interface TimerContents {
  readonly cpuTimer: bigint;
  readonly clockComparator: bigint;
}

/** Save areas, in the page behind the first of the assigned storage locations. */
const area = {
  /** Real address of the machine-check extended save area, 512 of whose bytes are the vector registers. */
  extendedSaveArea: 0x11b0,
  floatingPoint: 0x1200,
  general: 0x1280,
  psw: 0x1300,
  prefix: 0x1318,
  floatingPointControl: 0x131c,
  todProgrammable: 0x1324,
  cpuTimer: 0x1328,
  clockComparator: 0x1330,
  access: 0x1340,
  control: 0x1380,
} as const;
export const STATUS_AREA = { start: 0x1200, size: 0x200 } as const;
export const VECTOR_AREA_SIZE = 0x200;

/** Registers and timers, in the areas that count from an absolute address. */
function storeRegisters(cpu: Cpu, base: number, timers: TimerContents): void {
  const { storage } = cpu;
  for (let n = 0; n < 16; n++) {
    storage.store64(base + area.floatingPoint + 8 * n, cpu.fpr(n));
    storage.store64(base + area.general + 8 * n, cpu.gr(n));
    storage.store32(base + area.access + 4 * n, cpu.ar(n));
    storage.store64(base + area.control + 8 * n, cpu.cr(n));
  }
  storage.store32(base + area.floatingPointControl, cpu.fpc);
  storage.store32(base + area.todProgrammable, cpu.u32(at.todProgrammable));
  storage.store64(base + area.cpuTimer, BigInt.asUintN(64, timers.cpuTimer));
  storage.store64(base + area.clockComparator, timers.clockComparator >> 8n);
}

/** Store-status operation: what `storeRegisters` stores, and the PSW and the prefix. */
export function storeStatus(cpu: Cpu, base: number, timers: TimerContents): void {
  const { storage } = cpu;
  cpu.makeReady(base + STATUS_AREA.start);
  storeRegisters(cpu, base, timers);
  storage.store64(base + area.psw, cpu.pswMask);
  storage.store64(base + area.psw + 8, cpu.pswAddress);
  storage.store32(base + area.prefix, cpu.prefix);
}

/** All vector registers, at an absolute address whose 512 bytes stand on one page. */
export function storeVectors(cpu: Cpu, address: number): void {
  cpu.makeReady(address);
  for (let n = 0; n < 32; n++) {
    const value = cpu.vr(n);
    cpu.storage.store64(address + 16 * n, value >> 64n);
    cpu.storage.store64(address + 16 * n + 8, BigInt.asUintN(64, value));
  }
}

/**
 * What a machine-check interruption stores besides its code and the PSW. True when the vector registers are among it:
 * the program has named a save area for them.
 */
export function storeMachineCheckAreas(cpu: Cpu, timers: TimerContents): boolean {
  const base = cpu.prefix;
  cpu.makeReady(base + STATUS_AREA.start);
  storeRegisters(cpu, base, timers);
  const designation = cpu.storage.fetch64(base + area.extendedSaveArea);
  const origin = designation & ~0x3ffn;
  if (origin === 0n || origin >= BigInt(cpu.storage.size)) return false;
  storeVectors(cpu, Number(origin));
  return true;
}
