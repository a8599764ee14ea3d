/**
 * Lowers one recorded definition into WebAssembly. The order is the definition's promise: reads as
 * recorded, then the access test of every store, then the values of all effects, then the effects.
 */
import type {
  Block,
  ConditionCode,
  Effect,
  Node,
  OperandSize,
  Recording,
  RegisterFile,
  StateField,
  Statement,
  ValueType,
} from "@lockframe/instructions";
import { I32, I64, V128 } from "@lockframe/instructions";
import type { Runtime } from "../runtime.ts";
import { Event, Tlb, cpu as at } from "../state.ts";
import type { Load, Store } from "../wasm/code.ts";
import { Emitter, load } from "./emitter.ts";
import { type Flow, LEFT } from "./flow.ts";
import { maskedByPsw } from "./program-mask.ts";
import { offsetType, storageMemory } from "./storage-offset.ts";
import { addendOf, entryOffset } from "./tlb-entry.ts";

/** Functions that the code of instructions calls, by number in the module. */
export interface Callees extends Pick<
  Runtime,
  "form" | "raise" | "fetchSlow" | "fetchOutside" | "storeSlow" | "storeOutside" | "probeStore"
> {
  routine(name: string): number;
  /** (cpu, target address, modifier, address of EXECUTE, next sequential address) -> next address or -1. */
  readonly execute: number;
}

/** Where a register file starts, the binary logarithm of its registers' distance, and how one is loaded and stored. */
interface FilePlace {
  readonly offset: number;
  readonly shift: number;
  readonly load: Load;
  readonly store: Store;
}
const files: Record<RegisterFile, FilePlace> = {
  gr: { offset: at.gr, shift: 3, load: "i64", store: "i64" },
  ar: { offset: at.ar, shift: 2, load: "i32", store: "i32" },
  cr: { offset: at.cr, shift: 3, load: "i64", store: "i64" },
  fpr: { offset: at.vr + 8, shift: 4, load: "i64", store: "i64" },
  vr: { offset: at.vr, shift: 4, load: "v128", store: "v128" },
  vb: { offset: at.vr, shift: 0, load: "i32_8u", store: "i32_8" },
  vh: { offset: at.vr, shift: 1, load: "i32_16u", store: "i32_16" },
  vf: { offset: at.vr, shift: 2, load: "i32", store: "i32" },
  vg: { offset: at.vr, shift: 3, load: "i64", store: "i64" },
};

const stateAccess: Record<StateField, { readonly offset: number; readonly type: "i32" | "i64" }> = {
  pswMask: { offset: at.pswMask, type: "i64" },
  addressMask: { offset: at.addressMask, type: "i64" },
  cc: { offset: at.cc, type: "i32" },
  prefix: { offset: at.prefix, type: "i32" },
  fpc: { offset: at.fpc, type: "i32" },
  todProgrammable: { offset: at.todProgrammable, type: "i32" },
  cpuAddress: { offset: at.cpuAddress, type: "i32" },
  breakingEvent: { offset: at.breakingEvent, type: "i64" },
  executeLength: { offset: at.instructionLength, type: "i32" },
};

const MODES = (1n << 62n) | (1n << 58n); // PSW bits 1 and 5: PER and DAT, of which the interpreter has to be told
const ENABLING = (1n << 62n) | (1n << 57n) | (1n << 56n) | (1n << 50n); // PER, I/O, external, machine check

/** After an instruction's function: `LEFT` without an event is an odd address like any other. */
export function leaveWithEvent(e: Emitter, cpu: I32, next: I64, leave: () => void): void {
  e.rarely(next.eq(LEFT), () => e.if(load.i32(cpu, at.event), leave));
}

/** Nodes whose value effects do not change: those of the instruction itself, and what was computed before. */
const immutable = (node: Node): boolean =>
  node.kind === "const" ||
  node.kind === "field" ||
  node.kind === "local" ||
  node.kind === "temporary" ||
  (node.kind === "relative" && immutable(node.offset)) ||
  (node.kind === "binary" && immutable(node.a) && immutable(node.b)) ||
  (node.kind === "unary" && immutable(node.a));

