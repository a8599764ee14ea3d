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
import { Tlb, cpu as at } from "../state.ts";
import { VALUE, ruleOf, test, testedMask } from "./condition.ts";
import { maskRefuses } from "./arrival.ts";
import { CODE, type Knowledge, type RegionContext, WINDOW_BIAS } from "./context.ts";
import type { Understood as Decoded } from "./meanings.ts";
import { registerUse, row, rowOf, rowRoutines } from "./registers.ts";
import { type Stored, bytesBehind, bytesOf } from "./stored.ts";
import { type Window, type WindowUse, type WindowUses, isShared } from "./windows.ts";

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
  /** It is the last of its block. */
  readonly isLast: boolean;
  /** Where a branch by register goes in all likelihood. */
  readonly backs: readonly number[];
  /** Of operands whose access tests are shared. */
  readonly windows: WindowUses | undefined;
  /** They are known to be open. */
  readonly areOpen?: boolean;
  /** What was stored last, in lasting regions; and whether what is stored here may be asked for. */
  readonly stored?: Stored | undefined;
  readonly keepsStored?: boolean;
  /** Go on at a distance from the entry; every way of what this emits ends elsewhere. */
  readonly edge: (e: Emitter, distance: number, knowledge: Knowledge) => void;
  /** Go both ways of the branch at once; false where that cannot be done. */
  readonly choose?: (e: Emitter, isTaken: I32, knowledge: Knowledge) => boolean;
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
    const { knowledge, distance, isLast, edge } = this.#setting;
    if (this.#stores) this.leaveChangedCode(e);
    if (isLast) edge(e, distance + this.#decoded.length, knowledge);
  }
  jump(e: Emitter, target: I64): void {
    const { context, knowledge, backs, edge } = this.#setting;
    if (!this.#executes) {
      const taken = this.#taken();
      if (mayBeTable(backs)) {
        this.#jumpByTable(e, target, taken);
        return;
      }
      for (const back of backs)
        e.if(target.eq(context.addressOf(back)), () => edge(e, back, taken), undefined, "likely");
      context.goOn(e, target, taken);
      return;
    }
    // After EXECUTE: in nearly every case the next sequential address.
    knowledge.loaded = 0;
    if (context.lasting) context.takeTlb(e);
    const elsewhere = target.ne(this.next).or(maskRefuses(this.cpu));
    e.rarely(elsewhere, () => context.goOn(e, target, knowledge));
    this.proceed(e);
  }
  /** Many targets, all near each other. */
  #jumpByTable(e: Emitter, target: I64, taken: Knowledge): void {
    const { context, backs, edge } = this.#setting;
    const first = Math.min(...backs);
    const cases = Array.from({ length: spanOf(backs) / 2 + 1 }, () => backs.length);
    backs.forEach((back, n) => (cases[(back - first) / 2] = n));
    // Rotated right by one, an odd distance is a long one.
    const halfwords = e.local64(target.sub(context.addressOf(first)).rotl(63));
    const arms = backs.map((back) => () => edge(e, back, taken));
    const other = () => context.goOn(e, target, taken);
    e.switch([...arms, other], (select) => {
      const selector = halfwords.value
        .ltU(cases.length)
        .select(halfwords.value.low32(), I32.of(cases.length));
      select(selector, cases, undefined);
    });
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
    const { context, knowledge, distance } = this.#setting;
    context.leave(e, { distance, length: this.#decoded.length }, knowledge);
  }
  leaveUndone(e: Emitter): void {
    const { context, distance, knowledge } = this.#setting;
    context.leaveUndone(e, distance, knowledge);
  }
  /** Leave the region before the next instruction when a store may have changed that. */
  leaveChangedCode(e: Emitter): void {
    const { context, knowledge, distance } = this.#setting;
    e.rarely(load.i32(this.cpu, at.codeChanged), () => {
      e.store("i32", this.cpu, at.codeChanged, I32.of(0));
      context.goOnRarely(e, distance + this.#decoded.length, knowledge);
    });
  }
}

/** More targets than that are looked up in a table, unless they are farther apart. */
const FEW_TARGETS = 4;
const MOST_SPANNED = 4096;
const spanOf = (targets: readonly number[]): number => Math.max(...targets) - Math.min(...targets);
const mayBeTable = (targets: readonly number[]): boolean =>
  targets.length > FEW_TARGETS && spanOf(targets) <= MOST_SPANNED;

const i64At = (local: number): I64 => new I64({ kind: "local", type: "i64", index: local });
const setOf = (numbers: readonly number[]): number => numbers.reduce((set, n) => set | (1 << n), 0);

const mayBeLeft = ({ statements, effects }: Recording): boolean =>
  statements.some((s) => s.kind !== "let") ||
  effects.some((e) => e.kind === "store" || e.kind === "when" || e.kind === "programAfter");
/** It changes registers by a routine or another instruction, for which the CPU's block has to be up to date. */
export const writesBack = ({ recording: { statements, effects } }: Decoded): boolean =>
  statements.some(touchesRegisters) || effects.some((e) => e.kind === "execute");
const touchesRegisters = (s: Statement): boolean =>
  callsRoutine(s, (called) => !touchesNoRegister(called.routine.name) && !inRow(called));
/** A row of general registers. */
const inRow = (s: CallStatement): boolean => rowRoutines.has(s.routine.name) && rowOf(s).file <= 1;
/** It calls what may change translations. */
export const callsOut = ({ recording: { statements, effects } }: Decoded): boolean =>
  statements.some((s) => callsRoutine(s, (called) => !inRow(called))) ||
  effects.some((e) => e.kind === "execute");
/** It sets the condition code on some ways only. */
export const isEager = ({ recording: { statements, effects } }: Decoded): boolean =>
  effects.some((e) => e.kind === "when") ||
  statements.some((s) => callsRoutine(s, ({ routine }) => mayTrap(routine)));
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
  readonly #windows: WindowUses | undefined;
  readonly #areOpen: boolean;
  readonly #stored: Stored | undefined;
  readonly #keepsStored: boolean;
  readonly #choose: Setting["choose"];
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
    // A row, too, is in the TLB or not.
    const calls = statements.some((s) => callsRoutine(s, (called) => !inRow(called)));
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
    this.#windows = setting.windows;
    this.#areOpen = setting.areOpen ?? false;
    this.#stored = setting.stored;
    this.#keepsStored = setting.keepsStored ?? false;
    this.#choose = setting.choose;
    this.#again = !calls;
    this.#storesMore = stores;
  }

  compile(): void {
    const { recording } = this.#decoded;
    const context = this.#context;
    const knowledge = this.#knowledge;
    const { read, keptRight } = registerUse(recording);
    this.#eager = isEager(this.#decoded);
    const isSynchronized = writesBack(this.#decoded);
    this.#take(isSynchronized);
    if (isSynchronized) {
      context.writeBack(this, knowledge);
      knowledge.rule = VALUE;
      knowledge.loaded = read;
      knowledge.right = 0;
      this.#taken = read;
    }
    // What the ways out would have to do is done once, before the first of them.
    if (mayBeLeft(recording) && !context.lasting) context.writeRegisters(this, knowledge);
    if (context.lasting) context.splitRight(this, keptRight, knowledge);
    if (this.#eager) context.materialize(this, knowledge);
    this.lower(recording);
  }
  #take(isSynchronized: boolean): void {
    const context = this.#context;
    const knowledge = this.#knowledge;
    const { read, whole, code } = registerUse(this.#decoded.recording);
    if (!context.lasting) {
      context.take(this, read, knowledge);
      return;
    }
    context.takeWhole(this, isSynchronized ? read : whole, knowledge);
    context.takeRight(this, read & ~whole, knowledge);
    if (code && knowledge.rules !== undefined) context.materialize(this, knowledge);
  }

  protected override finish(): void {
    return; // the next instruction follows
  }
  // --- storage -------------------------------------------------------------------------------------

  protected override tlbPlace(table: number): void {
    if (!this.#context.lasting) super.tlbPlace(table);
    else this.code.get(this.#context.tlb.index);
  }
  protected override tagOffset(table: number): number {
    return this.#context.lasting && table === at.tlbWrite ? Tlb.writeOffset : 0;
  }
  protected override fetch(s: FetchStatement): void {
    const stored = this.#stored;
    const behind = stored && bytesBehind(stored, s.address, s.size);
    if (stored !== undefined && behind !== undefined) {
      const value = stored.isWide ? this.#context.stored64.value : this.#context.stored32.value;
      super.emit(bytesOf(value, behind, s.size).node);
      return;
    }
    const use = this.#windows?.fetches.get(s);
    if (use !== undefined && isShared(use.window)) {
      this.#fetchByWindow(s, use);
      return;
    }
    if (!this.#again || this.#context.lasting) {
      super.fetch(s);
      return;
    }
    const ea = this.addressLocal(s.address);
    const entry = this.probe(at.tlbRead, ea, s.size);
    this.#unlessHit();
    if (s.size === 16) {
      this.vectorAddress(at.tlbRead, entry, ea);
      this.loadStorage("v128", 0);
      return;
    }
    this.hostAddress(at.tlbRead, entry, ea);
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
  /** Leaves the place of a window on the stack when its operands can be accessed by it. */
  #ifWindow({ window, opens }: WindowUse, type: "i32" | "i64" | undefined): Local<StorageOffset> {
    const place = this.#context.window(window);
    if (opens) this.#openWindow(window);
    super.emit(place.value.isNotZero().node);
    this.code.if(type, "likely");
    return place;
  }
  #openWindow(window: Window): void {
    const parts = window.registers.map((n) => this.#context.register(n).value);
    this.scope(() =>
      this.#context.openWindow(
        this,
        window,
        parts.reduce((sum, part) => sum.add(part)),
      ),
    );
  }
  #fetchByWindow(s: FetchStatement, use: WindowUse): void {
    const size = s.size === 16 ? 8 : s.size;
    const { window, displacement } = use;
    const fetchByPlace = (place: Local<StorageOffset>) => {
      this.code.get(place.index);
      this.loadStorage(loadOf[size], window.last - displacement + 8 + WINDOW_BIAS - size);
    };
    if (this.#areOpen) {
      fetchByPlace(this.#context.window(window));
      return;
    }
    const place = this.#ifWindow(use, size === 8 ? "i64" : "i32");
    this.depth += 1;
    fetchByPlace(place);
    this.code.else();
    this.scope(() => {
      const ea = this.addressLocal(s.address);
      super.emit(this.#context.cpu.node);
      this.code.get(ea).i32(size);
      this.emit(s.ar);
      this.code.call(this.callees.fetchOutside);
      if (size !== 8) this.code.unary("wrap", "i64");
    });
    this.emit(load.i32(this.#context.cpu, at.event).node);
    this.leaveIf();
    if (window.loop) this.#openWindow(window);
    this.depth -= 1;
    this.code.end();
  }
  #storeByWindow(e: StoreEffect, use: WindowUse): void {
    const size = e.size === 16 ? 8 : e.size;
    const value = this.valueLocal(e.value);
    const place = this.#ifWindow(use, undefined);
    this.depth += 1;
    this.code.get(place.index).get(value);
    this.storeStorage(storeOf[size], use.window.last - use.displacement + 8 + WINDOW_BIAS - size);
    this.code.else();
    this.scope(() => this.#storeOutside(this.addressLocal(e.address), value, e));
    if (use.window.loop) this.#openWindow(use.window);
    this.depth -= 1;
    this.code.end();
  }
  #keepStored(value: Node): void {
    const local = this.valueLocal(value);
    const { stored32, stored64 } = this.#context;
    if (value.type === "i64") this.set(stored64, i64At(local));
    else this.set(stored32, new I32({ kind: "local", type: "i32", index: local }));
  }
  protected override storeOperand(e: StoreEffect): void {
    if (this.#keepsStored) this.#keepStored(e.value);
    const use = this.#windows?.store;
    if (use !== undefined && isShared(use.window)) {
      this.#storeByWindow(e, use);
      return;
    }
    if (!this.#again || this.#storesMore) {
      super.storeOperand(e);
      return;
    }
    const ea = this.addressLocal(e.address);
    const value = this.valueLocal(e.value);
    const entry = this.probe(at.tlbWrite, ea, e.size);
    if (e.size === 16) {
      this.#unlessHit();
      this.vectorAddress(at.tlbWrite, entry, ea);
      this.code.get(value);
      this.storeStorage("v128", 0);
      return;
    }
    const hit = () => {
      this.hostAddress(at.tlbWrite, entry, ea);
      this.code.get(value);
      this.storeStorage(storeOf[e.size === 16 ? 8 : e.size], 8 - e.size);
    };
    if (this.#context.lasting) {
      this.code.if(undefined, "likely");
      this.depth += 1;
      hit();
      this.code.else();
      this.#storeOutside(ea, value, e);
      this.depth -= 1;
      this.code.end();
      return;
    }
    this.#unlessHit();
    hit();
  }
  /** The page is not in the TLB; when code was made from it, the interpreter does the instruction. */
  #storeOutside(ea: number, value: number, e: StoreEffect): void {
    const operand =
      e.value.type === "i64"
        ? new I64({ kind: "local", type: "i64", index: value })
        : new I32({ kind: "local", type: "i32", index: value }).unsigned64();
    const address = new I64({ kind: "local", type: "i64", index: ea });
    const outcome = this.call32(
      this.callees.storeOutside,
      this.#context.cpu,
      address,
      operand,
      I32.of(e.size),
      new I32(e.ar),
    );
    this.rarely(outcome, () => {
      this.rarely(outcome.ltS(0), () => this.#flow.leave(this));
      this.#flow.leaveUndone(this);
    });
  }

  protected override noteBranch(): void {
    this.#flow.branches = true;
  }
  protected override choose(isTaken: I32): boolean {
    return this.#choose?.(this, isTaken, this.#knowledge) ?? false;
  }

  // --- registers -----------------------------------------------------------------------------------

  protected override leaf(node: Node): void {
    if (node.kind === "register" && node.file === "gr" && node.index.kind === "const") {
      const n = Number(node.index.value);
      const { value } = this.#context.register(n);
      if (node.half === undefined) super.emit(value.node);
      else if (node.half === "high") super.emit(value.shrU(32).low32().node);
      else super.emit(this.#context.rightValue(n, this.#knowledge).node);
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
      super.emit(this.#context.breakingEvent(this.#knowledge.breaking).node);
    } else super.leaf(node);
  }

  protected override setRegister(e: SetRegister): void {
    if (e.file !== "gr" || e.index.kind !== "const") {
      super.setRegister(e);
      return;
    }
    const n = Number(e.index.value);
    const bit = 1 << n;
    const knowledge = this.#knowledge;
    if (e.half === "low" && this.#context.lasting) {
      this.set(this.#context.right(n), new I32(e.value));
      knowledge.right |= bit;
      knowledge.dirtyRight |= bit;
      return;
    }
    const local = this.#context.register(n);
    if (e.half === undefined) {
      this.set(local, new I64(e.value));
      knowledge.right &= ~bit;
      knowledge.dirtyRight &= ~bit;
    } else {
      const half = new I32(e.value).unsigned64();
      const [kept, value] = e.half === "low" ? [0xffff_ffff_0000_0000n, half] : [0xffff_ffffn, half.shl(32)];
      this.set(local, local.value.and(kept).or(value));
    }
    knowledge.dirty |= bit;
    knowledge.loaded |= bit;
  }

  // --- condition code ------------------------------------------------------------------------------

  override emit(node: Node): void {
    const { rule: now, rules } = this.#knowledge;
    const mask = now === VALUE || rules !== undefined ? undefined : testedMask(node);
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

  protected override get storesCode(): boolean {
    return false;
  }
  protected override evaluateConditionCode(cc: ConditionCode, now: (node: Node) => Node): ConditionCode {
    if (this.#eager) return super.evaluateConditionCode(cc, now);
    return { ...cc, a: now(cc.a), b: cc.b === undefined ? undefined : now(cc.b) };
  }
  protected override setConditionCode(cc: ConditionCode): void {
    const rule = ruleOf(cc);
    if (this.#eager || rule === VALUE) {
      this.#context.setCode(this, this.#codeOf(cc), this.#knowledge);
    } else {
      this.#context.keep(this, rule, cc, this.#knowledge);
    }
    this.#knowledge.rule = this.#eager ? VALUE : rule;
    this.#knowledge.rules = undefined;
    this.#knowledge.loaded |= CODE;
    this.#knowledge.dirty |= CODE;
  }
  #codeOf(cc: ConditionCode): I32 {
    const evaluated = super.evaluateConditionCode(cc, (node) => node);
    return new I32(evaluated.a);
  }

  // --- routines ------------------------------------------------------------------------------------

  protected override callInline(s: CallStatement): boolean {
    if (!inRow(s)) return false;
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
    this.#context.materializeAgain(this, this.#knowledge);
  }
  protected override called(s: CallStatement): void {
    if (touchesNoRegister(s.routine.name)) return;
    this.#context.takeAgain(this, this.#taken);
    if (this.#context.lasting) this.#context.takeTlb(this);
    if (this.#eager) this.#context.materializeAgain(this, this.#knowledge);
  }

  /** LOAD MULTIPLE and STORE MULTIPLE: one access test for all registers, when they stand on one page. */
  #row(s: CallStatement): void {
    const { first, last, file } = rowOf(s);
    const size = file === 0 ? 8 : 4;
    const numbers = row(first, last);
    const loads = s.routine.name === "loadMultiple";
    const [address] = s.args;
    if (address === undefined) throw new Error("a row has an address");
    const ea = this.addressLocal(address);
    const bytes = size * numbers.length;
    const table = loads ? at.tlbRead : at.tlbWrite;
    const entry = this.probe(table, ea, bytes);
    if (this.#context.lasting) {
      this.code.if(undefined, "likely");
      this.depth += 1;
      this.#transferRow(table, entry, ea, bytes, s);
      this.code.else();
      this.scope(() => this.#rowByRoutine(s));
      this.depth -= 1;
      this.code.end();
    } else {
      this.#unlessHit();
      this.#transferRow(table, entry, ea, bytes, s);
    }
    if (!loads) return;
    const knowledge = this.#knowledge;
    const loaded = setOf(numbers);
    if (size === 4 && this.#context.lasting) {
      knowledge.right |= loaded;
      knowledge.dirtyRight |= loaded;
      return;
    }
    knowledge.dirty |= loaded;
    knowledge.loaded |= loaded;
    knowledge.right &= ~loaded;
    knowledge.dirtyRight &= ~loaded;
  }
  #transferRow(table: number, entry: number, ea: number, bytes: number, s: CallStatement): void {
    const { first, last, file } = rowOf(s);
    const size = file === 0 ? 8 : 4;
    this.hostAddress(table, entry, ea);
    // Host offset of the last register's operand: the first one's is the highest.
    const host = this.localOffset(this.#form);
    const type = offsetType(this.#form);
    this.code
      .constant(type, BigInt(bytes - 8))
      .binary("sub", type)
      .set(host.index);
    const loads = s.routine.name === "loadMultiple";
    row(first, last).forEach((n, k) => this.#transfer(loads, size, n, host, bytes - size * (k + 1)));
  }
  /** It is not in the TLB, or crosses a page's end: by way of the CPU's block. */
  #rowByRoutine(s: CallStatement): void {
    const context = this.#context;
    const { first, last, file } = rowOf(s);
    const numbers = row(first, last);
    const stores = s.routine.name === "storeMultiple";
    if (stores) {
      context.writeAlso(this, setOf(numbers), this.#knowledge);
    }
    super.call(s);
    this.code.i32(0).binary("ltS", "i32");
    this.leaveIf();
    if (stores) this.#flow.leaveChangedCode(this);
    else if (file === 0) context.takeAgain(this, setOf(numbers));
    else context.takeRightAgain(this, numbers);
  }
  #transfer(loads: boolean, size: number, n: number, host: Local<StorageOffset>, offset: number): void {
    const context = this.#context;
    const local = context.register(n);
    if (loads && size === 8) this.set(local, load.i64(host.value, offset));
    else if (loads && context.lasting) this.set(context.right(n), load.i32(host.value, offset));
    else if (loads) {
      const word = load.i32(host.value, offset).unsigned64();
      this.set(local, local.value.and(0xffff_ffff_0000_0000n).or(word));
    } else if (size === 8) this.store("i64", host.value, offset, local.value);
    else this.store("i32", host.value, offset, context.rightValue(n, this.#knowledge));
  }
}
