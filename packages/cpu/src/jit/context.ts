/**
 * A region as a WebAssembly function: what all of its instructions share. General registers and the condition code
 * are in locals; every way out comes by one place that writes back what may have changed.
 */
import type { ConditionCode } from "@lockframe/instructions";
import { I32, type I64 } from "@lockframe/instructions";
import { Emitter, type Label, type Local, load } from "../lower/emitter.ts";
import { conditionCode } from "../lower/instruction.ts";
import { Event, cpu as at } from "../state.ts";
import { type Rule, VALUE, isWide, nameOf } from "./condition.ts";

const I = I32.of;

/** How a region is left with an event: fields of the number in `info`. */
const Info = { rule: 24, length: 16, budget: 0, budgetMask: 0xffff } as const;

/** What is known where code is being emitted. */
export interface Knowledge {
  /** How the condition code is described. */
  rule: Rule;
}

const bits = (set: number): number[] => Array.from({ length: 16 }, (_, n) => n).filter((n) => set & (1 << n));

export class RegionContext {
  readonly e = new Emitter(3);
  readonly cpuIndex = 0;
  readonly cpu = this.e.parameter32(this.cpuIndex);
  readonly address = this.e.parameter64(1);
  readonly budget: Local<I32> = { index: 2, value: this.e.parameter32(2) };
  /** An address is this less its place. */
  readonly origin = this.e.local64();
  /** Contents of general registers, by number; those that the region does not use are missing. */
  readonly registers: readonly (Local<I64> | undefined)[];
  readonly #used: readonly number[];
  readonly #written: readonly number[];
  readonly #cc = this.e.local32();
  readonly #wide = [this.e.local64(), this.e.local64()] as const;
  readonly #narrow = [this.e.local32(), this.e.local32()] as const;
  readonly #rules = new Set<Rule>();
  #setsCode = false;
  /** Place of the last branch that was taken, or zero. */
  readonly #breaking = this.e.local32();
  readonly #place = this.e.local32();
  readonly #info = this.e.local32();
  readonly #target = this.e.local64();
  /** The ways out: to go on elsewhere; with an event; and that when registers are written back already. */
  #on: Label = 0;
  #out: Label = 0;
  #afterWriteBack: Label = 0;

  /** `used` and `written`: sets of general registers. */
  constructor(entry: number, used: number, written: number) {
    const { e } = this;
    this.registers = Array.from({ length: 16 }, (_, n) => (used & (1 << n) ? e.local64() : undefined));
    this.#used = bits(used);
    this.#written = bits(written);
    e.set(this.origin, this.address.add(entry));
    this.reload(e);
  }

  register(n: number): Local<I64> {
    const local = this.registers[n];
    if (local === undefined) throw new Error(`the region does not use general register ${n}`);
    return local;
  }
  addressOf(place: number): I64 {
    return this.origin.value.sub(place);
  }

  /** Emit what `inside` emits, every way of which ends in one of the exits, and the exits. */
  body(chain: number, inside: () => void): void {
    const { e, cpu } = this;
    e.block((_, afterWriteBack) => {
      this.#afterWriteBack = afterWriteBack;
      e.block((__, out) => {
        this.#out = out;
        e.block((___, on) => {
          this.#on = on;
          inside();
        });
        this.#writeRegisters(e);
        if (this.#setsCode) e.store("i32", cpu, at.cc, this.#cc.value);
        this.#writeBreaking(e);
        e.returnCall(chain, cpu, this.#target.value, this.budget.value);
      });
      this.#writeRegisters(e);
      if (this.#setsCode) this.#writeConditionCode();
    });
    this.#writeBreaking(e);
    e.if(load.i32(cpu, at.event).eq(Event.program), () =>
      e.store("i64", cpu, at.pswAddress, this.origin.value.sub(this.#place.value.unsigned64())),
    );
    const length = this.#info.value.shrU(Info.length).and(0xff);
    e.store("i32", cpu, at.instructionLength, length);
    e.emit(this.budget.value.add(this.#info.value.and(Info.budgetMask)).node);
  }

  // --- ways out ------------------------------------------------------------------------------------

  /** Go on at an address; `unused` instructions were counted that did not begin. */
  goOn(e: Emitter, target: I64, { rule }: Knowledge, unused = 0): void {
    e.set(this.#target, target);
    if (rule !== VALUE) e.set(this.#cc, this.code(rule));
    if (unused > 0) e.set(this.budget, this.budget.value.add(unused));
    e.goto(this.#on);
  }
  /** An event stands in the CPU's block. `written`: registers and condition code are written back already. */
  leave(
    e: Emitter,
    instruction: { readonly place: number; readonly length: number },
    { rule }: Knowledge,
    unused: number,
    written: boolean,
  ): void {
    e.set(this.#place, I(instruction.place));
    e.set(this.#info, I((rule << Info.rule) | (instruction.length << Info.length) | unused));
    e.goto(written ? this.#afterWriteBack : this.#out);
  }

  // --- registers -----------------------------------------------------------------------------------

  /** Bring the CPU's block up to date. The condition code is then known by its number. */
  writeBack(e: Emitter, knowledge: Knowledge): void {
    this.#writeRegisters(e);
    this.materialize(e, knowledge);
    e.store("i32", this.cpu, at.cc, this.#cc.value);
    this.#writeBreaking(e);
  }
  /** Take the registers from the CPU's block. */
  reload(e: Emitter): void {
    for (const n of this.#used) e.set(this.register(n), load.i64(this.cpu, at.gr + 8 * n));
    e.set(this.#cc, load.i32(this.cpu, at.cc));
  }
  #writeRegisters(e: Emitter): void {
    for (const n of this.#written) e.store("i64", this.cpu, at.gr + 8 * n, this.register(n).value);
  }
  noteBranch(e: Emitter, place: number): void {
    e.set(this.#breaking, I(place));
  }
  #writeBreaking(e: Emitter): void {
    e.if(this.#breaking.value, () => {
      const address = this.origin.value.sub(this.#breaking.value.unsigned64());
      e.store("i64", this.cpu, at.breakingEvent, address);
      e.set(this.#breaking, I(0));
    });
  }

  // --- condition code ------------------------------------------------------------------------------

  setCode(e: Emitter, code: I32): void {
    this.#setsCode = true;
    e.set(this.#cc, code);
  }
  /** Keep the operands from which a rule makes the code. */
  keep(rule: Rule, keepOperand: (n: 0 | 1, wide: Local<I64>, narrow: Local<I32>) => void): void {
    this.#setsCode = true;
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
  code(rule: Rule): I32 {
    return rule === VALUE ? this.#cc.value : conditionCode(this.described(rule));
  }
  /** From here on the code is known by its number. */
  materialize(e: Emitter, knowledge: Knowledge): void {
    if (knowledge.rule === VALUE) return;
    e.set(this.#cc, this.code(knowledge.rule));
    knowledge.rule = VALUE;
  }
  #writeConditionCode(): void {
    const { e } = this;
    const rule = e.local32(this.#info.value.shrU(Info.rule).and(0x1f));
    for (const known of this.#rules) {
      e.if(rule.value.eq(known), () => e.set(this.#cc, this.code(known)));
    }
    e.store("i32", this.cpu, at.cc, this.#cc.value);
  }
}
