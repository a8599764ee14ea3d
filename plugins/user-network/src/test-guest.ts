/** The guest's end of a network, for tests: it makes frames by hand and takes those that come apart. */
import type { Frame } from "@lockframe/plugin-api";
import { ETHERNET_HEADER, etherType, hardwareAddressOf, putEthernetHeader } from "./frames.ts";
import { formatIpv4, parseIpv4 } from "./ipv4.ts";
import {
  checksum,
  IP_HEADER,
  type Packet,
  parsePacket,
  protocol,
  pseudoHeaderSum,
  putPacketHeader,
  viewOf,
} from "./packet.ts";
import { flag, parseSegment, type Segment, segmentHeader } from "./tcp/segment.ts";
import { datagramHeader, parseDatagram } from "./udp.ts";
import type { UserNetwork } from "./user-network.ts";

export const OWN_HARDWARE = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
export const OWN = "10.0.2.15";
export const HOST = "10.0.2.2";

const address = (text: string): number => parseIpv4(text) ?? 0;

/** What a test says of a segment. */
export interface SegmentParts {
  readonly from?: number;
  readonly to: number;
  readonly at?: string;
  readonly sequence?: number;
  readonly acknowledged?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly scale?: number | undefined;
  readonly payload?: Uint8Array;
}

export interface Received {
  readonly packet: Packet;
  readonly frame: Frame;
  readonly bytes: Uint8Array;
}

export class TestGuest {
  readonly network: UserNetwork;
  #news: () => void = () => undefined;

  constructor(network: UserNetwork) {
    this.network = network;
    network.onFrames(() => this.#news());
  }

  send(type: number, ...parts: readonly Uint8Array[]): void {
    const header = new Uint8Array(ETHERNET_HEADER);
    putEthernetHeader(header, hardwareAddressOf(address(HOST)), OWN_HARDWARE, type);
    this.network.send(Buffer.concat([header, ...parts]));
  }

  sendPacket(kind: number, to: string, payload: Uint8Array, from = OWN, fragment = 0): void {
    const header = new Uint8Array(IP_HEADER);
    const packet = {
      protocol: kind,
      source: address(from),
      destination: address(to),
      length: payload.length,
    };
    putPacketHeader(viewOf(header), 0, packet, fragment, 7);
    this.send(etherType.ipv4, header, payload);
  }

  sendDatagram(from: number, to: string, port: number, payload: Uint8Array, source = OWN): void {
    const header = datagramHeader(from, port, payload.length);
    this.sendPacket(protocol.udp, to, Buffer.concat([header, payload]), source);
  }

  sendSegment(parts: SegmentParts): void {
    const {
      from = 4000,
      to,
      at = HOST,
      sequence = 1000,
      acknowledged = 0,
      flags = flag.syn,
      window = 0xffff,
    } = parts;
    const isSyn = (flags & flag.syn) !== 0;
    const header = segmentHeader({
      sourcePort: from,
      destinationPort: to,
      sequence: sequence >>> 0,
      acknowledged: acknowledged >>> 0,
      flags,
      window,
      largestSegment: isSyn ? 1460 : undefined,
      windowScale: parts.scale,
    });
    this.sendPacket(protocol.tcp, at, Buffer.concat([header, parts.payload ?? new Uint8Array()]));
  }

  /** The next frame as bytes; undefined: there is none now. */
  frame(): { readonly frame: Frame; readonly bytes: Uint8Array } | undefined {
    const frame = this.network.receive();
    return frame === undefined ? undefined : { frame, bytes: Buffer.concat(frame.parts) };
  }

  /** The next packet of IPv4; ARP requests are answered on the way. Undefined: there is none now. */
  packet(): Received | undefined {
    for (let taken = this.frame(); taken !== undefined; taken = this.frame()) {
      const { frame, bytes } = taken;
      const view = viewOf(bytes);
      if (view.getUint16(12) === etherType.arp) this.#answerArp(bytes);
      const packet =
        view.getUint16(12) === etherType.ipv4 ? parsePacket(bytes.subarray(ETHERNET_HEADER)) : undefined;
      if (packet !== undefined) return { packet, frame, bytes };
    }
    return undefined;
  }

  #answerArp(bytes: Uint8Array): void {
    const reply = bytes.slice(ETHERNET_HEADER);
    const view = viewOf(reply);
    if (view.getUint16(6) !== 1 || view.getUint32(24) !== address(OWN)) return;
    view.setUint16(6, 2);
    reply.set(bytes.subarray(22, 32), 18);
    reply.set(OWN_HARDWARE, 8);
    view.setUint32(14, address(OWN));
    this.send(etherType.arp, reply);
  }

