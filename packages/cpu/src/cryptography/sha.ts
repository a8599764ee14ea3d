/**
 * The compression functions of SHA-1, SHA-256 and SHA-512: CPUs start from a chaining value in the middle of a message,
 * which libraries do not offer. They are WebAssembly with their rounds written out, made when first asked for. Source:
 * FIPS 180-4.
 */
import { type Binary, type Node, binary, constant } from "@lockframe/instructions";
import { Emitter } from "../lower/emitter.ts";
import { ModuleBuilder } from "../wasm/module.ts";

export interface Compression {
  /** Bytes. */
  readonly blockSize: 64 | 128;
  readonly stateSize: number;
  /** The chaining value after whole blocks. */
  compress(state: Uint8Array, blocks: Uint8Array): Uint8Array;
}

type WordType = "i32" | "i64";
interface Algorithm {
  readonly word: WordType;
  /** Words of the state. */
  readonly words: number;
  readonly rounds: number;
  /** A word of the message schedule from the sixteen before it, the nearest last. */
  readonly schedule: (before: readonly Node[]) => Node;
  /** Sets locals of the state, one after another, and says which stand for a, b, c ... in the next round. */
  readonly round: (state: readonly Node[], scheduled: Node, number: number, set: Set) => readonly Node[];
}
type Set = (local: Node, value: Node) => void;

const operate = (op: Binary, first: Node, ...others: Node[]): Node =>
  others.reduce((a, b) => binary(op, a, b), first);
const sum = (first: Node, ...others: Node[]): Node => operate("add", first, ...others);
const xor = (first: Node, ...others: Node[]): Node => operate("xor", first, ...others);
const and = (a: Node, b: Node): Node => binary("and", a, b);
const number = (type: WordType, value: bigint | number): Node => constant(type, value);
const turned = (a: Node, count: number): Node => binary("rotr", a, number(a.type as WordType, count));
const shifted = (a: Node, count: number): Node => binary("shrU", a, number(a.type as WordType, count));
/** Rotated by each count, and added bit by bit. */
const mixed = (a: Node, counts: readonly number[]): Node => {
  const [first = a, ...others] = counts.map((count) => turned(a, count));
  return xor(first, ...others);
};
const choice = (a: Node, b: Node, c: Node): Node => xor(c, and(a, xor(b, c)));
const majority = (a: Node, b: Node, c: Node): Node => xor(and(a, b), and(a, c), and(b, c));

type Tuple<N extends 5 | 8> = N extends 5
  ? [Node, Node, Node, Node, Node]
  : [Node, Node, Node, Node, Node, Node, Node, Node];
/** What stands at an index of a list that is known to be long enough. */
function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`there is no item ${index}`);
  return found;
}

const sha1Constants = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];
const sha1Algorithm: Algorithm = {
  word: "i32",
  words: 5,
  rounds: 80,
  schedule: (w) => turned(xor(at(w, 13), at(w, 8), at(w, 2), at(w, 0)), 31),
  round(state, scheduled, n, set) {
    const [a, b, c, d, e] = state as Tuple<5>;
    const part = Math.floor(n / 20);
    const f = part === 0 ? choice(b, c, d) : part === 2 ? majority(b, c, d) : xor(b, c, d);
    set(e, sum(turned(a, 27), f, e, scheduled, number("i32", at(sha1Constants, part))));
    set(b, turned(b, 2));
    return [e, a, b, c, d];
  },
};

/** The first 64 bits of the fractions of the cube roots of the first 80 primes. */
const roundConstants: readonly bigint[] = (() => {
  const primes: number[] = [];
  for (let n = 2; primes.length < 80; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes.map((prime) => BigInt.asUintN(64, cubeRoot(BigInt(prime) << 192n)));
})();
function cubeRoot(value: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << 70n; bit > 0n; bit >>= 1n) if ((root + bit) ** 3n <= value) root += bit;
  return root;
}

