/** Where branches by register go, from samples: what is seen there is guessed for every address space. */
import { Arrivals } from "../state.ts";

/** Branches that are remembered, and targets of each. */
const MOST_BRANCHES = 4000;
const MOST_TARGETS = 32;

export class BranchTargets {
  readonly #view: DataView;
  /** How often each target was seen, by the branch's address. */
  readonly #seen = new Map<bigint, Map<bigint, number>>();

  constructor(view: DataView) {
    this.#view = view;
  }

  /** Take over what compiled code and the interpreter have noted. */
  collect(): void {
    const count = this.#view.getUint32(Arrivals.base, true);
    if (count === 0) return;
    this.#view.setUint32(Arrivals.base, 0, true);
    for (let n = 0; n < count; n++) {
      const pair = Arrivals.base + Arrivals.first + n * Arrivals.size;
      this.#note(this.#view.getBigUint64(pair, true), this.#view.getBigUint64(pair + 8, true));
    }
  }
  #note(branch: bigint, target: bigint): void {
    let targets = this.#seen.get(branch);
    if (targets === undefined) {
      if (this.#seen.size >= MOST_BRANCHES) this.#seen.clear();
      this.#seen.set(branch, (targets = new Map()));
    }
    if (targets.size < MOST_TARGETS || targets.has(target))
      targets.set(target, (targets.get(target) ?? 0) + 1);
  }

  /** Bytes from a branch to its targets, the most frequent first. */
  distances(branch: bigint): number[] {
    const targets = [...(this.#seen.get(BigInt.asUintN(64, branch)) ?? [])];
    return targets
      .sort(([, a], [, b]) => b - a)
      .map(([target]) => Number(BigInt.asIntN(64, target - branch)));
  }
}
