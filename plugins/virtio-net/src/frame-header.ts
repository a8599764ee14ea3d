/** What stands in front of every frame in a queue. Source: OASIS virtio 1.2, "Device Operation" of network devices. */
import type { Frame } from "@lockframe/plugin-api";

const flag = { needsChecksum: 1 } as const;
const kind = { single: 0, tcpOverIpv4: 1 } as const;

export const MERGED_HEADER = 12;
/** Without the count of buffers, for drivers older than version 1 that do not merge them. */
export const SHORT_HEADER = 10;
export const COUNT_AT = 10;

/** A header of so many bytes for a frame in one buffer. */
export function frameHeader(
  { checksum, segments }: Omit<Frame, "parts">,
  length: number,
  littleEndian: boolean,
): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  if (checksum !== undefined) {
    view.setUint8(0, flag.needsChecksum);
    view.setUint16(6, checksum.start, littleEndian);
    view.setUint16(8, checksum.offset, littleEndian);
  }
  if (segments !== undefined) {
    view.setUint8(1, kind.tcpOverIpv4);
    view.setUint16(2, segments.headers, littleEndian);
    view.setUint16(4, segments.size, littleEndian);
  }
  if (length >= MERGED_HEADER) view.setUint16(COUNT_AT, 1, littleEndian);
  return bytes;
}
