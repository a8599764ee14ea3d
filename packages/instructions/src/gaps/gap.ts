/** Instructions of the architecture that have no definition here, as data: what a guest asked for can be said by name. */

export interface Gap {
  readonly mnemonic: string;
  /** Each of its parts in bytes of its own, as in a definition (VA: 0xe7f3). */
  readonly opcode: number;
  /** The Principles of Operation's title. */
  readonly title: string;
  /** Facility bit that installs it; undefined: the architecture has it always, or says otherwise that it is there. */
  readonly facility: number | undefined;
}

/** A title, and its instructions: mnemonic and operation code in hexadecimal, in turn. */
export type GapRow = readonly [title: string, instructions: string];

export function gapsOf(facility: number | undefined, rows: readonly GapRow[]): readonly Gap[] {
  return rows.flatMap(([title, instructions]) => {
    const words = instructions.split(" ");
    return Array.from({ length: words.length / 2 }, (_, n): Gap => {
      const [mnemonic = "", code = ""] = words.slice(2 * n, 2 * n + 2);
      return { mnemonic, opcode: Number.parseInt(code, 16), title, facility };
    });
  });
}
