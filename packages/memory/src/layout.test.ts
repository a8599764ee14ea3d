import { expect, test } from "vitest";
import { layOut } from "./layout.ts";

const MIB = 0x100000;

test("areas follow one another at 64 KiB boundaries and do not overlap", () => {
  for (const [size, reserved] of [
    [MIB, 0],
    [7 * MIB, 1],
    [512 * MIB, 300_000],
    [3 * 1024 * MIB, MIB],
  ] as const) {
    const layout = layOut({ size, reserved });
    const pages = size / 0x1000;
    expect(layout.keysBase).toBeGreaterThanOrEqual(reserved);
    expect(layout.pageStatesBase).toBeGreaterThanOrEqual(layout.keysBase + pages);
    expect(layout.exchangeBase).toBeGreaterThanOrEqual(layout.pageStatesBase + pages);
    expect(layout.storageBase).toBeGreaterThanOrEqual(layout.exchangeBase + layout.exchangeSize);
    expect(layout.wasmPages * 0x10000).toBeGreaterThanOrEqual(layout.top + 1);
    expect(layout.top).toBe(layout.storageBase + size - 1);
    for (const base of [layout.keysBase, layout.pageStatesBase, layout.exchangeBase, layout.storageBase])
      expect(base % 0x10000).toBe(0);
  }
});

test.each([0, -MIB, 1, MIB + 0x1000, Number.NaN, Number.POSITIVE_INFINITY, 1.5 * MIB + 0.5])(
  "size %s is refused",
  (size) => {
    expect(() => layOut({ size, reserved: 0 })).toThrow(expect.objectContaining({ code: "LF-MEMORY-002" }));
  },
);

test("more than one memory holds is refused, with the largest size that fits", () => {
  const attempt = (mebibytes: number) => layOut({ size: mebibytes * MIB, reserved: MIB });
  expect(() => attempt(4096)).toThrow(expect.objectContaining({ code: "LF-MEMORY-003" }));
  let hint = "";
  try {
    attempt(4096);
  } catch (error) {
    if (error instanceof Error && "hint" in error) hint = String(error.hint);
  }
  const largest = Number(/\d+/.exec(hint)?.[0]);
  expect(largest).toBeGreaterThan(3900);
  expect(attempt(largest).wasmPages).toBeLessThanOrEqual(0x10000);
  expect(() => attempt(largest + 1)).toThrow();
});

test.each([-1, 0.5, Number.NaN])("an engine area of %s bytes is refused", (reserved) => {
  expect(() => layOut({ size: MIB, reserved })).toThrow(expect.objectContaining({ code: "LF-MEMORY-004" }));
});
