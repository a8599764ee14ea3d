/** A `lockframe` process with a guest in it, driven as a person at its console would drive it. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../apps/cli/bin/lockframe.js", import.meta.url));

/** Exit status, or the name of the signal that ended the process. */
export type Ending = number | string;

export interface SessionOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class GuestSession implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ending: Promise<Ending>;
  readonly #waiting = new Set<() => void>();
  #ended: Ending | undefined;
  #console = "";
  #messages = "";
  /** How much of the console earlier waits have passed. */
  #passed = 0;

  constructor(args: readonly string[], { cwd, env }: SessionOptions = {}) {
    this.#child = spawn(process.execPath, ["--conditions=@lockframe/source", MAIN, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, ...env },
    });
    this.#ending = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (status, signal) => resolve(signal ?? status ?? "unknown"));
    });
    void this.#ending.then((ending) => {
      this.#ended = ending;
      this.#news();
    });
    this.#child.stdout?.setEncoding("latin1").on("data", (text: string) => {
      this.#console += text;
      this.#news();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#messages += text));
    this.#child.stdin?.on("error", () => this.#news()); // the process is gone; its ending says so
  }

  /** Everything on standard output: what the guest printed. */
  get console(): string {
    return this.#console;
  }
  /** Everything on standard error: what Lockframe has to say. */
  get messages(): string {
    return this.#messages;
  }

  /** Type something. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /**
   * Wait until the console shows the pattern; returns what came since the last wait, the match included.
   *
   * @throws when the process ends or the time is up before
   */
  async until(pattern: RegExp, seconds = 240): Promise<string> {
    const deadline = performance.now() + seconds * 1000;
    for (;;) {
      const fresh = this.#console.slice(this.#passed);
      const match = pattern.exec(fresh);
      if (match !== null) {
        const end = match.index + match[0].length;
        this.#passed += end;
        return fresh.slice(0, end);
      }
      const left = deadline - performance.now();
      if (this.#ended !== undefined || left <= 0) throw new Error(this.#missed(pattern, seconds));
      await this.#nextNews(left);
    }
  }

  /** No more input. */
  hangUp(): void {
    this.#child.stdin?.end();
  }

  /** How the process ends; after that many seconds it is killed. */
  async end(seconds: number): Promise<Ending> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), seconds * 1000);
    const ending = await this.#ending;
    clearTimeout(timer);
    return ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) this.#child.kill("SIGKILL");
    await this.#ending;
  }

  #missed(pattern: RegExp, seconds: number): string {
    const why =
      this.#ended === undefined ? `not within ${seconds} s` : `the process ended with ${this.#ended}`;
    const last = this.#console.trimEnd().split(/\r?\n/).slice(-15).join("\n");
    return `${pattern} did not come: ${why}\nlast on the console:\n${last}\nmessages:\n${this.#messages}`;
  }
  #news(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
  #nextNews(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
