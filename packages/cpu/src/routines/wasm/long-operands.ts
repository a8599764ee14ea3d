/**
 * MOVE LONG, COMPARE LOGICAL LONG and their extended forms in WebAssembly. Registers are kept up to date piece by
 * piece: an access exception finds them at the point of progress, where the instruction will go on.
 * Source: Principles of Operation, "General Instructions".
 */
import { I32, I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, Event, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import {
  CPU_DETERMINED,
  ExtentRegisters,
  PARTIAL,
  copyBytes,
  fillBytes,
  least,
  repeated,
} from "./extents.ts";

const I = I32.of;

export function buildLongOperandRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
): readonly (readonly [name: string, index: number])[] {
  return [
    ["moveLong", defineMove(module, runtime, "moveLong", 24)],
    ["moveLongExtended", defineMove(module, runtime, "moveLongExtended", 64)],
    ["compareLong", defineCompare(module, runtime, "compareLong", 24)],
    ["compareLongExtended", defineCompare(module, runtime, "compareLongExtended", 64)],
  ];
}

/** (cpu, R1, R2 or R3[, padding address]) -> condition code or -1. */
class LongInstruction {
  readonly e: Emitter;
  readonly index: number;
  readonly state: I32;
  readonly first: ExtentRegisters;
  readonly second: ExtentRegisters;
  readonly padding: Local<I32>;
  readonly #module: ModuleBuilder;
  readonly #runtime: Runtime;
  readonly #handled: Local<I64> | undefined;

