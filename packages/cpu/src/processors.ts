/**
 * All CPUs of one machine, sharing one thread: who runs, what interrupts whom, when nobody has anything to do.
 */
import type { Instruction } from "@lockframe/instructions";
import { GUEST_READY, PAGE_SIZE, PageState, type Storage } from "@lockframe/memory";
import { translateAccessRegister } from "./access-registers.ts";
import { InstructionTime, TodClock } from "./clock.ts";
import { CpuTimers, nanosecondsUntilClock } from "./cpu-timers.ts";
import { Cpu, ProgramInterruption, PswBit } from "./cpu.ts";
import { type HostFunctions, type Interpreter, buildInterpreter } from "./interpreter.ts";
import { Jit, type JitStatistics } from "./jit/jit.ts";
import type { Room } from "./jit/residents.ts";
import { type ExitStatistics, ExitTally } from "./exit-tally.ts";
import { Floating, PendingForCpu, clockIsPending, takeExternal } from "./interruptions.ts";
import { Lockstep } from "./lockstep/lockstep.ts";
import { Recorder } from "./lockstep/recorder.ts";
import { floatingPointRoutines } from "./routines/floating-point.ts";
import { recordsEvents, stepRecording } from "./program-event-recording.ts";
import { vectorFloatingPointRoutines } from "./routines/vector-floating-point.ts";
import type { HostRoutines } from "./routines/host.ts";
import { callable } from "./routines/host.ts";
import { messageSecurityRoutines } from "./routines/message-security/index.ts";
import { systemRoutines } from "./routines/system.ts";
import type { Services } from "./services.ts";
import { Event, Global, cpu as at, cpuBlock, engineArea } from "./state.ts";
import { storeMachineCheckAreas } from "./store-status.ts";

/** Instructions that a CPU runs before the clocks are looked at again, at most: a slice ends when one is due. */
const SLICE = 100_000;
/** The same where other CPUs wait for their turns. */
const SHARED_SLICE = 50_000;
/** Interruption conditions of a guest that is enabled for nothing: it will wait for ever. */
const ANY_INTERRUPTION = PswBit.io | PswBit.external | PswBit.machineCheck;

export interface ProcessorsOptions {
  readonly storage: Storage;
  readonly count: number;
  /** The installed instructions. */
  readonly definitions: readonly Instruction[];
  readonly services: Services;
  /** Host routines beyond the system's own. */
  readonly routines: HostRoutines;
  readonly clock?: TodClock;
  /** How instructions run; the interpreter alone, unless said otherwise. */
  readonly engine?: Engine;
  /** Whether a thread of its own may compile hot code; then there is something to dispose of. */
  readonly background?: boolean;
  /** How much compiled code is kept; as much as is good for the host, unless a test says otherwise. */
  readonly room?: Room;
  /** Arrivals after which code is compiled; a test has no patience. */
  readonly threshold?: number;
}

/** The interpreter alone; with hot code compiled; with all code compiled before it runs, which is for tests. */
export type Engine =
  | "interpreter"
  | "jit"
  | "jit-all"
  /** Compiled code and the interpreter in lockstep, up to the first difference; the same of all code, compiled at once. */
  | "both"
  | "both-all";

const compiledBy = (engine: Engine | undefined): "hot" | "all" | undefined =>
  engine === undefined || engine === "interpreter" ? undefined : engine.endsWith("-all") ? "all" : "hot";

export type RunResult =
  /** The time given is used up, or a service asked to leave. */
  | { readonly kind: "yield" }
  /** Every operating CPU waits; until this much later when a clock will end it. */
  | { readonly kind: "idle"; readonly nanoseconds: bigint | undefined }
  /** No CPU operates. */
  | { readonly kind: "stopped" }
  /** A CPU waits and nothing can end it. */
  | { readonly kind: "disabledWait"; readonly cpu: Cpu }
  /** An interruption's new PSW is itself invalid, or leads to where it came from. */
  | { readonly kind: "interruptionLoop"; readonly class: "program" | "external"; readonly cpu: Cpu };