  /** Wait for a packet. */
  async nextPacket(): Promise<Received> {
    for (;;) {
      const packet = this.packet();
      if (packet !== undefined) return packet;
      await new Promise<void>((resolve) => (this.#news = resolve));
    }
  }

  /** Wait for a segment whose checksum is right once it is completed. */
  async nextSegment(): Promise<Segment> {
    const { packet, frame, bytes } = await this.nextPacket();
    const segment = packet.protocol === protocol.tcp ? parseSegment(packet.payload) : undefined;
    if (segment === undefined) throw new Error(`a packet of protocol ${packet.protocol} came`);
    const { start = 0, offset = 0 } = frame.checksum ?? {};
    const covered = { protocol: protocol.tcp, source: packet.source, destination: packet.destination };
    const expected = pseudoHeaderSum({ ...covered, length: packet.payload.length });
    if (start !== 34 || viewOf(bytes).getUint16(start + offset) !== expected)
      throw new Error("its sum is wrong");
    return segment;
  }

  /** Wait for a datagram. */
  async nextDatagram(): Promise<{ from: string; port: number; to: number; text: string }> {
    const { packet } = await this.nextPacket();
    const datagram = packet.protocol === protocol.udp ? parseDatagram(packet.payload) : undefined;
    if (datagram === undefined) throw new Error(`a packet of protocol ${packet.protocol} came`);
    const { sourcePort, destinationPort, payload } = datagram;
    const text = Buffer.from(payload).toString("latin1");
    return { from: formatIpv4(packet.source), port: sourcePort, to: destinationPort, text };
  }

  /** Call a port of the host up to an open connection. Returns the next sequence numbers of both sides. */
  async open(
    to: number,
    { from = 4000, window = 0xffff }: { from?: number; window?: number } = {},
  ): Promise<TestConnection> {
    this.sendSegment({ from, to, flags: flag.syn, scale: 0 });
    const answer = await this.nextSegment();
    if (answer.flags !== (flag.syn | flag.acknowledge)) throw new Error(`answered with ${answer.flags}`);
    const connection = new TestConnection(this, from, to, 1001, (answer.sequence + 1) >>> 0);
    connection.window = window;
    connection.acknowledge();
    return connection;
  }
}

/** One connection from the guest's side. */
export class TestConnection {
  readonly #guest: TestGuest;
  readonly #from: number;
  readonly #to: number;
  sequence: number;
  expected: number;
  window = 0xffff;

  constructor(guest: TestGuest, from: number, to: number, sequence: number, expected: number) {
    this.#guest = guest;
    this.#from = from;
    this.#to = to;
    this.sequence = sequence;
    this.expected = expected;
  }

  say(flags: number, payload: Uint8Array = new Uint8Array(), sequence = this.sequence): void {
    this.#guest.sendSegment({
      from: this.#from,
      to: this.#to,
      sequence,
      acknowledged: this.expected,
      flags: flags | flag.acknowledge,
      window: this.window,
      payload,
    });
  }

  acknowledge(): void {
    this.say(0);
  }

  send(payload: Uint8Array): void {
    this.say(flag.push, payload);
    this.sequence += payload.length;
  }

  /** Receive bytes in order and acknowledge them, until there are so many. */
  async read(count: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for (let length = 0; length < count;) {
      const { sequence, payload } = await this.#guest.nextSegment();
      if (sequence !== this.expected || payload.length === 0) continue;
      pieces.push(payload);
      length += payload.length;
      this.expected = (this.expected + payload.length) >>> 0;
      this.acknowledge();
    }
    return Buffer.concat(pieces);
  }
}

/** Whether the header of an IPv4 packet in a frame has the right checksum. */
export function hasRightHeader(bytes: Uint8Array): boolean {
  return checksum([bytes.subarray(ETHERNET_HEADER, ETHERNET_HEADER + IP_HEADER)]) === 0;
}
