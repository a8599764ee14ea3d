import { expect, test } from "vitest";
import { AddressingError, PageState } from "@lockframe/memory";
import { startGuest } from "../test/running-guest.ts";
import { text } from "../test/sealed-image.ts";
import { GuestStopError, SecureInstructionData } from "./index.ts";

test("operands go in and out, while the page stays the guest's alone", () => {
  const { storage, guest } = startGuest();
  const area = new SecureInstructionData(guest);
  guest.write(0x30000, Uint8Array.of(0x00, 0x0a, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  expect([...(area.copyInCounted(0x30000, 2) ?? [])]).toEqual([0x00, 0x0a, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(area.copyOut(0x30000, text("answer"))).toBe(true);
  expect(Buffer.from(guest.read(0x30000, 6)).toString()).toBe("answer");
  expect(storage.getPageState(0x30)).toBe(PageState.secure);
});

test("an operand is at most one page, and as long as it says", () => {
  const { guest } = startGuest();
  const area = new SecureInstructionData(guest);
  guest.write(0x30000, Uint8Array.of(0, 0, 0x10, 0x01));
  expect(area.copyInCounted(0x30000, 4)).toBeUndefined();
  expect(area.copyInCounted(0x30002, 2)).toBeUndefined();
  expect(area.copyInCounted(0x30000, 2)).toBeUndefined(); // shorter than its own length field
  expect(area.copyIn(0x30000, 4097)).toBeUndefined();
  expect(area.copyIn(0x30000, 4096)).toHaveLength(4096);
  expect(area.copyOut(0x30000, new Uint8Array(4097).fill(1))).toBe(false);
  expect([...guest.read(0x30000, 4)]).toEqual([0, 0, 0x10, 0x01]);
  expect(new SecureInstructionData(guest, 2).copyInCounted(0x30002, 2)).toHaveLength(4097);
});

test("bad addresses and lost pages are exceptions, not answers", () => {
  const { guest, host } = startGuest();
  const area = new SecureInstructionData(guest);
  expect(() => area.copyIn(guest.size - 1, 8)).toThrow(AddressingError);
  expect(() => area.copyOut(guest.size, text("x"))).toThrow(AddressingError);
  guest.write(0x30000, text("mine"));
  host.write(0x30000, Uint8Array.of((host.read(0x30000, 1)[0] ?? 0) ^ 1));
  expect(() => area.copyInCounted(0x30000, 2)).toThrow(GuestStopError);
});
