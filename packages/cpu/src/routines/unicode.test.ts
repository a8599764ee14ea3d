import { beforeEach, describe, expect, it } from "vitest";
import { Engine, STORAGE_SIZE } from "../../test/engine.ts";

const engine = new Engine();
const { cpu } = engine;
const ADDRESSING = 0x05;
const SPECIFICATION = 0x06;
const text = "Grüße, 世界 🜚!";
const utf8 = Buffer.from(text);
const utf16 = Buffer.from(text, "utf16le").swap16();
const utf32 = Buffer.concat(
  [...text].map((character) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(character.codePointAt(0) ?? 0);
    return bytes;
  }),
);

beforeEach(() => engine.reset());

describe("CONVERT UTF", () => {
  it.each([
    ["b2a71024", utf8, utf16],
    ["b9b01024", utf8, utf32],
    ["b2a61024", utf16, utf8],
    ["b9b11024", utf16, utf32],
    ["b9b20024", utf32, utf8],
    ["b9b30024", utf32, utf16],
  ])("%s converts a text, across pages", (instruction, source, target) => {
    engine.put(0x4fff, source);
    engine.gr({ 2: 0x6ffd, 3: 100, 4: 0x4fff, 5: source.length });
    expect(engine.execute(instruction)).toBeUndefined();
    expect(cpu.cc).toBe(0);
    expect(engine.storage.fetch(0x6ffd, target.length)).toEqual(new Uint8Array(target));
    expect(engine.gr().slice(2, 6)).toEqual([
      BigInt(0x6ffd + target.length),
      BigInt(100 - target.length),
      BigInt(0x4fff + source.length),
      0n,
    ]);
  });
  it("stops where the target is full, at what is not valid, and in an incomplete character", () => {
    engine.put(0x5000, Buffer.concat([Buffer.from("é"), Buffer.from([0xe0, 0x9f, 0x80])]));
    engine.gr({ 2: 0x6000, 3: 1, 4: 0x5000, 5: 5 });
    engine.execute("b2a71024");
    expect(cpu.cc).toBe(1);
    expect(engine.gr()[4]).toBe(0x5000n);
    engine.gr({ 3: 8 });
    engine.execute("b2a71024");
    expect(cpu.cc).toBe(2); // three bytes for what two can say
    expect(engine.gr().slice(2, 6)).toEqual([0x6002n, 6n, 0x5002n, 3n]);
    engine.execute("b2a70024"); // without well-formedness checking
    expect(cpu.cc).toBe(0);
    expect(engine.hex(0x6002, 2)).toBe("07c0");
    engine.gr({ 4: 0x5000, 5: 1 });
    engine.execute("b2a71024");
    expect(cpu.cc).toBe(0);
    expect(engine.gr()[5]).toBe(1n);
  });
  it("leaves an access exception after progress to the next execution", () => {
    engine.gr({ 2: STORAGE_SIZE - 2, 3: 10, 4: 0x5000, 5: 2 });
    engine.put(0x5000, "ab");
    expect(engine.execute("b2a71024")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(engine.gr().slice(2, 6)).toEqual([BigInt(STORAGE_SIZE), 8n, 0x5001n, 1n]);
    expect(engine.execute("b2a71024")).toBe(ADDRESSING);
    expect(engine.gr()[5]).toBe(1n);
  });
});

describe("characters of two bytes", () => {
  it("MVCLU pads with a character", () => {
    engine.put(0x5000, "abcd");
    engine.gr({ 2: 0x6fff, 3: 8, 4: 0x5000, 5: 4, 6: 0x3f21 });
    engine.execute("eb246000008e");
    expect(cpu.cc).toBe(2);
    expect(engine.text(0x6fff, 9)).toBe("abcd?!?!\0");
    engine.gr({ 3: 7 });
    expect(engine.execute("eb246000008e")).toBe(SPECIFICATION);
  });
  it("CLCLU compares characters, not bytes", () => {
    engine.put(0x5000, "\x01\x00\x01\x02");
    engine.put(0x6000, "\x01\x00\x02\x01");
    engine.gr({ 2: 0x5000, 3: 4, 4: 0x6000, 5: 4, 6: 0 });
    engine.execute("eb246000008f");
    expect(cpu.cc).toBe(1);
    expect(engine.gr().slice(2, 6)).toEqual([0x5002n, 2n, 0x6002n, 2n]);
  });
  it("SRSTU looks at every second byte", () => {
    engine.put(0x5000, "abxabxab");
    engine.gr({ 0: 0x6162, 2: 0x5008, 4: 0x5001 });
    engine.execute("b9be0024");
    expect(cpu.cc).toBe(1);
    expect(engine.gr()[2]).toBe(0x5003n);
    engine.gr({ 0: 0x6162, 2: 0x5009, 4: 0x5005 });
    engine.execute("b9be0024");
    expect(cpu.cc).toBe(2);
    engine.gr({ 0: 0x1_0000 });
    expect(engine.execute("b9be0024")).toBe(SPECIFICATION);
  });
});

describe("TRANSLATE of characters", () => {
  it("TRE and TROT stop at the test character", () => {
    for (let n = 0; n < 256; n++) engine.storage.store8(0x7000 + n, n ^ 0x20);
    engine.put(0x5000, "translate;this");
    engine.gr({ 0: 0x3b, 2: 0x5000, 3: 14, 4: 0x7000 });
    engine.execute("b2a50024");
    expect(cpu.cc).toBe(1);
    expect(engine.text(0x5000, 14)).toBe("TRANSLATE;this");
    expect(engine.gr().slice(2, 4)).toEqual([0x5009n, 5n]);
    for (let n = 0; n < 256; n++) engine.storage.store16(0x8000 + 2 * n, 0x100 + n);
    engine.gr({ 0: 0x13b, 1: 0x8007, 2: 0x6000, 3: 14, 4: 0x5000 });
    engine.execute("b9920024");
    expect(cpu.cc).toBe(1);
    expect(engine.gr().slice(2, 5)).toEqual([0x6012n, 5n, 0x5009n]);
    engine.execute("b9921024"); // without test character
    expect(cpu.cc).toBe(0);
    expect(engine.hex(0x6010, 6)).toBe("0145013b0174");
  });
  it("TRTR goes to the left", () => {
    engine.put(0x7000 + 0x3b, "\x05");
    engine.put(0x5000, "one;two");
    engine.gr({ 2: 0x5006, 4: 0x7000 });
    engine.execute("d00620004000");
    expect(cpu.cc).toBe(1);
    expect(engine.gr().slice(1, 3)).toEqual([0x5003n, 0x5005n]);
  });
});