/** SHA-256 and SHA-512 differ in the width of words and in how far they are rotated. */
const sha2 = (
  word: WordType,
  rounds: number,
  big0: readonly number[],
  big1: readonly number[],
  small0: readonly [readonly number[], shift: number],
  small1: readonly [readonly number[], shift: number],
): Algorithm => ({
  word,
  words: 8,
  rounds,
  schedule(w) {
    const small = (a: Node, [counts, shift]: readonly [readonly number[], number]) =>
      xor(mixed(a, counts), shifted(a, shift));
    return sum(at(w, 0), small(at(w, 1), small0), at(w, 9), small(at(w, 14), small1));
  },
  round(state, scheduled, n, set) {
    const [a, b, c, d, e, f, g, h] = state as Tuple<8>;
    const constantOfRound = word === "i64" ? at(roundConstants, n) : at(roundConstants, n) >> 32n;
    set(h, sum(h, mixed(e, big1), choice(e, f, g), number(word, constantOfRound), scheduled));
    set(d, sum(d, h));
    set(h, sum(h, mixed(a, big0), majority(a, b, c)));
    return [h, a, b, c, d, e, f, g];
  },
});
const sha256Algorithm = sha2("i32", 64, [2, 13, 22], [6, 11, 25], [[7, 18], 3], [[17, 19], 10]);
const sha512Algorithm = sha2("i64", 80, [28, 34, 39], [14, 18, 41], [[1, 8], 7], [[19, 61], 6]);

// State and data lie in the module's memory with their bytes reversed, so that words are numbers: byte n at STATE - n.
const STATE = 63;
const MEMORY_PAGES = 1;
const DATA = MEMORY_PAGES * 0x1_0000 - 1;
/** Bytes that are handled at once. */
const MOST_DATA = 0x8000;

type Run = (lowest: number, count: number) => void;

/** A function of the lowest address of the first block, and how many blocks there are (to its left). */
function build({ word, words, rounds, schedule, round }: Algorithm): {
  memory: WebAssembly.Memory;
  run: Run;
} {
  const size = word === "i32" ? 4 : 8;
  const blockSize = 16 * size;
  const module = new ModuleBuilder();
  const index = module.declare("run", ["i32", "i32"], [], true);
  const e = new Emitter(2);
  const local = (): Node => ({ kind: "local", type: word, index: e.body.local(word) });
  const set: Set = (target, value) => {
    e.emit(value);
    if (target.kind === "local") e.code.set(target.index);
  };
  const loaded = (address: Node, offset: number): Node => ({
    kind: "load",
    type: word,
    what: word,
    address,
    offset,
  });
  const [block, count] = [e.parameter32(0), e.parameter32(1)];
  const zero = number("i32", 0);
  const place = (n: number) => STATE + 1 - (n + 1) * size;
  const state = Array.from({ length: words }, local);
  const scheduled = Array.from({ length: 16 }, local);
  e.loop((again) => {
    state.forEach((target, n) => set(target, loaded(zero, place(n))));
    let now: readonly Node[] = state;
    for (let n = 0; n < rounds; n++) {
      const slot = at(scheduled, n % 16);
      const before = [...scheduled.slice(n % 16), ...scheduled.slice(0, n % 16)];
      set(slot, n < 16 ? loaded(block.node, blockSize - (n + 1) * size) : schedule(before));
      now = round(now, slot, n, set);
    }
    now.forEach((value, n) => {
      e.emit(zero);
      e.emit(sum(loaded(zero, place(n)), value));
      e.code.store(word, place(n));
    });
    e.set({ index: 0, value: block }, block.sub(blockSize));
    e.set({ index: 1, value: count }, count.sub(1));
    e.if(count, again);
  });
  module.define(index, e.body);
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
  const compiled = new WebAssembly.Module(module.finish([{ address: "i32", pages: MEMORY_PAGES }]));
  const { exports } = new WebAssembly.Instance(compiled, { host: { memory } });
  return { memory, run: exports["run"] as Run };
}

function compression(algorithm: Algorithm): Compression {
  const size = algorithm.word === "i32" ? 4 : 8;
  const blockSize = size === 4 ? 64 : 128;
  const stateSize = algorithm.words * size;
  let built: ReturnType<typeof build> | undefined;
  return {
    blockSize,
    stateSize,
    compress(state, blocks) {
      built ??= build(algorithm);
      const bytes = new Uint8Array(built.memory.buffer);
      const kept = bytes.subarray(STATE + 1 - stateSize, STATE + 1);
      kept.set(state);
      kept.reverse();
      for (let done = 0; done < blocks.length; done += MOST_DATA) {
        const part = blocks.subarray(done, done + MOST_DATA);
        const data = bytes.subarray(DATA + 1 - part.length, DATA + 1);
        data.set(part);
        data.reverse();
        built.run(DATA + 1 - blockSize, part.length / blockSize);
      }
      return Uint8Array.from(kept).reverse();
    },
  };
}

export const sha1 = compression(sha1Algorithm);
export const sha256 = compression(sha256Algorithm);
export const sha512 = compression(sha512Algorithm);
