import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { shippedKeys } from "./keyring.ts";

it("ships exactly the keys whose fingerprints its table names", async () => {
  const table = await readFile(new URL("../keys/README.md", import.meta.url), "utf8");
  const named = table.match(/\b[0-9A-F]{40}\b/g) ?? [];
  const shipped = (await shippedKeys()).flatMap((key) => key.getKeys().map((part) => part.getFingerprint()));
  expect(shipped.map((text) => text.toUpperCase()).sort()).toEqual([...named].sort());
  expect(named.length).toBeGreaterThanOrEqual(6);
});

it("ships public keys only", async () => {
  expect((await shippedKeys()).map((key) => key.isPrivate())).not.toContain(true);
});
