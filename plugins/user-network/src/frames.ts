/** Ethernet frames for the guest: DIX Ethernet II, no tags. */
import type { Frame } from "@lockframe/plugin-api";
import type { Ipv4 } from "./ipv4.ts";
import { IP_HEADER, type PacketHeader, pseudoHeaderSum, putPacketHeader, viewOf } from "./packet.ts";

export const ETHERNET_HEADER = 14;
export const etherType = { ipv4: 0x0800, arp: 0x0806 } as const;
export const BROADCAST = new Uint8Array(6).fill(0xff);

/** The network's own hardware address of an address in it: locally administered. */
export function hardwareAddressOf(address: Ipv4): Uint8Array {
  const bytes = Uint8Array.of(0x52, 0x55, 0, 0, 0, 0);
  viewOf(bytes).setUint32(2, address);
  return bytes;
}

export function putEthernetHeader(header: Uint8Array, to: Uint8Array, from: Uint8Array, type: number): void {
  header.set(to, 0);
  header.set(from, 6);
  viewOf(header).setUint16(12, type);
}

/** Who a frame is from and for. */
export interface Link {
  readonly to: Uint8Array;
  readonly from: Uint8Array;
}

/**
 * A frame with a packet of TCP or UDP.
 * @param header the transport's header, its checksum not computed
 * @param at of the checksum in that header
 * @param segmentSize the payload is for several segments of so many bytes
 */
export function transportFrame(
  link: Link,
  packet: Omit<PacketHeader, "length">,
  header: Uint8Array,
  payload: readonly Uint8Array[],
  at: number,
  segmentSize?: number,
): Frame {
  const length = payload.reduce((sum, piece) => sum + piece.length, header.length);
  const start = ETHERNET_HEADER + IP_HEADER;
  const front = new Uint8Array(start + header.length);
  putEthernetHeader(front, link.to, link.from, etherType.ipv4);
  const view = viewOf(front);
  const whole = { ...packet, length };
  putPacketHeader(view, ETHERNET_HEADER, whole, 0x4000); // not to be fragmented
  front.set(header, start);
  view.setUint16(start + at, pseudoHeaderSum(whole));
  const several = segmentSize !== undefined && length - header.length > segmentSize;
  return {
    parts: [front, ...payload],
    checksum: { start, offset: at },
    ...(several && { segments: { headers: front.length, size: segmentSize } }),
  };
}

/** A frame with a packet that is whole as it is. */
export function packetFrame(link: Link, packet: Omit<PacketHeader, "length">, payload: Uint8Array): Frame {
  const front = new Uint8Array(ETHERNET_HEADER + IP_HEADER);
  putEthernetHeader(front, link.to, link.from, etherType.ipv4);
  putPacketHeader(viewOf(front), ETHERNET_HEADER, { ...packet, length: payload.length });
  return { parts: [front, payload] };
}

/** Frames with the fragments of a packet that does not fit into one. */
export function fragmentFrames(
  link: Link,
  packet: Omit<PacketHeader, "length">,
  payload: Uint8Array,
  mtu: number,
  id: number,
): Frame[] {
  const most = Math.floor((mtu - IP_HEADER) / 8) * 8;
  const frames: Frame[] = [];
  for (let at = 0; at < payload.length; at += most) {
    const piece = payload.subarray(at, at + most);
    const front = new Uint8Array(ETHERNET_HEADER + IP_HEADER);
    putEthernetHeader(front, link.to, link.from, etherType.ipv4);
    const more = at + most < payload.length ? 0x2000 : 0;
    putPacketHeader(viewOf(front), ETHERNET_HEADER, { ...packet, length: piece.length }, more | (at / 8), id);
    frames.push({ parts: [front, piece] });
  }
  return frames;
}
