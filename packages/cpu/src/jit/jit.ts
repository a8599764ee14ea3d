/**
 * Compiled code: regions that became hot are compiled in batches, entered by the interpreter where a program arrives by a
 * jump, and dropped when the storage they were made from changes. Which instructions a region has is settled between
 * time slices; the rest a thread of its own does meanwhile, if there is one.
 *
 * A region belongs to places in storage, not to addresses: it serves every mapping of its page.
 */
import type { Instruction } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { Entries, EntryRequest, Patience, ProgramMask } from "../state.ts";
import type { Signature } from "../wasm/module.ts";
import { entryOf, placeInEntry } from "./arrival.ts";
import { BackgroundCompiler } from "./background.ts";
import { BatchCompiler, type Target, exportName } from "./batch.ts";
import { BranchTargets } from "./branch-targets.ts";
import { Decoder } from "./decoder.ts";
import { Residents, type Room } from "./residents.ts";
import { type Code, type Extent, type Region, type Request, discover, extents } from "./region.ts";

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

/** What the machine does for the compiler. */
export interface Surroundings {
  /** Whether a thread of its own may compile. */
  readonly background: boolean;
  /** How much compiled code is kept. */
  readonly room?: Room;
  /** Arrivals after which code is compiled. */
  readonly threshold?: number;
  /** Take pages that are marked as code out of the TLBs for stores, so that the next store into one is noticed. */
  forgetStoresToCode(): void;
  /** Absolute address of the code that an address space (ASCE) has at an address; undefined when there is none. */
  codeAddress(address: bigint, asce: bigint): number | undefined;
}

export interface JitStatistics {
  readonly regions: number;
  /** Regions among them that are so hot that all stays in locals. */
  readonly lasting: number;
  readonly instructions: number;
  readonly modules: number;
  /** Host milliseconds, most of them beside the guest's work when a thread compiles. */
  readonly compilation: number;
  readonly invalidations: number;
  /** Modules that were dropped for want of room; regions that were entered again after they had been retired. */
  readonly evictions: number;
  readonly revivals: number;
  /** Regions and modules that there are now. */
  readonly liveRegions: number;
  readonly liveModules: number;
}

/** What was compiled together, and has not been dropped. */
interface Module {
  readonly regions: Set<Live>;
}

interface Live {
  readonly number: number;
  readonly place: number;
  readonly pages: ReadonlySet<number>;
  readonly module: Module;
  /** Name of its function in the module. */
  readonly name: string;
  readonly lasting: boolean;
  /** It has the routines that it calls. */
  readonly isLarge: boolean;
  /** Slices that ended in it. */
  slices: number;
  /** The smaller region that it takes the place of. */
  readonly replaces: Live | undefined;
  /** The storage that it was made from has changed. */
  dropped: boolean;
}

/** Requests that make a batch, and slices that fewer of them wait at most. */
const BATCH = 16;
/** Instructions in one: what they mean takes the compiler's memory, and no answer comes before all are done. */
const LARGEST_BATCH = 3000;
const PATIENCE = 15;
/** Engines abort near 32 thousand modules. */
const ROOM: Room = { modules: 4000, regions: Patience.mostRegions };
/** How often a retired region has to be arrived at until it is entered again. */
const SECOND_CHANCE = 50;
/** A page that changed so often is left to the interpreter, until so many slices have passed. */
const MOST_CHANGES = 16;
const CHANGES_COUNT_FOR = 1000;
/** Slices that end in a region until it is worth the time of a lasting one. */
const SLICES = 500;
/** A place is warm with so small a part of the arrivals after which it is compiled. */
const WARM = 64;
const COMPILED = 0x8000_0000;

/** What a region gives way to. */
const nextExtent = (smaller: Live | undefined): Extent => {
  if (smaller === undefined) return extents.small;
  return smaller.isLarge || smaller.slices >= SLICES ? extents.lasting : extents.large;
};

