import type { MachineStats } from "@lockframe/machine";
import type { Stop } from "@lockframe/plugin-api";
import { colorsFor, type Invocation, print, table } from "../invocation.ts";

const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** What the end of a run means, for a person; undefined when there is nothing to say. */
export function describeStop(
  stop: Stop,
): { readonly text: string; readonly hint?: string | undefined } | undefined {
  switch (stop.kind) {
    case "powered-off":
      return undefined;
    case "rebooted":
      return { text: "the guest asked for a reboot" };
    case "ipl-failed":
      return { text: `${stop.code}: ${stop.message}`, hint: stop.hint };
    case "watchdog":
      return { text: "the guest's watchdog ran out" };
    case "disabled-wait":
      return {
        text: `the guest gave up: CPU ${stop.cpu} is in a disabled wait, code ${hex(stop.address)}`,
        hint: "Its console says why; a Linux kernel ends so when it panics.",
      };
    case "interruption-loop":
      return {
        text: `the guest gave up: CPU ${stop.cpu} loops in ${stop.class} interruptions at ${hex(stop.address)}`,
      };
    case "check-stop":
      return { text: `CPU ${stop.cpu} is in check-stop: ${stop.reason}` };
    case "protection-refused":
      return {
        // Why was said when it happened; a guest may go on after it.
        text: `the guest gave up: it was refused to become a protected one (${stop.code})`,
        hint: stop.hint,
      };
    case "integrity-violation":
      return { text: `the protected guest was stopped: ${stop.message} (page ${hex(stop.address)})` };
    case "unimplemented":
      return {
        text: `${stop.what} is not implemented`,
        hint: "`lockframe guest gaps` lists what is missing.",
      };
    case "quit":
      return stop.by === "user"
        ? undefined
        : { text: stop.by === "timeout" ? "the time given is up" : `ended by ${stop.by}` };
  }
}

/** Say why the machine stopped, and name what it asked for in vain. */
export function reportStop(
  { stderr, env }: Pick<Invocation, "stderr" | "env">,
  stop: Stop,
  stats: MachineStats,
): void {
  const colors = colorsFor(stderr, env);
  const description = describeStop(stop);
  if (description !== undefined) {
    print(stderr, `${colors.red("lockframe:")} ${description.text}`);
    if (description.hint !== undefined) print(stderr, `${colors.dim("hint:")} ${description.hint}`);
  }
  if (stats.unimplemented.size > 0) {
    const shown = [...stats.unimplemented].map(([mnemonic, count]) => `${mnemonic} (${count})`).join(", ");
    print(
      stderr,
      `${colors.yellow("lockframe:")} instructions that are not implemented, by attempts: ${shown}`,
    );
  }
}

function compilationRows(compiled: NonNullable<MachineStats["compiled"]>): [string, string][] {
  const { regions, lasting, instructions, modules, compilation, invalidations, evictions, revivals } =
    compiled;
  return [
    ["compiled", `${regions} regions (${lasting} lasting), ${instructions} instructions, ${modules} modules`],
    ["compilation", `${(compilation / 1000).toFixed(2)} s`],
    ["pages of compiled code changed", String(invalidations)],
    ["compiled code at the end", `${compiled.liveRegions} regions, ${compiled.liveModules} modules`],
    ["compiled code dropped for room", `${evictions} modules; ${revivals} were asked for in time`],
  ];
}

/** The figures of a run, for `--stats`. */
export function printStats({ stderr }: Pick<Invocation, "stderr">, stats: MachineStats): void {
  const busy = Math.max(stats.elapsedMs - stats.idleMs, 1);
  const { reasons, calls, tlbMisses } = stats.exits;
  const rows = [
    ["instructions", stats.instructions.toLocaleString("en")],
    ["elapsed", `${(stats.elapsedMs / 1000).toFixed(2)} s`],
    ["idle", `${(stats.idleMs / 1000).toFixed(2)} s`],
    ["instructions per busy second", `${(stats.instructions / busy / 1000).toFixed(1)} M`],
    ["protected", stats.protected ? "yes" : "no"],
    ...(stats.compiled === undefined ? [] : compilationRows(stats.compiled)),
    ["TLB misses", tlbMisses.toLocaleString("en")],
    ...countRows("exits", reasons),
    ...countRows("calls", calls),
  ];
  print(stderr, table(rows));
}

/** More kinds than these are for the JSON form. */
const MOST_KINDS = 12;

function countRows(what: string, counts: ReadonlyMap<string, number>): [string, string][] {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const kinds = [...counts].slice(0, MOST_KINDS).map(([name, count]): [string, string] => {
    return [`  ${name}`, count.toLocaleString("en")];
  });
  return [[what, total.toLocaleString("en")], ...kinds];
}

/** The figures of a run as JSON, for `--stats-json`: milliseconds and counts, maps as objects. */
export function statsJson(stats: MachineStats): string {
  const { exits, unimplemented, ...figures } = stats;
  const { reasons, calls, tlbMisses } = exits;
  const plain = {
    ...figures,
    tlbMisses,
    exits: Object.fromEntries(reasons),
    calls: Object.fromEntries(calls),
    unimplemented: Object.fromEntries(unimplemented),
  };
  return `${JSON.stringify(plain, undefined, 2)}\n`;
}
