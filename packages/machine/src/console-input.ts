/**
 * How input reaches a console. What a person types goes in as it comes. What a pipe or a file holds goes in as
 * a patient person would type it: a line at a time, each when the guest seems to wait for it (`input-pacing.ts`). A
 * guest that boots would lose it, for Linux drops input for a terminal that nobody has opened, and n_tty holds 4 KiB.
 */
import type { CharacterPort } from "@lockframe/plugin-api";
import type { ConsoleInput } from "@lockframe/sclp";

const LINE_END = 0x0a;
const ENTER = 0x0d;
/** Ctrl-C, Ctrl-Z and Ctrl-\, which are for a guest that does not wait. */
const INTERRUPTING: ReadonlySet<number> = new Set([0x03, 0x1a, 0x1c]);
/** Without a line end, this much goes in at a time: what a terminal of Linux holds is sixteen times as much. */
const LONGEST_PIECE = 256;

export interface InputFeed {
  /** Input has come, or the console has room. */
  ready(): void;
  /** The guest waits and has been quiet. Returns whether something went in. */
  guestIsQuiet(): boolean;
  /** The next key, for somebody else than the console; undefined when there is none. */
  takeKey(): number | undefined;
}

/** @param keyByKey whether who reads takes one key at a time, ended by the Enter key: boot firmware does */
export function feedFor(
  port: CharacterPort,
  console: ConsoleInput,
  keyByKey: () => boolean = () => false,
): InputFeed {
  return port.interactive ? typed(port, console) : patient(port, console, keyByKey);
}

function typed(port: CharacterPort, console: ConsoleInput): InputFeed {
  return {
    ready() {
      const room = Math.min(console.room, port.waiting);
      if (room > 0) console.input(port.read(room));
    },
    guestIsQuiet: () => false,
    takeKey: () => (port.waiting > 0 ? port.read(1)[0] : undefined),
  };
}

function patient(port: CharacterPort, console: ConsoleInput, keyByKey: () => boolean): InputFeed {
  let waiting = new Uint8Array();
  const refill = (): void => {
    if (waiting.length === 0 && port.waiting > 0) waiting = new Uint8Array(port.read(LONGEST_PIECE));
  };
  const give = (count: number): boolean => {
    const taken = count > 0 ? console.input(waiting.subarray(0, count)) : 0;
    waiting = waiting.slice(taken);
    return taken > 0;
  };
  return {
    ready() {
      refill();
      const end = waiting.findIndex((byte) => !INTERRUPTING.has(byte));
      give(end === -1 ? waiting.length : end);
    },
    guestIsQuiet() {
      refill();
      if (keyByKey()) {
        if (waiting[0] === LINE_END) waiting[0] = ENTER;
        return give(Math.min(waiting.length, 1));
      }
      const end = waiting.indexOf(LINE_END) + 1;
      return give(end === 0 ? waiting.length : end);
    },
    takeKey() {
      refill();
      const [key] = waiting;
      waiting = waiting.slice(1);
      return key;
    },
  };
}
