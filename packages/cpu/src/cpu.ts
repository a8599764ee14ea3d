/**
 * One CPU as the cold side sees it: registers and PSW behind names, interruptions, the modes that the
 * interpreter has to be told. Everything lives in the CPU's block of the WebAssembly memory; this class keeps
 * nothing that a guest could see.
 */
import { programInterruption } from "@lockframe/architecture";
import { GUEST_READY, PAGE_SIZE, type Storage } from "@lockframe/memory";
import { PSW_MUST_BE_ZERO, assigned, nullifying, withAccessId, withTeid } from "./assigned-storage.ts";
import { Access, Event, Global, Tlb, cpu as at, tlbContext } from "./state.ts";

export { assigned };

/**
 * A program interruption, thrown by host routines to end the instruction before it has changed anything. It has no stack
 * trace: a guest's page fault is no fault of ours, and finding places in the interpreter's code takes some hundred
 * microseconds.
 */
export class ProgramInterruption extends Error {
  readonly code: number;
  readonly dxc: number;
  constructor(code: number, dxc = 0) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(`program interruption ${code.toString(16)}`);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "ProgramInterruption";
    this.code = code;
    this.dxc = dxc;
  }
}

/** Thrown when the translation of an address has already noted the interruption in the CPU's block. */
class AlreadyNoted extends ProgramInterruption {}

/** What the CPU needs of the engine to translate an address. */
export interface Translator {
  /** Number of the page frame, or -1 with an event in the CPU's block. */
  translate(block: number, address: bigint, access: number, ar: number): number;
  /** Walk translation tables: 0, or the interruption code; the page's address is in the block. */
  walk(block: number, address: bigint, asce: bigint): number;
  /** PSW and control registers come into force; for data alone when `dataOnly` is 1. */
  applyMode(block: number, dataOnly: number): void;
  /** Forget translations: all; those that lead to page frames; those by which stores reach pages with code. */
  forgetAll(block: number): void;
  forgetFrames(block: number, first: number, count: number): void;
  forgetStoresToCode(block: number): void;
  /** Those by entries of page tables with these page indexes; by entries of segment tables with this index. */
  forgetPages(block: number, first: number, count: number): void;
  forgetSegment(block: number, index: number): void;
}

/** PSW bits by name, as they lie in bits 0-63. */
export const PswBit = {
  per: 1n << 62n,
  dat: 1n << 58n,
  io: 1n << 57n,
  external: 1n << 56n,
  machineCheck: 1n << 50n,
  wait: 1n << 49n,
  problemState: 1n << 48n,
  extendedAddressing: 1n << 32n,
  basicAddressing: 1n << 31n,
} as const;

const CC_SHIFT = 44n;
const CC_MASK = 3n << CC_SHIFT;
const SPACE_SHIFT = 46n;
const SPACE_MASK = 3n << SPACE_SHIFT;
const KEY_SHIFT = 52n;
const KEY_MASK = 15n << KEY_SHIFT;
/** Why an address has no real address. */
export interface MissingTranslation {
  /** Interruption code. */
  readonly code: number;
  /** Address of the invalid entry of a segment or page table. */
  readonly entry: bigint | undefined;
  /** The table is too short to have that entry. */
  readonly outside: boolean;
}

/** What a program interruption stores when it is for an event of program-event recording. */
export interface RecordedEvent {
  readonly code: number;
  /** Addressing and translation mode identification. */
  readonly mode: number;
  readonly address: bigint;
}
/** In the code of a program interruption: there was an event, too. */
const PER_EVENT = 0x80;

/** At least one byte, and all on the same page. */
const onOnePage = (address: bigint, length: number): boolean =>
  length > 0 && Number(address & 0xfffn) + length <= 0x1000;

export type CpuState = "operating" | "stopped" | "checkStop" | "load";

export class Cpu {
  readonly number: number;
  /** Host offset of this CPU's block. */
  readonly block: number;
  readonly storage: Storage;
  readonly #view: DataView;
  readonly #translator: Translator;
  #state: CpuState = "stopped";
  /** Told of every change of state: some clocks stand still while a CPU is stopped. */
  stateChanged: (() => void) | undefined;
  /** A routine loaded an invalid PSW: specification exception before the next instruction. */
  early = false;
  /** The next program interruption is for this, too. */
  recorded: RecordedEvent | undefined;

