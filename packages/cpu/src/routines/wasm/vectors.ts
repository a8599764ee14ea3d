/**
 * Vector instructions that are more than an expression, in WebAssembly: rows of registers, operands of less than 16
 * bytes, products of polynomials. Vector registers lie reversed, as storage does.
 */
import { DOUBLEWORD, type ElementSize, HALFWORD, I32, I64, V128, WORD } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { pageRoom } from "./extents.ts";

const I = I32.of;
const REGISTER = 16;

export function buildVectorRoutines(
  module: ModuleBuilder,
  runtime: Runtime,
): readonly (readonly [name: string, index: number])[] {
  return [
    ["loadVectors", defineRow(module, runtime, "loadVectors", Access.fetch)],
    ["storeVectors", defineRow(module, runtime, "storeVectors", Access.store)],
    ["loadLeftmostBytes", defineLoadLeftmost(module, runtime)],
    ["storeLeftmostBytes", defineStoreLeftmost(module, runtime)],
    ["galoisMultiplySum", defineGalois(module)],
    ["multiplySumLogical", defineMultiplySum(module)],
    ["vectorSearchString", defineSearch(module)],
  ];
}

/** Host offset of a vector register, less `at.vr`. */
const place = (state: I32, register: I32): I32 => state.add(register.shl(4));

/** An operand of up to 256 bytes that may lie on two pages. */
class Operand {
  /** Host offsets of the first byte, and of the first byte on the second page. */
  readonly host: Local<StorageOffset>;
  readonly next: Local<StorageOffset>;
  /** Bytes on the first page. */
  readonly room: Local<I32>;

  /** `cross`: what else to do when the operand goes on on another page. */
  constructor(e: Emitter, runtime: Runtime, address: I64, ar: I32, length: I32, access: number) {
    const state = e.parameter32(0);
    const locate = (where: I64): StorageOffset => {
      const host = emitLocate(e, runtime, state, where, access, ar);
      e.if(host.isZero(), () => e.return(I(-1)));
      return host;
    };
    this.host = e.localOffset(locate(address));
    this.room = e.local32(pageRoom(address));
    this.next = e.localOffset(StorageOffset.of(runtime.form, 0));
    e.rarely(this.room.value.ltU(length), () => {
      const beyond = address.and(~0xfffn).add(0x1000).and(load.i64(state, at.addressMask));
      e.set(this.next, locate(beyond));
    });
  }
  /** Host offset of byte n. */
  byte(n: I32): StorageOffset {
    const { room, host, next } = this;
    const beyond = next.value.sub(n.sub(room.value));
    return StorageOffset.choose(n.ltU(room.value), host.value.sub(n), beyond);
  }
}

