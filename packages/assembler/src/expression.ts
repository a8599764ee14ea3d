/** Expressions over numbers, labels and the location counter, in integers of up to 128 bits. */
import { Mistake, type Place } from "./diagnostic.ts";
import type { TokenReader } from "./token-reader.ts";

export type Expression = { readonly place: Place } & (
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "localLabel"; readonly label: string; readonly forward: boolean }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
);

/** What the value of an expression depends on. The location counter is the symbol `.`. */
export interface Scope {
  symbol(name: string, place: Place): bigint;
  localLabel(label: string, forward: boolean, place: Place): bigint;
}

/** Binary operators, those that bind tighter last. */
const levels: readonly (readonly string[])[] = [
  ["|"],
  ["^"],
  ["&"],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Parentheses and signs may stand in one another this deep. */
const MAX_NESTING = 64;
/** One expression may have this many operators; each is a step of recursion when it is evaluated. */
const MAX_OPERATORS = 1000;

export function parseExpression(reader: TokenReader): Expression {
  return parseLevel(reader, 0, 0);
}

function parseLevel(reader: TokenReader, level: number, nesting: number): Expression {
  const operators = levels[level];
  if (operators === undefined) return parsePrimary(reader, nesting);
  let left = parseLevel(reader, level + 1, nesting);
  for (let count = 0; ; count++) {
    const token = reader.peek();
    const operator = operators.find((text) => reader.accept(text));
    if (operator === undefined) return left;
    if (count === MAX_OPERATORS) throw new Mistake("tooLarge", token.place, "the expression is too long");
    const right = parseLevel(reader, level + 1, nesting);
    left = { kind: "binary", operator, left, right, place: token.place };
  }
}

function parsePrimary(reader: TokenReader, nesting: number): Expression {
  const token = reader.next();
  const { place } = token;
  if (nesting > MAX_NESTING) throw new Mistake("tooLarge", place, "the expression is nested too deep");
  if (token.kind === "number") return { kind: "number", value: token.value, place };
  if (token.kind === "name") return { kind: "symbol", name: token.text, place };
  if (token.kind === "localLabel") {
    return { kind: "localLabel", label: token.label, forward: token.forward, place };
  }
  if (token.kind === "punctuation" && ["-", "+", "~"].includes(token.text)) {
    return { kind: "unary", operator: token.text, operand: parsePrimary(reader, nesting + 1), place };
  }
  if (token.kind === "punctuation" && token.text === "(") {
    const inner = parseLevel(reader, 0, nesting + 1);
    reader.expect(")");
    return inner;
  }
  throw new Mistake(
    "syntax",
    place,
    `expected a number, a symbol or an expression, found ${reader.name(token)}`,
  );
}

export function evaluate(expression: Expression, scope: Scope): bigint {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "symbol":
      return scope.symbol(expression.name, expression.place);
    case "localLabel":
      return scope.localLabel(expression.label, expression.forward, expression.place);
    case "unary": {
      const value = evaluate(expression.operand, scope);
      return expression.operator === "-" ? -value : expression.operator === "~" ? ~value : value;
    }
    case "binary": {
      const left = evaluate(expression.left, scope);
      const right = evaluate(expression.right, scope);
      return bounded(apply(expression.operator, left, right, expression.place), expression.place);
    }
  }
}

/** No field is wider than 64 bits; larger numbers could exhaust the host. */
const MAX_SHIFT = 64n;
const BOUND = 1n << 128n;

function bounded(value: bigint, place: Place): bigint {
  if (value < BOUND && value > -BOUND) return value;
  throw new Mistake("range", place, "the value has more than 128 bits");
}

function apply(operator: string, left: bigint, right: bigint, place: Place): bigint {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "&":
      return left & right;
    case "|":
      return left | right;
    case "^":
      return left ^ right;
    case "/":
    case "%":
      if (right === 0n) throw new Mistake("division", place, "division by zero");
      return operator === "/" ? left / right : left % right;
    default:
      if (right < 0n || right > MAX_SHIFT) {
        throw new Mistake("range", place, `shift by ${right}, not between 0 and ${MAX_SHIFT}`);
      }
      return operator === "<<" ? left << right : left >> right;
  }
}
