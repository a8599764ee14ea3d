/**
 * How the code of one instruction gets at its parts, and how it is left. What an instruction means does not
 * depend on it; where its bits are and how it goes on with the next one does.
 */
import type { Node } from "@lockframe/instructions";
import { I32, I64 } from "@lockframe/instructions";
import { cpu as at } from "../state.ts";
import type { Signature } from "../wasm/module.ts";
import { type Emitter, load } from "./emitter.ts";

export type FieldNode = Node & { readonly kind: "field" };

export interface Flow {
  /** The CPU's block. */
  readonly cpu: I32;
  /** The instruction, left-aligned. */
  readonly word: I64;
  /** Address of the instruction, and of the next sequential one. */
  readonly here: I64;
  readonly next: I64;
  /** Address bits that the addressing mode keeps. */
  readonly addressMask: I64;
  /** An operand field; and one that is at most four bits wide, shifted to the left. */
  field(field: FieldNode): I32 | I64;
  shiftedField(field: FieldNode, shift: number): I32;
  /** The instruction is complete: go on with the next sequential one. */
  proceed(e: Emitter): void;
  /** Go on at an address, which may be odd or need wrapping to the addressing mode. */
  jump(e: Emitter, target: I64): void;
  /** Go on a number of bytes from the instruction's own address. */
  jumpRelative(e: Emitter, offset: I64): void;
  /** An event stands in the CPU's block. */
  leave(e: Emitter): void;
}

const parameter32 = (index: number): I32 => new I32({ kind: "local", type: "i32", index });
const parameter64 = (index: number): I64 => new I64({ kind: "local", type: "i64", index });

/** In place of a next address: an event stands in the CPU's block. */
export const LEFT = I64.of(-1);

/**
 * An instruction as a function of its address and its word that returns the next address, or `LEFT`. The caller puts
 * the next sequential address into the CPU's block: after the target of EXECUTE, it is not what follows it.
 */
export class FunctionFlow implements Flow {
  static readonly signature: Signature = { parameters: ["i32", "i64", "i64"], results: ["i64"] };
  readonly cpu = parameter32(0);
  readonly here = parameter64(1);
  readonly word = parameter64(2);
  readonly next = load.i64(this.cpu, at.nextAddress);
  readonly addressMask = load.i64(this.cpu, at.addressMask);

  field({ bit, width, signed, type }: FieldNode): I32 | I64 {
    const value = signed
      ? this.word.shl(bit).shrS(64 - width)
      : this.word.shrU(64 - bit - width).and((1n << BigInt(width)) - 1n);
    return type === "i32" ? value.low32() : value;
  }
  shiftedField({ bit, width }: FieldNode, shift: number): I32 {
    const moved = this.word.shrU(64 - bit - width - shift).low32();
    return moved.and(((1 << width) - 1) << shift);
  }
  proceed(e: Emitter): void {
    e.return(this.next);
  }
  jump(e: Emitter, target: I64): void {
    e.return(target);
  }
  jumpRelative(e: Emitter, offset: I64): void {
    e.return(this.here.add(offset).and(this.addressMask));
  }
  leave(e: Emitter): void {
    e.return(LEFT);
  }
}
