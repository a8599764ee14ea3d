/** UDP of the guest, carried by sockets of the host: RFC 768. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Frame } from "@lockframe/plugin-api";
import { failure } from "./errors.ts";
import type { Forward } from "./forward.ts";
import { fragmentFrames, type Link, transportFrame } from "./frames.ts";
import type { HostSide } from "./host-side.ts";
import type { Ipv4 } from "./ipv4.ts";
import { IP_HEADER, type Packet, protocol, viewOf } from "./packet.ts";

export const UDP_HEADER = 8;
const CHECKSUM_AT = 6;
/** Ports of guests that have a socket at once, and peers that each remembers. */
const MOST_FLOWS = 1024;
const MOST_PEERS = 256;
const IDLE_MS = 120_000;
/** Bytes that may wait in a socket of the host; more are lost. */
const MOST_WAITING = 2 ** 20;

export interface Datagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** Undefined: it is none. */
export function parseDatagram(bytes: Uint8Array): Datagram | undefined {
  if (bytes.length < UDP_HEADER) return undefined;
  const view = viewOf(bytes);
  const length = view.getUint16(4);
  if (length < UDP_HEADER || length > bytes.length) return undefined;
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    payload: bytes.subarray(UDP_HEADER, length),
  };
}

export function datagramHeader(sourcePort: number, destinationPort: number, length: number): Uint8Array {
  const header = new Uint8Array(UDP_HEADER);
  const view = viewOf(header);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, UDP_HEADER + length);
  return header;
}

export interface UdpPorts {
  readonly hostSide: HostSide;
  readonly restricted: boolean;
  mtu(): number;
  linkTo(guest: Ipv4, from: Ipv4): Link | undefined;
  post(frame: Frame): void;
  unreachable(packet: Packet): void;
  now(): number;
}

interface Peer {
  readonly address: Ipv4;
  readonly port: number;
}

/** A port of a guest and its socket. Only peers that the guest has written to may answer. */
interface Flow {
  readonly socket: Socket;
  /** What the guest calls an endpoint of the host, by that endpoint. */
  readonly peers: Map<string, Peer>;
  used: number;
}

/** A port of the host that leads into the guest. */
interface Listener {
  readonly socket: Socket;
  /** Who wrote to the guest, by what the guest calls them. */
  readonly clients: Map<string, { readonly address: string; readonly port: number }>;
}

export class Udp {
  readonly #ports: UdpPorts;
  readonly #flows = new Map<string, Flow>();
  readonly #listeners = new Map<string, Listener>();
  #packetId = 0;

  constructor(ports: UdpPorts) {
    this.#ports = ports;
  }

  get count(): number {
    return this.#flows.size;
  }

