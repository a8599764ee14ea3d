/**
 * Prefixing. Source: z/Architecture Principles of Operation, "Prefixing": the first 8 KiB of real storage and
 * the 8 KiB that the prefix names change places.
 */
const BLOCK = 0x2000;

/** Absolute address of a real address (and the reverse: prefixing is its own inverse). */
export function applyPrefix(address: number, prefix: number): number {
  if (address < BLOCK) return address + prefix;
  if (address >= prefix && address < prefix + BLOCK) return address - prefix;
  return address;
}
