import { randomBytes } from "node:crypto";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Frame, FrameAbilities } from "@lockframe/plugin-api";
import { failure } from "../errors.ts";
import type { Forward } from "../forward.ts";
import { type Link, transportFrame } from "../frames.ts";
import type { HostSide } from "../host-side.ts";
import type { Ipv4 } from "../ipv4.ts";
import type { Outbox } from "../outbox.ts";
import { type Packet, protocol } from "../packet.ts";
import { Connection } from "./connection.ts";
import { CHECKSUM_AT, flag, parseSegment, type Segment, segmentHeader, spanOf } from "./segment.ts";

export interface ConnectionsPorts {
  readonly outbox: Outbox;
  readonly hostSide: HostSide;
  readonly restricted: boolean;
  /** Sockets of the host at once. */
  readonly mostSockets: number;
  abilities(): FrameAbilities;
  linkTo(guest: Ipv4, from: Ipv4): Link | undefined;
  unreachable(packet: Packet, code: string): void;
  now(): number;
}

const LARGEST_BUFFER = 2 ** 20;
const SMALLEST_BUFFER = 2 ** 14;
/** Bytes that may wait in all connections together, in each direction. */
const ALL_BUFFERS = 2 ** 27;
/** A guest that has been silent so long on a connection gives way to a new one. */
const SILENT_MS = 60_000;

interface Way {
  readonly guest: Ipv4;
  readonly guestPort: number;
  readonly peer: Ipv4;
  readonly peerPort: number;
}

/** All TCP connections of a network. */
export class Connections {
  readonly #ports: ConnectionsPorts;
  readonly #open = new Map<string, Connection>();
  readonly #sockets = new Set<Socket>();
  readonly #servers: Server[] = [];
  /** Those that acknowledge what they got once the guest's turn is over. */
  readonly #unanswered = new Set<Connection>();
  #nextPort = 0;

  constructor(ports: ConnectionsPorts) {
    this.#ports = ports;
  }

  get count(): number {
    return this.#sockets.size;
  }

