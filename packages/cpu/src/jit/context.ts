/**
 * A region as a WebAssembly function: what all of its instructions share. General registers and the condition code
 * are taken into locals where they are first used. What the CPU's block lacks of them is known wherever code is
 * emitted, and is written where ways meet or the region is left: no way out has more to do than that, and few locals
 * live long, which is what makes the engine's optimising compiler slow.
 *
 * A lasting region is worth that time: all stays in locals until it is left. There, the right half of a register may be
 * in a local of its own, so that arithmetic with words does not have to preserve the left half each time.
 */
import type { ConditionCode } from "@lockframe/instructions";
import { I32, I64 } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import { Emitter, type Label, type Local, load } from "../lower/emitter.ts";
import { conditionCode } from "../lower/instruction.ts";
import { StorageOffset } from "../lower/storage-offset.ts";
import { addendOf, entryOffset } from "../lower/tlb-entry.ts";
import { Event, Tlb, cpu as at } from "../state.ts";
import {
  CLEAN,
  type Codes,
  type Rule,
  VALUE,
  codesOf,
  isOne,
  isWide,
  nameOf,
  operandsOf,
  ruleIn,
} from "./condition.ts";
import type { RegisterUse } from "./registers.ts";
import type { Standing } from "./standing.ts";
import type { Window } from "./windows.ts";

const I = I32.of;

/**
 * How a region is left other than to go on elsewhere: fields of the number in `info`, which is negative for an
 * instruction that the interpreter has to do.
 */
const Info = {
  undone: 1 << 31,
  /** Go on elsewhere, after all. */
  goOn: 1 << 30,
  rule: 24,
  ruleMask: 0x1f,
  length: 16,
  lengthMask: 0xff,
  budgetMask: 0xffff,
} as const;

/** In place of a branch's distance: the CPU's block has the address. */
const NOTHING_TAKEN = 1;

/** What is known where code is being emitted. */
export interface Knowledge {
  /** How the condition code is described. */
  rule: Rule;
  /** In lasting regions, where ways with different rules have met: the rule is in a local, and is one of these. */
  rules: Codes | undefined;
  /** How many operands the condition code may have been kept in; the others are zero. */
  operands: number;
  /** Right halves of general registers that are in locals of their own, and those that the CPU's block does not have yet. */
  right: number;
  dirtyRight: number;
  /** Sets of general registers and of `CODE`: those that are in locals, and those the CPU's block does not have yet. */
  loaded: number;
  dirty: number;
  /** Distance of the last branch that was taken, when the CPU's block does not have it yet; "kept": it is in a local. */
  breaking: number | "kept" | undefined;
  /** Instructions that have begun and are not yet counted in the budget. */
  begun: number;
  /** Two ways were gone at once, and what the code is made from and the last branch have still to be chosen from them. */
  chosen: Chosen | undefined;
}

/** Of two ways that were gone at once. */
export interface Chosen {
  /** How the condition code may be described that differs; `CLEAN` alone when none does, or nobody asks for it. */
  readonly codes: Codes;
  /** Distance of the last branch where it was taken. */
  readonly distance: number;
}

/** The condition code in a set of registers, each of which is a bit by its number. */
export const CODE = 1 << 16;
/** Numbers of the general registers in a set, the lowest first. */
function numbers(set: number): number[] {
  const found: number[] = [];
  for (let rest = set & 0xffff; rest !== 0; rest &= rest - 1) found.push(31 - Math.clz32(rest & -rest));
  return found;
}

/** What a window's place is less than that of its last operand, beside what TLB entries have. */
export const WINDOW_BIAS = 8;

const operandsIn = (codes: Codes): number => codesOf(codes).reduce((set, rule) => set | operandsOf(rule), 0);

