import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createStorage } from "../test/sealed-image.ts";
import { PIECE_PAGES, XtsPages } from "./xts-pages.ts";

const PAGE = 0x1000;

test("pages come out as the platform's AES-256-XTS put them in", () => {
  const storage = createStorage();
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const oneCase = fc.integer({ min: 1, max: PIECE_PAGES }).chain((count) =>
    fc.record({
      key: bytes(64).filter((key) => Buffer.compare(key.subarray(0, 32), key.subarray(32)) !== 0),
      tweaks: bytes(16 * count),
      seed: fc.nat(255),
    }),
  );
  fc.assert(
    fc.property(oneCase, ({ key, tweaks, seed }) => {
      const count = tweaks.length / 16;
      const plain = Uint8Array.from({ length: count * PAGE }, (_, i) => (i * seed + (i >> 8)) & 0xff);
      for (let n = 0; n < count; n++) {
        const cipher = createCipheriv("aes-256-xts", key, tweaks.subarray(n * 16, n * 16 + 16));
        storage.storeBytes(n * PAGE, cipher.update(plain.subarray(n * PAGE, (n + 1) * PAGE)));
      }
      storage.takePiece(0, count * PAGE);
      new XtsPages(storage, key).decryptPiece(0x80000, tweaks);
      expect(Buffer.compare(storage.fetch(0x80000, count * PAGE), plain)).toBe(0);
    }),
    { numRuns: 40 },
  );
});