  /** A packet from the guest. */
  receive(packet: Packet): void {
    const segment = parseSegment(packet.payload);
    if (segment === undefined) return;
    const way: Way = {
      guest: packet.source,
      guestPort: segment.sourcePort,
      peer: packet.destination,
      peerPort: segment.destinationPort,
    };
    const known = this.#open.get(keyOf(way));
    if (known !== undefined) return known.receive(segment);
    const calls = (segment.flags & (flag.syn | flag.acknowledge | flag.reset)) === flag.syn;
    if (!calls || !this.#call(way, segment, packet)) this.#refuse(way, segment);
  }

  /** The guest calls. False: it is refused. */
  #call(way: Way, first: Segment, packet: Packet): boolean {
    const endpoint = this.#ports.restricted
      ? undefined
      : this.#ports.hostSide.endpointOf(way.peer, way.peerPort);
    if (endpoint === undefined || !this.#makeRoom()) return false;
    const socket = connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true });
    this.#add(way, socket, first, packet);
    return true;
  }

  #add(way: Way, socket: Socket, first?: Segment, packet?: Packet): void {
    const key = keyOf(way);
    const { outbox, abilities, unreachable, now } = this.#ports;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const connection: Connection = new Connection(
      way,
      socket,
      {
        get abilities() {
          return abilities();
        },
        frame: (header, payload, size) => this.#frame(way, header, payload, size),
        ready: () => outbox.ready(connection),
        acknowledgeLater: () => this.#acknowledgeLater(connection),
        post: (frame) => outbox.post(frame),
        buffer: () => this.#bufferOfEach(),
        now,
        ended: () => {
          outbox.forget(connection);
          if (this.#open.get(key) === connection) this.#open.delete(key);
        },
        unreachable: (code) => packet !== undefined && unreachable(packet, code),
      },
      first,
      randomBytes(4).readUInt32BE(),
    );
    this.#open.set(key, connection);
    if (first === undefined) outbox.ready(connection);
  }

  #acknowledgeLater(connection: Connection): void {
    if (this.#unanswered.size === 0) setImmediate(() => this.#acknowledgeAll());
    this.#unanswered.add(connection);
  }
  #acknowledgeAll(): void {
    const connections = [...this.#unanswered];
    this.#unanswered.clear();
    for (const connection of connections) connection.acknowledge();
  }

  #frame(
    way: Way,
    header: Uint8Array,
    payload: readonly Uint8Array[] = [],
    size?: number,
  ): Frame | undefined {
    const link = this.#ports.linkTo(way.guest, way.peer);
    const packet = { protocol: protocol.tcp, source: way.peer, destination: way.guest };
    return link === undefined ? undefined : transportFrame(link, packet, header, payload, CHECKSUM_AT, size);
  }

  /** No such connection, and there will be none. */
  #refuse(way: Way, segment: Segment): void {
    if ((segment.flags & flag.reset) !== 0) return;
    const answered = (segment.flags & flag.acknowledge) !== 0;
    const header = segmentHeader({
      sourcePort: way.peerPort,
      destinationPort: way.guestPort,
      sequence: answered ? segment.acknowledged : 0,
      acknowledged: answered ? 0 : (segment.sequence + spanOf(segment)) >>> 0,
      flags: flag.reset | (answered ? 0 : flag.acknowledge),
      window: 0,
      largestSegment: undefined,
      windowScale: undefined,
    });
    const frame = this.#frame(way, header);
    if (frame !== undefined) this.#ports.outbox.post(frame);
  }

  /** Room for one more; the one that has been silent for longest may have to go. */
  #makeRoom(): boolean {
    if (this.#sockets.size < this.#ports.mostSockets) return true;
    const [silent] = [...this.#open.values()].toSorted((one, other) => one.heard - other.heard);
    if (silent === undefined || this.#ports.now() - silent.heard < SILENT_MS) return false;
    silent.abort();
    return true;
  }

  #bufferOfEach(): number {
    const share = ALL_BUFFERS / Math.max(1, this.#sockets.size);
    return Math.max(SMALLEST_BUFFER, Math.min(LARGEST_BUFFER, share));
  }

  // --- the host calls ---------------------------------------------------------------------------------

  /** Listen at a port of the host. Rejects with LF-NET-003. */
  listen({ text, hostAddress, hostPort, guestAddress, guestPort }: Forward): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      const peer = this.#ports.hostSide.seenAs(socket.remoteAddress ?? "") ?? this.#ports.hostSide.gateway;
      const way = { guest: guestAddress, guestPort, peer, peerPort: socket.remotePort ?? 0 };
      if (this.#open.has(keyOf(way))) way.peerPort = this.#freePort(way);
      if (this.#makeRoom()) this.#add(way, socket);
      else socket.resetAndDestroy();
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(failure.notListening(text, error)));
      server.listen({ host: hostAddress, port: hostPort, exclusive: true }, resolve);
    });
  }

  #freePort(way: Way): number {
    for (let tries = 0; tries < 16384; tries++) {
      const peerPort = 49152 + (this.#nextPort++ & 0x3fff);
      if (!this.#open.has(keyOf({ ...way, peerPort }))) return peerPort;
    }
    return 0;
  }

  /** Ports of the host that are listened at, in the order of their rules. */
  get listening(): readonly number[] {
    return this.#servers.map((server) => {
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : 0;
    });
  }

  // --- time -------------------------------------------------------------------------------------------

  /** A guest's hardware address has become known. */
  found(): void {
    for (const connection of this.#open.values()) this.#ports.outbox.ready(connection);
  }

  tick(now: number): void {
    for (const connection of this.#open.values()) connection.tick(now);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function keyOf({ guest, guestPort, peer, peerPort }: Way): string {
  return `${guest}:${guestPort} ${peer}:${peerPort}`;
}
