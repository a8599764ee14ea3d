import type { FrameAbilities, Frame, NetworkPort, NetworkSource } from "@lockframe/plugin-api";
import { Dhcp, dhcpPort } from "./dhcp.ts";
import {
  BROADCAST,
  ETHERNET_HEADER,
  etherType,
  hardwareAddressOf,
  type Link,
  packetFrame,
  transportFrame,
} from "./frames.ts";
import { HostSide } from "./host-side.ts";
import { echoReply, unreachable, unreachableMessage } from "./icmp.ts";
import { contains } from "./ipv4.ts";
import { Neighbours } from "./neighbours.ts";
import { Outbox } from "./outbox.ts";
import { type Packet, parsePacket, protocol, viewOf } from "./packet.ts";
import { Reassembly } from "./reassembly.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { Connections } from "./tcp/connections.ts";
import { datagramHeader, parseDatagram, Udp } from "./udp.ts";

const TICK_MS = 500;
const MOST_SOCKETS = 4096;
const UDP_CHECKSUM_AT = 6;
const EVERYONE = 0xffffffff;

export interface UserNetworkOptions {
  /** The host's name servers; default those that the host is configured with. */
  readonly nameServers?: () => readonly string[];
  readonly now?: () => number;
  /** Sockets of TCP at once; default 4096. */
  readonly mostSockets?: number;
}

/**
 * A network with one guest, the host and a name server. What the guest sends beyond it is carried on by ordinary sockets
 * of this process: no privileges are needed, and the guest reaches what the process does.
 */
export class UserNetwork implements NetworkPort {
  readonly #settings: Settings;
  readonly #outbox = new Outbox();
  readonly #neighbours: Neighbours;
  readonly #dhcp: Dhcp;
  readonly #connections: Connections;
  readonly #udp: Udp;
  readonly #reassembly = new Reassembly();
  readonly #now: () => number;
  readonly #clock: NodeJS.Timeout;
  #abilities: FrameAbilities = { mtu: 1500, segments: false };
  /** Resolves when all ports of the host are listened at. */
  readonly listening: Promise<void>;

  /** @throws LockframeError LF-NET-001, LF-NET-002 */
  constructor(
    source: NetworkSource,
    { nameServers, now = () => performance.now(), mostSockets = MOST_SOCKETS }: UserNetworkOptions = {},
  ) {
    const settings = settingsOf(source);
    this.#settings = settings;
    this.#now = now;
    const linkTo = (guest: number, from: number): Link | undefined => this.#neighbours.linkTo(guest, from);
    const post = (frame: Frame): void => this.#outbox.post(frame);
    const common = {
      hostSide: new HostSide(settings, nameServers),
      restricted: settings.restricted,
      linkTo,
      now,
    };
    this.#dhcp = new Dhcp(settings);
    this.#connections = new Connections({
      ...common,
      outbox: this.#outbox,
      mostSockets,
      abilities: () => this.#abilities,
      unreachable: (packet) => this.#unreachable(packet, unreachable.host),
    });
    this.#udp = new Udp({
      ...common,
      post,
      mtu: () => this.#abilities.mtu,
      unreachable: (packet) => this.#unreachable(packet, unreachable.port),
    });
    this.#neighbours = new Neighbours(settings, { send: post, found: () => this.#connections.found() });
    this.#clock = setInterval(() => this.tick(), TICK_MS).unref();
    const rules = settings.forwards.map((rule) =>
      rule.protocol === "tcp" ? this.#connections.listen(rule) : this.#udp.listen(rule),
    );
    this.listening = Promise.all(rules).then(() => undefined);
    this.listening.catch(() => undefined); // whoever waits for it hears of it
  }

  /** Ports of the host that lead into the guest: those of TCP, then those of UDP. */
  get hostPorts(): readonly number[] {
    return [...this.#connections.listening, ...this.#udp.listening];
  }

  /** Sockets of the host that are in use for the guest. */
  get sockets(): number {
    return this.#connections.count + this.#udp.count;
  }

  adapt(abilities: FrameAbilities): void {
    this.#abilities = abilities;
  }

  onFrames(listener: () => void): void {
    this.#outbox.onFrames(listener);
  }

  receive(): Frame | undefined {
    return this.#outbox.take();
  }

  send(frame: Uint8Array): void {
    if (frame.length < ETHERNET_HEADER) return;
    const type = viewOf(frame).getUint16(12);
    const body = frame.subarray(ETHERNET_HEADER);
    if (type === etherType.arp) return this.#neighbours.receive(body);
    const whole = type === etherType.ipv4 ? this.#reassembly.whole(body, this.#now()) : undefined;
    const packet = whole === undefined ? undefined : parsePacket(whole);
    if (packet === undefined) return;
    if (packet.source !== 0) this.#neighbours.learn(packet.source, frame.subarray(6, 12));
    this.#route(packet);
  }

  #route(packet: Packet): void {
    const isOurs = contains(this.#settings.network, packet.source);
    if (packet.protocol === protocol.udp) return this.#receiveDatagram(packet, isOurs);
    if (!isOurs) return; // nobody could be answered
    if (packet.protocol === protocol.tcp) this.#connections.receive(packet);
    if (packet.protocol === protocol.icmp) this.#receiveIcmp(packet);
  }

  #receiveDatagram(packet: Packet, isOurs: boolean): void {
    const datagram = parseDatagram(packet.payload);
    if (datagram === undefined) return;
    const { host } = this.#settings;
    const forUs = packet.destination === host || packet.destination === EVERYONE;
    if (forUs && datagram.destinationPort === dhcpPort.server) return this.#answerDhcp(datagram.payload);
    if (isOurs) this.#udp.send(packet, datagram);
  }

  #answerDhcp(request: Uint8Array): void {
    const reply = this.#dhcp.answer(request);
    if (reply === undefined) return;
    const { host } = this.#settings;
    const header = datagramHeader(dhcpPort.server, dhcpPort.client, reply.length);
    const link = { to: BROADCAST, from: hardwareAddressOf(host) };
    const packet = { protocol: protocol.udp, source: host, destination: EVERYONE };
    this.#outbox.post(transportFrame(link, packet, header, [reply], UDP_CHECKSUM_AT));
  }

  #receiveIcmp(packet: Packet): void {
    const reply = echoReply(packet);
    if (reply === undefined) return;
    const { host, nameServer, network, restricted } = this.#settings;
    if (packet.destination === host || packet.destination === nameServer) this.#sendIcmp(packet, reply);
    else if (!restricted && !contains(network, packet.destination))
      this.#unreachable(packet, unreachable.prohibited);
  }

  #unreachable(packet: Packet, code: number): void {
    this.#sendIcmp({ ...packet, destination: this.#settings.host }, unreachableMessage(packet, code));
  }

  /** @param about the packet that it answers */
  #sendIcmp({ source, destination }: Packet, message: Uint8Array): void {
    const link = this.#neighbours.linkTo(source, destination);
    const packet = { protocol: protocol.icmp, source: destination, destination: source };
    if (link !== undefined) this.#outbox.post(packetFrame(link, packet, message));
  }

  /** Look at the clock: twice a second by itself. */
  tick(): void {
    const now = this.#now();
    this.#connections.tick(now);
    this.#udp.tick(now);
  }

  async close(): Promise<void> {
    clearInterval(this.#clock);
    await Promise.all([this.#connections.close(), this.#udp.close()]);
  }
}
