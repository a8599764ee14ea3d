/**
 * Instructions that change translation tables and make CPUs forget what was made of them. Source: Principles of
 * Operation, "Control Instructions" (INVALIDATE PAGE TABLE ENTRY, INVALIDATE DAT TABLE ENTRY, PURGE TLB).
 */
import { I32, I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import type { Runtime } from "../../runtime.ts";
import { forEachCpu } from "../../tlb.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";

const I = I32.of;
const INVALID_PAGE = 0x400;
const INVALID_TABLE = 0x20;
/** Bit 52 of what INVALIDATE DAT TABLE ENTRY is asked for: no entry, but a space. */
const CLEARING_BY_SPACE = 0x800;

export function buildDatTableRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
): readonly (readonly [name: string, index: number])[] {
  return [
    ["invalidatePageTableEntry", defineInvalidatePage(module, runtime)],
    ["invalidateDatTableEntry", defineInvalidateTable(module, runtime)],
    ["purgeTlb", runtime.tlb.purge],
  ];
}

/** On this CPU alone, or on all of the configuration. */
function onCpus(e: Emitter, cpu: I32, local: I32, act: (cpu: I32) => void): void {
  e.if(
    local,
    () => act(cpu),
    () => forEachCpu(e, act),
  );
}

/** Set a bit in the entry at an absolute address; leaves the routine when it cannot be accessed. */
function invalidate(e: Emitter, runtime: Runtime, cpu: I32, absolute: I64, bit: number): void {
  const place = e.localOffset(e.callOffset(runtime.form, runtime.tablePlace, cpu, absolute, I(1)));
  e.if(place.value.isZero(), () => e.return(I(-1)));
  e.store("i64", place.value, 0, load.i64(place.value).or(bit));
}

/** (cpu, origin of a page table, virtual address, further entries, 1 for this CPU's TLB alone) */
function defineInvalidatePage(module: ModuleBuilder, runtime: Runtime): number {
  const name = "invalidatePageTableEntry";
  const index = module.declare(name, ["i32", "i64", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(5);
  const cpu = e.parameter32(0);
  const first = e.local32(e.parameter64(2).shrU(12).low32().and(0xff));
  const count = e.local32(e.parameter32(3).add(1));
  e.if(first.value.add(count.value).gtU(0x100), () => {
    e.callVoid(runtime.raise, cpu, I(0x06), I(0));
    e.return(I(-1));
  });
  const origin = e.local64(e.parameter64(1).and(~0x7ffn));
  const n: Local<I32> = e.local32(0);
  e.loop((again) => {
    const entry = e.local64(origin.value.add(first.value.add(n.value).shl(3).unsigned64()));
    invalidate(e, runtime, cpu, entry.value, INVALID_PAGE);
    e.set(n, n.value.add(1));
    e.if(n.value.ltU(count.value), again);
  });
  onCpus(e, cpu, e.parameter32(4), (each) =>
    e.callVoid(runtime.tlb.forgetPages, each, first.value, count.value),
  );
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** (cpu, designation of a table, ASCE, what and where, 1 for this CPU's TLB alone) */
function defineInvalidateTable(module: ModuleBuilder, runtime: Runtime): number {
  const name = "invalidateDatTableEntry";
  const index = module.declare(name, ["i32", "i64", "i64", "i64", "i32"], ["i32"]);
  const e = new Emitter(5);
  const cpu = e.parameter32(0);
  const designation = e.parameter64(1);
  const what = e.parameter64(3);
  const local = e.parameter32(4);
  e.if(what.and(CLEARING_BY_SPACE).ne(0), () => {
    onCpus(e, cpu, local, (each) => e.callVoid(runtime.tlb.forgetSpace, each, e.parameter64(2)));
    e.return(I(0));
  });
  const level = e.local64(designation.shrU(2).and(3)); // 3 region first ... 0 segment
  const first = e.local64(what.shrU(level.value.mul(11).add(20)).and(0x7ff));
  const n = e.local64(first.value);
  const last = e.local64(first.value.add(what.and(0x7ff)));
  e.if(last.value.gtU(0x7ff), () => e.set(last, I64.of(0x7ff)));
  e.loop((again) => {
    const entry = e.local64(designation.and(~0xfffn).add(n.value.shl(3)));
    invalidate(e, runtime, cpu, entry.value, INVALID_TABLE);
    e.set(n, n.value.add(1));
    e.if(n.value.leU(last.value), again);
  });
  const oneSegment = level.value.eq(0).and(first.value.eq(last.value));
  e.if(
    oneSegment,
    () => onCpus(e, cpu, local, (each) => e.callVoid(runtime.tlb.forgetSegment, each, first.value.low32())),
    () => onCpus(e, cpu, local, (each) => e.callVoid(runtime.tlb.forgetAll, each)),
  );
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}