  /** A datagram from the guest. */
  send(packet: Packet, datagram: Datagram): void {
    const { source, destination } = packet;
    const { sourcePort, destinationPort, payload } = datagram;
    const listener = this.#listeners.get(`${source}:${sourcePort}`);
    const client = listener?.clients.get(`${destination}:${destinationPort}`);
    if (listener !== undefined && client !== undefined)
      return put(listener.socket, payload, client.port, client.address);
    if (this.#ports.restricted) return;
    const endpoint = this.#ports.hostSide.endpointOf(destination, destinationPort);
    if (endpoint === undefined) return this.#ports.unreachable(packet);
    const family = isIPv6(endpoint.address) ? "udp6" : "udp4";
    const flow = this.#flow({ address: source, port: sourcePort }, family);
    remember(flow.peers, `${endpoint.address}:${endpoint.port}`, {
      address: destination,
      port: destinationPort,
    });
    put(flow.socket, payload, endpoint.port, endpoint.address);
  }

  #flow(guest: Peer, family: "udp4" | "udp6"): Flow {
    const key = `${guest.address}:${guest.port} ${family}`;
    const known = this.#flows.get(key);
    if (known !== undefined) {
      known.used = this.#ports.now();
      return known;
    }
    const [oldest] = this.#flows.keys();
    if (oldest !== undefined && this.#flows.size >= MOST_FLOWS) this.#drop(oldest);
    const socket = createSocket(family);
    const flow: Flow = { socket, peers: new Map(), used: this.#ports.now() };
    socket.on("error", () => this.#drop(key));
    socket.on("message", (bytes: Buffer, from: RemoteInfo) => {
      const peer = flow.peers.get(`${from.address}:${from.port}`);
      if (peer !== undefined) this.#deliver(guest, peer, bytes);
    });
    this.#flows.set(key, flow);
    return flow;
  }

  #drop(key: string): void {
    const flow = this.#flows.get(key);
    if (!this.#flows.delete(key)) return;
    flow?.socket.close();
  }

  /** A datagram for the guest, in fragments where it must be. */
  #deliver(guest: Peer, peer: Peer, payload: Uint8Array): void {
    const link = this.#ports.linkTo(guest.address, peer.address);
    if (link === undefined) return;
    const header = datagramHeader(peer.port, guest.port, payload.length);
    const packet = { protocol: protocol.udp, source: peer.address, destination: guest.address };
    const mtu = this.#ports.mtu();
    if (IP_HEADER + UDP_HEADER + payload.length <= mtu)
      return this.#ports.post(transportFrame(link, packet, header, [payload], CHECKSUM_AT));
    const id = (this.#packetId = (this.#packetId + 1) & 0xffff);
    const whole = Buffer.concat([header, payload]);
    for (const frame of fragmentFrames(link, packet, whole, mtu, id)) this.#ports.post(frame);
  }

  /** Listen at a port of the host. Rejects with LF-NET-003. */
  listen({ text, hostAddress, hostPort, guestAddress, guestPort }: Forward): Promise<void> {
    const socket = createSocket(isIPv6(hostAddress) ? "udp6" : "udp4");
    const listener: Listener = { socket, clients: new Map() };
    const guest = { address: guestAddress, port: guestPort };
    socket.on("message", (bytes: Buffer, { address, port }: RemoteInfo) => {
      const { hostSide } = this.#ports;
      const peer = { address: hostSide.seenAs(address) ?? hostSide.gateway, port };
      remember(listener.clients, `${peer.address}:${peer.port}`, { address, port });
      this.#deliver(guest, peer, bytes);
    });
    this.#listeners.set(`${guestAddress}:${guestPort}`, listener);
    return new Promise((resolve, reject) => {
      socket.once("error", (error) => reject(failure.notListening(text, error)));
      socket.bind({ address: hostAddress, port: hostPort, exclusive: true }, resolve);
    });
  }

  /** Ports of the host that are listened at, in the order of their rules. */
  get listening(): readonly number[] {
    return [...this.#listeners.values()].map(({ socket }) => socket.address().port);
  }

  /** Give up sockets that nobody has used for long. */
  tick(now: number): void {
    for (const [key, { used }] of this.#flows) if (now - used > IDLE_MS) this.#drop(key);
  }

  async close(): Promise<void> {
    for (const key of this.#flows.keys()) this.#drop(key);
    for (const { socket } of this.#listeners.values()) socket.close();
    this.#listeners.clear();
  }
}

function remember<Value>(known: Map<string, Value>, key: string, value: Value): void {
  if (known.has(key)) return;
  const [oldest] = known.keys();
  if (oldest !== undefined && known.size >= MOST_PEERS) known.delete(oldest);
  known.set(key, value);
}

/** As with any network, what cannot be sent is lost. */
function put(socket: Socket, payload: Uint8Array, port: number, address: string): void {
  if (port === 0 || waitingIn(socket) > MOST_WAITING) return;
  socket.send(payload, port, address, () => undefined);
}

function waitingIn(socket: Socket): number {
  try {
    return socket.getSendQueueSize();
  } catch {
    return 0; // it is not bound yet, so nothing waits
  }
}
