/** The interpreter's side of compiled code: where a program arrives by a jump, it is counted or entered. */
import { I32, I64 } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import { Emitter, type Label, type Local, load } from "../lower/emitter.ts";
import {
  Arrivals,
  Entries,
  EntryRequest,
  Event,
  Patience,
  ProgramMask,
  REAL_SPACE,
  Tlb,
  cpu as at,
} from "../state.ts";
import { type StorageOffset, offsetType } from "../lower/storage-offset.ts";
import { addendOf, entryOffset } from "../lower/tlb-entry.ts";
import type { ModuleBuilder, Signature } from "../wasm/module.ts";

const I = I32.of;

/**
 * A region: (cpu, address of its first instruction, budget) -> budget left, which may be less than zero. The PSW's
 * address is the next instruction's, unless an event says otherwise.
 */
export const regionSignature: Signature = { parameters: ["i32", "i64", "i32"], results: ["i32"] };

/** What arriving needs to know of the interpreter. */
export interface Arrival {
  readonly cpu: I32;
  readonly budget: Local<I32>;
  readonly form: StorageForm;
  readonly place: Local<StorageOffset>;
  readonly origin: Local<I64>;
  readonly target: Local<I64>;
  readonly enter: Label;
  /** Not zero: the instruction at `place` is not for compiled code. */
  readonly interpretNext: Local<I32>;
}

/** How compiled code is found. */
export interface Entering {
  /** Number of the table of regions. */
  readonly regions: number;
  /** Function that compiles what is asked for, to be called wherever no region is known. */
  readonly wanted: number | undefined;
}

const ENTRY_SHIFT = 3;
/** From a place, whose lowest bit is the same for all instructions, to its entry. */
export const entryOf = (place: number): number =>
  Entries.base + ((place << (ENTRY_SHIFT - 1)) & (Entries.size - 8));

/**
 * What an entry has of the place that it is for. Offsets of 64 bits have 34 that are not always zero; the lowest does not
 * tell places apart, and the next one says where the entry is.
 */
export const placeInEntry = (form: StorageForm, place: number): number =>
  form === "wide" ? Math.floor(place / 4) : place;
const emitPlaceInEntry = (form: StorageForm, place: StorageOffset): I32 =>
  form === "wide" ? place.shrU(2) : place.low32();

/** Offset of a place's entry in the table. */
const entryPlace = (place: StorageOffset): I32 =>
  place
    .low32()
    .shl(ENTRY_SHIFT - 1)
    .and(Entries.size - 8);

/** Not zero: the program mask has a bit that compiled code does not look at. */
export const maskRefuses = (cpu: I32): I32 =>
  load.u8(cpu, at.pswMask + 5).and(load.i32(I(ProgramMask.untested)));

/**
 * Define `chain`, where a region ends that does not know what comes next: (cpu, address, budget) -> budget left. Goes
 * on with the region at the address; returns, with the address in the PSW, when the interpreter has to look.
 */
export function defineChain(module: ModuleBuilder, form: StorageForm, regions: number): number {
  const { parameters, results } = regionSignature;
  const index = module.declare("chain", parameters, results);
  const e = new Emitter(parameters.length);
  const [cpu, address, budget] = [e.parameter32(0), e.parameter64(1), e.parameter32(2)];
  const tlb = e.local32(load.i32(cpu, at.tlbFetch).add(entryOffset(address, Tlb.fetchEntries)));
  e.block((leave) => {
    const unless = (condition: I32) => e.if(condition, leave);
    unless(budget.leS(0));
    unless(load.i64(cpu, at.addressMask).ne(-1));
    unless(maskRefuses(cpu));
    // An odd address differs from every tag.
    unless(load.i64(tlb.value).ne(address.and(~0xffen)));
    const place = e.localOffset(addendOf(form, tlb.value).sub(address));
    const entry = e.local32(entryPlace(place.value));
    unless(load.i32(entry.value, Entries.base).ne(emitPlaceInEntry(form, place.value)));
    const value = e.local32(load.i32(entry.value, Entries.base + 4));
    unless(value.value.geS(0));
    countEntry(e, value.value, { form, cpu, place: place.value, address });
    for (const argument of [cpu, address, budget, value.value.and(0x7fff_ffff)]) e.emit(argument.node);
    e.code.returnCallIndirect(module.type(parameters, results), regions);
  });
  e.store("i64", cpu, at.pswAddress, address);
  e.emit(budget.node);
  module.define(index, e.body);
  return index;
}

/** Comes to its end when the instruction at `place` has to be interpreted. */
export function emitArrival(
  e: Emitter,
  arrival: Arrival,
  module: ModuleBuilder,
  { regions, wanted }: Entering,
): void {
  const { interpretNext } = arrival;
  e.block((done) => {
    e.rarely(interpretNext.value, () => {
      e.set(interpretNext, I(0));
      done();
    });
    emitLookUp(e, arrival, module, { regions, wanted });
  });
}

