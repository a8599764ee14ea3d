/** The monitor's line: what is typed until Enter is a command, and its answer is printed. */

const PROMPT = "(lockframe) ";
const BACKSPACE = new Set([0x08, 0x7f]);
const LINE_ENDS = new Set([0x0a, 0x0d]);
const KILL_LINE = 0x15;
const LONGEST_LINE = 4096;

export interface MonitorPromptOptions {
  /** Keys are echoed: nobody else does it. */
  readonly echo: boolean;
  print(text: string): void;
  /** Do a command; resolves with what it has to say. */
  execute(line: string): Promise<string>;
}

export class MonitorPrompt {
  readonly #options: MonitorPromptOptions;
  #line = "";
  /** Commands are done one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: MonitorPromptOptions) {
    this.#options = options;
  }

  enter(): void {
    this.#line = "";
    this.#options.print(`\r\n${PROMPT}`);
  }

  leave(): void {
    this.#options.print("\r\n");
  }

  take(bytes: Uint8Array): void {
    for (const byte of bytes) this.#key(byte);
  }

  #key(byte: number): void {
    if (LINE_ENDS.has(byte)) {
      const line = this.#line.trim();
      this.#line = "";
      this.#echo("\r\n");
      this.#last = this.#last.then(() => this.#execute(line));
    } else if (BACKSPACE.has(byte)) {
      if (this.#line !== "") this.#echo("\b \b");
      this.#line = this.#line.slice(0, -1);
    } else if (byte === KILL_LINE) {
      this.#echo("\b \b".repeat(this.#line.length));
      this.#line = "";
    } else if (byte >= 0x20 && this.#line.length < LONGEST_LINE) {
      this.#line += String.fromCharCode(byte);
      this.#echo(String.fromCharCode(byte));
    }
  }

  async #execute(line: string): Promise<void> {
    const answer = line === "" ? "" : await this.#options.execute(line);
    const lines = answer === "" ? "" : `${answer.replaceAll("\n", "\r\n")}\r\n`;
    this.#options.print(`${lines}${PROMPT}`);
  }

  #echo(text: string): void {
    if (this.#options.echo) this.#options.print(text);
  }
}
