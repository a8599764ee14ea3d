import { createHash, randomBytes } from "node:crypto";
import { afterAll, expect, test, vi } from "vitest";
import { blockFor, component, createStorage, load, p521, seal } from "../test/sealed-image.ts";
import { DigestThread, Ultravisor } from "./index.ts";

const thread = new DigestThread();
afterAll(() => thread.dispose());
const opened = () => vi.waitUntil(() => thread.open(), { timeout: 15_000 });
const sha512 = (...parts: readonly Uint8Array[]): string =>
  createHash("sha512").update(Buffer.concat(parts)).digest("hex");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("digests pieces of any length, and more after its value was asked for", async () => {
  const parts = [1, 4096, 0x10000, 0x10001, 5_000_000].map((length) => randomBytes(length));
  const digest = await opened();
  expect(hex(digest.value())).toBe(sha512());
  parts.forEach((part, n) => {
    digest.update(part);
    expect(hex(digest.value())).toBe(sha512(...parts.slice(0, n + 1)));
  });
});

test("begins anew for each image", async () => {
  (await opened()).update(randomBytes(100_000));
  const digest = await opened();
  digest.update(Buffer.from("abc"));
  expect(hex(digest.value())).toBe(sha512(Buffer.from("abc")));
});

test("an image starts with it, and one whose page was changed does not", async () => {
  await opened();
  const hostKey = p521();
  const image = seal({ components: [component(0x16000, 40, 1n, "image")], hostKey });
  let taken = 0;
  const start = (spoil: boolean) => {
    const storage = createStorage();
    load(storage, image);
    if (spoil) storage.storeBytes(0x16000, Uint8Array.of((storage.fetch(0x16000, 1)[0] ?? 0) ^ 1));
    const contentDigest = () => {
      taken += 1;
      return thread.open();
    };
    return new Ultravisor({ storage, hostKeys: [hostKey], contentDigest }).startProtected(blockFor(image));
  };
  expect(start(false).ok).toBe(true);
  expect(start(true).ok).toBe(false);
  expect(taken).toBe(2);
});

test("is not to be had once it has ended", async () => {
  const other = new DigestThread();
  await vi.waitUntil(() => other.open(), { timeout: 15_000 });
  await other.dispose();
  expect(other.open()).toBeUndefined();
});
