/**
 * The engine's own routines in WebAssembly: dynamic address translation, TLB fill, storage access off the
 * fast path, instruction fetch. Sources: Principles of Operation, "Dynamic Address Translation",
 * "Protection", "Storage Key".
 *
 * Every routine takes the host offset of the CPU's block first.
 */
import { I32, I64, type ValueType } from "@lockframe/instructions";
import type { Storage, StorageForm, StorageLayout } from "@lockframe/memory";
import { GUEST_READY } from "@lockframe/memory";
import { Emitter, load } from "./lower/emitter.ts";
import { StorageOffset, offsetType } from "./lower/storage-offset.ts";
import { addendOf, entryOffset, storeAddend } from "./lower/tlb-entry.ts";
import { defineLoadPsw } from "./program-status.ts";
import { Access, Event, Tlb, cpu as at } from "./state.ts";
import { type TlbFunctions, buildTlb } from "./tlb.ts";
import type { ModuleBuilder } from "./wasm/module.ts";

export interface Runtime {
  /** How wide the offsets into storage are that these functions take and give. */
  readonly form: StorageForm;
  /** (cpu, code, dxc): note a program interruption that keeps the instruction from completing. */
  readonly raise: number;
  /** (cpu, address, access, ar) -> host offset of the page's first byte, or 0 with an event. Fills a TLB. */
  readonly translate: number;
  /** (cpu, address, access, ar) -> host offset of the byte, or 0 with an event. */
  readonly locate: number;
  /** (cpu, address, size, ar) -> the operand; look at the event. */
  readonly fetchSlow: number;
  /** The same; the TLB is asked first. */
  readonly fetchOutside: number;
  /** (cpu, address, value, size, ar) -> 0, or -1 with an event. */
  readonly storeSlow: number;
  /** The same, the TLB is asked first; 1, with nothing done, when code was made from the operand's page. */
  readonly storeOutside: number;
  /** (cpu, address, size, ar) -> 0 when all of it may be stored into, or -1 with an event. */
  readonly probeStore: number;
  /** (cpu, absolute address, 1 to store) -> host offset of a doubleword of a translation table, or 0 with an event. */
  readonly tablePlace: number;
  /** (cpu, bits 0-63 of a PSW, address, address of the instruction) -> -1, with an event. */
  readonly loadPsw: number;
  /** (cpu, address, ASCE) -> 0 or the program-interruption code; see `defineWalk`. */
  readonly walk: number;
  readonly tlb: TlbFunctions;
  /** (cpu, address) -> place of the instruction, whose word is in the state's `fetchWord`; or 0 with an event. */
  readonly instructionFetch: number;
}

/** What the runtime asks of the host; imported functions, by number. */
export interface RuntimeImports {
  /** (page number) -> 1 when the page is now usable by its guest. */
  readonly importPage: number;
  /** (page number): a store will change a page from which code was made. */
  readonly codeStored: number;
  /** (cpu, ar) -> the space's ASCE in the state's `translated`, and 1, or 2 if it is for fetching only; or 0 with an event. */
  readonly accessRegisterTranslation: number;
}

/** Host offset of a byte, or 0 with an event: see `Runtime.locate`. */
export const emitLocate = (
  e: Emitter,
  { form, locate }: Runtime,
  cpu: I32,
  address: I64,
  access: number | I32,
  ar: I32,
): StorageOffset =>
  e.callOffset(form, locate, cpu, address, typeof access === "number" ? I(access) : access, ar);

const I = I32.of;
const PAGE_MASK = ~0xfffn;
const PAGE_SHIFT = 12;

