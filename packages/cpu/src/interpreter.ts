/**
 * The interpreter: every definition lowered with its operand fields unknown, one function each, and a loop
 * that fetches, decodes and calls. One module serves all CPUs of a machine.
 */
import type { Instruction } from "@lockframe/instructions";
import { I32, I64, elaborate, fieldOfWord } from "@lockframe/instructions";
import type { Storage } from "@lockframe/memory";
import { Emitter, load } from "./lower/emitter.ts";
import { type Callees, InstructionLowering } from "./lower/instruction.ts";
import { buildWasmRoutines } from "./routines/wasm/index.ts";
import { type Runtime, buildRuntime, instructionLength } from "./runtime.ts";
import { DECODE_FIRST, DECODE_SECOND, DECODE_SECOND_END, Event, SECOND_LEVEL, cpu as at } from "./state.ts";
import { ModuleBuilder } from "./wasm/module.ts";

/** Functions the WebAssembly side calls in TypeScript; the CPU's block comes first. */
export interface HostFunctions {
  importPage(page: number): number;
  accessRegisterTranslation(block: number, ar: number): number;
  /** Host routines by name: 0 or a condition code, or -1 with an event. */
  readonly routines: ReadonlyMap<string, (block: number) => number>;
  /** An operation code that no installed instruction has; counted, and an operation exception. */
  unknownOperation(block: number): void;
}

export interface Interpreter {
  /** Run one CPU for at most `budget` instructions; returns how many were left. The event is in the CPU's block. */
  run(block: number, budget: number): number;
  /** Translate a logical address: host offset of its page's first byte, or 0 with an event in the CPU's block. */
  translate(block: number, address: bigint, access: number, ar: number): number;
  /** Walk translation tables: 0, or the code of what is missing; the page is in the CPU's block. */
  walk(block: number, address: bigint, asce: bigint): number;
}

const I = I32.of;
const HANDLER = { parameters: ["i32", "i64", "i64"], results: ["i64"] } as const;

export function buildInterpreter(
  definitions: readonly Instruction[],
  storage: Storage,
  host: HostFunctions,
): Interpreter {
  const module = new ModuleBuilder();
  const imports = {
    importPage: module.importFunction("importPage", ["i32"], ["i32"]),
    accessRegisterTranslation: module.importFunction("accessRegisterTranslation", ["i32", "i32"], ["i32"]),
  };
  const unknownOperation = module.importFunction("unknownOperation", ["i32"], []);
  const routineNumbers = new Map<string, number>();
  for (const [name] of host.routines) {
    routineNumbers.set(name, module.importFunction(`routine ${name}`, ["i32"], ["i32"]));
  }
  const runtime = buildRuntime(module, storage, imports);
  for (const [name, number] of buildWasmRoutines(module, storage, runtime)) routineNumbers.set(name, number);

  const executeTable = new Handlers();
  const plainTable = new Handlers();
  const execute = module.declare("execute", ["i32", "i64", "i32", "i64"], ["i64"]);
  const callees: Callees = {
    ...runtime,
    execute,
    routine: (name) => {
      const number = routineNumbers.get(name);
      if (number === undefined) throw new Error(`routine ${name} is not declared`);
      return number;
    },
  };
  // Table: 0 unknown operation, then handlers, then their copies for EXECUTE.
  plainTable.add(defineUnknown(module, runtime, unknownOperation));
  executeTable.add(defineUnknown(module, runtime, unknownOperation));
  for (const definition of definitions) {
    plainTable.add(defineHandler(module, callees, definition, false));
    executeTable.add(defineHandler(module, callees, definition, true));
  }
  for (const f of [...plainTable.functions, ...executeTable.functions]) module.element(f);
  defineExecute(module, execute, runtime, plainTable.functions.length);
  defineRun(module, runtime);

  writeDecodeTables(storage, definitions);
  const importObject: Record<string, WebAssembly.ImportValue> = {
    memory: storage.memory,
    importPage: host.importPage,
    accessRegisterTranslation: host.accessRegisterTranslation,
    unknownOperation: host.unknownOperation,
  };
  for (const [name, f] of host.routines) importObject[`routine ${name}`] = f;
  const compiled = new WebAssembly.Module(module.finish(storage.wasmPages));
  const { exports } = new WebAssembly.Instance(compiled, { host: importObject });
  return exports as { readonly [K in keyof Interpreter]: Interpreter[K] };
}