  constructor(number: number, block: number, storage: Storage, translator: Translator) {
    this.number = number;
    this.block = block;
    this.storage = storage;
    this.#view = storage.view();
    this.#translator = translator;
    this.#view.setInt32(block + at.cpuAddress, number, true);
    const count = this.#view.getUint32(Global.cpuCount, true);
    this.#view.setUint32(Global.cpuCount, Math.max(count, number + 1), true);
    const none = tlbContext(block, Tlb.contexts);
    storage.bytes().fill(1, none, none + Tlb.contextSize);
    this.modeChanged();
  }

  get state(): CpuState {
    return this.#state;
  }
  set state(state: CpuState) {
    if (state === this.#state) return;
    this.#state = state;
    this.stateChanged?.();
  }

  // --- fields --------------------------------------------------------------------------------------

  u32(offset: number): number {
    return this.#view.getUint32(this.block + offset, true);
  }
  setU32(offset: number, value: number): void {
    this.#view.setUint32(this.block + offset, value >>> 0, true);
  }
  u64(offset: number): bigint {
    return this.#view.getBigUint64(this.block + offset, true);
  }
  setU64(offset: number, value: bigint): void {
    this.#view.setBigUint64(this.block + offset, value, true);
  }

  /** General register, bits 0-63; its right half as a number. */
  gr(n: number): bigint {
    return this.u64(at.gr + 8 * n);
  }
  setGr(n: number, value: bigint): void {
    this.setU64(at.gr + 8 * n, value);
  }
  grLow(n: number): number {
    return this.u32(at.gr + 8 * n);
  }
  setGrLow(n: number, value: number): void {
    this.setU32(at.gr + 8 * n, value);
  }
  ar(n: number): number {
    return this.u32(at.ar + 4 * n);
  }
  setAr(n: number, value: number): void {
    this.setU32(at.ar + 4 * n, value);
  }
  cr(n: number): bigint {
    return this.u64(at.cr + 8 * n);
  }
  setCr(n: number, value: bigint): void {
    this.setU64(at.cr + 8 * n, value);
  }
  fpr(n: number): bigint {
    return this.u64(at.vr + 8 + 16 * n);
  }
  setFpr(n: number, value: bigint): void {
    this.setU64(at.vr + 8 + 16 * n, value);
  }
  /** Vector register, 128 bits. */
  vr(n: number): bigint {
    return (this.u64(at.vr + 8 + 16 * n) << 64n) | this.u64(at.vr + 16 * n);
  }
  setVr(n: number, value: bigint): void {
    this.setU64(at.vr + 8 + 16 * n, value >> 64n);
    this.setU64(at.vr + 16 * n, BigInt.asUintN(64, value));
  }
  get fpc(): number {
    return this.u32(at.fpc);
  }
  set fpc(value: number) {
    this.setU32(at.fpc, value);
  }
  get cc(): number {
    return this.u32(at.cc);
  }
  set cc(value: number) {
    this.setU32(at.cc, value);
  }
  get prefix(): number {
    return this.u32(at.prefix);
  }
  /** PSW bits 0-63 with the condition code in place. */
  get pswMask(): bigint {
    return this.u64(at.pswMask) | (BigInt(this.cc) << CC_SHIFT);
  }
  get pswAddress(): bigint {
    return this.u64(at.pswAddress);
  }
  set pswAddress(value: bigint) {
    this.setU64(at.pswAddress, value);
  }
  get problemState(): boolean {
    return (this.u64(at.pswMask) & PswBit.problemState) !== 0n;
  }
  get dat(): boolean {
    return (this.u64(at.pswMask) & PswBit.dat) !== 0n;
  }
  get waiting(): boolean {
    return (this.u64(at.pswMask) & PswBit.wait) !== 0n;
  }
  /** 2^24-1, 2^31-1 or 2^64-1. */
  get addressMask(): bigint {
    return this.u64(at.addressMask);
  }

  /** Argument n of a host routine. */
  arg32(n: number): number {
    return this.u32(at.args + 8 * n);
  }
  arg64(n: number): bigint {
    return this.u64(at.args + 8 * n);
  }
  /** The word of the instruction being executed, left-aligned. */
  get word(): bigint {
    return this.u64(at.word);
  }

  // --- PSW -----------------------------------------------------------------------------------------

  /**
   * Load bits 0-63 and the address. An invalid PSW is loaded all the same and recognised as a
   * specification exception before the next instruction; the result says so.
   */
  loadPsw(mask: bigint, address: bigint): boolean {
    this.setU64(at.pswMask, mask & ~CC_MASK);
    this.cc = Number((mask & CC_MASK) >> CC_SHIFT);
    this.pswAddress = address;
    this.modeChanged();
    const extended = (mask & PswBit.extendedAddressing) !== 0n;
    const basic = (mask & PswBit.basicAddressing) !== 0n;
    return (mask & PSW_MUST_BE_ZERO) === 0n && !(extended && !basic) && (address & ~this.addressMask) === 0n;
  }

  /** Tell the interpreter what the PSW and the control registers now say. */
  modeChanged(): void {
    this.#translator.applyMode(this.block, 0);
  }

  /**
   * Access storage as another address space (code of PSW bits 16-17) or another key would: while `act` runs, the PSW
   * seems to have them. What `act` throws comes through.
   */
  withAccess<T>({ space, key }: { readonly space?: number; readonly key?: number }, act: () => T): T {
    const mask = this.u64(at.pswMask);
    let other = mask;
    if (space !== undefined) other = (other & ~SPACE_MASK) | (BigInt(space) << SPACE_SHIFT);
    if (key !== undefined) other = (other & ~KEY_MASK) | (BigInt(key) << KEY_SHIFT);
    if (other === mask) return act();
    this.setU64(at.pswMask, other);
    this.#translator.applyMode(this.block, 1); // no instruction will be fetched: all users of a space share a TLB
    try {
      return act();
    } finally {
      this.setU64(at.pswMask, mask);
      this.#translator.applyMode(this.block, 0);
    }
  }

  /** Forget the translations by which stores reach pages from which code was made. */
  forgetStoresToCode(): void {
    this.#translator.forgetStoresToCode(this.block);
  }
  /** Forget the translations that lead to page frames. */
  forgetFrames(first: number, count: number): void {
    this.#translator.forgetFrames(this.block, first, count);
  }
  /** Forget the translations by page-table entries with a page index, or by segment-table entries with a segment index. */
  forgetPage(index: number): void {
    this.#translator.forgetPages(this.block, index, 1);
  }
  forgetSegment(index: number): void {
    this.#translator.forgetSegment(this.block, index);
  }
  /** Forget every translation. */
  flushTlb(): void {
    this.#translator.forgetAll(this.block);
    this.modeChanged();
  }

  // --- storage, as the current instruction sees it ---------------------------------------------------

  /** Real address that the tables of an address space give, or what is missing. */
  realAddress(address: bigint, asce: bigint): { readonly address: bigint } | MissingTranslation {
    this.setU32(at.event, Event.none);
    const code = this.#translator.walk(this.block, BigInt.asIntN(64, address), BigInt.asIntN(64, asce));
    const frame = this.u64(at.translated);
    if (code === programInterruption.segmentTranslation || code === programInterruption.pageTranslation)
      return { code, entry: frame & ~1n, outside: (frame & 1n) !== 0n };
    if (code !== 0) return { code, entry: undefined, outside: false };
    const page = frame & 1n ? BigInt(this.swapPrefix(Number(frame & ~0xfffn))) : frame;
    return { address: page | (address & 0xfffn) };
  }
  /** Prefixing: real to absolute, and back. */
  swapPrefix(address: number): number {
    const area = address - (address % 0x2000);
    if (area === 0) return address + this.prefix;
    return area === this.prefix ? address - this.prefix : address;
  }
  /** Have the Ultravisor bring in the page of an absolute address, if it is away. @throws ProgramInterruption */
  makeReady(absolute: number): void {
    const page = Math.floor(absolute / PAGE_SIZE);
    if (this.storage.getPageState(page) >= GUEST_READY && !this.storage.importPage(page)) {
      throw new ProgramInterruption(programInterruption.addressing);
    }
  }
  /** Absolute address of a logical one. @throws ProgramInterruption */
  absolute(address: bigint, access: number, ar: number): number {
    this.setU32(at.event, Event.none);
    const frame = this.#translator.translate(this.block, BigInt.asIntN(64, address), access, ar);
    if (frame < 0) throw new AlreadyNoted(this.u32(at.programCode));
    return frame * PAGE_SIZE + Number(address & 0xfffn);
  }
  /** Bytes at a logical address, in guest order. @throws ProgramInterruption */
  fetchBytes(address: bigint, length: number, ar = 0): Uint8Array {
    if (onOnePage(address, length))
      return this.storage.fetch(this.absolute(address, Access.fetch, ar), length);
    const result = new Uint8Array(length);
    this.#pieces(address, length, Access.fetch, ar, (absolute, offset, count) => {
      result.set(this.storage.fetch(absolute, count), offset);
    });
    return result;
  }
  /** All of it is access-tested before any of it is stored. @throws ProgramInterruption */
  storeBytes(address: bigint, bytes: Uint8Array, ar = 0): void {
    if (onOnePage(address, bytes.length)) {
      this.storage.storeBytes(this.absolute(address, Access.store, ar), bytes);
      return;
    }
    this.testStore(address, bytes.length, ar);
    this.#pieces(address, bytes.length, Access.store, ar, (absolute, offset, count) => {
      this.storage.storeBytes(absolute, bytes.subarray(offset, offset + count));
    });
  }
  /** Store a doubleword. @throws ProgramInterruption */
  store64(address: bigint, value: bigint, ar = 0): void {
    if (onOnePage(address, 8)) {
      this.storage.store64(this.absolute(address, Access.store, ar), value);
      return;
    }
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    this.storeBytes(address, bytes, ar);
  }
  /** @throws ProgramInterruption when any byte may not be stored into */
  testStore(address: bigint, length: number, ar = 0): void {
    this.#pieces(address, length, Access.store, ar, () => undefined);
  }
  /** @throws ProgramInterruption when any byte may not be fetched */
  testFetch(address: bigint, length: number, ar = 0): void {
    this.#pieces(address, length, Access.fetch, ar, () => undefined);
  }
  #pieces(
    address: bigint,
    length: number,
    access: number,
    ar: number,
    act: (absolute: number, offset: number, count: number) => void,
  ): void {
    const mask = this.addressMask;
    for (let offset = 0; offset < length;) {
      const here = (address + BigInt(offset)) & mask;
      const count = Math.min(length - offset, 0x1000 - Number(here & 0xfffn));
      act(this.absolute(here, access, ar), offset, count);
      offset += count;
    }
  }
  fetch64(address: bigint, ar = 0): bigint {
    if (onOnePage(address, 8)) return this.storage.fetch64(this.absolute(address, Access.fetch, ar));
    const b = this.fetchBytes(address, 8, ar);
    return new DataView(b.buffer, b.byteOffset).getBigUint64(0);
  }
  fetch32(address: bigint, ar = 0): number {
    if (onOnePage(address, 4)) return this.storage.fetch32(this.absolute(address, Access.fetch, ar));
    const b = this.fetchBytes(address, 4, ar);
    return new DataView(b.buffer, b.byteOffset).getUint32(0);
  }
  fetch8(address: bigint, ar = 0): number {
    return this.storage.fetch8(this.absolute(address, Access.fetch, ar));
  }

  /**
   * The instruction has done all it does and is followed by a program interruption; a host routine returns what this
   * returns, and has set the condition code itself.
   */
  interruptAfterCompletion(code: number): number {
    this.setU32(at.programCode, code);
    this.setU32(at.dxc, 0);
    this.setU32(at.event, Event.programAfter);
    return -1;
  }
  /** Whether the instruction of a program interruption will be executed again. */
  nullifies(code: number): boolean {
    return nullifying.has(code);
  }
  /** Forget a program interruption that was recognised and will not be taken. */
  dismissInterruption(): void {
    this.setU32(at.event, Event.none);
  }

  // --- interruptions -------------------------------------------------------------------------------

  /** Note an exception of the instruction being executed; the interpreter leaves with it. */
  noteProgram(interruption: ProgramInterruption): void {
    this.setU32(at.event, Event.program);
    if (interruption instanceof AlreadyNoted) return;
    this.setU32(at.programCode, interruption.code);
    this.setU32(at.dxc, interruption.dxc);
  }

  /** Absolute address of an assigned storage location, whose page is brought in. @throws ProgramInterruption */
  lowcore(offset: number): number {
    const absolute = this.prefix + offset;
    this.makeReady(absolute);
    return absolute;
  }
  #swapPsw(oldAt: number, newAt: number, address: bigint): boolean {
    const { storage } = this;
    storage.store64(this.lowcore(oldAt), this.pswMask);
    storage.store64(this.lowcore(oldAt + 8), address);
    return this.loadPsw(storage.fetch64(this.lowcore(newAt)), storage.fetch64(this.lowcore(newAt + 8)));
  }

  /**
   * Take the program interruption that is noted in the block. False: the new PSW is invalid, which would
   * interrupt for ever.
   */
  takeProgramInterruption(): boolean {
    const { storage } = this;
    const code = this.u32(at.programCode);
    const length = this.u32(at.instructionLength);
    const completed = this.u32(at.event) === Event.programAfter;
    const address =
      completed || nullifying.has(code)
        ? this.pswAddress
        : (this.pswAddress + BigInt(length)) & this.addressMask;
    storage.store16(this.lowcore(assigned.programLength), length);
    storage.store16(this.lowcore(assigned.programCode), code | this.#storeRecorded());
    // The vector-exception code is stored, and kept in the FPC register, where the data-exception code is.
    if (code === programInterruption.data || code === programInterruption.vectorProcessing) {
      storage.store32(this.lowcore(assigned.dataExceptionCode), this.u32(at.dxc));
      if (this.cr(0) & (1n << 18n)) this.fpc = (this.fpc & ~0xff00) | (this.u32(at.dxc) << 8);
    }
    if (withTeid(code)) storage.store64(this.lowcore(assigned.teid), this.u64(at.teid));
    if (withTeid(code) || withAccessId(code))
      storage.store8(this.lowcore(assigned.accessId), this.u32(at.accessId));
    storage.store64(this.lowcore(assigned.breakingEvent), this.u64(at.breakingEvent));
    return this.#swapPsw(assigned.programOld, assigned.programNew, address);
  }

  /** Returns what the interruption code has for it. */
  #storeRecorded(): number {
    const { recorded, storage } = this;
    if (recorded === undefined) return 0;
    this.recorded = undefined;
    storage.store8(this.lowcore(assigned.perCode), recorded.code);
    storage.store8(this.lowcore(assigned.perMode), recorded.mode);
    storage.store64(this.lowcore(assigned.perAddress), recorded.address);
    return PER_EVENT;
  }

  takeSupervisorCall(): boolean {
    const { storage } = this;
    storage.store16(this.lowcore(assigned.svcLength), this.u32(at.instructionLength));
    storage.store16(this.lowcore(assigned.svcCode), this.u32(at.svcNumber));
    return this.#swapPsw(assigned.svcOld, assigned.svcNew, this.pswAddress);
  }

  takeExternalInterruption(code: number, cpuAddress: number, parameter: number): boolean {
    const { storage } = this;
    storage.store16(this.lowcore(assigned.externalCode), code);
    storage.store16(this.lowcore(assigned.externalCpuAddress), cpuAddress);
    storage.store32(this.lowcore(assigned.externalParameter), parameter);
    return this.#swapPsw(assigned.externalOld, assigned.externalNew, this.pswAddress);
  }

  takeIoInterruption(subsystemId: number, parameter: number, identification: number): boolean {
    const { storage } = this;
    storage.store32(this.lowcore(assigned.subsystemId), subsystemId);
    storage.store32(this.lowcore(assigned.ioParameter), parameter);
    storage.store32(this.lowcore(assigned.ioIdentification), identification);
    return this.#swapPsw(assigned.ioOld, assigned.ioNew, this.pswAddress);
  }

  takeMachineCheck(code: bigint): boolean {
    this.storage.store64(this.lowcore(assigned.machineCheckCode), code);
    return this.#swapPsw(assigned.machineCheckOld, assigned.machineCheckNew, this.pswAddress);
  }

  takeRestart(): boolean {
    return this.#swapPsw(assigned.restartOld, assigned.restartNew, this.pswAddress);
  }

  setPrefix(prefix: number): void {
    this.setU32(at.prefix, prefix);
    this.flushTlb();
  }

  // --- resets --------------------------------------------------------------------------------------

  /** CPU reset: pending conditions are the machine's; registers stay. */
  reset(): void {
    this.recorded = undefined;
    this.flushTlb();
  }
  /** Initial CPU reset: PSW, prefix, CPU timer, clock comparator, FPC and control registers. */
  initialReset(): void {
    this.recorded = undefined;
    this.setU32(at.prefix, 0);
    this.fpc = 0;
    this.setU32(at.todProgrammable, 0);
    for (let n = 0; n < 16; n++) this.setCr(n, n === 0 ? 0xe0n : n === 14 ? 0xc200_0000n : 0n);
    this.setU64(at.breakingEvent, 1n);
    this.loadPsw(0n, 0n);
    this.flushTlb();
  }
  /** Clear reset: the initial reset, and general, access, floating-point and vector registers zero. */
  clearReset(): void {
    const bytes = this.storage.bytes();
    bytes.fill(0, this.block + at.gr, this.block + at.cr);
    bytes.fill(0, this.block + at.vr, this.block + at.pswMask);
    this.initialReset();
  }
}
