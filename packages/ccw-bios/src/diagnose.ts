import { programInterruption } from "@lockframe/architecture";
import type { IplAction } from "./diagnose-308.ts";

/** DIAGNOSE (83) as the CPU meets it. */
export interface DiagnoseContext {
  readonly r1: number;
  readonly r3: number;
  /** Contents of a general register, 0 to 2^64-1. */
  gr(register: number): bigint;
  readonly problemState: boolean;
  /** Address of the CPU's prefix area. */
  readonly prefix: number;
  /** The guest is protected: operands are copied by the Ultravisor, and fewer functions are allowed. */
  readonly protectedGuest: boolean;
}

/** What the machine does after DIAGNOSE. */
export type DiagnoseAction =
  | IplAction
  /** Go on, but let other CPUs run first: this one, if given. */
  | { readonly kind: "yield"; readonly to: number | undefined };

export type DiagnoseHandler = (context: DiagnoseContext) => DiagnoseAction;

/** Go on with the next instruction. */
export function resume(registers: Readonly<Record<number, bigint>> = {}): DiagnoseAction {
  return {
    kind: "resume",
    registers: new Map(Object.entries(registers).map(([r, value]) => [Number(r), value])),
  };
}

/** The exception of a function that does not exist. */
export const specification: DiagnoseAction = { kind: "exception", code: programInterruption.specification };

/** DIAGNOSE functions of a machine by code, which is the rightmost 16 bits of the second-operand address. */
export class DiagnoseTable {
  readonly #handlers = new Map<number, DiagnoseHandler>();
  readonly #onUnknown: (code: number) => void;

  /** @param onUnknown told of each code that has no handler and is answered by a specification exception */
  constructor(onUnknown: (code: number) => void = () => undefined) {
    this.#onUnknown = onUnknown;
  }

  /** Add a function. @throws RangeError if the code is taken: two parts of the machine would answer */
  add(code: number, handler: DiagnoseHandler): this {
    if (this.#handlers.has(code)) throw new RangeError(`DIAGNOSE ${code.toString(16)} has a handler already`);
    this.#handlers.set(code, handler);
    return this;
  }

  execute(code: number, context: DiagnoseContext): DiagnoseAction {
    if (context.problemState) return { kind: "exception", code: programInterruption.privilegedOperation };
    const handler = this.#handlers.get(code & 0xffff);
    if (handler !== undefined) return handler(context);
    this.#onUnknown(code & 0xffff);
    return specification;
  }
}
