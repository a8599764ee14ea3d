/** Emits expressions and structured code into one WebAssembly function. The engine's own routines are written with it. */
import type { Node, ValueType } from "@lockframe/instructions";
import { I32, I64, V128 } from "@lockframe/instructions";
import type { StorageForm } from "@lockframe/memory";
import type { Hint, Load, Store } from "../wasm/code.ts";
import { floatCode } from "../wasm/float-code.ts";
import { FunctionBody } from "../wasm/module.ts";
import { type OffsetType, StorageOffset, memoryOf, offsetType } from "./storage-offset.ts";

type Value = I32 | I64 | V128 | StorageOffset;
/** What a function takes. */
type Argument = I32 | I64 | StorageOffset;

export interface Local<T extends Value> {
  readonly index: number;
  readonly value: T;
}

const load32 =
  (what: Load) =>
  (address: I32 | StorageOffset, offset = 0): I32 =>
    new I32({ kind: "load", type: "i32", what, address: address.node, offset });
const load64 =
  (what: Load) =>
  (address: I32 | StorageOffset, offset = 0): I64 =>
    new I64({ kind: "load", type: "i64", what, address: address.node, offset });
/** Plain loads from the engine's memory, or from storage, little-endian. */
export const load = {
  i32: load32("i32"),
  u8: load32("i32_8u"),
  u16: load32("i32_16u"),
  i64: load64("i64"),
  s8as64: load64("i64_8s"),
  s16as64: load64("i64_16s"),
  s32as64: load64("i64_32s"),
  u32as64: load64("i64_32u"),
  v128: (address: I32 | StorageOffset, offset = 0): V128 =>
    new V128({ kind: "load", type: "v128", what: "v128", address: address.node, offset }),
};

/** A place to go to: the number of labels open around it. */
export type Label = number;

export class Emitter {
  readonly body: FunctionBody;
  /** Labels open around the current place. */
  depth = 0;

  /** A new function with so many parameters, or the function that another emitter is writing, at its place. */
  constructor(within: number | Emitter) {
    this.body = typeof within === "number" ? new FunctionBody(within) : within.body;
    if (typeof within !== "number") this.depth = within.depth;
  }
  get code() {
    return this.body.code;
  }

  parameter32(index: number): I32 {
    return new I32({ kind: "local", type: "i32", index });
  }
  parameter64(index: number): I64 {
    return new I64({ kind: "local", type: "i64", index });
  }
  parameterOffset(form: StorageForm, index: number): StorageOffset {
    return new StorageOffset({ kind: "local", type: offsetType(form), index });
  }

