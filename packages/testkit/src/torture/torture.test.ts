/** Short forms of the tortures; `pnpm nightly:torture` has the long ones. */
import { describe, expect, it } from "vitest";
import { Bench } from "../engines/program.ts";
import { randomFrom } from "../judge/random.ts";
import { TICKS, churn, crowd, pageEnds, ticking, torturePrograms } from "./programs.ts";

/** Everything compiled at once, or what is hot; each beside the interpreter, instruction for instruction. */
const engines = { "both-all": new Bench("both-all"), both: new Bench("both") } as const;
const rounds = { "both-all": 40, both: 2500 } as const;
const seeds = { "both-all": 3, both: 1 } as const;

describe.each(Object.entries(torturePrograms))("%s", (name, program) => {
  it.each(["both-all", "both"] as const)("is the same in lockstep, %s", (engine) => {
    for (let n = 0; n < seeds[engine]; n++) {
      const source = program(randomFrom(`torture/${name}/${n}`), rounds[engine]);
      const { kind, psw } = engines[engine].run(
        source,
        Uint8Array.from({ length: 4096 }, (_, i) => i * 7),
      );
      expect({ kind, at: psw[1] }, source).toEqual({ kind: "disabledWait", at: 0n });
    }
  });
});

it("the clock comparator interrupts ten thousand times a second", () => {
  const bench = engines.both;
  const { instructions } = bench.run(ticking(pageEnds(randomFrom("torture/ticks"), 400_000)));
  const seconds = (instructions * 2) / 1e9;
  const ticks = Number(bench.storage.fetch64(TICKS));
  expect(ticks / seconds).toBeGreaterThan(8000);
  expect(ticks / seconds).toBeLessThan(12_000);
});

it("new code without end is compiled and forgotten", () => {
  const bench = new Bench("jit-all");
  const source = churn(randomFrom("torture/churn"), 600);
  const ending = bench.run(source);
  expect(ending).toMatchObject({ kind: "disabledWait", psw: [expect.anything(), 0n] });
  expect(ending.regions).toBeGreaterThan(600);
});

it("more code than there is room for: some is forgotten, the rest stays, and all of it runs", () => {
  const bench = new Bench("jit-all", 120_000, { modules: 200, regions: 1000 });
  const ending = bench.run(crowd(randomFrom("torture/crowd"), 1100));
  expect(ending).toMatchObject({ kind: "disabledWait", psw: [expect.anything(), 0n] });
  expect(bench.compiled?.evictions).toBeGreaterThan(800);
  expect(bench.compiled?.liveModules).toBeGreaterThan(150);
  expect(bench.compiled?.liveModules).toBeLessThanOrEqual(200);
});