class Handlers {
  readonly functions: number[] = [];
  add(index: number): void {
    this.functions.push(index);
  }
}

function defineUnknown(module: ModuleBuilder, runtime: Runtime, unknownOperation: number): number {
  const index = module.declare("unknown operation", HANDLER.parameters, HANDLER.results);
  const e = new Emitter(3);
  e.store("i64", e.parameter32(0), at.word, e.parameter64(2));
  e.callVoid(unknownOperation, e.parameter32(0));
  e.emit(e.call64(runtime.raise, e.parameter32(0), I(0x01), I(0)).node);
  module.define(index, e.body);
  return index;
}

function defineHandler(
  module: ModuleBuilder,
  callees: Callees,
  definition: Instruction,
  executed: boolean,
): number {
  const name = executed ? `${definition.mnemonic} executed` : definition.mnemonic;
  const index = module.declare(name, HANDLER.parameters, HANDLER.results);
  const lowering = new InstructionLowering(callees, { length: definition.format.length, executed });
  try {
    lowering.lower(elaborate(definition, fieldOfWord));
  } catch (cause) {
    throw new Error(`${definition.mnemonic} cannot be lowered`, { cause });
  }
  module.define(index, lowering.body);
  return index;
}

/** Number of the handler for an instruction word. */
function decode(e: Emitter, word: I64): I32 {
  const handler = e.local32(load.u16(word.shrU(48).low32().shl(1), DECODE_FIRST));
  e.if(handler.value.geU(SECOND_LEVEL), () => {
    const place = handler.value
      .and(SECOND_LEVEL - 1)
      .shl(8)
      .or(word.shrU(16).low32().and(0xff))
      .shl(1);
    e.set(handler, load.u16(place, DECODE_SECOND));
  });
  return handler.value;
}

/** EXECUTE: the target is fetched as an instruction, modified in the word, and run by its copy. */
function defineExecute(module: ModuleBuilder, index: number, runtime: Runtime, copies: number): void {
  const e = new Emitter(4);
  const state = e.parameter32(0);
  const target = e.parameter64(1);
  const modifier = e.parameter32(2);
  e.store("i64", state, at.executeNext, e.parameter64(3));
  const how = e.local32(e.call32(runtime.instructionFetch, state, target));
  e.if(how.value.isZero(), () => e.return(I64.of(-1)));
  const word = e.local64(load.i64(state, at.fetchWord));
  e.if(how.value.eq(2), () => e.set(word, load.i64(load.i32(state, at.fetchAddend).sub(target.low32()))));
  e.set(word, word.value.or(modifier.and(0xff).unsigned64().shl(48)));
  const first = word.value.shrU(56);
  const exrl = word.value.shrU(48).and(0xff0f).eq(0xc600);
  e.if(first.eq(0x44).or(exrl), () => e.return(e.call64(runtime.raise, state, I(0x03), I(0))));
  const handler = decode(e, word.value);
  e.emit(state.node);
  e.emit(target.node);
  e.emit(word.value.node);
  e.emit(handler.add(copies).node);
  e.code.returnCallIndirect(module.type(HANDLER.parameters, HANDLER.results));
  module.define(index, e.body);
}

