import { expect, test } from "vitest";
import { layOut, type StorageForm } from "./layout.ts";

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
    const [memory, ...others] = layout.memories;
    expect(others).toEqual([]);
    expect(memory?.address).toBe("i32");
    expect((memory?.pages ?? 0) * 0x10000).toBeGreaterThanOrEqual(layout.top + 1);
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

const largestNarrow = 4096 - 5;
const layOutMebibytes = (mebibytes: number, form?: StorageForm) =>
  layOut({ size: mebibytes * MIB, reserved: MIB, form });

test("storage that does not fit beside the engine in a memory of 4 GiB has one of its own", () => {
  expect(layOutMebibytes(largestNarrow)).toMatchObject({ form: "narrow", memories: [{ address: "i32" }] });
  const { form, memories, storageBase, top } = layOutMebibytes(largestNarrow + 1);
  expect(form).toBe("wide");
  expect(memories).toEqual([
    { address: "i32", pages: storageBase / 0x10000 },
    { address: "i64", pages: (top + 1) / 0x10000 },
  ]);
  expect(storageBase).toBeLessThan(8 * MIB);
});

test.each([
  [undefined, 0x4_0000_0000],
  ["wide", 0x4_0000_0000],
  ["narrow", 0x1_0000_0000],
] as const)(
  "in the form %s, more than a memory holds is refused with the largest size that fits",
  (form, limit) => {
    const attempt = (mebibytes: number) => layOutMebibytes(mebibytes, form);
    const end = limit / MIB;
    expect(() => attempt(end)).toThrow(expect.objectContaining({ code: "LF-MEMORY-003" }));
    let hint = "";
    try {
      attempt(end);
    } catch (error) {
      if (error instanceof Error && "hint" in error) hint = String(error.hint);
    }
    const largest = Number(/\d+/.exec(hint)?.[0]);
    expect(largest).toBeGreaterThan(end - 16);
    expect(attempt(largest).top).toBeLessThan(limit);
    expect(() => attempt(largest + 1)).toThrow();
  },
);

test.each([-1, 0.5, Number.NaN])("an engine area of %s bytes is refused", (reserved) => {
  expect(() => layOut({ size: MIB, reserved })).toThrow(expect.objectContaining({ code: "LF-MEMORY-004" }));
});
