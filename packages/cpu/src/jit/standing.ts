/** What is in locals where ways meet in a lasting region, and not yet in the CPU's block: found before code is emitted. */
import { CLEAN, type Codes, VALUE, isOne, ruleOf } from "./condition.ts";
import { liveAtBegin } from "./kept-registers.ts";
import { loopBodies } from "./loops.ts";
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { registerUse } from "./registers.ts";
import type { Node } from "./structure.ts";

export interface Standing {
  /** Sets of general registers: those that may be asked for; */
  readonly live: number;
  /** those of which more than the right half may be missing in the CPU's block; */
  readonly dirty: number;
  /** those whose right half is in a local of its own, and missing in the CPU's block. */
  readonly right: number;
  /** How the condition code may be described; `CLEAN` alone, too, when nobody asks for it. */
  readonly codes: Codes;
}

interface Draft extends Standing {
  live: number;
  dirty: number;
  right: number;
  codes: Codes;
}

/** What of an instruction matters here. */
export interface Doing {
  /** It has the CPU's block up to date, and changes that. */
  writesBack(instruction: Understood): boolean;
  /** The condition code is in a local by its number afterwards, if it is in any. */
  isEager(instruction: Understood): boolean;
}

/** By the block's id, at its begin. */
export function findStanding(
  { blocks, entry }: Region,
  nodes: ReadonlyMap<number, Node>,
  needsCode: ReadonlySet<number>,
  doing: Doing,
): ReadonlyMap<number, Standing> {
  const live = liveAtBegin(blocks, nodes);
  const mentioned = mentionedInLoops(blocks, nodes);
  const begin = (id: number, { dirty, right }: Pick<Draft, "dirty" | "right">, codes: Codes): Draft => {
    const only = mentioned.get(id) ?? 0xffff;
    return { live: (live.get(id) ?? 0) & only, dirty: dirty & only, right: right & only, codes };
  };
  const found = new Map<number, Draft>();
  found.set(entry, begin(entry, { dirty: 0, right: 0 }, 1 << CLEAN));
  for (let changed = true; changed;) {
    changed = false;
    for (const id of nodes.keys()) {
      const known = found.get(id);
      const block = blocks.get(id);
      if (known === undefined || block === undefined) continue;
      const end = after(block, known, doing);
      for (const to of block.successors) {
        if (!nodes.has(to.id)) continue;
        const codes = needsCode.has(to.id) ? end.codes : 1 << CLEAN;
        const next = found.get(to.id);
        if (next === undefined) {
          found.set(to.id, begin(to.id, end, codes));
          changed = true;
        } else changed = joined(next, begin(to.id, end, codes)) || changed;
      }
    }
  }
  return found;
}

/**
 * Registers that an innermost loop mentions, by its blocks: the others are written before it, so that the host's
 * registers are for those that the loop goes round with.
 */
function mentionedInLoops(
  blocks: Region["blocks"],
  nodes: ReadonlyMap<number, Node>,
): ReadonlyMap<number, number> {
  const bodies = loopBodies(blocks, nodes);
  const mentioned = new Map<number, number>();
  for (const [head, body] of bodies) {
    if ([...body].some((id) => id !== head && bodies.has(id))) continue;
    const instructions = [...body].flatMap((id) => blocks.get(id)?.instructions ?? []);
    const uses = instructions.map(({ recording }) => registerUse(recording));
    const set = uses.reduce((all, { read, written }) => all | read | written, 0);
    for (const id of body) mentioned.set(id, set);
  }
  return mentioned;
}

function joined(next: Draft, { dirty, right, codes }: Draft): boolean {
  const { dirty: dirtyBefore, right: rightBefore, codes: codesBefore } = next;
  next.dirty |= dirty;
  next.right |= right;
  next.codes |= codes;
  return next.dirty !== dirtyBefore || next.right !== rightBefore || next.codes !== codesBefore;
}

function after({ instructions }: Block, begin: Standing, doing: Doing): Draft {
  let { dirty, right, codes } = begin;
  for (const instruction of instructions) {
    const { recording } = instruction;
    const use = registerUse(recording);
    // A right half that is wanted with its left half is put together.
    dirty |= right & use.whole;
    right &= ~use.whole;
    if (use.code && !isOne(codes)) codes = 1 << VALUE;
    if (doing.writesBack(instruction)) [dirty, right, codes] = [0, 0, 1 << CLEAN];
    // Halves that are kept on some ways are in locals of their own.
    right |= use.keptRight;
    dirty |= use.written & ~use.writtenRight;
    right = (right & ~(use.written & ~use.writtenRight)) | use.writtenRight;
    codes = codesAfter(instruction, doing.isEager(instruction), codes);
  }
  return { live: 0, dirty, right, codes };
}

function codesAfter({ recording: { effects } }: Understood, isEager: boolean, before: Codes): Codes {
  const some = effects.flatMap((e) => (e.kind === "when" ? e.effects : [e]));
  const set = some.find((e) => e.kind === "setCc");
  if (!isEager) return set === undefined ? before : 1 << ruleOf(set.cc);
  return set !== undefined || before !== 1 << CLEAN ? 1 << VALUE : before;
}
