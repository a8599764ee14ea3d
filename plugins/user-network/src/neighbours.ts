/** Who has which address, by ARP: RFC 826. */
import type { Frame } from "@lockframe/plugin-api";
import {
  BROADCAST,
  ETHERNET_HEADER,
  etherType,
  hardwareAddressOf,
  type Link,
  putEthernetHeader,
} from "./frames.ts";
import { contains, type Ipv4 } from "./ipv4.ts";
import { viewOf } from "./packet.ts";
import type { Settings } from "./settings.ts";

const LENGTH = 28;
const operation = { request: 1, reply: 2 } as const;
/** Addresses that a guest may have. */
const MOST_KNOWN = 256;

export interface NeighbourPorts {
  send(frame: Frame): void;
  /** A guest's hardware address has become known. */
  found(address: Ipv4): void;
}

export class Neighbours {
  readonly #settings: Settings;
  readonly #ports: NeighbourPorts;
  readonly #known = new Map<Ipv4, Uint8Array>();

  constructor(settings: Settings, ports: NeighbourPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** How a guest is reached from an address; undefined: it has been asked for and `found` will tell. */
  linkTo(guest: Ipv4, from: Ipv4): Link | undefined {
    const { network, host } = this.#settings;
    const own = hardwareAddressOf(contains(network, from) ? from : host);
    const to = this.#known.get(guest);
    if (to !== undefined) return { to, from: own };
    this.#ports.send(arpFrame(BROADCAST, own, operation.request, host, new Uint8Array(6), guest));
    return undefined;
  }

  /** A guest has used this address. */
  learn(address: Ipv4, hardware: Uint8Array): void {
    const { network, host, nameServer } = this.#settings;
    if (!contains(network, address) || address === host || address === nameServer) return;
    const known = this.#known.get(address);
    if (known === undefined && this.#known.size >= MOST_KNOWN) return;
    if (known !== undefined && Buffer.compare(known, hardware) === 0) return;
    this.#known.set(address, Uint8Array.from(hardware));
    this.#ports.found(address);
  }

  /** An ARP packet from the guest. */
  receive(bytes: Uint8Array): void {
    if (bytes.length < LENGTH) return;
    const view = viewOf(bytes);
    const isEthernetIpv4 = view.getUint32(0) === 0x00010800 && view.getUint16(4) === 0x0604;
    if (!isEthernetIpv4) return;
    const sender = Uint8Array.from(bytes.subarray(8, 14));
    const address = view.getUint32(14);
    const target = view.getUint32(24);
    this.learn(address, sender);
    const { host, nameServer } = this.#settings;
    if (view.getUint16(6) !== operation.request || (target !== host && target !== nameServer)) return;
    this.#ports.send(arpFrame(sender, hardwareAddressOf(target), operation.reply, target, sender, address));
  }
}

function arpFrame(
  to: Uint8Array,
  from: Uint8Array,
  kind: number,
  sender: Ipv4,
  targetHardware: Uint8Array,
  target: Ipv4,
): Frame {
  const frame = new Uint8Array(ETHERNET_HEADER + LENGTH);
  putEthernetHeader(frame, to, from, etherType.arp);
  const view = new DataView(frame.buffer, ETHERNET_HEADER);
  view.setUint32(0, 0x00010800);
  view.setUint16(4, 0x0604);
  view.setUint16(6, kind);
  frame.set(from, ETHERNET_HEADER + 8);
  view.setUint32(14, sender);
  frame.set(targetHardware, ETHERNET_HEADER + 18);
  view.setUint32(24, target);
  return { parts: [frame] };
}
