import { expect, test } from "vitest";
import { decodeEbcdic, encodeEbcdic } from "./ebcdic.ts";

test("text of the architecture reads as the manuals print it", () => {
  expect([...encodeEbcdic("VOL1 zIPL")]).toEqual([0xe5, 0xd6, 0xd3, 0xf1, 0x40, 0xa9, 0xc9, 0xd7, 0xd3]);
  expect([...encodeEbcdic("[!|]\n")]).toEqual([0x4a, 0x4f, 0xbb, 0x5a, 0x25]);
});

test("every byte survives the way to text and back", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(encodeEbcdic(decodeEbcdic(all))).toEqual(all);
});

test("a character outside the code page becomes SUB", () => {
  expect([...encodeEbcdic("€")]).toEqual([0x3f]);
});
