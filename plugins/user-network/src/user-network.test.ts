import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { networkSource } from "@lockframe/plugin-api";
import { afterEach, expect, test, vi } from "vitest";
import { dhcpPort } from "./dhcp.ts";
import { etherType } from "./frames.ts";
import { formatIpv4 } from "./ipv4.ts";
import { checksum, protocol, viewOf } from "./packet.ts";
import { flag } from "./tcp/segment.ts";
import { hasRightHeader, HOST, OWN, OWN_HARDWARE, TestGuest } from "./test-guest.ts";
import { UserNetwork, type UserNetworkOptions } from "./user-network.ts";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function guestOn(source: object = {}, options: UserNetworkOptions = {}): TestGuest {
  const network = new UserNetwork(networkSource.parse(source), options);
  cleanups.push(() => network.close());
  return new TestGuest(network);
}

/** A server on the loopback interface. Returns its port and the sockets of its clients. */
async function serve(
  onSocket: (socket: Socket) => void = () => undefined,
): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server };
}

/** By which the network scales its windows. */
const SCALE = 7;
const text = (content: string): Uint8Array => Buffer.from(content);
const noise = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 7919) >> 3));

// --- addresses ------------------------------------------------------------------------------------------

function arpRequest(target: string): Uint8Array {
  const bytes = new Uint8Array(28);
  bytes.set([0, 1, 8, 0, 6, 4, 0, 1, ...OWN_HARDWARE, ...OWN.split(".").map(Number)]);
  bytes.set(target.split(".").map(Number), 24);
  return bytes;
}

test("host and name server tell their hardware addresses, nobody else is there", () => {
  const guest = guestOn();
  for (const target of [HOST, "10.0.2.3"]) {
    guest.send(etherType.arp, arpRequest(target));
    const { bytes } = guest.frame() ?? {};
    const reply = Buffer.from(bytes ?? []);
    expect(reply.subarray(0, 6)).toEqual(Buffer.from(OWN_HARDWARE));
    expect(reply.readUInt16BE(20)).toBe(2);
    expect([...reply.subarray(28, 32)].join(".")).toBe(target);
  }
  guest.send(etherType.arp, arpRequest("10.0.2.9"));
  expect(guest.frame()).toBeUndefined();
});

