/** Labels and definitions of one program. */
import { Mistake, describePlace, type Place } from "./diagnostic.ts";
import { evaluate, type Expression, type Scope } from "./expression.ts";

type Symbol = { readonly place: Place } & (
  | { readonly kind: "label"; readonly address: bigint }
  | { readonly kind: "definition"; readonly value: Expression; readonly scope: Scope }
);

/** Definitions may name one another over this many steps. */
const MAX_DEPTH = 100;

export class SymbolTable {
  readonly #symbols = new Map<string, Symbol>();
  /** Addresses of each numeric label with the statements they stand at, in order. */
  readonly #localLabels = new Map<string, { readonly statement: number; readonly address: bigint }[]>();
  /** Names under evaluation, to notice a definition that needs itself. */
  readonly #pending = new Set<string>();
  /** Definitions whose value is known; it never changes. */
  readonly #values = new Map<string, bigint>();
  /** False while addresses are still being given out. */
  complete = false;

  defineLabel(name: string, address: bigint, place: Place): void {
    this.#define(name, { kind: "label", address, place });
  }

  /** The value is computed when it is asked for, so it may name what comes later. */
  define(name: string, value: Expression, scope: Scope, place: Place): void {
    this.#define(name, { kind: "definition", value, scope, place });
  }

  defineLocalLabel(label: string, statement: number, address: bigint): void {
    const places = this.#localLabels.get(label);
    if (places === undefined) this.#localLabels.set(label, [{ statement, address }]);
    else places.push({ statement, address });
  }

  /** All names with the places that define them. */
  definitions(): readonly (readonly [name: string, place: Place])[] {
    return [...this.#symbols].map(([name, { place }]) => [name, place]);
  }

  /** What symbols mean to a statement. */
  scopeOf(statement: number, location: bigint): Scope {
    return {
      symbol: (name, place) => (name === "." ? location : this.value(name, place)),
      localLabel: (label, forward, place) => this.#localLabel(label, forward, statement, place),
    };
  }

  value(name: string, place: Place): bigint {
    const symbol = this.#symbols.get(name);
    if (symbol === undefined) throw this.#unknown(name, place);
    if (symbol.kind === "label") return symbol.address;
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    if (this.#pending.size === MAX_DEPTH)
      throw new Mistake("tooLarge", place, "definitions are nested too deep");
    if (this.#pending.has(name)) throw new Mistake("circular", place, `${name} is defined through itself`);
    this.#pending.add(name);
    try {
      const value = evaluate(symbol.value, symbol.scope);
      this.#values.set(name, value);
      return value;
    } finally {
      this.#pending.delete(name);
    }
  }

  #define(name: string, symbol: Symbol): void {
    const earlier = this.#symbols.get(name);
    if (earlier !== undefined) {
      const where = describePlace(earlier.place);
      throw new Mistake("duplicateSymbol", symbol.place, `${name} is already defined at ${where}`);
    }
    this.#symbols.set(name, symbol);
  }

  #localLabel(label: string, forward: boolean, statement: number, place: Place): bigint {
    const places = this.#localLabels.get(label) ?? [];
    const found = forward
      ? places.find((candidate) => candidate.statement > statement)
      : places.findLast((candidate) => candidate.statement <= statement);
    if (found === undefined) throw this.#unknown(`${label}${forward ? "f" : "b"}`, place);
    return found.address;
  }

  #unknown(name: string, place: Place): Mistake {
    return this.complete
      ? new Mistake("undefinedSymbol", place, `${name} is not defined`)
      : new Mistake("notYetKnown", place, `a size depends on ${name}, which is not known before this line`);
  }
}
