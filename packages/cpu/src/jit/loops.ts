/** The blocks that loops go round. */
import type { UnderstoodBlock as Block } from "./meanings.ts";
import { type Node, dominates } from "./structure.ts";

type Blocks = ReadonlyMap<number, Block>;
type Nodes = ReadonlyMap<number, Node>;

/** Ids of blocks, by the one that a loop begins with. */
export function loopBodies(blocks: Blocks, nodes: Nodes): Map<number, ReadonlySet<number>> {
  const levels = loopLevels(blocks, nodes);
  return new Map([...levels].map(([head, bodies]) => [head, bodies[0] ?? new Set()]));
}

/**
 * The same, with loops that begin with the same block apart: the outermost first. A region that was entered in an inner
 * loop has one block at the begin of that and of all loops around it.
 */
export function loopLevels(blocks: Blocks, nodes: Nodes): Map<number, ReadonlySet<number>[]> {
  const predecessors = predecessorsIn(blocks, nodes);
  const levels = new Map<number, ReadonlySet<number>[]>();
  for (const head of nodes.values()) {
    if (!head.loop) continue;
    const bodies = (predecessors.get(head.id) ?? [])
      .filter((id) => {
        const from = nodes.get(id);
        return from !== undefined && from.order >= head.order && dominates(head, from);
      })
      .map((back) => bodyOf(head.id, back, predecessors))
      .sort((a, b) => a.size - b.size);
    levels.set(head.id, nested(bodies));
  }
  return levels;
}

function predecessorsIn(blocks: Blocks, nodes: Nodes): Map<number, number[]> {
  const predecessors = new Map<number, number[]>();
  for (const id of nodes.keys()) {
    for (const to of blocks.get(id)?.successors ?? []) {
      const list = predecessors.get(to.id);
      if (list === undefined) predecessors.set(to.id, [id]);
      else list.push(id);
    }
  }
  return predecessors;
}

/** What lies between the first block of a loop and one that leads back to it. */
function bodyOf(
  head: number,
  back: number,
  predecessors: ReadonlyMap<number, readonly number[]>,
): Set<number> {
  const body = new Set([head]);
  const pending = [back];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (body.has(id)) continue;
    body.add(id);
    pending.push(...(predecessors.get(id) ?? []));
  }
  return body;
}

/** Bodies, the smallest first, that contain each other; those that do not are one loop. */
function nested(bodies: readonly ReadonlySet<number>[]): ReadonlySet<number>[] {
  const levels: ReadonlySet<number>[] = [];
  for (const body of bodies) {
    const inner = levels[0];
    const isAround = inner === undefined || [...inner].every((id) => body.has(id));
    if (isAround && body.size !== inner?.size) levels.unshift(body);
    else if (!isAround) levels[0] = new Set([...inner, ...body]);
  }
  return levels;
}
