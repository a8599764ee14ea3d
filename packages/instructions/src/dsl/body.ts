/**
 * What a body does: reads while it is being built, effects that commit afterwards.
 *
 * A body runs once per lowering. Each fetch, guard or call that it makes is recorded in order; the
 * effects it returns commit after the last of them, so nothing architected changes before the last
 * access that can fault. Stores are access-tested before the first effect commits.
 */
import type { Node, RegisterFile, StateField } from "./expression.ts";
import { I32, I64, constant, constantOf } from "./expression.ts";
import type { Routine } from "./routines.ts";
import { type ElementSize, V128, elements } from "./vector.ts";

/** Storage operand: logical address in the current addressing mode, and the access register's number. */
export interface StorageOperand {
  readonly address: I64;
  readonly ar: I32;
}

/** Bytes of a storage operand. */
export type OperandSize = 1 | 2 | 4 | 8 | 16;

export type Statement =
  | { readonly kind: "let"; readonly id: number; readonly value: Node }
  | {
      readonly kind: "fetch";
      readonly id: number;
      readonly size: OperandSize;
      readonly address: Node;
      readonly ar: Node;
    }
  | { readonly kind: "guard"; readonly condition: Node; readonly code: number; readonly dxc: number }
  | { readonly kind: "call"; readonly id: number; readonly routine: Routine; readonly args: readonly Node[] }
  | {
      readonly kind: "if";
      readonly id: number;
      readonly condition: Node;
      readonly taken: Block;
      readonly otherwise: Block;
    };

/** Statements and the value they end with. */
export interface Block {
  readonly statements: readonly Statement[];
  readonly value: Node;
}

export type Effect =
  | {
      readonly kind: "setRegister";
      readonly file: RegisterFile;
      readonly index: Node;
      readonly half: "high" | "low" | undefined;
      readonly value: Node;
    }
  | { readonly kind: "setState"; readonly field: StateField; readonly value: Node }
  | {
      readonly kind: "store";
      readonly size: OperandSize;
      readonly address: Node;
      readonly ar: Node;
      readonly value: Node;
    }
  | { readonly kind: "setCc"; readonly cc: ConditionCode }
  | { readonly kind: "branch"; readonly condition: Node; readonly target: Node }
  /** A program interruption that is recognised after everything else has committed. */
  | { readonly kind: "programAfter"; readonly condition: Node; readonly code: number; readonly dxc: number }
  /** The system mask may have changed: DAT, and interruptions that may now be enabled, are looked at again. */
  | { readonly kind: "setSystemMask"; readonly value: Node }
  /** When the condition holds: control registers or translations have changed, so that modes are looked at again. */
  | { readonly kind: "resume"; readonly condition: Node }
  /** Execute the instruction at `target`, bits 8-15 of it ORed with `modifier`. */
  | { readonly kind: "execute"; readonly target: Node; readonly modifier: Node }
  | { readonly kind: "when"; readonly condition: Node; readonly effects: readonly Effect[] };

export type Effects = readonly Effect[];

/**
 * A condition code by what it says, so that a lowering may leave its computation until it is asked for.
 *
 * value: the number itself · signed: 0 zero, 1 negative, 2 positive · signedOrOverflow: the same, 3 when
 * `b` · compareSigned/compareUnsigned: 0 equal, 1 first low, 2 first high · notZero: 0 or 1 ·
 * addSigned/subtractSigned: a is the sum or difference, b an addend or the subtrahend: as signed, 3 on overflow ·
 * addLogical: a is the sum, b one addend: bit 0 of the code is "not zero", bit 1 the carry ·
 * subtractLogical: a minuend, b subtrahend: 1 borrow, 2 zero, 3 neither ·
 * underMask/byteUnderMask: a selected bits, b the mask: 0 all zero, 3 all one, mixed 1, or 2 for the former when the
 * leftmost selected bit is one.
 */
