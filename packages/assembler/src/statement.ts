/** Lines to statements. */
import type { Place } from "./diagnostic.ts";
import { Mistake } from "./diagnostic.ts";
import { isDirective, parseDirective, type Piece } from "./directives.ts";
import { encode } from "./encoding.ts";
import { parseExpression, type Expression } from "./expression.ts";
import type { Form } from "./forms.ts";
import { bindOperands, parseOperands } from "./operands.ts";
import { scanLine } from "./scanner.ts";
import { TokenReader } from "./token-reader.ts";

export type Statement = { readonly place: Place } & (
  | { readonly kind: "label"; readonly name: string }
  /** A numeric label, which may stand many times. */
  | { readonly kind: "localLabel"; readonly label: string }
  | { readonly kind: "definition"; readonly name: string; readonly value: Expression }
  | { readonly kind: "piece"; readonly piece: Piece }
);

/** The statements of one line: labels, then at most one instruction, directive or definition. */
export function parseLine(
  text: string,
  file: string,
  line: number,
  forms: ReadonlyMap<string, Form>,
): { readonly statements: readonly Statement[]; readonly mistake?: Mistake } {
  const statements: Statement[] = [];
  try {
    const tokens = scanLine(text, file, line);
    const [first, ...rest] = tokens;
    if (first === undefined) return { statements };
    const reader = new TokenReader([first, ...rest]);
    for (let label = parseLabel(reader); label !== undefined; label = parseLabel(reader))
      statements.push(label);
    if (!reader.atEnd()) statements.push(parseStatement(reader, forms));
    return { statements };
  } catch (error) {
    // The labels before the mistake stay, lest every use of them be reported too.
    if (error instanceof Mistake) return { statements, mistake: error };
    throw error;
  }
}

function parseLabel(reader: TokenReader): Statement | undefined {
  if (!reader.sees(":", 1)) return undefined;
  const token = reader.next();
  reader.expect(":");
  const { place } = token;
  if (token.kind === "name" && token.text !== ".") return { kind: "label", name: token.text, place };
  if (token.kind === "number") return { kind: "localLabel", label: `${token.value}`, place };
  throw new Mistake("syntax", place, `${reader.name(token)} cannot be a label`);
}

function parseStatement(reader: TokenReader, forms: ReadonlyMap<string, Form>): Statement {
  const token = reader.next();
  const { place } = token;
  if (token.kind !== "name") {
    throw new Mistake("syntax", place, `expected an instruction or a directive, found ${reader.name(token)}`);
  }
  const { text } = token;
  if (reader.accept("=")) return parseDefinition(text, reader, place);
  if (/^\.(equ|set)$/i.test(text)) {
    const name = reader.next();
    if (name.kind !== "name" || name.text === ".") {
      throw new Mistake("syntax", name.place, `expected the name to define, found ${reader.name(name)}`);
    }
    reader.expect(",");
    return parseDefinition(name.text, reader, name.place);
  }
  if (isDirective(text)) {
    const piece = parseDirective(text, reader, place);
    return { kind: "piece", piece, place };
  }
  return { kind: "piece", piece: parseInstruction(text, reader, place, forms), place };
}

function parseDefinition(name: string, reader: TokenReader, place: Place): Statement {
  const value = parseExpression(reader);
  reader.expectEnd();
  return { kind: "definition", name, value, place };
}

function parseInstruction(
  name: string,
  reader: TokenReader,
  place: Place,
  forms: ReadonlyMap<string, Form>,
): Piece {
  const form = forms.get(name.toLowerCase());
  if (form === undefined) throw new Mistake("mnemonic", place, `unknown instruction ${name}`);
  const operands = parseOperands(reader);
  return {
    measure: () => form.encoding.format.length,
    emit: (location, scope) =>
      encode(form.encoding, bindOperands(form, operands, place, { location, scope })),
  };
}
