/**
 * Modules of compiled code that are kept: the oldest are retired first, their regions no longer entered, and evicted after
 * that unless one of them is asked for again meanwhile. Entering a region costs nothing for it.
 */

/** How many may be kept. */
export interface Room {
  readonly modules: number;
  readonly regions: number;
}

/** Above this part of the room, modules are retired; so many of all are at most. */
const FULL = 3 / 4;
const MOST_RETIRED = 1 / 4;

export class Residents<M> {
  readonly #room: Room;
  /** The oldest first. */
  readonly #active = new Set<M>();
  readonly #retired = new Set<M>();

  constructor(room: Room) {
    this.#room = room;
  }

  get size(): number {
    return this.#active.size + this.#retired.size;
  }
  add(module: M): void {
    this.#active.add(module);
  }
  delete(module: M): void {
    this.#active.delete(module);
    this.#retired.delete(module);
  }
  /** It is asked for. True: it had been retired, and no longer is. */
  use(module: M): boolean {
    if (!this.#retired.delete(module)) return false;
    this.#active.add(module);
    return true;
  }

  /** The next one to be retired, now that there are so many regions; undefined when there is no need. It is retired. */
  retire(regions: number): M | undefined {
    const full = this.size > this.#room.modules * FULL || regions > this.#room.regions * FULL;
    if (!full || this.#retired.size >= this.size * MOST_RETIRED) return undefined;
    const [oldest] = this.#active;
    if (oldest === undefined) return undefined;
    this.#active.delete(oldest);
    this.#retired.add(oldest);
    return oldest;
  }

  /** The next one to be evicted before there can be another module, and so many regions; undefined when there is room. */
  evict(regions: number): M | undefined {
    if (this.size < this.#room.modules && regions <= this.#room.regions) return undefined;
    const [retired] = this.#retired;
    if (retired !== undefined) return retired;
    const [active] = this.#active;
    return active;
  }
}
