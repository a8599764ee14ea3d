/** From a region to the body of a WebAssembly function. */
import { I32 } from "@lockframe/instructions";
import type { Emitter, Label } from "../lower/emitter.ts";
import type { Callees } from "../lower/instruction.ts";
import type { FunctionBody } from "../wasm/module.ts";
import { findPolls, needingCode, onlyComputes } from "./asked-code.ts";
import { type Choice, type Way, findChoice } from "./choices.ts";
import { CODE, type Chosen, type Knowledge, RegionContext } from "./context.ts";
import { withCopies } from "./copies.ts";
import { keptRegisters } from "./kept-registers.ts";
import { loopLevels } from "./loops.ts";
import { RegionLowering, type Setting, callsOut, isEager, writesBack } from "./lowering.ts";
import type { UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { type Successor, crossesPage } from "./region.ts";
import { registerUse } from "./registers.ts";
import { reducible } from "./reducible.ts";
import { askedFor, storedBefore } from "./stored.ts";
import { type Standing, findStanding } from "./standing.ts";
import { type Node, dominates, structure } from "./structure.ts";
import { type Windows, findWindows, isShared } from "./windows.ts";

/** Functions that regions call. */
export interface RegionCallees extends Callees {
  /** Where a region ends that does not know what comes next; see `defineChain`. */
  readonly chain: number;
}

export function compile(region: Region, callees: RegionCallees): FunctionBody {
  return new RegionCompiler(region, callees).compile();
}

/** A loop of WebAssembly. */
interface Loop {
  /** Ids of its blocks. */
  readonly body: ReadonlySet<number>;
  /** Blocks that come behind it, the last first. */
  readonly exits: Node[];
  label: Label;
}

class RegionCompiler {
  readonly #region: Region;
  readonly #callees: RegionCallees;
  readonly #offset: number;
  readonly #context: RegionContext;
  readonly #nodes: ReadonlyMap<number, Node>;
  /** Blocks at whose begin the condition code may be asked for. */
  readonly #needsCode: ReadonlySet<number>;
  /** Behind which instruction of a loop's first block the budget is looked at, when that is not where the loop goes back. */
  readonly #polls: ReadonlyMap<number, number>;
  readonly #kept: ReadonlyMap<number, number>;
  /** In lasting regions: what is known at the begin of blocks. */
  readonly #standing: ReadonlyMap<number, Standing> | undefined;
  readonly #windows: Windows;
  readonly #loops: ReadonlyMap<Node, readonly Loop[]>;
  /** Blocks that come behind a loop, though one within it dominates them. */
  readonly #behind: ReadonlySet<Node>;
  readonly #merges = new Map<Node, Label>();
  /** Where the two ways of a branch alone meet that were gone at once; the block by which the one comes where it is taken. */
  readonly #chosen = new Map<Node, Chosen & { readonly taken: number }>();
  /** How many ways lead to blocks. */
  readonly #ways = new Map<number, number>();

  constructor(given: Region, callees: RegionCallees) {
    const { entry, offset } = given;
    const region = given.lasting
      ? { ...given, blocks: reducible(withCopies(given.blocks, entry), entry) }
      : given;
    const { blocks } = region;
    this.#region = region;
    this.#callees = callees;
    this.#offset = offset;
    this.#nodes = structure({
      entry,
      successors: (id) =>
        (blocks.get(id)?.successors ?? []).map((to) => to.id).filter((to) => blocks.has(to)),
    });
    this.#polls = region.lasting ? findPolls(region, this.#nodes) : new Map();
    this.#needsCode = needingCode(region, this.#nodes, this.#offset, this.#polls);
    let used = 0;
    for (const id of this.#nodes.keys()) {
      const block = this.#block(id);
      for (const to of block.successors) this.#ways.set(to.id, (this.#ways.get(to.id) ?? 0) + 1);
      for (const { recording } of block.instructions) {
        const use = registerUse(recording);
        used |= use.read | use.written;
      }
    }
    if (region.lasting) {
      this.#kept = new Map();
      this.#standing = findStanding(region, this.#nodes, this.#needsCode, { isEager, writesBack });
    } else this.#kept = keptRegisters(region, this.#nodes);
    this.#loops = this.#findLoops();
    this.#behind = new Set([...this.#loops.values()].flat().flatMap((loop) => loop.exits));
    this.#context = new RegionContext(used, callees, region.lasting);
    this.#windows = region.lasting
      ? findWindows(region, this.#nodes, callsOut)
      : { uses: new Map(), before: new Map() };
    for (const uses of this.#windows.uses.values())
      for (const { fetches, store } of uses)
        for (const use of [...fetches.values(), ...(store === undefined ? [] : [store])])
          if (isShared(use.window)) this.#context.window(use.window);
  }

  compile(): FunctionBody {
    const context = this.#context;
    const root = this.#node(this.#region.entry);
    context.body(() => this.#tree(context.e, root, context.atMeeting(0)));
    return context.e.body;
  }
  #block(id: number): Block {
    const block = this.#region.blocks.get(id);
    if (block === undefined) throw new Error("the region has no such block");
    return block;
  }
  #node(id: number): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error("the region does not reach its block");
    return node;
  }

  /** A block and those that it dominates. */
  #tree(e: Emitter, node: Node, knowledge: Knowledge): void {
    const merges = node.children.filter((child) => child.merge && !this.#behind.has(child)).reverse();
    if (!node.loop) {
      this.#within(e, merges, () => this.#instructions(e, node, knowledge));
      return;
    }
    this.#meet(e, node, knowledge);
    this.#openWindows(e, node);
    const inside = () => this.#within(e, merges, () => this.#instructions(e, node, this.#knownAt(node)));
    this.#around(e, this.#loops.get(node) ?? [], inside);
  }
  /** Loops around each other, the first outermost. */
  #around(e: Emitter, [loop, ...inner]: readonly Loop[], inside: () => void): void {
    if (loop === undefined) {
      inside();
      return;
    }
    this.#within(e, loop.exits, () =>
      e.loop((_, label) => {
        loop.label = label;
        this.#around(e, inner, inside);
      }),
    );
  }
  /**
   * In lasting regions, what comes behind a loop is emitted behind it: V8 keeps whatever is set between the begin and the
   * end of a loop as something that the loop goes round with.
   */
  #findLoops(): ReadonlyMap<Node, readonly Loop[]> {
    const loops = new Map<Node, Loop[]>();
    for (const [head, bodies] of loopLevels(this.#region.blocks, this.#nodes)) {
      const levels = this.#region.lasting ? bodies : bodies.slice(0, 1);
      loops.set(
        this.#node(head),
        levels.map((body) => ({ body, exits: [], label: 0 })),
      );
    }
    if (!this.#region.lasting) return loops;
    const largestFirst = [...loops.values()].flat().sort((a, b) => b.body.size - a.body.size);
    for (const node of this.#nodes.values()) {
      const { dominator, id } = node;
      if (dominator === undefined) continue;
      largestFirst.find(({ body }) => body.has(dominator.id) && !body.has(id))?.exits.push(node);
    }
    for (const { exits } of largestFirst) exits.sort((a, b) => b.order - a.order);
    return loops;
  }
  #openWindows(e: Emitter, node: Node): void {
    const context = this.#context;
    const known = this.#knownAt(node);
    for (const window of this.#windows.before.get(node.id) ?? []) {
      if (window.operands === 0) continue;
      const parts = window.registers.map((n) => context.wholeOf(n, known));
      context.openWindow(
        e,
        window,
        parts.reduce((sum, part) => sum.add(part)),
      );
    }
  }
  /** The labels of the blocks where ways meet again, the last of them outermost, and the block itself. */
  #within(e: Emitter, [merge, ...rest]: readonly Node[], inside: () => void): void {
    if (merge === undefined) {
      inside();
      return;
    }
    e.block((_, label) => {
      this.#merges.set(merge, label);
      this.#within(e, rest, inside);
    });
    this.#tree(e, merge, this.#knownAt(merge));
  }

  #instructions(e: Emitter, node: Node, knowledge: Knowledge): void {
    const context = this.#context;
    const block = this.#block(node.id);
    const { instructions, backs } = block;
    if (instructions.length === 0) {
      this.#enterOne(e, block, knowledge);
      return;
    }
    const windows = this.#windows.uses.get(node.id);
    const stored = this.#standing === undefined ? [] : storedBefore(instructions);
    const choice =
      this.#standing &&
      findChoice(this.#region, this.#nodes, this.#windows.uses, block, stored[instructions.length]);
    const over = choice?.over.done ?? [];
    const asked = askedFor([...instructions, ...over], [...stored, ...(choice?.stored.slice(1) ?? [])]);
    let { distance } = block;
    instructions.forEach((decoded, n) => {
      const at = distance;
      const isLast = n === instructions.length - 1;
      knowledge.begun += 1;
      const setting: Setting = {
        context,
        knowledge,
        distance,
        windows: windows?.[n],
        stored: stored[n],
        keepsStored: stored[n + 1] !== stored[n] && asked.has(stored[n + 1]),
        isLast,
        backs: backs.map((to) => to.distance),
        edge: (from: Emitter, to: number, known: Knowledge) => this.#edge(from, block, to, { ...known }),
        choose: (from: Emitter, isTaken: I32, known: Knowledge) =>
          choice !== undefined &&
          isLast &&
          this.#choose(from, isTaken, { id: node.id, distance: at }, known, choice),
      };
      distance += decoded.length;
      if (!onlyComputes(decoded)) context.settle(e, knowledge);
      e.body.reusingLocals(() => {
        try {
          new RegionLowering(this.#callees, decoded, setting, e).compile();
          if (this.#polls.get(node.id) === n)
            this.#poll(e, knowledge, () => context.goOnRarely(e, distance, knowledge));
        } catch (cause) {
          throw new Error(`${decoded.definition.mnemonic} cannot be compiled`, { cause });
        }
      });
    });
  }

  /** Both ways of the branch that ends a block, at once; false where something has to be written on one of them. */
  #choose(
    e: Emitter,
    isTaken: I32,
    { id, distance }: Pick<Block, "id" | "distance">,
    knowledge: Knowledge,
    choice: Choice,
  ): boolean {
    const context = this.#context;
    const { over, instead, use, meeting, window } = choice;
    const standing = this.#standing?.get(meeting.id);
    const isBehind = (way: Way) => this.#behind.has(this.#node(way.block.id));
    if (standing === undefined || isBehind(over) || (instead && isBehind(instead))) return false;
    if (!context.mayChoose(standing, knowledge, use)) return false;
    const to = this.#node(meeting.id);
    const condition = e.local32(isTaken).value;
    const branch = { isTaken: condition, taken: instead?.jump ?? distance, otherwise: over.jump };
    const chosen = context.beforeChoice(e, branch, standing, use, knowledge);
    const alone = this.#ways.get(to.id) === 2;
    if (alone) this.#chosen.set(to, { ...chosen, taken: instead?.block.id ?? id });
    const goBoth = () => {
      context.choose(
        e,
        standing,
        use,
        { ...knowledge },
        (inside) => this.#way(e, choice.over, inside, choice),
        instead && ((inside) => this.#way(e, instead, inside)),
      );
      const { length } = over.block.instructions;
      const fewer = length - (instead?.block.instructions.length ?? 0);
      const isShift = isFlag(isTaken) && (fewer === 1 || fewer === 2);
      const notDone = isShift
        ? condition.shl(fewer - 1)
        : fewer === 0
          ? I32.of(0)
          : condition.select(I32.of(fewer), I32.of(0));
      e.set(context.budget, context.budget.value.add(notDone).sub(length + knowledge.begun));
      if (!alone) context.settle(e, { ...context.standing(standing), chosen });
      this.#goto(e, to);
    };
    if (window === undefined) {
      goBoth();
      return true;
    }
    // What cannot be fetched by a window may not be accessible at all.
    e.if(context.window(window).value.isNotZero(), goBoth, undefined, "likely");
    return false;
  }
  /** What is done on one of the two ways. */
  #way(
    e: Emitter,
    { block, done }: Way,
    knowledge: Knowledge,
    uses?: Pick<Choice, "windows" | "stored">,
  ): void {
    const common = {
      context: this.#context,
      knowledge,
      areOpen: true,
      backs: [],
      edge: () => undefined,
    };
    let { distance } = block;
    done.forEach((decoded, n) => {
      const isLast = n === done.length - 1;
      const [windows, stored] = [uses?.windows?.[n], uses?.stored[n]];
      new RegionLowering(
        this.#callees,
        decoded,
        { ...common, distance, isLast, windows, stored },
        e,
      ).compile();
      distance += decoded.length;
    });
  }

  /** From a block without instructions to the one that was said. */
  #enterOne(e: Emitter, block: Block, knowledge: Knowledge): void {
    const arms = block.successors.map((to) => () => this.#go(e, block, to, { ...knowledge }));
    const cases = arms.map((_, n) => n);
    e.switch(arms, (select) => select(this.#context.entering.value, cases, undefined));
  }

  #edge(e: Emitter, block: Block, distance: number, knowledge: Knowledge): void {
    const context = this.#context;
    const successor = block.successors.find((s) => s.distance === distance);
    if (successor === undefined || !this.#nodes.has(successor.id)) {
      context.goOn(e, context.addressOf(distance), knowledge);
      return;
    }
    // The program may see another page there by now.
    if (crossesPage(this.#offset, block.distance, distance)) {
      const place = this.#firstOf(successor).instructions[0]?.place ?? 0;
      e.rarely(context.leadsTo(e, context.addressOf(distance), place).isZero(), () =>
        context.goOnRarely(e, distance, knowledge),
      );
    }
    this.#go(e, block, successor, knowledge);
  }
  /** The block with instructions that a way leads to. */
  #firstOf(successor: Successor): Block {
    const block = this.#block(successor.id);
    const next = successor.enters === undefined ? undefined : block.successors[successor.enters];
    return next === undefined ? block : this.#firstOf(next);
  }
  #go(e: Emitter, block: Block, { id, distance, enters }: Successor, knowledge: Knowledge): void {
    const context = this.#context;
    const leaveRarely = () => context.goOnRarely(e, distance, knowledge);
    const [from, to] = [this.#node(block.id), this.#node(id)];
    if (enters !== undefined) e.set(context.entering, I32.of(enters));
    if (to.order <= from.order) {
      this.#back(e, from, to, knowledge, leaveRarely);
    } else if (to.merge || this.#behind.has(to)) {
      this.#meet(e, to, knowledge);
      const chosen = this.#chosen.get(to);
      if (chosen !== undefined) context.isChosen(e, chosen.taken === from.id);
      this.#goto(e, to);
    } else this.#tree(e, to, knowledge);
  }

  #goto(e: Emitter, to: Node): void {
    const label = this.#merges.get(to);
    if (label === undefined) throw new Error("the label of a block is not open");
    e.goto(label);
  }

  /** An edge backward ends in the region only while there is budget. */
  #back(e: Emitter, from: Node, to: Node, knowledge: Knowledge, leave: () => void): void {
    if (!dominates(to, from)) {
      leave(); // into the middle of a loop
      return;
    }
    this.#context.count(e, knowledge);
    if (!this.#polls.has(to.id)) this.#poll(e, knowledge, leave);
    this.#meet(e, to, knowledge);
    const loop = this.#loops.get(to)?.findLast(({ body }) => body.has(from.id));
    if (loop === undefined) throw new Error("the loop of an edge backward is not open");
    e.goto(loop.label);
  }
  #poll(e: Emitter, knowledge: Knowledge, leave: () => void): void {
    e.rarely(this.#context.isUsedUp(knowledge), leave);
  }
  /** Come to a block that other ways lead to. */
  #meet(e: Emitter, node: Node, knowledge: Knowledge): void {
    this.#context.count(e, knowledge);
    const standing = this.#standing?.get(node.id);
    if (standing !== undefined) {
      this.#context.arrange(e, standing, knowledge);
      return;
    }
    if (!this.#needsCode.has(node.id)) knowledge.dirty &= ~CODE;
    this.#context.writeBack(e, knowledge);
    this.#context.forgetOperands(e, 0, knowledge);
    this.#context.take(e, this.#keptAt(node), knowledge);
  }
  #knownAt(node: Node): Knowledge {
    const standing = this.#standing?.get(node.id);
    return standing === undefined
      ? this.#context.atMeeting(this.#keptAt(node))
      : { ...this.#context.standing(standing), chosen: this.#chosen.get(node) };
  }
  /** General registers that are in locals where several ways lead to a block. */
  #keptAt({ id }: Node): number {
    return this.#kept.get(id) ?? 0;
  }
}

const comparisons: ReadonlySet<string> = new Set("eqz eq ne ltS ltU gtS gtU leS leU geS geU".split(" "));
/** It is 0 or 1. */
const isFlag = ({ node }: I32): boolean =>
  (node.kind === "unary" || node.kind === "binary") && comparisons.has(node.op);