export class RegionContext {
  readonly e = new Emitter(3);
  readonly cpuIndex = 0;
  readonly cpu = this.e.parameter32(this.cpuIndex);
  readonly address = this.e.parameter64(1);
  readonly budget: Local<I32> = { index: 2, value: this.e.parameter32(2) };
  /** Contents of general registers, by number; those that the region does not use are missing. */
  readonly #registers: readonly (Local<I64> | undefined)[];
  readonly #rights: readonly (Local<I32> | undefined)[];
  readonly #chain: number;
  readonly #form: StorageForm;
  readonly lasting: boolean;
  /** The TLBs in use; in lasting regions. */
  readonly tlb = this.e.local32();
  /** What the condition code is made from: its number, or the operands of a rule, of which words are extended. */
  readonly #operands = [this.e.local64(), this.e.local64()] as const;
  /** In lasting regions: which successor a block without instructions leads to. */
  readonly entering = this.e.local32();
  readonly #distance = this.e.local32();
  readonly #info = this.e.local32();
  /** In lasting regions, what a way out has to write: general registers, their right halves 16 bits higher. */
  readonly #unwritten = this.e.local32();
  readonly #breaking = this.e.local32();
  readonly #rule = this.e.local32();
  readonly #rules = new Set<Rule>();
  /** Of a branch whose ways were gone at once: whether it was taken; the code as it was, and the last branch before it. */
  readonly #isTaken = this.e.local32();
  readonly #ruleTaken = this.e.local32();
  readonly #operandsTaken = [this.e.local64(), this.e.local64()] as const;
  readonly #breakingBefore = this.e.local32();
  /** What was stored last, by its type. */
  readonly stored32 = this.e.local32();
  readonly stored64 = this.e.local64();
  readonly #windows = new Map<Window, Local<StorageOffset>>();
  /** Ways out: with the condition code still to be written; with everything written. */
  #outWithCode: Label = 0;
  #out: Label = 0;

  /** `used`: set of general registers. `chain`: function to go on with elsewhere. */
  constructor(
    used: number,
    { chain, form }: { readonly chain: number; readonly form: StorageForm },
    lasting: boolean,
  ) {
    this.#chain = chain;
    this.#form = form;
    this.lasting = lasting;
    const all = Array.from({ length: 16 }, (_, n) => (used & (1 << n)) !== 0);
    this.#registers = all.map((isUsed) => (isUsed ? this.e.local64() : undefined));
    this.#rights = all.map((isUsed) => (isUsed && lasting ? this.e.local32() : undefined));
  }