export type ConditionCode = {
  readonly rule:
    | "value"
    | "signed"
    | "signedOrOverflow"
    | "compareSigned"
    | "compareUnsigned"
    | "notZero"
    | "addSigned"
    | "subtractSigned"
    | "addLogical"
    | "subtractLogical"
    | "underMask"
    | "byteUnderMask";
  readonly a: Node;
  readonly b: Node | undefined;
};

/** What a lowering knows of the CPU's mode when a body is built. */
export interface KnownMode {
  /** The CPU is in the 64-bit addressing mode. */
  readonly extended: boolean;
}
const unknownMode: KnownMode = { extended: false };

// --- the recorder --------------------------------------------------------------------------------

interface Recorder {
  statements: Statement[];
  nextId: number;
  readonly mode: KnownMode;
}
let recorder: Recorder | undefined;

function current(): Recorder {
  if (recorder === undefined)
    throw new Error("storage and calls can be used only inside an instruction's body");
  return recorder;
}

/** Everything one run of a body recorded. */
export interface Recording {
  readonly statements: readonly Statement[];
  readonly effects: Effects;
  /** Number of temporaries used. */
  readonly temporaries: number;
}

export function record(body: () => Effects, mode = unknownMode): Recording {
  if (recorder !== undefined) throw new Error("a body cannot be built inside another");
  recorder = { statements: [], nextId: 0, mode };
  try {
    const effects = body();
    return { statements: recorder.statements, effects, temporaries: recorder.nextId };
  } finally {
    recorder = undefined;
  }
}

type Value = I32 | I64 | V128;

function block<T extends Value>(build: () => T): Block & { readonly result: T } {
  const outer = current();
  const inner: Recorder = { statements: [], nextId: outer.nextId, mode: outer.mode };
  recorder = inner;
  try {
    const result = build();
    return { statements: inner.statements, value: result.node, result };
  } finally {
    outer.nextId = inner.nextId;
    recorder = outer;
  }
}

/** What an earlier read left behind, of the same type as a value. */
function left(id: number, like: Value): Value {
  const node: Node = { kind: "temporary", type: like.node.type, id };
  if (like instanceof V128) return new V128(node);
  return like instanceof I32 ? new I32(node) : new I64(node);
}

/** Compute once here, use often later. */
export function share<T extends Value>(value: T): T;
export function share(value: Value): Value {
  const r = current();
  const id = r.nextId++;
  r.statements.push({ kind: "let", id, value: value.node });
  return left(id, value);
}

/** Reads that happen only when `condition` holds; `otherwise` gives the value when it does not. */
export function choose<T extends Value>(condition: I32, taken: () => T, otherwise: () => T): T;
export function choose(condition: I32, taken: () => Value, otherwise: () => Value): Value {
  const known = constantOf(condition.node);
  if (known !== undefined) return known === 0n ? otherwise() : taken();
  const a = block(taken);
  const b = block(otherwise);
  const r = current();
  const id = r.nextId++;
  r.statements.push({ kind: "if", id, condition: condition.node, taken: a, otherwise: b });
  return left(id, a.result);
}

/**
 * Call a routine: an algorithm too long for an expression. It may end the instruction with a program
 * interruption; otherwise its result (for most, a condition code) is the value here.
 */
export function call(routine: Routine, ...args: (I32 | I64)[]): I32 {
  const r = current();
  const id = r.nextId++;
  if (args.length !== routine.parameters.length)
    throw new Error(`${routine.name} takes ${routine.parameters.length} arguments`);
  r.statements.push({ kind: "call", id, routine, args: args.map((arg) => arg.node) });
  return new I32({ kind: "temporary", type: "i32", id });
}

// --- storage -------------------------------------------------------------------------------------

function fetch(operand: StorageOperand, offset: number, size: OperandSize): Node {
  const r = current();
  const id = r.nextId++;
  const address = offset === 0 ? operand.address : inMode(operand.address.add(offset));
  r.statements.push({ kind: "fetch", id, size, address: address.node, ar: operand.ar.node });
  return { kind: "temporary", type: size === 16 ? "v128" : size === 8 ? "i64" : "i32", id };
}

