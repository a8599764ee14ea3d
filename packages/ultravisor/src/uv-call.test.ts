import { describe, expect, test } from "vitest";
import { PageState } from "@lockframe/memory";
import { startGuest } from "../test/running-guest.ts";
import { createStorage } from "../test/sealed-image.ts";
import { Ultravisor, uvCommands, type UvcbAccess } from "./index.ts";

/** A UVCB in a buffer that ends where it ends. */
function uvcb(command: number, length: number, size = Math.max(length, 8)) {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, length);
  view.setUint16(2, command);
  view.setUint32(4, 0xdead_beef); // stale codes
  const access: UvcbAccess = {
    fetch(offset, count) {
      if (offset + count > size) throw new Error("page translation");
      return bytes.slice(offset, offset + count);
    },
    store: (offset, data) => bytes.set(data, offset),
  };
  return { bytes, view, access, codes: () => [view.getUint16(4), view.getUint16(6)] };
}

const plainMachine = () => new Ultravisor({ storage: createStorage(), hostKeys: [] });
const protectedMachine = () => startGuest().ultravisor;

describe("QUERY ULTRAVISOR INFORMATION", () => {
  test.each([
    [0xa0, 1, 0x05],
    [0xa7, 1, 0x05],
    [0xa8, 1, 0x100],
    [0x100, 1, 0x100],
    [0x120, 0, 0x01],
    [0x200, 0, 0x01],
  ])("of length 0x%s: cc %s, rc %s, for guest and host", (length, cc, rc) => {
    for (const ultravisor of [protectedMachine(), plainMachine()]) {
      const block = uvcb(0x0001, length);
      expect(ultravisor.call(block.access)).toBe(cc);
      expect(block.codes()).toEqual([rc, 0]);
      if (rc !== 0x05) expect(block.view.getBigUint64(0x80)).toBe(0x4000_0000_0000n);
      else expect(block.view.getBigUint64(0x80)).toBe(0n);
    }
  });

  const calls = (ultravisor: Ultravisor) => {
    const block = uvcb(0x0001, 0x120);
    ultravisor.call(block.access);
    const bits: number[] = [];
    for (let bit = 0; bit < 256; bit++)
      if (((block.bytes[0x10 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit);
    return bits;
  };

  test("tells a guest that it is one, and a host that it is none", () => {
    expect(calls(protectedMachine())).toEqual([0, 8, 9]);
    expect(calls(plainMachine())).toEqual([0]);
  });

  test("reports no length, version or secret type of what is not there", () => {
    const block = uvcb(0x0001, 0x120);
    protectedMachine().call(block.access);
    const reported = [...Array(0x120 / 4).keys()]
      .map((word) => word * 4)
      .filter((at) => at >= 8 && block.view.getUint32(at) !== 0);
    expect(reported).toEqual([0x10, 0x7c, 0x80, 0x9c, 0xb0, 0xbc]);
    expect(block.view.getUint16(0x9e)).toBe(247);
    expect(block.view.getBigUint64(0xb0)).toBe(1n << 63n);
    expect(block.view.getBigUint64(0xb8)).toBe(0x3000_00f2n);
  });
});

describe("a command that the issuer may not use is rc 0x02", () => {
  const guestCalls = new Set(["query", "setShared", "removeShared"]);
  const table = Object.entries(uvCommands);
  test.each(table.filter(([name]) => !guestCalls.has(name)))("%s from a guest", (_, { command, length }) => {
    const block = uvcb(command, length);
    expect(protectedMachine().call(block.access)).toBe(1);
    expect(block.codes()).toEqual([0x02, 0]);
  });
  test.each(table.filter(([name]) => name !== "query"))("%s from a host", (_, { command, length }) => {
    const block = uvcb(command, length);
    expect(plainMachine().call(block.access)).toBe(1);
    expect(block.codes()).toEqual([0x02, 0]);
  });
  test("and one that nobody knows, whatever its length", () => {
    for (const length of [0, 8, 0xffff]) {
      const block = uvcb(0x4242, length, 8);
      expect(protectedMachine().call(block.access)).toBe(1);
      expect(block.codes()).toEqual([0x02, 0]);
    }
  });
});

describe("SET SHARED ACCESS and REMOVE SHARED ACCESS", () => {
  test.each([0x1000, 0x1001])("0x%s: any other length is rc 0x05", (command) => {
    for (const length of [0, 8, 0x2f, 0x31, 0x38]) {
      const block = uvcb(command, length);
      expect(protectedMachine().call(block.access)).toBe(1);
      expect(block.codes()).toEqual([0x05, 0]);
    }
  });

  test("change the page that byte 0x20 of the UVCB names", () => {
    const { ultravisor, storage } = startGuest();
    const share = uvcb(0x1000, 0x30);
    share.view.setBigUint64(0x20, 0x42000n);
    expect(ultravisor.call(share.access)).toBe(0);
    expect(share.codes()).toEqual([1, 0]);
    expect(storage.getPageState(0x42)).toBe(PageState.shared);
    const unshare = uvcb(0x1001, 0x30);
    unshare.view.setBigUint64(0x20, 0x42000n);
    expect(ultravisor.call(unshare.access)).toBe(0);
    expect(storage.getPageState(0x42)).toBe(PageState.secure);
  });

  test.each([0x1000, 0x1001])("0x%s beyond storage is rc 0x101", (command) => {
    const block = uvcb(command, 0x30);
    block.view.setBigUint64(0x20, 0x100000n);
    expect(protectedMachine().call(block.access)).toBe(1);
    expect(block.codes()).toEqual([0x101, 0]);
  });
});

describe("access exceptions of the UVCB go to the CPU and nothing changes", () => {
  test("when only its header can be read", () => {
    const { ultravisor, storage } = startGuest();
    const block = uvcb(0x1000, 0x30, 0x20);
    expect(() => ultravisor.call(block.access)).toThrow("page translation");
    expect(storage.getPageState(0)).toBe(PageState.blank);
  });

  test("when it cannot be stored into", () => {
    const { ultravisor, storage } = startGuest();
    const block = uvcb(0x1000, 0x30);
    const readOnly: UvcbAccess = {
      fetch: block.access.fetch,
      store() {
        throw new Error("protection");
      },
    };
    expect(() => ultravisor.call(readOnly)).toThrow("protection");
    expect(storage.getPageState(0)).toBe(PageState.blank);
  });
});

test("no two commands have the same number or the same bit", () => {
  const rows = Object.values(uvCommands);
  expect(new Set(rows.map(({ command }) => command)).size).toBe(rows.length);
  expect(new Set(rows.map(({ bit }) => bit)).size).toBe(rows.length);
});
