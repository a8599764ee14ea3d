import type { Frame } from "@lockframe/plugin-api";

/** The pieces of a frame whose checksum is complete, for a driver that wants it so. */
export function withChecksum({ parts, checksum }: Frame): readonly Uint8Array[] {
  if (checksum === undefined) return parts;
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = checksum.start; at + 1 < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  if ((bytes.length - checksum.start) % 2 === 1) sum += (bytes.at(-1) ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  // Zero would mean that there is none; all ones mean the same number.
  bytes.writeUInt16BE(~sum & 0xffff || 0xffff, checksum.start + checksum.offset);
  return [bytes];
}
