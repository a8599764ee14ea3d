/**
 * If-conversion. Branches to ways that are so short that going one in vain costs less than a wrong guess of the host's: both are
 * gone at once, and the branch's condition selects what each of them leaves: registers where they meet, the rest where it is
 * asked for. What is fetched in vain must not be missed: its window is open by then.
 */
import { isJump, onlyComputes } from "./asked-code.ts";
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { type Successor, crossesPage } from "./region.ts";
import { type RegisterUse, registerUse, usesOf } from "./registers.ts";
import type { Node } from "./structure.ts";
import { type Stored, bytesBehind, storedBefore } from "./stored.ts";
import { type Window, type WindowUses, isShared } from "./windows.ts";

/** One of the two ways of a branch, to where both meet. */
export interface Way {
  readonly block: Block;
  /** What it does before it goes there. */
  readonly done: readonly Understood[];
  /** Distance of the branch that ends it, if one does. */
  readonly jump: number | undefined;
}

export interface Choice {
  /** Where the branch is not taken. */
  readonly over: Way;
  /** Where it is taken, unless it leads to the meeting itself. */
  readonly instead: Way | undefined;
  /** What both do with registers and the condition code. */
  readonly use: RegisterUse;
  /** Where both ways meet. */
  readonly meeting: Successor;
  /** What has to be open for the first way, and what it is for. */
  readonly window: Window | undefined;
  readonly windows: readonly WindowUses[] | undefined;
  /** What was stored last, before each of its instructions and behind the last one. */
  readonly stored: readonly (Stored | undefined)[];
}

/** Instructions that a way may have, without the branch that ends it. */
const MOST = 2;

/** Of the branch that ends a block. */
export function findChoice(
  { blocks, offset }: Region,
  nodes: ReadonlyMap<number, Node>,
  uses: ReadonlyMap<number, readonly WindowUses[]>,
  { id, distance, instructions, successors }: Block,
  storedLast: Stored | undefined,
): Choice | undefined {
  const last = instructions.at(-1);
  const [next, target] = successors;
  if (last?.branch?.distance === undefined || last.branch.link !== undefined) return undefined;
  if (successors.length !== 2 || next === undefined || target === undefined) return undefined;
  const over = wayBy(blocks.get(next.id), nodes);
  const [meeting] = over?.block.successors ?? [];
  if (over === undefined || meeting === undefined) return undefined;
  const [from, to] = [nodes.get(id), nodes.get(meeting.id)];
  if (from === undefined || to === undefined || !to.merge || to.order <= from.order) return undefined;
  const isBetween = target.id !== meeting.id;
  const instead = isBetween ? wayBy(blocks.get(target.id), nodes) : undefined;
  if (isBetween && instead?.block.successors[0]?.id !== meeting.id) return undefined;
  const ways = [next, target, meeting, ...(instead?.block.successors ?? [])];
  if (ways.some((way) => way.enters !== undefined)) return undefined;
  if (ways.some((way) => crossesPage(offset, distance, way.distance))) return undefined;
  const windows = uses.get(over.block.id);
  const stored = storedBefore(over.done, storedLast);
  const fetches = over.done.flatMap((instruction, n) => fetchesBy(instruction, windows?.[n], stored[n]));
  const [window] = fetches;
  if (fetches.some((fetch) => fetch === undefined || fetch !== window)) return undefined;
  const use = usesOf([...over.done, ...(instead?.done ?? [])].map(({ recording }) => recording));
  // Of two ways that do something, neither may set the condition code, and the second one fetches nothing.
  if (instead !== undefined && (use.sets || !instead.done.every(onlyComputes))) return undefined;
  return { over, instead, use, meeting, window, windows, stored };
}

/** A block that nobody else comes by, which computes and then goes on to a known place. */
function wayBy(block: Block | undefined, nodes: ReadonlyMap<number, Node>): Way | undefined {
  const node = block && nodes.get(block.id);
  if (block === undefined || node === undefined || node.merge || node.loop) return undefined;
  const { instructions, successors } = block;
  const branch = instructions.at(-1)?.branch;
  const done = branch === undefined ? instructions : instructions.slice(0, -1);
  const ends = branch === undefined || isJump(branch);
  if (!ends || successors.length !== 1 || done.length > MOST || !done.every(isPlain)) return undefined;
  const before = block.distance + done.reduce((sum, { length }) => sum + length, 0);
  return { block, done, jump: branch === undefined ? undefined : before };
}

/**
 * The windows that operands are fetched by, which are open before the instruction; undefined for any other. What has just
 * been stored is not fetched.
 */
const fetchesBy = (
  { recording }: Understood,
  uses: WindowUses | undefined,
  stored: Stored | undefined,
): (Window | undefined)[] =>
  recording.statements
    .filter((s) => s.kind === "fetch")
    .filter((s) => stored === undefined || bytesBehind(stored, s.address, s.size) === undefined)
    .map((s) => {
      const use = uses?.fetches.get(s);
      return use !== undefined && !use.opens && isShared(use.window) ? use.window : undefined;
    });

/** It only computes and fetches, into general registers and the condition code, and always ends. */
function isPlain({ recording, branch }: Understood): boolean {
  const { statements, effects } = recording;
  if (branch !== undefined || registerUse(recording).code) return false;
  const inRegisters = effects.every(
    (e) => e.kind === "setCc" || (e.kind === "setRegister" && e.file === "gr"),
  );
  return inRegisters && statements.every((s) => s.kind === "let" || s.kind === "fetch");
}
