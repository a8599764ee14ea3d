import { Bench, churn, randomFrom, torturePrograms } from "@lockframe/testkit/torture";

/** Compiled modules that may be alive, as the engine promises. */
const MOST_MODULES = 5000;
/** Growth of the process after the first eviction above which memory counts as leaking. */
const MOST_GROWTH = 400 * 2 ** 20;
const CHURN_ROUNDS = 6000;
/** Milliseconds for one program, on a busy host too. */
const PATIENCE = 300_000;

/** One run of the torture, program after program; what is next follows from the seed. */
export class Torture {
  readonly #seed: string;
  readonly #hot = new Bench("both", PATIENCE);
  readonly #all = new Bench("both-all", PATIENCE);
  readonly #churning = new Bench("jit-all", PATIENCE);
  readonly #began = performance.now();
  #rounds = 0;
  #programs = 0;
  #instructions = 0;
  /** Memory of the process when code was first dropped for want of room. */
  #settled: number | undefined;
  #peak = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** Every kind of program once, and some churn. Returns what went wrong. */
  round(): string | undefined {
    const round = this.#rounds++;
    for (const [name, program] of Object.entries(torturePrograms)) {
      for (const [bench, rounds] of [
        [this.#all, 40],
        [this.#hot, 3000],
      ] as const) {
        const seed = `${this.#seed}/${name}/${round}`;
        const failure = this.#run(bench, seed, program(randomFrom(seed), rounds));
        if (failure !== undefined) return failure;
      }
    }
    const seed = `${this.#seed}/churn/${round}`;
    return this.#run(this.#churning, seed, churn(randomFrom(seed), CHURN_ROUNDS)) ?? this.#grown();
  }

  #run(bench: Bench, seed: string, source: string): string | undefined {
    try {
      const { kind, psw, instructions } = bench.run(source, new Uint8Array(4096).fill(0x5a));
      this.#programs += 1;
      this.#instructions += instructions;
      return kind === "disabledWait" && psw[1] === 0n
        ? undefined
        : `${seed}: ended with ${kind} at ${psw[1].toString(16)}\n${source}`;
    } catch (error) {
      return `${seed}: ${error instanceof Error ? error.message : String(error)}\n${source}`;
    }
  }

  #grown(): string | undefined {
    const { rss } = process.memoryUsage();
    this.#peak = Math.max(this.#peak, rss);
    const compiled = this.#churning.compiled;
    if (compiled === undefined) return undefined;
    if (compiled.liveModules > MOST_MODULES) return `${compiled.liveModules} modules are alive`;
    if (compiled.evictions === 0) return undefined;
    this.#settled ??= this.#peak;
    return rss - this.#settled > MOST_GROWTH
      ? `the process grew from ${mebibytes(this.#settled)} to ${mebibytes(rss)} MiB`
      : undefined;
  }

  progress(): string {
    const minutes = ((performance.now() - this.#began) / 60_000).toFixed(1);
    const { regions = 0, modules = 0, evictions = 0 } = this.#churning.compiled ?? {};
    return [
      `${minutes} min: ${this.#programs} programs`,
      `${(this.#instructions / 1e6).toFixed(1)} M instructions`,
      `${regions.toLocaleString("en")} regions of ${modules.toLocaleString("en")} modules churned, ${evictions} evictions`,
      `${mebibytes(process.memoryUsage().rss)} MiB`,
    ].join(", ");
  }
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
