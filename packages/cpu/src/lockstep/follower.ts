/** The side that follows: a second storage and the interpreter alone, given what the first side met. */
import type { Instruction } from "@lockframe/instructions";
import { PAGE_SIZE, Storage } from "@lockframe/memory";
import { Cpu } from "../cpu.ts";
import { type HostFunctions, type Interpreter, buildInterpreter } from "../interpreter.ts";
import { type HostRoutine, type HostRoutines, callable } from "../routines/host.ts";
import { Event, Global, cpu as at, cpuBlock } from "../state.ts";
import { type Call, type Patch, type Recorder, argumentsOf } from "./recorder.ts";

export interface FollowerOptions {
  readonly recorder: Recorder;
  /** The first side's storage. */
  readonly storage: Storage;
  readonly reserved: number;
  readonly count: number;
  readonly definitions: readonly Instruction[];
  /** All host routines, and which of them depend on nothing but CPU and storage: those run here, too. */
  readonly routines: HostRoutines;
  readonly own: ReadonlySet<string>;
  accessRegisterTranslation(cpu: Cpu, ar: number): number;
  /** The first side's time, which stands still during a run. */
  hostNanoseconds(): number;
}

/** A program interruption that no program has: the follower met something that the first side did not. */
const ASTRAY = 0xffff;

export class Follower {
  readonly storage: Storage;
  readonly cpus: readonly Cpu[];
  readonly #options: FollowerOptions;
  readonly #interpreter: Interpreter;
  /** Pages stored into in this run, as they were before. */
  readonly #before = new Map<number, Uint8Array>();
  #nextCall = 0;
  /** Why it left the way of the first side. */
  astray: string | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const { storage: first, reserved, count } = options;
    this.storage = Storage.create({ size: first.size, reserved, form: first.form });
    const host: HostFunctions = {
      codeStored: (page) => this.#keep(page),
      codeWanted: () => undefined,
      hostNanoseconds: () => options.hostNanoseconds(),
      importPage: (page) => this.#import(page),
      accessRegisterTranslation: (block, ar) => options.accessRegisterTranslation(this.#cpuOf(block), ar),
      routines: new Map(Object.entries(options.routines).map(([name, r]) => [name, this.#routine(name, r)])),
      unknownOperation: () => undefined,
    };
    this.#interpreter = buildInterpreter(options.definitions, this.storage, host, {
      compile: undefined,
    }).interpreter;
    this.cpus = Array.from(
      { length: count },
      (_, n) => new Cpu(n, cpuBlock(n), this.storage, this.#interpreter),
    );
    this.storage.onCodeChange((page) => this.#keep(page));
    for (let page = 0; page < this.storage.pageCount; page++) this.storage.watch(page, true);
  }

  #cpuOf(block: number): Cpu {
    const cpu = this.cpus.find((candidate) => candidate.block === block);
    if (cpu === undefined) throw new Error("no CPU has this block");
    return cpu;
  }
  #routine(name: string, routine: HostRoutine): (block: number) => number {
    return this.#options.own.has(name)
      ? callable((block) => this.#cpuOf(block), routine)
      : (block) => this.#replay(name, block);
  }

  /** Before a page changes: keep it as it is. */
  #keep(page: number): void {
    if (!this.storage.isWatched(page)) return;
    this.storage.watch(page, false);
    this.#before.set(page, pageOf(this.storage, page).slice());
  }

  #import(page: number): number {
    const known = this.#options.recorder.imported(page);
    if (known === undefined) {
      this.astray = `it asked for page ${page.toString(16)} of storage, which belongs to the host`;
      return 0;
    }
    this.#apply(known.patches);
    return known.result;
  }

  #replay(name: string, block: number): number {
    const call = this.#call();
    const given = argumentsOf(name, this.storage.view(), block);
    if (call?.name !== name || call.given.some((argument, n) => argument !== given[n])) {
      const shown = (list: readonly bigint[]): string => list.map((n) => n.toString(16)).join(", ");
      this.astray ??=
        call?.name === name
          ? `it called the routine ${name} with ${shown(given)} instead of ${shown(call.given)}`
          : `it called the routine ${name} instead of ${call?.name ?? "none"}`;
      const cpu = this.#cpuOf(block);
      cpu.setU32(at.programCode, ASTRAY);
      cpu.setU32(at.event, Event.program);
      return -1;
    }
    this.#apply(call.patches);
    const event = this.#cpuOf(block).u32(at.event);
    this.#cpuOf(block).flushTlb();
    this.#cpuOf(block).setU32(at.event, event);
    return call.result;
  }

  /** The next call that is not made here as well. */
  #call(): Call | undefined {
    const { recorder, own } = this.#options;
    for (;;) {
      const call = recorder.calls[this.#nextCall++];
      if (call === undefined || !own.has(call.name)) return call;
    }
  }

  /** Take over what was changed. What is kept of a page is what it was before. */
  #apply(patches: readonly Patch[]): void {
    for (const patch of patches) {
      for (const page of pagesOfPatch(this.storage, patch)) this.#keep(page);
      apply(this.storage, patch);
    }
  }

  /** Meet what the host's side did, and begin where the first side begins. */
  begin(block: number, state: Uint8Array, clock: Uint8Array, changes: readonly Patch[]): void {
    for (const patch of changes) apply(this.storage, patch);
    this.restart(block, state, clock);
    for (const page of this.#before.keys()) this.storage.watch(page, true);
    this.#before.clear();
  }
  /** Begin with these registers, and with what the first side met. */
  restart(block: number, state: Uint8Array, clock: Uint8Array): void {
    this.storage.bytes().set(state, block);
    this.storage.bytes().set(clock, Global.clock);
    this.#cpuOf(block).flushTlb();
    this.#nextCall = 0;
    this.astray = undefined;
  }
  /** Put storage back to what it was when the run began. */
  rewind(): void {
    for (const [page, before] of this.#before) pageOf(this.storage, page).set(before);
  }
  get storedPages(): ReadonlyMap<number, Uint8Array> {
    return this.#before;
  }

  run(block: number, budget: number): number {
    return this.#interpreter.run(block, budget);
  }
}

/** A page of storage as it lies in the memory. */
export function pageOf(storage: Storage, page: number): Uint8Array {
  const lowest = storage.top + 1 - (page + 1) * PAGE_SIZE;
  return storage.part(lowest, PAGE_SIZE);
}

export const apply = (storage: Storage, { offset, bytes }: Patch): void =>
  storage.part(offset, bytes.length).set(bytes);

/** Pages of storage that a patch lies in; none when it is elsewhere in the memory. */
export function pagesOfPatch({ storageBase, top }: Storage, { offset, bytes }: Patch): number[] {
  if (offset < storageBase) return [];
  const first = Math.floor((top - (offset + bytes.length - 1)) / PAGE_SIZE);
  const last = Math.floor((top - offset) / PAGE_SIZE);
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}
