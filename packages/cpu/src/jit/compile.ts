/** From a region to the body of a WebAssembly function. */
import { I32 } from "@lockframe/instructions";
import type { Emitter, Label } from "../lower/emitter.ts";
import type { Callees } from "../lower/instruction.ts";
import type { FunctionBody } from "../wasm/module.ts";
import { VALUE } from "./condition.ts";
import { type Knowledge, RegionContext } from "./context.ts";
import type { Decoded } from "./decoder.ts";
import { RegionLowering } from "./lowering.ts";
import type { Block, Region } from "./region.ts";
import { registerUse } from "./registers.ts";
import { type Node, dominates, structure } from "./structure.ts";

/** Functions that regions call. */
export interface RegionCallees extends Callees {
  /** Where a region ends that does not know what comes next; see `defineChain`. */
  readonly chain: number;
}

export function compile(region: Region, callees: RegionCallees): FunctionBody {
  return new RegionCompiler(region, callees).compile();
}

class RegionCompiler {
  readonly #region: Region;
  readonly #callees: RegionCallees;
  readonly #context: RegionContext;
  readonly #nodes: ReadonlyMap<number, Node>;
  /** Blocks at whose begin the condition code may be asked for. */
  readonly #needsCode: ReadonlySet<number>;
  readonly #loops = new Map<Node, Label>();
  readonly #merges = new Map<Node, Label>();

  constructor(region: Region, callees: RegionCallees) {
    this.#region = region;
    this.#callees = callees;
    const { entry, blocks } = region;
    this.#nodes = structure({
      entry,
      successors: (id) => (blocks.get(id)?.successors ?? []).filter((to) => blocks.has(to)),
    });
    let used = 0;
    let written = 0;
    for (const place of this.#nodes.keys()) {
      for (const { recording } of this.#block(place).instructions) {
        const use = registerUse(recording);
        used |= use.read | use.written;
        written |= use.written;
      }
    }
    this.#context = new RegionContext(entry, used, written);
    this.#needsCode = needingCode(region, this.#nodes);
  }

  compile(): FunctionBody {
    const context = this.#context;
    const root = this.#node(this.#region.entry);
    context.body(this.#callees.chain, () => this.#tree(context.e, root, { rule: VALUE }));
    return context.e.body;
  }
  #block(place: number): Block {
    const block = this.#region.blocks.get(place);
    if (block === undefined) throw new Error("the region has no such block");
    return block;
  }
  #node(place: number): Node {
    const node = this.#nodes.get(place);
    if (node === undefined) throw new Error("the region does not reach its block");
    return node;
  }

  /** A block and those that it dominates. */
  #tree(e: Emitter, node: Node, knowledge: Knowledge): void {
    const merges = node.children.filter((child) => child.merge).reverse();
    if (!node.loop) {
      this.#within(e, node, merges, knowledge);
      return;
    }
    this.#context.materialize(e, knowledge);
    e.loop((_, label) => {
      this.#loops.set(node, label);
      this.#within(e, node, merges, knowledge);
    });
  }
  /** The labels of the blocks where ways meet again, the last of them outermost, and the block itself. */
  #within(e: Emitter, node: Node, merges: readonly Node[], knowledge: Knowledge): void {
    const [merge, ...rest] = merges;
    if (merge === undefined) {
      this.#instructions(e, node, knowledge);
      return;
    }
    e.block((_, label) => {
      this.#merges.set(merge, label);
      this.#within(e, node, rest, knowledge);
    });
    this.#tree(e, merge, { rule: VALUE });
  }

  #instructions(e: Emitter, node: Node, knowledge: Knowledge): void {
    const context = this.#context;
    const { instructions } = this.#block(node.id);
    e.set(context.budget, context.budget.value.sub(instructions.length));
    instructions.forEach((decoded, n) => {
      const setting = {
        context,
        knowledge,
        following: instructions.length - 1 - n,
        edge: (from: Emitter, place: number) => this.#edge(from, node, place, { ...knowledge }),
      };
      e.body.reusingLocals(() => {
        try {
          new RegionLowering(this.#callees, decoded, setting, e).compile();
        } catch (cause) {
          throw new Error(`${decoded.definition.mnemonic} cannot be compiled`, { cause });
        }
      });
    });
  }

  #edge(e: Emitter, from: Node, place: number, knowledge: Knowledge): void {
    const context = this.#context;
    const to = this.#nodes.get(place);
    if (to === undefined) {
      context.goOn(e, context.addressOf(place), knowledge);
    } else if (to.order <= from.order) {
      this.#back(e, from, to, knowledge);
    } else if (to.merge) {
      if (this.#needsCode.has(place)) context.materialize(e, knowledge);
      e.goto(labelOf(this.#merges, to));
    } else this.#tree(e, to, knowledge);
  }

  /** An edge backward ends in the region only while there is budget. */
  #back(e: Emitter, from: Node, to: Node, knowledge: Knowledge): void {
    const context = this.#context;
    const leave = () => context.goOn(e, context.addressOf(to.id), knowledge);
    if (!dominates(to, from)) {
      leave(); // into the middle of a loop
      return;
    }
    e.rarely(context.budget.value.leS(I32.of(0)), leave);
    if (this.#needsCode.has(to.id)) context.materialize(e, knowledge);
    e.goto(labelOf(this.#loops, to));
  }
}

function labelOf(labels: ReadonlyMap<Node, Label>, node: Node): Label {
  const label = labels.get(node);
  if (label === undefined) throw new Error("the label of a block is not open");
  return label;
}

/** Blocks that ask for the condition code, or may be left, before they set it. */
function needingCode({ blocks }: Region, nodes: ReadonlyMap<number, Node>): ReadonlySet<number> {
  // An edge backward is a way out, too.
  const orderOf = (place: number) => nodes.get(place)?.order ?? 0;
  const needing = new Set<number>();
  const open: Block[] = [];
  for (const block of blocks.values()) {
    const use = firstUse(block.instructions);
    if (use === "needs") needing.add(block.place);
    else if (use === undefined) {
      if (block.successors.some((to) => orderOf(to) <= orderOf(block.place))) needing.add(block.place);
      else open.push(block);
    }
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const { place, successors } of open) {
      if (needing.has(place)) continue;
      if (successors.length > 0 && successors.every((to) => blocks.has(to) && !needing.has(to))) continue;
      needing.add(place);
      changed = true;
    }
  }
  return needing;
}

function firstUse(instructions: readonly Decoded[]): "needs" | "sets" | undefined {
  for (const { recording, branch } of instructions) {
    const { statements, effects } = recording;
    if (statements.some((s) => s.kind !== "let")) return "needs";
    const sets = effects.some((e) => e.kind === "setCc");
    const plain = effects.every((e) => e.kind === "setRegister" || e.kind === "setCc" || e.kind === "branch");
    const away = branch !== undefined && branch.distance === undefined;
    if (!plain || away || registerUse(recording).code) return "needs";
    if (sets) return "sets";
  }
  return undefined;
}