function emitLookUp(
  e: Emitter,
  arrival: Arrival,
  module: ModuleBuilder,
  { regions, wanted }: Entering,
): void {
  const { form, place } = arrival;
  const entry = e.local32(entryPlace(place.value));
  const known = emitPlaceInEntry(form, place.value);
  if (wanted !== undefined) {
    const other = load.i32(entry.value, Entries.base).ne(known);
    e.if(other.or(load.i32(entry.value, Entries.base + 4).isZero()), () => {
      e.store("i32", I(Entries.requests), 0, I(0));
      request(e, whereOf(arrival));
      e.callVoid(wanted);
    });
  }
  const value = e.local32(load.i32(entry.value, Entries.base + 4));
  e.if(
    load.i32(entry.value, Entries.base).eq(known),
    () => {
      e.if(
        value.value.ltS(0),
        () => enterRegion(e, arrival, module, regions, value.value),
        () => count(e, arrival, entry.value, value.value),
      );
    },
    () => {
      // A count gives way to that of a place which control comes to more often; compiled code does not.
      e.if(
        value.value.gtS(1),
        () => e.store("i32", entry.value, Entries.base + 4, value.value.sub(1)),
        () =>
          e.if(value.value.geS(0), () => {
            e.store("i32", entry.value, Entries.base, known);
            e.store("i32", entry.value, Entries.base + 4, I(1));
          }),
      );
    },
  );
}

/** Regions are for the 64-bit mode, and mostly for a program mask of zero. */
function enterRegion(e: Emitter, arrival: Arrival, module: ModuleBuilder, regions: number, value: I32): void {
  const { cpu, budget, place, origin, target, enter } = arrival;
  e.rarely(maskRefuses(cpu), () => e.store("i32", I(ProgramMask.met), 0, I(1)));
  e.if(load.i64(cpu, at.addressMask).eq(-1).and(maskRefuses(cpu).isZero()), () => {
    const address = addressOf(place, origin);
    countEntry(e, value, whereOf(arrival));
    e.rarely(budget.value.leS(0), () => {
      e.store("i32", cpu, at.event, I(Event.slice));
      e.store("i64", cpu, at.pswAddress, address);
      e.return(budget.value);
    });
    for (const argument of [cpu, address, budget.value, value.and(0x7fff_ffff)]) e.emit(argument.node);
    e.code
      .callIndirect(module.type(regionSignature.parameters, regionSignature.results), regions)
      .set(budget.index);
    e.rarely(load.i32(cpu, at.event), () => e.return(budget.value));
    e.set(target, load.i64(cpu, at.pswAddress));
    e.set(arrival.interpretNext, load.i32(cpu, at.interpretNext));
    e.store("i32", cpu, at.interpretNext, I(0));
    e.goto(enter);
  });
}

/** A region is about to be entered: when it has been often enough, it is worth being compiled again. */
function countEntry(e: Emitter, value: I32, where: Where): void {
  e.store("i32", where.cpu, at.lastRegion, value);
  const count = e.local32(value.shl(2)); // the sign, which says that there is a region, is shifted out
  const left = e.local32(load.i32(count.value, Patience.base));
  e.rarely(left.value, () => {
    e.set(left, left.value.sub(1));
    e.store("i32", count.value, Patience.base, left.value);
    e.rarely(left.value.isZero(), () => request(e, where));
    e.rarely(left.value.and(Arrivals.among - 1).isZero(), () => noteArrival(e, where));
  });
}

function noteArrival(e: Emitter, { cpu, address }: Where): void {
  const count = e.local32(load.i32(I(Arrivals.base)));
  e.if(count.value.ltU(Arrivals.most), () => {
    const next = e.local32(count.value.mul(Arrivals.size)).value;
    e.store("i64", next, Arrivals.base + Arrivals.first, load.i64(cpu, at.breakingEvent));
    e.store("i64", next, Arrivals.base + Arrivals.first + 8, address);
    e.store("i32", I(Arrivals.base), 0, count.value.add(1));
  });
}

interface Where {
  readonly form: StorageForm;
  readonly cpu: I32;
  readonly place: StorageOffset;
  readonly address: I64;
}
const whereOf = ({ form, cpu, place, origin }: Arrival): Where => ({
  form,
  cpu,
  place: place.value,
  address: addressOf(place, origin),
});

/** Ask for compilation. */
function request(e: Emitter, { form, cpu, place, address }: Where): void {
  const requests = e.local32(load.i32(I(Entries.requests)));
  e.if(requests.value.ltU(Entries.mostRequests), () => {
    const next = e.local32(requests.value.mul(EntryRequest.size)).value;
    const asce = load.i32(cpu, at.dat).select(load.i64(cpu, at.asceFetch), I64.of(REAL_SPACE));
    e.store(offsetType(form), next, Entries.requests + EntryRequest.place, place);
    e.store("i64", next, Entries.requests + EntryRequest.address, address);
    e.store("i64", next, Entries.requests + EntryRequest.asce, asce);
    e.store("i32", I(Entries.requests), 0, requests.value.add(1));
  });
}
const addressOf = (place: Local<StorageOffset>, origin: Local<I64>): I64 =>
  origin.value.sub(place.value.unsigned64());

function count(e: Emitter, arrival: Arrival, entry: I32, value: I32): void {
  const threshold = e.local32(load.i32(I(Entries.threshold))).value;
  e.if(value.leU(threshold), () => {
    e.rarely(value.eq(threshold), () => request(e, whereOf(arrival)));
    e.store("i32", entry, Entries.base + 4, value.add(1));
  });
}
