import type { CharacterPort } from "@lockframe/plugin-api";
import type { Invocation } from "../invocation.ts";
import { ByteQueue } from "./byte-queue.ts";
import { type EscapeCommand, EscapeKeys, KEYS_HELP } from "./escape-keys.ts";
import { MonitorPrompt } from "./monitor-prompt.ts";

/** Input that the guest has not read; beyond this, reading pauses until half of it is gone. */
const HIGH_WATER = 64 * 1024;
const INTERRUPT_KEY = 0x03;

export interface StdioOptions {
  /** Whether Ctrl-A commands are recognised (`mon:stdio`, `mux=on`). Without them Ctrl-C ends the run. */
  readonly escapes: boolean;
  /** The person wants to leave. */
  onQuit(by: "user" | "SIGINT" | "SIGPIPE"): void;
  /** A command for the monitor; resolves with its answer. */
  monitor(line: string): Promise<string>;
}

/**
 * The console of a guest on this process's standard input and output.
 *
 * A terminal is put into raw mode, so that every key is the guest's, and put back on `close` and whatever else ends
 * the process. A pipe is read as it is; its end is not the end of the machine.
 */
export class StdioPort implements CharacterPort {
  readonly interactive: boolean;
  readonly #streams: Pick<Invocation, "stdin" | "stdout" | "stderr">;
  readonly #options: StdioOptions;
  readonly #escapes: EscapeKeys;
  readonly #queue = new ByteQueue();
  readonly #prompt: MonitorPrompt;
  #inMonitor = false;
  readonly #restore = (): void => this.#setRaw(false);
  #listener: (() => void) | undefined;
  #atLineStart = true;
  #outputGone = false;

  constructor(streams: Pick<Invocation, "stdin" | "stdout" | "stderr">, options: StdioOptions) {
    this.#streams = streams;
    this.#options = options;
    this.interactive = streams.stdin.isTTY === true;
    this.#escapes = new EscapeKeys((command) => this.#obey(command));
    this.#prompt = new MonitorPrompt({
      echo: this.interactive,
      print: (text) => void streams.stderr.write(text),
      execute: (line) => options.monitor(line),
    });
  }

  /** Begin to read. */
  open(): void {
    const { stdin, stdout } = this.#streams;
    this.#setRaw(true);
    process.once("exit", this.#restore);
    stdout.on("error", this.#onOutputError);
    stdin.on("data", this.#onData);
    stdin.on("error", this.#onInputError);
  }

  /** Stop reading, put the terminal back, end the line if the guest left one open. */
  close(): void {
    const { stdin, stdout } = this.#streams;
    stdin.off("data", this.#onData);
    stdin.pause();
    this.#setRaw(false);
    process.off("exit", this.#restore);
    if (!this.#atLineStart && !this.#outputGone) stdout.write("\n");
    this.#atLineStart = true;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  read(limit: number): Uint8Array {
    const taken = this.#queue.take(limit);
    if (this.#queue.length <= HIGH_WATER / 2 && this.#streams.stdin.isPaused()) this.#streams.stdin.resume();
    return taken;
  }

  onInput(listener: () => void): void {
    this.#listener = listener;
    if (this.#queue.length > 0) listener();
  }

  write(bytes: Uint8Array): boolean {
    const last = bytes.at(-1);
    if (last === undefined || this.#outputGone) return true;
    this.#atLineStart = last === 0x0a;
    return this.#streams.stdout.write(Uint8Array.from(bytes));
  }

  drained(): Promise<void> {
    const { stdout } = this.#streams;
    if (!stdout.writableNeedDrain || this.#outputGone) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        stdout.off("drain", finish);
        stdout.off("close", finish);
        resolve();
      };
      stdout.once("drain", finish);
      stdout.once("close", finish);
    });
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : Uint8Array.from(chunk);
    if (this.#options.escapes) {
      this.#escapes.filter(bytes, (kept) => {
        if (this.#inMonitor) this.#prompt.take(kept);
        else this.#accept(kept);
      });
    } else if (this.interactive && bytes.includes(INTERRUPT_KEY)) {
      this.#options.onQuit("SIGINT");
    } else {
      this.#accept(bytes);
    }
  };

  #accept(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    if (this.#queue.length > HIGH_WATER) this.#streams.stdin.pause();
    if (bytes.length > 0) this.#listener?.();
  }

  readonly #onOutputError = (): void => {
    if (this.#outputGone) return;
    this.#outputGone = true;
    this.#streams.stdout.emit("drain");
    this.#options.onQuit("SIGPIPE");
  };

  readonly #onInputError = (): void => {
    // A terminal that went away reads as an error; its hang-up signal ends the run.
    this.#streams.stdin.pause();
  };

  #obey(command: EscapeCommand): void {
    if (command === "quit") this.#options.onQuit("user");
    else if (command === "help") this.#streams.stderr.write(`\r\n${KEYS_HELP}\r\n`);
    else this.#changeMonitor();
  }

  #changeMonitor(): void {
    this.#inMonitor = !this.#inMonitor;
    if (this.#inMonitor) this.#prompt.enter();
    else this.#prompt.leave();
  }

  #setRaw(raw: boolean): void {
    const { stdin } = this.#streams;
    if (this.interactive) stdin.setRawMode?.(raw);
  }
}
