/**
 * Translation-lookaside buffers in WebAssembly: the context that belongs to the CPU's mode, and what makes translations
 * be forgotten. Every function takes the host offset of a CPU's block first. Sources: Principles of Operation,
 * "Translation-Lookaside Buffer", "Use of the TLB", "Storage Key".
 *
 * An entry stands for a translation, for the access that it lets through, and for the marks that this access has left in
 * the storage key: where a key has no reference bit there is no entry for its page, and without change bit none
 * for stores.
 */
import { I32, I64 } from "@lockframe/instructions";
import type { StorageLayout } from "@lockframe/memory";
import { Emitter, type Local, load } from "./lower/emitter.ts";
import { StorageOffset } from "./lower/storage-offset.ts";
import { addendOf } from "./lower/tlb-entry.ts";
import { CPU_BLOCKS, CPU_BLOCK_SIZE, Global, Tlb, TlbContext, cpu as at } from "./state.ts";
import type { ModuleBuilder } from "./wasm/module.ts";

export interface TlbFunctions {
  /** (cpu, data only): what PSW and control registers say comes into force. */
  readonly applyMode: number;
  /** (cpu): forget every translation. */
  readonly forgetAll: number;
  /** (cpu, ASCE): forget translations by an address-space-control element. */
  readonly forgetSpace: number;
  /** (cpu, page index 0 to 255, count): forget translations by these entries of any page table. */
  readonly forgetPages: number;
  /** (cpu, segment index): forget translations by this entry of any segment table. */
  readonly forgetSegment: number;
  /** (cpu, number of the first page frame, count): forget translations that lead there. */
  readonly forgetFrames: number;
  /** (cpu): forget translations by which stores reach pages from which code was made. */
  readonly forgetStoresToCode: number;
  /** `forgetAll` as a routine of an instruction: (cpu) -> 0. */
  readonly purge: number;
}

const I = I32.of;
/** Bits of the left half of a PSW, and of bits 32-63 of control register 0. */
const Psw = { dat: 26, extended: 1, space: 14, key: 16 } as const;
const Control0 = {
  lowAddressProtection: 28,
  fetchOverride: 25,
  storageOverride: 24,
  enhancedDat: 23,
} as const;
const PRIVATE_SPACE = 0x100;
const INVALID = I64.of(Tlb.invalidTag);
const FIRST_BYTE_OF_INVALID = 1;
/** Entries of a page table; the pages of a segment. */
const PAGE_INDEXES = 256;
/** Entries that a round of a scan looks at. */
const MOST_UNROLLED = 4;

export function buildTlb(module: ModuleBuilder, layout: StorageLayout): TlbFunctions {
  const context = defineContext(module);
  const forgetAll = defineForgetAll(module);
  return {
    applyMode: defineApplyMode(module, context),
    forgetAll,
    purge: definePurge(module, forgetAll),
    forgetSpace: defineForgetSpace(module),
    forgetPages: defineForgetPages(module),
    forgetSegment: defineForgetSegment(module),
    ...defineForgetFrames(module, layout),
  };
}

/** Emit what is to be done for every CPU of the machine. */
export function forEachCpu(e: Emitter, act: (cpu: I32) => void): void {
  const cpu = e.local32(CPU_BLOCKS);
  const end = e.local32(load.i32(I(Global.cpuCount)).mul(CPU_BLOCK_SIZE).add(CPU_BLOCKS));
  e.loop((again) => {
    act(cpu.value);
    e.set(cpu, cpu.value.add(CPU_BLOCK_SIZE));
    e.if(cpu.value.ltU(end.value), again);
  });
}

/** What a context holds, and its first table. */
interface Context {
  readonly held: Local<I32>;
  readonly tables: Local<I32>;
}

function forEachContext(e: Emitter, state: I32, act: (context: Context) => void): void {
  const context = { held: e.local32(state.add(at.tlbContexts)), tables: e.local32(state.add(at.tlbs)) };
  const end = e.local32(state.add(at.tlbContexts + Tlb.contexts * TlbContext.size));
  e.loop((again) => {
    act(context);
    e.set(context.held, context.held.value.add(TlbContext.size));
    e.set(context.tables, context.tables.value.add(Tlb.contextSize));
    e.if(context.held.value.ltU(end.value), again);
  });
}
const inUse = ({ held }: Context): I32 => load.i32(held.value, TlbContext.flags);

