/** Rows of the network: a web server and a client in the same guest on both machines, over each one's own NAT. */
import { writeFileSync } from "node:fs";
import { createServer as createWebServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import {
  buildBusyboxInitramfs,
  DebianArchive,
  fetchBusyboxStatic,
  fetchKernelModules,
} from "@lockframe/debian";
import { type BenchContext, noQemu } from "../bench-context.ts";
import { type Figure, figureOf } from "../figure.ts";
import { plainStarter, qemuStarter, qemuVersion } from "../starters.ts";
import { commandInit, WorkloadGuest } from "../workload-guest.ts";
import type { Row } from "./row.ts";

const MEBIBYTES = 64;
const BYTES = MEBIBYTES * 2 ** 20;

/** Before the clock runs: an address, a server, and a file in a tmpfs for it. */
const prepare = [
  "modprobe virtio_net",
  "ip link set eth0 up",
  "ip addr add 10.0.2.15/24 dev eth0",
  "ip route add default via 10.0.2.2",
  "mkdir /tmp/www",
  `dd if=/dev/zero of=/tmp/www/file bs=1024k count=${MEBIBYTES} 2>/dev/null`,
  "httpd -p 80 -h /tmp/www",
].join(" && ");

/** QEMU 7.2 computes Linux's vector checksums wrong, and its guest drops every TCP segment. */
const withoutVectors = ["-cpu", "max,vx=off"];

interface NetworkGuest {
  readonly guest: WorkloadGuest;
  /** Port of the host that leads to the guest's server. */
  readonly port: number;
}

/** Booted once for all rows of a bench. */
const booted = new WeakMap<BenchContext, Promise<readonly NetworkGuest[]>>();

type Transfer = (side: NetworkGuest, hostPort: number) => Promise<void>;

/** From the guest's server, which sends by sendfile, to the host. */
const send: Transfer = async ({ port }) => {
  const answer = await fetch(`http://127.0.0.1:${port}/file`);
  let length = 0;
  for await (const bytes of answer.body ?? []) length += bytes.length;
  if (length !== BYTES) throw new Error(`${length} bytes came instead of ${BYTES}`);
};

/** From a server of the host to the guest's client. */
const receive: Transfer = async ({ guest }, hostPort) => {
  await guest.run(`wget -q -O /dev/null http://10.0.2.2:${hostPort}/`); // it fails when bytes are missing
};

export const networkRows: readonly Row[] = [
  { name: "network-send", measure: (context) => measured(context, "network-send", send) },
  { name: "network-receive", measure: (context) => measured(context, "network-receive", receive) },
];

async function measured(context: BenchContext, row: string, transfer: Transfer): Promise<Figure> {
  const content = Buffer.alloc(BYTES);
  const server = createWebServer((_, response) => response.end(content));
  const hostPort = await listen(server);
  try {
    const booting = booted.get(context) ?? bootBoth(context);
    booted.set(context, booting);
    const sides = await booting;
    const rates: number[][] = sides.map(() => []);
    for (let run = 0; run < context.options.runs; run++)
      for (const [index, side] of sides.entries())
        rates[index]?.push(await rateOf(() => transfer(side, hostPort)));
    const [ours = [], peer = []] = rates;
    const note =
      sides.length > 1 ? "peer: qemu-system-s390x with its own NAT, without vector instructions" : noQemu;
    return figureOf(row, "MB/s", "more", ours, peer, note);
  } finally {
    server.close();
  }
}

async function rateOf(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return BYTES / 1e3 / (performance.now() - start);
}

async function bootBoth(context: BenchContext): Promise<NetworkGuest[]> {
  const archive = new DebianArchive({ environment: { ...process.env } });
  const busybox = await fetchBusyboxStatic(archive);
  const extraFiles = await fetchKernelModules(archive, ["virtio_net"]);
  const initrd = join(context.folder, "network.cpio");
  writeFileSync(
    initrd,
    buildBusyboxInitramfs({ busybox: busybox.bytes, init: commandInit, extraFiles, compression: "none" }),
  );
  const parts = { kernel: (await context.parts()).kernel, initrd };
  const starters = [
    (more: readonly string[]) => plainStarter(parts, context.options.engine, more),
    ...(qemuVersion() === undefined
      ? []
      : [(more: readonly string[]) => qemuStarter(parts, [...more, ...withoutVectors])]),
  ];
  const sides: NetworkGuest[] = [];
  for (const starter of starters) {
    const port = await freePort();
    const network = ["-netdev", `user,id=net,hostfwd=tcp:127.0.0.1:${port}-:80`];
    const devices = [...network, "-device", "virtio-net-ccw,netdev=net"];
    const guest = context.keep(await WorkloadGuest.boot(starter(devices)));
    sides.push({ guest, port });
    await guest.run(prepare);
  }
  return sides;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
