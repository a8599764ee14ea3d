/**
 * The PSW in WebAssembly: loading one, interruptions that instructions make, and the loop around the interpreter that goes
 * on after both without the host. What takes more than that is left to `Processors`, which sees the event.
 * Source: Principles of Operation, "Interruptions", "Assigned Storage Locations".
 */
import { programInterruption } from "@lockframe/architecture";
import { I32, I64 } from "@lockframe/instructions";
import type { Storage, StorageForm } from "@lockframe/memory";
import { GUEST_READY } from "@lockframe/memory";
import {
  PER_EVENTS,
  PSW_MUST_BE_ZERO,
  assigned,
  nullifying,
  withAccessId,
  withTeid,
} from "./assigned-storage.ts";
import { Emitter, type Local, load } from "./lower/emitter.ts";
import { StorageOffset, offsetType } from "./lower/storage-offset.ts";
import { Event, cpu as at } from "./state.ts";
import type { TlbFunctions } from "./tlb.ts";
import type { ModuleBuilder } from "./wasm/module.ts";

const I = I32.of;
const CC_SHIFT = 44;
const CC_MASK = 3n << BigInt(CC_SHIFT);
const PER = 1n << 62n;
const WAIT = 1n << 49n;
/** I/O, external, machine check. */
const ENABLING = (1n << 57n) | (1n << 56n) | (1n << 50n);
/** Bits 31 and 32: extended and basic addressing. */
const ADDRESSING = 3n << 31n;
const EXTENDED_ALONE = 1n << 32n;
const VECTOR_PROCESSING = 0x1b;

/** 1 when a PSW may not be: bits that must be zero, or an address beyond its addressing mode. */
function invalidPsw(e: Emitter, mask: I64, address: I64): I32 {
  const mode = e.local64(mask.and(ADDRESSING));
  const narrow = mode.value.ne(0).select(I64.of(0x7fff_ffff), I64.of(0xff_ffff));
  const reach = mode.value.eq(ADDRESSING).select(I64.of(-1), narrow);
  return mask
    .and(PSW_MUST_BE_ZERO)
    .ne(0)
    .or(mode.value.eq(EXTENDED_ALONE))
    .or(address.and(reach.xor(-1n)).ne(0));
}
function setPsw(e: Emitter, state: I32, mask: I64, address: I64): void {
  e.store("i64", state, at.pswMask, mask.and(~CC_MASK));
  e.store("i32", state, at.cc, mask.shrU(CC_SHIFT).low32().and(3));
  e.store("i64", state, at.pswAddress, address);
}

/** See `Runtime.loadPsw`. */
export function defineLoadPsw(module: ModuleBuilder): number {
  const index = module.declare("loadPsw", ["i32", "i64", "i64", "i64"], ["i32"]);
  const e = new Emitter(4);
  const state = e.parameter32(0);
  const [mask, address] = [e.parameter64(1), e.parameter64(2)];
  setPsw(e, state, mask, address);
  e.store("i64", state, at.breakingEvent, e.parameter64(3));
  const event = invalidPsw(e, mask, address).select(I(Event.earlySpecification), I(Event.resume));
  e.store("i32", state, at.event, event);
  e.emit(I(-1).node);
  module.define(index, e.body);
  return index;
}

/** (cpu, host offset of the prefix area's first byte, offsets of the old and the new PSW, old address) */
function defineSwap(module: ModuleBuilder, form: StorageForm): number {
  const index = module.declare("swapPsw", ["i32", offsetType(form), "i32", "i32", "i64"], []);
  const e = new Emitter(5);
  const state = e.parameter32(0);
  const first = e.parameterOffset(form, 1);
  const doubleword = (offset: I32): StorageOffset => first.sub(7).sub(offset);
  const old = e.localOffset(doubleword(e.parameter32(2)));
  const next = e.localOffset(doubleword(e.parameter32(3)));
  const code = load.i32(state, at.cc).unsigned64().shl(CC_SHIFT);
  e.store("i64", old.value, 0, load.i64(state, at.pswMask).or(code));
  e.store("i64", old.value.sub(8), 0, e.parameter64(4));
  const mask = e.local64(load.i64(next.value));
  setPsw(e, state, mask.value, load.i64(next.value.sub(8)));
  module.define(index, e.body);
  return index;
}

