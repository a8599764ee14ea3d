import { describe, expect, test } from "vitest";
import { iplBlock } from "../test/sealed-image.ts";
import { parseProtectedIplBlock } from "./index.ts";

const good = () =>
  iplBlock(
    0x280,
    [
      { tweakPrefix: 1n, address: 0x15000, length: 0x2000 },
      { tweakPrefix: 2n, address: 0x18000, length: 0x1001 },
    ],
    0x14000,
  );

test("a block names header and components", () => {
  expect(parseProtectedIplBlock(good())).toEqual({
    headerAddress: 0x14000,
    headerSize: 0x280,
    components: [
      { tweakPrefix: 1n, address: 0x15000, pageCount: 2 },
      { tweakPrefix: 2n, address: 0x18000, pageCount: 2 },
    ],
  });
  const inPage = new Uint8Array(4096);
  inPage.set(good());
  expect(parseProtectedIplBlock(inPage)?.components).toHaveLength(2);
});

describe("a block is refused for", () => {
  test.each<[string, (view: DataView) => void]>([
    ["a length below its fixed part", (view) => view.setUint32(0, 147)],
    ["a length beyond its bytes", (view) => view.setUint32(0, 0xb9)],
    ["a length beyond a page", (view) => view.setUint32(0, 0xffff_ffff)],
    ["another block type", (view) => view.setUint8(0x0c, 0)],
    ["no components", (view) => view.setUint32(0x74, 0)],
    ["more components than fit", (view) => view.setUint32(0x74, 3)],
    ["a count that overflows", (view) => view.setUint32(0x74, 0xffff_ffff)],
    ["a header of more than two pages", (view) => view.setBigUint64(0x80, 0x2001n)],
    ["a component off a page boundary", (view) => view.setBigUint64(0x90, 0x15800n)],
    ["equal tweaks", (view) => view.setBigUint64(0xa0, 1n)],
    ["falling tweaks", (view) => view.setBigUint64(0x88, 3n)],
  ])("%s", (_, change) => {
    const bytes = good();
    change(new DataView(bytes.buffer));
    expect(parseProtectedIplBlock(bytes)).toBeUndefined();
  });

  test("being truncated anywhere", () => {
    const bytes = good();
    for (let length = 0; length < bytes.length; length++)
      expect(parseProtectedIplBlock(bytes.subarray(0, length))).toBeUndefined();
  });
});
