import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  AddressingError,
  GUEST_READY,
  PAGE_SIZE,
  pagesOf,
  PageState,
  Storage,
  type StorageForm,
  StorageKey,
} from "./index.ts";

const MIB = 0x100000;
const forms = ["narrow", "wide"] as const satisfies StorageForm[];

describe.each(forms)("in the %s form", (form) => {
  const create = () => Storage.create({ size: MIB, reserved: 0x1000, form });

  describe("operands", () => {
    test("are big-endian for the guest and little-endian at their host offset", () => {
      const storage = create();
      storage.store64(0x1003, 0x0102030405060708n);
      expect([...storage.fetch(0x1003, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(storage.fetch8(0x1003)).toBe(1);
      expect(storage.fetch16(0x1004)).toBe(0x0203);
      expect(storage.fetch32(0x1007)).toBe(0x05060708);
      expect(storage.fetch64(0x1003)).toBe(0x0102030405060708n);
      expect(storage.doubleword(storage.top - 7 - 0x1003)).toBe(0x0102030405060708n);
      expect([...storage.part(storage.top - 0x1003, 1)]).toEqual([1]);
    });

    test("stores of each size change exactly their bytes", () => {
      const storage = create();
      storage.fill(0, 16, 0xff);
      storage.store8(1, 0x11);
      storage.store16(3, 0x2233);
      storage.store32(6, 0x44556677);
      expect([...storage.fetch(0, 12)]).toEqual([
        0xff, 0x11, 0xff, 0x22, 0x33, 0xff, 0x44, 0x55, 0x66, 0x77, 0xff, 0xff,
      ]);
    });

    test("never wrap at either end of storage", () => {
      const storage = create();
      storage.store64(MIB - 8, 0x1122334455667788n);
      storage.store64(0, 0x99aabbccddeeff00n);
      for (const address of [-1, MIB - 7, MIB, 2 ** 32, 2 ** 53, Number.NaN]) {
        expect(() => storage.fetch64(address)).toThrow(AddressingError);
        expect(() => storage.store64(address, 0n)).toThrow(AddressingError);
      }
      expect(() => storage.fetch8(MIB)).toThrow(AddressingError);
      expect(() => storage.fetch16(MIB - 1)).toThrow(AddressingError);
      expect(() => storage.fetch32(MIB - 3)).toThrow(AddressingError);
      expect(() => storage.storeBytes(MIB - 99, new Uint8Array(100))).toThrow(AddressingError);
      expect(() => storage.fill(MIB - 1, 2, 7)).toThrow(AddressingError);
      expect(() => storage.fetch(0, -1)).toThrow(AddressingError);
      expect(storage.fetch64(MIB - 8)).toBe(0x1122334455667788n);
      expect(storage.fetch64(0)).toBe(0x99aabbccddeeff00n);
    });
  });

  describe("byte strings", () => {
    test("come back as stored, whatever their length and place", () => {
      const storage = create();
      const shadow = new Uint8Array(MIB);
      const place = fc.nat(MIB).chain((at) => fc.tuple(fc.constant(at), fc.nat(Math.min(MIB - at, 200_000))));
      fc.assert(
        fc.property(place, fc.nat(255), ([at, length], seed) => {
          const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
          storage.storeBytes(at, bytes);
          shadow.set(bytes, at);
          const from = Math.max(0, at - 20);
          const to = Math.min(MIB, at + length + 20);
          expect(Buffer.compare(storage.fetch(from, to - from), shadow.subarray(from, to))).toBe(0);
        }),
        { numRuns: 150 },
      );
    });

    test("leave nothing in the exchange window", () => {
      const storage = create();
      storage.storeBytes(0, new Uint8Array(70_000).fill(0xaa));
      storage.fetch(0, 70_000);
      const window = storage
        .bytes()
        .subarray(storage.exchangeBase, storage.exchangeBase + storage.exchangeSize);
      expect(window.some((byte) => byte !== 0)).toBe(false);
    });
  });

  test("a page is zero until one byte of it is not", () => {
    const storage = create();
    for (const at of [0, 1, 15, 16, 2048, 4095]) {
      expect(storage.isZeroPage(5)).toBe(true);
      storage.store8(5 * PAGE_SIZE + at, 1);
      expect(storage.isZeroPage(5)).toBe(false);
      expect(storage.isZeroPage(4)).toBe(true);
      expect(storage.isZeroPage(6)).toBe(true);
      storage.clearPages(4, 3);
    }
  });

  test("code may work on a piece in the exchange window", () => {
    const storage = create();
    storage.storeBytes(0x1234, Uint8Array.of(1, 2, 3, 4, 5));
    const piece = storage.takePiece(0x1234, 5);
    expect([...piece]).toEqual([1, 2, 3, 4, 5]);
    piece[2] = 9;
    storage.putPiece(0x2345, 5);
    expect([...storage.fetch(0x2345, 5)]).toEqual([1, 2, 9, 4, 5]);
    storage.clearExchange();
    expect([...piece]).toEqual([0, 0, 0, 0, 0]);
    expect(() => storage.takePiece(MIB - 4, 5)).toThrow(AddressingError);
    expect(() => storage.putPiece(MIB - 4, 5)).toThrow(AddressingError);
    expect(() => storage.takePiece(0, 0x10001)).toThrow(RangeError);
  });

  test("ranges are filled and read one behind the other, however they lie in the exchange window", () => {
    const storage = create();
    const ranges = [
      { address: 0x20000, length: 0x9001 },
      { address: 0x1001, length: 3 },
      { address: 0x40ffd, length: 0x18000 },
    ];
    const bytes = Uint8Array.from({ length: 0x21004 }, (_, i) => (i * 7) % 251);
    storage.scatter(ranges, bytes);
    expect(storage.fetch(0x20000, 0x9001)).toEqual(bytes.subarray(0, 0x9001));
    expect(storage.fetch(0x1000, 5)).toEqual(Uint8Array.of(0, ...bytes.subarray(0x9001, 0x9004), 0));
    expect(storage.fetch(0x40ffd, 0x18000)).toEqual(bytes.subarray(0x9004));
    const target = new Uint8Array(bytes.length);
    storage.gather(ranges, target);
    expect(target).toEqual(bytes);
    const short = [2, 1].map((length) => ({ address: 0x1001 + length, length }));
    storage.scatter(short, Uint8Array.of(1, 2, 3));
    storage.gather(short, target.subarray(0, 3));
    expect([...target.subarray(0, 3), storage.fetch8(0x1003)]).toEqual([1, 2, 3, 1]);
    const beyond = [...ranges, { address: MIB - 4, length: 100 }];
    expect(() => storage.scatter(beyond, new Uint8Array(0x21068))).toThrow(AddressingError);
    expect(() => storage.gather(beyond, new Uint8Array(0x21068))).toThrow(AddressingError);
    expect(storage.fetch(0x20000, 0x9001)).toEqual(bytes.subarray(0, 0x9001));
  });

  describe("storage keys", () => {
    test("belong to the page that holds the address", () => {
      const storage = create();
      storage.setKey(0x3fff, 0xff);
      expect(storage.getKey(0x3000)).toBe(0xfe);
      expect(storage.getKey(0x2fff)).toBe(0);
      expect(storage.getKey(0x4000)).toBe(0);
      expect(() => storage.getKey(MIB)).toThrow(AddressingError);
      storage.clearKeys();
      expect(storage.getKey(0x3000)).toBe(0);
    });

    test("record reference and change", () => {
      const storage = create();
      storage.setKey(0, 0x38);
      storage.setReferenced(0);
      expect(storage.getKey(0)).toBe(0x3c);
      storage.setChanged(0);
      expect(storage.getKey(0)).toBe(0x3e);
      expect(storage.resetReference(0)).toBe(0x3e);
      expect(storage.getKey(0)).toBe(0x3a);
      expect(storage.getKey(0) & StorageKey.accessControl).toBe(0x30);
    });
  });

  describe("page ownership", () => {
    test("told are the ranges that a TLB may hold", () => {
      const storage = create();
      const told: [number, number, PageState][] = [];
      const stop = storage.onOwnershipChange((...change) => told.push(change));
      storage.setPageStates(2, 3, PageState.secure);
      storage.setPageStates(3, 1, PageState.exported);
      storage.setPageStates(0, 0, PageState.secure);
      storage.setPageStates(3, 1, PageState.secure); // no TLB can hold a page that was not usable
      storage.setPageStates(3, 1, PageState.exported);
      stop();
      storage.setPageStates(0, 1, PageState.shared);
      expect(told).toEqual([
        [2, 3, PageState.secure],
        [3, 1, PageState.exported],
        [3, 1, PageState.exported],
      ]);
      expect([0, 1, 2, 3, 4, 5].map((page) => storage.getPageState(page))).toEqual([1, 0, 2, 3, 2, 0]);
      expect(storage.bytes()[storage.pageStatesBase + 3]).toBe(PageState.exported);
    });

    test("one comparison tells what the guest may use", () => {
      const ready = Object.entries(PageState).filter(([, state]) => state < GUEST_READY);
      expect(ready.map(([name]) => name)).toEqual(["normal", "shared", "secure"]);
    });

    test("import is answered by the importer, and refused without one", () => {
      const storage = create();
      expect(storage.importPage(1)).toBe(false);
      storage.setPageImporter((page) => page === 1);
      expect(storage.importPage(1)).toBe(true);
      expect(storage.importPage(2)).toBe(false);
      expect(() => storage.importPage(MIB / PAGE_SIZE)).toThrow(AddressingError);
      expect(() => storage.setPageStates(255, 2, PageState.secure)).toThrow(AddressingError);
    });
  });
});

describe("storage of more than 4 GiB", () => {
  const LINE = 0x1_0000_0000;
  const storage = Storage.create({ size: LINE + MIB, reserved: 0x1000 });

  test("has operands that cross the line", () => {
    storage.store64(LINE - 3, 0x0102030405060708n);
    expect([...storage.fetch(LINE - 4, 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
    expect(storage.fetch32(LINE - 1)).toBe(0x03040506);
    expect(storage.fetch16(LINE)).toBe(0x0405);
    expect([...storage.fetch(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const text = Buffer.from(
      "a string of bytes, of which some are beyond the line that is at 4 GiB; ".repeat(9),
    );
    storage.storeBytes(LINE - 200, text);
    expect(Buffer.from(storage.fetch(LINE - 200, text.length)).equals(text)).toBe(true);
    storage.clearPages(LINE / PAGE_SIZE - 1, 2);
    expect(storage.isZeroPage(LINE / PAGE_SIZE)).toBe(true);
  });

  test("has keys, states and marks up to its end", () => {
    const last = storage.pageCount - 1;
    storage.setKey(LINE + MIB - 1, 0x38);
    expect(storage.getKey(last * PAGE_SIZE)).toBe(0x38);
    storage.setPageStates(last, 1, PageState.secure);
    storage.markCode(last, true);
    expect([storage.getPageState(last), storage.isCode(last)]).toEqual([PageState.secure, true]);
    expect([storage.getKey(MIB - 1), storage.getPageState(MIB / PAGE_SIZE - 1)]).toEqual([0, 0]);
    expect(() => storage.store8(LINE + MIB, 1)).toThrow(AddressingError);
  });
});

test("pagesOf names the pages that a range touches", () => {
  expect(pagesOf(0x1fff, 2)).toEqual({ first: 1, last: 2 });
  expect(pagesOf(0x1000, 0x1000)).toEqual({ first: 1, last: 1 });
  expect(pagesOf(0x1000, 0)).toEqual({ first: 1, last: 0 });
});
