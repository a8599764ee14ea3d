/** Block operations whose length is known and that of a number: one access to each operand, and no routine. */
import {
  type Effects,
  I32,
  I64,
  type Node,
  type StorageOperand,
  ar,
  cc,
  choose,
  constantOf,
  psw,
  share,
  storage,
} from "../dsl/index.ts";

export interface BlockOperands {
  readonly l1: I32;
  readonly s1: StorageOperand;
  readonly s2: StorageOperand;
}
type Bytes = 1 | 2 | 4 | 8;

/** A block as a number, its first byte leftmost; up to four bytes are in the rightmost ones of 32 bits. */
const blockOf = (operand: StorageOperand, bytes: Bytes) => {
  const { fetch8, fetch16, fetch32, fetch64 } = storage(operand);
  return { 1: fetch8, 2: fetch16, 4: fetch32, 8: fetch64 }[bytes]();
};
function storeBlock(operand: StorageOperand, bytes: Bytes, value: I32 | I64) {
  if (value instanceof I64) return storage(operand).store64(value);
  const { store8, store16, store32 } = storage(operand);
  return { 1: store8, 2: store16, 4: store32, 8: store32 }[bytes](value);
}
/** How many bytes there are, where that is known and some number has as many. */
function bytesOf({ l1 }: BlockOperands): Bytes | undefined {
  const known = constantOf(l1.node);
  return ([1, 2, 4, 8] as const).find((bytes) => known === BigInt(bytes - 1));
}
/** Bytes from the second operand to the first, where both are at the same base. */
function knownDistance({ s1, s2 }: BlockOperands): bigint | undefined {
  const [a, b] = [placeOf(s1.address.node), placeOf(s2.address.node)];
  return a.register !== undefined && a.register === b.register ? a.displacement - b.displacement : undefined;
}
function placeOf(address: Node): { readonly register: bigint | undefined; readonly displacement: bigint } {
  const displacement = constantOf(address);
  if (displacement !== undefined) return { register: -1n, displacement };
  if (address.kind === "register") return { register: constantOf(address.index), displacement: 0n };
  if (address.kind !== "binary" || address.op !== "add") return { register: undefined, displacement: 0n };
  const [base, added] = [placeOf(address.a), constantOf(address.b)];
  return { register: added === undefined ? undefined : base.register, displacement: added ?? 0n };
}
/** Whether the first operand begins amid the second, so that bytes are fetched after they have been stored. */
function overlap(operands: BlockOperands, bytes: Bytes): I32 {
  const { s1, s2 } = operands;
  const known = knownDistance(operands);
  const distance = known === undefined ? s1.address.sub(s2.address) : I64.of(known);
  return distance.sub(1).ltU(bytes - 1);
}
/** In the access-register mode equal addresses may be in two spaces. */
function inOneSpace({ s1, s2 }: BlockOperands): I32 {
  const token = (number: I32): I32 => number.ne(0).select(ar(number).value, I32.of(0));
  const byRegisters = psw.mask.shrU(46).and(3).eq(1);
  return byRegisters.isZero().or(token(s1.ar).eq(token(s2.ar)));
}

/** COMPARE LOGICAL; undefined: by a routine. */
export function compareShortly(operands: BlockOperands): Effects | undefined {
  const bytes = bytesOf(operands);
  if (bytes === undefined) return undefined;
  const second = blockOf(operands.s2, bytes);
  return [cc.compareUnsigned(blockOf(operands.s1, bytes), second)];
}

/** MOVE: as if byte by byte, so that the bytes before an overlap are repeated. */
export function moveShortly(operands: BlockOperands): Effects | undefined {
  const bytes = bytesOf(operands);
  if (bytes === undefined) return undefined;
  const { s1, s2 } = operands;
  const block = blockOf(s2, bytes);
  if (bytes === 1) return [storeBlock(s1, bytes, block)];
  const wide = asWide(block);
  const moved = choose(
    overlap(operands, bytes),
    () => inOneSpace(operands).select(movedOver(operands, bytes, wide), wide),
    () => wide,
  );
  return [storeBlock(s1, bytes, bytes === 8 ? moved : moved.low32())];
}
/** The bytes before the overlap, again and again. */
function movedOver({ s1, s2 }: BlockOperands, bytes: Bytes, block: I64): I64 {
  const unused = 64 - 8 * bytes;
  let width = share(s1.address.sub(s2.address).shl(3));
  let repeated = share(block.shl(unused).and(I64.of(-1n).shrU(width).not()));
  for (let covered = 1; covered < bytes; covered *= 2) {
    repeated = share(repeated.or(width.ltU(64).select(repeated.shrU(width), I64.of(0n))));
    width = share(width.shl(1));
  }
  return repeated.shrU(unused);
}

/** AND, OR, EXCLUSIVE OR; undefined: by a routine. */
export function combineShortly(op: "and" | "or" | "xor", operands: BlockOperands): Effects | undefined {
  const bytes = bytesOf(operands);
  if (bytes === undefined) return undefined;
  if (bytes > 1 && constantOf(overlap(operands, bytes).node) !== 0n) return undefined;
  const { s1, s2 } = operands;
  const second = blockOf(s2, bytes);
  if (op === "xor" && knownDistance(operands) === 0n)
    return [storeBlock(s1, bytes, bytes === 8 ? I64.of(0) : I32.of(0)), cc.set(I32.of(0))];
  const first = blockOf(s1, bytes);
  const combined = first instanceof I64 ? share(first[op](asWide(second))) : share(first[op](asWord(second)));
  return [storeBlock(s1, bytes, combined), cc.notZero(combined)];
}
const asWide = (block: I32 | I64): I64 => (block instanceof I64 ? block : block.unsigned64());
const asWord = (block: I32 | I64): I32 => (block instanceof I64 ? block.low32() : block);
