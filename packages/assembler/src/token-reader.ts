/** A cursor over the tokens of one line. */
import { Mistake } from "./diagnostic.ts";
import type { Token } from "./scanner.ts";

export class TokenReader {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #at = 0;

  constructor(tokens: readonly [Token, ...Token[]]) {
    this.#tokens = tokens;
    this.#end = tokens[tokens.length - 1] ?? tokens[0];
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? this.#end;
  }

  next(): Token {
    const token = this.peek();
    this.#at++;
    return token;
  }

  /** Is the token `ahead` this punctuation? */
  sees(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "punctuation" && token.text === text;
  }

  /** Pass over this punctuation if it is next. */
  accept(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (this.accept(text)) return;
    throw new Mistake("syntax", this.peek().place, `expected ${text}, found ${this.name(this.peek())}`);
  }

  atEnd(): boolean {
    return this.peek().kind === "end";
  }

  expectEnd(): void {
    if (this.atEnd()) return;
    throw new Mistake(
      "syntax",
      this.peek().place,
      `unexpected ${this.name(this.peek())} after the statement`,
    );
  }

  /** A token in words, for diagnostics. */
  name(token: Token): string {
    switch (token.kind) {
      case "number":
        return `${token.value}`;
      case "name":
      case "punctuation":
        return token.text;
      case "register":
        return `%${token.file}${token.number}`;
      case "string":
        return "a string";
      case "localLabel":
        return `${token.label}${token.forward ? "f" : "b"}`;
      case "end":
        return "the end of the line";
    }
  }
}