function store(operand: StorageOperand, offset: number, size: OperandSize, value: Value): Effect {
  const address = offset === 0 ? operand.address : inMode(operand.address.add(offset));
  return { kind: "store", size, address: address.node, ar: operand.ar.node, value: value.node };
}

/** Fetches zero-extend to 32 bits. Stores take the rightmost bits. Offsets are in bytes. */
export const storage = (operand: StorageOperand) => ({
  fetch8: (offset = 0) => new I32(fetch(operand, offset, 1)),
  fetch16: (offset = 0) => new I32(fetch(operand, offset, 2)),
  fetch32: (offset = 0) => new I32(fetch(operand, offset, 4)),
  fetch64: (offset = 0) => new I64(fetch(operand, offset, 8)),
  fetch128: (offset = 0) => new V128(fetch(operand, offset, 16)),
  store8: (value: I32, offset = 0) => store(operand, offset, 1, value),
  store16: (value: I32, offset = 0) => store(operand, offset, 2, value),
  store32: (value: I32, offset = 0) => store(operand, offset, 4, value),
  store64: (value: I64, offset = 0) => store(operand, offset, 8, value),
  store128: (value: V128, offset = 0) => store(operand, offset, 16, value),
});

// --- registers and PSW ---------------------------------------------------------------------------

/** Files of registers, and of elements, that have 32 bits or less. */
const narrow: ReadonlySet<RegisterFile> = new Set(["ar", "vb", "vh", "vf"]);
const reg = (file: RegisterFile, index: I32, half: "high" | "low" | undefined): Node => ({
  kind: "register",
  type: file === "vr" ? "v128" : half === undefined && !narrow.has(file) ? "i64" : "i32",
  file,
  index: index.node,
  half,
});
const setReg = (file: RegisterFile, index: I32, half: "high" | "low" | undefined, value: Value): Effect => ({
  kind: "setRegister",
  file,
  index: index.node,
  half,
  value: value.node,
});
const number = (index: I32 | number): I32 => (typeof index === "number" ? I32.of(index) : index);

const register64 = (file: RegisterFile) => (which: I32 | number) => {
  const index = number(which);
  return {
    /** Bits 0-63. */
    value: new I64(reg(file, index, undefined)),
    /** Bits 0-31 and 32-63. */
    high: new I32(reg(file, index, "high")),
    low: new I32(reg(file, index, "low")),
    set: (value: I64) => setReg(file, index, undefined, value),
    setHigh: (value: I32) => setReg(file, index, "high", value),
    setLow: (value: I32) => setReg(file, index, "low", value),
  };
};

/** General register. A 32-bit operand is `low`; its other half stays as it is. */
export const gr = register64("gr");
/** Control register. */
export const cr = register64("cr");
/** Floating-point register. A short operand is `high`; the other half stays as it is. */
export const fpr = register64("fpr");
/** Access register. */
export const ar = (which: I32 | number) => {
  const index = number(which);
  return {
    value: new I32(reg("ar", index, undefined)),
    set: (value: I32) => setReg("ar", index, undefined, value),
  };
};

/** Vector register, 0 to 31. */
export const vr = (index: I32) => ({
  value: new V128(reg("vr", index, undefined)),
  set: (value: V128) => setReg("vr", index, undefined, value),
});
const elementFiles = ["vb", "vh", "vf", "vg"] as const;
/** Number of an element among those of all vector registers. */
const elementNumber = (size: ElementSize, register: I32, element: I32): I32 =>
  register.shl(4 - size).add(I32.of(elements(size) - 1).sub(element));
