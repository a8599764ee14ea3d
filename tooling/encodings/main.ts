/**
 * `pnpm judge:encodings`: holds what we assemble against the GNU assembler (binutils for s390x), for every
 * instruction of the list, with random operands. Exit status 1 if bytes differ, 2 if it is not installed.
 * What it refuses is listed: instructions it does not know, and values in fields that it has no operand for.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createDisassembler, encode, fieldRange, type InstructionEncoding } from "@lockframe/assembler";
import { instructions } from "@lockframe/instructions";
import { explained } from "@lockframe/testkit";

const GNU_ASSEMBLER = "s390x-linux-gnu-as";
const SAMPLES = 20;

interface Sample {
  readonly mnemonic: string;
  readonly text: string;
  readonly bytes: string;
}

/** Relative operands by their distance: an absolute address the GNU assembler would leave to the linker. */
function relativeToHere({ format }: InstructionEncoding, text: string): string {
  const [mnemonic = "", operands = ""] = text.split(" ");
  const distances = new Set(format.fields.filter(({ kind }) => kind === "ri").map(({ name }) => name));
  const written = operands.split(",").map((operand, n) => {
    const syntax = format.syntax[n];
    const relative = syntax?.kind === "field" && distances.has(syntax.field);
    return !relative ? operand : `.${operand.startsWith("-") ? "" : "+"}${operand}`;
  });
  return `${mnemonic} ${written.join(",")}`;
}

function randomSample(encoding: InstructionEncoding): Sample {
  const fields = encoding.format.fields.map((field): [string, number] => {
    const [min, max] = fieldRange(field);
    // Multiples of four begin pairs in every register file; the GNU assembler gives up at any that do not.
    if (field.kind === "r") return [field.name, 4 * Math.floor(Math.random() * 4)];
    return [field.name, Math.floor(min + Math.random() * (max - min + 1))];
  });
  const bytes = encode(encoding, Object.fromEntries(fields));
  const [line] = createDisassembler([encoding]).disassemble(bytes);
  const text = relativeToHere(encoding, line?.text ?? "");
  return { mnemonic: encoding.mnemonic, text, bytes: Buffer.from(bytes).toString("hex") };
}

/** Line numbers (from 0) that the GNU assembler refuses, with its words. */
function refusals(lines: readonly string[], folder: string): ReadonlyMap<number, string> {
  const source = join(folder, "all.s");
  writeFileSync(source, lines.map((line) => ` ${line}\n`).join(""));
  const run = spawnSync(GNU_ASSEMBLER, ["-march=z16", source, "-o", join(folder, "all.o")], {
    encoding: "utf8",
  });
  const found = run.stderr.matchAll(/:(\d+): Error: (.*)/g);
  return new Map(Array.from(found, ([, line, words]) => [Number(line) - 1, words ?? ""]));
}

/** What the GNU assembler makes of each line, none of which it refuses. */
function assembled(lines: readonly string[], folder: string): string[] {
  const source = join(folder, "good.s");
  const listing = join(folder, "good.lst");
  // The last line takes the padding at the end of the section.
  writeFileSync(source, [...lines, "nopr"].map((line) => ` ${line}\n`).join(""));
  const options = ["-march=z16", `-aln=${listing}`, "--listing-lhs-width=3", "--listing-rhs-width=1"];
  execFileSync(GNU_ASSEMBLER, [...options, source, "-o", join(folder, "good.o")]);
  const bytes = [...lines, ""].map(() => "");
  for (const row of readFileSync(listing, "utf8").matchAll(/^ *(\d+) [0-9a-f]{4,8} ((?:[0-9A-F]+ ?)+)/gm)) {
    bytes[Number(row[1]) - 1] += (row[2] ?? "").replaceAll(" ", "").toLowerCase();
  }
  return bytes;
}

function judge(folder: string): number {
  const samples = instructions.flatMap((encoding) =>
    Array.from({ length: SAMPLES }, () => randomSample(encoding)),
  );
  const refused = refusals(
    samples.map(({ text }) => text),
    folder,
  );
  const accepted = samples.filter((_, i) => !refused.has(i));
  const theirs = assembled(
    accepted.map(({ text }) => text),
    folder,
  );
  const differing = new Map<string, string>();
  accepted.forEach(({ mnemonic, text, bytes }, i) => {
    if (theirs[i] !== bytes) differing.set(mnemonic, `${text}: ${bytes}, not ${theirs[i]}`);
  });
  const unjudged = new Map<string, string>();
  samples.forEach(({ mnemonic, text }, i) => {
    const words = refused.get(i);
    if (words !== undefined) unjudged.set(mnemonic, `${text}: ${words}`);
  });
  for (const [name, words] of unjudged) process.stdout.write(`refused ${name.padEnd(8)} ${words}\n`);
  for (const [name, words] of differing) process.stdout.write(`DIFFERS ${name.padEnd(8)} ${words}\n`);
  const counts = `${instructions.length} instructions, ${samples.length} samples, ${refused.size} refused`;
  process.stdout.write(`${counts}, ${differing.size} instructions differ\n`);
  return differing.size === 0 ? 0 : 1;
}

const usage = "usage: pnpm judge:encodings (it has no options)";
explained(usage, () => parseArgs({ options: {} }));
if (spawnSync(GNU_ASSEMBLER, ["--version"]).status !== 0) {
  process.stderr.write(`${GNU_ASSEMBLER} is not installed (Debian: binutils-s390x-linux-gnu)\n`);
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), "lockframe-encodings-"));
  try {
    process.exitCode = judge(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
