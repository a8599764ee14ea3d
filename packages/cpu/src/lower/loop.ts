/**
 * The interpreter's loop: fetch, decode, and the code of the instructions that programs consist of, all in
 * one function, so that what the loop needs stays in registers. The other instructions are called.
 *
 * Instructions are fetched through a window, the page of storage they stand in. The place of an instruction is the
 * host offset of the eight bytes whose first it is: a higher address is a lower place, and within the window an
 * address is the window's origin less the place.
 */
import type { FieldSource } from "@lockframe/instructions";
import { I32, type I64, elaborate, fieldOfWord } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import type { Handler } from "../decode-table.ts";
import { isHot } from "../hot.ts";
import { type Entering, emitArrival } from "../jit/arrival.ts";
import type { Runtime } from "../runtime.ts";
import { instructionLength } from "../runtime.ts";
import { DECODE_FIRST, DECODE_SECOND, Event, SECOND_LEVEL, Tlb, cpu as at } from "../state.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import { Emitter, type Label, type Local, load } from "./emitter.ts";
import { type FieldNode, type Flow, FunctionFlow } from "./flow.ts";
import { type Callees, InstructionLowering, leaveWithEvent } from "./instruction.ts";
import { StorageOffset } from "./storage-offset.ts";
import { addendOf, entryOffset } from "./tlb-entry.ts";

const I = I32.of;

/** Last offset in a page at which any instruction fits. */
const LAST_OFFSET = 4090;

/** Handler number by the first halfword of an instruction; `SECOND_LEVEL` and more: look at its sixth byte. */
const firstLevel = (halfword: I32): I32 => load.u16(halfword.shl(1), DECODE_FIRST);
/** Handler number by the first level's entry, which is SECOND_LEVEL and the start of a table, and the sixth byte. */
const secondLevel = (entry: I32, sixthByte: I32): I32 =>
  load.u16(entry.or(sixthByte).shl(1), DECODE_SECOND - 2 * SECOND_LEVEL);

/** Number of the handler for an instruction. */
export function decode(e: Emitter, firstHalfword: I32, sixthByte: I32): Local<I32> {
  const handler = e.local32(firstLevel(firstHalfword));
  e.if(handler.value.geU(SECOND_LEVEL), () => e.set(handler, secondLevel(handler.value, sixthByte)));
  return handler;
}

/** Locals and labels of the loop. */
interface Loop {
  readonly form: StorageForm;
  readonly cpu: I32;
  /** Instructions that may yet begin. */
  readonly budget: Local<I32>;
  /** Place of the instruction, and its first four bytes. */
  readonly place: Local<StorageOffset>;
  readonly word: Local<I32>;
  /** The window's origin, and the place of the last word in it. */
  readonly origin: Local<I64>;
  readonly last: Local<StorageOffset>;
  /** The addressing mode; it changes only between runs. */
  readonly addressMask: Local<I64>;
  /** Where to go on when going to `enter`: an address, maybe outside the window. */
  readonly target: Local<I64>;
  enter: Label;
  /** Go on with the instruction at `place`, which is in the window. */
  again: Label;
  /** The same for one that was jumped to: there may be compiled code for it. */
  arrive: Label;
  readonly interpretNext: Local<I32>;
  /** (cpu, address, word, budget) -> budget: the address is that of an instruction that did not complete. */
  readonly leave: number;
}

class LoopFlow implements Flow {
  readonly cpu: I32;
  readonly word: I64;
  readonly here: I64;
  readonly next: I64;
  readonly addressMask: I64;
  readonly #length: number;
  readonly #loop: Loop;

  constructor(loop: Loop, length: number) {
    this.#loop = loop;
    this.#length = length;
    this.cpu = loop.cpu;
    this.addressMask = loop.addressMask.value;
    this.word = load.i64(loop.place.value);
    this.here = loop.origin.value.sub(loop.place.value.unsigned64());
    this.next = this.here.add(length);
  }

