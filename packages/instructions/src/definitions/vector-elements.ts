/** What the definitions of vector instructions share: element sizes that a mask names, results and condition codes. */
import {
  type Effects,
  type ElementSize,
  type Encoding,
  I32,
  type Instruction,
  type Operands,
  type V128,
  cc,
  choose,
  constantOf,
  insn,
  recognise,
  when,
} from "../dsl/index.ts";

export const VECTOR_FACILITY = 129;
export const VECTOR_ENHANCEMENTS_1 = 135;
export const VECTOR_ENHANCEMENTS_2 = 148;

/** A vector instruction of the vector facility, or of one that extends it. */
export const vectorInsn = (
  mnemonic: string,
  encoding: Encoding,
  title: string,
  body: (operands: Operands) => Effects,
  facility = VECTOR_FACILITY,
): Instruction => insn(mnemonic, encoding, title, body, { facility, vector: true });

/** One of several, by number: the one itself where the number is known. A number that none has takes the last. */
export function byNumber<T extends I32 | V128>(number: I32, makers: readonly (() => T)[]): T {
  const last = makers.at(-1);
  if (last === undefined) throw new Error("there is nothing to choose from");
  const known = constantOf(number.node);
  if (known !== undefined) return (makers[Number(known)] ?? last)();
  const from = (n: number): T => {
    const maker = makers[n] ?? last;
    return n >= makers.length - 1 ? maker() : choose(number.eq(n), maker, () => from(n + 1));
  };
  return from(0);
}

/** A mask that gives the element size: `least` to `greatest`, all others are a specification exception. */
export function bySize<T extends I32 | V128, S extends ElementSize>(
  mask: I32,
  sizes: readonly S[],
  make: (size: S) => T,
): T {
  const [least = 0] = sizes;
  checkSize(mask, least, least + sizes.length - 1);
  return byNumber(
    mask.sub(least),
    sizes.map((size) => () => make(size)),
  );
}
export const checkSize = (mask: I32, least: number, greatest: number): void =>
  recognise.specification(mask.sub(least).gtU(greatest - least));

export const anySize = [0, 1, 2, 3] as const;
export const upToWord = [0, 1, 2] as const;

/** CC of a comparison whose result has ones in elements that compare so: 0 all, 1 some, 3 none. */
export const allSomeNone = (result: V128): I32 =>
  result.allTrue(0).select(I32.of(0), result.anyTrue().select(I32.of(1), I32.of(3)));

/** The condition code is set where the mask's rightmost bit (CS) asks for it. */
export function setCcWhen(asked: I32, code: I32): Effects {
  const known = constantOf(asked.node);
  if (known === 0n) return [];
  return known === undefined ? [when(asked, cc.set(code))] : [cc.set(code)];
}
