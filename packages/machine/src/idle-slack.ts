/**
 * How much later than its clock asks an idle guest may be woken. A kernel with a periodic tick wakes hundreds of times a
 * second for nothing; one that has had next to nothing to do for a while is woken a little late, some ticks at once. It
 * reads the time from the clock, which is right.
 */
const SLACK_MS = 40;
/** Busy share of the time below which a guest counts as idle. */
const IDLE_SHARE = 0.2;
/** Over about so long. */
const MEMORY_MS = 1000;

export class IdleSlack {
  #busyShare = 1;

  /** The CPUs worked for so long and slept for so long after it. */
  note(busyMs: number, sleptMs: number): void {
    const total = busyMs + sleptMs;
    if (total <= 0) return;
    const weight = Math.min(1, total / MEMORY_MS);
    this.#busyShare += weight * (busyMs / total - this.#busyShare);
  }

  /** Milliseconds that may be added to a sleep. */
  get milliseconds(): number {
    return this.#busyShare < IDLE_SHARE ? SLACK_MS : 0;
  }
}
