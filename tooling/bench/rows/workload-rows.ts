/** Rows of guest workloads: the same program in the same guest on both machines, in turn. */
import type { BenchContext } from "../bench-context.ts";
import { type Figure, figureOf, median, ratioOf } from "../figure.ts";
import type { Build } from "../toolchain.ts";
import type { Execution, WorkloadGuest } from "../workload-guest.ts";
import { type Workload, needs, workloads } from "../workloads.ts";
import type { Row } from "./row.ts";

export const workloadRows: readonly Row[] = workloads.flatMap((workload) =>
  workload.builds.map((build) => ({
    name: `${workload.name}@${build}`,
    group: workload.group,
    measure: (context: BenchContext) => measured(context, workload, build),
  })),
);

async function measured(context: BenchContext, workload: Workload, build: Build): Promise<Figure> {
  const row = `${workload.name}@${build}`;
  const { runs, size } = context.options;
  const guests = await context.workloadGuests();
  if (typeof guests === "string") return figureOf(row, "s", "less", [], [], guests);
  if (!guests.ours.runs(build)) return figureOf(row, "s", "less", [], [], "no vector instructions yet");
  const ours: Execution[] = [];
  const peer: Execution[] = [];
  const execute = (guest: WorkloadGuest): Promise<Execution> => guest.execute(workload, build, size);
  for (let run = 0; run < runs; run++) {
    ours.push(await execute(guests.ours));
    if (guests.peer !== undefined) peer.push(await execute(guests.peer));
  }
  const wrong = [
    wrongResult("ours", ours, workload.result[size]),
    wrongResult("the peer's", peer, workload.result[size]),
  ].filter((text) => text !== undefined);
  const runsOf = { ours: ours.map(pair), peer: peer.map(pair) };
  const { group } = workload;
  if (wrong.length > 0) {
    return {
      ...figureOf(row, "s", "less", [], [], "wrong result"),
      group,
      runs: runsOf,
      wrong: wrong.join("; "),
    };
  }
  return {
    ...figureOf(row, "s", "less", seconds(ours), seconds(peer), noteOf(ours, guests.failure)),
    cpuRatio: ratioOf("less", median(cpuSeconds(ours)), median(cpuSeconds(peer))),
    group,
    need: needs[group],
    runs: runsOf,
  };
}

const seconds = (executions: readonly Execution[]): number[] => executions.map((e) => e.seconds);
const cpuSeconds = (executions: readonly Execution[]): number[] => executions.map((e) => e.cpuSeconds);
const pair = ({ seconds, cpuSeconds }: Execution): readonly [number, number] => [seconds, cpuSeconds];

/** A first execution also compiles what later ones find compiled. */
function noteOf(ours: readonly Execution[], failure: string | undefined): string {
  const first = ours[0] === undefined ? "" : `first ${ours[0].seconds.toPrecision(3)} s`;
  return [ours.length > 1 ? first : "", failure].filter(Boolean).join("; ");
}

function wrongResult(whose: string, executions: readonly Execution[], right: string): string | undefined {
  const wrong = executions.find(({ result }) => result !== right);
  return wrong && `${whose} result is '${wrong.result}' instead of '${right}'`;
}
