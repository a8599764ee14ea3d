import { describe, expect, test } from "vitest";
import { STAGE3A_AT, STAGE3A_ENTRY } from "../image-layout.ts";
import { SeHeaderRefusal } from "../open-se-header.ts";
import { stage3a, stage3b } from "./index.ts";

const at = (bytes: Uint8Array, address: number, length: number, base = STAGE3A_AT): Uint8Array =>
  bytes.subarray(address - base, address - base + length);

describe("stage3a", () => {
  const loader = stage3a();

  test("ends below the place of a C tool's IPIB, its parameters last and empty", () => {
    expect(STAGE3A_AT + loader.length).toBeLessThanOrEqual(0x13000);
    expect(loader.length % 8).toBe(0);
    expect(loader.subarray(-24)).toEqual(new Uint8Array(24));
  });

  test("leaves room for what a boot loader writes, and does not look like a kernel", () => {
    expect(at(loader, 0x10400, 0xc00)).toEqual(new Uint8Array(0xc00));
    expect(Buffer.from(at(loader, 0x10008, 6)).toString("latin1")).not.toBe("S390EP");
  });

  test("both entries begin by leaving 31-bit mode", () => {
    expect(Buffer.from(at(loader, STAGE3A_AT, 18)).toString("hex")).toBe(
      "a7180001" + "a7080000" + "ae100012" + "010e" + "a7f407f9", // SIGP set architecture, SAM64, to 0x11000
    );
    expect(Buffer.from(at(loader, STAGE3A_ENTRY, 2)).toString("hex")).toBe("010e");
  });

  test("has words for every published refusal", () => {
    const text = Buffer.from(loader).toString("latin1");
    expect(text).toContain("Secure unpack facility is not available");
    for (const { rc, rrc } of [...Object.values(SeHeaderRefusal), { rc: 0x102, rrc: 0x1b }]) {
      const row = Buffer.alloc(4);
      row.writeUInt16BE(rc, 0);
      row.writeUInt16BE(rrc, 2);
      const table = Buffer.from(loader).indexOf(row);
      expect(table, `${rc.toString(16)}/${rrc.toString(16)}`).toBeGreaterThan(0);
    }
  });

  test("callers get copies", () => {
    stage3a().fill(0xff);
    expect(stage3a()).toEqual(loader);
  });
});

describe("stage3b", () => {
  const loader = stage3b();

  test("fits below its stack once it has moved", () => {
    expect(loader.length).toBeLessThanOrEqual(0xf000 - 0xa000);
  });

  test("its parameters are last: empty, but for the PSW of a kernel", () => {
    expect(Buffer.from(loader.subarray(-64)).toString("hex")).toBe(
      "00".repeat(48) + "0000000180000000" + "0000000000010000",
    );
  });

  test("begins with code that does not depend on its address", () => {
    expect(Buffer.from(loader.subarray(0, 14)).toString("hex")).toBe(
      "a7180001" + "a7080000" + "ae100012" + "010e",
    );
  });
});
