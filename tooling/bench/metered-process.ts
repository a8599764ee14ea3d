import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Clock ticks a second in /proc/PID/stat; Linux has had 100 for user space on every architecture. */
const ticksPerSecond = 100;

/** How a process ended: exit status, or the name of the signal. */
export type Ending = number | string;

/** A child process whose output can be waited for and whose use of the host can be read (Linux's /proc). */
export class MeteredProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #started = performance.now();
  readonly #ending: Promise<Ending>;
  readonly #waiting = new Set<() => void>();
  #output = "";
  #ended: Ending | undefined;

  /** @param said gets what it writes, as it comes */
  constructor(command: string, args: readonly string[], said?: (text: string) => void) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#ending = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("close", (status, signal) => resolve(signal ?? status ?? "unknown"));
    });
    void this.#ending.then((ending) => {
      this.#ended = ending;
      this.#wake();
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("latin1").on("data", (text: string) => {
        this.#output += text;
        said?.(text);
        this.#wake();
      });
    }
    this.#child.stdin?.on("error", () => this.#wake()); // it has gone; the ending says so
  }

  /** Everything that it has written, to both streams. */
  get output(): string {
    return this.#output;
  }

  /** Writes to its standard input. */
  send(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Seconds from its start until the output matched; undefined if it ended or `limit` seconds passed before. */
  async secondsUntil(pattern: RegExp, limit: number): Promise<number | undefined> {
    const deadline = this.#started + limit * 1000;
    while (!pattern.test(this.#output)) {
      const left = deadline - performance.now();
      if (this.#ended !== undefined || left <= 0) {
        return undefined;
      }
      await this.#news(left);
    }
    return (performance.now() - this.#started) / 1000;
  }

  /** The match in the output after its first `from` characters; undefined if it ended or `limit` seconds from now passed. */
  async matchAfter(from: number, pattern: RegExp, limit: number): Promise<RegExpExecArray | undefined> {
    const deadline = performance.now() + limit * 1000;
    for (;;) {
      const match = pattern.exec(this.#output.slice(from));
      if (match !== null) return match;
      const left = deadline - performance.now();
      if (this.#ended !== undefined || left <= 0) return undefined;
      await this.#news(left);
    }
  }

  /** Its ending; after `limit` seconds from now it is killed. */
  async end(limit: number): Promise<Ending> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), limit * 1000);
    const ending = await this.#ending;
    clearTimeout(timer);
    return ending;
  }

  /** Seconds of CPU that it and its threads have used. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  /** Largest resident set so far, in bytes. */
  peakMemory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "latin1");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /** Share of one core that it uses during the next `seconds`. */
  async cpuShare(seconds: number): Promise<number> {
    const before = this.cpuSeconds();
    const from = performance.now();
    await this.#sleep(seconds);
    return (this.cpuSeconds() - before) / ((performance.now() - from) / 1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) {
      this.#child.kill("SIGKILL");
    }
    await this.#ending;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Resolves when something was written or the process ended, or after `limit` milliseconds. */
  #news(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.#waiting.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}