/** (cpu, address, AR, first register, last register) -> 0 or -1. */
function defineRow(module: ModuleBuilder, runtime: Runtime, name: string, access: number): number {
  const index = module.declare(name, ["i32", "i64", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(5);
  const state = e.parameter32(0);
  const first = e.parameter32(3);
  const bytes = e.local32(e.parameter32(4).sub(first).add(1).shl(4));
  const operand = new Operand(e, runtime, e.parameter64(1), e.parameter32(2), bytes.value, access);
  const register = e.local32(place(state, first));
  const done = e.local32(0);
  const transfer = (host: StorageOffset) => {
    const lowest = host.sub(REGISTER - 1);
    if (access === Access.fetch) e.store("v128", register.value, at.vr, load.v128(lowest));
    else e.store("v128", lowest, 0, load.v128(register.value, at.vr));
  };
  const byteByByte = () => {
    const n = e.local32(0);
    e.loop((again) => {
      const inStorage = e.localOffset(operand.byte(done.value.add(n.value)));
      const inRegister = register.value.add(REGISTER - 1).sub(n.value);
      if (access === Access.fetch) e.store("i32_8", inRegister, at.vr, load.u8(inStorage.value));
      else e.store("i32_8", inStorage.value, 0, load.u8(inRegister, at.vr));
      e.set(n, n.value.add(1));
      e.if(n.value.ltU(REGISTER), again);
    });
  };
  e.loop((again) => {
    const { room } = operand;
    const straddles = done.value.ltU(room.value).and(done.value.add(REGISTER).gtU(room.value));
    e.if(straddles, byteByByte, () => transfer(operand.byte(done.value)), "unlikely");
    e.set(register, register.value.add(REGISTER));
    e.set(done, done.value.add(REGISTER));
    e.if(done.value.ltU(bytes.value), again);
  });
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** Ones in bytes 0 to `last`. */
const leftmost = (last: I32): V128 => {
  const numbers = V128.ofBytes(Array.from({ length: 16 }, (_, n) => n));
  return numbers.gtU(0, V128.splat(0, last)).not();
};

/** (cpu, address, AR, register, number of the last byte) -> 0 or -1. The other bytes become zeros. */
function defineLoadLeftmost(module: ModuleBuilder, runtime: Runtime): number {
  const index = module.declare("loadLeftmostBytes", ["i32", "i64", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(5);
  const [state, last] = [e.parameter32(0), e.parameter32(4)];
  const register = e.local32(place(state, e.parameter32(3)));
  const length = last.add(1);
  const operand = new Operand(e, runtime, e.parameter64(1), e.parameter32(2), length, Access.fetch);
  e.if(
    operand.room.value.geU(length),
    () => {
      // What lies behind the operand is taken along and dropped.
      const all = load.v128(operand.host.value.sub(REGISTER - 1));
      e.store("v128", register.value, at.vr, all.and(leftmost(last)));
    },
    () => {
      e.store("v128", register.value, at.vr, V128.zero);
      const n = e.local32(0);
      e.loop((again) => {
        e.store(
          "i32_8",
          register.value.add(REGISTER - 1).sub(n.value),
          at.vr,
          load.u8(operand.byte(n.value)),
        );
        e.set(n, n.value.add(1));
        e.if(n.value.ltU(length), again);
      });
    },
    "likely",
  );
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** (cpu, address, AR, register, number of the last byte) -> 0 or -1. */
function defineStoreLeftmost(module: ModuleBuilder, runtime: Runtime): number {
  const index = module.declare("storeLeftmostBytes", ["i32", "i64", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(5);
  const state = e.parameter32(0);
  const register = e.local32(place(state, e.parameter32(3)));
  const length = e.local32(e.parameter32(4).add(1));
  const operand = new Operand(e, runtime, e.parameter64(1), e.parameter32(2), length.value, Access.store);
  e.if(
    operand.room.value.geU(length.value),
    () => {
      // Pieces of 16, 8, 4, 2 and 1 bytes, from the left; both ends lie one beyond what is still to be moved.
      const to = e.localOffset(operand.host.value.add(1));
      const from = e.local32(register.value.add(REGISTER));
      const piece = (size: number, move: () => void) =>
        e.if(length.value.and(size), () => {
          e.set(to, to.value.sub(size));
          e.set(from, from.value.sub(size));
          move();
        });
      piece(16, () => e.store("v128", to.value, 0, load.v128(from.value, at.vr)));
      piece(8, () => e.store("i64", to.value, 0, load.i64(from.value, at.vr)));
      piece(4, () => e.store("i32", to.value, 0, load.i32(from.value, at.vr)));
      piece(2, () => e.store("i32_16", to.value, 0, load.u16(from.value, at.vr)));
      piece(1, () => e.store("i32_8", to.value, 0, load.u8(from.value, at.vr)));
    },
    () => {
      const n = e.local32(0);
      e.loop((again) => {
        const byte = load.u8(register.value.add(REGISTER - 1).sub(n.value), at.vr);
        e.store("i32_8", operand.byte(n.value), 0, byte);
        e.set(n, n.value.add(1));
        e.if(n.value.ltU(length.value), again);
      });
    },
    "likely",
  );
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/**
 * (cpu, V1, V2, V3, V4 or -1, element size) -> 0. Elements are polynomials over two: products of even and of odd
 * elements, twice the size, and the fourth operand are added without carries.
 */
function defineGalois(module: ModuleBuilder): number {
  const index = module.declare("galoisMultiplySum", ["i32", "i32", "i32", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const [state, fourth, size] = [e.parameter32(0), e.parameter32(4), e.parameter32(5)];
  const register = (n: number) => e.local128(load.v128(place(state, e.parameter32(n)), at.vr)).value;
  const [a, b] = [register(2), register(3)];
  const result = e.local128(V128.zero);
  e.if(fourth.geS(0), () => e.set(result, load.v128(place(state, fourth), at.vr)));
  const add = (addend: V128) => e.set(result, result.value.xor(addend));
  const finish = () => {
    e.store("v128", place(state, e.parameter32(1)), at.vr, result.value);
    e.return(I(0));
  };
  /** Element by element: multiplicand moved by n, where bit n of the multiplier is a one. */
  const term = (wide: ElementSize, x: V128, y: V128, n: I32): V128 => {
    const last = (8 << wide) - 1;
    return x.shiftLeft(wide, n).and(y.shiftLeft(wide, I(last).sub(n)).shiftRightSigned(wide, last));
  };
  const repeat = (times: number, each: (n: I32) => void) => {
    const n = e.local32(0);
    e.loop((again) => {
      each(n.value);
      e.set(n, n.value.add(1));
      e.if(n.value.ltU(times), again);
    });
  };
  ([HALFWORD, WORD, DOUBLEWORD] as const).forEach((wide, narrow) => {
    e.if(size.eq(narrow), () => {
      const width = 8 << narrow;
      const odd = V128.every(wide, (1n << BigInt(width)) - 1n);
      const [evenA, oddA] = [e.local128(a.shiftRight(wide, width)).value, e.local128(a.and(odd)).value];
      const [evenB, oddB] = [e.local128(b.shiftRight(wide, width)).value, e.local128(b.and(odd)).value];
      repeat(width, (n) => {
        add(term(wide, evenA, evenB, n));
        add(term(wide, oddA, oddB, n));
      });
      finish();
    });
  });
  const right = e.local128(V128.zero);
  const left = e.local128(V128.zero);
  repeat(64, (n) => {
    const mask = e.local128(b.shiftLeft(DOUBLEWORD, I(63).sub(n)).shiftRightSigned(DOUBLEWORD, 63)).value;
    e.set(right, right.value.xor(a.shiftLeft(DOUBLEWORD, n).and(mask)));
    const beyond = a.shiftRight(DOUBLEWORD, 1).shiftRight(DOUBLEWORD, I(63).sub(n));
    e.set(left, left.value.xor(beyond.and(mask)));
  });
  const both = (v: V128) => v.doubleword(0).xor(v.doubleword(1));
  add(V128.ofDoublewords(both(left.value), both(right.value)));
  finish();
  e.code.unreachable();
  module.define(index, e.body);
  return index;
}

/** (cpu, V1, V2, V3, V4, M6) -> 0: products of both doublewords, doubled where M6 says so, and the fourth operand. */
function defineMultiplySum(module: ModuleBuilder): number {
  const index = module.declare("multiplySumLogical", ["i32", "i32", "i32", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const half = (n: number, which: 0 | 1) =>
    e.local64(load.i64(place(state, e.parameter32(n)), at.vr + 8 - 8 * which)).value;
  const left = e.local64(half(4, 0));
  const right = e.local64(half(4, 1));
  for (const which of [0, 1] as const) {
    const [a, b] = [half(2, which), half(3, which)];
    const high = e.local64(multiplyHigh(e, a, b));
    const low = e.local64(a.mul(b));
    e.if(e.parameter32(5).and(which === 0 ? 8 : 4), () => {
      e.set(high, high.value.shl(1).or(low.value.shrU(63)));
      e.set(low, low.value.shl(1));
    });
    e.set(right, right.value.add(low.value));
    e.set(left, left.value.add(high.value).add(right.value.ltU(low.value).unsigned64()));
  }
  e.store("v128", place(state, e.parameter32(1)), at.vr, V128.ofDoublewords(left.value, right.value));
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}

/** Left half of the product of two unsigned numbers. */
function multiplyHigh(e: Emitter, a: I64, b: I64): I64 {
  const low = (x: I64) => x.and(0xffff_ffff);
  const first = e.local64(low(a).mul(low(b))).value;
  const middle = e.local64(a.shrU(32).mul(low(b)).add(first.shrU(32))).value;
  const middle2 = e.local64(low(a).mul(b.shrU(32)).add(low(middle))).value;
  return a.shrU(32).mul(b.shrU(32)).add(middle.shrU(32)).add(middle2.shrU(32));
}

/** Bytes of a mask, byte 0 in bit position 16 of 32. */
const firstByte = (mask: V128): I32 => mask.bitmask().clz().sub(16);

/**
 * (cpu, V1, V2, V3, V4, element size, nonzero when a zero ends both strings) -> condition code. Byte 7 of the fourth
 * operand is the length in bytes of the third, which is looked for in the second.
 */
function defineSearch(module: ModuleBuilder): number {
  const parameters = ["i32", "i32", "i32", "i32", "i32", "i32", "i32"] as const;
  const index = module.declare("vectorSearchString", parameters, ["i32"]);
  const e = new Emitter(parameters.length);
  const [state, size, zeros] = [e.parameter32(0), e.parameter32(5), e.parameter32(6)];
  const register = (n: number) => e.local128(load.v128(place(state, e.parameter32(n)), at.vr)).value;
  const [text, wanted] = [register(2), register(3)];
  const given = load.u8(place(state, e.parameter32(4)), at.vr + REGISTER - 1 - 7);
  const element = e.local32(I(1).shl(size));
  /** Lengths in bytes, of whole elements. */
  const length = e.local32(given.and(I(0).sub(element.value)));
  const textLength = e.local32(REGISTER);
  const found = e.local32(0);
  const end = (code: I32) => {
    e.store(
      "v128",
      place(state, e.parameter32(1)),
      at.vr,
      V128.ofDoublewords(found.value.unsigned64(), I64.of(0)),
    );
    e.return(code);
  };
  const zeroElements = (a: V128): I32 => {
    const mask = e.local128();
    ([0, 1, 2] as const).forEach((s) => e.if(size.eq(s), () => e.set(mask, a.eq(s, V128.zero))));
    return firstByte(mask.value);
  };
  e.if(zeros, () => {
    const last = e.local32(zeroElements(wanted));
    e.if(last.value.ltU(length.value), () => e.set(length, last.value));
    e.set(textLength, zeroElements(text));
  });
  e.if(length.value.isZero(), () => end(I(2)));
  const numbers = V128.ofBytes(Array.from({ length: REGISTER }, (_, n) => 15 - n));
  e.loop((again) => {
    e.if(found.value.geU(textLength.value), () => {
      e.set(found, I(REGISTER));
      end(zeros.ne(0).and(textLength.value.ltU(REGISTER)));
    });
    // The text from here on, at the left; how many of its bytes are those of the string.
    const rest = e.local128(text.swizzle(numbers.sub(0, V128.splat(0, found.value))));
    const alike = e.local32(firstByte(rest.value.eq(0, wanted).not()));
    const room = e.local32(I(REGISTER).sub(found.value));
    e.if(alike.value.geU(length.value).and(length.value.leU(room.value)), () => end(I(2)));
    e.if(alike.value.geU(room.value), () => end(I(3)));
    e.set(found, found.value.add(element.value));
    again();
  });
  e.code.unreachable();
  module.define(index, e.body);
  return index;
}