  constructor(module: ModuleBuilder, runtime: Runtime, name: string, bits: 24 | 64) {
    const extended = bits === 64;
    this.#module = module;
    this.#runtime = runtime;
    this.index = module.declare(
      name,
      ["i32", "i32", "i32", ...(extended ? (["i64"] as const) : [])],
      ["i32"],
    );
    const e = new Emitter(extended ? 4 : 3);
    this.e = e;
    this.state = e.parameter32(0);
    this.first = new ExtentRegisters(e, this.state, e.parameter32(1), bits);
    this.second = new ExtentRegisters(e, this.state, e.parameter32(2), bits);
    this.padding = e.local32(extended ? e.parameter64(3).low32().and(0xff) : this.second.padding());
    this.#handled = extended ? e.local64(I64.of(0)) : undefined;
  }
  /** Host offset of the operand's next byte; leaves the routine when it may not be accessed. */
  locate(operand: ExtentRegisters, access: number): Local<StorageOffset> {
    const { e } = this;
    const { address, number } = operand;
    const host = e.localOffset(emitLocate(e, this.#runtime, this.state, address.value, access, number));
    e.if(host.value.isZero(), () => {
      const handled = this.#handled;
      // The extended forms end with condition code 3 before the exception, which the next execution will meet.
      if (handled !== undefined)
        e.if(handled.value.ne(0), () => {
          e.store("i32", this.state, at.event, I(Event.none));
          e.return(I(PARTIAL));
        });
      e.return(I(-1));
    });
    return host;
  }
  /** The extended forms end with condition code 3 after a while. */
  pause(count: I32, unfinished: I32): void {
    const { e } = this;
    const handled = this.#handled;
    if (handled === undefined) return;
    e.set(handled, handled.value.add(count.unsigned64()));
    e.if(handled.value.geU(CPU_DETERMINED).and(unfinished), () => e.return(I(PARTIAL)));
  }
  finish(cc: I32): number {
    this.e.emit(cc.node);
    this.#module.define(this.index, this.e.body);
    return this.index;
  }
}

/** CC: 0 lengths equal, 1 first shorter, 2 first longer, 3 destructive overlap (MVCL) or not yet done (MVCLE). */
function defineMove(module: ModuleBuilder, runtime: Runtime, name: string, bits: 24 | 64): number {
  const move = new LongInstruction(module, runtime, name, bits);
  const { e, state, first, second } = move;
  const [to, from] = [first.length, second.length];
  const cc = e.local32(to.value.ltU(from.value).or(to.value.gtU(from.value).shl(1)));
  // Unused address bits become zero also when nothing is moved.
  first.storeAddress();
  second.storeAddress();
  if (bits === 24) {
    const used = e.local64(least(to.value, from.value));
    const mask = load.i64(state, at.addressMask);
    const distance = e.local64(first.address.value.sub(second.address.value).and(mask));
    e.if(distance.value.ne(0).and(distance.value.ltU(used.value)), () => e.return(I(3)));
  }
  e.loop((again) => {
    e.if(to.value.ne(0), () => {
      const count = first.here();
      e.if(
        from.value.ne(0),
        () => {
          e.set(count, least(count.value, second.here().value));
          const source = move.locate(second, Access.fetch);
          const target = move.locate(first, Access.store);
          copyBytes(e, target.value, source.value, count.value);
          second.consume(count.value);
        },
        () => {
          const target = move.locate(first, Access.store);
          fillBytes(e, target.value, move.padding.value, count.value);
        },
      );
      first.consume(count.value);
      move.pause(count.value, to.value.ne(0));
      again();
    });
  });
  return move.finish(cc.value);
}

/** CC: 0 equal, 1 first low, 2 first high, 3 not yet done (CLCLE). */
function defineCompare(module: ModuleBuilder, runtime: Runtime, name: string, bits: 24 | 64): number {
  const compare = new LongInstruction(module, runtime, name, bits);
  const { e, first, second } = compare;
  const [left, right] = [first.length, second.length];
  if (bits === 24) {
    first.storeAddress();
    second.storeAddress();
  }
  const pad = e.local64(repeated(compare.padding.value));
  const none = StorageOffset.of(runtime.form, 0);
  const a = e.localOffset(runtime.form);
  const b = e.localOffset(runtime.form);
  const count = e.local32();
  const equal = e.local32();
  e.loop((again) => {
    e.if(left.value.or(right.value).ne(0), () => {
      // An operand that has come to its end is continued by padding bytes.
      e.set(a, none);
      e.set(b, none);
      e.set(count, I(-1));
      e.if(left.value.ne(0), () => {
        e.set(count, first.here().value);
        e.set(a, compare.locate(first, Access.fetch).value);
      });
      e.if(right.value.ne(0), () => {
        e.set(count, least(count.value, second.here().value));
        e.set(b, compare.locate(second, Access.fetch).value);
      });
      const order = compareOrPad(e, a.value, b.value, count.value, pad.value, equal);
      e.if(left.value.ne(0), () => first.consume(equal.value));
      e.if(right.value.ne(0), () => second.consume(equal.value));
      e.if(order.value, () => e.return(order.value));
      compare.pause(count.value, left.value.or(right.value).ne(0));
      again();
    });
  });
  return compare.finish(I(0));
}

/**
 * Compares `count` bytes at host offsets `a` and `b` (0: padding). Leaves the number of equal bytes in `equal`, and
 * returns 0 all equal, 1 first low, 2 first high.
 */
function compareOrPad(
  e: Emitter,
  a: StorageOffset,
  b: StorageOffset,
  count: I32,
  pad: I64,
  equal: Local<I32>,
): Local<I32> {
  const order = e.local32(0);
  const [x, y] = [e.local64(), e.local64()];
  const both = (read: (host: StorageOffset) => I64) => {
    const get = (into: Local<I64>, host: StorageOffset) =>
      e.if(
        host.isNotZero(),
        () => e.set(into, read(host.sub(equal.value))),
        () => e.set(into, pad),
      );
    get(x, a);
    get(y, b);
  };
  e.set(equal, I(0));
  e.block((done) => {
    e.loop((again) => {
      e.if(equal.value.add(8).leU(count), () => {
        both((host) => load.i64(host.sub(7)));
        e.if(x.value.ne(y.value), () => {
          e.set(order, x.value.ltU(y.value).select(I(1), I(2)));
          e.set(equal, equal.value.add(x.value.xor(y.value).clz().low32().shrU(3)));
          done();
        });
        e.set(equal, equal.value.add(8));
        again();
      });
    });
    e.loop((again) => {
      e.if(equal.value.geU(count), done);
      both((host) => load.u8(host).unsigned64());
      e.set(x, x.value.and(0xff));
      e.set(y, y.value.and(0xff));
      e.if(x.value.ne(y.value), () => {
        e.set(order, x.value.ltU(y.value).select(I(1), I(2)));
        done();
      });
      e.set(equal, equal.value.add(1));
      again();
    });
  });
  return order;
}
