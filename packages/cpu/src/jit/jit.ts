/**
 * Compiled code: regions that became hot are compiled in batches between time slices, entered by the interpreter where a
 * program arrives by a jump, and dropped when the storage they were made from changes.
 *
 * A region belongs to places in storage, not to addresses: it serves every mapping of its page.
 */
import type { Instruction } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { Entries } from "../state.ts";
import { type FunctionBody, ModuleBuilder, type Signature } from "../wasm/module.ts";
import { entryOf, regionSignature } from "./arrival.ts";
import { type RegionCallees, compile } from "./compile.ts";
import { Decoder } from "./decoder.ts";
import { type Region, discover } from "./region.ts";

/** A function that compiled code may call. */
export interface Linked {
  readonly signature: Signature;
  readonly value: WebAssembly.ImportValue;
}
export interface Linkage {
  /** Table of regions, which the interpreter calls. */
  readonly regions: WebAssembly.Table;
  /** Definitions by handler number, less one. */
  readonly handlers: readonly Instruction[];
  /** Functions of the engine, and routines as `routine NAME`. */
  readonly functions: ReadonlyMap<string, Linked>;
}

export interface JitStatistics {
  readonly regions: number;
  readonly instructions: number;
  readonly modules: number;
  /** Host milliseconds. */
  readonly compilation: number;
  readonly invalidations: number;
  /** Times that all compiled code was dropped for want of room. */
  readonly evictions: number;
}

interface Live {
  readonly number: number;
  readonly entry: number;
  readonly pages: ReadonlySet<number>;
}

/** Requests that make a batch, and slices that fewer of them wait at most. */
const BATCH = 16;
const LARGEST_BATCH = 64;
const PATIENCE = 30;
export const MOST_REGIONS = 0x1_0000;
/** Engines abort near 32 thousand modules. */
const MOST_MODULES = 4000;
/** A page that changed so often is left to the interpreter, until so many slices have passed. */
const MOST_CHANGES = 16;
const CHANGES_COUNT_FOR = 2000;
const COMPILED = 0x8000_0000;
const NEVER = Entries.threshold + 1;

