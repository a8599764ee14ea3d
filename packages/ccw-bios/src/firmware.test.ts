import { expect, test } from "vitest";
import { planFirmware } from "./firmware.ts";
import { QUICK_IPL_AT, quickIplBlock } from "./quick-ipl.ts";

const MIB = 2 ** 20;
const CODE_AT = 0x1000;
const RELOCATIONS_AT = 0x200;
const SECTIONS_AT = 0x300;

/** Firmware of one segment whose doubleword at 0x1010 is to be relocated. */
function firmware({ spanned = 0x4000, machine = 22, relocation = 12, at = 0x1010 } = {}): Uint8Array {
  const file = new Uint8Array(0x1100);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0x7f454c46);
  file.set([2, 2, 1], 4);
  view.setUint16(16, 3);
  view.setUint16(18, machine);
  view.setBigUint64(24, BigInt(CODE_AT)); // entry
  view.setBigUint64(32, 64n);
  view.setBigUint64(40, BigInt(SECTIONS_AT));
  view.setUint16(56, 1);
  view.setUint16(60, 1);
  view.setUint32(64, 1); // a segment to load
  view.setBigUint64(72, BigInt(CODE_AT)); // offset in the file
  view.setBigUint64(80, BigInt(CODE_AT));
  view.setBigUint64(88, BigInt(CODE_AT));
  view.setBigUint64(96, 0x100n);
  view.setBigUint64(104, BigInt(spanned));
  view.setUint32(SECTIONS_AT + 4, 4);
  view.setBigUint64(SECTIONS_AT + 24, BigInt(RELOCATIONS_AT));
  view.setBigUint64(SECTIONS_AT + 32, 24n);
  view.setBigUint64(RELOCATIONS_AT, BigInt(at));
  view.setUint32(RELOCATIONS_AT + 12, relocation);
  view.setBigUint64(RELOCATIONS_AT + 16, 0x1234n);
  return file;
}

/** Its section headers are said to be where the file ends. */
function truncatedSections(): Uint8Array {
  const file = firmware();
  new DataView(file.buffer).setBigUint64(40, BigInt(file.length - 8));
  return file;
}

const doubleword = (bytes: Uint8Array, at: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at);

test.for([
  [64 * MIB, 61 * MIB],
  [4096 * MIB, 2045 * MIB],
  [3 * MIB, 0],
] as const)("in storage of %i bytes it is placed at %i and relocated to there", ([size, base]) => {
  const { segments, start } = planFirmware(firmware(), size);
  expect(start).toBe(base + CODE_AT);
  expect(segments).toMatchObject([{ address: base + CODE_AT, zeros: 0x3f00 }]);
  expect(doubleword(segments[0]?.bytes ?? new Uint8Array(), 0x10)).toBe(BigInt(base + 0x1234));
});

test("other relocations, and those outside of what is loaded, change nothing", () => {
  for (const file of [firmware({ relocation: 1 }), firmware({ at: 0x8000 }), firmware({ at: 0x10f9 })]) {
    const { segments } = planFirmware(file, 64 * MIB);
    expect(segments[0]?.bytes.every((byte) => byte === 0)).toBe(true);
  }
});

test("the file stays as it is", () => {
  const file = firmware();
  const before = file.slice();
  planFirmware(file, 64 * MIB);
  expect(file).toEqual(before);
});

test.for([
  ["LF-BOOT-010", firmware(), 2 * MIB],
  ["LF-BOOT-011", firmware({ spanned: 4 * MIB }), 64 * MIB],
  ["LF-BOOT-011", new Uint8Array(100), 64 * MIB],
  ["LF-BOOT-011", truncatedSections(), 64 * MIB],
  ["LF-BOOT-001", firmware({ machine: 62 }), 64 * MIB],
  ["LF-BOOT-003", firmware().subarray(0, 80), 64 * MIB],
] as const)("what cannot be placed is refused: %s", ([code, file, size]) => {
  expect(() => planFirmware(file, size)).toThrow(expect.objectContaining({ code }));
});

test("the quick-IPL block tells of the menu and of the next devices", () => {
  const hex = (menu: "shown" | "hidden" | "disk"): string =>
    Buffer.from(quickIplBlock({ menu, menuTimeout: 0x1234, chainLength: 2, chainAddress: 0x5000 })).toString(
      "hex",
    );
  expect(QUICK_IPL_AT).toBe(0xcc);
  expect(hex("shown")).toBe("80" + "00".repeat(11) + "00001234" + "0000" + "0002" + "0000000000005000");
  expect([hex("disk").slice(0, 2), hex("hidden").slice(0, 2)]).toEqual(["40", "00"]);
});
