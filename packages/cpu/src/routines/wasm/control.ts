/** Control instructions that a supervisor executes at every entry and exit. Source: Principles of Operation, "Control Instructions". */
import { I32, type I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import type { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, Event, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";

const I = I32.of;
const PER = 1n << 62n;

export function buildControlRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
): readonly (readonly [name: string, index: number])[] {
  return [
    ["loadPsw", runtime.loadPsw],
    ["supervisorCall", defineSupervisorCall(module)],
    ["loadControl", defineLoadControl(module, runtime)],
  ];
}

/** (cpu, number, address of the next instruction) -> -1, with an event. */
function defineSupervisorCall(module: ModuleBuilder): number {
  const index = module.declare("supervisorCall", ["i32", "i32", "i64"], ["i32"]);
  const e = new Emitter(3);
  const state = e.parameter32(0);
  e.store("i32", state, at.svcNumber, e.parameter32(1));
  e.store("i64", state, at.pswAddress, e.parameter64(2));
  e.store("i32", state, at.event, I(Event.supervisorCall));
  e.emit(I(-1).node);
  module.define(index, e.body);
  return index;
}

/**
 * LCTL and LCTLG: (cpu, address, AR, R1, R3, 1 for LCTLG) -> 1 when modes have to be looked at again, or -1 with an event.
 * The operand is aligned, so that no element crosses the end of a page.
 */
function defineLoadControl(module: ModuleBuilder, runtime: Runtime): number {
  const index = module.declare("loadControl", ["i32", "i64", "i32", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const [ar, wide] = [e.parameter32(2), e.parameter32(5)];
  const shift = e.local32(wide.add(2));
  const register = e.local32(e.parameter32(3));
  const left = e.local32(e.parameter32(4).sub(register.value).and(15).add(1));
  const address = e.local64(e.parameter64(1));
  const mask = load.i64(state, at.addressMask);
  const locate = (where: I64): Local<StorageOffset> => {
    const host = e.localOffset(emitLocate(e, runtime, state, where, Access.fetch, ar));
    e.rarely(host.value.isZero(), () => e.return(I(-1)));
    return host;
  };
  const last = e.local64(address.value.add(left.value.sub(1).shl(shift.value).unsigned64()).and(mask));
  const beyond = address.value.xor(last.value).and(~0xfffn).ne(0);
  e.if(beyond, () => void locate(last.value));
  const before = [at.tlbRead, at.tlbFetch].map((field) => ({
    field,
    value: e.local32(load.i32(state, field)),
  }));
  const masks = e.local64(load.i64(state, at.cr));
  e.loop((again) => {
    const host = locate(address.value);
    const place = e.local32(state.add(register.value.shl(3)));
    e.if(
      wide,
      () => e.store("i64", place.value, at.cr, load.i64(host.value.sub(7))),
      () => e.store("i32", place.value, at.cr, load.i32(host.value.sub(3))),
    );
    e.set(register, register.value.add(1).and(15));
    e.set(address, address.value.add(I(1).shl(shift.value).unsigned64()).and(mask));
    e.set(left, left.value.sub(1));
    e.if(left.value, again);
  });
  // A clock that was masked off may interrupt now.
  e.rarely(load.i64(state, at.cr).ne(masks.value), () => e.store("i32", state, at.interruptionPending, I(1)));
  e.callVoid(runtime.tlb.applyMode, state, I(0));
  const changed = before.map(({ field, value }) => load.i32(state, field).ne(value.value));
  const recording = load.i64(state, at.pswMask).and(PER).ne(0);
  const pending = load.i32(state, at.interruptionPending).ne(0);
  e.emit([...changed, recording, pending].reduce((a, b) => a.or(b)).node);
  module.define(index, e.body);
  return index;
}
