/** Which general registers, and whether the condition code, instructions use, from what their definitions say. */
import type { Effect, Node, Recording, Statement } from "@lockframe/instructions";

/** Sets of register numbers, as bits. */
export interface RegisterUse {
  readonly read: number;
  /** Those that are written; what is written in part only, or not on every way, counts as read, too. */
  readonly written: number;
  /** Of those that are read: as a whole, or their left half; and those whose right half is kept where it is not written. */
  readonly whole: number;
  readonly keptRight: number;
  /** Of those that are written: the right half alone. */
  readonly writtenRight: number;
  /** The condition code is asked for; it is set. */
  readonly code: boolean;
  readonly sets: boolean;
}

/** Routines whose only effect on registers is that on the row which their arguments 2 and 3 name. */
export const rowRoutines: ReadonlySet<string> = new Set(["loadMultiple", "storeMultiple"]);

const known = new WeakMap<Recording, RegisterUse>();

export function registerUse(recording: Recording): RegisterUse {
  let use = known.get(recording);
  if (use === undefined) known.set(recording, (use = find(recording)));
  return use;
}

/** Of instructions in sequence, without regard to their order. */
export const usesOf = (recordings: readonly Recording[]): RegisterUse =>
  find({
    statements: recordings.flatMap(({ statements }) => statements),
    effects: recordings.flatMap(({ effects }) => effects),
  });

/** Arguments of a row routine. File: 0 general registers, 1 their right halves; others are not kept in locals. */
export function rowOf(s: Statement & { kind: "call" }): { first: number; last: number; file: number } {
  const [, , first, last, file] = s.args.map((arg) => (arg.kind === "const" ? Number(arg.value) : undefined));
  if (first === undefined || last === undefined || file === undefined)
    throw new Error("a row's registers are constants in compiled code");
  return { first, last, file };
}

/** Registers r1 to r3, wrapping from 15 to 0. */
export function row(first: number, last: number): number[] {
  const count = ((last - first) & 15) + 1;
  return Array.from({ length: count }, (_, n) => (first + n) & 15);
}

function find({ statements, effects }: Pick<Recording, "statements" | "effects">): RegisterUse {
  let read = 0;
  let written = 0;
  let whole = 0;
  let keptRight = 0;
  let writtenWhole = 0;
  let code = false;
  let sets = false;
  const seen = new Set<Node>();
  const numberOf = (index: Node): number => {
    if (index.kind !== "const") throw new Error("a register's number is a constant in compiled code");
    return 1 << Number(index.value);
  };
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "unary") visit(node.a);
    else if (node.kind === "binary") [node.a, node.b].forEach(visit);
    else if (node.kind === "select") [node.condition, node.a, node.b].forEach(visit);
    else if (node.kind === "float" || node.kind === "vector") node.operands.forEach(visit);
    else if (node.kind === "relative") visit(node.offset);
    else if (node.kind === "state" && node.field === "cc") code = true;
    else if (node.kind === "register") {
      if (node.file === "gr") {
        read |= numberOf(node.index);
        if (node.half !== "low") whole |= numberOf(node.index);
      } else visit(node.index);
    }
  };
  const statement = (s: Statement): void => {
    if (s.kind === "let") visit(s.value);
    else if (s.kind === "fetch") [s.address, s.ar].forEach(visit);
    else if (s.kind === "guard") visit(s.condition);
    else if (s.kind === "call") {
      s.args.forEach(visit);
      if (!rowRoutines.has(s.routine.name)) return;
      const { first, last, file } = rowOf(s);
      if (file > 1) return;
      const loads = s.routine.name === "loadMultiple";
      for (const n of row(first, last)) {
        if (!loads || file !== 0) read |= 1 << n;
        if (!loads && file === 0) whole |= 1 << n;
        if (loads) written |= 1 << n;
        if (loads && file === 0) writtenWhole |= 1 << n;
      }
    } else {
      visit(s.condition);
      for (const b of [s.taken, s.otherwise]) {
        b.statements.forEach(statement);
        visit(b.value);
      }
    }
  };
  const effect = (e: Effect, always = true): void => {
    if (e.kind === "setCc") sets = true;
    if (e.kind === "setRegister") {
      if (e.file === "gr") {
        const one = numberOf(e.index);
        written |= one;
        if (e.half !== undefined || !always) read |= one;
        if (e.half !== "low") writtenWhole |= one;
        if (e.half === "high" || (e.half === undefined && !always)) whole |= one;
        if (e.half === "low" && !always) keptRight |= one;
      } else visit(e.index);
      visit(e.value);
    } else if (e.kind === "setState" || e.kind === "setSystemMask") visit(e.value);
    else if (e.kind === "store") [e.address, e.ar, e.value].forEach(visit);
    else if (e.kind === "setCc") [e.cc.a, ...(e.cc.b === undefined ? [] : [e.cc.b])].forEach(visit);
    else if (e.kind === "branch") [e.condition, e.target].forEach(visit);
    else if (e.kind === "programAfter" || e.kind === "resume") visit(e.condition);
    else if (e.kind === "execute") [e.target, e.modifier].forEach(visit);
    else {
      visit(e.condition);
      e.effects.forEach((inner) => effect(inner, false));
    }
  };
  statements.forEach(statement);
  effects.forEach((e) => effect(e));
  const writtenRight = written & ~writtenWhole;
  return { read, written, whole, keptRight, writtenRight, code, sets };
}
