import { createWriteStream, type WriteStream } from "node:fs";
import { MeteredProcess } from "../bench/metered-process.ts";
import { lockframe } from "../bench/starters.ts";

/** A `lockframe qemu` process, and what its guest says. */
export class GuestConsole implements AsyncDisposable {
  readonly #process: MeteredProcess;
  readonly #log: (text: string) => void;
  readonly #transcript: WriteStream | undefined;
  #seconds = 0;

  /** @param transcript a file that gets all that is said, as it is said */
  constructor(
    options: readonly string[],
    log: (text: string) => void = () => undefined,
    transcript?: string,
  ) {
    const { command, args } = lockframe("qemu", "-nographic", ...options);
    const file = transcript === undefined ? undefined : createWriteStream(transcript, { encoding: "latin1" });
    this.#process = new MeteredProcess(command, args, (text) => void file?.write(text));
    this.#transcript = file;
    this.#log = log;
  }

  get output(): string {
    return this.#process.output;
  }

  /** Wait for a pattern anywhere in what was said. @throws Error when it did not come */
  async expect(pattern: RegExp, limit: number): Promise<void> {
    const seconds = await this.#process.secondsUntil(pattern, this.#seconds + limit);
    if (seconds === undefined) throw new Error(`${pattern} did not come:\n${this.output.slice(-4000)}`);
    this.#seconds = seconds;
    this.#log(`${pattern.source} after ${Math.round(seconds)} s`);
  }

  /** Type a command and wait until it has succeeded. @throws Error */
  async run(command: string, limit: number): Promise<void> {
    const mark = (this.#marks += 1);
    this.#process.send(`${command} && echo done-$((${mark} + 1000))\n`);
    await this.expect(new RegExp(`done-${mark + 1000}`), limit);
  }
  #marks = 0;

  type(text: string): void {
    this.#process.send(text);
  }

  /** @throws Error when it does not end well */
  async end(limit: number): Promise<void> {
    const ending = await this.#process.end(limit);
    if (ending !== 0) throw new Error(`the machine ended with ${ending}:\n${this.output.slice(-4000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    this.#transcript?.end();
  }
}
