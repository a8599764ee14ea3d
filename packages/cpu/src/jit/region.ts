/** Which instructions are compiled together, and how control goes between them. */
import type { Decoded, Decoder } from "./decoder.ts";

/** Instructions in sequence, entered at the first and left after the last. */
export interface Block {
  readonly place: number;
  readonly instructions: readonly Decoded[];
  /** Places of the instructions that control may go on with, inside the region or not; more may be unknown. */
  readonly successors: readonly number[];
}

export interface Region {
  readonly entry: number;
  readonly blocks: ReadonlyMap<number, Block>;
  /** Numbers of the pages that its instructions are in. */
  readonly pages: ReadonlySet<number>;
  readonly size: number;
}

/** Instructions of a region at most. */
const LARGEST = 400;

/** The region that begins at a place; undefined when its first instruction cannot be compiled. */
export function discover(decoder: Decoder, entry: number): Region | undefined {
  const page = decoder.pageOf(entry);
  const found = new Map<number, Decoded>();
  const leaders = new Set<number>([entry]);
  const pending = [entry];
  for (let place = pending.shift(); place !== undefined; place = pending.shift()) {
    walk(decoder, page, place, found, (leader) => {
      if (decoder.pageOf(leader) !== page || leaders.has(leader)) return;
      leaders.add(leader);
      pending.push(leader);
    });
    if (found.size >= LARGEST) break;
  }
  const blocks = new Map<number, Block>();
  for (const leader of leaders) {
    const block = blockAt(leader, found, leaders);
    if (block !== undefined) blocks.set(leader, block);
  }
  if (!blocks.has(entry)) return undefined;
  return { entry, blocks, pages: new Set([page]), size: found.size };
}

/** Decode in sequence from a leader; tells the places where other blocks begin. */
function walk(
  decoder: Decoder,
  page: number,
  start: number,
  found: Map<number, Decoded>,
  lead: (place: number) => void,
): void {
  for (let place = start; decoder.pageOf(place) === page && found.size < LARGEST;) {
    if (found.has(place)) return lead(place);
    const decoded = decoder.decode(place);
    if (decoded === undefined) return;
    found.set(place, decoded);
    const { branch, length } = decoded;
    place -= length;
    if (branch === undefined) continue;
    if (!branch.always) lead(place);
    if (branch.distance !== undefined) lead(decoded.place - branch.distance);
    return;
  }
}

function blockAt(
  leader: number,
  found: ReadonlyMap<number, Decoded>,
  leaders: ReadonlySet<number>,
): Block | undefined {
  const instructions: Decoded[] = [];
  let place = leader;
  for (let decoded = found.get(place); decoded !== undefined; decoded = found.get(place)) {
    instructions.push(decoded);
    place -= decoded.length;
    const { branch } = decoded;
    if (branch !== undefined) {
      const successors = branch.always ? [] : [place];
      if (branch.distance !== undefined) successors.push(decoded.place - branch.distance);
      return { place: leader, instructions, successors };
    }
    if (leaders.has(place)) break;
  }
  return instructions.length === 0 ? undefined : { place: leader, instructions, successors: [place] };
}
