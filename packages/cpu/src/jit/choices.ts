/**
 * If-conversion. Branches over so little that doing it in vain costs less than a wrong guess of the host's: both ways are gone
 * at once, and the branch's condition selects what each of them leaves: registers where they meet, the rest where it is
 * asked for. What is fetched in vain must not be missed: its window is open by then.
 */
import type { Understood, UnderstoodBlock as Block, UnderstoodRegion as Region } from "./meanings.ts";
import { type Successor, crossesPage } from "./region.ts";
import { type RegisterUse, registerUse, usesOf } from "./registers.ts";
import type { Node } from "./structure.ts";
import { type Stored, bytesBehind, storedBefore } from "./stored.ts";
import { type Window, type WindowUses, isShared } from "./windows.ts";

export interface Choice {
  /** What the branch goes over, and what that does with registers and the condition code. */
  readonly over: Block;
  readonly use: RegisterUse;
  /** Where both ways meet. */
  readonly meeting: Successor;
  /** What has to be open for that, and what it is for. */
  readonly window: Window | undefined;
  readonly windows: readonly WindowUses[] | undefined;
  /** What was stored last, before each of these instructions and behind the last one. */
  readonly stored: readonly (Stored | undefined)[];
}

/** Instructions that a branch may go over. */
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
  const [next, meeting] = successors;
  if (last?.branch?.distance === undefined || last.branch.link !== undefined) return undefined;
  if (successors.length !== 2 || next === undefined || meeting === undefined) return undefined;
  const over = blocks.get(next.id);
  const [from, between, to] = [id, next.id, meeting.id].map((of) => nodes.get(of));
  if (over === undefined || from === undefined || between === undefined || to === undefined) return undefined;
  if (between.merge || between.loop || !to.merge || to.order <= from.order) return undefined;
  const [onward] = over.successors;
  const meets = over.successors.length === 1 && onward?.id === meeting.id;
  if (!meets || [next, meeting, onward].some((way) => way.enters !== undefined)) return undefined;
  if ([next, meeting].some((way) => crossesPage(offset, distance, way.distance))) return undefined;
  if (over.instructions.length > MOST || !over.instructions.every(isPlain)) return undefined;
  const windows = uses.get(over.id);
  const stored = storedBefore(over.instructions, storedLast);
  const fetches = over.instructions.flatMap((instruction, n) =>
    fetchesBy(instruction, windows?.[n], stored[n]),
  );
  const [window] = fetches;
  if (fetches.some((fetch) => fetch === undefined || fetch !== window)) return undefined;
  const use = usesOf(over.instructions.map(({ recording }) => recording));
  return { over, use, meeting, window, windows, stored };
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
