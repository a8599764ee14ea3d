/** One instruction of a region: its definition lowered with constant operand fields, registers in locals. */
import type { ConditionCode, Node, Statement } from "@lockframe/instructions";
import { I32, I64 } from "@lockframe/instructions";
import { type Emitter, type Local, load } from "../lower/emitter.ts";
import type { Flow } from "../lower/flow.ts";
import {
  type Callees,
  type CallStatement,
  InstructionLowering,
  type SetRegister,
} from "../lower/instruction.ts";
import { cpu as at } from "../state.ts";
import { VALUE, ruleOf, test, testedMask } from "./condition.ts";
import type { Knowledge, RegionContext } from "./context.ts";
import type { Decoded } from "./decoder.ts";
import { row, rowOf, rowRoutines } from "./registers.ts";

/** Routines that get all they need as arguments and touch no register. */
const registerFree: ReadonlySet<string> = new Set([
  "moveBlock",
  "andBlock",
  "orBlock",
  "xorBlock",
  "compareBlock",
  "translate",
  "moveNumerics",
  "moveZones",
  "loadVectors",
  "storeVectors",
  "loadLeftmostBytes",
  "storeLeftmostBytes",
  "galoisMultiplySum",
  "multiplySumLogical",
  "vectorSearchString",
  "loadControl",
  "storeClock",
  "storeClockFast",
  "storeClockExtended",
  "storeCpuTimer",
  "storeClockComparator",
  "setCpuTimer",
  "setClockComparator",
]);

/** Those of vector floating point change vector registers, the FPC register, and the code that they return. */
const touchesNoRegister = (name: string): boolean => registerFree.has(name) || name.startsWith("vfp.");

/** Where an instruction stands in its region. */
export interface Setting {
  readonly context: RegionContext;
  readonly knowledge: Knowledge;
  /** Instructions of the block that come after it. */
  readonly following: number;
  /** Go on at a place; every way of what this emits ends elsewhere. */
  readonly edge: (e: Emitter, place: number) => void;
}

class RegionFlow implements Flow {
  readonly cpu: I32;
  readonly word: I64;
  readonly addressMask = I64.of(-1n);
  readonly here: I64;
  readonly next: I64;
  readonly #decoded: Decoded;
  readonly #setting: Setting;
  /** Registers and condition code are written back, and what is in the locals does not count. */
  written = false;
  /** The instruction may have changed a page from which code was made. */
  readonly #stores: boolean;
  readonly #executes: boolean;

  constructor(decoded: Decoded, setting: Setting, stores: boolean, executes: boolean) {
    const { context } = setting;
    this.#decoded = decoded;
    this.#setting = setting;
    this.#stores = stores;
    this.#executes = executes;
    this.cpu = context.cpu;
    this.word = I64.of(decoded.word);
    this.here = context.addressOf(decoded.place);
    this.next = context.addressOf(decoded.place - decoded.length);
  }

