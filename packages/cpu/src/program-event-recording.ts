/**
 * Program-event recording. While it is on, a CPU runs one instruction at a time, and what that instruction did is
 * looked at from outside. Source: Principles of Operation, "Program-Event Recording".
 */
import { unimplemented } from "@lockframe/architecture";
import { PAGE_SIZE } from "@lockframe/memory";
import { type Cpu, ProgramInterruption, PswBit, type RecordedEvent } from "./cpu.ts";
import { Access, Event, cpu as at } from "./state.ts";

/** Event masks in CR9. */
const Mask = {
  branching: 1n << 31n,
  instructionFetch: 1n << 30n,
  storageAlteration: 1n << 29n,
  storeUsingRealAddress: 1n << 27n,
  fetchNullification: 1n << 24n,
  /** Branches are recorded that go into the range of CR10 and CR11; without it, all. */
  branchAddressControl: 1n << 23n,
} as const;
const SUPPORTED =
  Mask.branching | Mask.instructionFetch | Mask.storageAlteration | Mask.storeUsingRealAddress;

/** Bits of the PER code. */
const Code = {
  branching: 0x80,
  instructionFetch: 0x40,
  storageAlteration: 0x20,
  storeUsingRealAddress: 0x08,
  fetchNullification: 0x01,
} as const;

/**
 * Storage that is watched is compared with what it held, so there must not be too much of it, and a store of what
 * stands there already is not seen.
 */
const MOST_WATCHED = 0x10000n;
/** In place of a breaking-event address: no instruction has an odd one. */
const NOTHING_BROKE = (1n << 64n) - 1n;
const STURA = 0xb246n;
const STURG = 0xb925n;

/** Whether the PSW and control register 9 ask for any event that there can be here. */
export function recordsEvents(cpu: Cpu): boolean {
  if ((cpu.u64(at.pswMask) & PswBit.per) === 0n) return false;
  const events = cpu.cr(9);
  if (events & Mask.storageAlteration && watchedLength(cpu) > MOST_WATCHED)
    unimplemented("program-event recording (PER) of stores into more than 64 KiB");
  return (events & SUPPORTED) !== 0n;
}

const watchedLength = (cpu: Cpu): bigint => ((cpu.cr(11) - cpu.cr(10)) & cpu.addressMask) + 1n;

/** CR10 and CR11 hold the first and the last address; the range may go around the end of the address space. */
function inRange(cpu: Cpu, address: bigint): boolean {
  const mask = cpu.addressMask;
  return ((address - cpu.cr(10)) & mask) <= ((cpu.cr(11) - cpu.cr(10)) & mask);
}

/** The modes as they are now; the bit that says that they are valid is one. */
function modeIdentification(cpu: Cpu): number {
  const psw = cpu.u64(at.pswMask);
  const bit = (mask: bigint, value: number): number => ((psw & mask) === 0n ? 0 : value);
  return (
    0x40 |
    bit(PswBit.extendedAddressing, 0x80) |
    bit(PswBit.basicAddressing, 0x20) |
    bit(PswBit.dat, 0x10) |
    (Number((psw >> 46n) & 3n) << 2)
  );
}

/**
 * Run one instruction and see what is to be recorded of it.
 * @returns undefined when nothing is, or when the instruction will be executed again from its beginning
 */
export function stepRecording(cpu: Cpu, step: () => void): RecordedEvent | undefined {
  const events = cpu.cr(9);
  const address = cpu.pswAddress & cpu.addressMask;
  const mode = modeIdentification(cpu);
  const fetched = (events & Mask.instructionFetch) !== 0n && inRange(cpu, address);
  if (fetched && events & Mask.fetchNullification) {
    cpu.setU32(at.event, Event.none);
    return { code: Code.instructionFetch | Code.fetchNullification, mode, address };
  }
  const watched = events & Mask.storageAlteration ? watch(cpu) : [];
  const breakingBefore = cpu.u64(at.breakingEvent);
  cpu.setU64(at.breakingEvent, NOTHING_BROKE);
  step();
  const branched = cpu.u64(at.breakingEvent) !== NOTHING_BROKE;
  if (!branched) cpu.setU64(at.breakingEvent, breakingBefore);
  if (cpu.u32(at.event) === Event.program && cpu.nullifies(cpu.u32(at.programCode))) return undefined;

  let code = fetched ? Code.instructionFetch : 0;
  if (branched && events & Mask.branching) {
    if ((events & Mask.branchAddressControl) === 0n || inRange(cpu, cpu.pswAddress)) code |= Code.branching;
  }
  if (watched.some((piece) => isAltered(cpu, piece))) code |= Code.storageAlteration;
  const operation = cpu.u64(at.fetchWord) >> 48n;
  if (events & Mask.storeUsingRealAddress && (operation === STURA || operation === STURG))
    code |= Code.storeUsingRealAddress;
  return code === 0 ? undefined : { code, mode, address };
}

/** Storage that is watched, and what it held. */
interface Watched {
  readonly absolute: number;
  readonly bytes: Uint8Array;
}

/** The range of CR10 and CR11 page by page, without the pages that the program cannot use at the moment. */
function watch(cpu: Cpu): Watched[] {
  const [event, programCode] = [cpu.u32(at.event), cpu.u32(at.programCode)];
  const length = Number(watchedLength(cpu));
  const watched: Watched[] = [];
  for (let offset = 0; offset < length;) {
    const here = (cpu.cr(10) + BigInt(offset)) & cpu.addressMask;
    const count = Math.min(length - offset, PAGE_SIZE - Number(here % BigInt(PAGE_SIZE)));
    try {
      const absolute = cpu.absolute(here, Access.fetch, 0);
      watched.push({ absolute, bytes: cpu.storage.fetch(absolute, count) });
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
    }
    offset += count;
  }
  cpu.setU32(at.event, event);
  cpu.setU32(at.programCode, programCode);
  return watched;
}

const isAltered = (cpu: Cpu, { absolute, bytes }: Watched): boolean =>
  Buffer.compare(bytes, cpu.storage.fetch(absolute, bytes.length)) !== 0;
