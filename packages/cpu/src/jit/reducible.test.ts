import { describe, expect, it } from "vitest";
import type { UnderstoodBlock as Block } from "./meanings.ts";
import { reducible } from "./reducible.ts";
import type { Successor } from "./region.ts";
import { dominates, structure } from "./structure.ts";

/** Blocks with one instruction each, whatever it is. */
function graph(successors: readonly (readonly number[])[]): Map<number, Block> {
  const block = (id: number, to: readonly number[]): Block => ({
    id,
    distance: 2 * id,
    instructions: Array.from({ length: 1 }),
    successors: to.map((next) => ({ id: next, distance: 2 * next })),
    backs: [],
  });
  return new Map(successors.map((to, id) => [id, block(id, to)]));
}

const nodesOf = (blocks: ReadonlyMap<number, Block>) =>
  structure({ entry: 0, successors: (id) => (blocks.get(id)?.successors ?? []).map((to) => to.id) });

/** Edges backward into the middle of a loop. */
function intoLoops(blocks: ReadonlyMap<number, Block>): [number, number][] {
  const nodes = nodesOf(blocks);
  return [...nodes.values()].flatMap((from) =>
    (blocks.get(from.id)?.successors ?? []).flatMap((to): [number, number][] => {
      const next = nodes.get(to.id);
      if (next === undefined || next.order > from.order || dominates(next, from)) return [];
      return [[from.id, to.id]];
    }),
  );
}

/** Where a way leads in the end. */
function destination(blocks: ReadonlyMap<number, Block>, to: Successor): number {
  const next = to.enters === undefined ? undefined : blocks.get(to.id)?.successors[to.enters];
  return next === undefined ? to.id : destination(blocks, next);
}

describe("loops that are entered in several places", () => {
  it("leaves others as they are", () => {
    const blocks = graph([[1], [2, 3], [1], []]);
    expect(reducible(blocks, 0)).toBe(blocks);
  });

  it("get one block at their begin", () => {
    const before = graph([[1, 2], [2], [1]]);
    expect(intoLoops(before)).toHaveLength(1);
    const after = reducible(before, 0);
    expect(after.size).toBe(4);
    expect(intoLoops(after)).toEqual([]);
  });

  it("lead to the same blocks as before, whatever they are", () => {
    let state = 12345;
    const below = (n: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % n;
    };
    let entangled = 0;
    for (let n = 0; n < 400; n++) {
      const size = 3 + below(14);
      const before = graph(
        Array.from({ length: size }, () => Array.from({ length: below(4) }, () => below(size))),
      );
      const after = reducible(before, 0);
      if (intoLoops(before).length > 0) entangled += 1;
      expect(intoLoops(after)).toEqual([]);
      for (const [id, block] of before)
        expect(after.get(id)?.successors.map((to) => destination(after, to))).toEqual(
          block.successors.map((to) => to.id),
        );
    }
    expect(entangled).toBeGreaterThan(40);
  });
});
