/**
 * MOVE STRING, COMPARE LOGICAL STRING and SEARCH STRING in WebAssembly. Registers change when the instruction ends
 * only. An access exception ends it at once when it has not handled 256 bytes yet, and otherwise condition code 3 does,
 * so that the exception is the next execution's. Source: Principles of Operation, "General Instructions".
 */
import { I32, type I64, V128 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import type { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, Event, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import {
  AddressRegister,
  CPU_DETERMINED,
  PARTIAL,
  least,
  offsetOfByte,
  pageRoom,
  repeated,
  zeroBytes,
} from "./extents.ts";

const I = I32.of;
const SPECIFICATION = 0x06;
/** The CPU handles at least so many bytes before it ends with condition code 3. */
const LEAST_HANDLED = 256;

export function buildStringRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
): readonly (readonly [name: string, index: number])[] {
  return [
    ["moveString", defineMove(module, runtime)],
    ["compareString", defineCompare(module, runtime)],
    ["searchString", defineSearch(module, runtime)],
  ];
}

/** (cpu, R1, R2) -> condition code or -1; general register 0 has the ending character. */
class StringInstruction {
  readonly e = new Emitter(3);
  readonly first: AddressRegister;
  readonly second: AddressRegister;
  /** Ending character, and the same in every byte. */
  readonly character: Local<I32>;
  readonly pattern: Local<I64>;
  readonly #index: number;
  readonly #module: ModuleBuilder;
  readonly #runtime: Runtime;
  readonly #state: I32;
  /** Bytes handled, and what to do when the instruction stops before its end. */
  readonly #handled: Local<I32>;
  readonly #advanced: readonly AddressRegister[];

  constructor(module: ModuleBuilder, runtime: Runtime, name: string, advanced: "both" | "second") {
    this.#module = module;
    this.#runtime = runtime;
    this.#index = module.declare(name, ["i32", "i32", "i32"], ["i32"]);
    const { e } = this;
    const state = e.parameter32(0);
    this.#state = state;
    e.if(load.i32(state, at.gr).and(~0xff), () => {
      e.callVoid(runtime.raise, state, I(SPECIFICATION), I(0));
      e.return(I(-1));
    });
    this.first = new AddressRegister(e, state, e.parameter32(1));
    this.second = new AddressRegister(e, state, e.parameter32(2));
    this.#advanced = advanced === "both" ? [this.first, this.second] : [this.second];
    this.character = e.local32(load.u8(state, at.gr));
    this.pattern = e.local64(repeated(this.character.value));
    this.#handled = e.local32(0);
  }
  #stop(): void {
    for (const operand of this.#advanced) operand.storeAddress();
    this.e.return(I(PARTIAL));
  }
  locate(operand: AddressRegister, access: number): Local<StorageOffset> {
    const { e } = this;
    const state = this.#state;
    const { address, number } = operand;
    const host = e.localOffset(emitLocate(e, this.#runtime, state, address.value, access, number));
    e.if(host.value.isZero(), () => {
      e.if(this.#handled.value.geU(LEAST_HANDLED), () => {
        e.store("i32", state, at.event, I(Event.none));
        this.#stop();
      });
      e.return(I(-1));
    });
    return host;
  }
  /** So many bytes had no end: go on behind them, or stop for now. */
  next(count: I32, again: () => void): void {
    const { e } = this;
    for (const operand of this.#advanced) operand.advance(count);
    e.set(this.#handled, this.#handled.value.add(count));
    e.if(this.#handled.value.ltU(CPU_DETERMINED), again);
    this.#stop();
  }
  /** End with an operand's register naming a byte `offset` to the right of where it stands. */
  end(cc: I32, offset: I32, ...operands: AddressRegister[]): void {
    for (const operand of operands) {
      operand.advance(offset);
      operand.storeAddress();
    }
    this.e.return(cc);
  }
  finish(): number {
    this.e.code.unreachable();
    this.#module.define(this.#index, this.e.body);
    return this.#index;
  }
}

/**
 * Moves bytes up to the one that ends the string, which is moved too, `count` at most; gives the offset of that byte,
 * or `count`. No byte that is stored is fetched later.
 */
function moveToByte(
  e: Emitter,
  to: StorageOffset,
  from: StorageOffset,
  count: I32,
  character: I32,
): Local<I32> {
  const n = e.local32(0);
  const pattern = e.local128(V128.splat(0, character));
  const piece = e.local128();
  e.block((ended) => {
    e.loop((again) => {
      e.if(n.value.add(16).leU(count), () => {
        e.set(piece, load.v128(from.sub(n.value).sub(15)));
        const ends = e.local32(piece.value.eq(0, pattern.value).bitmask());
        e.if(ends.value, () => {
          // The leftmost byte is the mask's leftmost bit of 16.
          const last = e.local32(ends.value.clz().sub(16));
          storeLeft(e, to, n.value, piece.value, last.value.add(1));
          e.set(n, n.value.add(last.value));
          ended();
        });
        e.store("v128", to.sub(n.value).sub(15), 0, piece.value);
        e.set(n, n.value.add(16));
        again();
      });
    });
    const byte = e.local32();
    e.loop((again) => {
      e.if(n.value.ltU(count), () => {
        e.set(byte, load.u8(from.sub(n.value)));
        e.store("i32_8", to.sub(n.value), 0, byte.value);
        e.if(byte.value.eq(character), ended);
        e.set(n, n.value.add(1));
        again();
      });
    });
  });
  return n;
}
/** Stores the leftmost 1 to 16 bytes of a vector, `offset` bytes to the right of a place. */
function storeLeft(e: Emitter, to: StorageOffset, offset: I32, vector: V128, length: I32): void {
  const n = e.local32(offset);
  const left = e.local64(vector.doubleword(0));
  e.if(
    length.and(16),
    () => e.store("v128", to.sub(n.value).sub(15), 0, vector),
    () => {
      const part = (size: 8 | 4 | 2 | 1, store: "i64" | "i64_32" | "i64_16" | "i64_8") =>
        e.if(length.and(size), () => {
          const value = left.value.shrU(64 - 8 * size);
          e.store(store, to.sub(n.value).sub(size - 1), 0, value);
          e.set(left, size === 8 ? vector.doubleword(1) : left.value.shl(8 * size));
          e.set(n, n.value.add(size));
        });
      part(8, "i64");
      part(4, "i64_32");
      part(2, "i64_16");
      part(1, "i64_8");
    },
  );
}

/** CC: 1 moved, R1 names the ending character's place; 3 not yet done. */
function defineMove(module: ModuleBuilder, runtime: Runtime): number {
  const string = new StringInstruction(module, runtime, "moveString", "both");
  const { e, first, second, character } = string;
  e.loop((again) => {
    const from = string.locate(second, Access.fetch);
    const to = string.locate(first, Access.store);
    const count = e.local32(pageRoom(first.address.value));
    const room = e.local32(pageRoom(second.address.value));
    e.set(count, least(count.value, room.value));
    const distance = e.localOffset(from.value.sub(to.value)); // guest: first - second
    e.if(
      distance.value.sub(1).ltU(count.value.sub(1)),
      () => {
        // What is stored will be fetched again: byte by byte.
        const n = e.local32(0);
        e.loop((more) => {
          const byte = e.local32(load.u8(from.value.sub(n.value)));
          e.store("i32_8", to.value.sub(n.value), 0, byte.value);
          e.if(byte.value.eq(character.value), () => string.end(I(1), n.value, first));
          e.set(n, n.value.add(1));
          e.if(n.value.ltU(count.value), more);
        });
      },
      () => {
        const end = moveToByte(e, to.value, from.value, count.value, character.value);
        e.if(end.value.ltU(count.value), () => string.end(I(1), end.value, first));
      },
    );
    string.next(count.value, again);
  });
  return string.finish();
}

/** CC: 0 equal; 1 first low and 2 first high, R1 and R2 name the bytes; 3 not yet done. */
function defineCompare(module: ModuleBuilder, runtime: Runtime): number {
  const string = new StringInstruction(module, runtime, "compareString", "both");
  const { e, first, second, pattern, character } = string;
  const n = e.local32();
  e.loop((again) => {
    const a = string.locate(first, Access.fetch);
    const b = string.locate(second, Access.fetch);
    const count = e.local32(pageRoom(first.address.value));
    const room = e.local32(pageRoom(second.address.value));
    e.set(count, least(count.value, room.value));
    e.set(n, I(0));
    e.loop((more) => {
      e.if(n.value.add(8).leU(count.value), () => {
        const x = e.local64(load.i64(a.value.sub(n.value).sub(7)));
        const y = load.i64(b.value.sub(n.value).sub(7));
        const ends = zeroBytes(e, x.value.xor(pattern.value));
        e.if(x.value.eq(y).and(ends.value.isZero()), () => {
          e.set(n, n.value.add(8));
          more();
        });
      });
    });
    e.loop((more) => {
      e.if(n.value.ltU(count.value), () => {
        const x = e.local32(load.u8(a.value.sub(n.value)));
        const y = e.local32(load.u8(b.value.sub(n.value)));
        e.if(x.value.ne(y.value), () => {
          // The operand that ends is the shorter one, and low whatever its ending character is.
          const low = x.value.eq(character.value).or(x.value.ltU(y.value).and(y.value.ne(character.value)));
          string.end(low.select(I(1), I(2)), n.value, first, second);
        });
        e.if(x.value.eq(character.value), () => e.return(I(0)));
        e.set(n, n.value.add(1));
        more();
      });
    });
    string.next(count.value, again);
  });
  return string.finish();
}

/** CC: 1 found, R1 names it; 2 not found before the address in R1; 3 not yet done. */
function defineSearch(module: ModuleBuilder, runtime: Runtime): number {
  const string = new StringInstruction(module, runtime, "searchString", "second");
  const { e, first, second, pattern } = string;
  e.loop((again) => {
    const left = e.local64(first.address.value.sub(second.address.value));
    e.if(left.value.isZero(), () => e.return(I(2)));
    const host = string.locate(second, Access.fetch);
    const count = e.local32(pageRoom(second.address.value));
    // An end to the left is reached after wrapping around.
    e.if(left.value.ltU(count.value.unsigned64()), () => e.set(count, left.value.low32()));
    const place = offsetOfByte(e, host.value, count.value, pattern.value);
    e.if(place.value.ltU(count.value), () => {
      e.set(first.address, second.address.value);
      string.end(I(1), place.value, first);
    });
    string.next(count.value, again);
  });
  return string.finish();
}
