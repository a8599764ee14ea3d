import { type DecimalFailure, dataException, isMinus } from "./packed.ts";

const DIGIT_SELECTOR = 0x20;
const SIGNIFICANCE_STARTER = 0x21;
const FIELD_SEPARATOR = 0x22;

export interface EditResult {
  /** The edited pattern. */
  readonly bytes: Uint8Array;
  /** 0: the last field is zero or empty; 1: less than zero; 2: greater than zero. */
  readonly conditionCode: number;
  /** EDIT AND MARK: offset in the pattern of the last first-significant digit, undefined if none was marked. */
  readonly mark: number | undefined;
  /** Source bytes that were looked at. */
  readonly sourceLength: number;
}

/** What the examination of one pattern carries along. */
class Editor {
  significant = false;
  nonzero = false;
  mark: number | undefined;
  sourceLength = 0;
  readonly #fill: number;
  readonly #source: (index: number) => number;
  /** Right digit of the byte fetched last, if it is still to come. */
  #right: number | undefined;

  constructor(fill: number, source: (index: number) => number) {
    this.#fill = fill;
    this.#source = source;
  }

  /** The result byte of a digit selector or significance starter; undefined for an invalid digit. */
  select(starts: boolean, position: number): number | undefined {
    const byte = this.#right === undefined ? this.#source(this.sourceLength++) : undefined;
    const digit = byte === undefined ? (this.#right ?? 0) : byte >> 4;
    if (digit > 9) return undefined;
    this.#right = byte === undefined || (byte & 0x0f) > 9 ? undefined : byte & 0x0f;
    const shown = digit !== 0 || this.significant;
    if (digit !== 0) this.nonzero = true;
    if (shown && !this.significant) this.mark = position;
    this.significant = shown || starts;
    // A plus sign beside a left digit ends significance; a minus sign leaves it.
    if (byte !== undefined && (byte & 0x0f) > 9 && !isMinus(byte & 0x0f)) this.significant = false;
    return shown ? 0xf0 | digit : this.#fill;
  }

  separate(): number {
    this.significant = false;
    this.nonzero = false;
    return this.#fill;
  }

  message(character: number): number {
    return this.significant ? character : this.#fill;
  }
}

/**
 * EDIT and EDIT AND MARK. `source` gives the byte of the second operand at an index; it is asked for each byte once, from left to
 * right and only when a digit of it is needed.
 */
export function edit(pattern: Uint8Array, source: (index: number) => number): EditResult | DecimalFailure {
  const editor = new Editor(pattern[0] ?? 0, source);
  const bytes = new Uint8Array(pattern.length);
  for (const [position, character] of pattern.entries()) {
    const result = editOne(editor, character, position);
    if (result === undefined) return dataException;
    bytes[position] = result;
  }
  const conditionCode = !editor.nonzero ? 0 : editor.significant ? 1 : 2;
  return { bytes, conditionCode, mark: editor.mark, sourceLength: editor.sourceLength };
}

function editOne(editor: Editor, character: number, position: number): number | undefined {
  switch (character) {
    case DIGIT_SELECTOR:
    case SIGNIFICANCE_STARTER:
      return editor.select(character === SIGNIFICANCE_STARTER, position);
    case FIELD_SEPARATOR:
      return editor.separate();
    default:
      // The fill character itself, at position 0, stays: significance is off and it is its own replacement.
      return editor.message(character);
  }
}