  field(): never {
    throw new Error("operand fields are constants in compiled code");
  }
  shiftedField(): never {
    return this.field();
  }
  proceed(e: Emitter): void {
    const { following, edge } = this.#setting;
    const { place, length } = this.#decoded;
    if (this.#stores) this.leaveChangedCode(e);
    if (following === 0) edge(e, place - length);
  }
  jump(e: Emitter, target: I64): void {
    const { context, knowledge, following } = this.#setting;
    if (!this.#executes) {
      context.goOn(e, target, knowledge);
      return;
    }
    // After EXECUTE: in nearly every case the next sequential address.
    this.written = false;
    context.reload(e);
    e.rarely(target.ne(this.next), () => context.goOn(e, target, knowledge, following));
    this.proceed(e);
  }
  jumpRelative(e: Emitter, offset: I64): void {
    if (offset.node.kind !== "const") throw new Error("a relative operand is constant in compiled code");
    this.#setting.edge(e, this.#decoded.place - Number(BigInt.asIntN(64, offset.node.value)));
  }
  leave(e: Emitter): void {
    const { context, knowledge, following } = this.#setting;
    context.leave(e, this.#decoded, knowledge, following, this.written);
  }
  /** Leave the region before the next instruction when a store may have changed that. */
  leaveChangedCode(e: Emitter): void {
    const { context, knowledge, following } = this.#setting;
    e.rarely(load.i32(this.cpu, at.codeChanged), () => {
      e.store("i32", this.cpu, at.codeChanged, I32.of(0));
      context.goOn(e, this.next, knowledge, following);
    });
  }
}

export class RegionLowering extends InstructionLowering {
  readonly #context: RegionContext;
  readonly #knowledge: Knowledge;
  readonly #flow: RegionFlow;
  readonly #decoded: Decoded;
  readonly #callees: Callees;
  /** The instruction is nothing but a store. */
  readonly #bareStore: boolean;
  /** The condition code is set on some ways only: compute it where it is set. */
  #eager = false;

  constructor(callees: Callees, decoded: Decoded, setting: Setting, within: Emitter) {
    const { statements, effects } = decoded.recording;
    const calls = statements.some((s) => s.kind === "call" || s.kind === "if");
    const executes = effects.some((e) => e.kind === "execute");
    const stores = effects.some((e) => e.kind === "store" || e.kind === "when");
    const bareStore = !calls && effects.length === 1 && effects[0]?.kind === "store";
    const flow = new RegionFlow(decoded, setting, !bareStore && (calls || executes || stores), executes);
    super(callees, flow, within);
    this.#context = setting.context;
    this.#knowledge = setting.knowledge;
    this.#flow = flow;
    this.#decoded = decoded;
    this.#callees = callees;
    this.#bareStore = bareStore;
  }

  compile(): void {
    const { recording } = this.#decoded;
    const { statements, effects } = recording;
    const touches = (s: Statement): boolean =>
      s.kind === "call"
        ? !touchesNoRegister(s.routine.name) && !this.#inRow(s)
        : s.kind === "if" && [s.taken, s.otherwise].some((b) => b.statements.some(touches));
    this.#eager = effects.some((e) => e.kind === "when");
    if (statements.some(touches) || effects.some((e) => e.kind === "execute")) {
      this.#context.writeBack(this, this.#knowledge);
      this.#flow.written = true;
    } else if (this.#eager) this.#context.materialize(this, this.#knowledge);
    this.lower(recording);
  }

  /** A row of general registers. */
  #inRow(s: CallStatement): boolean {
    return rowRoutines.has(s.routine.name) && rowOf(s).file <= 1;
  }

  protected override finish(): void {
    return; // the next instruction follows
  }
  protected override storedSlowly(): void {
    if (this.#bareStore) this.#flow.leaveChangedCode(this);
  }
  protected override noteBranch(): void {
    this.#context.noteBranch(this, this.#decoded.place);
  }

  // --- registers -----------------------------------------------------------------------------------

  protected override leaf(node: Node): void {
    if (node.kind === "register" && node.file === "gr" && node.index.kind === "const") {
      const { value } = this.#context.register(Number(node.index.value));
      const part = node.half === undefined ? value : (node.half === "low" ? value : value.shrU(32)).low32();
      super.emit(part.node);
    } else if (node.kind === "state" && node.field === "cc") {
      super.emit(this.#context.code(this.#knowledge.rule).node);
    } else if (node.kind === "relative" && node.offset.kind === "const") {
      const distance = Number(BigInt.asIntN(64, node.offset.value));
      super.emit(this.#context.addressOf(this.#decoded.place - distance).node);
    } else super.leaf(node);
  }

  protected override setRegister(e: SetRegister): void {
    if (e.file !== "gr" || e.index.kind !== "const") {
      super.setRegister(e);
      return;
    }
    const local = this.#context.register(Number(e.index.value));
    if (e.half === undefined) this.set(local, new I64(e.value));
    else {
      const half = new I32(e.value).unsigned64();
      const [kept, value] = e.half === "low" ? [0xffff_ffff_0000_0000n, half] : [0xffff_ffffn, half.shl(32)];
      this.set(local, local.value.and(kept).or(value));
    }
  }

  // --- condition code ------------------------------------------------------------------------------

  override emit(node: Node): void {
    const mask = this.#knowledge.rule === VALUE ? undefined : testedMask(node);
    if (mask !== undefined) {
      const { rule, a, b } = this.#context.described(this.#knowledge.rule);
      const of = (operand: Node | undefined) =>
        operand?.type === "i64" ? new I64(operand) : new I32(operand ?? a);
      const tested = test(rule, of(a), of(b), mask);
      if (tested !== undefined) {
        super.emit(tested.node);
        return;
      }
    }
    super.emit(node);
  }

  protected override evaluateConditionCode(cc: ConditionCode, now: (node: Node) => Node): ConditionCode {
    if (this.#eager) return super.evaluateConditionCode(cc, now);
    return { ...cc, a: now(cc.a), b: cc.b === undefined ? undefined : now(cc.b) };
  }
  protected override setConditionCode(cc: ConditionCode): void {
    const rule = ruleOf(cc);
    if (this.#eager || rule === VALUE) {
      this.#context.setCode(this, this.#codeOf(cc));
    } else {
      this.#context.keep(rule, (n, wide, narrow) => {
        const operand = n === 0 ? cc.a : cc.b;
        if (operand === undefined) return;
        if (operand.type === "i64") this.set(wide, new I64(operand));
        else this.set(narrow, new I32(operand));
      });
    }
    this.#knowledge.rule = this.#eager ? VALUE : rule;
  }
  #codeOf(cc: ConditionCode): I32 {
    const evaluated = super.evaluateConditionCode(cc, (node) => node);
    return new I32(evaluated.a);
  }

  // --- routines ------------------------------------------------------------------------------------

  protected override call(s: CallStatement): void {
    if (this.#inRow(s)) {
      this.#row(s);
      return;
    }
    const touches = !touchesNoRegister(s.routine.name);
    // No effect was committed since the registers were written back.
    this.#flow.written = touches;
    super.call(s);
    if (!touches) return;
    // With a result below zero the instruction is left, and what is in the locals does not count.
    const result = this.local32();
    this.code.tee(result.index).i32(0).binary("geS", "i32");
    this.code.if();
    this.depth += 1;
    this.#context.reload(this);
    this.depth -= 1;
    this.code.end();
    this.code.get(result.index);
  }
  protected override called(): void {
    this.#flow.written = false;
  }

  /** LOAD MULTIPLE and STORE MULTIPLE: one access test for all registers, when they stand on one page. */
  #row(s: CallStatement): void {
    const { first, last, file } = rowOf(s);
    const size = file === 0 ? 8 : 4;
    const registers = row(first, last).map((n) => ({ n, local: this.#context.register(n) }));
    const loads = s.routine.name === "loadMultiple";
    const [address] = s.args;
    if (address === undefined) throw new Error("a row has an address");
    const ea = this.addressLocal(address);
    const bytes = size * registers.length;
    const entry = this.probe(loads ? at.tlbRead : at.tlbWrite, ea, bytes);
    this.code.if("i32", "likely");
    this.depth += 1;
    this.hostAddress(entry, ea);
    // Host offset of the last register's operand: the first one's is the highest.
    const host = this.local32();
    this.code
      .i32(bytes - 8)
      .binary("sub", "i32")
      .set(host.index);
    registers.forEach(({ local }, k) => this.#transfer(loads, size, local, host, bytes - size * (k + 1)));
    this.code.i32(0).else();
    this.#rowOffFastPath(s, ea, loads, registers);
    this.depth -= 1;
    this.code.end();
  }
  #transfer(loads: boolean, size: number, local: Local<I64>, host: Local<I32>, offset: number): void {
    if (loads && size === 8) this.set(local, load.i64(host.value, offset));
    else if (loads) {
      const word = load.i32(host.value, offset).unsigned64();
      this.set(local, local.value.and(0xffff_ffff_0000_0000n).or(word));
    } else if (size === 8) this.store("i64", host.value, offset, local.value);
    else this.store("i32", host.value, offset, local.value.low32());
  }
  #rowOffFastPath(
    s: CallStatement,
    ea: number,
    loads: boolean,
    registers: readonly { readonly n: number; readonly local: Local<I64> }[],
  ): void {
    for (const { n, local } of registers) this.store("i64", this.#flow.cpu, at.gr + 8 * n, local.value);
    this.code.get(this.#context.cpuIndex).get(ea);
    for (const arg of s.args.slice(1)) this.emit(arg);
    this.code.call(this.#callees.routine(s.routine.name));
    if (!loads) return;
    for (const { n, local } of registers) this.set(local, load.i64(this.#flow.cpu, at.gr + 8 * n));
  }
}