  right(n: number): Local<I32> {
    const local = this.#rights[n];
    if (local === undefined) throw new Error(`the region does not keep halves of general register ${n}`);
    return local;
  }
  /** The value of a register's right half. */
  rightValue(n: number, { right }: Knowledge): I32 {
    return right & (1 << n) ? this.right(n).value : this.register(n).value.low32();
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
    const fromFirst = entryOffset(address, Tlb.fetchEntries);
    const entry = e.local32(load.i32(this.cpu, at.tlbFetch).add(fromFirst)).value;
    const samePage = load.i64(entry).eq(address.and(~0xfffn));
    return samePage.and(addendOf(this.#form, entry).sub(address).eq(place));
  }

  /** What is known where several ways have met, or the region begins. */
  atMeeting(loaded: number): Knowledge {
    return {
      rule: VALUE,
      rules: undefined,
      operands: 0,
      loaded,
      dirty: 0,
      right: 0,
      dirtyRight: 0,
      breaking: undefined,
      chosen: undefined,
      begun: 0,
    };
  }

  /** Emit what `inside` emits, every way of which ends in one of the ways out. */
  body(inside: () => void): void {
    const { e, cpu } = this;
    e.block((_, out) => {
      this.#out = out;
      e.block((__, outWithCode) => {
        this.#outWithCode = outWithCode;
        if (this.lasting) this.takeTlb(e);
        inside();
      });
      if (this.lasting) this.#writeUnwritten();
      else this.#writeDescribedCode();
    });
    const info = this.#info.value;
    const address = this.address.add(this.#distance.value.signed64());
    const budget = this.budget.value.sub(info.and(Info.budgetMask));
    if (this.lasting) e.if(info.and(Info.goOn), () => e.returnCall(this.#chain, cpu, address, budget));
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

  /** Count the instructions that have begun. */
  count(e: Emitter, knowledge: Knowledge): void {
    if (knowledge.begun > 0) e.set(this.budget, this.budget.value.sub(knowledge.begun));
    knowledge.begun = 0;
  }
  /** Whether as many instructions have begun as may. */
  isUsedUp({ begun }: Knowledge): I32 {
    return this.budget.value.leS(begun);
  }
  /** Go on at an address. */
  goOn(e: Emitter, target: I64, known: Knowledge): void {
    const knowledge = { ...known };
    this.settle(e, knowledge);
    this.#writeAll(e, knowledge);
    e.returnCall(this.#chain, this.cpu, target, this.budget.value.sub(knowledge.begun));
  }
  /** An event stands in the CPU's block. */
  leave(
    e: Emitter,
    instruction: { readonly distance: number; readonly length: number },
    knowledge: Knowledge,
  ): void {
    this.#leave(e, instruction.distance, (instruction.length << Info.length) | knowledge.begun, knowledge);
  }
  /** The interpreter has to do an instruction, of which nothing is done yet: its operand is not in the TLB. */
  leaveUndone(e: Emitter, distance: number, knowledge: Knowledge): void {
    this.#leave(e, distance, Info.undone | (knowledge.begun - 1), knowledge);
  }
  /** As `goOn`, where that is rare. */
  goOnRarely(e: Emitter, distance: number, knowledge: Knowledge): void {
    if (this.lasting) this.#leave(e, distance, Info.goOn | knowledge.begun, knowledge);
    else this.goOn(e, this.addressOf(distance), knowledge);
  }
  #leave(e: Emitter, distance: number, info: number, known: Knowledge): void {
    const knowledge = { ...known };
    this.settle(e, knowledge);
    const { dirty, rule } = knowledge;
    if (this.lasting) {
      const inLocal = knowledge.rules !== undefined;
      if (!inLocal) e.set(this.#rule, I(dirty & CODE ? rule : CLEAN));
      const { right, dirtyRight, breaking } = knowledge;
      e.set(this.#unwritten, I((dirty & 0xffff) | (dirtyRight << 16)));
      if ((right & ~dirtyRight & dirty) !== 0) throw new Error("a right half is not known to be written");
      if (breaking !== "kept") e.set(this.#breaking, I(breaking ?? NOTHING_TAKEN));
      e.set(this.#distance, I(distance));
      e.set(this.#info, I(info));
      e.goto(this.#outWithCode);
      return;
    }
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
    knowledge.dirtyRight = 0;
    knowledge.breaking = undefined;
    // A rule in a local would still say that the code is to be written.
    if (knowledge.rules !== undefined) {
      knowledge.rules = undefined;
      knowledge.rule = VALUE;
      knowledge.loaded &= ~CODE;
    }
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
    this.#write(e, knowledge.dirty & CODE, { ...knowledge, dirtyRight: 0 });
  }
  /** Write some registers, without counting on it. */
  writeAlso(e: Emitter, set: number, knowledge: Knowledge): void {
    this.#write(e, knowledge.dirty & set, { ...knowledge, dirtyRight: knowledge.dirtyRight & set });
  }
  #write(e: Emitter, set: number, { rule, rules, loaded, right, dirtyRight }: Knowledge): void {
    for (const n of numbers(set | dirtyRight)) {
      // Whoever goes on will load the whole register soon, which waits long for a half that has just been stored.
      const half = right & (1 << n);
      if (half && !(loaded & (1 << n))) e.store("i32", this.cpu, at.gr + 8 * n, this.right(n).value);
      else e.store("i64", this.cpu, at.gr + 8 * n, half ? this.#joined(n) : this.register(n).value);
    }
    if ((set & CODE) === 0) return;
    if (rules === undefined) e.store("i32", this.cpu, at.cc, this.#code(rule));
    else this.#writeCodeByRule(e, rules);
  }
  #joined(n: number): I64 {
    return this.register(n).value.and(0xffff_ffff_0000_0000n).or(this.right(n).value.unsigned64());
  }
  #writeCodeByRule(e: Emitter, rules: Codes): void {
    for (const known of codesOf(rules)) {
      if (known === CLEAN) continue;
      e.if(this.#rule.value.eq(known), () => e.store("i32", this.cpu, at.cc, this.#code(known)));
    }
  }
  #writeUnwritten(): void {
    const { e, cpu } = this;
    const unwritten = this.#unwritten.value;
    this.#registers.forEach((register, n) => {
      if (register === undefined) return;
      e.if(unwritten.and(1 << n), () => e.store("i64", cpu, at.gr + 8 * n, register.value));
      e.if(unwritten.and(0x1_0000 << n), () => e.store("i32", cpu, at.gr + 8 * n, this.right(n).value));
    });
    e.if(this.#breaking.value.ne(NOTHING_TAKEN), () => this.#storeKeptBreaking(e));
    let rules: Codes = 1 << VALUE;
    for (const rule of this.#rules) rules |= 1 << rule;
    this.#writeCodeByRule(e, rules);
  }
  #storeKeptBreaking(e: Emitter): void {
    e.store("i64", this.cpu, at.breakingEvent, this.address.add(this.#breaking.value.signed64()));
  }
  #writeDescribedCode(): void {
    const { e } = this;
    const rule = e.local32(this.#info.value.shrU(Info.rule).and(Info.ruleMask));
    for (const known of this.#rules) e.if(rule.value.eq(known), () => this.#keepCode(e, this.#code(known)));
    e.store("i32", this.cpu, at.cc, this.#code(VALUE));
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
    if (breaking === "kept") e.if(this.#breaking.value.ne(NOTHING_TAKEN), () => this.#storeKeptBreaking(e));
    else if (breaking !== undefined) e.store("i64", this.cpu, at.breakingEvent, this.addressOf(breaking));
  }

  /** The breaking-event address that the CPU's block does not have yet. */
  breakingEvent(breaking: number | "kept"): I64 {
    if (breaking !== "kept") return this.addressOf(breaking);
    const kept = this.address.add(this.#breaking.value.signed64());
    return this.#breaking.value.ne(NOTHING_TAKEN).select(kept, load.i64(this.cpu, at.breakingEvent));
  }

  // --- lasting regions -------------------------------------------------------------------------------

  /** Where the operands of a window are, counted from its last one, less 16; zero when they are not all in one TLB entry. */
  window(window: Window): Local<StorageOffset> {
    let local = this.#windows.get(window);
    if (local === undefined) this.#windows.set(window, (local = this.e.localOffset(this.#form)));
    return local;
  }
  /** Opens a window when its operands are in one TLB entry. `base`: the sum of its registers. */
  openWindow(e: Emitter, window: Window, base: I64): void {
    const { first, last, end, table } = window;
    const address = e.local64(base.add(first)).value;
    const entry = e.local32(this.tlb.value.add(entryOffset(address, Tlb.dataEntries))).value;
    const offset = table === at.tlbWrite ? Tlb.writeOffset : 0;
    const isOnPage = load.i64(entry, offset).eq(address.add(end - first - 1).and(~0xfffn));
    const found = addendOf(this.#form, entry, offset)
      .sub(address)
      .sub(last - first + WINDOW_BIAS);
    e.set(this.window(window), StorageOffset.choose(isOnPage, found, StorageOffset.of(this.#form, 0)));
  }
  /** A general register as a whole, wherever it is. */
  wholeOf(n: number, { loaded, right }: Knowledge): I64 {
    const bit = 1 << n;
    const local = loaded & bit ? this.register(n).value : load.i64(this.cpu, at.gr + 8 * n);
    return right & bit ? local.and(0xffff_ffff_0000_0000n).or(this.right(n).value.unsigned64()) : local;
  }
  /** After what may have changed the modes. */
  takeTlb(e: Emitter): void {
    e.set(this.tlb, load.i32(this.cpu, at.tlbRead));
  }
  /** Take registers as a whole. */
  takeWhole(e: Emitter, set: number, knowledge: Knowledge): void {
    for (const n of numbers(set & knowledge.right)) {
      const bit = 1 << n;
      if (!(knowledge.loaded & bit)) e.set(this.register(n), load.i64(this.cpu, at.gr + 8 * n));
      if (knowledge.loaded & bit || knowledge.dirtyRight & bit) e.set(this.register(n), this.#joined(n));
      knowledge.loaded |= bit;
      if (knowledge.dirtyRight & bit) knowledge.dirty |= bit;
      knowledge.right &= ~bit;
      knowledge.dirtyRight &= ~bit;
    }
    this.take(e, set, knowledge);
  }
  /** Take right halves, wherever they then are. */
  takeRight(e: Emitter, set: number, knowledge: Knowledge): void {
    for (const n of numbers(set & ~knowledge.loaded & ~knowledge.right)) {
      e.set(this.right(n), load.i32(this.cpu, at.gr + 8 * n));
      knowledge.right |= 1 << n;
    }
  }
  takeRightAgain(e: Emitter, registers: readonly number[]): void {
    for (const n of registers) e.set(this.right(n), load.i32(this.cpu, at.gr + 8 * n));
  }
  /** Have right halves in locals of their own. */
  splitRight(e: Emitter, set: number, knowledge: Knowledge): void {
    this.takeRight(e, set, knowledge);
    for (const n of numbers(set & ~knowledge.right)) {
      e.set(this.right(n), this.register(n).value.low32());
      knowledge.right |= 1 << n;
      if (knowledge.dirty & (1 << n)) knowledge.dirtyRight |= 1 << n;
    }
  }
  /** From what is known on one way to what is known where it meets others. */
  arrange(e: Emitter, to: Standing, knowledge: Knowledge): void {
    this.settle(e, knowledge, to.codes !== 1 << CLEAN);
    this.#writeUnexpected(e, to, knowledge);
    this.splitRight(e, to.right, knowledge);
    this.takeWhole(e, (to.live | to.dirty) & ~to.right, knowledge);
    this.take(e, to.dirty & to.right, knowledge);
    this.#arrangeCode(e, to.codes, knowledge);
    this.forgetOperands(e, operandsIn(to.codes), knowledge);
    if (knowledge.breaking !== "kept") e.set(this.#breaking, I(knowledge.breaking ?? NOTHING_TAKEN));
  }
  /** Whether two ways can be gone at once that meet where so much is known: nothing has to be written before. */
  mayChoose(to: Standing, { dirty, dirtyRight }: Knowledge, { written, writtenRight }: RegisterUse): boolean {
    const whole = (dirty & 0xffff) | (written & ~writtenRight);
    return (whole & ~to.dirty) === 0 && ((dirtyRight | writtenRight) & ~(to.dirty | to.right)) === 0;
  }
  /**
   * Before the two ways of a branch are gone at once, to where so much is known: what may have to be chosen from them, of
   * which `inside` says so much. `taken` and `otherwise` are the distances of the last branches on the ways.
   */
  beforeChoice(
    e: Emitter,
    branch: { readonly isTaken: I32; readonly taken: number; readonly otherwise: number | undefined },
    to: Standing,
    { sets }: RegisterUse,
    knowledge: Knowledge,
  ): Chosen {
    this.settle(e, knowledge);
    const { dirty, rule, rules } = knowledge;
    const breaking = branch.otherwise ?? knowledge.breaking;
    e.set(this.#isTaken, branch.isTaken);
    e.set(this.#breakingBefore, breaking === "kept" ? this.#breaking.value : I(breaking ?? NOTHING_TAKEN));
    const codes = sets ? to.codes : 1 << CLEAN;
    if (!isOne(codes))
      e.set(this.#ruleTaken, rules === undefined ? I(dirty & CODE ? rule : CLEAN) : this.#rule.value);
    this.#eachOperand(codes, (operand, taken, n) =>
      e.set(taken, n < knowledge.operands ? operand.value : I64.of(0)),
    );
    return { codes, distance: branch.taken };
  }
  /**
   * The two ways of a branch to a meeting: `inside` where it is not taken, and nothing or `instead` where it is, which
   * together write so much.
   */
  choose(
    e: Emitter,
    to: Standing,
    { written, writtenRight }: RegisterUse,
    before: Knowledge,
    inside: (knowledge: Knowledge) => void,
    instead?: (knowledge: Knowledge) => void,
  ): void {
    const isTaken = this.#isTaken.value;
    const taken: Knowledge = { ...before, breaking: "kept" };
    this.arrange(e, to, taken);
    const changed32: Local<I32>[] = [];
    const changed64: Local<I64>[] = [];
    for (const n of numbers(written)) {
      const bit = 1 << n;
      if (to.right & bit) changed32.push(this.right(n));
      if (!(to.right & writtenRight & bit)) changed64.push(this.register(n));
    }
    const kept = () =>
      [
        changed32.map((local) => [local, e.local32(local.value).value] as const),
        changed64.map((local) => [local, e.local64(local.value).value] as const),
      ] as const;
    const go = (way: (knowledge: Knowledge) => void) => {
      const knowledge = { ...taken };
      way(knowledge);
      this.arrange(e, to, knowledge);
    };
    const [before32, before64] = kept();
    go(inside);
    if (instead === undefined) {
      for (const [local, value] of before32) e.set(local, isTaken.select(value, local.value));
      for (const [local, value] of before64) e.set(local, isTaken.select(value, local.value));
      return;
    }
    const [other32, other64] = kept();
    for (const [local, value] of before32) e.set(local, value);
    for (const [local, value] of before64) e.set(local, value);
    go(instead);
    for (const [local, value] of other32) e.set(local, isTaken.select(local.value, value));
    for (const [local, value] of other64) e.set(local, isTaken.select(local.value, value));
  }
  /** On one of the two ways: which it is. */
  isChosen(e: Emitter, isTaken: boolean): void {
    e.set(this.#isTaken, I(isTaken ? 1 : 0));
  }
  /** What was left is chosen here. */
  settle(e: Emitter, knowledge: Knowledge, asksForCode = true): void {
    const { chosen, breaking } = knowledge;
    if (chosen === undefined) return;
    const { codes, distance } = chosen;
    const isTaken = this.#isTaken.value;
    if (asksForCode) {
      if (!isOne(codes)) e.set(this.#rule, isTaken.select(this.#ruleTaken.value, this.#rule.value));
      this.#eachOperand(codes, (operand, taken) =>
        e.set(operand, isTaken.select(taken.value, operand.value)),
      );
    }
    if (breaking === "kept") e.set(this.#breaking, isTaken.select(I(distance), this.#breakingBefore.value));
    knowledge.chosen = undefined;
  }
  /** Those that the code is made from, with what they were where a branch was taken. */
  #eachOperand(codes: Codes, act: (operand: Local<I64>, taken: Local<I64>, n: number) => void): void {
    this.#operands.slice(0, operandsIn(codes)).forEach((operand, n) => {
      const taken = this.#operandsTaken[n];
      if (taken !== undefined) act(operand, taken, n);
    });
  }
  /** Before a loop, what it does not mention is brought up to date. */
  #writeUnexpected(e: Emitter, to: Standing, knowledge: Knowledge): void {
    const dirty = knowledge.dirty & 0xffff & ~to.dirty;
    const dirtyRight = knowledge.dirtyRight & ~(to.dirty | to.right);
    this.#write(e, dirty, { ...knowledge, dirtyRight });
    knowledge.dirty &= ~dirty;
    knowledge.dirtyRight &= ~dirtyRight;
  }
  #arrangeCode(e: Emitter, codes: Codes, { dirty, rule, rules }: Knowledge): void {
    const now = rules ?? 1 << (dirty & CODE ? rule : CLEAN);
    if (codes === 1 << CLEAN) return; // nobody will ask for it
    if ((now & ~codes) !== 0) throw new Error("a condition code is unexpectedly described");
    if (isOne(codes) || rules !== undefined) return;
    e.set(this.#rule, I(ruleIn(now)));
  }
  /** What is known where ways have met. */
  standing({ live, dirty, right, codes }: Standing): Knowledge {
    const code = codes === 1 << CLEAN ? 0 : CODE;
    return {
      rule: isOne(codes) && code ? ruleIn(codes) : VALUE,
      rules: isOne(codes) ? undefined : codes,
      operands: operandsIn(codes),
      loaded: (live & ~right) | dirty | code,
      dirty: dirty | code,
      right,
      dirtyRight: right,
      breaking: "kept",
      chosen: undefined,
      begun: 0,
    };
  }

  // --- condition code ------------------------------------------------------------------------------

  setCode(e: Emitter, code: I32, knowledge: Knowledge): void {
    this.#keepCode(e, code);
    this.#keptIn(e, 1, knowledge);
  }
  #keepCode(e: Emitter, code: I32): void {
    e.set(this.#operands[0], code.unsigned64());
  }
  /**
   * What the code is no longer made from is zero from here on: ways out share the code that makes it, for which values
   * would otherwise be kept that nobody asks for.
   */
  forgetOperands(e: Emitter, except: number, knowledge: Knowledge): void {
    this.#operands.slice(except, knowledge.operands).forEach((operand) => e.set(operand, I64.of(0)));
    knowledge.operands = Math.min(knowledge.operands, except);
  }
  #keptIn(e: Emitter, operands: number, knowledge: Knowledge): void {
    this.forgetOperands(e, operands, knowledge);
    knowledge.operands = operands;
  }
  /** Keep the operands from which a rule makes the code. */
  keep(e: Emitter, rule: Rule, { a, b }: ConditionCode, knowledge: Knowledge): void {
    this.#rules.add(rule);
    [a, b].slice(0, operandsOf(rule)).forEach((operand, n) => {
      const local = this.#operands[n];
      if (operand === undefined || local === undefined) return;
      e.set(local, operand.type === "i64" ? new I64(operand) : new I32(operand).unsigned64());
    });
    this.#keptIn(e, operandsOf(rule), knowledge);
  }
  /** What a rule makes the code from. */
  described(rule: Rule): ConditionCode {
    const name = nameOf(rule);
    const wide = isWide(rule);
    const [a, b] = this.#operands.map(({ value }) => value);
    const of = (operand: I64 | undefined = I64.of(0), isWord = !wide) =>
      isWord ? operand.low32().node : operand.node;
    return { rule: name, a: of(a), b: of(b, !wide || name === "signedOrOverflow") };
  }
  #code(rule: Rule): I32 {
    return rule === VALUE ? this.#operands[0].value.low32() : conditionCode(this.described(rule));
  }
  /** The code's number. */
  code({ rule, loaded }: Knowledge): I32 {
    return loaded & CODE ? this.#code(rule) : load.i32(this.cpu, at.cc);
  }
  /** The local with the code's number, from the CPU's block. */
  materializeAgain(e: Emitter, knowledge: Knowledge): void {
    this.#keepCode(e, load.i32(this.cpu, at.cc));
    knowledge.operands = Math.max(knowledge.operands, 1);
  }
  /** From here on the code is in a local by its number. */
  materialize(e: Emitter, knowledge: Knowledge): void {
    if (knowledge.rules !== undefined) {
      for (const known of codesOf(knowledge.rules)) {
        const code = known === CLEAN ? load.i32(this.cpu, at.cc) : this.#code(known);
        if (known !== VALUE) e.if(this.#rule.value.eq(known), () => this.#keepCode(e, code));
      }
      knowledge.rules = undefined;
      knowledge.rule = VALUE;
      this.#keptIn(e, 1, knowledge);
      return;
    }
    if (knowledge.rule === VALUE && knowledge.loaded & CODE) return;
    this.#keepCode(e, this.code(knowledge));
    knowledge.rule = VALUE;
    knowledge.loaded |= CODE;
    this.#keptIn(e, 1, knowledge);
  }
}
