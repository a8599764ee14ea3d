/** A network interface with Debian's driver in a protected guest: addresses, both directions, ports of the host. */
import { createHash, randomBytes } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { patience, piece, pieces } from "../support/amount.ts";
import { describeWith, deviceGuest, sealed } from "../support/debian-guest.ts";
import { GuestShell } from "../support/guest-shell.ts";
import { type RunningMachine, startMachine } from "../support/running-machine.ts";
import { newHostKey } from "../support/sealed-tiny-guest.ts";

const MINUTES = 60_000;
vi.setConfig({ testTimeout: patience * MINUTES });
const had = await deviceGuest();

const digestOf = (bytes: Uint8Array): string => `${createHash("sha256").update(bytes).digest("hex")}  -`;

/** Bytes that nobody has seen before, 1 MiB at a time, and their digest when they have all been taken. */
function* fresh(mebibytes: number, done: (digest: string) => void): Generator<Uint8Array> {
  const hash = createHash("sha256");
  for (let n = 0; n < mebibytes; n++) {
    const bytes = randomBytes(2 ** 20);
    hash.update(bytes);
    yield bytes;
  }
  done(`${hash.digest("hex")}  -`);
}

/** Listen at a free port of the loopback interface. */
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

const CONFIGURE = [
  "modprobe virtio_net",
  "ip link set lo up",
  'printf \'#!/bin/sh\\n[ "$1" = bound ] || exit 0\\nip addr add $ip/$mask dev $interface\\n' +
    "ip route add default via $router\\necho nameserver $dns > /etc/resolv.conf\\n' > /bound",
  "chmod +x /bound",
  "ip link set eth0 up",
  "udhcpc -i eth0 -n -q -s /bound 2>/dev/null >/dev/null",
].join(" && ");

/** Print all that the guest sends: a file again and again, no two times the same. */
const PRINT_ALL = `for i in $(seq ${pieces}); do printf '%04d' $i; cat /upload; done`;
const ALL = pieces * (4 + piece * 2 ** 20);

/** A command that makes a script in the guest. */
function script(path: string, ...lines: readonly string[]): string {
  const text = Buffer.from(["#!/bin/sh", ...lines, ""].join("\n")).toString("base64");
  return `echo ${text} | base64 -d > ${path} && chmod +x ${path}`;
}

describeWith("the network of a protected guest", had, (parts) => {
  const hostKey = newHostKey();
  let sent = "";
  let received: Promise<string> | undefined;
  const web = createHttpServer((request, response) => {
    if (request.method === "GET")
      void pipeline(Readable.from(fresh(piece * pieces, (digest) => (sent = digest))), response);
    else {
      received = digestOfUpload(request);
      void received.then(() => response.end("taken"));
    }
  });
  let webPort: number;
  let forwarded: number;
  let guest: RunningMachine;
  let shell: GuestShell;

  beforeAll(async () => {
    webPort = await listen(web);
    forwarded = await freePort();
    guest = await startMachine({
      kernel: await sealed(parts(), hostKey),
      hostKeys: [hostKey],
      changes: {
        plugins: ["user-network", "virtio-net"],
        devices: [
          {
            type: "virtio-net-ccw",
            at: "fe.0.0001",
            mac: "52:54:00:00:00:01",
            netdev: { hostfwd: [`tcp:127.0.0.1:${forwarded}-:80`], hostname: "sealed" },
          },
        ],
      },
    });
    shell = await GuestShell.at(guest);
    await shell.run(CONFIGURE);
  }, 5 * MINUTES);
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    await new Promise((resolve) => web.close(resolve));
  });

  test("the guest is a protected one, and has an address by DHCP", async () => {
    expect(await shell.run("cat /sys/firmware/uv/prot_virt_guest")).toBe("1");
    expect(await shell.run("ip -4 -o addr show dev eth0")).toContain("10.0.2.15/24");
    expect(await shell.run("ip route")).toContain("default via 10.0.2.2");
    expect(await shell.run("cat /etc/resolv.conf")).toBe("nameserver 10.0.2.3");
    expect(await shell.run("ping -c 2 -W 20 10.0.2.2")).toContain("0% packet loss");
  });

  test("it downloads from the host's loopback interface what the host has", async () => {
    const digest = await shell.run(`wget -q -O - http://10.0.2.2:${webPort}/ | sha256sum`);
    expect(digest).toBe(sent);
  });

  test("it sends to the host what it has", async () => {
    await shell.run(`dd if=/dev/urandom of=/upload bs=64k count=${piece * 16} 2>/dev/null`);
    await shell.run(script("/all", PRINT_ALL));
    const header = `printf 'POST / HTTP/1.0\\r\\nContent-Length: ${ALL}\\r\\n\\r\\n'`;
    await shell.run(script("/post", header, "/all", "cat > /answer"));
    await shell.run(`nc 10.0.2.2 ${webPort} -e /post`);
    expect(await shell.run("tail -n 1 /answer")).toBe("taken");
    expect(await received).toBe(await shell.run("/all | sha256sum"));
  });

  test("a port of the host leads to its own server", async () => {
    await shell.run("mkdir /www && ln /upload /www/file && httpd -p 80 -h /www");
    for (let n = 0; n < pieces; n++) {
      const digest = await shell.run(`echo ${n} >> /www/file && sha256sum < /www/file`);
      const answer = await fetch(`http://127.0.0.1:${forwarded}/file`);
      expect(digestOf(new Uint8Array(await answer.arrayBuffer()))).toBe(digest);
    }
  });

  test("a port that nobody listens at refuses", async () => {
    const nobody = await freePort();
    expect(await shell.run(`nc 10.0.2.2 ${nobody} < /dev/null 2>&1 || true`)).toContain("refused");
  });

  test("neither driver nor device has anything to complain of", async () => {
    expect(await shell.run("dmesg | grep -i -E 'error|warn|oops|fail|unable' || true")).toBe("");
    expect(guest.messages.filter((line) => /broke|failed/.test(line))).toEqual([]);
    const features = await shell.run("cat /sys/bus/ccw/devices/0.0.0001/virtio*/features");
    expect(features.slice(32, 34)).toBe("11"); // version 1, access platform
  });
});

async function digestOfUpload(request: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of request) hash.update(bytes as Uint8Array);
  return `${hash.digest("hex")}  -`;
}
