/** Which instructions are compiled together, and how control goes between them. */
import type { Branch, Decoded, Decoder } from "./decoder.ts";

/**
 * A call that a region follows: the routine becomes part of the region, once for each call or, in lasting regions, once for
 * all, and when it returns to behind the call, control stays in the region.
 */
interface Frame {
  readonly number: number;
  readonly caller: Frame | undefined;
  /** Where the routine begins, as a distance from the region's entry. */
  readonly routine: number;
  /** General register with the return's address. */
  link: number;
  /** Where the routine may return to. */
  readonly backs: Successor[];
  readonly depth: number;
}
const frameOf = (number: number, caller: Frame | undefined, routine: number, link: number): Frame => ({
  number,
  caller,
  routine,
  link,
  backs: [],
  depth: caller === undefined ? 0 : caller.depth + 1,
});

/**
 * Where control may go on: the block's id, and its distance. A block without instructions leads to one of its own
 * successors, whose number is said; see `reducible`.
 */
export interface Successor {
  readonly id: number;
  readonly distance: number;
  readonly enters?: number;
}

/** Instructions in sequence, entered at the first and left after the last. */
export interface Block<I = Decoded> {
  readonly id: number;
  /** Bytes from the region's entry to the first instruction, in the address space of the program. */
  readonly distance: number;
  readonly instructions: readonly I[];
  /** Blocks that control may go on with, inside the region or not; more may be unknown. */
  readonly successors: readonly Successor[];
  /** Where the branch by register that ends the block goes in all likelihood. */
  readonly backs: readonly Successor[];
}

export interface Region<I = Decoded> {
  /** Place of the instruction that it is entered at. */
  readonly place: number;
  /** The absolute address that this place has, for a name; and the offset in its page. */
  readonly absolute: number;
  readonly offset: number;
  /** The block that it is entered at. */
  readonly entry: number;
  readonly blocks: ReadonlyMap<number, Block<I>>;
  /** Numbers of the pages that its instructions are in. */
  readonly pages: ReadonlySet<number>;
  readonly size: number;
  /** It is so hot that all stays in locals until it is left, whatever that costs to compile. */
  readonly lasting: boolean;
  /** It has the exceptions that the program mask allows. */
  readonly traps: boolean;
}

/** What is asked for: code at a place, and how the program that ran it sees its surroundings. */
export interface Request {
  readonly place: number;
  readonly address: bigint;
  /** Place of the instruction at another address of that program; undefined when none can be there. */
  readonly placeOf: (address: bigint) => number | undefined;
}

/** What discovery needs to know of the guest's code. */
export interface Code extends Pick<Decoder, "decode" | "pageOf" | "offsetOf" | "absolute"> {
  /** Code in a page is worth compiling: it does not change all the time. */
  isStable(page: number): boolean;
  /** Control has come to a place before. */
  wasReached(place: number): boolean;
  /** It has come there by jumps not much less often than to places that are compiled. */
  isWarm(place: number): boolean;
  /** Bytes from the branch at an address to where it has gone. */
  distancesFrom(address: bigint): readonly number[];
  /** Some program has set the program mask. */
  readonly traps: boolean;
}

/** How much becomes part of a region: instructions at most, and calls while there are fewer than so many. */
export interface Extent {
  readonly instructions: number;
  readonly calling: number;
  /** Places that a return may go to, each of which costs a comparison. */
  readonly returns: number;
  readonly lasting: boolean;
}
/** Of regions that became hot; of those among them that go on being entered; of those that most time goes into. */
export const extents = {
  small: { instructions: 200, calling: 0, returns: 4, lasting: false },
  large: { instructions: 500, calling: 300, returns: 4, lasting: false },
  lasting: { instructions: 600, calling: 400, returns: 20, lasting: true },
} as const satisfies Record<string, Extent>;
const DEEPEST = 3;
/** Targets of a branch by register that belong to a region, and routines that one may call. */
const MOST_TARGETS = 24;
const MOST_CALLED = 3;
/** Register by which routines return, as compilers have it, where the call is not known. */
const RETURNS = 14;
const FARTHEST = 0x7000_0000;
/** A block's id is its frame and its distance in one number: frames are farther apart than distances can be. */
const FRAME_SPAN = 0x1_0000_0000;
const PAGE = 0x1000;

/** The region that begins at a place; undefined when its first instruction cannot be compiled. */
export function discover(code: Code, request: Request, extent: Extent): Region | undefined {
  return new Discovery(code, request, extent).region();
}

