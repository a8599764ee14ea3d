import { expect, test } from "vitest";
import { addressException, headerException } from "./service-call-operand.ts";

const at = (address: bigint, problemState = false): number | undefined =>
  addressException({ address, prefix: 0x8000, storageSize: 0x100000, problemState });

test("the address of a control block is checked as SERVICE CALL does", () => {
  expect(at(0x11000n)).toBeUndefined();
  expect(at(0x11000n, true)).toBe(0x02);
  for (const wrong of [
    0n,
    0x1ff8n,
    0x8000n,
    0x9ff8n,
    0x11004n,
    0x80000000n,
    0x100011000n,
    0xffffffff00011000n,
  ]) {
    expect(at(wrong)).toBe(0x06);
  }
  expect(at(0x2000n)).toBeUndefined();
  expect(at(0xffff8n)).toBeUndefined();
  expect(at(0x100000n)).toBe(0x05);
});

test("a control block has at least its header", () => {
  expect([0, 7].map((length) => headerException(Uint8Array.of(0, length, 0, 0, 0, 0, 0, 0)))).toEqual([
    0x06, 0x06,
  ]);
  expect(headerException(Uint8Array.of(0, 8, 0, 0, 0, 0, 0, 0))).toBeUndefined();
});
