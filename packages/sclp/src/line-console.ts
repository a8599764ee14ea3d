import type { ConsoleInput, ConsoleOptions } from "./console.ts";
import { eventType, type EventPartner } from "./event-facility.ts";
import { LONGEST_COMMAND, messageLines, operatorCommand } from "./line-mode-message.ts";
import { responseCode, type ResponseCode } from "./response-code.ts";

export interface LineConsoleOptions extends ConsoleOptions {
  /** Show what is typed: the program shows lines when it reads them, no characters. For a terminal in raw mode. */
  readonly echo?: boolean;
}

const CAPACITY = 4096; // bytes of lines that wait, and of the line being typed
const NO_LINE_END = "^n"; // Linux ends the line of a command unless it ends in this
const KEYS: Readonly<Record<string, string>> = {
  "\x03": "^c", // what Linux's line-mode driver reads as interrupt,
  "\x1a": "^z", // suspend
};
const END_OF_FILE = "\x04";
const encoder = new TextEncoder();

/**
 * Line-mode operator console (`console=ttyS0`, /dev/sclp_line0 of Linux); QEMU calls it sclplmconsole.
 * Output comes as lines of EBCDIC and is shown as UTF-8 with a line feed after each. Input goes to the
 * program line by line, in the conventions of Linux's driver: Control-C, -D and -Z become `^c`, `^d`, `^z`,
 * a percent sign is doubled (one alone changes case), a line too long for one command is continued.
 */
export class LineConsole implements EventPartner, ConsoleInput {
  readonly sends = [eventType.operatorCommand, eventType.priorityMessage];
  readonly receives = [eventType.message, eventType.priorityMessage];
  readonly #options: LineConsoleOptions;
  readonly #decoder = new TextDecoder();
  readonly #commands: string[] = [];
  #waiting = 0; // characters in #commands
  #line = "";
  #afterReturn = false;
  #listener: (() => void) | undefined;

  constructor(options: LineConsoleOptions) {
    this.#options = options;
  }

  get pending(): boolean {
    return this.#commands.length > 0;
  }

  get room(): number {
    return Math.max(0, CAPACITY - this.#waiting - this.#line.length - this.#commands.length);
  }

  input(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.room);
    const before = this.#commands.length;
    for (const character of this.#decoder.decode(taken, { stream: true })) this.#type(character);
    if (this.room === 0 && !this.pending) this.#endLine(NO_LINE_END);
    if (this.#commands.length > before) this.#listener?.();
    return taken.length;
  }

  take(room: number): Uint8Array | undefined {
    const [text] = this.#commands;
    if (text === undefined) return undefined;
    const event = operatorCommand(text);
    if (event.length > room) return undefined;
    this.#commands.shift();
    this.#waiting -= text.length;
    this.#options.onRoom?.();
    return event;
  }

  accept(event: Uint8Array): ResponseCode {
    const lines = messageLines(event);
    if (lines === undefined) return responseCode.inconsistentLengths;
    if (lines.length > 0) this.#options.output(encoder.encode(lines.map((line) => `${line}\n`).join("")));
    return responseCode.normalCompletion;
  }

  onPending(listener: () => void): void {
    this.#listener = listener;
  }

  #type(character: string): void {
    const afterReturn = this.#afterReturn;
    this.#afterReturn = character === "\r";
    const key = KEYS[character];
    if (character === "\n" && afterReturn) return; // the second half of a line end
    if (character === "\r" || character === "\n") {
      this.#echo("\n");
      this.#endLine("");
    } else if (key !== undefined) {
      this.#line = "";
      this.#echo(`${key}\n`);
      this.#queue(key);
    } else if (character === END_OF_FILE) {
      this.#endFile();
    } else if (character === "\x7f" || character === "\b") {
      this.#erase();
    } else {
      this.#line += character;
      this.#echo(character);
    }
  }

  #erase(): void {
    if (this.#line === "") return;
    this.#line = this.#line.slice(0, -1);
    this.#echo("\b \b");
  }

  #endFile(): void {
    if (this.#line === "") this.#queue("^d");
    else this.#endLine(NO_LINE_END);
  }

  #endLine(end: "" | typeof NO_LINE_END): void {
    const limit = LONGEST_COMMAND - NO_LINE_END.length;
    let rest = this.#line.replaceAll("%", "%%");
    this.#line = "";
    while (rest.length > limit) {
      const cut = cutAt(rest, limit);
      this.#queue(rest.slice(0, cut) + NO_LINE_END);
      rest = rest.slice(cut);
    }
    this.#queue(rest + end);
  }

  #queue(text: string): void {
    this.#commands.push(text);
    this.#waiting += text.length;
  }

  #echo(text: string): void {
    if (this.#options.echo === true) this.#options.output(encoder.encode(text));
  }
}

/** Where to cut a text so that no doubled percent sign is torn apart. */
function cutAt(text: string, at: number): number {
  const percents = /%*$/.exec(text.slice(0, at))?.[0].length ?? 0;
  return percents % 2 === 0 ? at : at - 1;
}
