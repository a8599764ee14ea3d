/** Whole image files through the Ultravisor: of the project's own builder, and of another implementation. */
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { PageState, type Storage } from "@lockframe/memory";
import { parseSeImage, stage3a, stage3b, writeSeImage, type ImageLayout } from "@lockframe/secure-image";
import { knownHost } from "../test/known-keys.ts";
import { createStorage, p521, text } from "../test/sealed-image.ts";
import { Ultravisor } from "./index.ts";

const hostKey = p521();
const CANARIES = ["canary-of-the-kernel", "canary-of-the-initrd", "canary-of-the-command-line"];
const kernel = new Uint8Array(0x11000);
kernel.set(text("S390EP"), 0x10008);
kernel.set(text("canary-of-the-kernel"), 0x10800);

const build = (layout: ImageLayout) =>
  writeSeImage({
    kernel,
    initrd: text("canary-of-the-initrd"),
    cmdline: text("root=/dev/ram0 canary-of-the-command-line"),
    hostKeys: [createPublicKey(p521()), createPublicKey(hostKey)],
    loaders: { stage3a: stage3a(), stage3b: stage3b() },
    layout,
  });

/** Load at 0, then do what stage3a does: tell the block where the header is. */
function boot(image: Uint8Array, storage: Storage = createStorage()) {
  storage.storeBytes(0, image);
  const { ipib, headerOffset, header } = parseSeImage(image);
  if (ipib === undefined) throw new Error("the image has no IPL information block");
  storage.store64(ipib.offset + 0x78, BigInt(headerOffset));
  storage.store64(ipib.offset + 0x80, BigInt(header.size));
  const ultravisor = new Ultravisor({ storage, hostKeys: [hostKey, knownHost] });
  const block = storage.fetch(ipib.offset, ipib.length);
  return { storage, ultravisor, block, ipib };
}

describe.each<ImageLayout>(["pvimg", "genprotimg"])("an image in the layout of %s", (layout) => {
  let image: Uint8Array = new Uint8Array();
  beforeAll(async () => void (image = await build(layout)));

  test("starts at its stage3b, with all components in plain text for its guest alone", () => {
    const { ultravisor, block, ipib } = boot(image);
    const outcome = ultravisor.startProtected(block);
    const loader = ipib.components.at(-1)?.address ?? 0;
    expect(outcome).toEqual({ ok: true, psw: { mask: 0x1_8000_0000n, address: BigInt(loader) } });
    const seen = Buffer.from(ultravisor.guestView.read(0, ultravisor.guestView.size));
    const shown = Buffer.from(ultravisor.hostView.read(0, ultravisor.hostView.size));
    for (const canary of CANARIES) {
      expect(Buffer.from(image).includes(canary)).toBe(false);
      expect(seen.includes(canary)).toBe(true);
      expect(shown.includes(canary)).toBe(false);
    }
  });

  test("with any byte of header or components changed does not start, nor leave plain text", () => {
    const { ipib, headerOffset, header } = parseSeImage(image);
    const parts = [
      { at: headerOffset, length: header.size },
      ...(ipib?.components ?? []).map(({ address, length }) => ({ at: address, length })),
    ];
    const place = fc.constantFrom(...parts).chain(({ at, length }) => fc.nat(length - 1).map((n) => at + n));
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const { storage, ultravisor, block } = boot(image);
        storage.store8(at, storage.fetch8(at) ^ flip);
        expect(ultravisor.startProtected(block).ok).toBe(false);
        const left = Buffer.from(storage.fetch(0, storage.size));
        for (const canary of CANARIES) expect(left.includes(canary)).toBe(false);
        expect(storage.getPageState(headerOffset >> 12)).toBe(PageState.normal);
      }),
      { numRuns: 25 },
    );
  });

  test("with any bit of its IPL information block changed starts as it was built or not at all", () => {
    const anyBit = fc.nat((parseSeImage(image).ipib?.length ?? 1) * 8 - 1);
    fc.assert(
      fc.property(anyBit, (bit) => {
        const { ultravisor, block } = boot(image);
        block[bit >> 3] = (block[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const outcome = ultravisor.startProtected(block);
        expect(ultravisor.isProtected).toBe(outcome.ok);
        if (!outcome.ok) return;
        const seen = Buffer.from(ultravisor.guestView.read(0, ultravisor.guestView.size));
        for (const canary of CANARIES) expect(seen.includes(canary)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });
});

test("an image that genprotimg 2.30.0 made starts", () => {
  const file = new URL("../../secure-image/test/vectors/c-tool/image.bin", import.meta.url);
  const { ultravisor, block, ipib } = boot(readFileSync(file));
  expect(block.length).toBe(0x1000);
  expect(ultravisor.startProtected(block)).toEqual({
    ok: true,
    psw: { mask: 0x1_8000_0000n, address: 0x28000n },
  });
  const contents = ipib.components.map(({ address, length }) =>
    Buffer.from(ultravisor.guestView.read(address, length)).toString("latin1"),
  );
  expect(contents[0]?.slice(0x10008, 0x1000e)).toBe("S390EP");
  expect(contents[1]).toContain("canary in the command line");
  expect(contents[2]).toContain("canary in the initial RAM disk");
  const shown = Buffer.from(ultravisor.hostView.read(0, ultravisor.hostView.size)).toString("latin1");
  expect(shown).not.toContain("canary in the");
});
