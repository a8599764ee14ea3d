/**
 * Vector enhancements 2: elements whose bytes, or whose order, are reversed in storage, and the search for a string.
 * Principles of Operation, "Vector Support Instructions", "VECTOR STRING SEARCH".
 */
import {
  BYTE,
  DOUBLEWORD,
  type Effects,
  type ElementSize,
  HALFWORD,
  I32,
  I64,
  type Instruction,
  type Operands,
  V128,
  VRRd56,
  VRX,
  WORD,
  call,
  cc,
  elements,
  recognise,
  share,
  storage,
  vectorDoubleword,
  vectorElement,
  vr,
  wasmRoutine,
} from "../dsl/index.ts";
import { reverse16, reverse32, reverse64 } from "./algorithms.ts";
import { VECTOR_ENHANCEMENTS_2, byNumber, bySize, checkSize, vectorInsn } from "./vector-elements.ts";

const reversing = (
  mnemonic: string,
  opcode: number,
  title: string,
  body: (operands: Operands) => Effects,
): Instruction => vectorInsn(mnemonic, VRX(opcode), title, body, VECTOR_ENHANCEMENTS_2);

type Reversed = 1 | 2 | 3;
const moreThanBytes = [HALFWORD, WORD, DOUBLEWORD] as const;

/** An element with its bytes the other way around, in the rightmost bits. */
function reversed(size: Reversed, value: I64): I64 {
  if (size === DOUBLEWORD) return reverse64(value);
  const low = value.low32();
  return (size === WORD ? reverse32(low) : reverse16(low)).unsigned64();
}
function fetchReversed(size: Reversed, s2: Operands["s2"]): I64 {
  const from = storage(s2);
  if (size === DOUBLEWORD) return reversed(size, from.fetch64());
  return reversed(size, (size === WORD ? from.fetch32() : from.fetch16()).unsigned64());
}

const load =
  (size: Reversed) =>
  ({ v1, s2, m3 }: Operands): Effects => {
    checkSize(m3, 0, elements(size) - 1);
    const value = fetchReversed(size, s2);
    if (size === DOUBLEWORD) return [vectorDoubleword(v1, m3).set(value)];
    return [vectorElement(size, v1, m3).set(value.low32())];
  };
const store =
  (size: Reversed) =>
  ({ v1, s2, m3 }: Operands): Effects => {
    checkSize(m3, 0, elements(size) - 1);
    const to = storage(s2);
    if (size === DOUBLEWORD) return [to.store64(reverse64(share(vectorDoubleword(v1, m3).value)))];
    const value = reversed(size, share(vectorElement(size, v1, m3).value.unsigned64())).low32();
    return [size === WORD ? to.store32(value) : to.store16(value)];
  };

const splat = (size: Reversed, value: I64): V128 =>
  V128.splat(size, size === DOUBLEWORD ? value : value.low32());

/** The element goes to the right end of doubleword 0; a word, with size 6, to its left end. */
const loadAndZero = ({ v1, s2, m3 }: Operands): Effects => {
  const toTheLeft = m3.eq(6);
  const size = share(toTheLeft.select(I32.of(WORD), m3));
  checkSize(size, HALFWORD, DOUBLEWORD);
  const at = (element: I64) => V128.ofDoublewords(element, I64.of(0));
  const loaded = byNumber(size.sub(1), [
    () => at(fetchReversed(HALFWORD, s2)),
    () => at(share(fetchReversed(WORD, s2)).shl(toTheLeft.unsigned64().shl(5))),
    () => at(fetchReversed(DOUBLEWORD, s2)),
  ]);
  return [vr(v1).set(loaded)];
};

const counting = Array.from({ length: 16 }, (_, n) => n);
/** The bytes of each element of so many bytes the other way around; and elements in reverse order. */
const bytesReversed = (a: V128, bytes: number): V128 =>
  a.shuffle(
    a,
    counting.map((n) => n ^ (bytes - 1)),
  );
