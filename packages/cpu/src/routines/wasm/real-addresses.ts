/**
 * Instructions on real addresses, which a kernel patches itself with: in the 64-bit mode, as long as nothing stands in the
 * way; else by the host. Source: Principles of Operation, "Control Instructions" (LOAD REAL ADDRESS, LOAD USING REAL
 * ADDRESS, STORE USING REAL ADDRESS).
 */
import { I32, I64 } from "@lockframe/instructions";
import { GUEST_READY, type Storage, StorageKey } from "@lockframe/memory";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { StorageOffset } from "../../lower/storage-offset.ts";
import type { Runtime } from "../../runtime.ts";
import { Event, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { inExtendedMode } from "./extents.ts";

const I = I32.of;
const SPACE_SHIFT = 46;
/** Two pages: the prefix area. */
const AREA = ~0x1fffn;

export function buildRealAddressRoutines(
  module: ModuleBuilder,
  storage: Storage,
  runtime: Runtime,
  hostRoutine: (name: string) => number | undefined,
): readonly (readonly [name: string, index: number])[] {
  const slow = (name: string): number => hostRoutine(name) ?? defineAbsent(module, name);
  return [
    ["loadRealAddress", defineLoad(module, runtime, slow("loadRealAddressSlow"))],
    ["useRealAddress", defineUse(module, storage, slow("useRealAddressSlow"))],
  ];
}

/** Where a CPU stands alone, without the host's routines of a machine. */
function defineAbsent(module: ModuleBuilder, name: string): number {
  const index = module.declare(name, ["i32"], ["i32"]);
  const e = new Emitter(1);
  e.code.unreachable();
  module.define(index, e.body);
  return index;
}

/** Prefixing: real to absolute, and back. */
function swapPrefix(e: Emitter, state: I32, address: Local<I64>): void {
  const prefix = e.local64(load.i32(state, at.prefix).unsigned64());
  const area = e.local64(address.value.and(AREA));
  e.if(
    area.value.isZero(),
    () => e.set(address, address.value.add(prefix.value)),
    () => e.if(area.value.eq(prefix.value), () => e.set(address, address.value.sub(prefix.value))),
  );
}
function leaveTo(e: Emitter, state: I32, slow: number, values: readonly (I32 | I64)[]): () => void {
  return () => {
    values.forEach((value, n) =>
      e.store(value instanceof I64 ? "i64" : "i32", state, at.args + 8 * n, value),
    );
    e.return(e.call32(slow, state));
  };
}

/** (cpu, address, AR, R1, 1 for LRAG) -> condition code or -1. */
function defineLoad(module: ModuleBuilder, runtime: Runtime, slow: number): number {
  const index = module.declare("loadRealAddress", ["i32", "i64", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(5);
  const [state, address] = [e.parameter32(0), e.parameter64(1)];
  const leave = leaveTo(e, state, slow, [address, e.parameter32(2), e.parameter32(3), e.parameter32(4)]);
  const space = e.local32(load.i64(state, at.pswMask).shrU(SPACE_SHIFT).low32().and(3));
  e.if(space.value.eq(1).or(inExtendedMode(state).isZero()), leave);
  const control = (n: number): I64 => load.i64(state, at.cr + 8 * n);
  const asce = e.local64(
    space.value.eq(3).select(control(13), space.value.eq(2).select(control(7), control(1))),
  );
  e.if(e.call32(runtime.walk, state, address, asce.value), () => {
    e.store("i32", state, at.event, I(Event.none));
    leave();
  });
  const real = e.local64(load.i64(state, at.translated));
  // A frame that is absolute already.
  e.if(real.value.and(1).ne(0), () => {
    e.set(real, real.value.and(~0xfffn));
    swapPrefix(e, state, real);
  });
  const place = state.add(e.parameter32(3).shl(3));
  e.store("i64", place, at.gr, real.value.or(address.and(0xfff)));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** (cpu, R1, R2, 0 LURA, 1 LURAG, 2 STURA, 3 STURG) -> 0 or -1. */
function defineUse(module: ModuleBuilder, storage: Storage, slow: number): number {
  const index = module.declare("useRealAddress", ["i32", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(4);
  const [state, form] = [e.parameter32(0), e.parameter32(3)];
  const leave = leaveTo(e, state, slow, [e.parameter32(1), e.parameter32(2), form]);
  const register = (n: number): I32 => state.add(e.parameter32(n).shl(3));
  const address = e.local64(load.i64(register(2), at.gr).and(load.i64(state, at.addressMask)));
  const wide = form.and(1);
  const aligned = wide.select(I64.of(7), I64.of(3));
  e.if(
    address.value
      .and(aligned)
      .ne(0)
      .or(address.value.gtU(storage.size - 8)),
    leave,
  );
  swapPrefix(e, state, address);
  e.if(address.value.gtU(storage.size - 8), leave);
  const page = e.local32(address.value.shrU(12).low32());
  const stores = e.local32(form.shrU(1));
  const coded = stores.value.and(load.u8(page.value, storage.codeMarksBase));
  e.if(load.u8(page.value, storage.pageStatesBase).geU(GUEST_READY).or(coded), leave);
  const marks = stores.value.select(I(StorageKey.reference | StorageKey.change), I(StorageKey.reference));
  e.store("i32_8", page.value, storage.keysBase, load.u8(page.value, storage.keysBase).or(marks));
  const host = e.localOffset(StorageOffset.of(storage.form, storage.top).sub(address.value));
  const own = e.local32(register(1));
  const [eight, four] = [host.value.sub(7), host.value.sub(3)];
  e.if(
    stores.value,
    () =>
      e.if(
        wide,
        () => e.store("i64", eight, 0, load.i64(own.value, at.gr)),
        () => e.store("i32", four, 0, load.i32(own.value, at.gr)),
      ),
    () =>
      e.if(
        wide,
        () => e.store("i64", own.value, at.gr, load.i64(eight)),
        () => e.store("i32", own.value, at.gr, load.i32(four)),
      ),
  );
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}
