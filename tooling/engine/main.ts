/**
 * `pnpm bench:engine [--jit] [--wide] [LOOP...]`: guest instructions a second in small loops, and the time to build the
 * engine. --wide: in the form that storage beyond 4 GiB has.
 */
import { parseArgs } from "node:util";
import { explained } from "@lockframe/testkit";
import { Guest } from "./guest.ts";
import { loops } from "./loops.ts";

const ROUNDS = 40;
const ROUND_MS = 80;

const usage = `usage: pnpm bench:engine [--jit] [--wide] [LOOP...]; loops: ${Object.keys(loops).join(" ")}`;
const { values, positionals: chosen } = explained(usage, () =>
  parseArgs({
    allowPositionals: true,
    options: { jit: { type: "boolean", default: false }, wide: { type: "boolean", default: false } },
  }),
);
const engine = values.jit ? "jit" : "interpreter";
const form = values.wide ? "wide" : "narrow";
const unknown = chosen.filter((name) => loops[name] === undefined);
if (unknown.length > 0) {
  console.error(`no loop is called ${unknown.join(", ")}; there are ${Object.keys(loops).join(" ")}`);
  process.exit(2);
}
for (let n = 0; n < 3; n++) {
  const before = performance.now();
  new Guest(engine, form);
  console.log(`built in ${(performance.now() - before).toFixed(0)} ms`);
}
for (const [name, source] of Object.entries(loops)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const guest = new Guest(engine, form);
  guest.start(source);
  // Other work on the host only ever slows a round down: the best and the processor's time count.
  const figures: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = guest.processors.instructions;
    const cpu = process.cpuUsage();
    const result = guest.processors.run(ROUND_MS);
    if (result.kind !== "yield") throw new Error(`${name} ended: ${result.kind}`);
    const used = process.cpuUsage(cpu);
    figures.push((guest.processors.instructions - before) / (used.user + used.system));
  }
  figures.sort((a, b) => b - a);
  const at = (part: number) => (figures[Math.floor(ROUNDS * part)] ?? 0).toFixed(0);
  console.log(`${name}: best ${at(0)} M/s, a quarter above ${at(0.25)}, half above ${at(0.5)}`);
}
