/** Rows of a virtio disk: the same program in the same guest on both machines, past the guest's page cache. */
import { spawnSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBusyboxInitramfs, DebianArchive, fetchDemoParts, fetchKernelModules } from "@lockframe/debian";
import type { BenchContext } from "../bench-context.ts";
import type { Starter } from "../boots.ts";
import { type Figure, figureOf } from "../figure.ts";
import { MeteredProcess } from "../metered-process.ts";
import { plainStarter, qemuStarter, qemuVersion } from "../starters.ts";
import { compiler, missingCompiler } from "../toolchain.ts";
import type { Row } from "./row.ts";

const names = ["write", "read", "random-write", "random-read"] as const;
type Name = (typeof names)[number];

/** One run of the program. */
type Measurements = ReadonlyMap<string, { readonly megabytes: number; readonly requests: number }>;

interface Sides {
  readonly ours: readonly Measurements[];
  readonly peer: readonly Measurements[];
  readonly note: string;
}

const DISK_BYTES = 64 * 2 ** 20;
const LIMIT_SECONDS = 1800;
const source = fileURLToPath(new URL("../disk/disk-io.c", import.meta.url));
/** Measured once for all rows of a bench. */
const measured = new WeakMap<BenchContext, Promise<Sides>>();

const init = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
modprobe virtio_blk
disk-io /dev/vda
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
  const values = (runs: readonly Measurements[]): number[] =>
    runs.flatMap((run) => {
      const found = run.get(name);
      return found === undefined ? [] : [random ? found.requests : found.megabytes];
    });
  return figureOf(`disk-${name}`, random ? "IOPS" : "MB/s", "more", values(ours), values(peer), note);
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
  const archived = buildBusyboxInitramfs({ busybox: busybox.bytes, init, extraFiles, compression: "none" });
  writeFileSync(parts.initrd, archived);
  const image = join(folder, "disk.img");
  const ours: Measurements[] = [];
  const peer: Measurements[] = [];
  const hasPeer = qemuVersion() !== undefined;
  for (let run = 0; run < (options.size === "short" ? 1 : options.runs); run++) {
    ours.push(await measure(plainStarter(parts, options.engine), image));
    if (hasPeer && options.size !== "short") peer.push(await measure(qemuStarter(parts), image));
  }
  return { ours, peer, note: hasPeer ? "" : "qemu-system-s390x is not installed" };
}

/** The program, static. @throws Error with what the compiler said */
function build(folder: string): Uint8Array {
  const output = join(folder, "disk-io");
  const args = ["-std=gnu11", "-O2", "-march=z10", "-static", "-Wall", "-Wextra", "-o", output, source];
  const { status, stderr, error } = spawnSync(compiler, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${source} could not be built: ${error?.message ?? stderr}`);
  return readFileSync(output);
}

/** A boot with a disk that is new. @throws Error when it does not end well */
async function measure({ name, command, args }: Starter, image: string): Promise<Measurements> {
  writeFileSync(image, "");
  truncateSync(image, DISK_BYTES);
  const disk = ["-drive", `file=${image},format=raw,if=virtio`];
  await using process = new MeteredProcess(command, [...args, ...disk]);
  const ending = await process.end(LIMIT_SECONDS);
  const lines = [...process.output.matchAll(/<([a-z-]+) (\d+) (\d+) (\d+)>/g)];
  if (ending !== 0 || lines.length !== names.length)
    throw new Error(`${name} ended with ${ending}: ${process.output.slice(-500)}`);
  return new Map(
    lines.map(([, which = "", bytes, requests, nanoseconds]) => {
      const seconds = Number(nanoseconds) / 1e9;
      return [which, { megabytes: Number(bytes) / 1e6 / seconds, requests: Number(requests) / seconds }];
    }),
  );
}
