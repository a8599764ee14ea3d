/** Emits expressions and structured code into one WebAssembly function. The engine's own routines are written with it. */
import type { Node, ValueType } from "@lockframe/instructions";
import { I32, I64 } from "@lockframe/instructions";
import type { Load, Store } from "../wasm/code.ts";
import { floatCode } from "../wasm/float-code.ts";
import { FunctionBody } from "../wasm/module.ts";

export interface Local<T extends I32 | I64> {
  readonly index: number;
  readonly value: T;
}

const load32 =
  (what: Load) =>
  (address: I32, offset = 0): I32 =>
    new I32({ kind: "load", type: "i32", what, address: address.node, offset });
const load64 =
  (what: Load) =>
  (address: I32, offset = 0): I64 =>
    new I64({ kind: "load", type: "i64", what, address: address.node, offset });
/** Plain loads from the engine's memory, little-endian. */
export const load = {
  i32: load32("i32"),
  u8: load32("i32_8u"),
  u16: load32("i32_16u"),
  i64: load64("i64"),
};

export class Emitter {
  readonly body: FunctionBody;
  /** Labels open around the current place. */
  depth = 0;

  constructor(parameterCount: number) {
    this.body = new FunctionBody(parameterCount);
  }
  get code() {
    return this.body.code;
  }

  parameter32 = (index: number): I32 => new I32({ kind: "local", type: "i32", index });
  parameter64 = (index: number): I64 => new I64({ kind: "local", type: "i64", index });

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
  set<T extends I32 | I64>(local: Local<T>, value: T): void {
    this.emit(value.node);
    this.code.set(local.index);
  }
  store(what: Store, address: I32, offset: number, value: I32 | I64): void {
    this.emit(address.node);
    this.emit(value.node);
    this.code.store(what, offset);
  }
  if(condition: I32, taken: () => void, otherwise?: () => void): void {
    this.emit(condition.node);
    this.code.if();
    this.depth += 1;
    taken();
    if (otherwise !== undefined) {
      this.code.else();
      otherwise();
    }
    this.depth -= 1;
    this.code.end();
  }
  /** A loop that goes on only where `again()` is called. */
  loop(inside: (again: () => void) => void): void {
    this.code.loop();
    this.depth += 1;
    const label = this.depth;
    inside(() => void this.code.br(this.depth - label));
    this.depth -= 1;
    this.code.end();
  }
  /** A block that `leave()` jumps out of. */
  block(inside: (leave: () => void) => void): void {
    this.code.block();
    this.depth += 1;
    const label = this.depth;
    inside(() => void this.code.br(this.depth - label));
    this.depth -= 1;
    this.code.end();
  }
  return(value?: I32 | I64): void {
    if (value !== undefined) this.emit(value.node);
    this.code.return();
  }
  call32(callee: number, ...args: (I32 | I64)[]): I32 {
    return this.#call(callee, args, this.local32());
  }
  call64(callee: number, ...args: (I32 | I64)[]): I64 {
    return this.#call(callee, args, this.local64());
  }
  callVoid(callee: number, ...args: (I32 | I64)[]): void {
    for (const arg of args) this.emit(arg.node);
    this.code.call(callee);
  }
  #call<T extends I32 | I64>(callee: number, args: readonly (I32 | I64)[], result: Local<T>): T {
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
        this.code.load(node.what as Load, node.offset);
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
        this.code.byte(...floatCode[node.operation]);
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