  field(field: FieldNode): I32 | I64 {
    const { bit, width, signed, type } = field;
    const { place } = this.#loop;
    const lowest = 8 - (bit + width) / 8;
    if (bit % 8 === 0 && width % 8 === 0) return loadField(place.value, lowest, width, signed, type);
    const value = this.#part(field, 0);
    return type === "i32" ? value : value.unsigned64();
  }
  shiftedField(field: FieldNode, shift: number): I32 {
    return this.#part(field, shift);
  }
  /** An unsigned field within the first four bytes or the third halfword. */
  #part({ bit, width, signed }: FieldNode, shift: number): I32 {
    if (signed) throw new Error("a signed field is made of whole bytes");
    const { word, place } = this.#loop;
    const inWord = bit + width <= 32;
    if (!inWord && bit < 32) throw new Error("a field crosses from the word into the third halfword");
    const right = (inWord ? 32 : 48) - bit - width - shift;
    const whole = inWord ? word.value : load.u16(place.value, 2);
    return (right < 0 ? whole.shl(-right) : whole.shrU(right)).and(((1 << width) - 1) << shift);
  }

  proceed(e: Emitter): void {
    const { place, last, target, origin, enter, again } = this.#loop;
    e.set(place, place.value.sub(this.#length));
    e.rarely(place.value.ltU(last.value), () => {
      e.set(target, origin.value.sub(place.value.unsigned64()));
      e.goto(enter);
    });
    e.goto(again);
  }
  jump(e: Emitter, to: I64): void {
    const { place, last, target, origin, enter, arrive } = this.#loop;
    const there = e.local64(origin.value.sub(to));
    // Rotated right by one, an odd distance is a long one.
    const distance = there.value.sub(last.value.unsigned64()).rotl(63);
    e.rarely(distance.gtU(LAST_OFFSET / 2), () => {
      e.set(target, to);
      e.goto(enter);
    });
    e.set(place, this.#at(there.value));
    e.goto(arrive);
  }
  jumpRelative(e: Emitter, offset: I64): void {
    const { place, last, target, enter, again, arrive } = this.#loop;
    const there = e.local64(place.value.unsigned64().sub(offset));
    e.rarely(there.value.sub(last.value.unsigned64()).gtU(LAST_OFFSET), () => {
      e.set(target, this.here.add(offset));
      e.goto(enter);
    });
    if (arrive !== again) {
      e.if(this.#at(there.value).geU(place.value), () => {
        e.set(place, this.#at(there.value));
        e.goto(arrive);
      });
    }
    e.set(place, this.#at(there.value));
    e.goto(again);
  }
  #at(place: I64): StorageOffset {
    return StorageOffset.of(this.#loop.form, place);
  }
  leave(e: Emitter): void {
    const { word, budget, leave } = this.#loop;
    e.return(e.call32(leave, this.cpu, this.here, word.value, budget.value));
  }
}

/** A field of whole bytes, straight from storage. */
function loadField(
  place: StorageOffset,
  offset: number,
  width: number,
  signed: boolean,
  type: "i32" | "i64",
): I32 | I64 {
  const name = `${signed ? "s" : "u"}${width}`;
  if (type === "i32") {
    if (name === "u8") return load.u8(place, offset);
    if (name === "u16") return load.u16(place, offset);
  } else {
    if (name === "u8") return load.u8(place, offset).unsigned64();
    if (name === "s8") return load.s8as64(place, offset);
    if (name === "u16") return load.u16(place, offset).unsigned64();
    if (name === "s16") return load.s16as64(place, offset);
    if (name === "u32") return load.u32as64(place, offset);
    if (name === "s32") return load.s32as64(place, offset);
  }
  throw new Error(`no operand is a ${width}-bit field of type ${type}`);
}

/**
 * Define `run`, and give its number: (cpu, budget) -> budget left, and an event in the CPU's block. Handlers of hot definitions stand in
 * the loop; `call` calls the function of any, see `defineCall`. `entering`: compiled code is entered.
 */
export function defineRun(
  module: ModuleBuilder,
  runtime: Runtime,
  callees: Callees,
  handlers: readonly Handler[],
  call: number,
  entering?: Entering,
): number {
  const leave = defineLeave(module);
  const index = module.declare("run", ["i32", "i32"], ["i32"], true);
  const e = new Emitter(2);
  const cpu = e.parameter32(0);
  const { form } = runtime;
  const loop: Loop = {
    form,
    cpu,
    budget: { index: 1, value: e.parameter32(1) },
    place: e.localOffset(form),
    word: e.local32(),
    origin: e.local64(),
    last: e.localOffset(form),
    addressMask: e.local64(load.i64(cpu, at.addressMask)),
    target: e.local64(load.i64(cpu, at.pswAddress)),
    enter: 0,
    again: 0,
    arrive: 0,
    interpretNext: e.local32(0),
    leave,
  };
  e.store("i32", cpu, at.event, I(Event.none));
  e.loop((_, enter) => {
    loop.enter = enter;
    emitEnter(e, loop, runtime, call);
    if (entering !== undefined) {
      e.code.loop();
      e.depth += 1;
      loop.arrive = e.depth;
      emitArrival(e, loop, module, entering);
    }
    e.loop((_again, again) => {
      loop.again = again;
      if (entering === undefined) loop.arrive = again;
      countOne(e, loop, loop.origin.value.sub(loop.place.value.unsigned64()));
      e.set(loop.word, load.i32(loop.place.value, 4));
      // A load of its own: what shares the halfword with the arms would be kept for them.
      const handler = e.local32(firstLevel(load.u16(loop.place.value, 6)));
      const hot = handlers.filter(({ definition }) => isHot(definition));
      const arms = hot.map((h) => () => emitInstruction(e, loop, callees, h));
      const other = arms.length;
      const armOf = new Map(hot.map((h, n) => [h, n]));
      const cases = [other, ...handlers.map((h) => armOf.get(h) ?? other)];
      e.switch([...arms, () => emitOther(e, loop, call, handler.value)], (select) => {
        // What lies beyond the first level's numbers comes to the code behind it.
        e.block((_leave, second) => select(handler.value, cases, second));
        e.set(handler, secondLevel(handler.value, load.u8(loop.place.value, 2)));
        select(handler.value, cases, undefined);
      });
    });
    if (entering !== undefined) {
      e.depth -= 1;
      e.code.end();
    }
  });
  e.code.unreachable();
  module.define(index, e.body);
  return index;
}

/** The code of one handler, in the loop. */
function emitInstruction(e: Emitter, loop: Loop, callees: Callees, { definition, fixed }: Handler): void {
  const source: FieldSource = (field) => {
    const known = fixed[field.name];
    return known === undefined ? fieldOfWord(field) : I(known).node;
  };
  e.body.reusingLocals(() => {
    const flow = new LoopFlow(loop, definition.format.length);
    new InstructionLowering(callees, flow, e).lower(elaborate(definition, source));
  });
}

/** An instruction that is not in the loop. */
function emitOther(e: Emitter, loop: Loop, call: number, handler: I32): void {
  const length = instructionLength(loop.word.value.shrU(24));
  const flow = new LoopFlow(loop, 0);
  e.store("i64", loop.cpu, at.nextAddress, flow.here.add(length.unsigned64()));
  flow.jump(e, callFunction(e, loop, call, flow.here, flow.word, handler));
}

/** Call an instruction's function; goes on here only with an address. */
function callFunction(
  e: Emitter,
  { cpu, word, budget, leave }: Loop,
  call: number,
  here: I64,
  instruction: I64,
  handler: I32,
): I64 {
  const next = e.local64(e.call64(call, cpu, here, instruction, handler));
  leaveWithEvent(e, cpu, next.value, () => e.return(e.call32(leave, cpu, here, word.value, budget.value)));
  return next.value;
}

/** V8 inlines no function of more bytes. */
const LONGEST_INLINED = 500;

/**
 * Define the call of an instruction's function in a table, by handler number: (cpu, address, word, number) -> as the function. It
 * is a function of its own, and one that V8 does not inline: V8 inlines what a table has had at a place so far, and throws
 * the whole function away when there is another; the loop takes it half a second to make.
 */
export function defineCall(module: ModuleBuilder, table: number): number {
  const { parameters, results } = FunctionFlow.signature;
  const withNumber = [...parameters, "i32"] as const;
  const index = module.declare("call handler", withNumber, results);
  const e = new Emitter(withNumber.length);
  for (let n = 0; n < LONGEST_INLINED; n++) e.code.nop();
  withNumber.forEach((_, n) => e.code.get(n));
  e.code.returnCallIndirect(module.type(parameters, results), table);
  module.define(index, e.body);
  return index;
}

/** Leave when the budget is used up; else one instruction begins. */
function countOne(e: Emitter, { cpu, budget }: Loop, here: I64): void {
  e.set(budget, budget.value.sub(1));
  e.rarely(budget.value.ltS(0), () => {
    e.store("i32", cpu, at.event, I(Event.slice));
    e.store("i64", cpu, at.pswAddress, here);
    e.return(budget.value.add(1));
  });
}

/** Open the window that `target` is in. An instruction at its very end, which may go beyond, is called at once. */
function emitEnter(e: Emitter, loop: Loop, runtime: Runtime, call: number): void {
  const { form, cpu, budget, place, word, origin, last, target, enter } = loop;
  e.set(target, target.value.and(loop.addressMask.value));
  // A used-up budget comes before what the fetch may meet, as it does in compiled code.
  e.rarely(budget.value.leS(0), () => {
    e.store("i32", cpu, at.event, I(Event.slice));
    e.store("i64", cpu, at.pswAddress, target.value);
    e.return(budget.value);
  });
  const low = target.value.low32();
  const offset = low.and(0xfff);
  const entry = e.local32(load.i32(cpu, at.tlbFetch).add(entryOffset(target.value, Tlb.fetchEntries)));
  // An odd address differs from every tag.
  const hit = load.i64(entry.value).eq(target.value.and(~0xffen));
  e.if(
    hit.and(offset.leU(LAST_OFFSET)),
    () => e.set(place, addendOf(form, entry.value).sub(target.value)),
    () => {
      e.set(place, e.callOffset(form, runtime.instructionFetch, cpu, target.value));
      e.rarely(place.value.isZero(), () => {
        e.store("i64", cpu, at.pswAddress, target.value);
        e.store("i32", cpu, at.instructionLength, I(2));
        e.return(budget.value);
      });
      e.if(offset.gtU(LAST_OFFSET), () => {
        countOne(e, loop, target.value);
        const instruction = load.i64(cpu, at.fetchWord);
        e.set(word, instruction.shrU(32).low32());
        const length = instructionLength(word.value.shrU(24)).unsigned64();
        e.store("i64", cpu, at.nextAddress, target.value.add(length));
        const handler = decode(e, word.value.shrU(16), load.u8(cpu, at.fetchWord + 2));
        const next = callFunction(e, loop, call, target.value, instruction, handler.value);
        e.set(target, next);
        e.goto(enter);
      });
    },
    "likely",
  );
  e.set(origin, target.value.add(place.value.unsigned64()));
  e.set(last, place.value.add(offset).sub(LAST_OFFSET));
}

/** See `Loop`. */
function defineLeave(module: ModuleBuilder): number {
  const index = module.declare("leave", ["i32", "i64", "i32", "i32"], ["i32"]);
  const e = new Emitter(4);
  const cpu = e.parameter32(0);
  // An instruction that did not complete leaves its own address; the others have set the PSW.
  e.if(load.i32(cpu, at.event).eq(Event.program), () => e.store("i64", cpu, at.pswAddress, e.parameter64(1)));
  const length = instructionLength(e.parameter32(2).shrU(24));
  e.store("i32", cpu, at.instructionLength, length);
  e.emit(e.parameter32(3).node);
  module.define(index, e.body);
  return index;
}
