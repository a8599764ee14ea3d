import { expect, test } from "vitest";
import { AddressingError, PlainGuestView, PlainHostView, Storage } from "./index.ts";

test("host and guest of an unprotected machine see the same bytes", () => {
  const storage = Storage.create({ size: 0x100000, reserved: 0 });
  const host = new PlainHostView(storage);
  const guest = new PlainGuestView(storage);
  guest.write(0x2ffe, Uint8Array.of(1, 2, 3, 4));
  expect([...host.read(0x2ffe, 4)]).toEqual([1, 2, 3, 4]);
  host.write(0x2fff, Uint8Array.of(9));
  expect([...guest.read(0x2ffe, 4)]).toEqual([1, 9, 3, 4]);
  expect(host.isDirect(0, host.size)).toBe(true);
  expect(host.isDirect(1, guest.size)).toBe(false);
  expect(() => host.read(0xfffff, 2)).toThrow(AddressingError);
  expect(() => guest.write(0xfffff, new Uint8Array(2))).toThrow(AddressingError);
});