export class Jit {
  readonly #storage: Storage;
  readonly #view: DataView;
  readonly #decoder: Decoder;
  readonly #linkage: Linkage;
  readonly #forgetStores: (pages: ReadonlySet<number>) => void;
  readonly #byPage = new Map<number, Set<Live>>();
  /** Changes of pages from which code was made. */
  readonly #changes = new Map<number, number>();
  #next = 0;
  #liveModules = 0;
  #waited = 0;
  #slices = 0;
  readonly #counts = {
    regions: 0,
    instructions: 0,
    modules: 0,
    compilation: 0,
    invalidations: 0,
    evictions: 0,
  };

  /** `forgetStores`: take pages out of the TLBs for stores, so that the next store into one is noticed. */
  constructor(storage: Storage, linkage: Linkage, forgetStores: (pages: ReadonlySet<number>) => void) {
    this.#storage = storage;
    this.#view = storage.view();
    this.#decoder = new Decoder(storage, linkage.handlers);
    this.#linkage = linkage;
    this.#forgetStores = forgetStores;
    storage.onCodeChange((page) => this.changed(page));
  }

  get statistics(): JitStatistics {
    return this.#counts;
  }

  /** Between slices: compile what was asked for when there is enough of it, or when it has waited. */
  compilePending(): void {
    this.#slices += 1;
    if (this.#slices % CHANGES_COUNT_FOR === 0) this.#changes.clear();
    const count = this.#view.getUint32(Entries.requests, true);
    if (count === 0) return;
    this.#waited += 1;
    if (count < BATCH && this.#waited < PATIENCE) return;
    this.#waited = 0;
    const places = Array.from({ length: count }, (_, n) =>
      this.#view.getUint32(Entries.requests + 4 + 4 * n, true),
    );
    this.#view.setUint32(Entries.requests, 0, true);
    const start = performance.now();
    for (let n = 0; n < count; n += LARGEST_BATCH) this.#compile(places.slice(n, n + LARGEST_BATCH));
    this.#counts.compilation += performance.now() - start;
  }

  /** Compile the region at a place now, whatever else the place's entry is for. */
  compileNow(place: number): void {
    this.#view.setUint32(entryOf(place), place, true);
    this.#view.setUint32(entryOf(place) + 4, NEVER, true);
    this.#changes.clear();
    this.#compile([place >>> 0]);
  }

  #compile(places: readonly number[]): void {
    const regions = places.flatMap((place) => {
      // The count may have given way to another one, or its page may have changed.
      if (this.#view.getUint32(entryOf(place), true) !== place) return [];
      if (this.#view.getUint32(entryOf(place) + 4, true) !== NEVER) return [];
      if ((this.#changes.get(this.#decoder.pageOf(place)) ?? 0) > MOST_CHANGES) {
        this.#view.setUint32(entryOf(place) + 4, 0, true); // it will be asked for again
        return [];
      }
      const region = discover(this.#decoder, place);
      return region === undefined ? [] : [region];
    });
    if (regions.length === 0) return;
    if (this.#next + regions.length > MOST_REGIONS || this.#liveModules >= MOST_MODULES) this.#dropAll();
    const functions = this.#instantiate(regions);
    const pages = new Set<number>();
    regions.forEach((region, n) => {
      this.#install(region, functions[n]);
      for (const page of region.pages) pages.add(page);
      this.#counts.instructions += region.size;
    });
    this.#forgetStores(pages);
    this.#counts.regions += regions.length;
    this.#counts.modules += 1;
    this.#liveModules += 1;
  }

  #instantiate(regions: readonly Region[]): unknown[] {
    const module = new ModuleBuilder();
    const imports: Record<string, WebAssembly.ImportValue> = { memory: this.#storage.memory };
    const numbers = new Map<string, number>();
    for (const name of neededBy(regions)) {
      const linked = this.#linkage.functions.get(name);
      if (linked === undefined) throw new Error(`there is no function ${name}`);
      const { parameters, results } = linked.signature;
      numbers.set(name, module.importFunction(name, parameters, results));
      imports[name] = linked.value;
    }
    const number = (name: string): number => {
      const known = numbers.get(name);
      if (known === undefined) throw new Error(`function ${name} is not imported`);
      return known;
    };
    const callees: RegionCallees = {
      raise: number("raise"),
      fetchSlow: number("fetchSlow"),
      storeSlow: number("storeSlow"),
      probeStore: number("probeStore"),
      execute: number("execute"),
      chain: number("chain"),
      routine: (name) => number(`routine ${name}`),
    };
    const { parameters, results } = regionSignature;
    const nameOf = ({ entry }: Region) => `region ${this.#decoder.absolute(entry).toString(16)}`;
    regions.forEach((region) => {
      const index = module.declare(nameOf(region), parameters, results, true);
      const body: FunctionBody = compile(region, callees);
      module.define(index, body);
    });
    const compiled = new WebAssembly.Module(module.finish(this.#storage.wasmPages));
    const { exports } = new WebAssembly.Instance(compiled, { host: imports });
    return regions.map((region) => exports[nameOf(region)]);
  }

  #install(region: Region, code: unknown): void {
    const { entry, pages } = region;
    const live: Live = { number: this.#next++, entry, pages };
    this.#linkage.regions.set(live.number, code);
    for (const page of pages) {
      const others = this.#byPage.get(page);
      if (others !== undefined) others.add(live);
      else {
        this.#byPage.set(page, new Set([live]));
        this.#storage.markCode(page, true);
      }
    }
    this.#view.setUint32(entryOf(entry) + 4, (COMPILED | live.number) >>> 0, true);
  }

  /** A page is about to change: what was made from it counts no more. */
  changed(page: number): void {
    const regions = this.#byPage.get(page);
    if (regions === undefined) return;
    this.#counts.invalidations += 1;
    this.#changes.set(page, (this.#changes.get(page) ?? 0) + 1);
    for (const region of regions) this.#remove(region);
  }
  #remove(region: Live): void {
    const entry = entryOf(region.entry);
    if (this.#view.getUint32(entry + 4, true) === (COMPILED | region.number) >>> 0)
      this.#view.setUint32(entry + 4, 0, true);
    this.#linkage.regions.set(region.number, null);
    for (const page of region.pages) {
      const rest = this.#byPage.get(page);
      rest?.delete(region);
      if (rest?.size !== 0) continue;
      this.#byPage.delete(page);
      this.#storage.markCode(page, false);
    }
  }

  /** Forget all compiled code and all counts. */
  #dropAll(): void {
    for (const regions of this.#byPage.values()) for (const region of regions) this.#remove(region);
    this.#storage.bytes().fill(0, Entries.base, Entries.base + Entries.size);
    this.#changes.clear();
    this.#next = 0;
    this.#liveModules = 0;
    this.#counts.evictions += 1;
  }
}

const always = ["raise", "fetchSlow", "storeSlow", "probeStore", "execute", "chain"];

/** Names of the functions that regions call. */
function neededBy(regions: readonly Region[]): ReadonlySet<string> {
  const names = new Set(always);
  const statements = (list: Region["blocks"] extends ReadonlyMap<number, infer B> ? B : never): void => {
    for (const { recording } of list.instructions) {
      const visit = (s: (typeof recording.statements)[number]): void => {
        if (s.kind === "call") names.add(`routine ${s.routine.name}`);
        else if (s.kind === "if") [s.taken, s.otherwise].forEach((b) => b.statements.forEach(visit));
      };
      recording.statements.forEach(visit);
    }
  };
  for (const region of regions) for (const block of region.blocks.values()) statements(block);
  return names;
}
