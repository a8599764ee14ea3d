/**
 * The interpreter: every definition lowered with its operand fields unknown, one function each, and once more
 * in the loop for those that programs mostly consist of. One module serves all CPUs of a machine.
 */
import type { Instruction } from "@lockframe/instructions";
import { I32, I64, elaborate, fieldOfWord } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { type Handler, writeDecodeTables } from "./decode-table.ts";
import { handlersFor } from "./hot.ts";
import { defineChain, regionSignature } from "./jit/arrival.ts";
import type { Linkage, Linked } from "./jit/jit.ts";
import { Emitter, load } from "./lower/emitter.ts";
import { FunctionFlow, LEFT } from "./lower/flow.ts";
import { type Callees, InstructionLowering, leaveWithEvent } from "./lower/instruction.ts";
import { decode, defineCall, defineRun } from "./lower/loop.ts";
import type { EngineBytes } from "./engine-files.ts";
import { compiledOnce } from "./module-cache.ts";
import { buildWasmRoutines } from "./routines/wasm/index.ts";
import { defineOperate } from "./program-status.ts";
import { type Runtime, buildRuntime, instructionLength } from "./runtime.ts";
import { Event, Patience, cpu as at } from "./state.ts";
import { ModuleBuilder, type Signature } from "./wasm/module.ts";

/** Functions the WebAssembly side calls in TypeScript; the CPU's block comes first. */
export interface HostFunctions {
  importPage(page: number): number;
  accessRegisterTranslation(block: number, ar: number): number;
  /** Host routines by name: 0 or a condition code, or -1 with an event. */
  readonly routines: ReadonlyMap<string, (block: number) => number>;
  /** A store will change a page from which code was made. */
  codeStored(page: number): void;
  /** A counter that never goes back. */
  hostNanoseconds(): number;
  /** Compile what is asked for now. */
  codeWanted(): void;
  /** An operation code that no installed instruction has; counted, and an operation exception. */
  unknownOperation(block: number): void;
}

export interface Interpreter {
  /** Run one CPU for at most `budget` instructions; returns how many were left. The event is in the CPU's block. */
  run(block: number, budget: number): number;
  /** Run one instruction, by the interpreter. The event is in the CPU's block. */
  step(block: number): void;
  /** As `run`; supervisor calls, program interruptions and changed modes are handled as far as they need no host. */
  operate(block: number, budget: number): number;
  applyMode(block: number, dataOnly: number): void;
  forgetAll(block: number): void;
  forgetSpace(block: number, asce: bigint): void;
  forgetPages(block: number, first: number, count: number): void;
  forgetSegment(block: number, index: number): void;
  forgetFrames(block: number, first: number, count: number): void;
  forgetStoresToCode(block: number): void;
  /** Translate a logical address: number of its page frame, or -1 with an event in the CPU's block. */
  translate(block: number, address: bigint, access: number, ar: number): number;
  /** Walk translation tables: 0, or the code of what is missing; the page is in the CPU's block. */
  walk(block: number, address: bigint, asce: bigint): number;
}

export interface InterpreterOptions {
  /**
   * Enter compiled code, and ask for it: "hot" where a program arrives often, "all" wherever it arrives, before it
   * goes on. The interpreter alone when undefined.
   */
  readonly compile: "hot" | "all" | undefined;
}

/** In place of a breaking-event address: no instruction has an odd one. */
const NOTHING_BROKE = -1n;

/** The interpreter's own table. */
const TABLE = 0;

export function buildInterpreter(
  definitions: readonly Instruction[],
  storage: Storage,
  host: HostFunctions,
  options: InterpreterOptions,
): { readonly interpreter: Interpreter; readonly linkage: Linkage | undefined } {
  const handlers = handlersFor(definitions);
  const routines = [...host.routines.keys()];
  const asking = options.compile;
  const engine = compiledOnce({ definitions, layout: storage, routines, asking }, () =>
    make(definitions, handlers, storage, routines, options),
  );
  writeDecodeTables(storage, handlers);
  const imports: Record<string, WebAssembly.ImportValue> = {
    ...storage.imports,
    importPage: host.importPage,
    codeStored: host.codeStored,
    codeWanted: host.codeWanted,
    accessRegisterTranslation: host.accessRegisterTranslation,
    unknownOperation: host.unknownOperation,
    hostNanoseconds: host.hostNanoseconds,
  };
  for (const [name, f] of host.routines) imports[`routine ${name}`] = f;
  const { exports } = new WebAssembly.Instance(engine.module, { host: imports });
  const interpreter = exports as { readonly [K in keyof Interpreter]: Interpreter[K] };
  return { interpreter, linkage: asking && linkageOf(exports, engine.signatures, handlers) };
}