export function buildRuntime(module: ModuleBuilder, storage: Storage, imports: RuntimeImports): Runtime {
  const raise = defineRaise(module);
  const tlb = buildTlb(module, storage);
  const tablePlace = defineTablePlace(module, storage, imports, raise);
  const tableEntry = defineTableEntry(module, storage.form, tablePlace);
  const walk = defineWalk(module, tableEntry, raise);
  const translate = defineTranslate(module, storage, imports, raise, walk);
  const { form } = storage;
  const locate = defineLocate(module, form, translate);
  definePage(module, storage, translate, locate);
  const fetchSlow = defineFetchSlow(module, form, translate);
  const storeSlow = defineStoreSlow(module, form, translate);
  const probeStore = defineProbeStore(module, form, translate);
  return {
    form,
    raise,
    translate,
    locate,
    fetchSlow,
    fetchOutside: defineFetchOutside(module, form, fetchSlow),
    storeSlow,
    storeOutside: defineStoreOutside(module, form, translate, storeSlow, probeStore),
    probeStore,
    instructionFetch: defineInstructionFetch(module, form, translate, raise),
    tablePlace,
    loadPsw: defineLoadPsw(module),
    walk,
    tlb,
  };
}

/** Begin a function of an operand: (cpu, address, its size or the kind of access, ar). */
function ofOperand(module: ModuleBuilder, name: string, result: ValueType, exported = false) {
  const index = module.declare(name, ["i32", "i64", "i32", "i32"], [result], exported);
  const e = new Emitter(4);
  const [state, address] = [e.parameter32(0), e.parameter64(1)];
  return { index, e, state, address, extra: e.parameter32(2), ar: e.parameter32(3) };
}

