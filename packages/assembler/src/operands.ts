/** Operands as written, and the fields that they fill. */
import type { Field, OperandSyntax } from "@lockframe/architecture";
import { Mistake, type Place } from "./diagnostic.ts";
import { fieldRange, type FieldValues } from "./encoding.ts";
import { evaluate, parseExpression, type Expression, type Scope } from "./expression.ts";
import type { Form } from "./forms.ts";
import { registerFileOf, registerLetters } from "./register-files.ts";
import type { TokenReader } from "./token-reader.ts";

/** A register by name, or an expression. */
type Term =
  | { readonly kind: "register"; readonly file: string; readonly number: number; readonly place: Place }
  | { readonly kind: "expression"; readonly expression: Expression; readonly place: Place };

/** `value` or `value(first,second)`; each subscript may be empty. */
export interface Operand {
  readonly place: Place;
  readonly value: Term;
  readonly subscripts?: readonly (Term | undefined)[];
}

export function parseOperands(reader: TokenReader): Operand[] {
  const operands: Operand[] = [];
  if (reader.atEnd()) return operands;
  do operands.push(parseOperand(reader));
  while (reader.accept(","));
  reader.expectEnd();
  return operands;
}

function parseOperand(reader: TokenReader): Operand {
  const { place } = reader.peek();
  const value = parseTerm(reader);
  if (!reader.accept("(")) return { place, value };
  const subscripts: (Term | undefined)[] = [];
  do subscripts.push(reader.sees(",") || reader.sees(")") ? undefined : parseTerm(reader));
  while (reader.accept(","));
  reader.expect(")");
  return { place, value, subscripts };
}

function parseTerm(reader: TokenReader): Term {
  const token = reader.peek();
  if (token.kind === "register") {
    reader.next();
    return { kind: "register", file: token.file, number: token.number, place: token.place };
  }
  return { kind: "expression", expression: parseExpression(reader), place: token.place };
}

/** Where the instruction stands and what its symbols mean. */
export interface Site {
  readonly location: bigint;
  readonly scope: Scope;
}

/** Field values of an instruction from its operands. */
export function bindOperands(
  form: Form,
  operands: readonly Operand[],
  place: Place,
  site: Site,
): FieldValues {
  checkCount(form, operands, place);
  const binder = new Binder(form, site);
  operands.forEach((operand, i) => {
    const syntax = form.syntax[i];
    if (syntax !== undefined) binder.bind(syntax, operand);
  });
  return { ...form.settled, ...binder.fields };
}

function checkCount(form: Form, operands: readonly Operand[], place: Place): void {
  const { required, syntax } = form;
  if (operands.length >= required && operands.length <= syntax.length) return;
  const wanted = required === syntax.length ? `${required}` : `${required} to ${syntax.length}`;
  const written = `${form.name} ${describeSyntax(form)}`.trim();
  throw new Mistake(
    "operandCount",
    place,
    `${form.name} takes ${wanted} operands, found ${operands.length}`,
    `it is written: ${written}`,
  );
}

/** The operands of a form in the manual's words: `R1,D2(X2,B2)`. */
export function describeSyntax(form: Form): string {
  return form.syntax
    .map((operand, i) => {
      const text = describeOperand(operand);
      return i >= form.required ? `[,${text}]` : i > 0 ? `,${text}` : text;
    })
    .join("");
}

function describeOperand(syntax: OperandSyntax): string {
  const up = (field: string): string => field.toUpperCase();
  switch (syntax.kind) {
    case "field":
      return up(syntax.field);
    case "bd":
      return `${up(syntax.displacement)}(${up(syntax.base)})`;
    case "bxd":
      return `${up(syntax.displacement)}(${up(syntax.index)},${up(syntax.base)})`;
    case "bdl":
      return `${up(syntax.displacement)}(${up(syntax.length)},${up(syntax.base)})`;
    case "bdr":
      return `${up(syntax.displacement)}(${up(syntax.register)},${up(syntax.base)})`;
  }
}

class Binder {
  readonly fields: Record<string, number> = {};
  readonly #form: Form;
  readonly #site: Site;

  constructor(form: Form, site: Site) {
    this.#form = form;
    this.#site = site;
  }

  bind(syntax: OperandSyntax, operand: Operand): void {
    if (syntax.kind === "field") {
      if (operand.subscripts !== undefined) {
        throw new Mistake(
          "operandKind",
          operand.place,
          `operand ${syntax.field.toUpperCase()} is not in storage`,
        );
      }
      this.#set(syntax.field, operand.value);
      return;
    }
    const [first, base] = this.#subscripts(syntax, operand);
    this.#set(syntax.displacement, operand.value);
    this.#set(syntax.base, base);
    if (syntax.kind === "bxd") this.#set(syntax.index, first);
    if (syntax.kind === "bdl") this.#set(syntax.length, first);
    if (syntax.kind === "bdr") this.#set(syntax.register, first);
  }

