/**
 * Loops that are entered in several places, which WebAssembly does not have: such a loop gets a block without instructions
 * at its begin, which every way to one of these places goes by, and which leads to where the way was to go.
 * Source: the pass of LLVM that fixes irreducible control flow for WebAssembly.
 */
import type { UnderstoodBlock as Block } from "./meanings.ts";
import type { Successor } from "./region.ts";

type Blocks = ReadonlyMap<number, Block>;

/** Less than the ids of all blocks of a program. */
const NO_DISTANCE = -0x1_0000_0000;

/** An id for a block more. */
export const unusedId = (blocks: Blocks): number => NO_DISTANCE - blocks.size;

/** Blocks with every loop entered at one place; the same ones when they are so already. */
export function reducible(blocks: Blocks, entry: number): Blocks {
  const result = new Map(blocks);
  enterLoopsOnce(result, reachable(blocks, entry), entry);
  return result.size === blocks.size ? blocks : result;
}

function reachable(blocks: Blocks, entry: number): Set<number> {
  const found = new Set([entry]);
  for (const id of found)
    for (const to of blocks.get(id)?.successors ?? []) if (blocks.has(to.id)) found.add(to.id);
  return found;
}

/** Loops among blocks that are entered at `head` alone, and the loops in these. */
function enterLoopsOnce(blocks: Map<number, Block>, among: ReadonlySet<number>, head: number): void {
  for (const loop of loopsIn(blocks, among, head)) {
    const entries = entriesOf(blocks, among, loop);
    const [only] = entries;
    if (only === undefined) continue;
    const first = entries.length === 1 ? only : meetBefore(blocks, among, entries);
    enterLoopsOnce(blocks, new Set([...loop, first]), first);
  }
}

/** Where a block leads to, of some blocks. */
const waysWithin = (blocks: Blocks, id: number, among: ReadonlySet<number>): Successor[] =>
  (blocks.get(id)?.successors ?? []).filter((to) => among.has(to.id));

/** Blocks of a loop that others lead to. */
function entriesOf(blocks: Blocks, among: ReadonlySet<number>, loop: ReadonlySet<number>): number[] {
  const entries = new Set<number>();
  for (const id of among)
    if (!loop.has(id)) for (const to of waysWithin(blocks, id, loop)) entries.add(to.id);
  return [...entries];
}

/** A new block through which all ways from blocks of `among` to some of them go. */
function meetBefore(
  blocks: Map<number, Block>,
  among: ReadonlySet<number>,
  entries: readonly number[],
): number {
  const id = unusedId(blocks);
  const distanceOf = (entry: number): number => blocks.get(entry)?.distance ?? 0;
  const redirected = (to: Successor): Successor => {
    const enters = entries.indexOf(to.id);
    return enters === -1 ? to : { id, distance: to.distance, enters };
  };
  for (const from of among) {
    const block = blocks.get(from);
    if (block?.successors.some((to) => entries.includes(to.id)))
      blocks.set(from, { ...block, successors: block.successors.map(redirected) });
  }
  const successors = entries.map((entry) => ({ id: entry, distance: distanceOf(entry) }));
  blocks.set(id, { id, distance: successors[0]?.distance ?? 0, instructions: [], successors, backs: [] });
  return id;
}

/**
 * Sets of blocks that lead to each other other than by way of `head`.
 * Source: R. Tarjan, "Depth-First Search and Linear Graph Algorithms".
 */
function loopsIn(blocks: Blocks, among: ReadonlySet<number>, head: number): Set<number>[] {
  const numbers = new Map<number, number>();
  const stack: number[] = [];
  const open = new Set<number>();
  const found: Set<number>[] = [];
  const visit = (id: number): number => {
    const number = numbers.size;
    numbers.set(id, number);
    stack.push(id);
    open.add(id);
    let low = number;
    const next = waysWithin(blocks, id, among).filter((to) => to.id !== head);
    for (const to of next) {
      if (!numbers.has(to.id)) low = Math.min(low, visit(to.id));
      else if (open.has(to.id)) low = Math.min(low, numbers.get(to.id) ?? low);
    }
    if (low === number) {
      const members = stack.splice(stack.indexOf(id));
      for (const member of members) open.delete(member);
      if (members.length > 1 || next.some((to) => to.id === id)) found.push(new Set(members));
    }
    return low;
  };
  for (const id of among) if (id !== head && !numbers.has(id)) visit(id);
  return found;
}
