/**
 * Two engines in lockstep. Compiled code runs first, with everything that a machine has; then the interpreter runs as
 * many instructions on a storage of its own, and meets what the first side met. After every run, registers, PSW, event
 * and the pages that either side stored into must be the same.
 *
 * Both stop where the first side stopped: compiled code leaves with its count of instructions exact, so that both take
 * interruptions at the same instruction. What is not the CPUs' doing is done once, and taken over (see `Recorder`).
 */
import { createDisassembler } from "@lockframe/assembler";
import type { Storage } from "@lockframe/memory";
import { ClockCells } from "../clock.ts";
import type { Cpu } from "../cpu.ts";
import { Event, Global, cpu as at } from "../state.ts";
import {
  type Difference,
  EngineDifference,
  type Step,
  differencesOf,
  storageDifferences,
} from "./difference.ts";
import { Follower, type FollowerOptions, apply, pageOf, pagesOfPatch } from "./follower.ts";
import type { Recorder } from "./recorder.ts";

/** Of a CPU's block: all that begins a run. */
const STATE_SIZE = at.tlbRead;
/** Registers, which are compared as bytes before anything else. */
const REGISTERS = { start: at.gr, end: at.addressMask } as const;
/** Pages stored into that are compared after every run before they are watched anew. */
const MOST_PAGES = 48;
const MOST_STEPS = 40;

export interface LockstepOptions extends FollowerOptions {
  /** The first side: its CPUs, and how they run. */
  readonly cpus: readonly Cpu[];
  run(block: number, budget: number): number;
  /** Take pages out of the TLBs for stores. */
  forgetStores(pages: ReadonlySet<number>): void;
}

export class Lockstep {
  readonly #options: LockstepOptions;
  readonly #storage: Storage;
  readonly #recorder: Recorder;
  readonly #follower: Follower;
  /** Instructions that were alike. */
  #alike = 0;
  /** The TOD clock's cells when the run began. */
  #clock = new Uint8Array();
  /** Whether the first side's calls out are answered as they were before. */
  #repeating = false;

  constructor(options: LockstepOptions) {
    this.#options = options;
    this.#storage = options.storage;
    this.#recorder = options.recorder;
    this.#follower = new Follower(options);
  }

