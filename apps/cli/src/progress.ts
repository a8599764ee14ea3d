import { createRequire } from "node:module";
import type * as CliProgress from "cli-progress";
import { colorsFor, type Invocation, print } from "./invocation.ts";

const require = createRequire(import.meta.url);
/** Loaded where there is a bar to draw, which is seldom. */
const cliProgress = (): typeof CliProgress => require("cli-progress") as typeof CliProgress;

/** A step that takes a while and knows how far it is. */
export interface Task {
  update(done: number, total: number): void;
  /** The step is over; `outcome` is one line to keep. */
  done(outcome?: string): void;
}

/** A bar on a terminal; elsewhere one line at the start, and one at the end if there is something to say. */
export function startTask(title: string, { stderr, env }: Pick<Invocation, "stderr" | "env">): Task {
  return stderr.isTTY === true ? new Bar(title, { stderr, env }) : new Lines(title, stderr);
}

class Lines implements Task {
  readonly #stderr: Invocation["stderr"];

  constructor(title: string, stderr: Invocation["stderr"]) {
    this.#stderr = stderr;
    print(stderr, `${title} ...`);
  }

  update(): void {
    // Whoever reads a log wants the end, not the way there.
  }

  done(outcome?: string): void {
    if (outcome !== undefined) print(this.#stderr, `  ${outcome}`);
  }
}

/** Above this a total counts bytes and is shown in MiB. */
const BYTES_FROM = 2 ** 16;

class Bar implements Task {
  readonly #bar: CliProgress.SingleBar;
  readonly #title: string;
  readonly #stderr: Invocation["stderr"];
  #started = false;

  constructor(title: string, { stderr, env }: Pick<Invocation, "stderr" | "env">) {
    this.#title = title;
    this.#stderr = stderr;
    const colors = colorsFor(stderr, env);
    const { Presets, SingleBar } = cliProgress();
    this.#bar = new SingleBar(
      {
        stream: stderr,
        format: `${title} ${colors.cyan("{bar}")} {percentage}% {amount}`,
        barsize: 24,
        clearOnComplete: true,
        hideCursor: true,
        fps: 10,
      },
      Presets.shades_classic,
    );
    stderr.write(`${title} ...`);
  }

  update(done: number, total: number): void {
    const amount = total > BYTES_FROM ? `${mebibytes(done)}/${mebibytes(total)} MiB` : `${done}/${total}`;
    if (this.#started) this.#bar.update(done, { amount });
    else this.#bar.start(total, done, { amount });
    this.#started = true;
  }

  done(outcome?: string): void {
    if (this.#started) this.#bar.stop();
    this.#stderr.write(`\r\u001b[K${this.#title}${outcome === undefined ? "" : `: ${outcome}`}\n`);
  }
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