function dhcpRequest(kind: number, ...options: readonly (readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(300);
  bytes.set([1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  bytes.set(OWN_HARDWARE, 28);
  bytes.set([0x63, 0x82, 0x53, 0x63, 53, 1, kind, ...options.flat(), 255], 236);
  return bytes;
}

function askDhcp(guest: TestGuest, request: Uint8Array) {
  guest.sendDatagram(dhcpPort.client, "255.255.255.255", dhcpPort.server, request, "0.0.0.0");
  const { packet, bytes } = guest.packet() ?? {};
  if (packet === undefined || bytes === undefined) return undefined;
  expect(hasRightHeader(bytes)).toBe(true);
  const reply = Buffer.from(packet.payload.subarray(8));
  expect(reply.readUInt32BE(4)).toBe(0xdeadbeef);
  const options = new Map<number, string>();
  for (let at = 240; reply[at] !== 255; at += 2 + (reply[at + 1] ?? 0))
    options.set(reply[at] ?? 0, reply.subarray(at + 2, at + 2 + (reply[at + 1] ?? 0)).toString("hex"));
  return { address: formatIpv4(reply.readUInt32BE(16)), options };
}

test("DHCP gives the address away, with what goes with it", () => {
  const guest = guestOn({ hostname: "box", dnssearch: ["a.example"] });
  const offer = askDhcp(guest, dhcpRequest(1));
  expect(offer?.address).toBe(OWN);
  expect(Object.fromEntries(offer?.options ?? [])).toEqual({
    1: "ffffff00",
    3: "0a000202",
    6: "0a000203",
    12: Buffer.from("box").toString("hex"),
    51: "00015180",
    53: "02",
    54: "0a000202",
    119: Buffer.from("\x01a\x07example\0").toString("hex"),
  });
  expect(askDhcp(guest, dhcpRequest(3, [50, 4, 10, 0, 2, 15]))?.options.get(53)).toBe("05");
  expect(askDhcp(guest, dhcpRequest(3, [50, 4, 10, 0, 2, 99]))?.options.get(53)).toBe("06");
  expect(askDhcp(guest, dhcpRequest(3, [54, 4, 9, 9, 9, 9]))).toBeUndefined();
  expect(askDhcp(guest, dhcpRequest(8))).toBeUndefined();
});

test("a restricted guest gets an address, and no way out", async () => {
  const { port } = await serve();
  const guest = guestOn({ restrict: true, net: "192.168.7.0/24" });
  const offer = askDhcp(guest, dhcpRequest(1));
  expect(offer?.address).toBe("192.168.7.15");
  expect(offer?.options.has(3) || offer?.options.has(6)).toBe(false);
  const inside = guestOn({ restrict: true });
  inside.sendSegment({ to: port });
  expect((await inside.nextSegment()).flags & flag.reset).toBe(flag.reset);
  inside.sendDatagram(5000, HOST, port, text("x"));
  expect(inside.packet()).toBeUndefined();
  expect(inside.network.sockets).toBe(0);
});

test.for([
  [{ net: "10.0.2.0/33" }, "LF-NET-001"],
  [{ host: "10.0.3.2" }, "LF-NET-001"],
  [{ dns: "10.0.2.2" }, "LF-NET-001"],
  [{ hostfwd: ["tcp:2222-22"] }, "LF-NET-002"],
  [{ hostfwd: ["tcp::70000-:22"] }, "LF-NET-002"],
  [{ hostfwd: ["sctp::1-:22"] }, "LF-NET-002"],
] as const)("%j is refused with %s", ([source, code]) => {
  expect(() => guestOn(source)).toThrow(expect.objectContaining({ code }));
});

// --- ICMP ---------------------------------------------------------------------------------------------------

test("the host answers an echo; for others the guest is told that it is prohibited", () => {
  const guest = guestOn();
  const echo = Uint8Array.from([8, 0, 0, 0, 1, 2, 3, 4, 5]);
  guest.sendPacket(protocol.icmp, HOST, echo);
  const reply = guest.packet()?.packet;
  expect([...(reply?.payload ?? [])].toSpliced(2, 2)).toEqual([0, 0, 1, 2, 3, 4, 5]);
  expect(checksum([reply?.payload ?? new Uint8Array()])).toBe(0);
  guest.sendPacket(protocol.icmp, "192.0.2.1", echo);
  const error = guest.packet()?.packet;
  expect([error?.payload[0], error?.payload[1]]).toEqual([3, 13]);
  expect([...(error?.payload.subarray(8 + 20) ?? [])]).toEqual([...echo.subarray(0, 8)]);
});

// --- TCP --------------------------------------------------------------------------------------------------

test("bytes go both ways, and both sides end", async () => {
  const { port } = await serve((socket) => {
    socket.once("data", (bytes: Buffer) => socket.end(`you said ${bytes.toString()}`));
  });
  const guest = guestOn();
  const connection = await guest.open(port);
  connection.send(text("hello"));
  expect((await connection.read("you said hello".length)).toString()).toBe("you said hello");
  const fin = await guest.nextSegment();
  expect(fin.flags & flag.fin).toBe(flag.fin);
  connection.expected += 1;
  connection.say(flag.fin);
  await vi.waitFor(() => expect(guest.network.sockets).toBe(0));
});

test("many bytes arrive, however large segments are", async () => {
  const sent = noise(3_000_000);
  const { port } = await serve((socket) => socket.end(sent));
  for (const segments of [false, true]) {
    const guest = guestOn();
    guest.network.adapt({ mtu: 1500, segments });
    const connection = await guest.open(port);
    const taken = vi.spyOn(guest.network, "receive");
    expect((await connection.read(sent.length)).equals(sent)).toBe(true);
    const sizes = taken.mock.results.map(({ value }) => value?.segments?.size ?? 0);
    expect(sizes.includes(1460)).toBe(segments);
  }
});

test("what the guest sends arrives once and in order, whatever it repeats or sends ahead", async () => {
  let arrived = "";
  const { port } = await serve((socket) =>
    socket.on("data", (bytes: Buffer) => (arrived += bytes.toString())),
  );
  const guest = guestOn();
  const connection = await guest.open(port);
  connection.say(0, text("cd"), connection.sequence + 2); // ahead
  connection.say(0, text("ab"));
  connection.say(0, text("abcd"));
  connection.say(0, text("bcdef"), connection.sequence + 1);
  await vi.waitFor(() => expect(arrived).toBe("abcdef"));
  let last = await guest.nextSegment();
  for (let more = guest.packet(); more !== undefined; more = guest.packet())
    last = { ...last, acknowledged: viewOf(more.packet.payload).getUint32(8) };
  expect(last.acknowledged).toBe(connection.sequence + 6);
});

test("what the guest sends in one go is acknowledged at once when it is much, else together", async () => {
  const { port } = await serve();
  const guest = guestOn();
  const connection = await guest.open(port);
  for (let n = 0; n < 20; n++) connection.send(text("a little"));
  expect(guest.packet()).toBeUndefined();
  expect((await guest.nextSegment()).acknowledged).toBe(connection.sequence);
  expect(guest.packet()).toBeUndefined();
  let pieces = 0;
  for (; guest.packet() === undefined; pieces++) connection.send(noise(50_000));
  expect(pieces).toBeGreaterThan(1);
  expect(pieces).toBeLessThan(20);
  connection.send(text("a little"));
  connection.say(0, text("a little"), connection.sequence - 8); // it did not know
  expect((await guest.nextSegment()).acknowledged).toBe(connection.sequence);
});

test("a server that does not read makes the guest stop, and a server that goes on lets it go on", async () => {
  let server: Socket | undefined;
  const { port } = await serve((socket) => {
    server = socket.pause();
  });
  const guest = guestOn();
  const connection = await guest.open(port);
  await vi.waitFor(() => expect(server).toBeDefined());
  const piece = noise(30_000);
  let window = 0xffff;
  let sent = 0;
  while (window >= piece.length && sent < 64 * 2 ** 20) {
    connection.send(piece);
    sent += piece.length;
    window = (await guest.nextSegment()).window << SCALE;
  }
  expect(sent).toBeLessThan(16 * 2 ** 20);
  connection.say(0, noise(60_000)); // more than it may
  const { acknowledged } = await guest.nextSegment();
  expect((acknowledged - connection.sequence) | 0).toBeLessThan(window + 2 ** SCALE);
  server?.resume();
  const update = await guest.nextSegment();
  expect(update.window << SCALE).toBeGreaterThan(piece.length);
});

test("a guest without room stops the host, and is asked again when it has room", async () => {
  const sent = noise(200_000);
  const { port } = await serve((socket) => socket.end(sent));
  let now = 0;
  const guest = guestOn({}, { now: () => now });
  const connection = await guest.open(port, { window: 100 });
  const first = await guest.nextSegment();
  expect(first.payload.length).toBe(100);
  connection.expected += 100;
  connection.window = 0;
  connection.acknowledge();
  expect(guest.packet()).toBeUndefined();
  now += 2000;
  guest.network.tick();
  const probe = await guest.nextSegment();
  expect([probe.payload.length, probe.sequence]).toEqual([0, (connection.expected - 1) >>> 0]);
  connection.window = 0xffff;
  connection.acknowledge();
  expect((await connection.read(sent.length - 100)).equals(sent.subarray(100))).toBe(true);
});

test("what the guest does not acknowledge is sent again: after a while, or when it asks", async () => {
  const { port } = await serve((socket) => socket.write("lost"));
  let now = 0;
  const guest = guestOn({}, { now: () => now });
  const connection = await guest.open(port);
  expect(Buffer.from((await guest.nextSegment()).payload).toString()).toBe("lost");
  guest.network.tick();
  expect(guest.packet()).toBeUndefined();
  now += 1500;
  guest.network.tick();
  expect(Buffer.from((await guest.nextSegment()).payload).toString()).toBe("lost");
  for (let i = 0; i < 3; i++) connection.acknowledge();
  expect(Buffer.from((await guest.nextSegment()).payload).toString()).toBe("lost");
  for (let i = 0; i < 20; i++) {
    now += 60_000;
    guest.network.tick();
  }
  await vi.waitFor(() => expect(guest.network.sockets).toBe(0));
});

test("nobody there is a reset, as is an end that no one knows of; addresses of nobody are refused", async () => {
  const { port, server } = await serve();
  server.close();
  const guest = guestOn();
  guest.sendSegment({ to: port });
  expect(await guest.nextSegment()).toMatchObject({
    flags: flag.reset | flag.acknowledge,
    acknowledged: 1001,
  });
  guest.sendSegment({ to: 80, flags: flag.acknowledge, acknowledged: 77 });
  expect(await guest.nextSegment()).toMatchObject({ flags: flag.reset, sequence: 77 });
  for (const at of ["127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "10.0.2.77", "10.0.2.3"]) {
    guest.sendSegment({ to: 80, at });
    expect((await guest.nextSegment()).flags & flag.reset, at).toBe(flag.reset);
  }
});

test("a reset of either side ends the other", async () => {
  const sockets: Socket[] = [];
  const { port } = await serve((socket) => sockets.push(socket));
  const guest = guestOn();
  const one = await guest.open(port, { from: 4001 });
  await vi.waitFor(() => expect(sockets.length).toBe(1));
  one.say(flag.reset);
  await vi.waitFor(() => expect(sockets[0]?.destroyed).toBe(true));
  await guest.open(port, { from: 4002 });
  await vi.waitFor(() => expect(sockets.length).toBe(2));
  sockets[1]?.resetAndDestroy();
  expect((await guest.nextSegment()).flags & flag.reset).toBe(flag.reset);
  await vi.waitFor(() => expect(guest.network.sockets).toBe(0));
});

test("there are not more connections than there may be, and a silent one gives way", async () => {
  const { port } = await serve();
  let now = 0;
  const guest = guestOn({}, { mostSockets: 3, now: () => now });
  for (let i = 0; i < 3; i++) await guest.open(port, { from: 5000 + i });
  guest.sendSegment({ from: 5003, to: port });
  expect((await guest.nextSegment()).flags & flag.reset).toBe(flag.reset);
  now += 120_000;
  guest.sendSegment({ from: 5004, to: port });
  expect((await guest.nextSegment()).flags & flag.reset).toBe(flag.reset); // for the silent one
  await vi.waitFor(() => expect(guest.network.sockets).toBe(3));
});

// --- UDP ---------------------------------------------------------------------------------------------------

async function udpServer(answer: (bytes: Buffer) => string): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port, address }) => socket.send(answer(bytes), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  cleanups.push(() => void socket.close());
  return socket.address().port;
}

test("datagrams reach the host, its name server, and come back", async () => {
  const port = await udpServer((bytes) => `<${bytes.toString()}>`);
  const guest = guestOn({}, { nameServers: () => [`127.0.0.1:${port}`] });
  guest.sendDatagram(5000, HOST, port, text("hi"));
  expect(await guest.nextDatagram()).toEqual({ from: HOST, port, to: 5000, text: "<hi>" });
  guest.sendDatagram(5001, "10.0.2.3", 53, text("name?"));
  expect(await guest.nextDatagram()).toEqual({ from: "10.0.2.3", port: 53, to: 5001, text: "<name?>" });
  guest.sendDatagram(5001, "10.0.2.3", 54, text("no"));
  expect(guest.packet()?.packet.payload[0]).toBe(3); // unreachable
});

test("large datagrams are in fragments both ways", async () => {
  const port = await udpServer((bytes) => `${bytes.length}`.padEnd(4000, "."));
  const guest = guestOn();
  const whole = new Uint8Array(8 + 3000);
  const view = viewOf(whole);
  [5000, port, whole.length].forEach((value, index) => view.setUint16(2 * index, value));
  guest.sendPacket(protocol.udp, HOST, whole.subarray(0, 1480), OWN, 0x2000);
  guest.sendPacket(protocol.udp, HOST, whole.subarray(1480, 2960), OWN, 0x2000 | (1480 / 8));
  guest.sendPacket(protocol.udp, HOST, whole.subarray(2960), OWN, 2960 / 8);
  const bodies: Uint8Array[] = [];
  await vi.waitFor(() => {
    for (let taken = guest.frame(); taken !== undefined; taken = guest.frame())
      bodies.push(taken.bytes.subarray(34));
    expect(bodies.length).toBe(3);
  });
  expect(Buffer.concat(bodies).subarray(8).toString()).toBe("3000".padEnd(4000, "."));
});

// --- ports of the host ---------------------------------------------------------------------------------------

test("a TCP port of the host leads into the guest", async () => {
  const guest = guestOn({ restrict: true, hostfwd: ["tcp:127.0.0.1:0-:22"] });
  await guest.network.listening;
  const [port = 0] = guest.network.hostPorts;
  const client = connect(port, "127.0.0.1");
  cleanups.push(() => void client.destroy());
  client.on("error", () => undefined);
  client.write("knock");
  const syn = await guest.nextSegment(); // the guest was asked for its hardware address before
  expect(syn).toMatchObject({ flags: flag.syn, destinationPort: 22, largestSegment: 1460 });
  guest.sendSegment({
    from: 22,
    to: syn.sourcePort,
    sequence: 9000,
    acknowledged: syn.sequence + 1,
    flags: flag.syn | flag.acknowledge,
    scale: 2,
  });
  const knock = [await guest.nextSegment(), await guest.nextSegment()].map(({ payload }) =>
    Buffer.from(payload),
  );
  expect(Buffer.concat(knock).toString()).toBe("knock");
  guest.sendSegment({
    from: 22,
    to: syn.sourcePort,
    sequence: 9001,
    acknowledged: syn.sequence + 6,
    flags: flag.acknowledge,
    payload: text("who is there"),
  });
  const [answer] = (await once(client, "data")) as [Buffer];
  expect(answer.toString()).toBe("who is there");
});

test("a guest that refuses makes the host's client see that", async () => {
  const guest = guestOn({ hostfwd: ["tcp:127.0.0.1:0-:22"] });
  await guest.network.listening;
  const client = connect(guest.network.hostPorts[0] ?? 0, "127.0.0.1");
  const ended = new Promise((resolve) => client.once("error", resolve));
  const { sourcePort, sequence } = await guest.nextSegment();
  guest.sendSegment({
    from: 22,
    to: sourcePort,
    acknowledged: sequence + 1,
    flags: flag.reset | flag.acknowledge,
  });
  expect(await ended).toMatchObject({ code: "ECONNRESET" });
});

test("a UDP port of the host leads into the guest, and its answers back", async () => {
  const guest = guestOn({ restrict: true, hostfwd: ["udp:127.0.0.1:0-:69"] });
  await guest.network.listening;
  guest.send(etherType.arp, arpRequest(HOST));
  guest.frame();
  const client = createSocket("udp4");
  cleanups.push(() => void client.close());
  client.send("get", guest.network.hostPorts[0] ?? 0, "127.0.0.1");
  const { from, port, to, text: said } = await guest.nextDatagram();
  expect([from, to, said]).toEqual([HOST, 69, "get"]);
  const answered = once(client, "message");
  guest.sendDatagram(69, HOST, port, text("got"));
  expect(String((await answered)[0])).toBe("got");
});

test("a port that is taken is told of", async () => {
  const { port } = await serve();
  const guest = guestOn({ hostfwd: [`tcp:127.0.0.1:${port}-:22`] });
  await expect(guest.network.listening).rejects.toMatchObject({ code: "LF-NET-003" });
});

// --- hostile frames ---------------------------------------------------------------------------------------

test("no frame makes it throw", async () => {
  const { port } = await serve();
  const guest = guestOn({ restrict: true });
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const { port: other } = await serve();
  const open = guestOn();
  const connection = await open.open(other);
  for (let round = 0; round < 5_000; round++) {
    const frame = Uint8Array.from({ length: random(90) }, () => random(256));
    if (frame.length > 14) frame.set([8, random(4) === 0 ? 6 : 0], 12);
    if (frame.length > 40) {
      frame.set([0x45 + random(2), 0, 0, frame.length - 14, 0, 0, random(8) === 0 ? 0x20 : 0, 0], 14);
      frame.set([[1, 6, 17][random(3)] ?? 6], 23);
      frame.set([10, 0, 2, 15, 10, 0, 2, 2 + random(2)], 26);
      if (random(2) === 0) frame.set([4000 >> 8, 4000 & 0xff, other >> 8, other & 0xff], 34);
    }
    guest.network.send(frame);
    open.network.send(frame);
    guest.frame();
    open.frame();
  }
  expect(connection.sequence).toBe(1001);
  expect(guest.network.sockets).toBe(0);
  expect(port).toBeGreaterThan(0);
});
