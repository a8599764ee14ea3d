/**
 * Debian control data ("deb822"): paragraphs of `Field: value` with continuation lines.
 * Source: Debian Policy, chapter 5; sources.list(5).
 */

/** One paragraph; field names are case-insensitive and kept in lower case. Continuation lines keep their line breaks. */
export type Paragraph = ReadonlyMap<string, string>;

/** Parses all paragraphs. Lines that are neither fields, continuations, comments nor empty are refused. */
export function parseControl(text: string): readonly Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let current = new Map<string, string>();
  let field: string | undefined;
  const close = () => {
    if (current.size > 0) paragraphs.push(current);
    current = new Map();
    field = undefined;
  };
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    if (line.trim() === "") close();
    else if (/^[ \t]/.test(line) && field !== undefined)
      current.set(field, `${current.get(field)}\n${line.trim()}`);
    else {
      const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined)
        throw new SyntaxError(`not a field: '${line.slice(0, 60)}'`);
      field = name.toLowerCase();
      current.set(field, value.trimEnd());
    }
  }
  close();
  return paragraphs;
}
