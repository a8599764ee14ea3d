/**
 * A region as a WebAssembly function: what all of its instructions share. General registers and the condition code
 * are taken into locals where they are first used. What the CPU's block lacks of them is known wherever code is
 * emitted, and is written where ways meet or the region is left: no way out has more to do than that, and few locals
 * live long, which is what makes the engine's optimising compiler slow.
 */
import type { ConditionCode } from "@lockframe/instructions";
import { I32, type I64 } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import { Emitter, type Label, type Local, load } from "../lower/emitter.ts";
import { conditionCode } from "../lower/instruction.ts";
import { addendOf } from "../lower/tlb-entry.ts";
import { Event, Tlb, cpu as at } from "../state.ts";
import { type Rule, VALUE, isWide, nameOf } from "./condition.ts";

const I = I32.of;

/**
 * How a region is left other than to go on elsewhere: fields of the number in `info`, which is negative for an
 * instruction that the interpreter has to do.
 */
const Info = {
  undone: 1 << 31,
  rule: 24,
  ruleMask: 0x1f,
  length: 16,
  lengthMask: 0xff,
  budgetMask: 0xffff,
} as const;

/** What is known where code is being emitted. */
export interface Knowledge {
  /** How the condition code is described. */
  rule: Rule;
  /** Sets of general registers and of `CODE`: those that are in locals, and those the CPU's block does not have yet. */
  loaded: number;
  dirty: number;
  /** Distance of the last branch that was taken, when the CPU's block does not have it yet. */
  breaking: number | undefined;
}

/** The condition code in a set of registers, each of which is a bit by its number. */
export const CODE = 1 << 16;
const numbers = (set: number): number[] =>
  Array.from({ length: 16 }, (_, n) => n).filter((n) => set & (1 << n));

export class RegionContext {
  readonly e = new Emitter(3);
  readonly cpuIndex = 0;
  readonly cpu = this.e.parameter32(this.cpuIndex);
  readonly address = this.e.parameter64(1);
  readonly budget: Local<I32> = { index: 2, value: this.e.parameter32(2) };
  /** Contents of general registers, by number; those that the region does not use are missing. */
  readonly #registers: readonly (Local<I64> | undefined)[];
  readonly #chain: number;
  readonly #form: StorageForm;
  readonly #cc = this.e.local32();
  readonly #wide = [this.e.local64(), this.e.local64()] as const;
  readonly #narrow = [this.e.local32(), this.e.local32()] as const;
  readonly #distance = this.e.local32();
  readonly #info = this.e.local32();
  readonly #rules = new Set<Rule>();
  /** Ways out: with the condition code still to be written; with everything written. */
  #outWithCode: Label = 0;
  #out: Label = 0;

  /** `used`: set of general registers. `chain`: function to go on with elsewhere. */
  constructor(used: number, { chain, form }: { readonly chain: number; readonly form: StorageForm }) {
    this.#chain = chain;
    this.#form = form;
    this.#registers = Array.from({ length: 16 }, (_, n) => (used & (1 << n) ? this.e.local64() : undefined));
  }

