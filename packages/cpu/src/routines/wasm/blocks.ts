/**
 * Block operations in WebAssembly: bytes moved, compared and combined, registers loaded and stored in rows.
 * Storage is reversed, so a block that grows in guest addresses shrinks in host offsets.
 * Source: Principles of Operation, "General Instructions"; operands of up to 256 bytes are access-tested first.
 */
import { I32, I64 } from "@lockframe/instructions";
import { Emitter, type Local, load } from "../../lower/emitter.ts";
import { StorageOffset } from "../../lower/storage-offset.ts";
import { type Runtime, emitLocate } from "../../runtime.ts";
import { Access, cpu as at } from "../../state.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { copyBytes, fillBytes } from "./extents.ts";

const I = I32.of;

export function buildBlockRoutines(module: ModuleBuilder, runtime: Runtime): Map<string, number> {
  const table = new Map<string, number>();
  table.set("moveBlock", defineTwoOperand(module, runtime, "moveBlock", Access.store, move));
  table.set("andBlock", defineTwoOperand(module, runtime, "andBlock", Access.store, combine("and")));
  table.set("orBlock", defineTwoOperand(module, runtime, "orBlock", Access.store, combine("or")));
  table.set("xorBlock", defineTwoOperand(module, runtime, "xorBlock", Access.store, combine("xor")));
  table.set("moveNumerics", defineTwoOperand(module, runtime, "moveNumerics", Access.store, merge(0x0f)));
  table.set("moveZones", defineTwoOperand(module, runtime, "moveZones", Access.store, merge(0xf0)));
  table.set("compareBlock", defineTwoOperand(module, runtime, "compareBlock", Access.fetch, compare));
  table.set("loadMultiple", defineMultiple(module, runtime, "loadMultiple", Access.fetch));
  table.set("storeMultiple", defineMultiple(module, runtime, "storeMultiple", Access.store));
  return table;
}

/** A run of bytes that lies within one page in both operands. */
interface Chunk {
  /** Host offsets of the leftmost bytes. */
  readonly first: StorageOffset;
  readonly second: StorageOffset;
  readonly length: I32;
  /** Accumulated condition code. */
  readonly cc: Local<I32>;
  /** Leave the routine with this condition code. */
  readonly finish: (cc: I32) => void;
}
type Operation = (e: Emitter, chunk: Chunk) => void;

/**
 * (cpu, first, first ar, second, second ar, length 1..256) -> condition code or -1. Both operands are tested
 * at both ends before anything is stored; then the operation runs over chunks that cross no page.
 */