/** Element of a vector register, of a byte, halfword or word: the leftmost one is 0. */
export const vectorElement = (size: 0 | 1 | 2, register: I32, element: I32) => {
  const number = elementNumber(size, register, element);
  return {
    /** Zero-extended. */
    value: new I32(reg(elementFiles[size], number, undefined)),
    set: (value: I32) => setReg(elementFiles[size], number, undefined, value),
  };
};
export const vectorDoubleword = (register: I32, element: I32) => {
  const number = elementNumber(3, register, element);
  return {
    value: new I64(reg("vg", number, undefined)),
    set: (value: I64) => setReg("vg", number, undefined, value),
  };
};

const state32 = (field: StateField) => new I32({ kind: "state", type: "i32", field });
const state64 = (field: StateField) => new I64({ kind: "state", type: "i64", field });
const setState =
  (field: StateField) =>
  (value: I32 | I64): Effect => ({ kind: "setState", field, value: value.node });

/** Address bits that the addressing mode keeps. */
export const inMode = (address: I64): I64 =>
  recorder?.mode.extended === true ? address : address.and(state64("addressMask"));

/** Bit n of a 64-bit value, numbered from the left, as a number with only that bit set. */
export const bit = (n: number): bigint => 1n << BigInt(63 - n);

export const psw = {
  /** Bits 0-63, with the condition code as zeros. */
  mask: state64("pswMask"),
  setMask: setState("pswMask"),
  /** Bits 0-7; DAT and enablement are looked at again. The value is the new bits 0-63. */
  setSystemMask: (mask: I64): Effect => ({ kind: "setSystemMask", value: mask.node }),
  /** What the instruction did to control registers or translations counts for the next instruction. */
  resume: (condition: I32 = I32.of(1)): Effect => ({ kind: "resume", condition: condition.node }),
  problemState: state64("pswMask").and(bit(15)).ne(0),
  dat: state64("pswMask").and(bit(5)).ne(0),
  /** 1 in 64-bit mode; 1 in 31-bit or 64-bit mode. */
  get extendedMode(): I32 {
    return recorder?.mode.extended === true ? I32.of(1) : state64("addressMask").isNegative();
  },
  get basicMode(): I32 {
    return recorder?.mode.extended === true ? I32.of(1) : state64("pswMask").and(bit(32)).ne(0);
  },
  programMask: state64("pswMask").shrU(40).low32().and(15),
  key: state64("pswMask").shrU(52).low32().and(15),
  addressSpace: state64("pswMask").shrU(46).low32().and(3),
  cc: state32("cc"),
  /** Address of this instruction, and of the next sequential one. */
  here: new I64({ kind: "instructionAddress", type: "i64", which: "this" }),
  next: new I64({ kind: "instructionAddress", type: "i64", which: "next" }),
  /** Target of a relative operand: bytes from this instruction, wrapped to the addressing mode. */
  relative: (offset: I64): I64 => new I64({ kind: "relative", type: "i64", offset: offset.node }),
};

export const machine = {
  prefix: state32("prefix"),
  cpuAddress: state32("cpuAddress"),
  fpc: state32("fpc"),
  setFpc: setState("fpc"),
  todProgrammable: state32("todProgrammable"),
  setTodProgrammable: setState("todProgrammable"),
  breakingEvent: state64("breakingEvent"),
  /** Bytes of the EXECUTE that runs this instruction, if one does. */
  executeLength: state32("executeLength"),
};

// --- effects -------------------------------------------------------------------------------------

export const branch = (target: I64): Effect => branchWhen(I32.of(1), target);
export const branchWhen = (condition: I32, target: I64): Effect => ({
  kind: "branch",
  condition: condition.node,
  target: target.node,
});
export const execute = (target: I64, modifier: I32): Effect => ({
  kind: "execute",
  target: target.node,
  modifier: modifier.node,
});
export const when = (condition: I32, ...effects: Effect[]): Effect => ({
  kind: "when",
  condition: condition.node,
  effects,
});