/** Begin a function that stores: (cpu, address, value, size, ar) -> i32. */
function ofStore(module: ModuleBuilder, name: string) {
  const index = module.declare(name, ["i32", "i64", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(5);
  const [state, address, value] = [e.parameter32(0), e.parameter64(1), e.parameter64(2)];
  return { index, e, state, address, value, size: e.parameter32(3), ar: e.parameter32(4) };
}

function defineRaise(module: ModuleBuilder): number {
  const index = module.declare("raise", ["i32", "i32", "i32"], []);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  e.store("i32", state, at.programCode, e.parameter32(1));
  e.store("i32", state, at.dxc, e.parameter32(2));
  e.store("i32", state, at.event, I(Event.program));
  module.define(index, e.body);
  return index;
}

/** An access exception: TEID as translation exceptions and protection store it. */
function accessException(
  e: Emitter,
  raise: number,
  state: I32,
  address: I64,
  access: I32,
  ar: I32,
  code: I32,
  teidBits: I64,
): void {
  const space = pswSpace(state, access);
  // Bits 52-53: 01 store, 10 fetch (access-exception fetch/store indication).
  const direction = access.eq(Access.store).select(I64.of(0x400), I64.of(0x800));
  e.store("i64", state, at.teid, address.and(PAGE_MASK).or(direction).or(space).or(teidBits));
  e.store("i32", state, at.accessId, ar);
  e.callVoid(raise, state, code, I(0));
}

/** Address-space indication of the TEID (bits 62-63): 0 primary, 1 access register, 2 secondary, 3 home. */
function pswSpace(state: I32, access: I32): I64 {
  const space = load.i64(state, at.pswMask).shrU(46).and(3); // PSW bits 16-17 have the same code
  const instruction = space.eq(3).select(I64.of(3), I64.of(0));
  return access.eq(Access.instruction).select(instruction, space);
}

/** See `Runtime.tablePlace`. */
function defineTablePlace(
  module: ModuleBuilder,
  storage: Storage,
  imports: RuntimeImports,
  raise: number,
): number {
  const index = module.declare("tablePlace", ["i32", "i64", "i32"], [offsetType(storage.form)]);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  const absolute = e.parameter64(1);
  const fail = () => {
    e.callVoid(raise, state, I(0x05), I(0));
    e.return(StorageOffset.of(storage.form, 0));
  };
  e.if(absolute.gtU(storage.size - 8), fail);
  const page = e.local32(absolute.shrU(12).low32());
  e.if(load.u8(page.value, storage.pageStatesBase).geU(GUEST_READY), () => {
    e.if(e.call32(imports.importPage, page.value).isZero(), fail);
  });
  e.if(e.parameter32(2).and(load.u8(page.value, storage.codeMarksBase)), () => {
    e.callVoid(imports.codeStored, page.value);
    e.store("i32", state, at.codeChanged, I(1));
  });
  e.emit(StorageOffset.of(storage.form, storage.top - 7).sub(absolute).node);
  module.define(index, e.body);
  return index;
}

/** (cpu, absolute) -> entry of a translation table; 0 in the event field means that it could be fetched. */
function defineTableEntry(module: ModuleBuilder, form: StorageForm, tablePlace: number): number {
  const index = module.declare("tableEntry", ["i32", "i64"], ["i64"]);
  const e = new Emitter(2);
  const place = e.localOffset(e.callOffset(form, tablePlace, e.parameter32(0), e.parameter64(1), I(0)));
  e.if(place.value.isZero(), () => e.return(I64.of(0)));
  e.emit(load.i64(place.value).node);
  module.define(index, e.body);
  return index;
}

/**
 * (cpu, address, ASCE) -> 0, or the program-interruption code. Leaves the absolute or real address of the page
 * in `translated` (bit 63 one: absolute already) and DAT protection in `translatedProtected`; or the address of the
 * entry that is invalid (bit 63 one: that the table is too short for).
 */
function defineWalk(module: ModuleBuilder, tableEntry: number, raise: number): number {
  void raise;
  const index = module.declare("walk", ["i32", "i64", "i64"], ["i32"], true);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  const address = e.parameter64(1);
  const asce = e.parameter64(2);
  const enhanced = load.i32(state, at.enhancedDat);

  e.store("i32", state, at.translatedProtected, I(0));
  e.if(asce.and(0x20).ne(0), () => {
    e.store("i64", state, at.translated, address.and(PAGE_MASK));
    e.return(I(0));
  });
  const level = e.local32(asce.shrU(2).low32().and(3));
  const shift = e.local64(level.value.unsigned64().mul(11).add(20)); // 53, 42, 31, 20
  const table = e.local64(asce.and(PAGE_MASK));
  const last = e.local32(asce.low32().and(3)); // table length, in units of 512 entries
  const first = e.local32(0); // table offset
  const entry = e.local64();
  const protect = e.local32(0);
  // Address bits to the left of what the table at hand resolves must be zero.
  e.if(level.value.ne(3).and(address.shrU(shift.value.add(11)).ne(0)), () => e.return(I(0x38)));

  e.loop((again) => {
    const indexBits = e.local64(address.shrU(shift.value).and(0x7ff));
    const part = e.local32(indexBits.value.shrU(9).low32());
    // 39, 3A, 3B region first, second, third; 10 segment.
    const code = e.local32(level.value.isZero().select(I(0x10), I(0x3c).sub(level.value)));
    const place = table.value.add(indexBits.value.shl(3));
    e.if(part.value.gtU(last.value).or(part.value.ltU(first.value)), () => {
      e.store("i64", state, at.translated, place.or(1));
      e.return(code.value);
    });
    e.set(entry, e.call64(tableEntry, state, place));
    e.if(load.i32(state, at.event), () => e.return(I(0x05)));
    e.if(entry.value.and(0x20).ne(0), () => {
      e.store("i64", state, at.translated, place);
      e.return(code.value);
    });
    e.if(entry.value.shrU(2).low32().and(3).ne(level.value), () => e.return(I(0x12)));
    e.if(level.value, () => {
      e.if(enhanced, () => {
        e.set(protect, protect.value.or(entry.value.low32().and(0x200)));
        e.if(level.value.eq(1).and(entry.value.low32().shrU(10)).and(1), () => {
          // Format control of a region-third entry: a 2 GiB frame at an absolute address.
          const frame = entry.value.and(~0x7fff_ffffn).or(address.and(0x7fff_f000));
          e.store("i64", state, at.translated, frame.or(1));
          e.store("i32", state, at.translatedProtected, protect.value);
          e.return(I(0));
        });
      });
      e.set(table, entry.value.and(PAGE_MASK));
      e.set(last, entry.value.low32().and(3));
      e.set(first, entry.value.shrU(6).low32().and(3));
      e.set(level, level.value.sub(1));
      e.set(shift, shift.value.sub(11));
      again();
    });
  });

  e.set(protect, protect.value.or(entry.value.low32().and(0x200)));
  e.if(enhanced.and(entry.value.shrU(10).low32()).and(1), () => {
    // Format control: a 1 MiB frame at an absolute address.
    e.store("i64", state, at.translated, entry.value.and(~0xfffffn).or(address.and(0xff000)).or(1));
    e.store("i32", state, at.translatedProtected, protect.value);
    e.return(I(0));
  });
  const pageEntry = e.local64(entry.value.and(~0x7ffn).add(address.shrU(9).and(0x7f8)));
  e.set(entry, e.call64(tableEntry, state, pageEntry.value));
  e.if(load.i32(state, at.event), () => e.return(I(0x05)));
  e.if(entry.value.and(0x400).ne(0), () => {
    e.store("i64", state, at.translated, pageEntry.value);
    e.return(I(0x11));
  });
  e.if(entry.value.and(0x800).ne(0), () => e.return(I(0x12)));
  e.store("i64", state, at.translated, entry.value.and(PAGE_MASK));
  e.store("i32", state, at.translatedProtected, protect.value.or(entry.value.low32().and(0x200)));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** A translation that the TLB does not have, as it is emitted. */
interface Miss {
  readonly e: Emitter;
  readonly storage: Storage;
  readonly imports: RuntimeImports;
  readonly state: I32;
  readonly address: I64;
  readonly access: I32;
  readonly ar: I32;
  readonly isStore: I32;
  /** In access-register mode, an operand. */
  readonly byAccessRegister: I32;
  /** An access exception ends the function. */
  fail(code: I32 | number, teidBits?: I64): void;
}

function defineTranslate(
  module: ModuleBuilder,
  storage: Storage,
  imports: RuntimeImports,
  raise: number,
  walk: number,
): number {
  const { form } = storage;
  const begun = ofOperand(module, "translateMiss", offsetType(form));
  const { index, e, state, address, extra: access, ar } = begun;
  const miss: Miss = {
    e,
    storage,
    imports,
    state,
    address,
    access,
    ar,
    isStore: access.eq(Access.store),
    byAccessRegister: load.i32(state, at.accessRegisterMode).and(access.ne(Access.instruction)),
    fail(code, teidBits = I64.of(0)) {
      const number = typeof code === "number" ? I(code) : code;
      accessException(e, raise, state, address, access, ar, number, teidBits);
      e.return(StorageOffset.of(form, 0));
    },
  };
  const lowStore = emitLowStore(miss);
  e.store("i64", state, at.tlbMisses, load.i64(state, at.tlbMisses).add(1));
  emitVirtualToReal(miss, walk);
  const absolute = emitRealToAbsolute(miss);
  const page = e.local32(absolute.shrU(12).low32());
  e.if(load.u8(page.value, storage.pageStatesBase).geU(GUEST_READY), () => {
    e.if(e.call32(imports.importPage, page.value).isZero(), () => miss.fail(0x05));
  });
  const cacheable = emitKeyControlled(miss, page.value);
  e.rarely(miss.isStore.and(load.u8(page.value, storage.codeMarksBase)), () => {
    e.callVoid(imports.codeStored, page.value);
    e.store("i32", state, at.codeChanged, I(1));
  });
  const host = e.localOffset(StorageOffset.of(form, storage.top).sub(absolute));
  e.if(cacheable, () => emitTlbFill(miss, host.value, lowStore));
  e.emit(host.value.node);
  module.define(index, e.body);
  return index;
}

/** The TLB's entry for stores into one of the low two pages. */
function lowEntry({ state, address }: Miss): I32 {
  const table = load.i32(state, at.tlbWrite).add(Tlb.lowOffset - Tlb.writeOffset);
  return table.add(address.low32().shrU(12).shl(Tlb.entryShift));
}

/** Low-address protection. Returns whether the access is a store into one of the low two pages under it. */
function emitLowStore(miss: Miss): I32 {
  const { e, storage, state, address, isStore } = miss;
  const lowAddress = load.i32(state, at.lowAddressProtection).and(address.ltU(0x2000));
  const lowStore = e.local32(isStore.and(lowAddress));
  e.if(lowStore.value, () => {
    e.if(address.and(0xfff).ltU(512), () => miss.fail(0x04));
    const entry = e.local32(lowEntry(miss));
    const page = address.and(PAGE_MASK);
    e.if(load.i64(entry.value).eq(page), () =>
      e.return(addendOf(storage.form, entry.value).sub(page).add(7)),
    );
  });
  return lowStore.value;
}

/** The real address, or an absolute one with bit 63 set, goes to `translated`. */
function emitVirtualToReal(miss: Miss, walk: number): void {
  const { e, storage, imports, state, address, access, ar, isStore } = miss;
  e.if(
    load.i32(state, at.dat),
    () => {
      const asce = e.local64(
        access.eq(Access.instruction).select(load.i64(state, at.asceFetch), load.i64(state, at.asceData)),
      );
      e.if(miss.byAccessRegister, () => {
        const access = e.local32(e.call32(imports.accessRegisterTranslation, state, ar));
        e.if(access.value.isZero(), () => e.return(StorageOffset.of(storage.form, 0)));
        // Bits 60 and 61 of the TEID: protection by the access list.
        e.if(isStore.and(access.value.eq(2)), () => miss.fail(0x04, I64.of(12)));
        e.set(asce, load.i64(state, at.translated));
      });
      const code = e.local32(e.call32(walk, state, address, asce.value));
      e.if(code.value, () => miss.fail(code.value));
      // Bit 61 of the TEID: protection by DAT, address valid.
      e.if(isStore.and(load.i32(state, at.translatedProtected).ne(0)), () => miss.fail(0x04, I64.of(4)));
    },
    () => {
      e.store("i64", state, at.translated, address.and(PAGE_MASK));
      e.store("i32", state, at.translatedProtected, I(0));
    },
  );
}

/** Prefixing, unless DAT gave an absolute frame. */
function emitRealToAbsolute({ e, storage, state, fail }: Miss): I64 {
  const real = e.local64(load.i64(state, at.translated));
  const prefix = load.i32(state, at.prefix).unsigned64();
  e.if(
    real.value.and(1).isZero(),
    () => {
      const within = e.local64(real.value.and(~0x1fffn));
      e.if(
        within.value.isZero(),
        () => e.set(real, real.value.add(prefix)),
        () => {
          e.if(within.value.eq(prefix), () => e.set(real, real.value.sub(prefix)));
        },
      );
    },
    () => e.set(real, real.value.and(PAGE_MASK)),
  );
  e.if(real.value.geU(storage.size), () => fail(0x05));
  e.store("i64", state, at.translated, real.value);
  return real.value;
}

/** Key-controlled protection, reference and change recording. Returns whether the TLB may have the translation. */
function emitKeyControlled(miss: Miss, page: I32): I32 {
  const { e, storage, state, address, isStore } = miss;
  const key = e.local32(load.u8(page, storage.keysBase));
  const accessKey = load.i32(state, at.accessKey);
  const cacheable = e.local32(miss.byAccessRegister.isZero());
  e.if(accessKey.ne(0).and(accessKey.ne(key.value.and(0xf0))), () => {
    e.if(
      isStore,
      () =>
        e.if(load.i32(state, at.storageOverride).and(key.value.and(0xf0).eq(0x90)).isZero(), () =>
          miss.fail(0x04),
        ),
      () => {
        const overridden = load.i32(state, at.fetchOverride).and(address.ltU(2048));
        e.if(key.value.and(0x08).ne(0).and(overridden.isZero()), () => miss.fail(0x04));
        e.set(cacheable, cacheable.value.and(address.geU(0x1000)));
      },
    );
  });
  const marks = e.local32(isStore.select(I(6), I(4)));
  e.if(key.value.and(marks.value).ne(marks.value), () =>
    e.store("i32_8", page, storage.keysBase, key.value.or(marks.value)),
  );
  return cacheable.value;
}

function emitTlbFill(miss: Miss, host: StorageOffset, lowStore: I32): void {
  const { e, state, address, access, isStore } = miss;
  const data = entryOffset(address, Tlb.dataEntries);
  const instruction = entryOffset(address, Tlb.fetchEntries);
  const table = access
    .eq(Access.instruction)
    .select(
      load.i32(state, at.tlbFetch).add(instruction),
      isStore.select(load.i32(state, at.tlbWrite), load.i32(state, at.tlbRead)).add(data),
    );
  const entry = e.local32(lowStore.select(lowEntry(miss), table));
  e.store("i64", entry.value, 0, address.and(PAGE_MASK));
  // Biased so that an operand of n bytes is at addend - address + (8 - n).
  storeAddend(e, entry.value, host.add(address.and(PAGE_MASK)).sub(7));
}

function defineLocate(module: ModuleBuilder, form: StorageForm, translate: number): number {
  const { index, e, state, address, extra: access, ar } = ofOperand(module, "locate", offsetType(form));
  const low = address.low32();
  const table = access.select(load.i32(state, at.tlbWrite), load.i32(state, at.tlbRead));
  const entry = e.local32(table.add(entryOffset(address, Tlb.dataEntries)));
  e.if(load.i64(entry.value).eq(address.and(PAGE_MASK)), () =>
    e.return(addendOf(form, entry.value).sub(address).add(7)),
  );
  const host = e.localOffset(e.callOffset(form, translate, state, address, access, ar));
  e.if(host.value.isZero(), () => e.return(StorageOffset.of(form, 0)));
  e.emit(host.value.sub(low.and(0xfff)).node);
  module.define(index, e.body);
  return index;
}

/** For the host's side: (cpu, address, access, ar) -> number of the page frame, or -1 with an event. */
function definePage(
  module: ModuleBuilder,
  { form, top }: StorageLayout,
  translate: number,
  locate: number,
): void {
  const { index, e, state, address, extra: access, ar } = ofOperand(module, "translate", "i32", true);
  const host = e.localOffset(form);
  e.if(
    access.eq(Access.instruction),
    () => e.set(host, e.callOffset(form, translate, state, address, access, ar)),
    () => e.set(host, e.callOffset(form, locate, state, address, access, ar)),
  );
  const frame = StorageOffset.of(form, top).sub(host.value).shrU(PAGE_SHIFT);
  e.emit(host.value.isZero().select(I(-1), frame).node);
  module.define(index, e.body);
}

const nextPage = (state: I32, address: I64): I64 =>
  address.and(PAGE_MASK).add(0x1000).and(load.i64(state, at.addressMask));

function defineFetchSlow(module: ModuleBuilder, form: StorageForm, translate: number): number {
  const { index, e, state, address, extra: size, ar } = ofOperand(module, "fetchSlow", "i64");
  const offset = e.local32(address.low32().and(0xfff));
  const host = e.localOffset(e.callOffset(form, translate, state, address, I(Access.fetch), ar));
  e.if(host.value.isZero(), () => e.return(I64.of(0)));
  e.set(host, host.value.sub(offset.value)); // host offset of the operand's first byte
  const here = e.local32(I(0x1000).sub(offset.value)); // bytes on this page
  const other = e.localOffset(StorageOffset.of(form, 0));
  // The operand's bytes are the leftmost of eight, which lie within the memory even before storage.
  e.if(here.value.geU(size), () => {
    const eight = load.i64(host.value.sub(7));
    e.return(eight.shrU(I64.of(64).sub(size.shl(3).unsigned64())));
  });
  e.if(here.value.ltU(size), () => {
    e.set(other, e.callOffset(form, translate, state, nextPage(state, address), I(Access.fetch), ar));
    e.if(other.value.isZero(), () => e.return(I64.of(0)));
  });
  const value = e.local64(I64.of(0));
  const n = e.local32(0);
  e.loop((again) => {
    const place = StorageOffset.choose(
      n.value.ltU(here.value),
      host.value.sub(n.value),
      other.value.sub(n.value.sub(here.value)),
    );
    e.set(value, value.value.shl(8).or(load.u8(place).unsigned64()));
    e.set(n, n.value.add(1));
    e.if(n.value.ltU(size), again);
  });
  e.emit(value.value.node);
  module.define(index, e.body);
  return index;
}

function defineStoreSlow(module: ModuleBuilder, form: StorageForm, translate: number): number {
  const { index, e, state, address, value, size, ar } = ofStore(module, "storeSlow");
  const offset = e.local32(address.low32().and(0xfff));
  const host = e.localOffset(e.callOffset(form, translate, state, address, I(Access.store), ar));
  e.if(host.value.isZero(), () => e.return(I(-1)));
  e.set(host, host.value.sub(offset.value));
  const here = e.local32(I(0x1000).sub(offset.value));
  const other = e.localOffset(StorageOffset.of(form, 0));
  e.if(here.value.geU(size), () => {
    for (const [bytes, what] of [
      [8, "i64"],
      [4, "i64_32"],
    ] as const) {
      e.if(size.eq(bytes), () => {
        e.store(what, host.value.sub(bytes - 1), 0, value);
        e.return(I(0));
      });
    }
  });
  e.if(here.value.ltU(size), () => {
    e.set(other, e.callOffset(form, translate, state, nextPage(state, address), I(Access.store), ar));
    e.if(other.value.isZero(), () => e.return(I(-1)));
  });
  const n = e.local32(0);
  e.loop((again) => {
    const place = StorageOffset.choose(
      n.value.ltU(here.value),
      host.value.sub(n.value),
      other.value.sub(n.value.sub(here.value)),
    );
    const shift = size.sub(1).sub(n.value).shl(3).unsigned64();
    e.store("i64_8", place, 0, value.shrU(shift));
    e.set(n, n.value.add(1));
    e.if(n.value.ltU(size), again);
  });
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** Where the operand ends in storage, when it is in the TLB: there, `found` is emitted. */
function ifInTlb(
  e: Emitter,
  form: StorageForm,
  table: I32,
  { address, size }: { readonly address: I64; readonly size: I32 },
  found: (last: StorageOffset) => void,
): void {
  const entry = e.local32(table.add(entryOffset(address, Tlb.dataEntries)));
  const end = address.add(size.unsigned64()).sub(1);
  e.if(load.i64(entry.value).eq(end.and(PAGE_MASK)), () =>
    found(addendOf(form, entry.value).sub(address).add(8).sub(size)),
  );
}

function defineFetchOutside(module: ModuleBuilder, form: StorageForm, fetchSlow: number): number {
  const { index, e, state, address, extra: size, ar } = ofOperand(module, "fetchOutside", "i64");
  ifInTlb(e, form, load.i32(state, at.tlbRead), { address, size }, (last) => {
    // The operand's bytes are the leftmost of eight.
    const eight = load.i64(last.add(size).sub(8));
    e.return(eight.shrU(I64.of(64).sub(size.shl(3).unsigned64())));
  });
  e.emit(e.call64(fetchSlow, state, address, size, ar).node);
  module.define(index, e.body);
  return index;
}

function defineStoreOutside(
  module: ModuleBuilder,
  form: StorageForm,
  translate: number,
  storeSlow: number,
  probeStore: number,
): number {
  const { index, e, state, address, value, size, ar } = ofStore(module, "storeOutside");
  const unlessCode = () =>
    e.if(load.i32(state, at.codeChanged), () => {
      e.store("i32", state, at.codeChanged, I(0));
      e.return(I(1));
    });
  const store = (last: StorageOffset) => {
    for (const [bytes, what] of [
      [8, "i64"],
      [4, "i64_32"],
      [2, "i64_16"],
      [1, "i64_8"],
    ] as const)
      e.if(size.eq(bytes), () => e.store(what, last, 0, value));
    e.return(I(0));
  };
  ifInTlb(e, form, load.i32(state, at.tlbWrite), { address, size }, store);
  const offset = e.local32(address.low32().and(0xfff));
  e.store("i32", state, at.codeChanged, I(0));
  e.if(offset.value.add(size).gtU(0x1000), () => {
    e.if(e.call32(probeStore, state, address, size, ar).ltS(0), () => e.return(I(-1)));
    unlessCode();
    e.return(e.call32(storeSlow, state, address, value, size, ar));
  });
  const host = e.localOffset(e.callOffset(form, translate, state, address, I(Access.store), ar));
  e.if(host.value.isZero(), () => e.return(I(-1)));
  unlessCode();
  store(host.value.sub(offset.value).sub(size).add(1));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

function defineProbeStore(module: ModuleBuilder, form: StorageForm, translate: number): number {
  const { index, e, state, address, extra: size, ar } = ofOperand(module, "probeStore", "i32");
  const test = (where: I64) => {
    const host = e.callOffset(form, translate, state, where, I(Access.store), ar);
    e.if(host.isZero(), () => e.return(I(-1)));
  };
  test(address);
  e.if(address.low32().and(0xfff).add(size).gtU(0x1000), () => test(nextPage(state, address)));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

function defineInstructionFetch(
  module: ModuleBuilder,
  form: StorageForm,
  translate: number,
  raise: number,
): number {
  const none = StorageOffset.of(form, 0);
  const index = module.declare("instructionFetch", ["i32", "i64"], [offsetType(form)]);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const address = e.parameter64(1);
  const fetched = (where: I64): StorageOffset => {
    const entry = e.local32(load.i32(state, at.tlbFetch).add(entryOffset(where, Tlb.fetchEntries)));
    const host = e.localOffset(form);
    e.if(
      load.i64(entry.value).eq(where.and(PAGE_MASK)),
      () => e.set(host, addendOf(form, entry.value).sub(where.and(PAGE_MASK)).add(7)),
      () => e.set(host, e.callOffset(form, translate, state, where, I(Access.instruction), I(0))),
    );
    return host.value;
  };
  e.if(address.and(1).ne(0), () => {
    e.callVoid(raise, state, I(0x06), I(0));
    e.return(none);
  });
  const host = fetched(address);
  e.if(host.isZero(), () => e.return(none));
  const offset = e.local32(address.low32().and(0xfff));
  const place = e.localOffset(host.sub(offset.value).sub(7));
  const word = e.local64(load.i64(place.value));
  e.if(offset.value.gtU(4090), () => {
    const length = instructionLength(load.u8(host.sub(offset.value)));
    e.if(offset.value.add(length).gtU(0x1000), () => {
      // The rest stands on the next page: put it behind the halfwords of this one.
      const other = fetched(nextPage(state, address));
      e.if(other.isZero(), () => e.return(none));
      const here = e.local64(I(0x1000).sub(offset.value).shl(3).unsigned64()); // bits on this page
      const mask = I64.of(-1).shl(I64.of(64).sub(here.value));
      e.set(word, word.value.and(mask).or(load.i64(other.sub(7)).shrU(here.value)));
    });
  });
  e.store("i64", state, at.fetchWord, word.value);
  e.emit(place.value.node);
  module.define(index, e.body);
  return index;
}

/** 2, 4 or 6, from the leftmost two bits of the operation code. */
export const instructionLength = (firstByte: I32): I32 => firstByte.shrU(6).add(1).shrU(1).add(1).shl(1);
