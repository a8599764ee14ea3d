/** Directives: what else than instructions occupies storage. */
import { decodeEbcdic, encodeEbcdic } from "@lockframe/architecture";
import { Mistake, type Place } from "./diagnostic.ts";
import { evaluate, parseExpression, type Expression, type Scope } from "./expression.ts";
import type { TokenReader } from "./token-reader.ts";

/** A statement that occupies storage. Its size must be known before symbols that follow it are. */
export interface Piece {
  measure(location: bigint, known: Scope): number;
  /** Exactly as many bytes as were measured. */
  emit(location: bigint, scope: Scope, size: number): Uint8Array;
  /** Of an `.org`: before everything else it says where the program begins. */
  readonly origin?: Expression;
}

/** No single statement fills more than this; a larger one is a slip of the pen. */
const MAX_FILL = 16n * 1024n * 1024n;

type Parse = (reader: TokenReader, place: Place) => Piece;

const directives: Readonly<Record<string, Parse>> = {
  ".byte": numbers(1),
  ".short": numbers(2),
  ".2byte": numbers(2),
  ".long": numbers(4),
  ".int": numbers(4),
  ".4byte": numbers(4),
  ".quad": numbers(8),
  ".8byte": numbers(8),
  ".ascii": strings((text, place) => latin1(text, place)),
  ".asciz": strings((text, place) => latin1(`${text}\0`, place)),
  ".string": strings((text, place) => latin1(`${text}\0`, place)),
  ".ebcdic": strings(ebcdic),
  ".skip": skip,
  ".space": skip,
  ".zero": skip,
  ".align": align,
  ".balign": align,
  ".org": org,
};

export const isDirective = (name: string): boolean => name.startsWith(".");

export function parseDirective(name: string, reader: TokenReader, place: Place): Piece {
  const parse = directives[name.toLowerCase()];
  if (parse === undefined) {
    const known = Object.keys(directives).join(" ");
    throw new Mistake("directive", place, `unknown directive ${name}`, `known: ${known} .equ .set`);
  }
  const piece = parse(reader, place);
  reader.expectEnd();
  return piece;
}

function numbers(size: 1 | 2 | 4 | 8): Parse {
  return (reader) => {
    const values = commaSeparated(reader, parseExpression);
    return {
      measure: () => size * values.length,
      emit: (_, scope) => {
        const bytes = new Uint8Array(size * values.length);
        values.forEach((value, i) => bytes.set(bigEndian(value, size, scope), size * i));
        return bytes;
      },
    };
  };
}

/** A number as signed or unsigned integer of `size` bytes. */
function bigEndian(expression: Expression, size: number, scope: Scope): Uint8Array {
  const value = evaluate(expression, scope);
  const bits = BigInt(8 * size);
  if (value < -(1n << (bits - 1n)) || value >= 1n << bits) {
    throw new Mistake("range", expression.place, `${value} does not fit into ${size} bytes`);
  }
  return Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn));
}

function strings(encode: (text: string, place: Place) => Uint8Array): Parse {
  return (reader) => {
    const parts = commaSeparated(reader, () => {
      const token = reader.next();
      if (token.kind === "string") return encode(token.text, token.place);
      throw new Mistake("syntax", token.place, `expected a string, found ${reader.name(token)}`);
    });
    const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
    return { measure: () => bytes.length, emit: () => bytes };
  };
}

function latin1(text: string, place: Place): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xff) throw new Mistake("unencodable", place, `${character} is not a character of Latin-1`);
    return code;
  });
}

function ebcdic(text: string, place: Place): Uint8Array {
  const bytes = encodeEbcdic(text);
  if (decodeEbcdic(bytes) === text) return bytes;
  throw new Mistake("unencodable", place, "the string has a character outside of EBCDIC code page 500");
}

/** `.skip SIZE[, FILL]` */
function skip(reader: TokenReader): Piece {
  const size = parseExpression(reader);
  return filled(reader, (_, known) => checkedSize(evaluate(size, known), size.place));
}

/** `.align BOUNDARY[, FILL]`, the boundary in bytes. */
function align(reader: TokenReader): Piece {
  const boundary = parseExpression(reader);
  return filled(reader, (location, known) => {
    const bytes = evaluate(boundary, known);
    if (bytes < 1n || (bytes & (bytes - 1n)) !== 0n || bytes > MAX_FILL) {
      throw new Mistake("range", boundary.place, `${bytes} is not a power of two`);
    }
    return Number(-location & (bytes - 1n));
  });
}

/** `.org ADDRESS[, FILL]` */
function org(reader: TokenReader): Piece {
  const address = parseExpression(reader);
  const piece = filled(reader, (location, known) => {
    const target = evaluate(address, known);
    if (target >= location) return checkedSize(target - location, address.place);
    const over = location - target;
    throw new Mistake(
      "backwards",
      address.place,
      `.org 0x${target.toString(16)} lies ${over} bytes before the current address`,
      "what stands before it has grown too large",
    );
  });
  return { ...piece, origin: address };
}

/** Storage of a computed size, filled with a byte: zero, or the one after a comma. */
function filled(reader: TokenReader, measure: (location: bigint, known: Scope) => number): Piece {
  const fill = reader.accept(",") ? parseExpression(reader) : undefined;
  return {
    measure,
    emit: (_, scope, size) => {
      const bytes = new Uint8Array(size);
      return fill === undefined ? bytes : bytes.fill(bigEndian(fill, 1, scope)[0] ?? 0);
    },
  };
}

function checkedSize(size: bigint, place: Place): number {
  if (size >= 0n && size <= MAX_FILL) return Number(size);
  throw new Mistake("tooLarge", place, `${size} bytes: not between 0 and ${MAX_FILL}`);
}

function commaSeparated<T>(reader: TokenReader, parse: (reader: TokenReader) => T): T[] {
  const items: T[] = [];
  do items.push(parse(reader));
  while (reader.accept(","));
  return items;
}
