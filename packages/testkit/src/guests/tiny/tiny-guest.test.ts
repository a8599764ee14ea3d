import { describe, expect, test } from "vitest";
import { tinyGuest, tinyGuestCommands } from "./index.ts";

describe("the tiny guest's file", () => {
  const file = tinyGuest();
  const view = new DataView(file.buffer);
  const text = Buffer.from(file).toString("latin1");

  test("is a kernel to every loader", () => {
    expect(file.length).toBeGreaterThan(0x10000); // stage3b refuses anything shorter
    expect(text.slice(0x10008, 0x1000e)).toBe("S390EP");
    expect(view.getUint16(0x10000) & 0xff0f).toBe(0xa704); // entered by a relative branch
  });

  test("leaves the parameters of a kernel to the loader", () => {
    expect(view.getBigUint64(0x10430)).toBe(896n);
    expect([...file.subarray(0x10480, 0x10480 + 896)].every((byte) => byte === 0)).toBe(true);
    expect([...file.subarray(0x10400, 0x10430)].every((byte) => byte === 0)).toBe(true);
  });

  test("has a line of help for each command", () => {
    for (const [name, help] of Object.entries(tinyGuestCommands)) {
      expect(text).toMatch(new RegExp(`  ${name} +${help.replaceAll(/[()]/g, String.raw`\$&`)}\0`));
    }
  });

  test("callers get copies", () => {
    tinyGuest().fill(0xff);
    expect(tinyGuest()).toEqual(file);
  });
});
