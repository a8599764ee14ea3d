/** What decoded instructions do: their definitions, elaborated with operand fields that are constants. */
import type { Instruction, Recording } from "@lockframe/instructions";
import { elaborate, fieldsOf } from "@lockframe/instructions";
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
  readonly #known = new Map<bigint, Meaning>();

  constructor(definitions: readonly Instruction[]) {
    this.#definitions = definitions;
  }

  understand(region: Region): UnderstoodRegion {
    const blocks = new Map<number, UnderstoodBlock>();
    for (const [id, block] of region.blocks) {
      const instructions = block.instructions.map((decoded) => ({ ...decoded, ...this.#meaning(decoded) }));
      blocks.set(id, { ...block, instructions });
    }
    return { ...region, blocks };
  }

  #meaning({ definition: number, word }: Decoded): Meaning {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    const definition = this.#definitions[number];
    if (definition === undefined) throw new Error(`there is no definition ${number}`);
    const meaning = { definition, recording: elaborate(definition, fieldsOf(word), mode) };
    this.#known.set(word, meaning);
    return meaning;
  }
}
