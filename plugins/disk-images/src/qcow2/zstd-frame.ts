/**
 * Length of the zstd frame at the beginning of some bytes, which may go on with something else; undefined: it does not
 * end within them. Source: RFC 8878, "Zstandard Frames".
 */
export function zstdFrameLength(bytes: Uint8Array): number | undefined {
  const descriptor = bytes[4] ?? 0;
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5 + (single ? 0 : 1) + dictionary + contentSize;
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) return undefined;
    const header = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    last = (header & 1) !== 0;
    const repeats = ((header >> 1) & 3) === 1; // one byte, so many times
    at += 3 + (repeats ? 1 : header >> 3);
  }
  const end = at + ((descriptor & 0x04) !== 0 ? 4 : 0);
  return end <= bytes.length ? end : undefined;
}
