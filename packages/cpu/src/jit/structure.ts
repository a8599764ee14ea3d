/**
 * From a graph of blocks to WebAssembly's structured control: which edges go backward, what dominates what.
 * Source: N. Ramsey, "Beyond Relooper: Recursive Translation of Unstructured Control Flow to Structured Control
 * Flow", ICFP 2022.
 */
export interface Graph {
  readonly entry: number;
  successors(node: number): readonly number[];
}

export interface Node {
  readonly id: number;
  /** Position in reverse postorder; edges to a lower or the same number go backward. */
  readonly order: number;
  /** The block that dominates it immediately, and those that it dominates so, by their order. */
  readonly dominator: Node | undefined;
  readonly children: readonly Node[];
  /** Several edges go forward to it, so that it needs a label. */
  readonly merge: boolean;
  /** An edge goes backward to it from a block that it dominates. */
  readonly loop: boolean;
}

interface Draft extends Node {
  readonly predecessors: Draft[];
  dominator: Draft | undefined;
  readonly children: Draft[];
  merge: boolean;
  loop: boolean;
}

/** Nodes that the entry reaches, by id. */
export function structure(graph: Graph): ReadonlyMap<number, Node> {
  const order = reversePostorder(graph);
  const drafts = new Map<number, Draft>();
  order.forEach((id, n) =>
    drafts.set(id, {
      id,
      order: n,
      predecessors: [],
      dominator: undefined,
      children: [],
      merge: false,
      loop: false,
    }),
  );
  for (const from of drafts.values()) {
    // Two edges between the same blocks count as two.
    for (const to of graph.successors(from.id)) drafts.get(to)?.predecessors.push(from);
  }
  const inOrder = [...drafts.values()];
  findDominators(inOrder);
  for (const node of inOrder) {
    const forward = node.predecessors.filter((p) => p.order < node.order);
    node.merge = forward.length > 1;
    node.loop = node.predecessors.some((p) => p.order >= node.order && dominates(node, p));
    node.dominator?.children.push(node);
  }
  return drafts;
}

/** Whether an edge backward can be a `br` to a loop: else control enters a loop in its middle. */
export function dominates(node: Node, other: Node): boolean {
  let at: Node | undefined = other;
  while (at !== undefined && at.order > node.order) at = at.dominator;
  return at === node;
}

function reversePostorder({ entry, successors }: Graph): number[] {
  const seen = new Set<number>([entry]);
  const result: number[] = [];
  const stack = [{ id: entry, rest: [...successors(entry)] }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      result.push(top.id);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push({ id: next, rest: [...successors(next)] });
    }
  }
  return result.reverse();
}

/** Source: K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm". */
function findDominators(inOrder: readonly Draft[]): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const node of inOrder) {
      if (node.order === 0) continue;
      let dominator: Draft | undefined;
      for (const p of node.predecessors) {
        if (p.order !== 0 && p.dominator === undefined) continue;
        dominator = dominator === undefined ? p : common(dominator, p);
      }
      if (dominator !== node.dominator) {
        node.dominator = dominator;
        changed = true;
      }
    }
  }
}
function common(a: Draft, b: Draft): Draft {
  let [x, y]: [Draft | undefined, Draft | undefined] = [a, b];
  while (x !== y) {
    if (x === undefined || y === undefined) throw new Error("the entry dominates every block");
    if (x.order > y.order) x = x.dominator;
    else y = y.dominator;
  }
  if (x === undefined) throw new Error("the entry dominates every block");
  return x;
}