/** Nodes that cost something to compute: used twice, they are kept. */
const composed: ReadonlySet<Node["kind"]> = new Set([
  "binary",
  "unary",
  "select",
  "float",
  "vector",
  "register",
  "addressRegister",
  "relative",
]);

export const loadOf: Record<Exclude<OperandSize, 16>, Load> = {
  1: "i32_8u",
  2: "i32_16u",
  4: "i32",
  8: "i64",
};
export const storeOf: Record<Exclude<OperandSize, 16>, Store> = {
  1: "i32_8",
  2: "i32_16",
  4: "i32",
  8: "i64",
};

export type FetchStatement = Statement & { kind: "fetch" };
export type StoreEffect = Effect & { kind: "store" };
export type CallStatement = Statement & { kind: "call" };
export type SetRegister = Effect & { kind: "setRegister" };

export class InstructionLowering extends Emitter {
  protected readonly callees: Callees;
  readonly #flow: Flow;
  readonly #cpu: I32;
  /** Locals of temporaries, by id. */
  readonly #temporaries = new Map<number, number>();
  /** The condition code that effects set is that of no overflow. */
  #overflowReplacesCode = false;
  /** How often each node is used, and the locals of those computed already on the way here. */
  #uses: ReadonlyMap<Node, number> = new Map();
  #shared = new Map<Node, number>();

  constructor(callees: Callees, flow: Flow, within: number | Emitter) {
    super(within);
    this.callees = callees;
    this.#flow = flow;
    this.#cpu = flow.cpu;
  }

  lower(recording: Recording): void {
    this.#uses = countUses(recording);
    this.#statements(recording.statements);
    this.#commit(recording.effects);
  }

  // --- reads ---------------------------------------------------------------------------------------