/** The prefix area, as far as interruptions use it without the host. */
class PrefixArea {
  readonly #e: Emitter;
  readonly #state: I32;
  readonly #swap: number;
  /** Host offset of its first byte. */
  readonly #first: Local<StorageOffset>;

  /** Leaves the function with 0 when its first page is away, or when code was made from it. */
  constructor(e: Emitter, storage: Storage, state: I32, swap: number) {
    this.#e = e;
    this.#state = state;
    this.#swap = swap;
    const page = e.local32(load.i32(state, at.prefix).shrU(12));
    const away = load.u8(page.value, storage.pageStatesBase).geU(GUEST_READY);
    e.rarely(away.or(load.u8(page.value, storage.codeMarksBase)), () => e.return(I(0)));
    e.store("i32_8", page.value, storage.keysBase, load.u8(page.value, storage.keysBase).or(6));
    this.#first = e.localOffset(StorageOffset.of(storage.form, storage.top).sub(load.i32(state, at.prefix)));
  }
  store16(offset: number, value: I32): void {
    this.#e.store("i32_16", this.#first.value.sub(offset + 1), 0, value);
  }
  store(what: "i64" | "i32" | "i32_8", offset: number, value: I32 | I64): void {
    const size = { i64: 8, i32: 4, i32_8: 1 }[what];
    this.#e.store(what, this.#first.value.sub(offset + size - 1), 0, value);
  }
  /** Leaves the function with 0 when the new PSW is invalid, or its address is this one. */
  check(newPsw: number, other?: I64): void {
    const e = this.#e;
    const mask = e.local64(load.i64(this.#first.value.sub(newPsw + 7)));
    const address = e.local64(load.i64(this.#first.value.sub(newPsw + 15)));
    e.rarely(invalidPsw(e, mask.value, address.value), () => e.return(I(0)));
    if (other !== undefined) e.rarely(address.value.eq(other), () => e.return(I(0)));
  }
  swap(oldPsw: number, newPsw: number, address: I64): void {
    this.#e.callVoid(this.#swap, this.#state, this.#first.value, I(oldPsw), I(newPsw), address);
  }
}

/** (cpu) -> 1, or 0: nothing has changed, and the host takes the interruption. */
function defineSupervisorCall(module: ModuleBuilder, storage: Storage, swap: number): number {
  const index = module.declare("takeSupervisorCall", ["i32"], ["i32"]);
  const e = new Emitter(1);
  const state = e.parameter32(0);
  const area = new PrefixArea(e, storage, state, swap);
  area.check(assigned.svcNew);
  area.store16(assigned.svcLength, load.i32(state, at.instructionLength));
  area.store16(assigned.svcCode, load.i32(state, at.svcNumber));
  area.swap(assigned.svcOld, assigned.svcNew, load.i64(state, at.pswAddress));
  e.emit(I(1).node);
  module.define(index, e.body);
  return index;
}

/** Whether a program-interruption code is one of some, of which the greatest is below 64. */
const among = (code: I32, codes: readonly number[]): I32 => {
  const bits = codes.reduce((set, n) => set | (1n << BigInt(n)), 0n);
  return code.ltU(64).and(I64.of(bits).shrU(code.unsigned64()).low32().and(1));
};
const codesThat = (holds: (code: number) => boolean): readonly number[] =>
  Array.from({ length: 64 }, (_, code) => code).filter(holds);

/** (cpu) -> 1, or 0: nothing has changed, and the host takes the interruption. */
function defineProgram(module: ModuleBuilder, storage: Storage, swap: number): number {
  const index = module.declare("takeProgramInterruption", ["i32"], ["i32"]);
  const e = new Emitter(1);
  const state = e.parameter32(0);
  const code = e.local32(load.i32(state, at.programCode));
  // Data exceptions have more to store.
  e.rarely(code.value.eq(programInterruption.data).or(code.value.eq(VECTOR_PROCESSING)), () =>
    e.return(I(0)),
  );
  const address = e.local64(load.i64(state, at.pswAddress));
  const area = new PrefixArea(e, storage, state, swap);
  area.check(assigned.programNew, address.value);
  const length = load.i32(state, at.instructionLength);
  const completed = load.i32(state, at.event).eq(Event.programAfter);
  const stays = completed.or(
    among(
      code.value,
      codesThat((n) => nullifying.has(n)),
    ),
  );
  const beyond = address.value.add(length.unsigned64()).and(load.i64(state, at.addressMask));
  const old = e.local64(stays.select(address.value, beyond));
  area.store16(assigned.programLength, length);
  area.store16(assigned.programCode, code.value);
  const identified = e.local32(among(code.value, codesThat(withTeid)));
  e.if(identified.value, () => area.store("i64", assigned.teid, load.i64(state, at.teid)));
  e.if(identified.value.or(among(code.value, codesThat(withAccessId))), () =>
    area.store("i32_8", assigned.accessId, load.i32(state, at.accessId)),
  );
  area.store("i64", assigned.breakingEvent, load.i64(state, at.breakingEvent));
  area.swap(assigned.programOld, assigned.programNew, old.value);
  e.emit(I(1).node);
  module.define(index, e.body);
  return index;
}

/**
 * Define `operate`: (cpu, budget) -> budget left. As `run`, and beyond events that WebAssembly can handle by itself.
 * Interruptions count as instructions: two that lead to one another come to an end.
 */
export function defineOperate(
  module: ModuleBuilder,
  storage: Storage,
  run: number,
  tlb: TlbFunctions,
): number {
  const swap = defineSwap(module, storage.form);
  const supervisorCall = defineSupervisorCall(module, storage, swap);
  const program = defineProgram(module, storage, swap);
  const index = module.declare("operate", ["i32", "i32"], ["i32"], true);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const budget: Local<I32> = { index: 1, value: e.parameter32(1) };
  const event = e.local32();
  e.loop((again) => {
    e.set(budget, e.call32(run, state, budget.value));
    e.set(event, load.i32(state, at.event));
    const interrupted = (take: number): void => {
      e.set(budget, budget.value.sub(1));
      e.if(e.call32(take, state).isZero(), () => e.return(budget.value));
      e.set(event, I(Event.resume));
    };
    e.if(
      event.value.eq(Event.supervisorCall),
      () => interrupted(supervisorCall),
      () =>
        e.if(event.value.eq(Event.program).or(event.value.eq(Event.programAfter)), () =>
          interrupted(program),
        ),
    );
    e.if(event.value.eq(Event.resume), () => {
      e.callVoid(tlb.applyMode, state, I(0));
      const mask = e.local64(load.i64(state, at.pswMask));
      const recording = mask.value
        .and(PER)
        .ne(0)
        .and(
          load
            .i64(state, at.cr + 8 * 9)
            .and(PER_EVENTS)
            .ne(0),
        );
      const pending = load.i32(state, at.interruptionPending).and(mask.value.and(ENABLING).ne(0));
      const host = mask.value.and(WAIT).ne(0).or(recording).or(pending);
      e.if(host, () => {
        e.store("i32", state, at.event, I(Event.reload));
        e.return(budget.value);
      });
      e.if(budget.value.gtS(0), again);
      e.store("i32", state, at.event, I(Event.slice));
    });
  });
  e.emit(budget.value.node);
  module.define(index, e.body);
  return index;
}
