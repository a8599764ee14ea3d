import { Bench, crowd, randomFrom } from "@lockframe/testkit/torture";

/** Compiled modules that may be alive, as the engine promises. */
const MOST_MODULES = 4000;
/** Growth of the process above which memory counts as leaking, once code has been evicted for a while. */
const MOST_GROWTH = 150 * 2 ** 20;
const SETTLED_AFTER = 8000;
const ROUNDS = 20_000;
/** Milliseconds for one program, on a busy host too. */
const PATIENCE = 1_800_000;
const MINUTE = 60_000;

/** Regions without end, of which more are in use than there is room for. */
export class Soak {
  readonly #seed: string;
  readonly #bench = new Bench("jit-all", PATIENCE);
  readonly #began = performance.now();
  #rounds = 0;
  #settled: number | undefined;
  #lastMinute = -1;
  /** Resident memory at the end of each minute, in MiB. */
  readonly #history: string[] = [];

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Many calls of more routines than there is room for. Returns what went wrong. */
  round(): string | undefined {
    const seed = `${this.#seed}/crowd/${this.#rounds++}`;
    const { kind, psw } = this.#bench.run(crowd(randomFrom(seed), ROUNDS));
    if (kind !== "disabledWait" || psw[1] !== 0n)
      return `${seed}: ended with ${kind} at ${psw[1].toString(16)}`;
    const { rss } = process.memoryUsage();
    const minute = Math.floor((performance.now() - this.#began) / MINUTE);
    if (minute > this.#lastMinute) this.#history.push(mebibytes(rss));
    this.#lastMinute = minute;
    const { liveModules = 0, evictions = 0 } = this.#bench.compiled ?? {};
    if (liveModules > MOST_MODULES) return `${liveModules} modules are alive`;
    if (evictions < SETTLED_AFTER) return undefined;
    this.#settled ??= rss;
    return rss - this.#settled > MOST_GROWTH
      ? `the process grew from ${mebibytes(this.#settled)} to ${mebibytes(rss)} MiB`
      : undefined;
  }

  progress(): string {
    const compiled = this.#bench.compiled;
    const counts = (["regions", "evictions", "revivals", "liveRegions", "liveModules"] as const)
      .map((name) => `${name} ${(compiled?.[name] ?? 0).toLocaleString("en")}`)
      .join(", ");
    const minutes = ((performance.now() - this.#began) / MINUTE).toFixed(1);
    return `${minutes} min: ${counts}; MiB by minutes: ${this.#history.join(" ")}`;
  }
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