class Discovery {
  readonly #code: Code;
  readonly #request: Request;
  readonly #offset: number;
  /** Places of pages' first bytes, by distance of the page. */
  readonly #pagePlaces = new Map<number, number | undefined>();
  readonly #pages = new Set<number>();
  readonly #outermost = frameOf(0, undefined, 0, -1);
  readonly #extent: Extent;
  #frames = 1;
  readonly #called = new Map<number, Frame>();
  /** In lasting regions a routine is there once for all calls: by the distance of its begin. */
  readonly #sharedFrames = new Map<number, Frame>();
  /** Branches by register that return to where the routine was called. */
  readonly #returns = new Set<number>();
  /** Where branches by register have been seen to go, by the id of the instruction. */
  readonly #targets = new Map<number, Successor[]>();
  readonly #found = new Map<number, Decoded>();
  readonly #leaders = new Map<number, { readonly frame: Frame; readonly distance: number }>();
  readonly #pending: number[] = [];
  /** What comes last in large regions, where room is left: ways that are seldom taken. */
  readonly #cold: number[] = [];

  constructor(code: Code, request: Request, extent: Extent) {
    this.#code = code;
    this.#extent = extent;
    this.#request = request;
    this.#offset = code.offsetOf(request.place);
    this.#pagePlaces.set(0, request.place + this.#offset);
  }

