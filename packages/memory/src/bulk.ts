/**
 * Bulk operations on the reversed storage as a WebAssembly module. A byte loop in JavaScript reaches a fraction of memory
 * speed; the byte shuffle here runs at several GB/s.
 */
import {
  accessTo,
  type Code,
  f64,
  i32,
  i64,
  instantiate,
  op,
  v128,
  type WasmFunction,
} from "./wasm-module.ts";

export interface Bulk {
  /** Copy `length` bytes of storage from `source` into the exchange window at `target`, last byte first. */
  take(target: number, source: number, length: number): void;
  /** The same from the window into storage. The ranges do not overlap. */
  put(target: number, source: number, length: number): void;
  /** 1 if `length` bytes of storage (a multiple of 16) from `offset` on are all zero, else 0. */
  isZero(offset: number, length: number): number;
}

const lastToFirst = Array.from({ length: 16 }, (_, lane) => 15 - lane);
const zeros = Array<number>(16).fill(0);
const { get, set, tee, i32Add, i32Sub, i32Const } = op;

/** A memory, and how wide its addresses are. */
interface Side {
  readonly memory: number;
  readonly wide: boolean;
}
/** An address in a local; a wide one comes as a double, for that is what host offsets are in JavaScript. */
class Address {
  readonly parameter: number;
  readonly access: ReturnType<typeof accessTo>;
  readonly #side: Side;
  readonly #local: number;

  constructor(side: Side, local: number) {
    this.#side = side;
    this.#local = local;
    this.parameter = side.wide ? f64 : i32;
    this.access = accessTo(side.memory);
  }
  /** Take it from its parameter. */
  begin(parameter: number): Code[number] {
    const convert = this.#side.wide ? [op.i64TruncF64U] : [];
    return [get, parameter, ...convert, set, this.#local];
  }
  get current(): Code[number] {
    return [get, this.#local];
  }
  /** So many bytes further, by a local. */
  beyond(count: number): Code[number] {
    return this.#side.wide
      ? [get, this.#local, get, count, op.i64ExtendU, op.i64Add]
      : [get, this.#local, get, count, i32Add];
  }
  move(bytes: number): Code[number] {
    return this.#side.wide
      ? [get, this.#local, op.i64Const, bytes, op.i64Add, set, this.#local]
      : [get, this.#local, i32Const, bytes, i32Add, set, this.#local];
  }
  get type(): number {
    return this.#side.wide ? i64 : i32;
  }
}

/** Whole vectors from the end of the source, then the bytes that are left. */
function reverse(name: string, targetSide: Side, sourceSide: Side): WasmFunction {
  const [length, vector] = [2, 3];
  const [target, source] = [new Address(targetSide, 4), new Address(sourceSide, 5)];
  return {
    name,
    parameters: [target.parameter, source.parameter, i32],
    results: [],
    locals: [v128, target.type, source.type],
    body: [
      target.begin(0),
      source.begin(1),
      [op.block, op.loop],
      [get, length, i32Const, 16, op.i32LtU, op.brIf, 1],
      [get, length, i32Const, 16, i32Sub, set, length],
      [...target.current, ...source.beyond(length), source.access.v128Load, tee, vector],
      [get, vector, op.v128Shuffle, lastToFirst, target.access.v128Store],
      target.move(16),
      [op.br, 0, op.end, op.end],
      [op.block, op.loop],
      [get, length, op.i32Eqz, op.brIf, 1],
      [get, length, i32Const, 1, i32Sub, set, length],
      [...target.current, ...source.beyond(length), source.access.i32Load8U, target.access.i32Store8],
      target.move(1),
      [op.br, 0, op.end, op.end],
    ],
  };
}

/** The OR of all vectors has no bit set. */
function isZero(side: Side): WasmFunction {
  const [length, found] = [1, 2];
  const offset = new Address(side, 3);
  return {
    name: "isZero",
    parameters: [offset.parameter, i32],
    results: [i32],
    locals: [v128, offset.type],
    body: [
      offset.begin(0),
      [op.v128Const, zeros, set, found],
      [op.block, op.loop],
      [get, length, op.i32Eqz, op.brIf, 1],
      [get, length, i32Const, 16, i32Sub, set, length],
      [get, found, ...offset.beyond(length), offset.access.v128Load, op.v128Or, set, found],
      [op.br, 0, op.end, op.end],
      [get, found, op.v128AnyTrue, op.i32Eqz],
    ],
  };
}

function isBulk(exports: WebAssembly.Exports): exports is WebAssembly.Exports & Bulk {
  return ["take", "put", "isZero"].every((name) => typeof exports[name] === "function");
}

/** Bind the bulk operations to the memory with the window, and the one with storage, which may be the same. */
export function bulkOn(engine: WebAssembly.Memory, own: WebAssembly.Memory): Bulk {
  const window: Side = { memory: 0, wide: false };
  const storage: Side = own === engine ? window : { memory: 1, wide: true };
  const memories = own === engine ? [engine] : [engine, own];
  const functions = [reverse("take", window, storage), reverse("put", storage, window), isZero(storage)];
  const exports = instantiate(memories, functions);
  if (!isBulk(exports)) throw new TypeError("bulk module lacks an export");
  return exports;
}
