/**
 * Clocks and timers that a supervisor looks at on every entry and exit. Source: Principles of Operation, "Timing".
 *
 * Stored operands: (cpu, address, AR, ...) -> 0, or -1 with an event.
 */
import { I32, I64 } from "@lockframe/instructions";
import { ClockCells } from "../../clock.ts";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import type { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, Global, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";

const I = I32.of;
const BASE = Global.clock + ClockCells.base;
const LAST = Global.clock + ClockCells.last;

export function buildTimingRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
  hostNanoseconds: number,
): readonly (readonly [name: string, index: number])[] {
  const now = defineNow(module, hostNanoseconds);
  const unique = defineUnique(module, now);
  const store = defineStore(module, runtime);
  return [
    ["storeClock", defineStoring(module, "storeClock", store, (e) => e.call64(unique))],
    ["storeClockFast", defineStoring(module, "storeClockFast", store, (e) => e.call64(now))],
    ["storeClockExtended", defineStoreExtended(module, runtime, unique, store)],
    ["storeCpuTimer", defineStoring(module, "storeCpuTimer", store, (e, state) => cpuTimer(e, state, now))],
    [
      "storeClockComparator",
      defineStoring(module, "storeClockComparator", store, (_, state) => load.i64(state, at.clockComparator)),
    ],
    ["setCpuTimer", defineSetTimer(module, now)],
    ["setClockComparator", defineSetComparator(module)],
  ];
}

/** () -> the TOD clock. */
function defineNow(module: ModuleBuilder, hostNanoseconds: number): number {
  const index = module.declare("clockNow", [], ["i64"]);
  const e = new Emitter(0);
  const counter = e.local64();
  e.code.call(hostNanoseconds).truncate().set(counter.index);
  // The product of all nanoseconds might not fit.
  const thousand = I64.of(1000);
  const micro = counter.value.divU(thousand).shl(12);
  const rest = counter.value.remU(thousand).shl(12).divU(thousand);
  e.emit(micro.add(rest).add(load.i64(I(0), BASE)).node);
  module.define(index, e.body);
  return index;
}

/** () -> the TOD clock, greater than what was given before. */
function defineUnique(module: ModuleBuilder, now: number): number {
  const index = module.declare("clockUnique", [], ["i64"]);
  const e = new Emitter(0);
  const value = e.local64(e.call64(now));
  const last = e.local64(load.i64(I(0), LAST));
  e.if(value.value.leU(last.value), () => e.set(value, last.value.add(1)));
  e.store("i64", I(0), LAST, value.value);
  e.emit(value.value.node);
  module.define(index, e.body);
  return index;
}

const cpuTimer = (e: Emitter, state: I32, now: number): I64 =>
  load.i64(state, at.cpuTimerBase).sub(e.call64(now));

/** (cpu, address, value, AR) -> 0, or -1 with an event. */
function defineStore(module: ModuleBuilder, runtime: Runtime): number {
  const index = module.declare("storeDoubleword", ["i32", "i64", "i64", "i32"], ["i32"]);
  const e = new Emitter(4);
  const [state, ar] = [e.parameter32(0), e.parameter32(3)];
  const [address, value] = [e.parameter64(1), e.parameter64(2)];
  e.rarely(address.low32().and(0xfff).gtU(0xff8), () =>
    e.return(e.call32(runtime.storeSlow, state, address, value, I(8), ar)),
  );
  const host = locate(e, runtime, state, address, ar);
  e.store("i64", host.value.sub(7), 0, value);
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}
function locate(e: Emitter, runtime: Runtime, state: I32, address: I64, ar: I32): Local<StorageOffset> {
  const host = e.localOffset(emitLocate(e, runtime, state, address, Access.store, ar));
  e.rarely(host.value.isZero(), () => e.return(I(-1)));
  return host;
}

/** An instruction that stores a doubleword. */
function defineStoring(
  module: ModuleBuilder,
  name: string,
  store: number,
  value: (e: Emitter, state: I32) => I64,
): number {
  const index = module.declare(name, ["i32", "i64", "i32"], ["i32"]);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  e.returnCall(store, state, e.parameter64(1), e.local64(value(e, state)).value, e.parameter32(2));
  module.define(index, e.body);
  return index;
}

/** Sixteen bytes: epoch index, TOD bits 0-63, its further bits, programmable field. */
function defineStoreExtended(module: ModuleBuilder, runtime: Runtime, unique: number, store: number): number {
  const index = module.declare("storeClockExtended", ["i32", "i64", "i32"], ["i32"]);
  const e = new Emitter(3);
  const [state, address, ar] = [e.parameter32(0), e.parameter64(1), e.parameter32(2)];
  const fails = (result: I32): void => e.rarely(result.ltS(0), () => e.return(I(-1)));
  fails(e.call32(runtime.probeStore, state, address, I(16), ar));
  const clock = e.local64(e.call64(unique));
  // Bits 72-111 are never all zero.
  const right = clock.value.shl(56).or(0x1_0000).or(load.i32(state, at.todProgrammable).unsigned64());
  fails(e.call32(store, state, address, clock.value.shrU(8), ar));
  const beyond = address.add(8).and(load.i64(state, at.addressMask));
  fails(e.call32(store, state, beyond, right, ar));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** (cpu, value) -> 1: the host looks at the clocks when the CPU is enabled. */
function defineSetTimer(module: ModuleBuilder, now: number): number {
  const index = module.declare("setCpuTimer", ["i32", "i64"], ["i32"]);
  const e = new Emitter(2);
  const [state, value] = [e.parameter32(0), e.parameter64(1)];
  e.store("i64", state, at.cpuTimerBase, e.call64(now).add(value));
  notePending(e, state);
  module.define(index, e.body);
  return index;
}
/** (cpu, value) -> 1: as above. */
function defineSetComparator(module: ModuleBuilder): number {
  const index = module.declare("setClockComparator", ["i32", "i64"], ["i32"]);
  const e = new Emitter(2);
  const [state, value] = [e.parameter32(0), e.parameter64(1)];
  e.store("i64", state, at.clockComparator, value);
  notePending(e, state);
  module.define(index, e.body);
  return index;
}
function notePending(e: Emitter, state: I32): void {
  e.store("i32", state, at.interruptionPending, I(1));
  e.emit(I(1).node);
}