/** The module's bytes. They depend on sources and `EngineIdentity`, on nothing else: see `engine-files.ts`. */
function make(
  definitions: readonly Instruction[],
  handlers: readonly Handler[],
  storage: Storage,
  routines: readonly string[],
  { compile: asking }: InterpreterOptions,
): EngineBytes {
  const module = new ModuleBuilder();
  const imports = {
    importPage: module.importFunction("importPage", ["i32"], ["i32"]),
    codeStored: module.importFunction("codeStored", ["i32"], []),
    codeWanted: module.importFunction("codeWanted", [], []),
    accessRegisterTranslation: module.importFunction("accessRegisterTranslation", ["i32", "i32"], ["i32"]),
  };
  const hostNanoseconds = module.importFunction("hostNanoseconds", [], ["f64"]);
  const unknownOperation = module.importFunction("unknownOperation", ["i32"], []);
  const numbers = new Map<string, number>();
  for (const name of routines) numbers.set(name, module.importFunction(`routine ${name}`, ["i32"], ["i32"]));
  const runtime = buildRuntime(module, storage, imports);
  const inWasm = buildWasmRoutines(module, storage, runtime, (name) => numbers.get(name), hostNanoseconds);
  for (const [name, number] of inWasm) numbers.set(name, number);
  const call = defineCall(module, TABLE);
  const callees: Callees = {
    ...runtime,
    execute: defineExecute(module, runtime, call),
    routine: (name) => {
      const number = numbers.get(name);
      if (number === undefined) throw new Error(`routine ${name} is not declared`);
      return number;
    },
  };
  const functions = new Map(definitions.map((d) => [d, defineFunction(module, callees, d)]));
  module.table([
    defineUnknown(module, runtime, unknownOperation),
    ...handlers.map(({ definition }) => functions.get(definition) ?? 0),
  ]);
  const entering = asking && {
    regions: module.openTable("regions", Patience.mostRegions, regionSignature),
    wanted: asking === "all" ? imports.codeWanted : undefined,
  };
  const run = defineRun(module, runtime, callees, handlers, call, entering);
  defineOperate(module, storage, run, runtime.tlb);
  defineStep(module, runtime, call);
  const { raise, fetchSlow, fetchOutside, storeSlow, storeOutside, probeStore, execute } = callees;
  const linked = new Map(
    Object.entries({ raise, fetchSlow, fetchOutside, storeSlow, storeOutside, probeStore, execute }),
  );
  if (entering !== undefined) linked.set("chain", defineChain(module, storage.form, entering.regions));
  for (const [name, number] of numbers) linked.set(`routine ${name}`, number);
  if (asking !== undefined) for (const [name, number] of linked) module.export(name, number);
  return {
    bytes: module.finish(storage.memories),
    signatures: new Map([...linked].map(([name, number]) => [name, module.signatureOf(number)])),
  };
}

function linkageOf(
  exports: WebAssembly.Exports,
  signatures: ReadonlyMap<string, Signature>,
  handlers: readonly Handler[],
): Linkage {
  const { regions } = exports;
  if (!(regions instanceof WebAssembly.Table)) throw new Error("the table of regions is not exported");
  const functions = new Map<string, Linked>();
  for (const [name, signature] of signatures) {
    const value = exports[name];
    if (value === undefined) throw new Error(`function ${name} is not exported`);
    functions.set(name, { signature, value });
  }
  return { regions, functions, handlers: handlers.map(({ definition }) => definition) };
}

/** Function 0: no installed instruction has this operation code. */
function defineUnknown(module: ModuleBuilder, runtime: Runtime, unknownOperation: number): number {
  const { parameters, results } = FunctionFlow.signature;
  const index = module.declare("unknown operation", parameters, results);
  const e = new Emitter(parameters.length);
  const flow = new FunctionFlow();
  e.store("i64", flow.cpu, at.word, flow.word);
  e.callVoid(unknownOperation, flow.cpu);
  e.callVoid(runtime.raise, flow.cpu, I32.of(0x01), I32.of(0));
  flow.leave(e);
  module.define(index, e.body);
  return index;
}