/** Every byte 1: no page-aligned address looks like that. */
function clear(e: Emitter, tables: I32): void {
  e.emit(tables.node);
  e.code.i32(FIRST_BYTE_OF_INVALID).i32(Tlb.contextSize).fill();
}
function clearLow(e: Emitter, { tables }: Context): void {
  for (let n = 0; n < Tlb.lowEntries; n++)
    e.store("i64", tables.value, Tlb.lowOffset + (n << Tlb.entryShift), INVALID);
}
const countGeneration = (e: Emitter, state: I32): void =>
  e.store("i32", state, at.tlbGeneration, load.i32(state, at.tlbGeneration).add(1));

/** (cpu, flags) -> the tables of the context for these flags and the ASCEs in the block, which is then the current one. */
function defineContext(module: ModuleBuilder): number {
  const index = module.declare("tlbContext", ["i32", "i32"], ["i32"]);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const flags = e.parameter32(1);
  const data = e.local64(load.i64(state, at.asceData));
  const fetch = e.local64(load.i64(state, at.asceFetch));
  const now = e.local32(load.i32(state, at.tlbUses).add(1));
  e.store("i32", state, at.tlbUses, now.value);
  const use = ({ held, tables }: Context): void => {
    e.store("i32", held.value, TlbContext.used, now.value);
    e.store("i32", state, at.tlbCurrent, held.value);
    e.return(tables.value);
  };
  const victim: Context = { held: e.local32(0), tables: e.local32() };
  const oldest = e.local32(0);
  forEachContext(e, state, (context) => {
    const { held } = context;
    const same = load
      .i32(held.value, TlbContext.flags)
      .eq(flags)
      .and(load.i64(held.value, TlbContext.asceData).eq(data.value))
      .and(load.i64(held.value, TlbContext.asceFetch).eq(fetch.value));
    e.if(same, () => use(context));
    // Age of one that holds nothing: more than any other's.
    const age = e.local32(
      inUse(context).select(now.value.sub(load.i32(held.value, TlbContext.used)).and(0x7fff_ffff), I(-1)),
    );
    e.if(age.value.gtU(oldest.value), () => {
      e.set(oldest, age.value);
      e.set(victim.held, held.value);
      e.set(victim.tables, context.tables.value);
    });
  });
  clear(e, victim.tables.value);
  e.store("i64", victim.held.value, TlbContext.asceData, data.value);
  e.store("i64", victim.held.value, TlbContext.asceFetch, fetch.value);
  e.store("i32", victim.held.value, TlbContext.flags, flags);
  countGeneration(e, state);
  use(victim);
  e.code.unreachable();
  module.define(index, e.body);
  return index;
}

function defineApplyMode(module: ModuleBuilder, context: number): number {
  const index = module.declare("applyMode", ["i32", "i32"], [], true);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const dataOnly = e.parameter32(1);
  const left = e.local32(load.i32(state, at.pswMask + 4)); // PSW bits 0-31
  const basic = load.i32(state, at.pswMask).ltS(0);
  const narrow = basic.select(I64.of(0x7fff_ffff), I64.of(0xff_ffff));
  e.store("i64", state, at.addressMask, left.value.and(Psw.extended).select(I64.of(-1), narrow));

  const bitOf = (word: I32, bit: number): I32 => word.shrU(bit).and(1);
  const dat = e.local32(bitOf(left.value, Psw.dat));
  // 0 primary, 1 access register, 2 secondary, 3 home
  const space = e.local32(dat.value.select(left.value.shrU(Psw.space).and(3), I(0)));
  const control = (n: number): I64 => load.i64(state, at.cr + 8 * n);
  const asce = e.local64(I64.of(0));
  const asceFetch = e.local64(I64.of(0));
  e.if(dat.value, () => {
    const primary = e.local64(control(1));
    const home = e.local64(control(13));
    e.set(asce, space.value.eq(3).select(home.value, space.value.eq(2).select(control(7), primary.value)));
    const fetch = space.value.eq(3).select(home.value, primary.value);
    e.set(asceFetch, dataOnly.select(asce.value, fetch));
  });
  e.store("i64", state, at.asceData, asce.value);
  e.store("i64", state, at.asceFetch, asceFetch.value);
  e.store("i32", state, at.dat, dat.value);
  const byAccessRegister = e.local32(space.value.eq(1));
  e.store("i32", state, at.accessRegisterMode, byAccessRegister.value);
  const key = e.local32(left.value.shrU(Psw.key).and(0xf0));
  e.store("i32", state, at.accessKey, key.value);
  const control0 = e.local32(load.i32(state, at.cr));
  const common = e.local32(asce.value.low32().and(PRIVATE_SPACE).isZero());
  const lowAddress = e.local32(bitOf(control0.value, Control0.lowAddressProtection).and(common.value));
  e.store("i32", state, at.lowAddressProtection, lowAddress.value);
  const override = e.local32(bitOf(control0.value, Control0.fetchOverride).and(common.value));
  e.store("i32", state, at.fetchOverride, override.value);
  const storageOverride = e.local32(bitOf(control0.value, Control0.storageOverride));
  e.store("i32", state, at.storageOverride, storageOverride.value);
  const enhanced = e.local32(bitOf(control0.value, Control0.enhancedDat));
  e.store("i32", state, at.enhancedDat, enhanced.value);
  const flags = key.value
    .or(TlbContext.inUse)
    .or(dat.value.mul(TlbContext.dat))
    .or(lowAddress.value.mul(TlbContext.lowAddressProtection))
    .or(override.value.mul(TlbContext.fetchOverride))
    .or(storageOverride.value.mul(TlbContext.storageOverride))
    .or(enhanced.value.mul(TlbContext.enhancedDat));
  const tables = e.local32(e.call32(context, state, flags));
  const none = state.add(at.tlbs + Tlb.contexts * Tlb.contextSize);
  const data = e.local32(byAccessRegister.value.select(none, tables.value));
  e.store("i32", state, at.tlbRead, data.value.add(Tlb.readOffset));
  e.store("i32", state, at.tlbWrite, data.value.add(Tlb.writeOffset));
  e.store("i32", state, at.tlbFetch, tables.value.add(Tlb.fetchOffset));
  module.define(index, e.body);
  return index;
}

