/**
 * Rows of a virtio disk: the same program in the same guest on both machines, past the guest's page cache. A sequential row
 * moves 1 GiB.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  buildBusyboxInitramfs,
  DebianArchive,
  fetchBusyboxStatic,
  fetchKernelModules,
} from "@lockframe/debian";
import { type BenchContext, noQemu } from "../bench-context.ts";
import { type Figure, figureOf, median, ratioOf } from "../figure.ts";
import { plainStarter, qemuStarter, qemuVersion } from "../starters.ts";
import { compiler, missingCompiler } from "../toolchain.ts";
import { commandInit, WorkloadGuest } from "../workload-guest.ts";
import type { Row } from "./row.ts";

const names = ["write", "read", "random-write", "random-read"] as const;
type Name = (typeof names)[number];

/** One execution of the program. */
interface Measurement {
  readonly megabytes: number;
  readonly requests: number;
  readonly seconds: number;
  /** Of the machine's whole process, its compiling threads too. */
  readonly cpuSeconds: number;
}

/** Ours, and the peer where there is one. */
type Guests = readonly WorkloadGuest[];

/**
 * Executed before anything is measured, on both sides: what is asked for is the figure of a machine that has done I/O for a
 * while, and code that runs once a request takes 10,000 of them until it is compiled.
 */
const warming: readonly Name[] = ["random-write", "random-read", "random-write", "random-read"];
const DISK_BYTES = 64 * 2 ** 20;
const source = fileURLToPath(new URL("../disk/disk-io.c", import.meta.url));
/** Booted once for all rows of a bench. */
const booted = new WeakMap<BenchContext, Promise<Guests>>();

export const diskRows: readonly Row[] = names.map((name) => ({
  name: `disk-${name}`,
  async measure(context: BenchContext): Promise<Figure> {
    const missing = missingCompiler();
    if (missing !== undefined) return figureOf(`disk-${name}`, unitOf(name), "more", [], [], missing);
    const guests = booted.get(context) ?? bootBoth(context);
    booted.set(context, guests);
    return measured(name, await guests, context.options.runs);
  },
}));

const isRandom = (name: Name): boolean => name.startsWith("random");
const unitOf = (name: Name): string => (isRandom(name) ? "IOPS" : "MB/s");

/** Both sides in turn. */
async function measured(name: Name, guests: Guests, runs: number): Promise<Figure> {
  const sides: Measurement[][] = guests.map(() => []);
  for (let run = 0; run < runs; run++)
    for (const [index, guest] of guests.entries()) sides[index]?.push(await execute(guest, name));
  const [ours = [], peer = []] = sides;
  const amount = ({ megabytes, requests }: Measurement): number => (isRandom(name) ? requests : megabytes);
  const elapsed = (one: Measurement): number => amount(one) / one.seconds;
  const byCpu = (one: Measurement): number => amount(one) / one.cpuSeconds;
  const first = sides.map(([one]) => (one === undefined ? "-" : elapsed(one).toFixed(0))).join(" and ");
  const note = [runs > 1 ? `first ${first}` : "", guests.length > 1 ? "" : noQemu].filter(Boolean).join("; ");
  const pair = ({ seconds, cpuSeconds }: Measurement): readonly [number, number] => [seconds, cpuSeconds];
  return {
    ...figureOf(`disk-${name}`, unitOf(name), "more", ours.map(elapsed), peer.map(elapsed), note),
    cpuRatio: ratioOf("more", median(ours.map(byCpu)), median(peer.map(byCpu))),
    need: 1,
    runs: { ours: ours.map(pair), peer: peer.map(pair) },
  };
}

async function execute(guest: WorkloadGuest, name: Name): Promise<Measurement> {
  const before = guest.cpuSeconds();
  const output = await guest.run(`disk-io /dev/vda ${name}`);
  const cpuSeconds = guest.cpuSeconds() - before;
  const [, bytes, requests, nanoseconds] = /(\d+) (\d+) (\d+)/.exec(output) ?? [];
  if (nanoseconds === undefined) throw new Error(`${guest.name}: '${output.trim()}' is no measurement`);
  return {
    megabytes: Number(bytes) / 1e6,
    requests: Number(requests),
    seconds: Number(nanoseconds) / 1e9,
    cpuSeconds,
  };
}

/** Machines that have a disk of their own each, with something on it. */
async function bootBoth(context: BenchContext): Promise<Guests> {
  const { folder, options } = context;
  const parts = { kernel: (await context.parts()).kernel, initrd: join(folder, "disk.cpio") };
  writeFileSync(parts.initrd, await initramfs(folder));
  const guests: WorkloadGuest[] = [];
  const boot = async (side: typeof qemuStarter): Promise<void> => {
    const image = join(folder, `disk-${guests.length}.img`);
    writeFileSync(image, Buffer.alloc(DISK_BYTES, "disk"));
    const guest = await WorkloadGuest.boot(side(parts, ["-drive", `file=${image},format=raw,if=virtio`]));
    guests.push(context.keep(guest));
    await guest.run("modprobe virtio_blk");
    for (const name of warming) await execute(guest, name);
  };
  await boot((of, more) => plainStarter(of, options.engine, more));
  if (qemuVersion() !== undefined) await boot(qemuStarter);
  return guests;
}

async function initramfs(folder: string): Promise<Uint8Array> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const busybox = await fetchBusyboxStatic(archive);
  const program = { path: "usr/bin/disk-io", type: "file" as const, mode: 0o755, bytes: build(folder) };
  const extraFiles = [program, ...(await fetchKernelModules(archive, ["virtio_blk"]))];
  return buildBusyboxInitramfs({
    busybox: busybox.bytes,
    init: commandInit,
    extraFiles,
    compression: "none",
  });
}

/** The program, static. @throws Error with what the compiler said */
function build(folder: string): Uint8Array {
  const output = join(folder, "disk-io");
  const args = ["-std=gnu11", "-O2", "-march=z10", "-static", "-Wall", "-Wextra", "-o", output, source];
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${source} could not be built: ${error?.message ?? stderr}`);
  return readFileSync(output);
}
