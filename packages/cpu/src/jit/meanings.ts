/** What decoded instructions do: their definitions, elaborated with operand fields that are constants. */
import type { Instruction, Recording } from "@lockframe/instructions";
import { elaborate, fieldsOf } from "@lockframe/instructions";
import { unmasked } from "../lower/program-mask.ts";
import { type Decoded, mode } from "./decoder.ts";
import type { Block, Region } from "./region.ts";

export interface Meaning {
  readonly definition: Instruction;
  readonly recording: Recording;
}
export interface Understood extends Omit<Decoded, "definition">, Meaning {}
export type UnderstoodBlock = Block<Understood>;
export type UnderstoodRegion = Region<Understood>;

/** Words that are remembered; each takes some kilobytes. */
const REMEMBERED = 4000;

export class Meanings {
  readonly #definitions: readonly Instruction[];
  /** By word: with exceptions that the program mask allows, and without. */
  readonly #known = { traps: new Map<bigint, Meaning>(), plain: new Map<bigint, Meaning>() };

  constructor(definitions: readonly Instruction[]) {
    this.#definitions = definitions;
  }

  understand(region: Region): UnderstoodRegion {
    const blocks = new Map<number, UnderstoodBlock>();
    for (const [id, block] of region.blocks) {
      const instructions = block.instructions.map((decoded) => ({
        ...decoded,
        ...this.#meaning(decoded, region.traps),
      }));
      blocks.set(id, { ...block, instructions });
    }
    return { ...region, blocks };
  }

  #meaning({ definition: number, word }: Decoded, traps: boolean): Meaning {
    const meanings = traps ? this.#known.traps : this.#known.plain;
    const known = meanings.get(word);
    if (known !== undefined) return known;
    if (meanings.size >= REMEMBERED) meanings.clear();
    const definition = this.#definitions[number];
    if (definition === undefined) throw new Error(`there is no definition ${number}`);
    const whole = elaborate(definition, fieldsOf(word), mode);
    const meaning = { definition, recording: traps ? whole : unmasked(whole) };
    meanings.set(word, meaning);
    return meaning;
  }
}
