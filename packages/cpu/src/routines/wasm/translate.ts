/**
 * TRANSLATE and TRANSLATE AND TEST in WebAssembly. Function bytes of the table are accessed only where an argument
 * byte asks for them. Source: Principles of Operation, "General Instructions".
 */
import { I32, type I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { inExtendedMode, pageRoom } from "./extents.ts";

const I = I32.of;

export function buildTranslationRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
): readonly (readonly [name: string, index: number])[] {
  return [
    ["translate", defineTranslate(module, runtime)],
    ["translateAndTest", defineTranslateAndTest(module, runtime)],
  ];
}

/** An operand of at most 256 bytes on one page or two. */
class ShortOperand {
  readonly #e: Emitter;
  readonly #locate: (address: I64) => Local<StorageOffset>;
  readonly #address: I64;
  readonly #beyond: I64;
  /** Bytes on the first page. */
  readonly room: Local<I32>;
  /** Host offsets as if all of it stood on one page; 0: not located yet. */
  readonly #near: Local<StorageOffset>;
  readonly #far: Local<StorageOffset>;

  constructor(e: Emitter, runtime: Runtime, state: I32, address: I64, access: number, ar: I32) {
    this.#e = e;
    this.#address = address;
    this.#beyond = address.and(~0xfffn).add(0x1000).and(load.i64(state, at.addressMask));
    this.room = e.local32(pageRoom(address));
    const none = StorageOffset.of(runtime.form, 0);
    this.#near = e.localOffset(none);
    this.#far = e.localOffset(none);
    this.#locate = (where) => {
      const host = e.localOffset(emitLocate(e, runtime, state, where, access, ar));
      e.if(host.value.isZero(), () => e.return(I(-1)));
      return host;
    };
  }
  /** Leaves the routine when the byte at this offset may not be accessed. */
  require(offset: I32): void {
    const e = this.#e;
    e.if(
      offset.ltU(this.room.value),
      () => e.if(this.#near.value.isZero(), () => e.set(this.#near, this.#locate(this.#address).value)),
      () =>
        e.if(this.#far.value.isZero(), () =>
          e.set(this.#far, this.#locate(this.#beyond).value.add(this.room.value)),
        ),
    );
  }
  /** Host offset of a byte that has been required. */
  place(offset: I32): StorageOffset {
    return StorageOffset.choose(offset.ltU(this.room.value), this.#near.value, this.#far.value).sub(offset);
  }
}

/** (cpu, first, first ar, second, second ar, length 1..256) */
function operands(module: ModuleBuilder, runtime: Runtime, name: string, access: number) {
  const index = module.declare(name, ["i32", "i64", "i32", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const first = new ShortOperand(e, runtime, state, e.parameter64(1), access, e.parameter32(2));
  const table = new ShortOperand(e, runtime, state, e.parameter64(3), Access.fetch, e.parameter32(4));
  return { index, e, state, first, table, length: e.parameter32(5) };
}

function defineTranslate(module: ModuleBuilder, runtime: Runtime): number {
  const { index, e, first, table, length } = operands(module, runtime, "translate", Access.store);
  const n = e.local32(0);
  const eachByte = (act: (place: StorageOffset) => void) => {
    e.set(n, I(0));
    e.loop((again) => {
      const place = e.localOffset(first.place(n.value));
      act(place.value);
      e.set(n, n.value.add(1));
      e.if(n.value.ltU(length), again);
    });
  };
  first.require(I(0));
  first.require(length.sub(1));
  e.if(
    table.room.value.geU(256),
    () => table.require(I(0)),
    () => eachByte((place) => table.require(e.local32(load.u8(place)).value)),
  );
  eachByte((place) => {
    const argument = e.local32(load.u8(place));
    e.store("i32_8", place, 0, load.u8(table.place(argument.value)));
  });
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** CC: 0 all function bytes zero, 1 one that is not, before the last, 2 the last is not. */
function defineTranslateAndTest(module: ModuleBuilder, runtime: Runtime): number {
  const { index, e, state, first, table, length } = operands(
    module,
    runtime,
    "translateAndTest",
    Access.fetch,
  );
  const n = e.local32(0);
  e.loop((again) => {
    first.require(n.value);
    const argument = e.local32(load.u8(first.place(n.value)));
    table.require(argument.value);
    const byte = e.local32(load.u8(table.place(argument.value)));
    e.if(byte.value, () => {
      const mask = load.i64(state, at.addressMask);
      const address = e.local64(e.parameter64(1).add(n.value.unsigned64()).and(mask));
      e.if(
        inExtendedMode(state),
        () => e.store("i64", state, at.gr + 8, address.value),
        () => {
          // The 24-bit mode leaves bits 32-39 of general register 1 alone.
          const kept = mask.eq(0xff_ffff).select(load.i32(state, at.gr + 8).and(0xff00_0000 | 0), I(0));
          e.store("i32", state, at.gr + 8, address.value.low32().or(kept));
        },
      );
      e.store("i32_8", state, at.gr + 16, byte.value);
      e.return(n.value.add(1).eq(length).select(I(2), I(1)));
    });
    e.set(n, n.value.add(1));
    e.if(n.value.ltU(length), again);
  });
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}
