/** Exceptions that the program mask allows: fixed-point overflow, above all. */
import type { Effect, Node, Recording } from "@lockframe/instructions";

/** The parts of a condition that counts only under a mask in the PSW, which no effect beside it changes. */
export function maskedByPsw(node: Node): { readonly condition: Node; readonly mask: Node } | undefined {
  const ofPsw = (n: Node): boolean =>
    n.kind === "const" ||
    (n.kind === "state" && n.field === "pswMask") ||
    (n.kind === "unary" && ofPsw(n.a)) ||
    (n.kind === "binary" && ofPsw(n.a) && ofPsw(n.b));
  if (node.kind !== "binary" || node.op !== "and" || node.b.kind === "const" || !ofPsw(node.b))
    return undefined;
  return { condition: node.a, mask: node.b };
}

/** The same instruction while the program mask is zero. */
export function unmasked(recording: Recording): Recording {
  const never = (e: Effect): boolean => e.kind === "programAfter" && maskedByPsw(e.condition) !== undefined;
  return { ...recording, effects: recording.effects.filter((e) => !never(e)) };
}
