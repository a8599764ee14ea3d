/** Rows of a virtio disk: the same program in the same guest on both machines, past the guest's page cache. */
import { spawnSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBusyboxInitramfs, DebianArchive, fetchDemoParts, fetchKernelModules } from "@lockframe/debian";
import { type BenchContext, noQemu } from "../bench-context.ts";
import type { Starter } from "../boots.ts";
import { type Figure, figureOf, median, ratioOf } from "../figure.ts";
import { MeteredProcess } from "../metered-process.ts";
import { plainStarter, qemuStarter, qemuVersion } from "../starters.ts";
import { compiler, missingCompiler } from "../toolchain.ts";
import type { Row } from "./row.ts";

const names = ["write", "read", "random-write", "random-read"] as const;
type Name = (typeof names)[number];

/** One pass of the program over one kind of access. */
interface Measurement {
  readonly name: string;
  readonly megabytes: number;
  readonly requests: number;
  readonly seconds: number;
  /** Of the machine's whole process, its compiling threads too. */
  readonly cpuSeconds: number;
}

interface Sides {
  /** Pass by pass, of all boots. */
  readonly ours: readonly Measurement[][];
  readonly peer: readonly Measurement[][];
  readonly note: string;
}

const DISK_BYTES = 64 * 2 ** 20;
/** The first pass meets code that neither machine has translated yet: it is told of, the others are the figure. */
const PASSES = 4;
const LIMIT_SECONDS = 1800;
const source = fileURLToPath(new URL("../disk/disk-io.c", import.meta.url));
/** Measured once for all rows of a bench. */
const measured = new WeakMap<BenchContext, Promise<Sides>>();

const initOf = (passes: number): string => `#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
modprobe virtio_blk
disk-io /dev/vda ${passes}
poweroff -f
`;

export const diskRows: readonly Row[] = names.map((name) => ({
  name: `disk-${name}`,
  async measure(context: BenchContext): Promise<Figure> {
    const known = measured.get(context) ?? measureSides(context);
    measured.set(context, known);
    return figure(name, await known);
  },
}));

function figure(name: Name, { ours, peer, note }: Sides): Figure {
  const random = name.startsWith("random");
  const unit = random ? "IOPS" : "MB/s";
  const of = (passes: readonly Measurement[][], rate: (pass: Measurement) => number): number[] =>
    passes.flat().flatMap((pass) => (pass.name === name ? [rate(pass)] : []));
  const amount = ({ megabytes, requests }: Measurement): number => (random ? requests : megabytes);
  const elapsed = (pass: Measurement): number => amount(pass) / pass.seconds;
  const byCpu = (pass: Measurement): number => amount(pass) / pass.cpuSeconds;
  const later = (passes: readonly Measurement[][]): Measurement[][] =>
    passes.filter((_, pass) => pass > 0 || passes.length === 1);
  const [first, firstOfPeer] = [ours, peer].map((passes) => median(of(passes.slice(0, 1), elapsed)));
  const cold = [first, firstOfPeer].map((rate) => (rate === null ? "-" : rate?.toFixed(0))).join(" and ");
  return {
    ...figureOf(`disk-${name}`, unit, "more", of(later(ours), elapsed), of(later(peer), elapsed), note),
    cpuRatio: ratioOf("more", median(of(later(ours), byCpu)), median(of(later(peer), byCpu))),
    note: [note, `in the first pass ${cold}`].filter((each) => each !== "").join("; "),
  };
}

async function measureSides({ options, folder }: BenchContext): Promise<Sides> {
  const missing = missingCompiler();
  if (missing !== undefined) return { ours: [], peer: [], note: missing };
  const parts = { kernel: join(folder, "disk-kernel"), initrd: join(folder, "disk-initrd") };
  const archive = new DebianArchive({ environment: { ...process.env } });
  const { kernel, busybox } = await fetchDemoParts(archive);
  writeFileSync(parts.kernel, kernel.bytes);
  const program = { path: "usr/bin/disk-io", type: "file" as const, mode: 0o755, bytes: build(folder) };
  const extraFiles = [program, ...(await fetchKernelModules(archive, ["virtio_blk"]))];
  const passes = options.size === "short" ? 1 : PASSES;
  const init = initOf(passes);
  const archived = buildBusyboxInitramfs({ busybox: busybox.bytes, init, extraFiles, compression: "none" });
  writeFileSync(parts.initrd, archived);
  const image = join(folder, "disk.img");
  const ours: Measurement[][] = Array.from({ length: passes }, () => []);
  const peer: Measurement[][] = Array.from({ length: passes }, () => []);
  const hasPeer = qemuVersion() !== undefined;
  for (let run = 0; run < (options.size === "short" ? 1 : options.runs); run++) {
    await measure(plainStarter(parts, options.engine), image, ours);
    if (hasPeer && options.size !== "short") await measure(qemuStarter(parts), image, peer);
  }
  return { ours, peer, note: hasPeer ? "" : noQemu };
}

/** The program, static. @throws Error with what the compiler said */
function build(folder: string): Uint8Array {
  const output = join(folder, "disk-io");
  const args = ["-std=gnu11", "-O2", "-march=z10", "-static", "-Wall", "-Wextra", "-o", output, source];
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${source} could not be built: ${error?.message ?? stderr}`);
  return readFileSync(output);
}

/** A boot with a disk that is new; adds to each pass. @throws Error when it does not end well */
async function measure(
  { name, command, args }: Starter,
  image: string,
  passes: Measurement[][],
): Promise<void> {
  writeFileSync(image, "");
  truncateSync(image, DISK_BYTES);
  const disk = ["-drive", `file=${image},format=raw,if=virtio`];
  await using process = new MeteredProcess(command, [...args, ...disk]);
  const failed = (): Error => new Error(`${name} did not finish: ${process.output.slice(-500)}`);
  let from = 0;
  let cpuBefore = 0;
  for (const pass of passes) {
    for (const _ of names) {
      const line = await process.matchAfter(from, /<([a-z-]+) (\d+) (\d+) (\d+)>/, LIMIT_SECONDS);
      if (line === null || line === undefined) throw failed();
      const cpu = process.cpuSeconds();
      const [whole, which = "", bytes, requests, nanoseconds] = line;
      from += line.index + whole.length;
      pass.push({
        name: which,
        megabytes: Number(bytes) / 1e6,
        requests: Number(requests),
        seconds: Number(nanoseconds) / 1e9,
        cpuSeconds: cpu - cpuBefore,
      });
      cpuBefore = cpu;
    }
  }
  if ((await process.end(LIMIT_SECONDS)) !== 0) throw failed();
}
