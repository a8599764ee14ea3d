/**
 * How input reaches a console. What a person types goes in as it comes. What a pipe or a file holds goes in as
 * a patient person would type it: a line at a time, each when the guest waits and says nothing. A guest that
 * boots would lose it, for Linux drops input for a terminal that nobody has opened, and n_tty holds 4 KiB.
 */
import type { CharacterPort } from "@lockframe/plugin-api";
import type { ConsoleInput } from "@lockframe/sclp";

const LINE_END = 0x0a;
/** Without a line end, this much goes in at a time: what a terminal of Linux holds is sixteen times as much. */
const LONGEST_PIECE = 256;

export interface InputFeed {
  /** Input has come, or the console has room. */
  ready(): void;
  /** The guest waits and has been quiet. Returns whether something went in. */
  guestIsQuiet(): boolean;
}

export function feedFor(port: CharacterPort, console: ConsoleInput): InputFeed {
  return port.interactive ? typed(port, console) : patient(port, console);
}

function typed(port: CharacterPort, console: ConsoleInput): InputFeed {
  return {
    ready() {
      const room = Math.min(console.room, port.waiting);
      if (room > 0) console.input(port.read(room));
    },
    guestIsQuiet: () => false,
  };
}

function patient(port: CharacterPort, console: ConsoleInput): InputFeed {
  let waiting = new Uint8Array();
  return {
    ready: () => undefined,
    guestIsQuiet() {
      if (waiting.length === 0 && port.waiting > 0) waiting = new Uint8Array(port.read(LONGEST_PIECE));
      if (waiting.length === 0) return false;
      const end = waiting.indexOf(LINE_END) + 1;
      const taken = console.input(waiting.subarray(0, end === 0 ? waiting.length : end));
      waiting = waiting.slice(taken);
      return taken > 0;
    },
  };
}