  local32(initial?: I32 | number): Local<I32> {
    const index = this.body.local("i32");
    const local = { index, value: new I32({ kind: "local", type: "i32", index }) };
    if (initial !== undefined) this.set(local, typeof initial === "number" ? I32.of(initial) : initial);
    return local;
  }
  local64(initial?: I64): Local<I64> {
    const index = this.body.local("i64");
    const local = { index, value: new I64({ kind: "local", type: "i64", index }) };
    if (initial !== undefined) this.set(local, initial);
    return local;
  }
  local128(initial?: V128): Local<V128> {
    const index = this.body.local("v128");
    const local = { index, value: new V128({ kind: "local", type: "v128", index }) };
    if (initial !== undefined) this.set(local, initial);
    return local;
  }
  /** An offset into storage: a copy of one, or a place for some. */
  localOffset(initial: StorageOffset | StorageForm): Local<StorageOffset> {
    const type = typeof initial === "string" ? offsetType(initial) : initial.type;
    const local = this.#offset(type);
    if (typeof initial !== "string") this.set(local, initial);
    return local;
  }
  #offset(type: OffsetType): Local<StorageOffset> {
    const index = this.body.local(type);
    return { index, value: new StorageOffset({ kind: "local", type, index }) };
  }
  set<T extends Value>(local: Local<T>, value: T): void {
    this.emit(value.node);
    this.code.set(local.index);
  }
  store(what: Store, address: I32 | StorageOffset, offset: number, value: Value): void {
    this.emit(address.node);
    this.emit(value.node);
    this.code.store(what, offset, memoryOf(address.node));
  }
  if(condition: I32, taken: () => void, otherwise?: () => void, hint?: Hint): void {
    this.emit(condition.node);
    this.code.if(undefined, hint);
    this.depth += 1;
    taken();
    if (otherwise !== undefined) {
      this.code.else();
      otherwise();
    }
    this.depth -= 1;
    this.code.end();
  }
  /** What happens hardly ever: errors, misses, ends. */
  rarely(condition: I32, taken: () => void): void {
    this.if(condition, taken, undefined, "unlikely");
  }
  goto(label: Label): void {
    this.code.br(this.depth - label);
  }
  /** A loop that goes on only where `again()` is called, or its label is gone to. */
  loop(inside: (again: () => void, label: Label) => void): void {
    this.code.loop();
    this.#labelled(inside);
  }
  /** A block that `leave()` jumps out of. */
  block(inside: (leave: () => void, label: Label) => void): void {
    this.code.block();
    this.#labelled(inside);
  }
  #labelled(inside: (go: () => void, label: Label) => void): void {
    this.depth += 1;
    const label = this.depth;
    inside(() => this.goto(label), label);
    this.depth -= 1;
    this.code.end();
  }
  /**
   * One of several arms. What `choose` emits comes first; its `select` goes to the arm that `cases` names for a
   * selector's value, and for values beyond them to a label, or to the last arm. Nothing may come to its end.
   */
  switch(
    arms: readonly (() => void)[],
    choose: (select: (selector: I32, cases: readonly number[], beyond: Label | undefined) => void) => void,
  ): void {
    for (const _ of arms) this.code.block();
    this.depth += arms.length;
    const innermost = this.depth;
    choose((selector, cases, beyond) => {
      const inside = this.depth - innermost;
      this.emit(selector.node);
      this.code.brTable(
        cases.map((arm) => arm + inside),
        beyond === undefined ? arms.length - 1 + inside : this.depth - beyond,
      );
    });
    for (const arm of arms) {
      this.code.end();
      this.depth -= 1;
      arm();
    }
  }
  return(value?: Argument): void {
    if (value !== undefined) this.emit(value.node);
    this.code.return();
  }
  /** Leave this function by going to another one. */
  returnCall(callee: number, ...args: Argument[]): void {
    for (const arg of args) this.emit(arg.node);
    this.code.returnCall(callee);
  }
  call32(callee: number, ...args: Argument[]): I32 {
    return this.#call(callee, args, this.local32());
  }
  call64(callee: number, ...args: Argument[]): I64 {
    return this.#call(callee, args, this.local64());
  }
  /** A function that gives an offset into storage. */
  callOffset(form: StorageForm, callee: number, ...args: Argument[]): StorageOffset {
    return this.#call(callee, args, this.localOffset(form));
  }
  callVoid(callee: number, ...args: Argument[]): void {
    for (const arg of args) this.emit(arg.node);
    this.code.call(callee);
  }
  #call<T extends Argument>(callee: number, args: readonly Argument[], result: Local<T>): T {
    for (const arg of args) this.emit(arg.node);
    this.code.call(callee).set(result.index);
    return result.value;
  }

  /** Leave the value of an expression on the stack. */
  emit(node: Node): void {
    switch (node.kind) {
      case "const":
        this.code.constant(node.type, node.value);
        return;
      case "local":
        this.code.get(node.index);
        return;
      case "load":
        this.emit(node.address);
        this.code.load(node.what as Load, node.offset, memoryOf(node.address));
        return;
      case "unary":
        this.emit(node.a);
        this.code.unary(node.op, node.a.type);
        return;
      case "binary":
        this.emit(node.a);
        this.emit(node.b);
        this.code.binary(node.op, node.a.type);
        return;
      case "float":
        for (const operand of node.operands) this.emit(operand);
        for (const byte of floatCode[node.operation]) this.code.byte(byte);
        return;
      case "vector":
        for (const operand of node.operands) this.emit(operand);
        this.code.vector(node.operation, node.immediate);
        return;
      case "select":
        this.emit(node.a);
        this.emit(node.b);
        this.emit(node.condition);
        this.code.select();
        return;
      default:
        this.leaf(node);
    }
  }
  /** Nodes that only an instruction's lowering knows. */
  protected leaf(node: Node): void {
    throw new Error(`${node.kind} has no meaning here`);
  }
}
export type { ValueType };