/** A definition as a function: what EXECUTE needs, and the loop for instructions that are not part of it. */
function defineFunction(module: ModuleBuilder, callees: Callees, definition: Instruction): number {
  const { parameters, results } = FunctionFlow.signature;
  const index = module.declare(definition.mnemonic, parameters, results);
  const lowering = new InstructionLowering(callees, new FunctionFlow(), parameters.length);
  try {
    lowering.lower(elaborate(definition, fieldOfWord));
  } catch (cause) {
    throw new Error(`${definition.mnemonic} cannot be lowered`, { cause });
  }
  module.define(index, lowering.body);
  return index;
}

/** One instruction, from the address in the PSW to the next one or an event. See `Interpreter.step`. */
function defineStep(module: ModuleBuilder, runtime: Runtime, call: number): void {
  const index = module.declare("step", ["i32"], [], true);
  const e = new Emitter(1);
  const cpu = e.parameter32(0);
  const here = e.local64(load.i64(cpu, at.pswAddress).and(load.i64(cpu, at.addressMask)));
  e.store("i64", cpu, at.pswAddress, here.value);
  e.store("i32", cpu, at.event, I32.of(Event.none));
  e.store("i32", cpu, at.instructionLength, I32.of(2));
  const place = e.callOffset(runtime.form, runtime.instructionFetch, cpu, here.value);
  e.rarely(place.isZero(), () => e.code.return());
  const word = e.local64(load.i64(cpu, at.fetchWord));
  const length = e.local32(instructionLength(word.value.shrU(56).low32()));
  e.store("i64", cpu, at.nextAddress, here.value.add(length.value.unsigned64()));
  const handler = decode(e, word.value.shrU(48).low32(), word.value.shrU(16).low32().and(0xff));
  const next = e.local64(e.call64(call, cpu, here.value, word.value, handler.value));
  e.store("i32", cpu, at.instructionLength, length.value);
  leaveWithEvent(e, cpu, next.value, () => {
    // An instruction that did not complete leaves its own address; the others have set the PSW.
    e.if(load.i32(cpu, at.event).eq(Event.program), () => e.store("i64", cpu, at.pswAddress, here.value));
    e.code.return();
  });
  e.store("i64", cpu, at.pswAddress, next.value);
  module.define(index, e.body);
}

/**
 * EXECUTE: the target is fetched as an instruction, modified in the word, and run by its function. When that branches,
 * it is EXECUTE that is the breaking event.
 * (cpu, target, modifier, address of EXECUTE, next sequential address) -> next address or `LEFT`.
 */
function defineExecute(module: ModuleBuilder, runtime: Runtime, call: number): number {
  const index = module.declare("execute", ["i32", "i64", "i32", "i64", "i64"], ["i64"]);
  const e = new Emitter(5);
  const state = e.parameter32(0);
  const target = e.parameter64(1);
  const modifier = e.parameter32(2);
  e.store("i64", state, at.nextAddress, e.parameter64(4));
  const place = e.callOffset(runtime.form, runtime.instructionFetch, state, target);
  e.rarely(place.isZero(), () => e.return(LEFT));
  const word = e.local64(load.i64(state, at.fetchWord).or(modifier.and(0xff).unsigned64().shl(48)));
  const ex = word.value.shrU(56).eq(0x44);
  const exrl = word.value.shrU(48).and(0xff0f).eq(0xc600);
  e.rarely(ex.or(exrl), () => {
    e.callVoid(runtime.raise, state, I32.of(0x03), I32.of(0));
    e.return(LEFT);
  });
  const handler = decode(e, word.value.shrU(48).low32(), word.value.shrU(16).low32().and(0xff));
  e.store("i32", state, at.instructionLength, e.parameter64(4).sub(e.parameter64(3)).low32());
  const breakingBefore = e.local64(load.i64(state, at.breakingEvent));
  e.store("i64", state, at.breakingEvent, I64.of(NOTHING_BROKE));
  const next = e.local64(e.call64(call, state, target, word.value, handler.value));
  const nothingBroke = load.i64(state, at.breakingEvent).eq(NOTHING_BROKE);
  e.store("i64", state, at.breakingEvent, nothingBroke.select(breakingBefore.value, e.parameter64(3)));
  e.emit(next.value.node);
  module.define(index, e.body);
  return index;
}
