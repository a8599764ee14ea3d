import { describe, expect, it } from "vitest";
import { Engine, STORAGE_SIZE } from "../../../test/engine.ts";

const engine = new Engine();
const { cpu } = engine;
const ADDRESSING = 0x05;
const SPECIFICATION = 0x06;
const FIXED_POINT_DIVIDE = 0x09;
/** Bits 0-31 of a register, which the 24-bit and 31-bit modes leave alone. */
const LEFT = 0xaaaa_bbbb_0000_0000n;

describe("MOVE LONG", () => {
  it("moves, pads and names the lengths' order", () => {
    engine.reset();
    engine.put(0x4ffe, "source");
    engine.gr({ 2: 0x6ffd, 3: 9, 4: 0x4ffe, 5: 0x2a00_0006 });
    expect(engine.execute("0e24")).toBeUndefined();
    expect(engine.text(0x6ffd, 10)).toBe("source***\0");
    expect(engine.gr().slice(2, 6)).toEqual([0x7006n, 0n, 0x5004n, 0x2a00_0000n]);
    expect(cpu.cc).toBe(2);
  });

  it("moves nothing when the overlap is destructive", () => {
    engine.reset("31");
    engine.put(0x5000, "abcdef");
    engine.gr({ 2: LEFT | 0x8000_5002n, 3: LEFT | 6n, 4: LEFT | 0x8000_5000n, 5: LEFT | 6n });
    expect(engine.execute("0e24")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(engine.text(0x5000, 8)).toBe("abcdef\0\0");
    expect(engine.gr().slice(2, 6)).toEqual([LEFT | 0x5002n, LEFT | 6n, LEFT | 0x5000n, LEFT | 6n]);
  });

  it("moves to the left through an overlap, across pages", () => {
    engine.reset();
    const bytes = Uint8Array.from({ length: 0x3000 }, (_, n) => n * 7);
    engine.put(0x5800, bytes);
    engine.gr({ 2: 0x5123, 3: 0x3000, 4: 0x5800, 5: 0x3000 });
    expect(engine.execute("0e24")).toBeUndefined();
    expect(engine.storage.fetch(0x5123, 0x3000)).toEqual(bytes);
    expect(cpu.cc).toBe(0);
  });

  it("leaves registers at the point of an access exception", () => {
    engine.reset();
    engine.gr({ 2: STORAGE_SIZE - 0x1800, 3: 0x2000, 4: 0x5000, 5: 0x4000_0100 });
    expect(engine.execute("0e24")).toBe(ADDRESSING);
    expect(engine.gr().slice(2, 6)).toEqual([BigInt(STORAGE_SIZE), 0x800n, 0x5100n, 0x4000_0000n]);
    expect(engine.hex(STORAGE_SIZE - 1, 1)).toBe("40");
  });

  it("wraps in the 24-bit mode and clears the unused bits of addresses", () => {
    engine.reset("24");
    engine.put(0x5000, "wrapping");
    engine.gr({
      2: LEFT | 0xff00_6000n,
      3: LEFT | 0x5500_0003n,
      4: LEFT | 0x7700_5000n,
      5: LEFT | 0x2000_0008n,
    });
    expect(engine.execute("0e24")).toBeUndefined();
    expect(engine.text(0x6000, 4)).toBe("wra\0");
    expect(engine.gr().slice(2, 6)).toEqual([
      LEFT | 0x6003n,
      LEFT | 0x5500_0000n,
      LEFT | 0x5003n,
      LEFT | 0x2000_0005n,
    ]);
    expect(cpu.cc).toBe(1);
  });
});

describe("MOVE LONG EXTENDED", () => {
  it("ends with condition code 3 before it is done with a large operand", () => {
    engine.reset("31");
    engine.gr({ 2: 0x1_0000, 3: LEFT | 0x2_0000n, 4: 0x3_0000, 5: LEFT, 6: 0x5a });
    expect(engine.execute("a8246000")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(engine.gr()[2]).toBeGreaterThan(0x1_0000n);
    expect(engine.execute("a8246000", true)).toBeUndefined();
    expect(cpu.cc).toBe(2);
    expect(engine.gr().slice(2, 4)).toEqual([0x3_0000n, LEFT]);
    expect(engine.storage.fetch(0x1_0000, 0x2_0000).every((byte) => byte === 0x5a)).toBe(true);
    expect(engine.hex(0x3_0000, 1)).toBe("00");
  });

  it("ends before an access exception, which comes next", () => {
    engine.reset();
    engine.gr({ 2: STORAGE_SIZE - 16, 3: 64, 4: 0, 5: 0 });
    expect(engine.execute("a8240000")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(engine.gr().slice(2, 4)).toEqual([BigInt(STORAGE_SIZE), 48n]);
    expect(engine.execute("a8240000")).toBe(ADDRESSING);
  });
});

describe("COMPARE LOGICAL LONG", () => {
  it("stops at the first difference, pads the shorter operand", () => {
    engine.reset();
    engine.put(0x4ff0, "the same text, and    x");
    engine.put(0x8001, "the same text, and");
    engine.gr({ 2: 0x4ff0, 3: 23, 4: 0x8001, 5: 0x2000_0012 });
    expect(engine.execute("0f24")).toBeUndefined();
    expect(cpu.cc).toBe(2);
    expect(engine.gr().slice(2, 6)).toEqual([0x4ff0n + 22n, 1n, 0x8001n + 18n, 0x2000_0000n]);
    engine.gr({ 2: 0x4ff0, 3: 22, 4: 0x8001, 5: 0x2000_0012 });
    engine.execute("0f24");
    expect(cpu.cc).toBe(0);
  });

  it("compares long operands in portions when it is extended", () => {
    engine.reset();
    engine.put(0x5_0007, "!");
    engine.gr({ 2: 0x1_0000, 3: 0x4_0008, 4: 0x6_0000, 5: 0x3_0000, 6: 0 });
    expect(engine.execute("a9246000")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    engine.execute("a9246000", true);
    expect(cpu.cc).toBe(2);
    expect(engine.gr().slice(2, 6)).toEqual([0x5_0007n, 1n, 0x9_0000n, 0n]);
  });
});

describe("strings", () => {
  it("MVST moves up to the ending character", () => {
    engine.reset();
    engine.put(0x4ff9, "ends in zero\0not this");
    engine.gr({ 0: 0, 2: 0x6ffe, 4: 0x4ff9 });
    engine.execute("b2550024");
    expect(cpu.cc).toBe(1);
    expect(engine.text(0x6ffe, 15)).toBe("ends in zero\0\0\0");
    expect([engine.gr()[2], engine.gr()[4]]).toEqual([0x700an, 0x4ff9n]);
  });

  it("MVST moves any length, from and to any place, and nothing beyond", () => {
    const text = Uint8Array.from({ length: 200 }, (_, n) => 1 + (n % 250));
    for (let length = 0; length < 70; length++) {
      const [from, to] = [0x4fc0 + ((length * 7) % 90), 0x6fd0 + ((length * 11) % 70)];
      engine.reset();
      engine.put(from, text);
      engine.put(from + length, "\0");
      engine.put(to, new Uint8Array(100).fill(0xee));
      engine.gr({ 0: 0, 2: to, 4: from });
      expect(engine.execute("b2550024", true)).toBeUndefined();
      expect(engine.gr()[2]).toBe(BigInt(to + length));
      const expected = new Uint8Array(100).fill(0xee);
      expected.set(text.subarray(0, length));
      expected[length] = 0;
      expect(engine.storage.fetch(to, 100)).toEqual(expected);
    }
  });
  it("MVST fetches what it has stored when the operands overlap", () => {
    engine.reset();
    engine.put(0x5000, "ab\0");
    engine.gr({ 0: 0, 2: 0x5001, 4: 0x5000 });
    engine.execute("b2550024");
    expect(cpu.cc).toBe(3); // the ending character is overwritten before it is reached
    expect(engine.text(0x5000, 0x200)).toBe("a".repeat(0x200));
  });

  it("an access exception within 256 bytes nullifies, a later one is left to the next execution", () => {
    engine.reset();
    engine.storage.fill(STORAGE_SIZE - 0x1000, 0x1000, 0x61);
    const near = BigInt(STORAGE_SIZE - 255);
    engine.gr({ 0: 0, 2: 0x5000, 4: near });
    expect(engine.execute("b2550024")).toBe(ADDRESSING);
    expect([engine.gr()[2], engine.gr()[4]]).toEqual([0x5000n, near]);
    engine.gr({ 4: near - 1n });
    expect(engine.execute("b2550024")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect([engine.gr()[2], engine.gr()[4]]).toEqual([0x5100n, BigInt(STORAGE_SIZE)]);
  });

  it("CLST takes the shorter string for low, whatever its ending character is", () => {
    engine.reset();
    engine.put(0x4ffc, "same tail\xffx");
    engine.put(0x7001, "same tail and more\xff");
    engine.gr({ 0: 0xff, 2: 0x4ffc, 4: 0x7001 });
    engine.execute("b25d0024");
    expect(cpu.cc).toBe(1);
    expect([engine.gr()[2], engine.gr()[4]]).toEqual([0x5005n, 0x700an]);
    engine.gr({ 2: 0x4ffc, 4: 0x4ffc });
    engine.execute("b25d0024");
    expect(cpu.cc).toBe(0);
    expect(engine.gr()[2]).toBe(0x4ffcn);
  });

  it("SRST finds a byte, and tells when it is not there", () => {
    engine.reset("31");
    engine.put(0x6fff, "\x80");
    engine.gr({ 0: LEFT | 0x80n, 2: LEFT | 0x8000_7100n, 4: LEFT | 0x8000_4003n });
    engine.execute("b25e0024");
    expect(cpu.cc).toBe(1);
    expect([engine.gr()[2], engine.gr()[4]]).toEqual([LEFT | 0x6fffn, LEFT | 0x8000_4003n]);
    engine.gr({ 2: LEFT | 0x6fffn });
    engine.execute("b25e0024");
    expect(cpu.cc).toBe(2);
    expect(engine.gr()[2]).toBe(LEFT | 0x6fffn);
  });

  it("bits 32-55 of general register 0 must be zeros", () => {
    engine.reset();
    for (const instruction of ["b2550024", "b25d0024", "b25e0024"]) {
      engine.gr({ 0: 0x100 });
      expect(engine.execute(instruction)).toBe(SPECIFICATION);
    }
  });
});

describe("CHECKSUM", () => {
  /** Adding each word with its carry at once. */
  const expected = (bytes: Uint8Array, start: number): bigint => {
    let sum = BigInt(start);
    for (let n = 0; n < bytes.length; n += 4) {
      const word = new Uint8Array(4);
      word.set(bytes.subarray(n, n + 4));
      sum += BigInt(new DataView(word.buffer).getUint32(0));
      if (sum > 0xffff_ffffn) sum = (sum & 0xffff_ffffn) + 1n;
    }
    return sum;
  };
  it.each([0, 1, 2, 3, 4, 7, 8, 31, 0x1001, 0x2ffe])("adds %i bytes wherever they stand", (length) => {
    engine.reset();
    const bytes = Uint8Array.from({ length }, (_, n) => (n * 151) ^ 0xa5);
    for (const address of [0x5000, 0x4ffd, 0x4ffe, 0x4fff]) {
      engine.put(address, bytes);
      engine.gr({ 2: LEFT | 0xffff_fffen, 4: address, 5: length });
      engine.execute("b2410024");
      expect(cpu.cc).toBe(0);
      expect(engine.gr()[2]).toBe(LEFT | expected(bytes, 0xffff_fffe));
      expect(engine.gr().slice(4, 6)).toEqual([BigInt(address + length), 0n]);
    }
  });
});

describe("TRANSLATE", () => {
  const upper = Uint8Array.from({ length: 256 }, (_, n) => (n >= 0x61 && n <= 0x7a ? n - 0x20 : n));
  it("replaces bytes by those of the table, also across pages", () => {
    engine.reset();
    for (const table of [0x7000, 0x6fa0]) {
      engine.put(0x4ffd, "Mixed Case");
      engine.put(table, upper);
      engine.gr({ 2: 0x4ffd, 4: table });
      engine.execute("dc0920004000");
      expect(engine.text(0x4ffd, 10)).toBe("MIXED CASE");
    }
  });
  it("accesses no function byte that is not asked for", () => {
    engine.reset();
    const table = STORAGE_SIZE - 0x80;
    engine.put(table, upper.subarray(0, 0x80));
    engine.put(0x5000, "abc\x7f\x80");
    engine.gr({ 2: 0x5000, 4: table });
    expect(engine.execute("dc0320004000")).toBeUndefined();
    expect(engine.text(0x5000, 5)).toBe("ABC\x7f\x80");
    engine.put(0x5000, "abc\x7f\x80");
    expect(engine.execute("dc0420004000")).toBe(ADDRESSING);
    expect(engine.text(0x5000, 5)).toBe("abc\x7f\x80");
  });
  it("AND TEST stops at a function byte that is not zero", () => {
    engine.reset("24");
    engine.put(0x7000 + 0x2c, "\x11");
    engine.put(0x4ffe, "one,");
    engine.gr({ 1: LEFT | 0x9900_0000n, 2: 0x4ffe, 4: 0x7000, 6: 0 });
    cpu.setGr(2, 0x4ffen);
    engine.execute("dd0920004000");
    expect(cpu.cc).toBe(1);
    expect(engine.gr()[1]).toBe(LEFT | 0x9900_5001n); // the 24-bit mode keeps bits 32-39
    expect(engine.gr()[2]).toBe(0x4f11n);
    engine.gr({ 2: 0x4ffe });
    engine.execute("dd0320004000");
    expect(cpu.cc).toBe(2);
    engine.gr({ 2: 0x4ffe });
    engine.execute("dd0220004000");
    expect(cpu.cc).toBe(0);
  });
});

describe("DIVIDE LOGICAL of 128 bits", () => {
  it("gives remainder and quotient", () => {
    engine.reset();
    const high = [0n, 1n, 0x1234_5678_9abc_def0n, 0xffff_ffff_ffff_fffen];
    const divisors = [0xffff_ffff_ffff_ffffn, 0x1234_5678_9abc_def1n, 0x8000_0000_0000_0000n];
    for (const left of high) {
      for (const divisor of divisors.filter((d) => d > left)) {
        const dividend = (left << 64n) | 0xfedc_ba98_7654_3210n;
        engine.gr({ 2: left, 3: 0xfedc_ba98_7654_3210n, 5: divisor });
        expect(engine.execute("b9870025")).toBeUndefined();
        expect(engine.gr().slice(2, 4)).toEqual([dividend % divisor, dividend / divisor]);
      }
    }
  });
  it("corrects digits that were estimated", () => {
    engine.reset();
    // Words of which many estimates come out too large, by one and by two.
    const words = [
      0n,
      1n,
      0x7fff_ffffn,
      0x8000_0000n,
      0x8000_0001n,
      0xffff_fffen,
      0xffff_ffffn,
      0x1234_5678n,
    ];
    const doublewords = words.flatMap((high) => words.map((low) => (high << 32n) | low));
    for (const [n, left] of doublewords.entries()) {
      for (const [m, divisor] of doublewords.entries()) {
        if (divisor <= left) continue;
        const right = doublewords[(n * 13 + m * 7) % doublewords.length] ?? 0n;
        const dividend = (left << 64n) | right;
        engine.gr({ 2: left, 3: right, 5: divisor });
        expect(engine.execute("b9870025")).toBeUndefined();
        expect(engine.gr().slice(2, 4)).toEqual([dividend % divisor, dividend / divisor]);
      }
    }
  });
  it("a quotient that does not fit changes nothing", () => {
    engine.reset();
    for (const divisor of [0n, 5n]) {
      engine.gr({ 2: 5, 3: 7, 5: divisor });
      expect(engine.execute("b9870025")).toBe(FIXED_POINT_DIVIDE);
      expect(engine.gr().slice(2, 4)).toEqual([5n, 7n]);
    }
  });
});
