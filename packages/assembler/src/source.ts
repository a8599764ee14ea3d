/** A piece of source and the name under which diagnostics speak of it. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/**
 * Assembler source inside of TypeScript: asm("loader.s")`...`. Backslashes stay as they are, values are
 * put in as text. Line numbers of diagnostics count from the opening quote's line as 1.
 */
export function asm(name: string): (text: TemplateStringsArray, ...values: (string | number)[]) => Source {
  return (text, ...values) => ({ name, text: String.raw(text, ...values) });
}
