/** Condition codes that are not computed before they are asked for. */
import type { ConditionCode, Node } from "@lockframe/instructions";
import { I32, I64 } from "@lockframe/instructions";
import { overflows } from "../lower/instruction.ts";

/** How a condition code is described: 0 by its number, others by a rule and the type of its operands. */
export type Rule = number;
export const VALUE: Rule = 0;

/** In place of a rule: the CPU's block has the code. */
export const CLEAN = 24;
/** A set of rules, as bits. */
export type Codes = number;
export const isOne = (codes: Codes): boolean => (codes & (codes - 1)) === 0;
export const ruleIn = (codes: Codes): Rule => 31 - Math.clz32(codes);
export const codesOf = (codes: Codes): Rule[] =>
  Array.from({ length: CLEAN + 1 }, (_, rule) => rule).filter((rule) => codes & (1 << rule));

const names = [
  "signed",
  "signedOrOverflow",
  "compareSigned",
  "compareUnsigned",
  "notZero",
  "addLogical",
  "subtractLogical",
  "addSigned",
  "subtractSigned",
  "underMask",
  "byteUnderMask",
] as const;

export function ruleOf({ rule, a }: ConditionCode): Rule {
  if (rule === "value") return VALUE;
  return 1 + 2 * names.indexOf(rule) + (a.type === "i64" ? 1 : 0);
}
export const isWide = (rule: Rule): boolean => rule % 2 === 0;
/** How many of the two operands a rule, or the code's number, takes. */
export function operandsOf(rule: Rule): number {
  if (rule === CLEAN) return 0;
  const name = nameOf(rule);
  return rule === VALUE || name === "signed" || name === "notZero" ? 1 : 2;
}
export const nameOf = (rule: Rule): ConditionCode["rule"] => names[(rule - 1) >> 1] ?? "value";

const isCode = (node: Node): boolean => node.kind === "state" && node.field === "cc";

/** The mask of BRANCH ON CONDITION when an expression is its test, as `cc.in` writes it. */
export function testedMask(node: Node): number | undefined {
  if (node.kind !== "binary" || node.b.kind !== "const") return undefined;
  const { op, a } = node;
  const constant = Number(node.b.value);
  if (isCode(a)) {
    if (op === "eq") return 8 >> constant;
    return op === "ne" ? 15 - (8 >> constant) : undefined;
  }
  if (op !== "ne" || constant !== 0 || a.kind !== "binary" || a.op !== "and") return undefined;
  const { a: shifted, b: selector } = a;
  if (selector.kind !== "const" || selector.value !== 8n) return undefined;
  if (shifted.kind !== "binary" || shifted.op !== "shl" || !isCode(shifted.b)) return undefined;
  return shifted.a.kind === "const" ? Number(shifted.a.value) : undefined;
}

/**
 * Whether a mask selects the code that a rule describes, as one expression; undefined when there is none better than
 * to compute the code. Mask bits: 8, 4, 2, 1 for codes 0 to 3.
 */
export function test(rule: ConditionCode["rule"], a: I32 | I64, b: I32 | I64, mask: number): I32 | undefined {
  const zero = a instanceof I64 ? I64.of(0) : I32.of(0);
  switch (rule) {
    case "signed":
      return ordered(a, zero, (mask >> 1) & 7, true);
    case "compareSigned":
      return ordered(a, b, (mask >> 1) & 7, true);
    case "compareUnsigned":
      return ordered(a, b, (mask >> 1) & 7, false);
    case "notZero":
      return ordered(a, zero, ((mask >> 3) & 1) * 4 + ((mask >> 2) & 1) * 3, false);
    case "subtractLogical":
      // 1 low, 2 equal, 3 high
      return ordered(a, b, ((mask >> 1) & 1) * 4 + ((mask >> 2) & 1) * 2 + (mask & 1), false);
    case "signedOrOverflow": {
      const inRange = ordered(a, zero, (mask >> 1) & 7, true);
      return (b as I32).select(I32.of(mask & 1), inRange);
    }
    case "underMask":
    case "byteUnderMask":
      if (mask === 8) return compare("eq", a, zero);
      if (mask === 7) return compare("ne", a, zero);
      if (mask === 1) return compare("eq", a, b).and(compare("ne", a, zero));
      if (mask === 14) return compare("ne", a, b).or(compare("eq", a, zero));
      return undefined;
    case "addSigned":
    case "subtractSigned":
      return overflows(rule, a, b).select(I32.of(mask & 1), ordered(a, zero, (mask >> 1) & 7, true));
    case "addLogical":
      // bit 0 of the code: the sum is not zero; bit 1: carry
      if (mask === 3) return compare("ltU", a, b);
      if (mask === 12) return compare("geU", a, b);
      if (mask === 10) return compare("eq", a, zero);
      if (mask === 5) return compare("ne", a, zero);
      return undefined;
    case "value":
      return undefined;
  }
}

type Comparison = "eq" | "ne" | "ltS" | "ltU" | "gtS" | "gtU" | "leS" | "leU" | "geS" | "geU";
const compare = (op: Comparison, a: I32 | I64, b: I32 | I64): I32 =>
  a instanceof I64 ? a[op](b as I64) : a[op](b as I32);

/** Outcomes: 4 equal, 2 low, 1 high. */
function ordered(a: I32 | I64, b: I32 | I64, outcomes: number, signed: boolean): I32 {
  const of = (s: Comparison, u: Comparison) => compare(signed ? s : u, a, b);
  switch (outcomes) {
    case 0:
      return I32.of(0);
    case 1:
      return of("gtS", "gtU");
    case 2:
      return of("ltS", "ltU");
    case 3:
      return compare("ne", a, b);
    case 4:
      return compare("eq", a, b);
    case 5:
      return of("geS", "geU");
    case 6:
      return of("leS", "leU");
    default:
      return I32.of(1);
  }
}
