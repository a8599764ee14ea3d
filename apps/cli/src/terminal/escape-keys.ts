/**
 * Ctrl-A and the key after it, as QEMU's multiplexed console has them: x quits, h lists the keys, c changes between
 * console and monitor, Ctrl-A again sends one Ctrl-A to the guest.
 */

export const ESCAPE = 0x01;

export const KEYS_HELP = [
  "Ctrl-A h    list these keys",
  "Ctrl-A x    quit: end the machine at once",
  "Ctrl-A c    change between console and monitor",
  "Ctrl-A Ctrl-A    send Ctrl-A to the guest",
].join("\r\n");

export type EscapeCommand = "quit" | "help" | "monitor";

const commands = new Map<number, EscapeCommand>([
  ["x".charCodeAt(0), "quit"],
  ["h".charCodeAt(0), "help"],
  ["?".charCodeAt(0), "help"],
  ["c".charCodeAt(0), "monitor"],
]);

/** Takes the escape sequences out of a stream of keys; a sequence may arrive in two pieces. */
export class EscapeKeys {
  readonly #onCommand: (command: EscapeCommand) => void;
  #escaped = false;

  constructor(onCommand: (command: EscapeCommand) => void) {
    this.#onCommand = onCommand;
  }

  /** Hands on the bytes that are no commands. Bytes and commands come in the order in which they were typed. */
  filter(bytes: Uint8Array, hand: (bytes: Uint8Array) => void): void {
    let kept = new Uint8Array(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (!this.#escaped && byte === ESCAPE) {
        this.#escaped = true;
        continue;
      }
      const command = this.#escaped ? commands.get(byte) : undefined;
      // After Ctrl-A any other key, Ctrl-A included, is itself.
      this.#escaped = false;
      if (command === undefined) {
        kept[length++] = byte;
        continue;
      }
      if (length > 0) hand(kept.subarray(0, length));
      kept = new Uint8Array(bytes.length);
      length = 0;
      this.#onCommand(command);
    }
    if (length > 0) hand(kept.subarray(0, length));
  }
}
