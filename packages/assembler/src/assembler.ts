/** The two-pass assembler. */
import { AssemblyError, Mistake, type Diagnostic, type Place } from "./diagnostic.ts";
import type { Piece } from "./directives.ts";
import type { InstructionEncoding } from "./encoding.ts";
import { evaluate } from "./expression.ts";
import { formsOf, type Form } from "./forms.ts";
import type { Source } from "./source.ts";
import { parseLine, type Statement } from "./statement.ts";
import { SymbolTable } from "./symbols.ts";

export interface AssembleOptions {
  /** Address of the first byte; otherwise a leading `.org` says it, or it is 0. */
  readonly origin?: number | bigint;
  /** Symbols that the caller defines. */
  readonly symbols?: Readonly<Record<string, number | bigint>>;
}

/** Where the bytes of a source line went. */
export interface ListingLine {
  readonly place: Place;
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

export interface Program {
  /** Address of the first byte. */
  readonly origin: bigint;
  readonly bytes: Uint8Array;
  readonly symbols: ReadonlyMap<string, bigint>;
  readonly listing: readonly ListingLine[];
}

export interface Assembler {
  /** Sources are assembled as if they stood in one file. Throws {@link AssemblyError} with all that is wrong. */
  assemble(sources: string | Source | readonly Source[], options?: AssembleOptions): Program;
}

/** An assembler for the instructions of a list and the extended mnemonics that follow from it. */
export function createAssembler(encodings: readonly InstructionEncoding[]): Assembler {
  const forms = formsOf(encodings);
  return { assemble: (sources, options = {}) => assemble(forms, normalise(sources), options) };
}

function normalise(sources: string | Source | readonly Source[]): readonly Source[] {
  if (typeof sources === "string") return [{ name: "source", text: sources }];
  return "text" in sources ? [sources] : sources;
}

function assemble(
  forms: ReadonlyMap<string, Form>,
  sources: readonly Source[],
  options: AssembleOptions,
): Program {
  const mistakes = new MistakeCollector();
  const statements = sources.flatMap(({ name, text }) =>
    text.split("\n").flatMap((line, i) => {
      const parsed = parseLine(line, name, i + 1, forms);
      if (parsed.mistake !== undefined) mistakes.add(parsed.mistake);
      return parsed.statements;
    }),
  );
  const layout = giveAddresses(statements, options, mistakes);
  mistakes.throwIfAny(); // an address that is missing or wrong would make every later complaint worthless
  layout.symbols.complete = true;
  const program = emit(layout, mistakes);
  mistakes.throwIfAny();
  return program;
}

interface PlacedPiece {
  readonly piece: Piece;
  readonly place: Place;
  readonly address: bigint;
  readonly size: number;
  /** Position among all statements: numeric labels are looked up from here. */
  readonly statement: number;
}

interface Layout {
  readonly origin: bigint;
  readonly size: number;
  readonly pieces: readonly PlacedPiece[];
  readonly symbols: SymbolTable;
}

/** No program is larger than this; a larger one is a slip of the pen. */
const MAX_PROGRAM = 64 * 1024 * 1024;

/** The first pass: an address for every statement and label. */
function giveAddresses(
  statements: readonly Statement[],
  options: AssembleOptions,
  mistakes: MistakeCollector,
): Layout {
  const symbols = predefined(options);
  const pieces: PlacedPiece[] = [];
  let origin = BigInt(options.origin ?? 0);
  let size = 0;
  let originIsOpen = options.origin === undefined;
  statements.forEach((statement, index) => {
    const address = origin + BigInt(size);
    const { place } = statement;
    mistakes.during(() => {
      switch (statement.kind) {
        case "label":
          originIsOpen = false;
          return symbols.defineLabel(statement.name, address, place);
        case "localLabel":
          originIsOpen = false;
          return symbols.defineLocalLabel(statement.label, index, address);
        case "definition":
          return symbols.define(statement.name, statement.value, symbols.scopeOf(index, address), place);
        case "piece": {
          const { piece } = statement;
          const scope = symbols.scopeOf(index, address);
          if (originIsOpen && piece.origin !== undefined) {
            origin = evaluate(piece.origin, scope);
            return;
          }
          originIsOpen = false;
          const length = piece.measure(address, scope);
          if (size + length > MAX_PROGRAM) {
            throw new Mistake("tooLarge", place, `the program is larger than ${MAX_PROGRAM} bytes`);
          }
          pieces.push({ piece, place, address, size: length, statement: index });
          size += length;
        }
      }
    });
  });
  return { origin, size, pieces, symbols };
}

function predefined(options: AssembleOptions): SymbolTable {
  const symbols = new SymbolTable();
  const place: Place = { file: "(options)", line: 1, column: 1 };
  for (const [name, value] of Object.entries(options.symbols ?? {})) {
    symbols.defineLabel(name, BigInt(value), place);
  }
  return symbols;
}

/** The second pass: bytes. */
function emit(layout: Layout, mistakes: MistakeCollector): Program {
  const { origin, symbols } = layout;
  const bytes = new Uint8Array(layout.size);
  const listing: ListingLine[] = [];
  for (const { piece, place, address, size, statement } of layout.pieces) {
    mistakes.during(() => {
      const emitted = piece.emit(address, symbols.scopeOf(statement, address), size);
      bytes.set(emitted, Number(address - origin));
      listing.push({ place, address, bytes: emitted });
    });
  }
  const values = new Map<string, bigint>();
  for (const [name, place] of symbols.definitions()) {
    mistakes.during(() => values.set(name, symbols.value(name, place)));
  }
  return { origin, bytes, symbols: values, listing };
}

/** After so many mistakes nobody reads on. */
const MOST_MISTAKES = 100;

/** A mistake does not stop the assembler: one run tells them all, within reason. */
class MistakeCollector {
  readonly #diagnostics: Diagnostic[] = [];

  add(mistake: Mistake): void {
    this.#diagnostics.push(mistake.diagnostic);
    if (this.#diagnostics.length === MOST_MISTAKES) this.throwIfAny();
  }

  during(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      this.add(error);
    }
  }

  throwIfAny(): void {
    const [first, ...rest] = this.#diagnostics;
    if (first !== undefined) throw new AssemblyError([first, ...rest]);
  }
}