  /**
   * Index, length or register, then base. `D(4)` of an indexed operand names the base; of an operand with
   * a length or a register it names that.
   */
  #subscripts(
    syntax: Exclude<OperandSyntax, { kind: "field" }>,
    operand: Operand,
  ): readonly [first: Term | undefined, base: Term | undefined] {
    const subscripts = operand.subscripts ?? [];
    const most = syntax.kind === "bd" ? 1 : 2;
    if (subscripts.length > most) {
      const text = describeOperand(syntax);
      throw new Mistake(
        "operandKind",
        operand.place,
        `too many subscripts`,
        `the operand is written ${text}`,
      );
    }
    const [first, second] = subscripts;
    if (syntax.kind === "bd") return [undefined, first];
    if (syntax.kind === "bxd" && subscripts.length === 1) return [undefined, first];
    if (syntax.kind !== "bxd" && first === undefined) {
      const what = syntax.kind === "bdl" ? "a length" : "a register";
      throw new Mistake(
        "operandKind",
        operand.place,
        `the operand needs ${what}: ${describeOperand(syntax)}`,
      );
    }
    return [first, second];
  }

  /** Give a field the value of a term; an absent term leaves it zero. */
  #set(name: string, term: Term | undefined): void {
    if (term === undefined) return;
    const field = this.#form.encoding.format.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`${this.#form.encoding.format.name} has no field ${name}`);
    this.fields[name] = this.#valueOf(field, term);
  }

  #valueOf(field: Field, term: Term): number {
    switch (field.kind) {
      case "r":
      case "b":
      case "x":
      case "v":
        return this.#register(field, term);
      case "ri":
        return this.#relative(field, this.#number(field, term), term.place);
      case "l": {
        const length = this.#number(field, term);
        const most = 2 ** field.width;
        if (length >= 1n && length <= most) return Number(length) - 1;
        throw new Mistake("range", term.place, `length ${length} is not between 1 and ${most}`);
      }
      default:
        return inRange(field, this.#number(field, term), term.place);
    }
  }

  #number(field: Field, term: Term): bigint {
    if (term.kind === "expression") return evaluate(term.expression, this.#site.scope);
    throw new Mistake(
      "operandKind",
      term.place,
      `${field.name.toUpperCase()} of ${this.#form.name} is a number, not a register`,
    );
  }

  /** `%r4`, `r4` or an expression with the value 4. */
  #register(field: Field, term: Term): number {
    const file = registerFileOf(this.#form.encoding, field);
    const named = term.kind === "register" ? term : bareRegister(term.expression);
    if (named === undefined) return inRange(field, this.#number(field, term), term.place);
    if (named.file !== registerLetters[file]) {
      const place = term.place;
      const name = field.name.toUpperCase();
      throw new Mistake("operandKind", place, `${name} of ${this.#form.name} is a ${file} register`);
    }
    return named.number;
  }

  #relative(field: Field, target: bigint, place: Place): number {
    const distance = target - this.#site.location;
    if (distance % 2n !== 0n) {
      throw new Mistake(
        "oddTarget",
        place,
        `target ${hex(target)} is not a halfword away, but ${distance} bytes`,
      );
    }
    const [min, max] = fieldRange(field);
    const halfwords = distance / 2n;
    if (halfwords >= min && halfwords <= max) return Number(halfwords);
    throw new Mistake(
      "range",
      place,
      `target ${hex(target)} is ${distance} bytes away; ${this.#form.name} reaches ${2 * min} to ${2 * max}`,
    );
  }
}

const hex = (value: bigint): string =>
  value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;

function inRange(field: Field, value: bigint, place: Place): number {
  const [min, max] = fieldRange(field);
  if (value >= min && value <= max) return Number(value);
  throw new Mistake(
    "range",
    place,
    `${field.name.toUpperCase()} is ${value}, not between ${min} and ${max}`,
    field.kind === "d" ? "put the address into a base register (larl, lgrl)" : undefined,
  );
}

/** `r4` without the percent sign, where a register is expected. */
function bareRegister(
  expression: Expression,
): { readonly file: string; readonly number: number } | undefined {
  if (expression.kind !== "symbol") return undefined;
  const found = /^([racfv])(\d|[12]\d|3[01])$/.exec(expression.name);
  if (found === null) return undefined;
  const number = Number(found[2]);
  return found[1] !== "v" && number > 15 ? undefined : { file: found[1] ?? "", number };
}