export class Jit {
  readonly #storage: Storage;
  readonly #view: DataView;
  readonly #linkage: Linkage;
  readonly #surroundings: Surroundings;
  readonly #code: Code;
  readonly #compiler: BatchCompiler;
  readonly #background: BackgroundCompiler | undefined;
  /** Batches that the thread has, by number. */
  readonly #underWay = new Map<number, readonly Live[]>();
  readonly #imports: Record<string, WebAssembly.ImportValue>;
  readonly #byPage = new Map<number, Set<Live>>();
  /** The count of an entry for which compilation has been asked for. */
  readonly #asked: number;
  /** Regions that are installed, by place: entered, or retired. */
  readonly #byPlace = new Map<number, Live>();
  readonly #residents: Residents<Module>;
  /** Numbers of regions that there are no more. */
  readonly #free: number[] = [];
  /** Places for which a region is being compiled: a place whose entry was taken meanwhile may be asked for again. */
  readonly #awaited = new Set<number>();
  /** Regions that are installed, by number. */
  readonly #installed = new Map<number, Live>();
  readonly #targets: BranchTargets;
  /** Changes of pages from which code was made. */
  readonly #changes = new Map<number, number>();
  /** Regions have the exceptions that the program mask allows. */
  #traps = false;
  #next = 0;
  #batches = 0;
  #waited = 0;
  #slices = 0;
  readonly #counts = {
    regions: 0,
    lasting: 0,
    instructions: 0,
    modules: 0,
    compilation: 0,
    invalidations: 0,
    evictions: 0,
    revivals: 0,
  };

  constructor(storage: Storage, linkage: Linkage, surroundings: Surroundings) {
    this.#storage = storage;
    this.#view = storage.view();
    this.#linkage = linkage;
    this.#surroundings = surroundings;
    const threshold = surroundings.threshold ?? Entries.patience;
    this.#asked = threshold + 1;
    this.#view.setUint32(Entries.threshold, threshold, true);
    this.#residents = new Residents(surroundings.room ?? ROOM);
    this.#targets = new BranchTargets(this.#view);
    this.#view.setUint32(ProgramMask.untested, ProgramMask.all, true);
    const decoder = new Decoder(storage, linkage.handlers);
    const traps = () => this.#traps;
    this.#code = {
      get traps() {
        return traps();
      },
      decode: (place) => decoder.decode(place),
      pageOf: (place) => decoder.pageOf(place),
      offsetOf: (place) => decoder.offsetOf(place),
      absolute: (place) => decoder.absolute(place),
      isStable: (page) => (this.#changes.get(page) ?? 0) <= MOST_CHANGES,
      wasReached: (place) => this.#isFor(place),
      isWarm: (place) => this.#isWarm(place),
      distancesFrom: (address) => this.#targets.distances(address),
    };
    const functions = [...linkage.functions];
    const linked = Object.fromEntries(functions.map(([name, { value }]) => [name, value]));
    this.#imports = { ...linked, ...storage.imports };
    const target: Target = {
      definitions: linkage.handlers,
      signatures: new Map(functions.map(([name, { signature }]) => [name, signature])),
      form: storage.form,
      memories: storage.memories,
    };
    this.#compiler = new BatchCompiler(target);
    this.#background = surroundings.background ? BackgroundCompiler.for(target) : undefined;
    storage.onCodeChange((page) => this.changed(page));
  }

  get statistics(): JitStatistics {
    return { ...this.#counts, liveRegions: this.#liveRegions, liveModules: this.#residents.size };
  }
  async dispose(): Promise<void> {
    await this.#background?.dispose();
  }

  /** Between slices: install what is ready; have compiled what was asked for, when there is enough or it has waited. */
  compilePending(): void {
    this.#slices += 1;
    if (this.#slices % CHANGES_COUNT_FOR === 0) this.#changes.clear();
    if (this.#underWay.size > 0) this.#takeAnswers();
    this.#targets.collect();
    this.#lookAtMask();
    const count = this.#view.getUint32(Entries.requests, true);
    if (count === 0) return;
    this.#waited += 1;
    if (count < BATCH && this.#waited < PATIENCE) return;
    this.#waited = 0;
    const requests = this.#takeRequests(count);
    const start = performance.now();
    this.#compile(requests, this.#background);
    this.#counts.compilation += performance.now() - start;
  }

  #takeRequests(count: number): Request[] {
    const requests = Array.from({ length: count }, (_, n): Request => {
      const request = Entries.requests + n * EntryRequest.size;
      const asce = this.#view.getBigUint64(request + EntryRequest.asce, true);
      return {
        place: Number(this.#view.getBigUint64(request + EntryRequest.place, true)),
        address: this.#view.getBigUint64(request + EntryRequest.address, true),
        placeOf: (address) => {
          const absolute = this.#surroundings.codeAddress(BigInt.asUintN(64, address), asce);
          return absolute === undefined ? undefined : this.#storage.top - 7 - absolute;
        },
      };
    });
    this.#view.setUint32(Entries.requests, 0, true);
    return requests;
  }

  /** Compile what was asked for last now, whatever else the place's entry is for: in one way or the other. */
  compileNow(): void {
    this.#lookAtMask();
    const requests = this.#takeRequests(1);
    for (const { place } of requests) this.#ask(place);
    this.#changes.clear();
    const lasts = requests.some(({ place }) => (place & 2) !== 0);
    this.#compile(requests, undefined, lasts ? extents.lasting : extents.small);
  }
  /** From the first program with a program mask on, all regions look at it. */
  #lookAtMask(): void {
    if (this.#traps || this.#view.getUint32(ProgramMask.met, true) === 0) return;
    this.#traps = true;
    for (const regions of this.#byPage.values()) for (const region of regions) this.#drop(region);
    this.#view.setUint32(ProgramMask.untested, 0, true);
  }
  #ask(place: number): void {
    this.#view.setUint32(entryOf(place), this.#inEntry(place), true);
    this.#view.setUint32(entryOf(place) + 4, this.#asked, true);
  }

  /**
   * A slice was used up after a region had been entered: where that happens often, time goes. When such a region is
   * entered again, it is compiled again.
   */
  noteSlice(value: number): void {
    const region = this.#installed.get(value - COMPILED);
    if (region === undefined || region.lasting) return;
    region.slices += 1;
    if (region.slices !== SLICES) return;
    this.#view.setUint32(Patience.base + 4 * region.number, 1, true);
  }

  #inEntry(place: number): number {
    return placeInEntry(this.#storage.form, place);
  }
  #isFor(place: number): boolean {
    return this.#view.getUint32(entryOf(place), true) === this.#inEntry(place);
  }
  #isWarm(place: number): boolean {
    return this.#isFor(place) && this.#view.getUint32(entryOf(place) + 4, true) * WARM >= this.#asked;
  }
  #isAskedFor(place: number): boolean {
    return this.#isFor(place) && this.#view.getUint32(entryOf(place) + 4, true) === this.#asked;
  }
  /** The region that is installed for a place. */
  #regionFor(place: number): Live | undefined {
    const value = this.#view.getUint32(entryOf(place) + 4, true);
    return this.#isFor(place) && value >= COMPILED ? this.#installed.get(value - COMPILED) : undefined;
  }

  #compile(requests: readonly Request[], background: BackgroundCompiler | undefined, extent?: Extent): void {
    let batch: Region[] = [];
    let size = 0;
    for (const request of requests) {
      const region = this.#regionWanted(request, extent);
      if (region === undefined) continue;
      batch.push(region);
      size += region.size;
      if (size < LARGEST_BATCH) continue;
      this.#make(batch, background);
      [batch, size] = [[], 0];
    }
    if (batch.length > 0) this.#make(batch, background);
  }
  /** What is to be compiled at a place, if anything is. */
  #regionWanted(request: Request, extent?: Extent): Region | undefined {
    const { place } = request;
    const smaller = this.#regionFor(place);
    const isAskedFor = smaller === undefined && this.#isAskedFor(place);
    const retired = this.#byPlace.get(place);
    if (isAskedFor && retired !== undefined) this.#enter(retired);
    // The count may have given way to another one, or its page may have changed.
    if (this.#awaited.has(place) || (smaller === undefined && (retired !== undefined || !isAskedFor)))
      return undefined;
    if (smaller === undefined && !this.#code.isStable(this.#code.pageOf(place))) {
      this.#view.setUint32(entryOf(place) + 4, 0, true); // it will be asked for again
      return undefined;
    }
    if (smaller?.lasting === true) return undefined;
    const region = discover(this.#code, request, extent ?? nextExtent(smaller));
    if (region !== undefined) this.#awaited.add(place);
    return region;
  }
  #make(regions: readonly Region[], background: BackgroundCompiler | undefined): void {
    this.#makeRoom(regions.length);
    const module: Module = { regions: new Set() };
    this.#residents.add(module);
    const batch = regions.map((region) => this.#watch(region, module));
    this.#surroundings.forgetStoresToCode();
    this.#counts.modules += 1;
    if (background === undefined) {
      this.#install(this.#compiler.compile(regions), batch);
      return;
    }
    const number = this.#batches++;
    this.#underWay.set(number, batch);
    background.compile({ batch: number, regions });
  }

  get #liveRegions(): number {
    return this.#next - this.#free.length;
  }
  #makeRoom(regions: number): void {
    const residents = this.#residents;
    for (;;) {
      const module = residents.retire(this.#liveRegions);
      if (module === undefined) break;
      for (const region of module.regions) this.#retire(region);
    }
    for (;;) {
      const module = residents.evict(this.#liveRegions + regions);
      if (module === undefined) break;
      for (const region of module.regions) this.#drop(region);
      this.#counts.evictions += 1;
    }
  }
  /** A region is not entered until it has been arrived at some times more. */
  #retire(region: Live): void {
    if (this.#regionFor(region.place) !== region) return;
    this.#view.setUint32(entryOf(region.place) + 4, Math.max(1, this.#asked - 1 - SECOND_CHANCE), true);
  }
  /** From now on a region is entered. */
  #enter({ place, number, module }: Live): void {
    this.#view.setUint32(entryOf(place) + 4, (COMPILED | number) >>> 0, true);
    if (this.#residents.use(module)) this.#counts.revivals += 1;
  }

  /** From now on it is noticed when what a region is made from changes. */
  #watch(region: Region, module: Module): Live {
    const { place, pages } = region;
    const [name, replaces] = [exportName(region), this.#regionFor(place)];
    const number = this.#free.pop() ?? this.#next++;
    const { lasting } = region;
    const isLarge = replaces !== undefined;
    const live: Live = {
      number,
      place,
      pages,
      module,
      name,
      lasting,
      isLarge,
      slices: 0,
      replaces,
      dropped: false,
    };
    module.regions.add(live);
    for (const page of pages) {
      const others = this.#byPage.get(page);
      if (others !== undefined) others.add(live);
      else {
        this.#byPage.set(page, new Set([live]));
        this.#storage.markCode(page, true);
      }
    }
    this.#counts.regions += 1;
    if (lasting) this.#counts.lasting += 1;
    this.#counts.instructions += region.size;
    return live;
  }

  #takeAnswers(): void {
    for (let answer = this.#background?.poll(); answer !== undefined; answer = this.#background?.poll()) {
      if ("error" in answer) throw new Error(`regions cannot be compiled: ${answer.error}`);
      this.#counts.compilation += answer.milliseconds;
      const batch = this.#underWay.get(answer.batch);
      if (batch === undefined) throw new Error(`no batch ${answer.batch} is being compiled`);
      this.#underWay.delete(answer.batch);
      this.#install(answer.module, batch);
    }
  }

  #install(module: WebAssembly.Module, batch: readonly Live[]): void {
    const { exports } = new WebAssembly.Instance(module, { host: this.#imports });
    for (const live of batch) {
      if (live.dropped) continue;
      this.#awaited.delete(live.place);
      const { number, place, replaces } = live;
      // What it replaces may have been retired meanwhile.
      const replacing = replaces !== undefined && !replaces.dropped && this.#isFor(place);
      if (!replacing && !this.#isAskedFor(place)) {
        this.#drop(live); // another place has taken the entry
        continue;
      }
      if (replaces !== undefined) this.#drop(replaces);
      this.#linkage.regions.set(number, exports[live.name]);
      this.#installed.set(number, live);
      this.#byPlace.set(place, live);
      const patience = live.lasting ? 0 : live.isLarge ? Patience.entriesOfLarge : Patience.entries;
      this.#view.setUint32(Patience.base + 4 * number, patience, true);
      this.#enter(live);
    }
  }

  /** A page is about to change: what was made from it counts no more. */
  changed(page: number): void {
    const regions = this.#byPage.get(page);
    if (regions === undefined) return;
    this.#counts.invalidations += 1;
    this.#changes.set(page, (this.#changes.get(page) ?? 0) + 1);
    for (const region of regions) this.#drop(region);
  }
  #drop(region: Live): void {
    if (region.dropped) return;
    region.dropped = true;
    const { number, place, module } = region;
    const isInstalled = this.#installed.has(number);
    if (!isInstalled) this.#awaited.delete(place);
    const isWaitedFor = !isInstalled && this.#isAskedFor(place);
    // A retired region's entry counts.
    const hasEntry = this.#byPlace.get(place) === region && this.#isFor(place);
    if (isWaitedFor || hasEntry) this.#view.setUint32(entryOf(place) + 4, 0, true);
    if (this.#installed.delete(number)) {
      this.#linkage.regions.set(number, null);
      if (this.#byPlace.get(place) === region) this.#byPlace.delete(place);
    }
    this.#free.push(number);
    module.regions.delete(region);
    if (module.regions.size === 0) this.#residents.delete(module);
    for (const page of region.pages) {
      const rest = this.#byPage.get(page);
      rest?.delete(region);
      if (rest?.size !== 0) continue;
      this.#byPage.delete(page);
      this.#storage.markCode(page, false);
    }
  }
}