  region(): Region | undefined {
    const outermost = this.#outermost;
    this.#lead(outermost, 0);
    for (let id = this.#following(); id !== undefined; id = this.#following()) {
      const leader = this.#leaders.get(id);
      if (leader !== undefined) this.#walk(leader.frame, leader.distance);
      if (this.#found.size >= this.#extent.instructions) break;
    }
    const blocks = new Map<number, Block>();
    for (const [id, { frame, distance }] of this.#leaders) {
      const block = this.#block(id, frame, distance);
      if (block !== undefined) blocks.set(id, block);
    }
    const entry = idOf(outermost, 0);
    if (!blocks.has(entry)) return undefined;
    const { place } = this.#request;
    const [absolute, offset, pages] = [this.#code.absolute(place), this.#offset, this.#pages];
    const { lasting } = this.#extent;
    const { traps } = this.#code;
    return { place, absolute, offset, entry, blocks, pages, size: this.#found.size, lasting, traps };
  }

  /** Place of the instruction at a distance from the entry. */
  #placeAt(distance: number): number | undefined {
    const inPage = this.#offset + distance;
    const page = Math.floor(inPage / PAGE);
    let start = this.#pagePlaces.get(page);
    if (start === undefined && !this.#pagePlaces.has(page)) {
      if (Math.abs(distance) < FARTHEST)
        start = this.#request.placeOf(this.#request.address + BigInt(page * PAGE - this.#offset));
      if (start !== undefined && !this.#code.isStable(this.#code.pageOf(start))) start = undefined;
      this.#pagePlaces.set(page, start);
    }
    return start === undefined ? undefined : start - (inPage - page * PAGE);
  }

  #following(): number | undefined {
    return this.#pending.shift() ?? this.#cold.shift();
  }
  #lead(frame: Frame, distance: number, isWarm = true): void {
    const id = idOf(frame, distance);
    if (this.#leaders.has(id)) return;
    this.#leaders.set(id, { frame, distance });
    (isWarm ? this.#pending : this.#cold).push(id);
  }
  #isWarm(distance: number): boolean {
    if (this.#extent.calling === 0) return true;
    const place = this.#placeAt(distance);
    return place !== undefined && this.#code.isWarm(place);
  }

  /** Decode in sequence from a leader, to the next branch. */
  #walk(frame: Frame, start: number): void {
    for (let distance = start; this.#found.size < this.#extent.instructions;) {
      const id = idOf(frame, distance);
      if (this.#found.has(id)) return this.#lead(frame, distance);
      if (distance !== start && crossesPage(this.#offset, start, distance))
        return this.#lead(frame, distance);
      const place = this.#placeAt(distance);
      const decoded = place === undefined ? undefined : this.#code.decode(place);
      if (place === undefined || decoded === undefined) return;
      this.#found.set(id, decoded);
      this.#pages.add(this.#code.pageOf(place));
      if (decoded.branch !== undefined) {
        this.#follow(id, frame, distance, decoded);
        return;
      }
      distance += decoded.length;
    }
  }

  #follow(id: number, frame: Frame, distance: number, { branch, length }: Decoded): void {
    if (branch === undefined) return;
    const next = distance + length;
    if (!branch.always) this.#lead(frame, next);
    if (branch.distance === undefined) {
      if (!branch.leaves) this.#followSeen(id, frame, distance, branch, next);
      return;
    }
    const target = distance + branch.distance;
    if (branch.link === undefined) this.#lead(frame, target, this.#isWarm(target));
    else if (this.#mayCall(frame, distance, target)) {
      const called = this.#call(frame, target, next, branch.link);
      if (called !== undefined) this.#called.set(id, called);
    }
  }
  /** A branch by register: to where it has been seen to go, unless it is a return. */
  #followSeen(id: number, frame: Frame, distance: number, branch: Branch, next: number): void {
    if (branch.returns === (frame.link === -1 ? RETURNS : frame.link)) {
      this.#returns.add(id);
      return;
    }
    if (this.#extent.calling === 0) return;
    const seen = this.#code.distancesFrom(this.#request.address + BigInt(distance));
    // The address may have been saved, and be in another register by now.
    if (frame.backs.some((back) => seen.includes(back.distance - distance))) {
      this.#returns.add(id);
      return;
    }
    if (!this.#extent.lasting) return;
    const targets: Successor[] = [];
    for (const bytes of seen.slice(0, MOST_TARGETS)) {
      const target = distance + bytes;
      if (Math.abs(target) >= FARTHEST || targets.some((other) => other.distance === target)) continue;
      if (branch.link === undefined) {
        this.#lead(frame, target);
        targets.push(to(frame, target));
      } else if (targets.length < MOST_CALLED && this.#mayCall(frame, distance, target)) {
        const called = this.#call(frame, target, next, branch.link);
        if (called !== undefined) targets.push(to(called, target));
      }
    }
    if (targets.length > 0) this.#targets.set(id, targets);
  }

  /** A call is followed when there is room, and the routine is no stranger. */
  #mayCall(frame: Frame, caller: number, routine: number): boolean {
    if (this.#found.size >= this.#extent.calling) return false;
    // The interpreter counts where control comes from another page.
    const place = this.#placeAt(routine);
    if (place === undefined) return false;
    if (crossesPage(this.#offset, caller, routine) && !this.#code.wasReached(place)) return false;
    return frame.depth < DEEPEST || activeIn(frame, routine) !== undefined || this.#sharedFrames.has(routine);
  }
  #call(frame: Frame, routine: number, next: number, link: number): Frame | undefined {
    // A routine that calls itself goes round in its own code.
    const active = activeIn(frame, routine) ?? this.#sharedFrames.get(routine);
    if (active !== undefined && active.backs.length >= this.#extent.returns) return undefined;
    const called = active ?? frameOf(this.#frames++, frame, routine, link);
    if (this.#extent.lasting) this.#sharedFrames.set(routine, called);
    if (called.link === -1) called.link = link;
    called.backs.push(to(frame, next));
    this.#lead(called, routine);
    this.#lead(frame, next);
    return called;
  }

  #block(id: number, frame: Frame, start: number): Block | undefined {
    const instructions: Decoded[] = [];
    let distance = start;
    for (;;) {
      const decoded = this.#found.get(idOf(frame, distance));
      if (decoded === undefined) break;
      instructions.push(decoded);
      if (decoded.branch !== undefined)
        return { id, distance: start, instructions, ...this.#ways(frame, distance, decoded) };
      distance += decoded.length;
      if (this.#leaders.has(idOf(frame, distance))) break;
    }
    if (instructions.length === 0) return undefined;
    return { id, distance: start, instructions, successors: [to(frame, distance)], backs: [] };
  }
  #ways(frame: Frame, distance: number, { branch, length }: Decoded): Pick<Block, "successors" | "backs"> {
    const successors: Successor[] = [];
    if (branch === undefined) return { successors, backs: [] };
    if (!branch.always) successors.push(to(frame, distance + length));
    if (branch.distance !== undefined) {
      const called = branch.link === undefined ? frame : this.#called.get(idOf(frame, distance));
      if (called !== undefined) successors.push(to(called, distance + branch.distance));
    }
    const id = idOf(frame, distance);
    const backs = this.#returns.has(id) ? frame.backs : (this.#targets.get(id) ?? []);
    return { successors: [...successors, ...backs], backs };
  }
}

/** The frame of a routine that has not returned. */
function activeIn(frame: Frame, routine: number): Frame | undefined {
  for (let f: Frame | undefined = frame; f !== undefined; f = f.caller) if (f.routine === routine) return f;
  return undefined;
}

const idOf = (frame: Frame, distance: number): number => frame.number * FRAME_SPAN + distance;
const to = (frame: Frame, distance: number): Successor => ({ id: idOf(frame, distance), distance });

/** Whether two distances lie in different pages; the entry is at `offset` in its own. */
export const crossesPage = (offset: number, a: number, b: number): boolean =>
  Math.floor((offset + a) / PAGE) !== Math.floor((offset + b) / PAGE);
