/** Source lines to tokens. */
import { Mistake, type Place } from "./diagnostic.ts";

export type Token = { readonly place: Place } & (
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "name"; readonly text: string }
  | { readonly kind: "register"; readonly file: string; readonly number: number }
  | { readonly kind: "string"; readonly text: string }
  /** `1b`, `2f`: the nearest numeric label backwards or forwards. */
  | { readonly kind: "localLabel"; readonly label: string; readonly forward: boolean }
  | { readonly kind: "punctuation"; readonly text: string }
  | { readonly kind: "end" }
);

const patterns = {
  blank: /[ \t\r]+/y,
  register: /%([racfv])(\d{1,2})\b/y,
  number: /0[xX][0-9a-fA-F]+\b|0[bB][01]+\b|[1-9]\d*\b|0\b/y,
  localLabel: /(\d+)([bf])\b/y,
  name: /[A-Za-z_.$][\w.$]*/y,
  string: /"((?:[^"\\]|\\.)*)"/y,
  character: /'((?:[^'\\]|\\.))'/y,
  punctuation: /<<|>>|[-+*/%&|^~(),:=]/y,
} as const;

/** Tokens of one line, `end` last. A `*` as first character or a `#` outside of a string begins a comment. */
export function scanLine(text: string, file: string, line: number): Token[] {
  const tokens: Token[] = [];
  let at = /^\s*\*/.test(text) ? text.length : 0;
  const placeAt = (index: number): Place => ({ file, line, column: index + 1 });
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) ?? undefined;
    if (found !== undefined) at += found[0].length;
    return found;
  };
  while (at < text.length && text[at] !== "#") {
    const place = placeAt(at);
    let found: RegExpExecArray | undefined;
    if (take(patterns.blank)) continue;
    if ((found = take(patterns.register))) tokens.push(registerToken(found, place));
    else if ((found = take(patterns.number))) tokens.push({ kind: "number", value: BigInt(found[0]), place });
    else if ((found = take(patterns.localLabel)))
      tokens.push({ kind: "localLabel", label: found[1] ?? "", forward: found[2] === "f", place });
    else if ((found = take(patterns.name))) tokens.push({ kind: "name", text: found[0], place });
    else if ((found = take(patterns.string)))
      tokens.push({ kind: "string", text: unescape(found[1] ?? "", place), place });
    else if ((found = take(patterns.character)))
      tokens.push({ kind: "number", value: BigInt(unescape(found[1] ?? "", place).charCodeAt(0)), place });
    else if ((found = take(patterns.punctuation)))
      tokens.push({ kind: "punctuation", text: found[0], place });
    else throw unreadable(text.slice(at), place);
  }
  tokens.push({ kind: "end", place: placeAt(at) });
  return tokens;
}

function registerToken(found: RegExpExecArray, place: Place): Token {
  const file = found[1] ?? "";
  const number = Number(found[2]);
  if (number > (file === "v" ? 31 : 15))
    throw new Mistake("range", place, `there is no register ${found[0]}`);
  return { kind: "register", file, number, place };
}

function unreadable(rest: string, place: Place): Mistake {
  const word = /^[^\s,()]+/.exec(rest)?.[0] ?? rest.slice(0, 1);
  if (word.startsWith('"')) return new Mistake("character", place, "the string does not end on its line");
  if (/^0\d/.test(word)) {
    return new Mistake(
      "character",
      place,
      `${word} looks octal`,
      "write it without the leading zero or as 0x..",
    );
  }
  return new Mistake("character", place, `cannot read ${word}`);
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  "0": "\0",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

function unescape(text: string, place: Place): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{1,2}|.)/g, (whole, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const character = escapes[code];
    if (character === undefined) throw new Mistake("character", place, `unknown escape ${whole}`);
    return character;
  });
}
