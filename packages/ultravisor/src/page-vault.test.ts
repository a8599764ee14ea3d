import fc from "fast-check";
import { expect, test } from "vitest";
import { PageVault } from "./page-vault.ts";

const PAGE = 4096;
const page = (seed: number) => Uint8Array.from({ length: PAGE }, (_, i) => (i * seed) & 0xff);
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");

test("a page comes back once, as it was", () => {
  const vault = new PageVault();
  const sealed = vault.seal(7, page(3));
  expect(hex(sealed)).not.toBe(hex(page(3)));
  expect(vault.size).toBe(1);
  expect(hex(vault.open(7, sealed))).toBe(hex(page(3)));
  expect(vault.size).toBe(0);
  expect(vault.open(7, sealed)).toBeUndefined();
});

test("any change is noticed, and does not spend the page", () => {
  const vault = new PageVault();
  const sealed = vault.seal(1, page(5));
  fc.assert(
    fc.property(fc.nat(PAGE - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ flip;
      expect(vault.open(1, changed)).toBeUndefined();
    }),
    { numRuns: 200 },
  );
  expect(hex(vault.open(1, sealed))).toBe(hex(page(5)));
});

test("an older version of a page is refused", () => {
  const vault = new PageVault();
  const old = vault.seal(1, page(1));
  vault.open(1, old);
  vault.seal(1, page(2));
  expect(vault.open(1, old)).toBeUndefined();
});

test("pages cannot change places, equal content included", () => {
  const vault = new PageVault();
  const first = vault.seal(1, page(9));
  const second = vault.seal(2, page(9));
  expect(hex(first)).not.toBe(hex(second));
  expect(vault.open(1, second)).toBeUndefined();
  expect(vault.open(2, first)).toBeUndefined();
});

test("the same content never looks the same twice, nor in another vault", () => {
  const vault = new PageVault();
  const seen = new Set<string>();
  for (let i = 0; i < 5; i++) {
    const sealed = vault.seal(4, page(1));
    seen.add(hex(sealed));
    vault.open(4, sealed);
  }
  seen.add(hex(new PageVault().seal(4, page(1))));
  expect(seen.size).toBe(6);
});

test("a destroyed vault opens nothing", () => {
  const vault = new PageVault();
  const sealed = vault.seal(1, page(1));
  vault.destroy();
  expect(vault.open(1, sealed)).toBeUndefined();
});
