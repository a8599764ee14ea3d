import type { HostStorage } from "@lockframe/plugin-api";

const PIECE = 1 << 20;

/** Which of these texts somebody finds who dumps all of storage from the host. */
export function findInStorage(storage: HostStorage, texts: readonly string[]): readonly string[] {
  const longest = Math.max(...texts.map((text) => text.length));
  const found = new Set<string>();
  let before = Buffer.alloc(0);
  for (let at = 0; at < storage.size; at += PIECE) {
    const piece = Buffer.concat([before, storage.read(at, Math.min(PIECE, storage.size - at))]);
    for (const text of texts) if (piece.includes(text, 0, "latin1")) found.add(text);
    before = piece.subarray(-longest);
  }
  return texts.filter((text) => found.has(text));
}