function defineRun(module: ModuleBuilder, runtime: Runtime): void {
  const index = module.declare("run", ["i32", "i32"], ["i32"], true);
  const e = new Emitter(2);
  const state = e.parameter32(0);
  const budget = { index: 1, value: e.parameter32(1) };
  const address = e.local64(load.i64(state, at.pswAddress));
  const current = e.local64(address.value);
  const start = e.local64(I64.of(1)); // no window yet
  const addend = e.local32(0);
  const word = e.local64();
  const leave = (pswAddress: I64) => {
    e.store("i64", state, at.pswAddress, pswAddress);
    e.store("i32", state, at.instructionLength, instructionLength(word.value.shrU(56).low32()));
    e.return(budget.value);
  };
  e.store("i32", state, at.event, I(Event.none));
  e.loop((again) => {
    e.block((fetched) => {
      // Rotated right by one, an odd address is far off the window too.
      e.if(address.value.sub(start.value).rotl(63).leU(2045), () => {
        e.set(word, load.i64(addend.value.sub(address.value.low32())));
        fetched();
      });
      // Off the window: another page, the end of this one, or an event.
      e.if(load.i32(state, at.event), () => {
        // An instruction that did not complete leaves its own address; the others have set the PSW.
        e.if(load.i32(state, at.event).eq(Event.program), () => leave(current.value));
        leave(load.i64(state, at.pswAddress));
      });
      e.set(address, address.value.and(load.i64(state, at.addressMask)));
      const how = e.local32(e.call32(runtime.instructionFetch, state, address.value));
      e.if(how.value.isZero(), () => leave(address.value));
      e.set(start, load.i64(state, at.fetchStart));
      e.set(addend, load.i32(state, at.fetchAddend));
      e.if(
        how.value.eq(2),
        () => e.set(word, load.i64(addend.value.sub(address.value.low32()))),
        () => e.set(word, load.i64(state, at.fetchWord)),
      );
    });
    e.if(budget.value.isZero(), () => {
      e.store("i32", state, at.event, I(Event.slice));
      leave(address.value);
    });
    e.set(budget, budget.value.sub(1));
    e.set(current, address.value);
    const handler = decode(e, word.value);
    e.emit(state.node);
    e.emit(address.value.node);
    e.emit(word.value.node);
    e.emit(handler.node);
    e.code.callIndirect(module.type(HANDLER.parameters, HANDLER.results)).set(address.index);
    again();
  });
  e.code.unreachable();
  module.define(index, e.body);
}

/** Fill the decode tables from the encodings of the installed instructions. */
function writeDecodeTables(storage: Storage, definitions: readonly Instruction[]): void {
  const view = storage.view();
  for (let at16 = DECODE_FIRST; at16 < DECODE_SECOND_END; at16 += 2) view.setUint16(at16, 0, true);
  const pages = new Map<number, number>();
  const first = (halfword: number) => DECODE_FIRST + halfword * 2;
  definitions.forEach((definition, n) => {
    const handler = n + 1;
    const parts = definition.format.opcode;
    const widths = parts.map(([, width]) => width);
    const { opcode } = definition;
    if (widths.length === 1 && widths[0] === 16) view.setUint16(first(opcode), handler, true);
    else if (widths.length === 1) {
      for (let rest = 0; rest < 256; rest++) view.setUint16(first((opcode << 8) | rest), handler, true);
    } else if (widths[1] === 4) {
      for (let r = 0; r < 16; r++)
        view.setUint16(first(((opcode >> 8) << 8) | (r << 4) | (opcode & 15)), handler, true);
    } else {
      const major = opcode >> 8;
      const page = pages.get(major) ?? pages.size;
      pages.set(major, page);
      if ((page + 1) * 512 > DECODE_SECOND_END - DECODE_SECOND)
        throw new Error("the second decode table is full");
      for (let rest = 0; rest < 256; rest++)
        view.setUint16(first((major << 8) | rest), SECOND_LEVEL | page, true);
      view.setUint16(DECODE_SECOND + (page * 256 + (opcode & 0xff)) * 2, handler, true);
    }
  });
}
