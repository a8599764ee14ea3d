import fc from "fast-check";
import { expect, test } from "vitest";
import { PAGE_SIZE } from "./bytes.ts";
import { decryptPage, encryptPage } from "./page-cipher.ts";
import { PageXts } from "./page-xts.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** Some pages less than a piece, some more. */
const pagesToTurn = fc.constantFrom(1, 2, 15, 16, 17, 33).chain((count) =>
  fc.record({
    key: bytes(64).filter((key) => Buffer.compare(key.subarray(0, 32), key.subarray(32)) !== 0),
    tweaks: bytes(16 * count),
    seed: fc.nat(255),
  }),
);

test.each([
  ["encrypt", encryptPage],
  ["decrypt", decryptPage],
] as const)("pages %s as with the platform's AES-256-XTS", (direction, turnPage) => {
  fc.assert(
    fc.property(pagesToTurn, ({ key, tweaks, seed }) => {
      const count = tweaks.length / 16;
      const pages = Uint8Array.from({ length: count * PAGE_SIZE }, (_, i) => (i * seed + (i >> 8)) & 0xff);
      const wanted = Array.from({ length: count }, (_, n) =>
        turnPage(
          key,
          tweaks.subarray(n * 16, n * 16 + 16),
          pages.subarray(n * PAGE_SIZE, (n + 1) * PAGE_SIZE),
        ),
      );
      new PageXts(direction, key).apply(pages, tweaks);
      expect(Buffer.compare(pages, Buffer.concat(wanted))).toBe(0);
    }),
    { numRuns: 30 },
  );
});
