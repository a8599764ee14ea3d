/** IPv4 packets: RFC 791, and the Internet checksum: RFC 1071. */
import type { Ipv4 } from "./ipv4.ts";

export const protocol = { icmp: 1, tcp: 6, udp: 17 } as const;
export const IP_HEADER = 20;

/** A packet from the guest, whole. */
export interface Packet {
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  readonly payload: Uint8Array;
  /** Header and the first 8 bytes of payload, as errors quote them. */
  readonly quote: Uint8Array;
}

/** Undefined: it is no packet, or a fragment of one. */
export function parsePacket(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < IP_HEADER) return undefined;
  const view = viewOf(bytes);
  const headerLength = 4 * (view.getUint8(0) & 0xf);
  // A packet of segments may be longer than the field can say: then it is as long as its frame.
  const said = view.getUint16(2);
  const length = said === 0 ? bytes.length : said;
  if (view.getUint8(0) >> 4 !== 4 || headerLength < IP_HEADER || length < headerLength) return undefined;
  if (length > bytes.length || (view.getUint16(6) & 0x3fff) !== 0) return undefined;
  return {
    protocol: view.getUint8(9),
    source: view.getUint32(12),
    destination: view.getUint32(16),
    payload: bytes.subarray(headerLength, length),
    quote: bytes.subarray(0, Math.min(length, headerLength + 8)),
  };
}

/** What a packet for the guest is of. */
export interface PacketHeader {
  readonly protocol: number;
  readonly source: Ipv4;
  readonly destination: Ipv4;
  /** Bytes behind the header. */
  readonly length: number;
}

/** Write a header without options at `at`. */
export function putPacketHeader(
  view: DataView,
  at: number,
  header: PacketHeader,
  fragment = 0,
  id = 0,
): void {
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, IP_HEADER + header.length);
  view.setUint16(at + 4, id);
  view.setUint16(at + 6, fragment);
  view.setUint8(at + 8, 64); // time to live
  view.setUint8(at + 9, header.protocol);
  view.setUint16(at + 10, 0);
  view.setUint32(at + 12, header.source);
  view.setUint32(at + 16, header.destination);
  view.setUint16(at + 10, checksum([bytesOf(view, at, IP_HEADER)]));
}

/** The sum of what TCP and UDP checksums cover besides their packet's payload, 16 bits. */
export function pseudoHeaderSum({ protocol: kind, source, destination, length }: PacketHeader): number {
  return fold(
    (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + kind + length,
  );
}

/** @param parts all but the last of even length */
export function checksum(parts: readonly Uint8Array[], start = 0): number {
  let sum = start;
  for (const part of parts) {
    const view = viewOf(part);
    const even = part.length & ~1;
    for (let at = 0; at < even; at += 2) sum += view.getUint16(at);
    if (even < part.length) sum += view.getUint8(even) << 8;
  }
  return ~fold(sum) & 0xffff;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}
