/**
 * Tail duplication. A few instructions that only compute and then go on elsewhere are there once for each block that leads to
 * them: they cost less than the label where these ways would meet, a branch can go both of its ways at once when nobody
 * else comes by one of them (`choices.ts`), and fewer loops are entered in several places.
 */
import { isJump, onlyComputes } from "./asked-code.ts";
import type { UnderstoodBlock as Block } from "./meanings.ts";
import { unusedId } from "./reducible.ts";

type Blocks = ReadonlyMap<number, Block>;

/** Instructions in such a block, with the branch. */
const MOST = 3;

/** Blocks with copies of those that are so small; the same ones when there are none. */
export function withCopies(blocks: Blocks, entry: number): Blocks {
  const result = new Map(blocks);
  const leading = new Map<number, number[]>();
  for (const { id, successors } of blocks.values())
    for (const to of new Set(successors.map((s) => s.id))) leading.set(to, [...(leading.get(to) ?? []), id]);
  for (const small of blocks.values()) {
    if (small.id === entry || !isSmall(small)) continue;
    const [, ...others] = leading.get(small.id) ?? [];
    for (const other of others) {
      const from = result.get(other);
      if (from === undefined) continue;
      const id = unusedId(result);
      const successors = from.successors.map((to) => (to.id === small.id ? { ...to, id } : to));
      result.set(id, { ...small, id });
      result.set(other, { ...from, successors });
    }
  }
  return result.size === blocks.size ? blocks : result;
}

function isSmall({ id, instructions, successors }: Block): boolean {
  const branch = instructions.at(-1)?.branch;
  const elsewhere = successors.length === 1 && successors[0]?.id !== id;
  const isShort = instructions.length <= MOST && instructions.every(onlyComputes);
  return branch !== undefined && isJump(branch) && elsewhere && isShort;
}