interface Member {
  readonly cpu: Cpu;
  readonly pending: PendingForCpu;
  readonly timers: CpuTimers;
  /** The last look at what is pending ended with an external interruption. */
  tookExternal: boolean;
}

/** Bit 25 of a machine-check interruption code: the stored vector registers are valid. */
const VECTORS_VALID = 1n << 38n;

export class Processors {
  readonly cpus: readonly Cpu[];
  readonly clock: TodClock;
  readonly floating = new Floating();
  readonly storage: Storage;
  readonly services: Services;
  readonly #members: readonly Member[];
  readonly #interpreter: Interpreter;
  readonly #jit: Jit | undefined;
  readonly #lockstep: Lockstep | undefined;
  readonly #time: InstructionTime | undefined;
  /** Vector instructions are installed. */
  readonly hasVectors: boolean;
  readonly #tally = new ExitTally();
  #leave = false;
  #sliceEnds = false;
  #instructions = 0;

  constructor(options: ProcessorsOptions) {
    const { storage, count, definitions, services } = options;
    this.storage = storage;
    this.services = services;
    const inLockstep = options.engine?.startsWith("both") ?? false;
    this.#time = inLockstep ? new InstructionTime(() => this.#instructions) : undefined;
    this.clock = options.clock ?? new TodClock(this.#time);
    this.hasVectors = definitions.some(({ vector }) => vector);
    this.clock.keepIn(storage.view(), Global.clock);
    const byBlock = new Map<number, Cpu>();
    const cpuOf = (block: number): Cpu => {
      const cpu = byBlock.get(block);
      if (cpu === undefined) throw new Error("no CPU has this block");
      return cpu;
    };
    const named: HostRoutines = {
      ...options.routines,
      ...floatingPointRoutines,
      ...vectorFloatingPointRoutines,
      ...messageSecurityRoutines(),
      ...systemRoutines(this),
    };
    const recorder = inLockstep ? new Recorder(storage) : undefined;
    const wrapped = new Map(
      Object.entries(named).map(([name, routine]) => [
        name,
        this.#tally.counting(name, this.#recorded(recorder, name, callable(cpuOf, routine))),
      ]),
    );
    const host: HostFunctions = {
      codeStored: (page) => {
        this.#jit?.changed(page);
        recorder?.stored(page);
      },
      codeWanted: () => this.#jit?.compileNow(),
      importPage: (page) => {
        const importPage = () => (storage.importPage(page) ? 1 : 0);
        return recorder === undefined ? importPage() : recorder.importing(page, importPage);
      },
      hostNanoseconds: this.clock.monotonicNanoseconds,
      accessRegisterTranslation: (block, ar) => this.#accessRegisterTranslation(cpuOf(block), ar),
      routines: wrapped,
      unknownOperation: (block) => services.unknownOperation(cpuOf(block), cpuOf(block).word),
    };
    const built = buildInterpreter(definitions, storage, host, {
      compile: compiledBy(options.engine),
    });
    const { interpreter, linkage } = built;
    if (linkage !== undefined) {
      this.#jit = new Jit(storage, linkage, {
        background: options.background === true && options.engine === "jit",
        ...(options.room !== undefined && { room: options.room }),
        ...(options.threshold !== undefined && { threshold: options.threshold }),
        forgetStoresToCode: () => {
          for (const cpu of this.cpus) cpu.forgetStoresToCode();
        },
        codeAddress: (address, asce) => this.#codeAddress(address, asce),
      });
    }
    this.#interpreter = interpreter;
    this.#members = Array.from({ length: count }, (_, n) => {
      const cpu = new Cpu(n, cpuBlock(n), storage, interpreter);
      byBlock.set(cpu.block, cpu);
      const timers = new CpuTimers(cpu, this.clock);
      cpu.stateChanged = () => timers.stateChanged();
      return { cpu, pending: new PendingForCpu(), timers, tookExternal: false };
    });
    this.cpus = this.#members.map((m) => m.cpu);
    for (const cpu of this.cpus) this.clearReset(cpu);
    if (recorder !== undefined) {
      this.#lockstep = new Lockstep({
        recorder,
        storage,
        reserved: engineArea(count),
        count,
        definitions,
        routines: named,
        own: new Set(Object.keys({ ...options.routines, ...floatingPointRoutines })),
        accessRegisterTranslation: (cpu, ar) => this.#accessRegisterTranslation(cpu, ar),
        cpus: this.cpus,
        run: (block, budget) => interpreter.run(block, budget),
        hostNanoseconds: this.clock.monotonicNanoseconds,
        forgetStores: () => {
          for (const cpu of this.cpus) cpu.forgetStoresToCode();
        },
      });
    }
    storage.onOwnershipChange((first, count, state) => {
      // What a guest shares it uses as before; Linux shares 64 MiB page by page.
      if (state !== PageState.shared) this.forgetFrames(first, count);
    });
  }

  /** A host routine whose doings are written down, where another engine is to follow. */
  #recorded(
    recorder: Recorder | undefined,
    name: string,
    routine: (block: number) => number,
  ): (block: number) => number {
    if (recorder === undefined) return routine;
    const recording = recorder.recording(name, routine);
    return (block) => this.#lockstep?.repeated(block) ?? recording(block);
  }

  #accessRegisterTranslation(cpu: Cpu, ar: number): number {
    try {
      const { asce, fetchOnly } = translateAccessRegister(cpu, ar);
      cpu.setU64(at.translated, asce);
      return fetchOnly ? 2 : 1;
    } catch (error) {
      if (!(error instanceof ProgramInterruption)) throw error;
      cpu.setU32(at.accessId, ar);
      cpu.noteProgram(error);
      return 0;
    }
  }

  /** Absolute address of code that an address space has at an address; undefined unless it is ready to be used. */
  #codeAddress(address: bigint, asce: bigint): number | undefined {
    const [cpu] = this.cpus;
    const event = cpu?.u32(at.event);
    if (cpu === undefined || event === undefined) return undefined;
    const walked = cpu.realAddress(address, asce);
    cpu.setU32(at.event, event);
    if (!("address" in walked)) return undefined;
    const absolute = Number(walked.address);
    // CPUs see their prefix areas at different places, and there is hardly any code.
    if (this.cpus.some((c) => c.swapPrefix(absolute) !== absolute)) return undefined;
    const ready =
      absolute < this.storage.size &&
      this.storage.getPageState(Math.floor(absolute / PAGE_SIZE)) < GUEST_READY;
    return ready ? absolute : undefined;
  }

  async dispose(): Promise<void> {
    await this.#jit?.dispose();
  }

  /** Guest instructions executed by all CPUs. */
  get instructions(): number {
    return this.#instructions;
  }
  /** How often the engine came back, and why; what it called out for; how often a TLB had no entry. */
  get exits(): ExitStatistics {
    return this.#tally.statistics(this.cpus);
  }
  /** What the JIT has done; undefined when the engine is the interpreter alone. */
  get jit(): JitStatistics | undefined {
    return this.#jit?.statistics;
  }
  pendingOf(cpu: Cpu): PendingForCpu {
    return this.#member(cpu).pending;
  }
  timersOf(cpu: Cpu): CpuTimers {
    return this.#member(cpu).timers;
  }
  #member(cpu: Cpu): Member {
    const member = this.#members[cpu.number];
    if (member === undefined) throw new Error(`there is no CPU ${cpu.number}`);
    return member;
  }

  // --- resets and TLBs -----------------------------------------------------------------------------

  flushTlbs(): void {
    for (const cpu of this.cpus) cpu.flushTlb();
  }
  /** What CPUs know of page frames is no more true: who owns them, or their keys. */
  forgetFrames(first: number, count: number): void {
    for (const cpu of this.cpus) cpu.forgetFrames(first, count);
  }
  reset(cpu: Cpu): void {
    this.pendingOf(cpu).clear();
    cpu.reset();
  }
  initialReset(cpu: Cpu): void {
    this.pendingOf(cpu).clear();
    cpu.initialReset();
    const timers = this.timersOf(cpu);
    timers.clockComparator = 0n;
    timers.cpuTimer = 0n;
  }
  clearReset(cpu: Cpu): void {
    this.initialReset(cpu);
    cpu.clearReset();
  }

  /** Make a service signal pending; parameters add up until a CPU takes it. */
  signalService(parameter: number): void {
    this.floating.signalService(parameter);
    this.#notePending();
  }
  /** Something became pending that a CPU may be enabled for. */
  notePending(): void {
    this.#notePending();
  }
  #notePending(): void {
    for (const cpu of this.cpus) cpu.setU32(at.interruptionPending, 1);
  }
  /**
   * Nobody has anything to do for so long: true when that time has passed already, since the machine's time is counted in
   * instructions.
   */
  skipTime(nanoseconds: bigint): boolean {
    this.#time?.skip(nanoseconds + 1n); // what is left of a nanosecond passes, too
    return this.#time !== undefined;
  }
  /** Let the other CPUs have their turns: for a CPU that waits for one of them. */
  endSlice(): void {
    this.#sliceEnds = true;
  }
  /** End `run` at the next chance. */
  leave(): void {
    this.#leave = true;
  }

  // --- running -------------------------------------------------------------------------------------

  /** Run for at most this many milliseconds. */
  run(milliseconds: number): RunResult {
    const end = performance.now() + milliseconds;
    this.#leave = false;
    for (;;) {
      let operating = 0;
      let active = 0;
      for (const member of this.#members) {
        const { cpu } = member;
        if (!this.#interrupt(member)) return this.#loops(member);
        if (cpu.state !== "operating") continue;
        operating += 1;
        if (cpu.waiting) {
          if ((cpu.u64(at.pswMask) & ANY_INTERRUPTION) === 0n && !member.pending.restart)
            return { kind: "disabledWait", cpu };
          continue;
        }
        active += 1;
        if (!this.#slice(member)) return this.#loops(member);
        if (this.#leave) return { kind: "yield" };
      }
      if (operating === 0) return { kind: "stopped" };
      if (active === 0)
        return { kind: "idle", nanoseconds: nanosecondsUntilClock(this.#members.map((m) => m.timers)) };
      if (performance.now() >= end) return { kind: "yield" };
    }
  }

  /** Take whatever is pending and enabled. False: the CPU would interrupt for ever. */
  #interrupt(member: Member): boolean {
    const delivered = this.#deliver(member) || this.#earlySpecification(member.cpu);
    return delivered && !this.#externalLoop(member);
  }
  #loops(member: Member): RunResult {
    const kind = this.#externalLoop(member) ? "external" : "program";
    return { kind: "interruptionLoop", class: kind, cpu: member.cpu };
  }
  /** In the architected priority. False: an invalid new PSW. */
  #deliver(member: Member): boolean {
    const { cpu, pending } = member;
    member.tookExternal = false;
    if (pending.stop) {
      pending.stop = false;
      cpu.state = "stopped";
    }
    if (pending.restart) {
      pending.restart = false;
      cpu.state = "operating";
      if (!cpu.takeRestart()) return false;
    }
    if (cpu.state !== "operating") return true;
    const mask = cpu.u64(at.pswMask);
    if (mask & PswBit.machineCheck) {
      const code = this.services.takeMachineCheck(cpu);
      if (code !== undefined) {
        const vectors = storeMachineCheckAreas(cpu, member.timers);
        return cpu.takeMachineCheck(vectors ? code | VECTORS_VALID : code);
      }
    }
    const external = takeExternal(cpu, pending, this.floating, member.timers);
    member.tookExternal = external === true;
    if (external === "invalid") return false;
    if (external) return true; // its new PSW decides what comes next
    if (cpu.u64(at.pswMask) & PswBit.io) {
      const io = this.services.takeIoInterruption(cpu);
      if (io !== undefined) return cpu.takeIoInterruption(io.subsystemId, io.parameter, io.identification);
    }
    return true;
  }

  /**
   * A clock interruption has led to a PSW that is enabled for it: the clock stays where it is, so that nothing but the
   * interruption would ever happen.
   */
  #externalLoop(member: Member): boolean {
    const { cpu } = member;
    if (!member.tookExternal || cpu.state !== "operating" || (cpu.u64(at.pswMask) & PswBit.external) === 0n)
      return false;
    return clockIsPending(cpu, member.timers);
  }

  /** Run one CPU until its slice is used up or it waits, stops or is interrupted. */
  #slice(member: Member): boolean {
    const { cpu, pending, timers } = member;
    let budget = timers.instructionsUpTo(this.#members.length > 1 ? SHARED_SLICE : SLICE);
    this.#sliceEnds = false;
    while (budget > 0 && cpu.state === "operating" && !this.#leave && !this.#sliceEnds) {
      const left = this.#advance(cpu, budget);
      this.#instructions += budget - left;
      budget = left;
      this.#tally.left(cpu);
      switch (cpu.u32(at.event)) {
        case Event.program:
        case Event.programAfter:
          if (!this.#program(cpu)) return false;
          break;
        case Event.supervisorCall:
          if (!cpu.takeSupervisorCall() && !this.#earlySpecification(cpu)) return false;
          break;
        case Event.earlySpecification:
          cpu.modeChanged();
          if (!this.#earlySpecification(cpu)) return false;
          break;
        case Event.reload:
        case Event.resume:
          if (cpu.early) {
            cpu.early = false;
            if (!this.#earlySpecification(cpu)) return false;
          }
          cpu.modeChanged();
          if (!this.#takeRecorded(cpu)) return false;
          if (!this.#interrupt(member)) return false;
          // WebAssembly asks the host as long as something may be pending.
          if (cpu.u32(at.interruptionPending) !== 0) {
            this.#refreshPending(member);
            budget = timers.instructionsUpTo(budget);
          }
          break;
        default:
      }
      if (!this.#takeRecorded(cpu)) return false;
      if (cpu.waiting || pending.stop) return true;
    }
    this.#refreshPending(member);
    return true;
  }

  /** Run at most `budget` instructions; returns how many were left. */
  #advance(cpu: Cpu, budget: number): number {
    if (recordsEvents(cpu)) {
      cpu.recorded = stepRecording(cpu, () => this.#interpreter.step(cpu.block));
      this.#lockstep?.takeOver();
      return budget - 1;
    }
    const left = this.#lockstep?.run(cpu, budget) ?? this.#interpreter.operate(cpu.block, budget);
    if (this.#jit !== undefined) {
      this.#jit.compilePending();
      if (left <= 0) this.#jit.noteSlice(cpu.u32(at.lastRegion));
    }
    return left;
  }

  #program(cpu: Cpu): boolean {
    const [mask, address] = [cpu.u64(at.pswMask), cpu.pswAddress];
    const repeats = cpu.u32(at.event) === Event.program;
    if (!cpu.takeProgramInterruption()) return this.#earlySpecification(cpu);
    // A new PSW that leads to the instruction that caused it would interrupt for ever.
    return !(
      repeats &&
      cpu.pswAddress === address &&
      cpu.u64(at.pswMask) === mask &&
      (mask & ANY_INTERRUPTION) === 0n
    );
  }
  /** An event of program-event recording that no other program interruption took along. */
  #takeRecorded(cpu: Cpu): boolean {
    if (cpu.recorded === undefined) return true;
    cpu.setU32(at.event, Event.programAfter);
    cpu.setU32(at.programCode, 0);
    return this.#program(cpu);
  }
  /** The PSW just loaded is invalid: specification exception before its first instruction. */
  #earlySpecification(cpu: Cpu): boolean {
    cpu.setU32(at.event, Event.programAfter);
    cpu.setU32(at.programCode, 0x06);
    cpu.setU32(at.instructionLength, 0);
    return cpu.takeProgramInterruption();
  }

  /** Clear the hint that something may be pending when nothing is. */
  #refreshPending(member: Member): void {
    const { cpu, pending, timers } = member;
    const any =
      pending.restart ||
      pending.stop ||
      pending.emergencySignals.size > 0 ||
      pending.externalCall !== undefined ||
      pending.malfunctionAlerts.size > 0 ||
      this.floating.serviceSignal !== undefined ||
      this.floating.interruptKey ||
      clockIsPending(cpu, timers) ||
      this.services.ioInterruptionPending(0xff00_0000n);
    cpu.setU32(at.interruptionPending, any ? 1 : 0);
  }
}
