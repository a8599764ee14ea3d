/** Where the condition code may be asked for. */
import type { Branch } from "./decoder.ts";
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { type Successor, crossesPage } from "./region.ts";
import { registerUse } from "./registers.ts";
import type { Node } from "./structure.ts";

/**
 * Loops whose first block sets the condition code before anything asks for it: there is no code to be kept where they go
 * back, unless the region can be left there.
 */
export function findPolls({ blocks }: Region, nodes: ReadonlyMap<number, Node>): ReadonlyMap<number, number> {
  const polls = new Map<number, number>();
  for (const { id, loop } of nodes.values()) {
    const instructions = blocks.get(id)?.instructions ?? [];
    const first = instructions.findIndex(({ recording }) => registerUse(recording).sets);
    if (loop && first < instructions.length - 1 && firstUse(instructions) === "sets") polls.set(id, first);
  }
  return polls;
}

/** Blocks that ask for the condition code, or may be left, before they set it. */
export function needingCode(
  { blocks }: Region,
  nodes: ReadonlyMap<number, Node>,
  offset: number,
  polls: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  // An edge backward is a way out, too, and so is one to another page.
  const orderOf = (id: number) => nodes.get(id)?.order ?? 0;
  const needing = new Set<number>();
  const open: Block[] = [];
  for (const block of blocks.values()) {
    const use = firstUse(block.instructions);
    if (use === "needs") needing.add(block.id);
    else if (use === undefined) {
      const maybeLeft = (to: Successor) =>
        (orderOf(to.id) <= orderOf(block.id) && !polls.has(to.id)) ||
        crossesPage(offset, block.distance, to.distance);
      if (block.successors.some(maybeLeft)) needing.add(block.id);
      else open.push(block);
    }
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const { id, successors } of open) {
      if (needing.has(id)) continue;
      if (successors.length > 0 && successors.every((to) => blocks.has(to.id) && !needing.has(to.id)))
        continue;
      needing.add(id);
      changed = true;
    }
  }
  return needing;
}

function firstUse(instructions: readonly Understood[]): "needs" | "sets" | undefined {
  for (const instruction of instructions) {
    if (!onlyComputes(instruction)) return "needs";
    if (instruction.recording.effects.some((e) => e.kind === "setCc")) return "sets";
  }
  return undefined;
}

/** It neither asks for the condition code nor is there a way out of it, but by a branch to a known place. */
export function onlyComputes({ recording, branch }: Understood): boolean {
  const { statements, effects } = recording;
  const plain = effects.every((e) => e.kind === "setRegister" || e.kind === "setCc" || e.kind === "branch");
  const away = branch !== undefined && branch.distance === undefined;
  return plain && !away && statements.every((s) => s.kind === "let") && !registerUse(recording).code;
}

/** It goes to a known place whatever happens, and does nothing else. */
export const isJump = ({ always, distance, link, leaves }: Branch): boolean =>
  always && distance !== undefined && link === undefined && leaves !== true;
