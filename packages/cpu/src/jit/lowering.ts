/** One instruction of a region: its definition lowered with constant operand fields, registers in locals. */
import type { ConditionCode, Node, Recording, Statement } from "@lockframe/instructions";
import { I32, I64 } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import { type Emitter, type Local, load } from "../lower/emitter.ts";
import type { Flow } from "../lower/flow.ts";
import {
  type Callees,
  type CallStatement,
  type FetchStatement,
  InstructionLowering,
  type SetRegister,
  type StoreEffect,
  loadOf,
  storeOf,
} from "../lower/instruction.ts";
import { type StorageOffset, offsetType } from "../lower/storage-offset.ts";
import { cpu as at } from "../state.ts";
import { VALUE, ruleOf, test, testedMask } from "./condition.ts";
import { CODE, type Knowledge, type RegionContext } from "./context.ts";
import type { Understood as Decoded } from "./meanings.ts";
import { registerUse, row, rowOf, rowRoutines } from "./registers.ts";

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

/** Conversions to fixed-point, and what changes the FPC register as a whole. */
const touchingFloatingPoint = /^bfp\.(to(Fixed|Logical)|signal)/;
/** Other routines of floating point change vector registers, the FPC register, and the code that they return. */
const isFloatingPoint = (name: string): boolean =>
  name.startsWith("vfp.") || (name.startsWith("bfp.") && !touchingFloatingPoint.test(name));
const touchesNoRegister = (name: string): boolean => registerFree.has(name) || isFloatingPoint(name);
/** One that may set the condition code in the CPU's block: when a trap comes after completion. */
const mayTrap = ({ name, where }: CallStatement["routine"]): boolean =>
  where === "host" && name.startsWith("bfp.");

/** Where an instruction stands in its region. */
export interface Setting {
  readonly context: RegionContext;
  readonly knowledge: Knowledge;
  /** Bytes from the region's entry to the instruction. */
  readonly distance: number;
  /** Instructions of the block that come after it. */
  readonly following: number;
  /** Where a return goes in all likelihood. */
  readonly backs: readonly number[];
  /** Go on at a distance from the entry; every way of what this emits ends elsewhere. */
  readonly edge: (e: Emitter, distance: number, knowledge: Knowledge) => void;
}