  /** Run both, as `Interpreter.run` does. @throws EngineDifference at the first difference */
  run(cpu: Cpu, budget: number): number {
    const { block } = cpu;
    if (this.#recorder.storedPages.size > MOST_PAGES) this.#watchAgain();
    const state = this.#storage.bytes().slice(block, block + STATE_SIZE);
    this.#clock = this.#storage.bytes().slice(Global.clock, Global.clock + ClockCells.size);
    this.#follower.begin(block, state, this.#clock, this.#recorder.takeChanges());
    const left = this.#options.run(block, budget);
    const differences = this.#follow(cpu, budget - left);
    if (differences.length > 0) throw this.#difference(cpu, state, budget - left, differences);
    this.#recorder.forgetCalls();
    this.#alike += budget - left;
    return left;
  }

  #watchAgain(): void {
    const pages = new Set(this.#recorder.storedPages);
    this.#recorder.watchAgain();
    this.#options.forgetStores(pages);
  }

  /** The first side alone has executed instructions: the other one takes over what they stored. */
  takeOver(): void {
    for (const page of this.#recorder.storedPages)
      pageOf(this.#follower.storage, page).set(pageOf(this.#storage, page));
    for (const { patches } of this.#recorder.calls)
      for (const patch of patches) apply(this.#follower.storage, patch);
    this.#recorder.forgetCalls();
    const { keysBase, pageCount } = this.#storage;
    const keys = this.#storage.bytes().subarray(keysBase, keysBase + pageCount);
    this.#follower.storage.bytes().set(keys, keysBase);
  }

  /** The interpreter runs as many instructions. Returns what is then not the same. */
  #follow(cpu: Cpu, count: number): Difference[] {
    const { block } = cpu;
    const other = this.#other(cpu);
    let done = count - this.#follower.run(block, count);
    // An exception of the next instruction's fetch is met on the way to it; a used-up budget may be noticed first.
    const event = cpu.u32(at.event);
    if (done === count && event !== Event.slice && other.u32(at.event) === Event.slice)
      done += 1 - this.#follower.run(block, 1);
    const astray = this.#follower.astray;
    return [
      ...(astray === undefined ? [] : [{ what: "the interpreter", interpreter: astray, compiled: "" }]),
      ...(done === count
        ? []
        : [{ what: "instructions", interpreter: String(done), compiled: String(count) }]),
      ...this.#compare(cpu, other),
    ];
  }
  #other({ number }: Cpu): Cpu {
    const cpu = this.#follower.cpus[number];
    if (cpu === undefined) throw new Error(`the follower has no CPU ${number}`);
    return cpu;
  }

  #compare(cpu: Cpu, other: Cpu): Difference[] {
    const registers = (storage: Storage): Uint8Array =>
      storage.bytes().subarray(cpu.block + REGISTERS.start, cpu.block + REGISTERS.end);
    const same = Buffer.compare(registers(this.#storage), registers(this.#follower.storage)) === 0;
    const rest = [at.cc, at.fpc, at.prefix, at.event, at.breakingEvent].every(
      (offset) => cpu.u32(offset) === other.u32(offset),
    );
    const inCpu = same && rest && cpu.u32(at.event) === Event.slice ? [] : differencesOf(other, cpu);
    const pages = new Set([...this.#recorder.storedPages, ...this.#follower.storedPages.keys()]);
    return [
      ...inCpu,
      ...storageDifferences(this.#follower.storage, this.#storage, pages),
      ...this.#keyDifferences(),
    ];
  }

  /** Access-control and fetch-protection bits must be the same; what host routines refer to is not followed. */
  #keyDifferences(): Difference[] {
    const { keysBase, pageCount } = this.#storage;
    const mine = this.#storage.bytes().subarray(keysBase, keysBase + pageCount);
    const theirs = this.#follower.storage.bytes().subarray(keysBase, keysBase + pageCount);
    if (Buffer.compare(mine, theirs) === 0) return [];
    const found: Difference[] = [];
    const called = this.#recorder.calls.length > 0;
    for (let page = 0; page < pageCount; page++) {
      const [a = 0, b = 0] = [theirs[page], mine[page]];
      if (a === b) continue;
      theirs[page] = b;
      if (called && ((a ^ b) & 0xf8) === 0) continue;
      const what = `key of the page at absolute ${(page * 4096).toString(16)}`;
      found.push({ what, interpreter: a.toString(16), compiled: b.toString(16) });
    }
    return found;
  }

  // --- the first difference ----------------------------------------------------------------------

  /** Repeat the run in smaller parts, to say where the engines were last alike. */
  #difference(
    cpu: Cpu,
    state: Uint8Array,
    count: number,
    differences: readonly Difference[],
  ): EngineDifference {
    const report = { cpu: cpu.number, alike: this.#alike, differences, steps: [], omitted: 0 };
    this.#repeating = true;
    try {
      // Compiled code may do more than it is asked for; what it is asked for is what is halved.
      let [low, high, good, bad] = [0, count, 0, count];
      let found = differences;
      while (low + 1 < high) {
        const wanted = (low + high) >> 1;
        const { done, differences: now } = this.#again(cpu, state, wanted);
        if (now.length === 0) [low, good] = [wanted, done];
        else [high, bad, found] = [wanted, done, now];
      }
      if (good >= bad) return new EngineDifference({ ...report, note: unrepeatable });
      this.#rewind(cpu, state);
      const steps = this.#steps(cpu, bad);
      const shown = steps.slice(Math.max(good, steps.length - MOST_STEPS));
      const omitted = steps.length - good - shown.length;
      return new EngineDifference({
        ...report,
        alike: this.#alike + good,
        differences: found,
        steps: shown,
        omitted: Math.max(omitted, 0),
        note: undefined,
      });
    } finally {
      this.#repeating = false;
    }
  }

  #rewind(cpu: Cpu, state: Uint8Array): void {
    // What only the first side stored into is still there on the other.
    const called = this.#recorder.calls.flatMap(({ patches }) => patches);
    const changed = [
      ...this.#recorder.storedPages,
      ...this.#follower.storedPages.keys(),
      ...called.flatMap((patch) => pagesOfPatch(this.#storage, patch)),
    ];
    this.#follower.rewind();
    for (const page of changed) pageOf(this.#storage, page).set(pageOf(this.#follower.storage, page));
    this.#storage.bytes().set(state, cpu.block);
    this.#storage.bytes().set(this.#clock, Global.clock);
    cpu.flushTlb();
    this.#follower.restart(cpu.block, state, this.#clock);
    this.#nextCall = 0;
  }
  #again(cpu: Cpu, state: Uint8Array, wanted: number): { done: number; differences: Difference[] } {
    this.#rewind(cpu, state);
    const done = wanted - this.#options.run(cpu.block, wanted);
    return { done, differences: this.#follow(cpu, done) };
  }

  #nextCall = 0;
  /** While a run is repeated: what a host routine of the first side did the first time. Undefined: let it run. */
  repeated(block: number): number | undefined {
    if (!this.#repeating) return undefined;
    const call = this.#recorder.calls[this.#nextCall++];
    if (call === undefined) return -1;
    for (const patch of call.patches) apply(this.#storage, patch);
    const cpu = this.#options.cpus.find((candidate) => candidate.block === block);
    const event = cpu?.u32(at.event) ?? Event.none;
    cpu?.flushTlb();
    cpu?.setU32(at.event, event);
    return call.result;
  }

  /** What the interpreter executes from where it stands. */
  #steps(cpu: Cpu, count: number): Step[] {
    const other = this.#other(cpu);
    const disassembler = createDisassembler(this.#options.definitions);
    const steps: Step[] = [];
    for (let n = 0; n < count && this.#follower.astray === undefined; n++) {
      const address = other.pswAddress;
      const bytes = instructionAt(other, address);
      const [line] = bytes === undefined ? [] : disassembler.disassemble(bytes, { address });
      steps.push({
        address,
        code: line === undefined ? "" : Buffer.from(line.bytes).toString("hex"),
        text: line?.text ?? "cannot be fetched",
      });
      this.#follower.run(cpu.block, 1);
      const event = other.u32(at.event);
      if (event !== Event.slice && event !== Event.none) break;
    }
    return steps;
  }
}

const unrepeatable =
  "The same run, repeated, has no difference: it depends on what TLBs held or on what was being compiled.";

/** The bytes of an instruction, without touching what the CPU is about to do. */
function instructionAt(cpu: Cpu, address: bigint): Uint8Array | undefined {
  const event = cpu.u32(at.event);
  const walked = cpu.dat ? cpu.realAddress(address, cpu.u64(at.asceFetch)) : { code: 0 as const, address };
  cpu.setU32(at.event, event);
  if (!("address" in walked)) return undefined;
  const absolute = cpu.swapPrefix(Number(walked.address));
  return cpu.storage.contains(absolute, 6) ? cpu.storage.fetch(absolute, 6) : undefined;
}
