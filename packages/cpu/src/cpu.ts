/**
 * One CPU as the cold side sees it: registers and PSW behind names, interruptions, the modes that the
 * interpreter has to be told. Everything lives in the CPU's block of the WebAssembly memory; this class keeps
 * nothing that a guest could see.
 */
import { programInterruption } from "@lockframe/architecture";
import { GUEST_READY, type Storage } from "@lockframe/memory";
import { Access, Event, Tlb, TlbContext, cpu as at, tlbContext } from "./state.ts";

/** A program interruption, thrown by host routines to end the instruction before it has changed anything. */
export class ProgramInterruption extends Error {
  readonly code: number;
  readonly dxc: number;
  constructor(code: number, dxc = 0) {
    super(`program interruption ${code.toString(16)}`);
    this.name = "ProgramInterruption";
    this.code = code;
    this.dxc = dxc;
  }
}

/** Thrown when the translation of an address has already noted the interruption in the CPU's block. */
class AlreadyNoted extends ProgramInterruption {}

/** What the CPU needs of the engine to translate an address. */
export interface Translator {
  /** Host offset of the page's first byte, or 0 with an event in the CPU's block. */
  translate(block: number, address: bigint, access: number, ar: number): number;
  /** Walk translation tables: 0, or the interruption code; the page's address is in the block. */
  walk(block: number, address: bigint, asce: bigint): number;
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
/** Control register with the ASCE of a space, by the code of PSW bits 16-17. */
const dataRegister = [1, 1, 7, 13];
/** Bits of an extended PSW that must be zero: 0, 2-4, 12, 24 to 30, 33-63. */
const MUST_BE_ZERO = 0xb808_007e_7fff_ffffn;
/** Assigned storage locations. Source: Principles of Operation, "Assigned Storage Locations". */
export const assigned = {
  externalParameter: 0x80,
  externalCpuAddress: 0x84,
  externalCode: 0x86,
  svcLength: 0x88,
  svcCode: 0x8a,
  programLength: 0x8c,
  programCode: 0x8e,
  dataExceptionCode: 0x90,
  monitorClass: 0x94,
  perCode: 0x96,
  perMode: 0x97,
  perAddress: 0x98,
  accessId: 0xa0,
  teid: 0xa8,
  monitorCode: 0xb0,
  subsystemId: 0xb8,
  ioParameter: 0xbc,
  ioIdentification: 0xc0,
  facilityList: 0xc8,
  machineCheckCode: 0xe8,
  breakingEvent: 0x110,
  restartOld: 0x120,
  externalOld: 0x130,
  svcOld: 0x140,
  programOld: 0x150,
  machineCheckOld: 0x160,
  ioOld: 0x170,
  restartNew: 0x1a0,
  externalNew: 0x1b0,
  svcNew: 0x1c0,
  programNew: 0x1d0,
  machineCheckNew: 0x1e0,
  ioNew: 0x1f0,
} as const;

/** Exceptions that nullify: the old PSW names the instruction itself, which will be executed again. */
const nullifying: ReadonlySet<number> = new Set<number>([
  programInterruption.segmentTranslation,
  programInterruption.pageTranslation,
  programInterruption.asceType,
  programInterruption.regionFirstTranslation,
  programInterruption.regionSecondTranslation,
  programInterruption.regionThirdTranslation,
  programInterruption.secureStorageAccess,
  programInterruption.nonSecureStorageAccess,
  programInterruption.secureStorageViolation,
  programInterruption.alenTranslation,
  programInterruption.aleSequence,
  programInterruption.asteValidity,
  programInterruption.asteSequence,
  programInterruption.extendedAuthority,
]);
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

/** Codes that store a translation-exception identification. */
const withTeid = (code: number): boolean =>
  code === programInterruption.protection || code === 0x10 || code === 0x11 || (code >= 0x38 && code <= 0x3f);

/** Codes of access-register translation: they name the register. */
const withAccessId = (code: number): boolean =>
  code >= programInterruption.aletSpecification && code <= programInterruption.extendedAuthority;

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
  /** The TLB context that will be taken next when one is needed. */
  #nextContext = 0;
  #state: CpuState = "stopped";
  /** Told of every change of state: some clocks stand still while a CPU is stopped. */
  stateChanged: (() => void) | undefined;
  /** Facilities that change how modes act. */
  enhancedDat = true;
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
    this.#clearTlb(Tlb.contexts); // the one that stays empty
    this.flushTlb();
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
    return (mask & MUST_BE_ZERO) === 0n && !(extended && !basic) && (address & ~this.addressMask) === 0n;
  }

  /** Tell the interpreter what the PSW and the control registers now say. */
  modeChanged(): void {
    this.#applyMode(false);
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
    this.#applyMode(true);
    try {
      return act();
    } finally {
      this.setU64(at.pswMask, mask);
      this.#applyMode(false);
    }
  }

  /** `dataOnly`: no instruction will be fetched, so that all who use the same space share a TLB. */
  #applyMode(dataOnly: boolean): void {
    const left = this.u32(at.pswMask + 4); // PSW bits 0-31
    const extended = (left & 1) !== 0;
    const basic = this.u32(at.pswMask) >>> 31 !== 0;
    this.setU32(at.addressMask, extended ? 0xffff_ffff : basic ? 0x7fff_ffff : 0xff_ffff);
    this.setU32(at.addressMask + 4, extended ? 0xffff_ffff : 0);
    const dat = (left >>> 26) & 1;
    const space = dat ? (left >>> 14) & 3 : 0; // 0 primary, 1 access register, 2 secondary, 3 home
    const cr0 = this.u32(at.cr); // bits 32-63
    this.#setAsce(at.asceData, dat ? dataRegister[space] : undefined);
    this.#setAsce(at.asceFetch, dat ? (dataOnly ? dataRegister[space] : space === 3 ? 13 : 1) : undefined);
    this.setU32(at.dat, dat);
    const accessRegisterMode = space === 1;
    this.setU32(at.accessRegisterMode, accessRegisterMode ? 1 : 0);
    const key = (left >>> 16) & 0xf0;
    this.setU32(at.accessKey, key);
    const privateSpace = dat !== 0 && (this.u32(at.asceData) & 0x100) !== 0;
    const lowAddress = (cr0 & (1 << 28)) !== 0 && !privateSpace;
    this.setU32(at.lowAddressProtection, lowAddress ? 1 : 0);
    const fetchOverride = (cr0 & (1 << 25)) !== 0 && !privateSpace;
    this.setU32(at.fetchOverride, fetchOverride ? 1 : 0);
    this.setU32(at.storageOverride, cr0 & (1 << 24) ? 1 : 0);
    const enhanced = this.enhancedDat && (cr0 & (1 << 23)) !== 0;
    this.setU32(at.enhancedDat, enhanced ? 1 : 0);
    const context = this.#context(
      key |
        TlbContext.inUse |
        (dat ? TlbContext.dat : 0) |
        (lowAddress ? TlbContext.lowAddressProtection : 0) |
        (fetchOverride ? TlbContext.fetchOverride : 0) |
        (enhanced ? TlbContext.enhancedDat : 0),
    );
    const data = tlbContext(this.block, accessRegisterMode ? Tlb.contexts : context);
    this.setU32(at.tlbRead, data + Tlb.readOffset);
    this.setU32(at.tlbWrite, data + Tlb.writeOffset);
    this.setU32(at.tlbFetch, tlbContext(this.block, context) + Tlb.fetchOffset);
  }
  #setAsce(field: number, controlRegister: number | undefined): void {
    const from = at.cr + 8 * (controlRegister ?? 0);
    this.setU32(field, controlRegister === undefined ? 0 : this.u32(from));
    this.setU32(field + 4, controlRegister === undefined ? 0 : this.u32(from + 4));
  }

  /** The TLB context for the ASCEs in the block and these flags; one for each combination. */
  #context(flags: number): number {
    for (let n = 0; n < Tlb.contexts; n++) {
      const held = at.tlbContexts + n * TlbContext.size;
      if (this.u32(held + TlbContext.flags) === flags && this.#holdsAsces(held)) return n;
    }
    const chosen = this.#nextContext;
    this.#nextContext = (chosen + 1) % Tlb.contexts;
    const held = at.tlbContexts + chosen * TlbContext.size;
    this.setU64(held + TlbContext.asceData, this.u64(at.asceData));
    this.setU64(held + TlbContext.asceFetch, this.u64(at.asceFetch));
    this.setU32(held + TlbContext.flags, flags);
    this.setU32(at.tlbGeneration, this.u32(at.tlbGeneration) + 1);
    this.#clearTlb(chosen);
    return chosen;
  }
  #holdsAsces(held: number): boolean {
    for (let word = 0; word < 16; word += 4)
      if (this.u32(held + word) !== this.u32(at.asceData + word)) return false;
    return true;
  }
  #clearTlb(context: number): void {
    const start = tlbContext(this.block, context);
    // Every byte 1: no page-aligned address looks like that.
    this.storage.bytes().fill(1, start, start + Tlb.contextSize);
  }
  /** Forget the translations by which stores reach some pages. */
  forgetStores(pages: ReadonlySet<number>): void {
    const { top } = this.storage;
    for (let context = 0; context < Tlb.contexts; context++) {
      const start = tlbContext(this.block, context) + Tlb.writeOffset;
      for (let n = 0; n < Tlb.dataEntries; n++) {
        const entry = start + (n << Tlb.entryShift);
        const tag = this.#view.getUint32(entry, true);
        // The host offset of the page's first byte is the addend, plus 7, less the page's address.
        const host = (this.#view.getUint32(entry + 8, true) + 7 - tag) >>> 0;
        if ((tag & 0xfff) === 0 && pages.has((top - host) >>> 12)) this.#view.setUint32(entry, 1, true);
      }
    }
  }
  /** Forget every translation. */
  flushTlb(): void {
    for (let n = 0; n < Tlb.contexts; n++)
      this.setU32(at.tlbContexts + n * TlbContext.size + TlbContext.flags, 0);
    this.setU32(at.tlbGeneration, this.u32(at.tlbGeneration) + 1);
    this.modeChanged();
  }

  // --- storage, as the current instruction sees it ---------------------------------------------------

  /** Host offset of the page's first byte. @throws ProgramInterruption the access is not allowed */
  #page(address: bigint, access: number, ar: number): number {
    this.setU32(at.event, Event.none);
    const host = this.#translator.translate(this.block, BigInt.asIntN(64, address), access, ar) >>> 0;
    if (host === 0) throw new AlreadyNoted(this.u32(at.programCode));
    return host;
  }
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
    const page = absolute >>> 12;
    if (this.storage.getPageState(page) >= GUEST_READY && !this.storage.importPage(page)) {
      throw new ProgramInterruption(programInterruption.addressing);
    }
  }
  /** Absolute address of a logical one. @throws ProgramInterruption */
  absolute(address: bigint, access: number, ar: number): number {
    return this.storage.top - this.#page(address, access, ar) + Number(address & 0xfffn);
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