const elementsReversed = (a: V128, size: ElementSize): V128 =>
  a.shuffle(
    a,
    counting.map((n) => (15 - n) ^ ((1 << size) - 1)),
  );

/** M3: 1 to 3 as element sizes, 4 the whole. */
function allBytesReversed(m3: I32, a: V128): V128 {
  checkSize(m3, HALFWORD, 4);
  return byNumber(
    m3.sub(1),
    [2, 4, 8, 16].map((bytes) => () => bytesReversed(a, bytes)),
  );
}
const allElementsReversed = (m3: I32, a: V128): V128 =>
  bySize(m3, moreThanBytes, (size) => elementsReversed(a, size));

const searchString = wasmRoutine("vectorSearchString", "i32", "i32", "i32", "i32", "i32", "i32");
const ZERO_SEARCH = 2;

/** CC: 0 not found, 1 not found before the string's end, 2 found, 3 found as far as the vector goes. */
const search = ({ v1, v2, v3, v4, m5, m6 }: Operands): Effects => {
  checkSize(m5, BYTE, WORD);
  recognise.specification(m6.and(~ZERO_SEARCH).ne(0));
  return [cc.set(call(searchString, v1, v2, v3, v4, m5, m6.and(ZERO_SEARCH)))];
};

export const vectorReversed: readonly Instruction[] = [
  reversing("VLEBRH", 0xe601, "VECTOR LOAD BYTE REVERSED ELEMENT", load(HALFWORD)),
  reversing("VLEBRF", 0xe603, "VECTOR LOAD BYTE REVERSED ELEMENT", load(WORD)),
  reversing("VLEBRG", 0xe602, "VECTOR LOAD BYTE REVERSED ELEMENT", load(DOUBLEWORD)),
  reversing("VSTEBRH", 0xe609, "VECTOR STORE BYTE REVERSED ELEMENT", store(HALFWORD)),
  reversing("VSTEBRF", 0xe60b, "VECTOR STORE BYTE REVERSED ELEMENT", store(WORD)),
  reversing("VSTEBRG", 0xe60a, "VECTOR STORE BYTE REVERSED ELEMENT", store(DOUBLEWORD)),
  reversing("VLBRREP", 0xe605, "VECTOR LOAD BYTE REVERSED ELEMENT AND REPLICATE", ({ v1, s2, m3 }) => [
    vr(v1).set(bySize(m3, moreThanBytes, (size) => splat(size, fetchReversed(size, s2)))),
  ]),
  reversing("VLLEBRZ", 0xe604, "VECTOR LOAD BYTE REVERSED ELEMENT AND ZERO", loadAndZero),
  reversing("VLBR", 0xe606, "VECTOR LOAD BYTE REVERSED ELEMENTS", ({ v1, s2, m3 }) => {
    checkSize(m3, HALFWORD, 4);
    return [vr(v1).set(allBytesReversed(m3, storage(s2).fetch128()))];
  }),
  reversing("VLER", 0xe607, "VECTOR LOAD ELEMENTS REVERSED", ({ v1, s2, m3 }) => {
    checkSize(m3, HALFWORD, DOUBLEWORD);
    return [vr(v1).set(allElementsReversed(m3, storage(s2).fetch128()))];
  }),
  reversing("VSTBR", 0xe60e, "VECTOR STORE BYTE REVERSED ELEMENTS", ({ v1, s2, m3 }) => [
    storage(s2).store128(share(allBytesReversed(m3, share(vr(v1).value)))),
  ]),
  reversing("VSTER", 0xe60f, "VECTOR STORE ELEMENTS REVERSED", ({ v1, s2, m3 }) => [
    storage(s2).store128(share(allElementsReversed(m3, share(vr(v1).value)))),
  ]),
  vectorInsn("VSTRS", VRRd56(0xe78b), "VECTOR STRING SEARCH", search, VECTOR_ENHANCEMENTS_2),
];