function defineTwoOperand(
  module: ModuleBuilder,
  runtime: Runtime,
  name: string,
  access: number,
  operation: Operation,
): number {
  const index = module.declare(name, ["i32", "i64", "i32", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const [firstAr, secondAr, total] = [e.parameter32(2), e.parameter32(4), e.parameter32(5)];
  const locate = (address: I64, kind: number, ar: I32): Local<StorageOffset> => {
    const host = e.localOffset(emitLocate(e, runtime, state, address, kind, ar));
    e.if(host.value.isZero(), () => e.return(I(-1)));
    return host;
  };
  const room = (address: I64) => I(0x1000).sub(address.low32().and(0xfff));
  const beyond = (address: I64) => address.and(~0xfffn).add(0x1000).and(load.i64(state, at.addressMask));

  const firstAddress = e.parameter64(1);
  const secondAddress = e.parameter64(3);
  const second = locate(secondAddress, Access.fetch, secondAr);
  const first = locate(firstAddress, access, firstAr);
  const firstRoom = e.local32(room(firstAddress));
  const secondRoom = e.local32(room(secondAddress));
  const cc = e.local32(0);
  const finish = (code: I32) => e.return(code);
  e.if(firstRoom.value.geU(total).and(secondRoom.value.geU(total)), () => {
    operation(e, { first: first.value, second: second.value, length: total, cc, finish });
    e.return(cc.value);
  });
  const none = StorageOffset.of(runtime.form, 0);
  const firstNext = e.localOffset(none);
  const secondNext = e.localOffset(none);
  e.if(secondRoom.value.ltU(total), () =>
    e.set(secondNext, locate(beyond(secondAddress), Access.fetch, secondAr).value),
  );
  e.if(firstRoom.value.ltU(total), () =>
    e.set(firstNext, locate(beyond(firstAddress), access, firstAr).value),
  );
  const left = e.local32(total);
  e.loop((again) => {
    const least = (a: I32, b: I32) => a.ltU(b).select(a, b);
    const length = e.local32(least(left.value, least(firstRoom.value, secondRoom.value)));
    operation(e, { first: first.value, second: second.value, length: length.value, cc, finish });
    e.set(left, left.value.sub(length.value));
    const advance = (host: Local<StorageOffset>, next: Local<StorageOffset>, space: Local<I32>) => {
      e.set(host, host.value.sub(length.value));
      e.set(space, space.value.sub(length.value));
      e.if(space.value.isZero(), () => {
        e.set(host, next.value);
        e.set(space, I(0x1000));
      });
    };
    advance(first, firstNext, firstRoom);
    advance(second, secondNext, secondRoom);
    e.if(left.value, again);
  });
  e.emit(cc.value.node);
  module.define(index, e.body);
  return index;
}

/** For n from 0: bytes at `first - n` and `second - n`, in the order of guest addresses. */
function eachByte(
  e: Emitter,
  { first, second, length }: Chunk,
  act: (a: StorageOffset, b: StorageOffset) => void,
): void {
  const n = e.local32(0);
  e.loop((again) => {
    act(first.sub(n.value), second.sub(n.value));
    e.set(n, n.value.add(1));
    e.if(n.value.ltU(length), again);
  });
}

/** MOVE: as if byte by byte from the left, so that an overlap to the right propagates. */
const move: Operation = (e, chunk) => {
  const { first, second, length } = chunk;
  const distance = e.localOffset(second.sub(first)); // guest: first - second
  e.if(
    distance.value.sub(1).ltU(length.sub(1)),
    () =>
      e.if(
        distance.value.eq(1),
        () => {
          // One byte to the right: the leftmost byte of the source fills the operand.
          fillBytes(e, first, load.u8(second), length);
        },
        () => eachByte(e, chunk, (a, b) => e.store("i32_8", a, 0, load.u8(b))),
      ),
    () => copyBytes(e, first, second, length),
  );
};

/** AND, OR, EXCLUSIVE OR. CC: 0 result zero, 1 not zero. */
const combine =
  (op: "and" | "or" | "xor"): Operation =>
  (e, chunk) => {
    const bytes = () => {
      const { first, second, length } = chunk;
      const n = e.local32(0);
      const seen = e.local64(I64.of(0));
      // Eight at a time, unless what is stored is to be fetched again within these eight.
      e.if(second.sub(first).sub(1).geU(7), () =>
        e.loop((again) => {
          e.if(n.value.add(8).leU(length), () => {
            const place = e.localOffset(first.sub(n.value).sub(7));
            const result = e.local64(load.i64(place.value)[op](load.i64(second.sub(n.value).sub(7))));
            e.store("i64", place.value, 0, result.value);
            e.set(seen, seen.value.or(result.value));
            e.set(n, n.value.add(8));
            again();
          });
        }),
      );
      e.loop((again) => {
        e.if(n.value.ltU(length), () => {
          const place = e.localOffset(first.sub(n.value));
          const result = e.local32(load.u8(place.value)[op](load.u8(second.sub(n.value))));
          e.store("i32_8", place.value, 0, result.value);
          e.set(seen, seen.value.or(result.value.unsigned64()));
          e.set(n, n.value.add(1));
          again();
        });
      });
      e.set(chunk.cc, chunk.cc.value.or(seen.value.ne(0)));
    };
    if (op !== "xor") return bytes();
    // XC of an operand with itself is the usual way to clear it.
    e.if(chunk.first.eq(chunk.second), () => fillBytes(e, chunk.first, I(0), chunk.length), bytes);
  };

/** MOVE NUMERICS, MOVE ZONES: the bits of each byte that `mask` names. */
const merge =
  (mask: number): Operation =>
  (e, chunk) =>
    eachByte(e, chunk, (a, b) => {
      e.store("i32_8", a, 0, load.u8(a).and(~mask).or(load.u8(b).and(mask)));
    });

/** COMPARE LOGICAL. CC: 0 equal, 1 first low, 2 first high. */
const compare: Operation = (e, chunk) => {
  const n = e.local32(0);
  e.block((done) => {
    // Eight bytes at a time: reversed storage makes each a big-endian number.
    e.loop((again) => {
      e.if(n.value.add(8).leU(chunk.length), () => {
        const a = e.local64(load.i64(chunk.first.sub(n.value).sub(7)));
        const b = e.local64(load.i64(chunk.second.sub(n.value).sub(7)));
        e.if(a.value.ne(b.value), () => chunk.finish(a.value.ltU(b.value).select(I(1), I(2))));
        e.set(n, n.value.add(8));
        again();
      });
    });
    e.loop((again) => {
      e.if(n.value.geU(chunk.length), done);
      const a = e.local32(load.u8(chunk.first.sub(n.value)));
      const b = e.local32(load.u8(chunk.second.sub(n.value)));
      e.if(a.value.ne(b.value), () => chunk.finish(a.value.ltU(b.value).select(I(1), I(2))));
      e.set(n, n.value.add(1));
      again();
    });
  });
};

/**
 * (cpu, address, ar, r1, r3, file) -> 0 or -1. Registers r1 to r3, wrapping from 15 to 0. File: 0 general, 64 bits ·
 * 1 general, right halves · 2 general, left halves · 3 access · 4 control, 64 bits (store only) · 5 control, right halves (store only).
 */
function defineMultiple(module: ModuleBuilder, runtime: Runtime, name: string, access: number): number {
  const index = module.declare(name, ["i32", "i64", "i32", "i32", "i32", "i32"], ["i32"]);
  const e = new Emitter(6);
  const state = e.parameter32(0);
  const address = e.parameter64(1);
  const ar = e.parameter32(2);
  const register = { index: 3, value: e.parameter32(3) };
  const lastRegister = e.parameter32(4);
  const file = e.parameter32(5);
  const wide = e.local32(file.eq(0).or(file.eq(4)));
  const size = e.local32(wide.value.select(I(8), I(4)));
  const count = e.local32(lastRegister.sub(register.value).and(15).add(1));
  const bytes = e.local32(count.value.mul(size.value));
  // Row of the state: start, and distance between registers as a shift.
  const files: readonly (readonly [start: number, shift: number])[] = [
    [at.gr, 3],
    [at.gr, 3],
    [at.gr + 4, 3],
    [at.ar, 2],
    [at.cr, 3],
    [at.cr, 3],
  ];
  const start = e.local32(at.gr);
  const shift = e.local32(3);
  files.forEach(([offset, distance], n) => {
    if (n > 0)
      e.if(file.eq(n), () => {
        e.set(start, I(offset));
        e.set(shift, I(distance));
      });
  });
  const host = e.localOffset(emitLocate(e, runtime, state, address, access, ar));
  e.if(host.value.isZero(), () => e.return(I(-1)));
  const room = e.local32(I(0x1000).sub(address.low32().and(0xfff)));
  const next = e.localOffset(StorageOffset.of(runtime.form, 0));
  e.if(room.value.ltU(bytes.value), () => {
    const beyond = address.and(~0xfffn).add(0x1000).and(load.i64(state, at.addressMask));
    e.set(next, emitLocate(e, runtime, state, beyond, access, ar));
    e.if(next.value.isZero(), () => e.return(I(-1)));
  });
  const done = e.local32(0); // bytes
  const place = e.local32();
  const value = e.local64();
  e.loop((again) => {
    e.set(place, state.add(start.value).add(register.value.shl(shift.value)));
    e.if(
      done.value.add(size.value).leU(room.value).or(done.value.geU(room.value)),
      () => {
        // The register's bytes lie on one page.
        const left = e.localOffset(
          StorageOffset.choose(
            done.value.geU(room.value),
            next.value.sub(done.value.sub(room.value)),
            host.value.sub(done.value),
          ),
        );
        if (access === Access.fetch) {
          e.if(
            wide.value,
            () => e.store("i64", place.value, 0, load.i64(left.value.sub(7))),
            () => e.store("i32", place.value, 0, load.i32(left.value.sub(3))),
          );
        } else {
          e.if(
            wide.value,
            () => e.store("i64", left.value.sub(7), 0, load.i64(place.value)),
            () => e.store("i32", left.value.sub(3), 0, load.i32(place.value)),
          );
        }
      },
      () => {
        // Both pages are accessible: byte by byte.
        const n = e.local32(0);
        const byteAt = () => {
          const at8 = e.local32(done.value.add(n.value));
          return StorageOffset.choose(
            at8.value.ltU(room.value),
            host.value.sub(at8.value),
            next.value.sub(at8.value.sub(room.value)),
          );
        };
        if (access === Access.fetch) {
          e.set(value, I64.of(0));
          e.loop((more) => {
            e.set(value, value.value.shl(8).or(load.u8(byteAt()).unsigned64()));
            e.set(n, n.value.add(1));
            e.if(n.value.ltU(size.value), more);
          });
          e.if(
            wide.value,
            () => e.store("i64", place.value, 0, value.value),
            () => e.store("i32", place.value, 0, value.value.low32()),
          );
        } else {
          e.if(
            wide.value,
            () => e.set(value, load.i64(place.value)),
            () => e.set(value, load.i32(place.value).unsigned64()),
          );
          e.loop((more) => {
            const bits = size.value.sub(1).sub(n.value).shl(3).unsigned64();
            e.store("i64_8", byteAt(), 0, value.value.shrU(bits));
            e.set(n, n.value.add(1));
            e.if(n.value.ltU(size.value), more);
          });
        }
      },
    );
    e.set(done, done.value.add(size.value));
    e.set(register, register.value.add(1).and(15));
    e.if(done.value.ltU(bytes.value), again);
  });
  e.emit(I(0).node);
  module.define(index, e.body);
  return index;
}
