/** TCP segments: RFC 9293, window scale RFC 7323. */
import { viewOf } from "../packet.ts";

export const flag = { fin: 1, syn: 2, reset: 4, push: 8, acknowledge: 16 } as const;
export const CHECKSUM_AT = 16;
const HEADER = 20;
const option = { end: 0, nothing: 1, largestSegment: 2, windowScale: 3 } as const;

export interface Segment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
  /** As it stands in the header. */
  readonly window: number;
  /** Of a SYN: the largest payload that its sender takes. */
  readonly largestSegment: number | undefined;
  /** Of a SYN: the sender scales windows. */
  readonly windowScale: number | undefined;
  readonly payload: Uint8Array;
}

/** Undefined: it is none. */
export function parseSegment(bytes: Uint8Array): Segment | undefined {
  if (bytes.length < HEADER) return undefined;
  const view = viewOf(bytes);
  const length = 4 * (view.getUint8(12) >> 4);
  if (length < HEADER || length > bytes.length) return undefined;
  const options = parseOptions(bytes.subarray(HEADER, length));
  return {
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    sequence: view.getUint32(4),
    acknowledged: view.getUint32(8),
    flags: view.getUint8(13),
    window: view.getUint16(14),
    ...options,
    payload: bytes.subarray(length),
  };
}

function parseOptions(bytes: Uint8Array): Pick<Segment, "largestSegment" | "windowScale"> {
  let largestSegment: number | undefined;
  let windowScale: number | undefined;
  for (let at = 0; at < bytes.length && bytes[at] !== option.end;) {
    if (bytes[at] === option.nothing) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    if (length < 2 || at + length > bytes.length) break;
    if (bytes[at] === option.largestSegment && length === 4) largestSegment = viewOf(bytes).getUint16(at + 2);
    if (bytes[at] === option.windowScale && length === 3) windowScale = Math.min(14, bytes[at + 2] ?? 0);
    at += length;
  }
  return { largestSegment, windowScale };
}

/** A segment's header without its checksum. Of a SYN, with options. */
export function segmentHeader(segment: Omit<Segment, "payload">): Uint8Array {
  const { largestSegment, windowScale } = segment;
  const options: number[] = [];
  if (largestSegment !== undefined)
    options.push(option.largestSegment, 4, largestSegment >> 8, largestSegment & 0xff);
  if (windowScale !== undefined) options.push(option.nothing, option.windowScale, 3, windowScale);
  const bytes = new Uint8Array(HEADER + options.length);
  const view = viewOf(bytes);
  view.setUint16(0, segment.sourcePort);
  view.setUint16(2, segment.destinationPort);
  view.setUint32(4, segment.sequence);
  view.setUint32(8, segment.acknowledged);
  view.setUint8(12, (bytes.length / 4) << 4);
  view.setUint8(13, segment.flags);
  view.setUint16(14, segment.window);
  bytes.set(options, HEADER);
  return bytes;
}

/** How far one sequence number is behind another, negative when it is before it. */
export function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/** How many sequence numbers a segment takes. */
export function spanOf({ flags, payload }: Segment): number {
  return payload.length + ((flags & flag.syn) === 0 ? 0 : 1) + ((flags & flag.fin) === 0 ? 0 : 1);
}
