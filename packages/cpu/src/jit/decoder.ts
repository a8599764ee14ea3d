/** From storage to instructions, as far as it is asked where control goes. */
import type { Instruction, Node, Recording } from "@lockframe/instructions";
import { elaborate, fieldOfWord, fieldsOf } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { DECODE_FIRST, DECODE_SECOND, SECOND_LEVEL } from "../state.ts";

/** How an instruction that may not go on with the next sequential one goes on. */
export interface Branch {
  /** It never goes on with the next sequential one. */
  readonly always: boolean;
  /** Bytes from the instruction to its target, when they are known. */
  readonly distance: number | undefined;
  /** General register that gets the address of the next sequential instruction: the branch is a call. */
  readonly link?: number;
  /** General register that the branch goes by: it may be a return. */
  readonly returns?: number;
  /** It does more than to branch: control never goes on in compiled code. */
  readonly leaves?: boolean;
}

export interface Decoded {
  /** Host offset of the eight bytes whose first is the instruction's. */
  readonly place: number;
  readonly length: number;
  /** Left-aligned. */
  readonly word: bigint;
  /** Number of the definition. */
  readonly definition: number;
  readonly branch: Branch | undefined;
}

/** Instructions after which compiled code has to be entered anew, if at all: an event, another address, other modes. */
const leaving: ReadonlySet<string> = new Set([
  "SVC",
  "LPSW",
  "LPSWE",
  "LPSWEY",
  "PC",
  "PR",
  "PT",
  "PTI",
  "SPM",
  "SAM24",
  "SAM31",
  "BSM",
  "BASSM",
]);
const calls: ReadonlySet<string> = new Set(["BRAS", "BRASL", "BASR"]);
const PAGE = 0x1000;
const MASK_48 = 0xffff_ffff_ffff_0000n;
/** Branches that are remembered. */
const REMEMBERED = 20_000;
/** Compiled code is for the 64-bit addressing mode. */
export const mode = { extended: true };

export class Decoder {
  readonly #storage: Storage;
  readonly #view: DataView;
  readonly #definitions: readonly Instruction[];
  readonly #kinds = new Map<number, Kind>();
  readonly #branches = new Map<bigint, Branch | undefined>();

  constructor(storage: Storage, definitions: readonly Instruction[]) {
    this.#storage = storage;
    this.#view = storage.view();
    this.#definitions = definitions;
  }

  /** Number of the page that a place is in, and the offset of the first byte in it. */
  pageOf(place: number): number {
    return Math.floor(this.absolute(place) / PAGE);
  }
  offsetOf(place: number): number {
    return this.absolute(place) % PAGE;
  }
  absolute(place: number): number {
    return this.#storage.top - 7 - place;
  }

  /** Undefined: no installed instruction, one that goes beyond its page, or one that has to be interpreted. */
  decode(place: number): Decoded | undefined {
    const eight = this.#storage.doubleword(place);
    const first = Number(eight >> 56n);
    const length = first < 0x40 ? 2 : first < 0xc0 ? 4 : 6;
    if (this.offsetOf(place) + length > PAGE) return undefined;
    const word = eight & (MASK_48 << BigInt(8 * (6 - length)));
    const definition = this.#definitionOf(word);
    if (definition === undefined) return undefined;
    const kind = this.#kindOf(definition);
    if (kind === "interpreted") return undefined;
    const branch = kind === "branches" ? this.#branchOf(definition, word) : undefined;
    return { place, length, word, definition, branch };
  }

  #kindOf(number: number): Kind {
    let kind = this.#kinds.get(number);
    if (kind === undefined) this.#kinds.set(number, (kind = kindOf(this.#definition(number))));
    return kind;
  }
  #definition(number: number): Instruction {
    const definition = this.#definitions[number];
    if (definition === undefined) throw new Error(`there is no definition ${number}`);
    return definition;
  }
  #branchOf(number: number, word: bigint): Branch | undefined {
    const known = this.#branches.get(word);
    if (known !== undefined || this.#branches.has(word)) return known;
    if (this.#branches.size >= REMEMBERED) this.#branches.clear();
    const definition = this.#definition(number);
    const branch = branchOf(definition, elaborate(definition, fieldsOf(word), mode), word);
    this.#branches.set(word, branch);
    return branch;
  }
  #definitionOf(word: bigint): number | undefined {
    const view = this.#view;
    let handler = view.getUint16(DECODE_FIRST + 2 * Number(word >> 48n), true);
    if (handler >= SECOND_LEVEL) {
      const row = handler & (SECOND_LEVEL - 1);
      handler = view.getUint16(DECODE_SECOND + 2 * (row | (Number(word >> 16n) & 0xff)), true);
    }
    return handler === 0 ? undefined : handler - 1;
  }
}

/** "interpreted": branches on some ways of an instruction that does more. */
type Kind = "plain" | "branches" | "interpreted";

function kindOf(definition: Instruction): Kind {
  if (leaving.has(definition.mnemonic)) return "branches";
  const { effects } = elaborate(definition, fieldOfWord, mode);
  if (effects.some((e) => e.kind === "when" && e.effects.some((n) => n.kind === "branch")))
    return "interpreted";
  return effects.some((e) => e.kind === "branch") ? "branches" : "plain";
}

function branchOf(definition: Instruction, { effects }: Recording, word: bigint): Branch | undefined {
  if (leaving.has(definition.mnemonic)) return { always: true, distance: undefined, leaves: true };
  const effect = effects.find((e) => e.kind === "branch");
  if (effect === undefined) return undefined;
  const { condition, target } = effect;
  if (condition.kind === "const" && condition.value === 0n) return undefined;
  const register = (bit: number) => Number(word >> BigInt(60 - bit)) & 15;
  return {
    always: condition.kind === "const",
    distance: distanceTo(target),
    ...(calls.has(definition.mnemonic) && { link: register(8) }),
    ...(definition.mnemonic === "BCR" && { returns: register(12) }),
  };
}
const distanceTo = (target: Node): number | undefined =>
  target.kind === "relative" && target.offset.kind === "const"
    ? Number(BigInt.asIntN(64, target.offset.value))
    : undefined;
