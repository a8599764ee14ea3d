/** From storage to decoded instructions whose operand fields are constants. */
import type { Instruction, Node, Recording } from "@lockframe/instructions";
import { elaborate, fieldsOf } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { DECODE_FIRST, DECODE_SECOND, SECOND_LEVEL } from "../state.ts";

/** How an instruction that may not go on with the next sequential one goes on. */
export interface Branch {
  /** It never goes on with the next sequential one. */
  readonly always: boolean;
  /** Bytes from the instruction to its target, when they are known. */
  readonly distance: number | undefined;
}

export interface Decoded {
  /** Host offset of the eight bytes whose first is the instruction's. */
  readonly place: number;
  readonly length: number;
  /** Left-aligned. */
  readonly word: bigint;
  readonly definition: Instruction;
  readonly recording: Recording;
  readonly branch: Branch | undefined;
}

/** Instructions that leave with an event, or to another address, whenever they complete. */
const leaving: ReadonlySet<string> = new Set([
  "SVC",
  "LPSW",
  "LPSWE",
  "LPSWEY",
  "PC",
  "PR",
  "PT",
  "PTI",
  "SAM24",
  "SAM31",
  "BSM",
  "BASSM",
]);
const PAGE = 0x1000;
const MASK_48 = 0xffff_ffff_ffff_0000n;
/** Words kept with what they mean. */
const REMEMBERED = 20_000;

interface Meaning {
  readonly definition: Instruction;
  readonly recording: Recording;
  readonly branch: Branch | undefined;
}

export class Decoder {
  readonly #storage: Storage;
  readonly #view: DataView;
  readonly #definitions: readonly Instruction[];
  readonly #meanings = new Map<bigint, Meaning | undefined>();

  constructor(storage: Storage, definitions: readonly Instruction[]) {
    this.#storage = storage;
    this.#view = storage.view();
    this.#definitions = definitions;
  }

  /** Number of the page that a place is in, and the offset of the first byte in it. */
  pageOf(place: number): number {
    return this.absolute(place) >>> 12;
  }
  offsetOf(place: number): number {
    return this.absolute(place) & (PAGE - 1);
  }
  absolute(place: number): number {
    return this.#storage.top - 7 - place;
  }

  /** Undefined: no installed instruction, one that goes beyond its page, or one that has to be interpreted. */
  decode(place: number): Decoded | undefined {
    const first = this.#view.getUint8(place + 7);
    const length = first < 0x40 ? 2 : first < 0xc0 ? 4 : 6;
    if (this.offsetOf(place) + length > PAGE) return undefined;
    const word = this.#view.getBigUint64(place, true) & (MASK_48 << BigInt(8 * (6 - length)));
    const known = this.#meanings.get(word);
    const meaning = known ?? (this.#meanings.has(word) ? undefined : this.#learn(word));
    return meaning === undefined ? undefined : { place, length, word, ...meaning };
  }

  #learn(word: bigint): Meaning | undefined {
    if (this.#meanings.size >= REMEMBERED) this.#meanings.clear();
    const meaning = this.#meaningOf(word);
    this.#meanings.set(word, meaning);
    return meaning;
  }
  #meaningOf(word: bigint): Meaning | undefined {
    const definition = this.#definitionOf(word);
    if (definition === undefined) return undefined;
    const recording = elaborate(definition, fieldsOf(word), { extended: true });
    if (recording.effects.some((e) => e.kind === "when" && e.effects.some((n) => n.kind === "branch")))
      return undefined;
    return { definition, recording, branch: branchOf(definition, recording) };
  }
  #definitionOf(word: bigint): Instruction | undefined {
    const view = this.#view;
    let handler = view.getUint16(DECODE_FIRST + 2 * Number(word >> 48n), true);
    if (handler >= SECOND_LEVEL) {
      const row = handler & (SECOND_LEVEL - 1);
      handler = view.getUint16(DECODE_SECOND + 2 * (row | (Number(word >> 16n) & 0xff)), true);
    }
    return handler === 0 ? undefined : this.#definitions[handler - 1];
  }
}

function branchOf(definition: Instruction, { effects }: Recording): Branch | undefined {
  if (leaving.has(definition.mnemonic)) return { always: true, distance: undefined };
  const effect = effects.find((e) => e.kind === "branch");
  if (effect === undefined) return undefined;
  const { condition, target } = effect;
  if (condition.kind === "const" && condition.value === 0n) return undefined;
  return { always: condition.kind === "const", distance: distanceTo(target) };
}
const distanceTo = (target: Node): number | undefined =>
  target.kind === "relative" && target.offset.kind === "const"
    ? Number(BigInt.asIntN(64, target.offset.value))
    : undefined;