/** 1 when the mask selects the condition code; a mask that is known often needs one comparison. */
function selected(mask: I32): I32 {
  const known = Number(constantOf(mask.node) ?? 0n);
  for (const code of [0, 1, 2, 3]) {
    if (known === 8 >> code) return psw.cc.eq(code);
    if (known === 15 - (8 >> code)) return psw.cc.ne(code);
  }
  if (known === 15) return I32.of(1);
  return mask.shl(psw.cc).and(8).ne(0);
}

const setCc = (rule: ConditionCode["rule"], a: I32 | I64, b?: I32 | I64): Effect => ({
  kind: "setCc",
  cc: { rule, a: a.node, b: b?.node },
});
export const cc = {
  /** 1 when the mask (8, 4, 2, 1 for codes 0-3) selects the current code. */
  in: (mask: I32): I32 => selected(mask),
  set: (value: I32 | number) => setCc("value", number(value)),
  signed: (value: I32 | I64) => setCc("signed", value),
  signedOrOverflow: (value: I32 | I64, overflow: I32) => setCc("signedOrOverflow", value, overflow),
  compareSigned: (a: I32 | I64, b: I32 | I64) => setCc("compareSigned", a, b),
  compareUnsigned: (a: I32 | I64, b: I32 | I64) => setCc("compareUnsigned", a, b),
  notZero: (value: I32 | I64) => setCc("notZero", value),
  addSigned: (sum: I32 | I64, addend: I32 | I64) => setCc("addSigned", sum, addend),
  subtractSigned: (difference: I32 | I64, subtrahend: I32 | I64) =>
    setCc("subtractSigned", difference, subtrahend),
  addLogical: (sum: I32 | I64, addend: I32 | I64) => setCc("addLogical", sum, addend),
  subtractLogical: (minuend: I32 | I64, subtrahend: I32 | I64) =>
    setCc("subtractLogical", minuend, subtrahend),
  underMask: (selected: I32, mask: I32) => setCc("underMask", selected, mask),
  byteUnderMask: (selected: I32, mask: I32) => setCc("byteUnderMask", selected, mask),
};

// --- program interruptions -----------------------------------------------------------------------

const guard = (condition: I32, code: number, dxc = 0): void => {
  const known = condition.node.kind === "const" ? condition.node.value : undefined;
  if (known === 0n) return;
  current().statements.push({ kind: "guard", condition: condition.node, code, dxc });
};

/** Exceptions that end the instruction before anything changes; recognised in the order of the calls. */
export const recognise = {
  operation: (condition: I32) => guard(condition, 0x01),
  privilegedOperation: (condition: I32) => guard(condition, 0x02),
  specification: (condition: I32) => guard(condition, 0x06),
  data: (condition: I32, dxc: number) => guard(condition, 0x07, dxc),
  fixedPointDivide: (condition: I32) => guard(condition, 0x09),
  specialOperation: (condition: I32) => guard(condition, 0x13),
  /** Register numbers that must be even (r) or name a floating-point pair (f). */
  even: (...registers: I32[]) => {
    for (const r of registers) guard(r.and(1), 0x06);
  },
  pair: (...registers: I32[]) => {
    for (const r of registers) guard(r.and(2), 0x06);
  },
};

/** Interruptions that come after the instruction has completed. */
export const program = {
  /**
   * Fixed-point overflow, when the program mask (PSW bit 20) asks for it. Beside a condition code that tells an overflow it
   * is for the same one: the interpreter looks for that once.
   */
  fixedPointOverflow: (overflow: I32): Effect => ({
    kind: "programAfter",
    condition: overflow.and(psw.mask.shrU(43).low32().and(1)).node,
    code: 0x08,
    dxc: 0,
  }),
  /** Data exception of a "load and trap" instruction (DXC FF), which has loaded. */
  trap: (condition: I32): Effect => ({
    kind: "programAfter",
    condition: condition.node,
    code: 0x07,
    dxc: 0xff,
  }),
};

export const none: Node = constant("i32", 0);
