/**
 * If-conversion. Branches over so little that doing it in vain costs less than a wrong guess of the host's: both ways are gone
 * at once, and the branch's condition selects what each of them leaves.
 */
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { type Successor, crossesPage } from "./region.ts";
import { type RegisterUse, registerUse, usesOf } from "./registers.ts";
import type { Node } from "./structure.ts";

export interface Choice {
  /** What the branch goes over, and what that does with registers and the condition code. */
  readonly over: Block;
  readonly use: RegisterUse;
  /** Where both ways meet. */
  readonly meeting: Successor;
}

/** Instructions that a branch may go over. */
const MOST = 2;

/** Of the branch that ends a block. */
export function findChoice(
  { blocks, offset }: Region,
  nodes: ReadonlyMap<number, Node>,
  { id, distance, instructions, successors }: Block,
): Choice | undefined {
  const last = instructions.at(-1);
  const [next, meeting] = successors;
  if (last?.branch?.distance === undefined || last.branch.link !== undefined) return undefined;
  if (successors.length !== 2 || next === undefined || meeting === undefined) return undefined;
  const over = blocks.get(next.id);
  const [from, between, to] = [id, next.id, meeting.id].map((of) => nodes.get(of));
  if (over === undefined || from === undefined || between === undefined || to === undefined) return undefined;
  if (between.merge || between.loop || !to.merge || to.order <= from.order) return undefined;
  const [onward] = over.successors;
  const meets = over.successors.length === 1 && onward?.id === meeting.id;
  if (!meets || [next, meeting, onward].some((way) => way.enters !== undefined)) return undefined;
  if ([next, meeting].some((way) => crossesPage(offset, distance, way.distance))) return undefined;
  if (over.instructions.length > MOST || !over.instructions.every(isPlain)) return undefined;
  return { over, use: usesOf(over.instructions.map(({ recording }) => recording)), meeting };
}

/** It only computes, from general registers into them and into the condition code, and always ends. */
function isPlain({ recording, branch }: Understood): boolean {
  const { statements, effects } = recording;
  if (branch !== undefined || registerUse(recording).code) return false;
  const inRegisters = effects.every(
    (e) => e.kind === "setCc" || (e.kind === "setRegister" && e.file === "gr"),
  );
  return inRegisters && statements.every((s) => s.kind === "let");
}