/** The current context stays where it is, for its places may be in use amid an instruction; it is empty then. */
function drop(e: Emitter, state: I32, { held, tables }: Context): void {
  e.if(
    held.value.eq(load.i32(state, at.tlbCurrent)),
    () => clear(e, tables.value),
    () => e.store("i32", held.value, TlbContext.flags, I(0)),
  );
}

function defineForgetAll(module: ModuleBuilder): number {
  const index = module.declare("forgetAll", ["i32"], [], true);
  const e = new Emitter(1);
  const state = e.parameter32(0);
  forEachContext(e, state, (context) => drop(e, state, context));
  countGeneration(e, state);
  module.define(index, e.body);
  return index;
}

function definePurge(module: ModuleBuilder, forgetAll: number): number {
  const index = module.declare("purgeTlb", ["i32"], ["i32"]);
  const e = new Emitter(1);
  e.callVoid(forgetAll, e.parameter32(0));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** A space is known by the origin of its table of highest level. */
function defineForgetSpace(module: ModuleBuilder): number {
  const index = module.declare("forgetSpace", ["i32", "i64"], [], true);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const same = (held: I32, offset: number): I32 => load.i64(held, offset).xor(e.parameter64(1)).ltU(0x1000);
  forEachContext(e, state, (context) => {
    const held = context.held.value;
    const matches = same(held, TlbContext.asceData).or(same(held, TlbContext.asceFetch));
    e.if(matches.and(inUse(context).ne(0)), () => drop(e, state, context));
  });
  countGeneration(e, state);
  module.define(index, e.body);
  return index;
}

/** Of a virtual address, a page-table entry is known to have the page index alone: all that have the same are forgotten. */
function defineForgetPages(module: ModuleBuilder): number {
  const index = module.declare("forgetPages", ["i32", "i32", "i32"], [], true);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  const first = e.parameter32(1);
  const end = e.local32(first.add(e.parameter32(2)));
  const page = e.local32();
  forEachContext(e, state, (context) => {
    e.if(inUse(context).and(TlbContext.dat), () => {
      e.set(page, first);
      e.loop((again) => {
        const entry = e.local32(context.tables.value.add(page.value.shl(Tlb.entryShift)));
        const step = PAGE_INDEXES << Tlb.entryShift;
        for (let n = 0; n < Tlb.dataEntries / PAGE_INDEXES; n++) {
          e.store("i64", entry.value, Tlb.readOffset + n * step, INVALID);
          e.store("i64", entry.value, Tlb.writeOffset + n * step, INVALID);
        }
        for (let n = 0; n < Tlb.fetchEntries / PAGE_INDEXES; n++) {
          e.store("i64", entry.value, Tlb.fetchOffset + n * step, INVALID);
        }
        e.set(page, page.value.add(1));
        e.if(page.value.ltU(end.value), again);
      });
      clearLow(e, context);
    });
  });
  countGeneration(e, state);
  module.define(index, e.body);
  return index;
}

/** As `forgetPages`, of a virtual address the segment index is known: pages of a segment lie together in every table. */
function defineForgetSegment(module: ModuleBuilder): number {
  const index = module.declare("forgetSegment", ["i32", "i32"], [], true);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const step = PAGE_INDEXES << Tlb.entryShift;
  forEachContext(e, state, (context) => {
    e.if(inUse(context).and(TlbContext.dat), () => {
      const tables = [
        [Tlb.readOffset, Tlb.dataEntries],
        [Tlb.writeOffset, Tlb.dataEntries],
        [Tlb.fetchOffset, Tlb.fetchEntries],
      ] as const;
      for (const [offset, entries] of tables) {
        const place = e
          .parameter32(1)
          .and(entries / PAGE_INDEXES - 1)
          .mul(step);
        e.emit(context.tables.value.add(offset).add(place).node);
        e.code.i32(FIRST_BYTE_OF_INVALID).i32(step).fill();
      }
      clearLow(e, context);
    });
  });
  countGeneration(e, state);
  module.define(index, e.body);
  return index;
}

function defineForgetFrames(module: ModuleBuilder, { form, top, codeMarksBase }: StorageLayout) {
  /** Forget the entries of a table whose frame's number is chosen. */
  const scan = (
    e: Emitter,
    tables: I32,
    [start, count]: readonly [start: number, count: number],
    chosen: (frame: I32) => I32,
  ): void => {
    const entry = e.local32(tables.add(start));
    const end = e.local32(tables.add(start + (count << Tlb.entryShift)));
    e.loop((again) => {
      const tag = e.local64(load.i64(entry.value));
      e.if(tag.value.low32().and(0xfff).isZero(), () => {
        // The host offset of the page's first byte is the addend, plus 7, less the page's address.
        const host = addendOf(form, entry.value).add(7).sub(tag.value);
        const frame = e.local32(StorageOffset.of(form, top).sub(host).shrU(12));
        e.if(chosen(frame.value), () => e.store("i64", entry.value, 0, INVALID));
      });
      e.set(entry, entry.value.add(1 << Tlb.entryShift));
      e.if(entry.value.ltU(end.value), again);
    });
  };
  const write = [Tlb.writeOffset, Tlb.dataEntries] as const;
  const low = [Tlb.lowOffset, Tlb.lowEntries] as const;

  const forgetFrames = module.declare("forgetFrames", ["i32", "i32", "i32"], [], true);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  // A page's first byte is at the addend, plus 7, less its address. What an invalid entry seems to lead to is all the same.
  const first = e.parameter32(1).unsigned64().shl(12);
  const base = e.localOffset(StorageOffset.of(form, top - 7).sub(first));
  const bytes = e.localOffset(StorageOffset.of(form, e.parameter32(2).unsigned64().shl(12)));
  const scanRange = (tables: I32, [start, count]: readonly [start: number, count: number]): void => {
    const entry = e.local32(tables.add(start));
    const end = e.local32(tables.add(start + (count << Tlb.entryShift)));
    const together = Math.min(count, MOST_UNROLLED);
    e.loop((again) => {
      for (let n = 0; n < together; n++) {
        const at = n << Tlb.entryShift;
        const before = addendOf(form, entry.value, at).sub(load.i64(entry.value, at));
        e.rarely(base.value.sub(before).ltU(bytes.value), () => e.store("i64", entry.value, at, INVALID));
      }
      e.set(entry, entry.value.add(together << Tlb.entryShift));
      e.if(entry.value.ltU(end.value), again);
    });
  };
  forEachContext(e, state, (context) => {
    e.if(inUse(context), () => {
      scanRange(context.tables.value, [Tlb.readOffset, Tlb.dataEntries]);
      scanRange(context.tables.value, write);
      scanRange(context.tables.value, low);
      scanRange(context.tables.value, [Tlb.fetchOffset, Tlb.fetchEntries]);
    });
  });
  countGeneration(e, state);
  module.define(forgetFrames, e.body);

  const forgetStoresToCode = module.declare("forgetStoresToCode", ["i32"], [], true);
  const f = new Emitter(1);
  forEachContext(f, f.parameter32(0), (context) => {
    f.if(inUse(context), () => {
      for (const table of [write, low])
        scan(f, context.tables.value, table, (frame) => load.u8(frame, codeMarksBase));
    });
  });
  module.define(forgetStoresToCode, f.body);
  return { forgetFrames, forgetStoresToCode };
}
