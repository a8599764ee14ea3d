/**
 * When a guest waits for the next line that a pipe holds. A person looks at the screen; this looks at what the CPUs do
 * and at what the consoles show.
 */
import type { Consoles } from "./consoles.ts";

/**
 * A guest whose CPUs wait and that has said nothing for so long is ready for the next line: the first time it must be
 * sure that its boot is over.
 */
const FIRST_QUIET_MS = 400;
const QUIET_MS = 15;
/** Work that a waiting guest does between two sleeps: its timers. */
const BRIEF_MS = 5;
/** A guest that works has shown an open line, as a prompt is, for so long. */
const PROMPT_MS = 400;
/** A guest that works, and has taken a line before, has said nothing for so long. */
const SILENCE_MS = 2000;

export class InputPacing {
  readonly #consoles: Pick<Consoles, "lastOutput" | "lineIsOpen" | "guestIsQuiet">;
  #patience = FIRST_QUIET_MS;
  /** Since when it has done next to nothing. */
  #quietSince = 0;
  #sleptUntil = 0;
  #lastGiven = 0;

  constructor(consoles: Pick<Consoles, "lastOutput" | "lineIsOpen" | "guestIsQuiet">) {
    this.#consoles = consoles;
  }

  /** The CPUs have something to do. */
  working(now = performance.now()): void {
    const { lastOutput, lineIsOpen } = this.#consoles;
    const unanswered = now - Math.max(lastOutput, this.#lastGiven);
    const hasTakenInput = this.#patience !== FIRST_QUIET_MS;
    if ((lineIsOpen && unanswered >= PROMPT_MS) || (hasTakenInput && unanswered >= SILENCE_MS))
      this.#give(now);
  }

  /** The CPUs wait. Returns how many milliseconds to sleep before asking again; 0: they have got something to do. */
  waiting(now = performance.now()): number {
    if (now - this.#sleptUntil > BRIEF_MS) this.#quietSince = now; // it was at work
    const quietFrom = Math.max(this.#quietSince, this.#consoles.lastOutput);
    const left = quietFrom + this.#patience - now;
    if (left > 0) return left + 1;
    return this.#give(now) ? 0 : Infinity;
  }
  slept(until = performance.now()): void {
    this.#sleptUntil = until;
  }

  #give(now: number): boolean {
    this.#lastGiven = now;
    if (!this.#consoles.guestIsQuiet()) return false;
    this.#patience = QUIET_MS;
    this.#quietSince = now;
    return true;
  }
}
