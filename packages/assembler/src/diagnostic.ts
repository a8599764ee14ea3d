/** What the assembler says about a source. */
import { LockframeError } from "@lockframe/architecture";

/** Stable codes of the assembler's diagnostics. */
export const codes = {
  character: "LF-ASM-001",
  syntax: "LF-ASM-002",
  mnemonic: "LF-ASM-003",
  directive: "LF-ASM-004",
  operandCount: "LF-ASM-005",
  operandKind: "LF-ASM-006",
  range: "LF-ASM-007",
  undefinedSymbol: "LF-ASM-008",
  duplicateSymbol: "LF-ASM-009",
  circular: "LF-ASM-010",
  backwards: "LF-ASM-011",
  oddTarget: "LF-ASM-012",
  notYetKnown: "LF-ASM-013",
  unencodable: "LF-ASM-014",
  division: "LF-ASM-015",
  tooLarge: "LF-ASM-016",
} as const;

export interface Place {
  readonly file: string;
  /** Both count from one. */
  readonly line: number;
  readonly column: number;
}

export interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  readonly hint?: string;
}

/** One mistake; thrown inside the assembler, which collects them. */
export class Mistake extends Error {
  readonly diagnostic: Diagnostic;

  constructor(code: keyof typeof codes, place: Place, message: string, hint?: string) {
    super(message);
    this.name = "Mistake";
    this.diagnostic =
      hint === undefined
        ? { code: codes[code], message, place }
        : { code: codes[code], message, place, hint };
  }
}

export const describePlace = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

/** Thrown when a source cannot be assembled. Its code and hint are the first diagnostic's. */
export class AssemblyError extends LockframeError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]]) {
    const lines = diagnostics.map(
      ({ place, code, message }) => `${describePlace(place)}: ${code} ${message}`,
    );
    super(diagnostics[0].code, lines.join("\n"), diagnostics[0].hint);
    this.name = "AssemblyError";
    this.diagnostics = diagnostics;
  }
}
