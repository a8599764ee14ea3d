/** `pnpm bench [ROW...]`: figures of ours beside a peer's. Asserts that results are right, never times. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { tableOf } from "./figure.ts";
import { debianParts, type GuestParts } from "./guest-parts.ts";
import { type BenchProgress, measureRows } from "./measure-rows.ts";
import { groups, isMeant, rows, rowsMeant } from "./rows/index.ts";

const usage = `usage: pnpm bench [ROW...] [--json FILE] [--runs N] [--short] [--engine jit|interpreter] [--kernel FILE --initrd FILE]

Boots Debian's kernel and busybox, unless files are named. Workloads are built with Debian's cross compiler and run in
that guest on both machines, in turn; their results are checked.
Rows: ${rows.map(({ name }) => name).join(" ")}
Groups of rows: ${[...groups].join(", ")}; a workload without @BUILD means all its builds.
A ratio above 1 means that we are better. Medians of N runs (5). "by CPU" compares the CPU time of the two processes
instead of elapsed time: on a busy host, look there. --short executes little, on our side alone, for the results.`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "string" },
      runs: { type: "string", default: "5" },
      engine: { type: "string", default: "jit" },
      short: { type: "boolean", default: false },
      kernel: { type: "string" },
      initrd: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  const unknown = positionals.filter((name) => !rows.some((row) => isMeant(row, name)));
  const { engine } = values;
  if (
    values.help ||
    unknown.length > 0 ||
    !Number.isInteger(runs) ||
    runs < 1 ||
    (engine !== "jit" && engine !== "interpreter")
  ) {
    console.error(unknown.length > 0 ? `no row is called ${unknown.join(", ")}\n\n${usage}` : usage);
    return values.help ? 0 : 2;
  }
  const figures = await measureRows(
    { runs: values.short ? 1 : runs, engine, size: values.short ? "short" : "full" },
    rowsMeant(positionals, values.short),
    (folder) => partsFrom(values.kernel, values.initrd, folder),
    tellProgress,
  );
  console.log(tableOf(figures));
  const wrong = figures.filter((figure) => figure.wrong !== undefined);
  for (const figure of wrong) console.error(`${figure.row}: ${figure.wrong}`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
  }
  return wrong.length === 0 ? 0 : 1;
}

/** The row that is being measured, on a terminal; otherwise each figure as soon as it is there. */
const tellProgress: BenchProgress = (row, figure) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${row?.name ?? ""}`);
  else if (figure !== undefined) console.error(tableOf([figure]).split("\n")[1]);
};

/** Files named on the command line, or Debian's. */
async function partsFrom(
  kernel: string | undefined,
  initrd: string | undefined,
  folder: string,
): Promise<GuestParts> {
  return kernel !== undefined && initrd !== undefined ? { kernel, initrd } : debianParts(folder);
}

process.exitCode = await main();
