/** `pnpm bench [ROW...]`: figures of ours beside a peer's. Prints; asserts nothing. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BenchContext } from "./bench-context.ts";
import { type Figure, tableOf } from "./figure.ts";
import { debianParts, type GuestParts } from "./guest-parts.ts";
import { rows } from "./rows/index.ts";

const usage = `usage: pnpm bench [ROW...] [--json FILE] [--runs N] [--kernel FILE --initrd FILE]

Boots Debian's kernel and busybox, unless files are named.
Rows: ${rows.map(({ name }) => name).join(" ")}
A ratio above 1 means that we are better. Medians of N runs (3).`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "string" },
      runs: { type: "string", default: "3" },
      kernel: { type: "string" },
      initrd: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
  if (values.help || unknown.length > 0 || !Number.isInteger(runs) || runs < 1) {
    console.error(unknown.length > 0 ? `no row is called ${unknown.join(", ")}\n\n${usage}` : usage);
    return values.help ? 0 : 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "lockframe-bench-"));
  try {
    const context = new BenchContext(runs, folder, () => partsFrom(values.kernel, values.initrd, folder));
    const figures: Figure[] = [];
    for (const row of rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
      figures.push(await row.measure(context));
    }
    console.log(tableOf(figures));
    if (values.json !== undefined) {
      writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
    }
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Files named on the command line, or Debian's. */
async function partsFrom(
  kernel: string | undefined,
  initrd: string | undefined,
  folder: string,
): Promise<GuestParts> {
  return kernel !== undefined && initrd !== undefined ? { kernel, initrd } : debianParts(folder);
}

process.exitCode = await main();
