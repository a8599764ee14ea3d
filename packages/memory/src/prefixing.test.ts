import { expect, test } from "vitest";
import { applyPrefix } from "./index.ts";

test("the first 8 KiB and the prefix area change places, everything else stays", () => {
  const prefix = 0x7e000;
  expect(applyPrefix(0, prefix)).toBe(0x7e000);
  expect(applyPrefix(0x1fff, prefix)).toBe(0x7ffff);
  expect(applyPrefix(0x2000, prefix)).toBe(0x2000);
  expect(applyPrefix(0x7dfff, prefix)).toBe(0x7dfff);
  expect(applyPrefix(0x7e000, prefix)).toBe(0);
  expect(applyPrefix(0x7ffff, prefix)).toBe(0x1fff);
  expect(applyPrefix(0x80000, prefix)).toBe(0x80000);
  expect(applyPrefix(0x1234, 0)).toBe(0x1234);
});