  register(n: number): Local<I64> {
    const local = this.#registers[n];
    if (local === undefined) throw new Error(`the region does not use general register ${n}`);
    return local;
  }
  /** Address at a distance from the region's entry. */
  addressOf(distance: number): I64 {
    return this.address.add(distance);
  }
  /** Whether an address, which is in another page, leads to a place. */
  leadsTo(e: Emitter, address: I64, place: number): I32 {
    const low = address.low32();
    const tlbIndex = low.shrU(8).and((Tlb.fetchEntries - 1) << Tlb.entryShift);
    const entry = e.local32(load.i32(this.cpu, at.tlbFetch).add(tlbIndex)).value;
    const samePage = load.i64(entry).eq(address.and(~0xfffn));
    return samePage.and(addendOf(this.#form, entry).sub(address).eq(place));
  }

  /** What is known where several ways have met, or the region begins. */
  atMeeting(loaded: number): Knowledge {
    return { rule: VALUE, loaded, dirty: 0, breaking: undefined };
  }

  /** Emit what `inside` emits, every way of which ends in one of the ways out. */
  body(inside: () => void): void {
    const { e, cpu } = this;
    e.block((_, out) => {
      this.#out = out;
      e.block((__, outWithCode) => {
        this.#outWithCode = outWithCode;
        inside();
      });
      this.#writeDescribedCode();
    });
    const info = this.#info.value;
    const address = this.address.add(this.#distance.value.signed64());
    const budget = this.budget.value.add(info.and(Info.budgetMask));
    e.if(info.ltS(0), () => {
      e.store("i64", cpu, at.pswAddress, address);
      e.store("i32", cpu, at.interpretNext, I(1));
      e.return(budget);
    });
    e.if(load.i32(cpu, at.event).eq(Event.program), () => e.store("i64", cpu, at.pswAddress, address));
    e.store("i32", cpu, at.instructionLength, info.shrU(Info.length).and(Info.lengthMask));
    e.emit(budget.node);
  }

  // --- ways out ------------------------------------------------------------------------------------

  /** Go on at an address; `unused` instructions were counted that did not begin. */
  goOn(e: Emitter, target: I64, knowledge: Knowledge, unused = 0): void {
    this.#writeAll(e, knowledge);
    e.returnCall(this.#chain, this.cpu, target, this.budget.value.add(unused));
  }
  /** An event stands in the CPU's block. */
  leave(
    e: Emitter,
    instruction: { readonly distance: number; readonly length: number },
    knowledge: Knowledge,
    unused: number,
  ): void {
    this.#leave(e, instruction.distance, (instruction.length << Info.length) | unused, knowledge);
  }
  /** The interpreter has to do an instruction, of which nothing is done yet: its operand is not in the TLB. */
  leaveUndone(e: Emitter, distance: number, knowledge: Knowledge, unused: number): void {
    this.#leave(e, distance, Info.undone | unused, knowledge);
  }
  #leave(e: Emitter, distance: number, info: number, knowledge: Knowledge): void {
    const { dirty, rule } = knowledge;
    this.#write(e, dirty & ~CODE, knowledge);
    this.#writeBreaking(e, knowledge);
    e.set(this.#distance, I(distance));
    e.set(this.#info, I(info | (rule << Info.rule)));
    e.goto(dirty & CODE ? this.#outWithCode : this.#out);
  }

  // --- the CPU's block -----------------------------------------------------------------------------

  #writeAll(e: Emitter, knowledge: Knowledge): void {
    this.#write(e, knowledge.dirty, knowledge);
    this.#writeBreaking(e, knowledge);
  }
  /** Bring the CPU's block up to date. */
  writeBack(e: Emitter, knowledge: Knowledge): void {
    this.#writeAll(e, knowledge);
    knowledge.dirty = 0;
    knowledge.breaking = undefined;
  }
  /** The same for the general registers. */
  writeRegisters(e: Emitter, knowledge: Knowledge): void {
    this.#write(e, knowledge.dirty & ~CODE, knowledge);
    this.#writeBreaking(e, knowledge);
    knowledge.dirty &= CODE;
    knowledge.breaking = undefined;
  }
  /** The same for the condition code, on one of several ways. */
  writeCode(e: Emitter, knowledge: Knowledge): void {
    this.#write(e, knowledge.dirty & CODE, knowledge);
  }
  #write(e: Emitter, set: number, { rule }: Knowledge): void {
    for (const n of numbers(set)) e.store("i64", this.cpu, at.gr + 8 * n, this.register(n).value);
    if (set & CODE) e.store("i32", this.cpu, at.cc, this.#code(rule));
  }
  #writeDescribedCode(): void {
    const { e } = this;
    const rule = e.local32(this.#info.value.shrU(Info.rule).and(Info.ruleMask));
    for (const known of this.#rules) e.if(rule.value.eq(known), () => e.set(this.#cc, this.#code(known)));
    e.store("i32", this.cpu, at.cc, this.#cc.value);
  }
  /** Take general registers into locals, unless they are there. */
  take(e: Emitter, set: number, knowledge: Knowledge): void {
    this.takeAgain(e, set & ~knowledge.loaded);
    knowledge.loaded |= set;
  }
  takeAgain(e: Emitter, set: number): void {
    for (const n of numbers(set)) e.set(this.register(n), load.i64(this.cpu, at.gr + 8 * n));
  }
  #writeBreaking(e: Emitter, { breaking }: Knowledge): void {
    if (breaking !== undefined) e.store("i64", this.cpu, at.breakingEvent, this.addressOf(breaking));
  }

  // --- condition code ------------------------------------------------------------------------------

  setCode(e: Emitter, code: I32): void {
    e.set(this.#cc, code);
  }
  /** Keep the operands from which a rule makes the code. */
  keep(rule: Rule, keepOperand: (n: 0 | 1, wide: Local<I64>, narrow: Local<I32>) => void): void {
    this.#rules.add(rule);
    keepOperand(0, this.#wide[0], this.#narrow[0]);
    keepOperand(1, this.#wide[1], this.#narrow[1]);
  }
  /** What a rule makes the code from. */
  described(rule: Rule): ConditionCode {
    const name = nameOf(rule);
    const wide = isWide(rule);
    const a = wide ? this.#wide[0].value.node : this.#narrow[0].value.node;
    const b = wide && name !== "signedOrOverflow" ? this.#wide[1].value.node : this.#narrow[1].value.node;
    return { rule: name, a, b };
  }
  #code(rule: Rule): I32 {
    return rule === VALUE ? this.#cc.value : conditionCode(this.described(rule));
  }
  /** The code's number. */
  code({ rule, loaded }: Knowledge): I32 {
    return loaded & CODE ? this.#code(rule) : load.i32(this.cpu, at.cc);
  }
  /** The local with the code's number, from the CPU's block. */
  materializeAgain(e: Emitter): void {
    e.set(this.#cc, load.i32(this.cpu, at.cc));
  }
  /** From here on the code is in a local by its number. */
  materialize(e: Emitter, knowledge: Knowledge): void {
    if (knowledge.rule === VALUE && knowledge.loaded & CODE) return;
    e.set(this.#cc, this.code(knowledge));
    knowledge.rule = VALUE;
    knowledge.loaded |= CODE;
  }
}
