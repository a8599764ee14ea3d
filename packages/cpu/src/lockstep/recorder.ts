/**
 * What reaches into a machine from outside its CPUs, written down on the side that runs first, so that the side that
 * follows meets the same: clocks, devices, the Ultravisor, interruptions.
 */
import { routines } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { cpu as at } from "../state.ts";

/** Part of storage, of its keys or of CPUs, by host offset, and what stood there after a change. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A host routine that ran: what it was given and everything that it changed. */
export interface Call {
  readonly name: string;
  /** Its arguments. */
  readonly given: readonly bigint[];
  readonly result: number;
  readonly patches: readonly Patch[];
}

/** Registers, PSW, event, and the modes that follow from them; no TLBs. */
const BLOCK_SIZE = at.scratch;
/** Which of that is the engine's own: where the TLBs lie, counters. */
const ENGINE_FIELDS: readonly number[] = [
  at.tlbRead,
  at.tlbWrite,
  at.tlbFetch,
  at.tlbMisses,
  at.tlbGeneration,
  at.tlbCurrent,
  at.tlbUses,
];

const parametersOf = new Map(routines().map(({ name, parameters }) => [name, parameters]));

/** What a host routine is given, as the CPU's block has it. */
export function argumentsOf(name: string, view: DataView, block: number): readonly bigint[] {
  return (parametersOf.get(name) ?? []).map((type, n) => {
    const offset = block + at.args + 8 * n;
    return type === "i32" ? BigInt(view.getUint32(offset, true)) : view.getBigUint64(offset, true);
  });
}

export class Recorder {
  readonly #storage: Storage;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Pages that the CPUs stored into since they were last watched. */
  readonly #stored = new Set<number>();
  #calls: Call[] = [];
  #imports = new Map<number, { readonly result: number; readonly patches: readonly Patch[] }>();
  /** Parts of the memory that the host's side changed, and did not yet hand over: [offset, length]. */
  #changes: (readonly [number, number])[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#bytes = storage.bytes();
    this.#view = storage.view();
    storage.observe({
      changing: (abs, length) => this.#note(storage.top + 1 - abs - length, length),
      changingKeys: (first, count) => this.#note(storage.keysBase + first, count),
      changingPageStates: (first, count) => this.#note(storage.pageStatesBase + first, count),
    });
    for (let page = 0; page < storage.pageCount; page++) storage.watch(page, true);
  }

  #note(offset: number, length: number): void {
    if (length > 0) this.#changes.push([offset, length]);
  }

  /** What the host's side changed since this was last asked, as it stands now. */
  takeChanges(): readonly Patch[] {
    const changes = this.#changes;
    if (changes.length === 0) return [];
    this.#changes = [];
    return changes.map(([offset, length]) => ({ offset, bytes: this.#storage.part(offset, length).slice() }));
  }

  /** A CPU will store into a page that was watched. */
  stored(page: number): void {
    this.#storage.watch(page, false);
    this.#stored.add(page);
  }
  get storedPages(): ReadonlySet<number> {
    return this.#stored;
  }
  /** Watch those pages again; TLB entries for storing into them must go. */
  watchAgain(): void {
    for (const page of this.#stored) this.#storage.watch(page, true);
    this.#stored.clear();
  }

  /** What was called has been taken over. */
  forgetCalls(): void {
    this.#calls = [];
    if (this.#imports.size > 0) this.#imports = new Map();
  }
  get calls(): readonly Call[] {
    return this.#calls;
  }
  /** What bringing in a page changed in this run; undefined when it was not brought in. */
  imported(page: number): { readonly result: number; readonly patches: readonly Patch[] } | undefined {
    return this.#imports.get(page);
  }

  /** A host routine, and what it does is written down. */
  recording(name: string, routine: (block: number) => number): (block: number) => number {
    return (block) => {
      const before = this.#bytes.slice(block, block + BLOCK_SIZE);
      const outside = this.#changes;
      this.#changes = [];
      const given = argumentsOf(name, this.#view, block);
      const result = routine(block);
      const patches = [...this.takeChanges(), ...this.#blockPatches(block, before)];
      this.#changes = outside;
      this.#calls.push({ name, given, result, patches });
      return result;
    };
  }

  /** The import of a page, and what it changes is written down. */
  importing(page: number, importPage: () => number): number {
    const outside = this.#changes;
    this.#changes = [];
    const result = importPage();
    this.#imports.set(page, { result, patches: this.takeChanges() });
    this.#changes = outside;
    return result;
  }

  #blockPatches(block: number, before: Uint8Array): Patch[] {
    const then = new DataView(before.buffer, before.byteOffset);
    const patches: Patch[] = [];
    for (let offset = 0; offset < BLOCK_SIZE; offset += 4) {
      if (this.#view.getUint32(block + offset, true) === then.getUint32(offset, true)) continue;
      if (ENGINE_FIELDS.includes(offset) || ENGINE_FIELDS.includes(offset - 4)) continue;
      patches.push({ offset: block + offset, bytes: this.#bytes.slice(block + offset, block + offset + 4) });
    }
    return patches;
  }
}