class RegionFlow implements Flow {
  readonly cpu: I32;
  readonly word: I64;
  readonly addressMask = I64.of(-1n);
  readonly here: I64;
  readonly next: I64;
  readonly #decoded: Decoded;
  readonly #setting: Setting;
  /** What is being emitted is for a branch that is taken. */
  branches = false;
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
    this.here = context.addressOf(setting.distance);
    this.next = context.addressOf(setting.distance + decoded.length);
  }

  field(): never {
    throw new Error("operand fields are constants in compiled code");
  }
  shiftedField(): never {
    return this.field();
  }
  proceed(e: Emitter): void {
    const { knowledge, distance, following, edge } = this.#setting;
    if (this.#stores) this.leaveChangedCode(e);
    if (following === 0) edge(e, distance + this.#decoded.length, knowledge);
  }
  jump(e: Emitter, target: I64): void {
    const { context, knowledge, following, backs, edge } = this.#setting;
    if (!this.#executes) {
      const taken = this.#taken();
      for (const back of backs)
        e.if(target.eq(context.addressOf(back)), () => edge(e, back, taken), undefined, "likely");
      context.goOn(e, target, taken);
      return;
    }
    // After EXECUTE: in nearly every case the next sequential address.
    knowledge.loaded = 0;
    e.rarely(target.ne(this.next), () => context.goOn(e, target, knowledge, following));
    this.proceed(e);
  }
  jumpRelative(e: Emitter, offset: I64): void {
    if (offset.node.kind !== "const") throw new Error("a relative operand is constant in compiled code");
    const { distance, edge } = this.#setting;
    edge(e, distance + Number(BigInt.asIntN(64, offset.node.value)), this.#taken());
  }
  #taken(): Knowledge {
    const { knowledge, distance } = this.#setting;
    const breaking = this.branches ? distance : knowledge.breaking;
    this.branches = false;
    return { ...knowledge, breaking };
  }
  leave(e: Emitter): void {
    const { context, knowledge, distance, following } = this.#setting;
    context.leave(e, { distance, length: this.#decoded.length }, knowledge, following);
  }
  leaveUndone(e: Emitter): void {
    const { context, distance, knowledge, following } = this.#setting;
    context.leaveUndone(e, distance, knowledge, following + 1);
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

const mayBeLeft = ({ statements, effects }: Recording): boolean =>
  statements.some((s) => s.kind !== "let") ||
  effects.some((e) => e.kind === "store" || e.kind === "when" || e.kind === "programAfter");
const callsRoutine = (s: Statement, which: (call: CallStatement) => boolean = () => true): boolean =>
  s.kind === "call"
    ? which(s)
    : s.kind === "if" &&
      [s.taken, s.otherwise].some((b) => b.statements.some((inner) => callsRoutine(inner, which)));

export class RegionLowering extends InstructionLowering {
  readonly #form: StorageForm;
  readonly #context: RegionContext;
  readonly #knowledge: Knowledge;
  readonly #flow: RegionFlow;
  readonly #decoded: Decoded;
  readonly #distance: number;
  /** As long as no effect has committed the instruction can be left to the interpreter. */
  readonly #again: boolean;
  /** It has more stores than one, or stores on some ways only. */
  readonly #storesMore: boolean;
  /** The condition code is set on some ways only: compute it where it is set. */
  #eager = false;
  /** Registers that the instruction reads, when a routine may change them meanwhile. */
  #taken = 0;

  constructor(callees: Callees, decoded: Decoded, setting: Setting, within: Emitter) {
    const { statements, effects } = decoded.recording;
    const calls = statements.some((s) => callsRoutine(s));
    const executes = effects.some((e) => e.kind === "execute");
    // A lone store is done by the interpreter when it is into a page of code.
    const stores =
      effects.filter((e) => e.kind === "store").length > 1 || effects.some((e) => e.kind === "when");
    const flow = new RegionFlow(decoded, setting, calls || executes || stores, executes);
    super(callees, flow, within);
    this.#form = callees.form;
    this.#context = setting.context;
    this.#knowledge = setting.knowledge;
    this.#flow = flow;
    this.#decoded = decoded;
    this.#distance = setting.distance;
    this.#again = !calls;
    this.#storesMore = stores;
  }

  compile(): void {
    const { recording } = this.#decoded;
    const { statements, effects } = recording;
    const touches = (s: Statement): boolean =>
      callsRoutine(s, (called) => !touchesNoRegister(called.routine.name) && !this.#inRow(called));
    const traps = (s: Statement): boolean => callsRoutine(s, ({ routine }) => mayTrap(routine));
    const context = this.#context;
    const knowledge = this.#knowledge;
    const { read } = registerUse(recording);
    this.#eager = effects.some((e) => e.kind === "when") || statements.some(traps);
    context.take(this, read, knowledge);
    if (statements.some(touches) || effects.some((e) => e.kind === "execute")) {
      context.writeBack(this, knowledge);
      knowledge.rule = VALUE;
      knowledge.loaded = read;
      this.#taken = read;
    }
    // What the ways out would have to do is done once, before the first of them.
    if (mayBeLeft(recording)) context.writeRegisters(this, knowledge);
    if (this.#eager) context.materialize(this, knowledge);
    this.lower(recording);
  }

  /** A row of general registers. */
  #inRow(s: CallStatement): boolean {
    return rowRoutines.has(s.routine.name) && rowOf(s).file <= 1;
  }

  protected override finish(): void {
    return; // the next instruction follows
  }
  // --- storage -------------------------------------------------------------------------------------

  protected override fetch(s: FetchStatement): void {
    if (!this.#again) {
      super.fetch(s);
      return;
    }
    const ea = this.addressLocal(s.address);
    const entry = this.probe(at.tlbRead, ea, s.size);
    this.#unlessHit();
    if (s.size === 16) {
      this.vectorAddress(entry, ea);
      this.loadStorage("v128", 0);
      return;
    }
    this.hostAddress(entry, ea);
    this.loadStorage(loadOf[s.size], 8 - s.size);
  }
  /** With the outcome of a probe on the stack. */
  #unlessHit(): void {
    this.code.unary("eqz", "i32").if(undefined, "unlikely");
    this.depth += 1;
    this.#flow.leaveUndone(this);
    this.depth -= 1;
    this.code.end();
  }
  protected override storeOperand(e: StoreEffect): void {
    if (!this.#again || this.#storesMore) {
      super.storeOperand(e);
      return;
    }
    const ea = this.addressLocal(e.address);
    const value = this.valueLocal(e.value);
    const entry = this.probe(at.tlbWrite, ea, e.size);
    this.#unlessHit();
    if (e.size === 16) {
      this.vectorAddress(entry, ea);
      this.code.get(value);
      this.storeStorage("v128", 0);
      return;
    }
    this.hostAddress(entry, ea);
    this.code.get(value);
    this.storeStorage(storeOf[e.size], 8 - e.size);
  }

  protected override noteBranch(): void {
    this.#flow.branches = true;
  }

  // --- registers -----------------------------------------------------------------------------------

  protected override leaf(node: Node): void {
    if (node.kind === "register" && node.file === "gr" && node.index.kind === "const") {
      const { value } = this.#context.register(Number(node.index.value));
      const part = node.half === undefined ? value : (node.half === "low" ? value : value.shrU(32)).low32();
      super.emit(part.node);
    } else if (node.kind === "state" && node.field === "cc") {
      super.emit(this.#context.code(this.#knowledge).node);
    } else if (node.kind === "relative" && node.offset.kind === "const") {
      const distance = Number(BigInt.asIntN(64, node.offset.value));
      super.emit(this.#context.addressOf(this.#distance + distance).node);
    } else if (
      node.kind === "state" &&
      node.field === "breakingEvent" &&
      this.#knowledge.breaking !== undefined
    ) {
      super.emit(this.#context.addressOf(this.#knowledge.breaking).node);
    } else super.leaf(node);
  }

  protected override setRegister(e: SetRegister): void {
    if (e.file !== "gr" || e.index.kind !== "const") {
      super.setRegister(e);
      return;
    }
    const n = Number(e.index.value);
    const local = this.#context.register(n);
    this.#knowledge.dirty |= 1 << n;
    this.#knowledge.loaded |= 1 << n;
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
    this.#knowledge.loaded |= CODE;
    this.#knowledge.dirty |= CODE;
  }
  #codeOf(cc: ConditionCode): I32 {
    const evaluated = super.evaluateConditionCode(cc, (node) => node);
    return new I32(evaluated.a);
  }

  // --- routines ------------------------------------------------------------------------------------

  protected override callInline(s: CallStatement): boolean {
    if (!this.#inRow(s)) return false;
    this.#row(s);
    return true;
  }
  /** A trap's condition code is in the CPU's block, and with it goes every way on. */
  protected override call(s: CallStatement): void {
    if (!mayTrap(s.routine)) {
      super.call(s);
      return;
    }
    this.#context.writeCode(this, this.#knowledge);
    super.call(s);
    this.#context.materializeAgain(this);
  }
  protected override called(s: CallStatement): void {
    if (touchesNoRegister(s.routine.name)) return;
    this.#context.takeAgain(this, this.#taken);
    if (this.#eager) this.#context.materializeAgain(this);
  }

  /** LOAD MULTIPLE and STORE MULTIPLE: one access test for all registers, when they stand on one page. */
  #row(s: CallStatement): void {
    const { first, last, file } = rowOf(s);
    const size = file === 0 ? 8 : 4;
    const numbers = row(first, last);
    const registers = numbers.map((n) => ({ local: this.#context.register(n) }));
    const loads = s.routine.name === "loadMultiple";
    const [address] = s.args;
    if (address === undefined) throw new Error("a row has an address");
    const ea = this.addressLocal(address);
    const bytes = size * registers.length;
    const entry = this.probe(loads ? at.tlbRead : at.tlbWrite, ea, bytes);
    this.#unlessHit();
    this.hostAddress(entry, ea);
    // Host offset of the last register's operand: the first one's is the highest.
    const host = this.localOffset(this.#form);
    const type = offsetType(this.#form);
    this.code
      .constant(type, BigInt(bytes - 8))
      .binary("sub", type)
      .set(host.index);
    registers.forEach(({ local }, k) => this.#transfer(loads, size, local, host, bytes - size * (k + 1)));
    if (!loads) return;
    const loaded = numbers.reduce((set, n) => set | (1 << n), 0);
    this.#knowledge.dirty |= loaded;
    this.#knowledge.loaded |= loaded;
  }
  #transfer(
    loads: boolean,
    size: number,
    local: Local<I64>,
    host: Local<StorageOffset>,
    offset: number,
  ): void {
    if (loads && size === 8) this.set(local, load.i64(host.value, offset));
    else if (loads) {
      const word = load.i32(host.value, offset).unsigned64();
      this.set(local, local.value.and(0xffff_ffff_0000_0000n).or(word));
    } else if (size === 8) this.store("i64", host.value, offset, local.value);
    else this.store("i32", host.value, offset, local.value.low32());
  }
}