  #statements(statements: readonly Statement[]): void {
    for (const s of statements) this.#statement(s);
  }

  #statement(s: Statement): void {
    switch (s.kind) {
      case "let": {
        this.emit(s.value);
        this.code.set(this.#temporary(s.id, s.value.type));
        return;
      }
      case "fetch":
        this.fetch(s);
        this.code.set(this.#temporary(s.id, s.size === 16 ? "v128" : s.size === 8 ? "i64" : "i32"));
        return;
      case "guard":
        this.scope(() => {
          this.rarely(new I32(s.condition), () => {
            this.callVoid(this.callees.raise, this.#cpu, I32.of(s.code), I32.of(s.dxc));
            this.#flow.leave(this);
          });
        });
        return;
      case "call": {
        if (this.callInline(s)) return;
        const result = this.#temporary(s.id, "i32");
        this.call(s);
        this.code.tee(result).i32(0).binary("ltS", "i32");
        this.leaveIf();
        this.called(s);
        return;
      }
      case "if": {
        const local = this.#temporary(s.id, s.taken.value.type);
        const arm = (block: Block) => () =>
          this.scope(() => {
            this.#statements(block.statements);
            this.emit(block.value);
            this.code.set(local);
          });
        this.if(new I32(s.condition), arm(s.taken), arm(s.otherwise));
      }
    }
  }

  #temporary(id: number, type: ValueType): number {
    const local = this.body.local(type);
    this.#temporaries.set(id, local);
    return local;
  }

  /** What a routine does, without calling it, when that is possible; its result is nothing that is asked for. */
  protected callInline(_: CallStatement): boolean {
    return false;
  }

  /** Call a routine; leaves its result on the stack. */
  protected call(s: CallStatement): void {
    if (s.routine.where === "host") {
      s.args.forEach((arg, n) => {
        this.store(arg.type === "i32" ? "i32" : "i64", this.#cpu, at.args + 8 * n, new I64(arg));
      });
      this.store("i64", this.#cpu, at.pswAddress, this.#flow.next);
      this.store("i64", this.#cpu, at.word, this.#flow.word);
      this.emit(this.#cpu.node);
    } else {
      this.emit(this.#cpu.node);
      for (const arg of s.args) this.emit(arg);
    }
    this.code.call(this.callees.routine(s.routine.name));
  }

  /** A routine did not end the instruction. */
  protected called(_: CallStatement): void {
    return;
  }

  /** With a condition on the stack: leave with the event when it holds. */
  protected leaveIf(): void {
    this.code.if(undefined, "unlikely");
    this.depth += 1;
    this.#flow.leave(this);
    this.depth -= 1;
    this.code.end();
  }

  /** Fetch an operand; leaves it on the stack. */
  protected fetch({ size, address, ar }: FetchStatement): void {
    const ea = this.addressLocal(address);
    if (size === 16) {
      this.#fetchVector(ea, ar);
      return;
    }
    const type = size === 8 ? "i64" : "i32";
    const entry = this.probe(at.tlbRead, ea, size);
    this.code.if(type, "likely");
    this.depth += 1;
    this.hostAddress(at.tlbRead, entry, ea);
    this.loadStorage(loadOf[size], 8 - size);
    this.code.else();
    this.emit(this.#cpu.node);
    this.code.get(ea).i32(size);
    this.scope(() => this.emit(ar));
    this.code.call(this.callees.fetchSlow);
    if (size !== 8) this.code.unary("wrap", "i64");
    this.emit(this.#cpu.node);
    this.code.load("i32", at.event);
    this.leaveIf();
    this.depth -= 1;
    this.code.end();
  }

  /** Off the fast path: two doublewords. */
  #fetchVector(ea: number, ar: Node): void {
    const entry = this.probe(at.tlbRead, ea, 16);
    this.code.if("v128", "likely");
    this.depth += 1;
    this.vectorAddress(at.tlbRead, entry, ea);
    this.loadStorage("v128", 0);
    this.code.else();
    this.scope(() => {
      const number = this.local32(new I32(ar));
      const address = new I64({ kind: "local", type: "i64", index: ea });
      const doubleword = (where: I64): I64 => {
        const half = this.call64(this.callees.fetchSlow, this.#cpu, where, I32.of(8), number.value);
        this.emit(load.i32(this.#cpu, at.event).node);
        this.leaveIf();
        return half;
      };
      const left = doubleword(address);
      const right = doubleword(address.add(8).and(this.#flow.addressMask));
      this.emit(V128.ofDoublewords(left, right).node);
    });
    this.depth -= 1;
    this.code.end();
  }
  /** The place of 16 bytes: a TLB's addend counts with eight. */
  protected vectorAddress(table: number, entry: number, ea: number): void {
    this.hostAddress(table, entry, ea);
    const type = offsetType(this.callees.form);
    this.code.constant(type, 8n).binary("sub", type);
  }

  protected addressLocal(address: Node): number {
    const known = this.#localOf(address);
    if (known !== undefined) return known;
    const local = this.body.local("i64");
    this.emit(address);
    this.code.set(local);
    return local;
  }
  #localOf(node: Node): number | undefined {
    if (node.kind === "local") return node.index;
    if (node.kind === "temporary") return this.#temporaries.get(node.id);
    return this.#shared.get(node);
  }

  /** Leaves 1 on the stack when the TLB entry covers the operand; returns the local with the entry's place. */
  protected probe(table: number, ea: number, size: number): number {
    const entry = this.body.local("i32");
    const code = this.code;
    this.tlbPlace(table);
    this.emit(entryOffset(new I64({ kind: "local", type: "i64", index: ea }), Tlb.dataEntries).node);
    code.binary("add", "i32").tee(entry).load("i64", this.tagOffset(table));
    code.get(ea);
    if (size > 1) code.constant("i64", BigInt(size - 1)).binary("add", "i64");
    code.constant("i64", -4096n).binary("and", "i64").binary("eq", "i64");
    return entry;
  }
  /** Leaves the place of a TLB on the stack, less the `tagOffset` of its first tag. */
  protected tlbPlace(table: number): void {
    this.emit(this.#cpu.node);
    this.code.load("i32", table);
  }
  protected tagOffset(_table: number): number {
    return 0;
  }
  /** Leaves on the stack where the operand of a TLB entry is, less 8 and its size. */
  protected hostAddress(table: number, entry: number, ea: number): void {
    const at = new I32({ kind: "local", type: "i32", index: entry });
    const address = new I64({ kind: "local", type: "i64", index: ea });
    super.emit(addendOf(this.callees.form, at, this.tagOffset(table)).sub(address).node);
  }
  /** From, and to, the place in storage that is on the stack. */
  protected loadStorage(what: Load, offset: number): void {
    this.code.load(what, offset, storageMemory(this.callees.form));
  }
  protected storeStorage(what: Store, offset: number): void {
    this.code.store(what, offset, storageMemory(this.callees.form));
  }

  // --- effects -------------------------------------------------------------------------------------

  #commit(effects: readonly Effect[]): void {
    const stores = effects.filter((e) => e.kind === "store");
    const nested = effects.some((e) => e.kind === "when" && e.effects.some((n) => n.kind === "store"));
    // A lone store tests and stores in one go, before anything else commits.
    const lone = stores.length === 1 && !nested ? stores[0] : undefined;
    if (lone === undefined) this.#probeStores(effects);
    this.#overflowReplacesCode = this.storesCode && overflowIsException(effects);
    const ready = effects.length > 1 ? effects.map((e) => this.#evaluate(e)) : effects;
    if (lone !== undefined) this.#effect(ready[effects.indexOf(lone)] as Effect);
    let left = false;
    ready.forEach((e, n) => {
      if (
        effects[n] === lone ||
        e.kind === "branch" ||
        e.kind === "programAfter" ||
        e.kind === "execute" ||
        e.kind === "setSystemMask" ||
        e.kind === "resume"
      )
        return;
      this.#effect(e);
    });
    for (const e of ready) {
      if (e.kind === "programAfter") this.#programAfter(e);
    }
    for (const e of ready) {
      if (e.kind === "setSystemMask") this.#systemMask(e.value);
      if (e.kind === "resume") this.#resume(e);
      if (e.kind === "branch") {
        this.#branch(e);
        left = true;
      } else if (e.kind === "execute") {
        this.#execute(e);
        left = true;
      }
    }
    if (!left) this.#flow.proceed(this);
    this.finish();
  }

  /** Nothing comes after an instruction, unless it is part of something larger. */
  protected finish(): void {
    this.code.unreachable();
  }

  #probeStores(effects: readonly Effect[]): void {
    for (const e of effects) {
      if (e.kind === "when") {
        this.scope(() => this.if(new I32(e.condition), () => this.#probeStores(e.effects)));
      }
      if (e.kind !== "store") continue;
      const ea = this.addressLocal(e.address);
      this.emit(this.#cpu.node);
      this.code.get(ea).i32(e.size);
      this.emit(e.ar);
      this.code.call(this.callees.probeStore);
      this.leaveIf();
    }
  }

  /** The same effect with its operands computed now. */
  #evaluate(e: Effect): Effect {
    const now = (node: Node): Node => {
      if (immutable(node)) return node;
      const index = this.body.local(node.type);
      this.emit(node);
      this.code.set(index);
      return { kind: "local", type: node.type, index };
    };
    switch (e.kind) {
      case "setRegister":
        return { ...e, index: now(e.index), value: now(e.value) };
      case "setState":
      case "setSystemMask":
        return { ...e, value: now(e.value) };
      case "resume":
        return { ...e, condition: now(e.condition) };
      case "store":
        return { ...e, address: now(e.address), ar: now(e.ar), value: now(e.value) };
      case "setCc":
        return { ...e, cc: this.evaluateConditionCode(e.cc, now) };
      case "branch":
        return { ...e, condition: now(e.condition), target: now(e.target) };
      case "programAfter": {
        const masked = maskedByPsw(e.condition);
        if (masked === undefined) return { ...e, condition: now(e.condition) };
        return { ...e, condition: new I32(now(masked.condition)).and(new I32(masked.mask)).node };
      }
      case "execute":
        return { ...e, target: now(e.target), modifier: now(e.modifier) };
      case "when":
        return {
          ...e,
          condition: now(e.condition),
          effects: e.effects.map((inner) => this.#evaluate(inner)),
        };
    }
  }

  #effect(e: Effect): void {
    switch (e.kind) {
      case "setRegister":
        this.setRegister(e);
        return;
      case "setState": {
        const { offset, type } = stateAccess[e.field];
        this.store(type, this.#cpu, offset, new I64(e.value));
        return;
      }
      case "store":
        this.storeOperand(e);
        return;
      case "setCc":
        this.setConditionCode(e.cc);
        return;
      case "when":
        this.if(new I32(e.condition), () => {
          for (const inner of e.effects) {
            if (inner.kind === "branch") {
              this.#branch(inner);
            } else this.#effect(inner);
          }
        });
        return;
      case "branch":
      case "programAfter":
      case "execute":
      case "setSystemMask":
      case "resume":
        throw new Error(`${e.kind} cannot stand here`);
    }
  }

  /** The condition code is stored at once; an overflow that is found later can replace it. */
  protected get storesCode(): boolean {
    return true;
  }
  /** The code's operands, computed before any effect; `now` keeps the value of a node. */
  protected evaluateConditionCode(cc: ConditionCode, now: (node: Node) => Node): ConditionCode {
    const code = this.#overflowReplacesCode ? conditionCode({ ...cc, rule: "signed" }) : conditionCode(cc);
    return { rule: "value", a: now(code.node), b: undefined };
  }
  protected setConditionCode(cc: ConditionCode): void {
    this.store("i32", this.#cpu, at.cc, conditionCode(cc));
  }
  /** A branch of the program is taken: its address is the breaking-event address. */
  protected noteBranch(): void {
    this.store("i64", this.#cpu, at.breakingEvent, this.#flow.here);
  }

  /** Go both ways of a branch at once, where that can be done. */
  protected choose(_isTaken: I32): boolean {
    return false;
  }

  protected setRegister(e: SetRegister): void {
    const { offset, store } = files[e.file];
    const { base, constant } = this.#registerPlace(e.file, e.index);
    const place = offset + constant + (e.half === "high" ? 4 : 0);
    this.emit(base.node);
    this.emit(e.value);
    this.code.store(e.half === undefined ? store : "i32", place);
  }

  protected storeOperand(e: StoreEffect): void {
    const ea = this.addressLocal(e.address);
    const value = this.valueLocal(e.value);
    if (e.size === 16) {
      this.#storeVector(ea, value, e.ar);
      return;
    }
    const entry = this.probe(at.tlbWrite, ea, e.size);
    this.code.if(undefined, "likely");
    this.depth += 1;
    this.hostAddress(at.tlbWrite, entry, ea);
    this.code.get(value);
    this.storeStorage(storeOf[e.size], 8 - e.size);
    this.code.else();
    this.emit(this.#cpu.node);
    this.code.get(ea).get(value);
    if (e.size !== 8) this.code.unary("extendU", "i32");
    this.code.i32(e.size);
    this.scope(() => this.emit(e.ar));
    this.code.call(this.callees.storeSlow);
    this.leaveIf();
    this.depth -= 1;
    this.code.end();
  }
  /** Off the fast path: both ends are tested, then two doublewords are stored. */
  #storeVector(ea: number, value: number, ar: Node): void {
    const entry = this.probe(at.tlbWrite, ea, 16);
    this.code.if(undefined, "likely");
    this.depth += 1;
    this.vectorAddress(at.tlbWrite, entry, ea);
    this.code.get(value);
    this.storeStorage("v128", 0);
    this.code.else();
    this.scope(() => {
      const number = this.local32(new I32(ar));
      const address = new I64({ kind: "local", type: "i64", index: ea });
      const vector = new V128({ kind: "local", type: "v128", index: value });
      const { probeStore, storeSlow } = this.callees;
      const leaveIfNot = (result: I32) => {
        this.emit(result.ltS(0).node);
        this.leaveIf();
      };
      leaveIfNot(this.call32(probeStore, this.#cpu, address, I32.of(16), number.value));
      const next = address.add(8).and(this.#flow.addressMask);
      for (const [where, half] of [
        [address, vector.doubleword(0)] as const,
        [next, vector.doubleword(1)] as const,
      ])
        leaveIfNot(this.call32(storeSlow, this.#cpu, where, half, I32.of(8), number.value));
    });
    this.depth -= 1;
    this.code.end();
  }
  protected valueLocal(node: Node): number {
    const known = this.#localOf(node);
    if (known !== undefined) return known;
    const local = this.body.local(node.type);
    this.emit(node);
    this.code.set(local);
    return local;
  }

  #branch(e: Effect & { kind: "branch" }): void {
    const taken = () => {
      // An odd address is the target's specification exception: it is recognised when it is fetched.
      const { target } = e;
      if (target.kind !== "relative") {
        const known = new I64({ kind: "local", type: "i64", index: this.addressLocal(target) });
        this.noteBranch();
        this.#flow.jump(this, known);
        return;
      }
      this.noteBranch();
      this.#flow.jumpRelative(this, new I64(target.offset));
    };
    if (e.condition.kind !== "const") {
      if (this.choose(new I32(e.condition))) return;
      this.if(new I32(e.condition), () => this.scope(taken));
      this.#flow.proceed(this);
    } else if (e.condition.value !== 0n) taken();
    else this.#flow.proceed(this);
  }

  #execute({ target, modifier }: Effect & { kind: "execute" }): void {
    const next = this.call64(
      this.callees.execute,
      this.#cpu,
      new I64(target),
      new I32(modifier),
      this.#flow.here,
      this.#flow.next,
    );
    leaveWithEvent(this, this.#cpu, next, () => this.#flow.leave(this));
    this.#flow.jump(this, next);
  }

  #programAfter(e: Effect & { kind: "programAfter" }): void {
    const masked = maskedByPsw(e.condition);
    if (masked === undefined) this.#interruptIf(new I32(e.condition), e);
    else {
      // The program mask is looked at only when it matters.
      this.rarely(new I32(masked.condition), () => {
        if (this.#overflowReplacesCode) this.store("i32", this.#cpu, at.cc, I32.of(3));
        this.scope(() => this.#interruptIf(new I32(masked.mask), e));
      });
    }
  }
  #interruptIf(condition: I32, e: Effect & { kind: "programAfter" }): void {
    this.rarely(condition, () => {
      this.callVoid(this.callees.raise, this.#cpu, I32.of(e.code), I32.of(e.dxc));
      this.store("i32", this.#cpu, at.event, I32.of(Event.programAfter));
      this.store("i64", this.#cpu, at.pswAddress, this.#flow.next);
      this.#flow.leave(this);
    });
  }

  /** DAT switched, or something newly enabled while an interruption may be pending: let the CPU look. */
  #systemMask(value: Node): void {
    const mask = this.local64(new I64(value));
    const old = this.local64(load.i64(this.#cpu, at.pswMask));
    this.store("i64", this.#cpu, at.pswMask, mask.value);
    const changed = old.value.xor(mask.value).and(MODES).ne(0);
    const enabled = mask.value.and(ENABLING).ne(0).and(load.i32(this.#cpu, at.interruptionPending).ne(0));
    this.rarely(changed.or(enabled), () => {
      this.store("i64", this.#cpu, at.pswAddress, this.#flow.next);
      this.store("i32", this.#cpu, at.event, I32.of(Event.resume));
      this.#flow.leave(this);
    });
  }
  #resume({ condition }: Effect & { kind: "resume" }): void {
    const leave = () => {
      this.store("i64", this.#cpu, at.pswAddress, this.#flow.next);
      this.store("i32", this.#cpu, at.event, I32.of(Event.resume));
      this.#flow.leave(this);
    };
    if (condition.kind === "const") leave();
    else this.rarely(new I32(condition), leave);
  }

  // --- expressions ---------------------------------------------------------------------------------

  /** What is computed inside does not count as computed afterwards. */
  protected scope(inside: () => void): void {
    const outer = this.#shared;
    this.#shared = new Map(outer);
    inside();
    this.#shared = outer;
  }

  override emit(node: Node): void {
    if (!composed.has(node.kind) || (this.#uses.get(node) ?? 0) < 2) {
      super.emit(node);
      return;
    }
    const known = this.#shared.get(node);
    if (known !== undefined) {
      this.code.get(known);
      return;
    }
    super.emit(node);
    const local = this.body.local(node.type);
    this.code.tee(local);
    this.#shared.set(node, local);
  }

  /**
   * Where a register lies, less the start of its file: what to add to the offset. The field's number is
   * multiplied by the register's size while it is taken out of the word.
   */
  #registerPlace(file: RegisterFile, index: Node): { readonly base: I32; readonly constant: number } {
    const { shift } = files[file];
    if (index.kind === "const") return { base: this.#cpu, constant: Number(index.value) << shift };
    if (index.kind !== "field") return { base: new I32(index).shl(shift).add(this.#cpu), constant: 0 };
    return { base: this.#flow.shiftedField(index, shift).add(this.#cpu), constant: 0 };
  }

  protected override leaf(node: Node): void {
    const code = this.code;
    switch (node.kind) {
      case "field":
        this.emit(this.#flow.field(node).node);
        return;
      case "register": {
        const { offset, load } = files[node.file];
        const { base, constant } = this.#registerPlace(node.file, node.index);
        this.emit(base.node);
        code.load(node.half === undefined ? load : "i32", offset + constant + (node.half === "high" ? 4 : 0));
        return;
      }
      case "addressRegister": {
        if (node.index.kind !== "field") throw new Error("an address register is named by a field");
        const scaled = this.local32(this.#flow.shiftedField(node.index, files.gr.shift));
        const contents = load.i64(scaled.value.add(this.#cpu), files.gr.offset);
        this.emit(scaled.value.select(contents, I64.of(0)).node);
        return;
      }
      case "state": {
        if (node.field === "addressMask") {
          this.emit(this.#flow.addressMask.node);
          return;
        }
        const { offset, type } = stateAccess[node.field];
        this.emit(this.#cpu.node);
        code.load(type, offset);
        return;
      }
      case "instructionAddress":
        this.emit((node.which === "this" ? this.#flow.here : this.#flow.next).node);
        return;
      case "relative": {
        this.emit(this.#flow.here.add(new I64(node.offset)).and(this.#flow.addressMask).node);
        return;
      }
      case "temporary": {
        const local = this.#temporaries.get(node.id);
        if (local === undefined) throw new Error(`temporary ${node.id} is used before it is read`);
        code.get(local);
        return;
      }
      default:
        super.leaf(node);
    }
  }
}

const overflowRules: ReadonlySet<ConditionCode["rule"]> = new Set([
  "addSigned",
  "subtractSigned",
  "signedOrOverflow",
]);
/** The condition code tells an overflow, and the overflow may be an exception: it has to be looked for but once. */
function overflowIsException(effects: readonly Effect[]): boolean {
  return (
    effects.some((e) => e.kind === "setCc" && overflowRules.has(e.cc.rule)) &&
    effects.some((e) => e.kind === "programAfter" && maskedByPsw(e.condition) !== undefined)
  );
}

/** Whether a sum or a difference has overflowed, by the rule that describes it and what goes with that. */
export function overflows(rule: ConditionCode["rule"], result: I32 | I64, operand: I32 | I64): I32 {
  if (result instanceof I64) return overflowed(rule, result, operand as I64);
  return overflowed<I32>(rule, result, operand as I32);
}
interface Word<T> {
  add(other: T): T;
  sub(other: T): T;
  xor(other: T): T;
  and(other: T): T;
  isNegative(): I32;
}
function overflowed<T extends Word<T>>(rule: ConditionCode["rule"], result: T, operand: T): I32 {
  if (rule === "addSigned") return result.sub(operand).xor(result).and(operand.xor(result)).isNegative();
  const minuend = result.add(operand);
  return minuend.xor(result).and(minuend.xor(operand)).isNegative();
}

/** The code's number, 0 to 3. */
export function conditionCode({ rule, a, b }: ConditionCode): I32 {
  const value = (node: Node): I32 | I64 => (node.type === "i64" ? new I64(node) : new I32(node));
  const first = value(a);
  const second = b === undefined ? first : value(b);
  // As sums: hosts add a doubled number in one step.
  const order = (low: I32, high: I32) => low.add(high.shl(1));
  const compare = (op: "ltS" | "gtS" | "ltU" | "gtU" | "geU" | "ne"): I32 =>
    first instanceof I64 ? first[op](second as I64) : first[op](second as I32);
  // Two when it is not zero, less one when it is negative.
  const signed = (): I32 =>
    order(first instanceof I64 ? first.shrS(63).low32() : first.shrS(31), first.ne(0));
  switch (rule) {
    case "value":
      return new I32(a);
    case "signed":
      return signed();
    case "signedOrOverflow":
      return (second as I32).select(I32.of(3), signed());
    case "compareSigned":
      return order(compare("ltS"), compare("gtS"));
    case "compareUnsigned":
      return order(compare("ltU"), compare("gtU"));
    case "notZero":
      return first.ne(0);
    case "addSigned":
    case "subtractSigned":
      return overflows(rule, first, second).select(I32.of(3), signed());
    case "addLogical":
      return order(first.ne(0), compare("ltU"));
    case "underMask":
    case "byteUnderMask": {
      const [selected, mask] = [first as I32, second as I32];
      // The leftmost selected bit is one when the selection's leading zeros are the mask's.
      const isLeft = selected.clz().eq(mask.clz());
      const mixed = rule === "underMask" ? isLeft.select(I32.of(2), I32.of(1)) : I32.of(1);
      return selected.isZero().select(I32.of(0), selected.eq(mask).select(I32.of(3), mixed));
    }
    case "subtractLogical":
      return order(compare("ne"), compare("geU"));
  }
}

const usesOf = new WeakMap<Recording, ReadonlyMap<Node, number>>();

/** Uses of each node, counted over everything that was recorded. */
function countUses(recording: Recording): ReadonlyMap<Node, number> {
  const known = usesOf.get(recording);
  if (known !== undefined) return known;
  const uses = new Map<Node, number>();
  const visit = (node: Node): void => {
    const n = (uses.get(node) ?? 0) + 1;
    uses.set(node, n);
    if (n > 1) return;
    if (node.kind === "unary") visit(node.a);
    else if (node.kind === "binary") [node.a, node.b].forEach(visit);
    else if (node.kind === "select") [node.condition, node.a, node.b].forEach(visit);
    else if (node.kind === "float" || node.kind === "vector") node.operands.forEach(visit);
    else if (node.kind === "register" || node.kind === "addressRegister") visit(node.index);
    else if (node.kind === "relative") visit(node.offset);
  };
  const statement = (s: Statement): void => {
    if (s.kind === "let") visit(s.value);
    else if (s.kind === "fetch") [s.address, s.ar].forEach(visit);
    else if (s.kind === "guard") visit(s.condition);
    else if (s.kind === "call") s.args.forEach(visit);
    else {
      visit(s.condition);
      for (const b of [s.taken, s.otherwise]) {
        b.statements.forEach(statement);
        visit(b.value);
      }
    }
  };
  const effect = (e: Effect): void => {
    if (e.kind === "setRegister") [e.index, e.value].forEach(visit);
    else if (e.kind === "setState" || e.kind === "setSystemMask") visit(e.value);
    else if (e.kind === "store") [e.address, e.ar, e.value].forEach(visit);
    else if (e.kind === "setCc") [e.cc.a, ...(e.cc.b === undefined ? [] : [e.cc.b])].forEach(visit);
    else if (e.kind === "branch") [e.condition, e.target].forEach(visit);
    else if (e.kind === "programAfter" || e.kind === "resume") visit(e.condition);
    else if (e.kind === "execute") [e.target, e.modifier].forEach(visit);
    else {
      visit(e.condition);
      e.effects.forEach(effect);
    }
  };
  recording.statements.forEach(statement);
  recording.effects.forEach(effect);
  usesOf.set(recording, uses);
  return uses;
}
