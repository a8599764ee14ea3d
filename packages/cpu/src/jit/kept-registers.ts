/** Which general registers stay in locals where ways meet: those that a loop goes round with. */
import { loopBodies } from "./loops.ts";
import type { UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { registerUse } from "./registers.ts";
import type { Node } from "./structure.ts";

/** More do not fit into the host's registers. */
const MOST_KEPT = 10;

/** Sets of registers, as bits, by the id of the block where ways meet; for blocks within loops. */
export function keptRegisters(
  { blocks }: Region,
  nodes: ReadonlyMap<number, Node>,
): ReadonlyMap<number, number> {
  const inLoops = [...loopBodies(blocks, nodes).values()];
  const kept = new Map<number, number>();
  if (inLoops.length === 0) return kept;
  const live = liveAtBegin(blocks, nodes);
  // The smallest loop around a block comes last.
  for (const body of inLoops.sort((a, b) => b.size - a.size)) {
    const frequent = mostUsed(blocks, body);
    for (const id of body) {
      const node = nodes.get(id);
      if (node?.merge === true || node?.loop === true) kept.set(id, frequent & (live.get(id) ?? 0));
    }
  }
  return kept;
}

function mostUsed(blocks: ReadonlyMap<number, Block>, body: ReadonlySet<number>): number {
  const uses = Array.from({ length: 16 }, (_, n) => ({ n, count: 0 }));
  for (const id of body) {
    for (const { recording } of blocks.get(id)?.instructions ?? []) {
      const { read, written } = registerUse(recording);
      for (const use of uses) if ((read | written) & (1 << use.n)) use.count += 1;
    }
  }
  const most = uses.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  return most.slice(0, MOST_KEPT).reduce((set, { n }) => set | (1 << n), 0);
}

/** Registers whose contents where a block begins may be asked for. */
export function liveAtBegin(
  blocks: ReadonlyMap<number, Block>,
  nodes: ReadonlyMap<number, Node>,
): ReadonlyMap<number, number> {
  const live = new Map<number, number>();
  const backward = [...nodes.keys()].reverse();
  for (let changed = true; changed;) {
    changed = false;
    for (const id of backward) {
      const block = blocks.get(id);
      if (block === undefined) continue;
      let set = block.successors.reduce((all, to) => all | (live.get(to.id) ?? 0), 0);
      for (const { recording } of block.instructions.toReversed()) {
        const { read, written } = registerUse(recording);
        set = (set & ~written) | read;
      }
      if (set === live.get(id)) continue;
      live.set(id, set);
      changed = true;
    }
  }
  return live;
}
