import { beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../test/engine.ts";
import { PswBit } from "../cpu.ts";

const engine = new Engine();
const { cpu } = engine;
const PRIVILEGED_OPERATION = 0x02;
const PROTECTION = 0x04;
const SPECIFICATION = 0x06;
const SEGMENT_TRANSLATION = 0x10;
const PAGE_TRANSLATION = 0x11;
const SPECIAL_OPERATION = 0x13;
const SECONDARY_SPACE_CONTROL = 1n << 26n;
/** Operand-access control: secondary space; key 3; valid bits. */
const SECONDARY = 0x81;
const KEY_3 = 0x3002;

/** Page 5 is 5000 in the primary, 8000 in the secondary and b000 in the home space; 6 and 7 follow it. */
function spaces(psw = 0n): void {
  engine.reset("64", psw);
  cpu.setCr(0, cpu.cr(0) | SECONDARY_SPACE_CONTROL);
  cpu.setCr(1, engine.map(0, { 1: 0x1000, 5: 0x5000, 6: 0x6000, 7: 0x7000 }));
  cpu.setCr(7, engine.map(1, { 1: 0x2000, 5: 0x8000, 6: 0x9000, 7: 0xa000 }));
  cpu.setCr(13, engine.map(2, { 1: 0x1000, 5: 0xb000, 6: 0xc000 }));
  engine.put(0x5000, "primary");
  engine.put(0x8000, "secondary");
  engine.put(0xb000, "home");
  engine.setPsw("64", PswBit.dat | psw);
}

describe("MOVE WITH OPTIONAL SPECIFICATIONS", () => {
  const MVCOS = "c82050004000"; // 0(%r5),0(%r4),%r2
  beforeEach(() => spaces());

  it("moves between the space of the PSW and another", () => {
    engine.gr({ 0: SECONDARY, 2: 9, 4: 0x5000, 5: 0x5100 });
    expect(engine.execute(MVCOS)).toBeUndefined();
    expect(cpu.cc).toBe(0);
    expect(engine.text(0x5100, 9)).toBe("secondary");
    engine.gr({ 0: SECONDARY << 16, 2: 7, 4: 0x5000, 5: 0x5200 });
    expect(engine.execute(MVCOS)).toBeUndefined();
    expect(engine.text(0x8200, 7)).toBe("primary");
    engine.gr({ 0: 0x00c1, 2: 4, 4: 0x5000, 5: 0x5300 });
    expect(engine.execute(MVCOS)).toBeUndefined();
    expect(engine.text(0x5300, 4)).toBe("home");
  });

  it("what is translated for it is not taken for the PSW's own space", () => {
    const load = "58305000"; // L %r3,0(%r5)
    engine.gr({ 5: 0x5000 });
    engine.execute(load);
    const own = engine.gr()[3];
    engine.gr({ 0: SECONDARY, 2: 4, 4: 0x5000, 5: 0x5100 });
    engine.execute(MVCOS);
    engine.gr({ 3: 0, 5: 0x5000 });
    engine.execute(load);
    expect(engine.gr()[3]).toBe(own);
    engine.gr({ 4: 0x5000, 5: 0x5100 });
    engine.execute(MVCOS);
    expect(engine.text(0x5100, 4)).toBe("seco");
  });

  it("moves at most 4096 bytes, over pages that do not follow each other", () => {
    cpu.setCr(7, engine.map(1, { 5: 0xa000, 6: 0x8000 }));
    cpu.modeChanged();
    const bytes = Uint8Array.from({ length: 0x2000 }, (_, n) => n * 13);
    engine.put(0xa000, bytes.subarray(0, 0x1000));
    engine.put(0x8000, bytes.subarray(0x1000));
    engine.gr({ 0: SECONDARY, 2: 0x1001, 4: 0x5678, 5: 0x5fed });
    expect(engine.execute(MVCOS)).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(engine.storage.fetch(0x5fed, 0x1000)).toEqual(bytes.slice(0x678, 0x1678));
    expect(engine.hex(0x6fed, 1)).toBe("00");
  });

  it("stores nothing when a later page is missing, and says whose space it was", () => {
    cpu.setCr(7, engine.map(1, { 5: 0x8000 }));
    cpu.modeChanged();
    engine.gr({ 0: SECONDARY, 2: 0x100, 4: 0x5f80, 5: 0x5100 });
    const before = engine.hex(0x5100, 0x100);
    expect(engine.execute(MVCOS)).toBe(PAGE_TRANSLATION);
    expect(engine.hex(0x5100, 0x100)).toBe(before);
    cpu.takeProgramInterruption();
    expect(cpu.storage.fetch64(0xa8) & ~0xfffn).toBe(0x6000n);
    expect(cpu.storage.fetch64(0xa8) & 3n).toBe(2n); // secondary space
  });

  it("accesses with the operand's key", () => {
    engine.storage.setKey(0x8000, 0x38);
    engine.gr({ 0: SECONDARY | 0x2002, 2: 4, 4: 0x5000, 5: 0x5100 });
    expect(engine.execute(MVCOS)).toBe(PROTECTION);
    engine.gr({ 0: (SECONDARY | 0x2002) << 16 });
    expect(engine.execute(MVCOS)).toBe(PROTECTION);
    engine.gr({ 0: SECONDARY | 0x0002 }); // the PSW's key, which nothing is protected from
    expect(engine.execute(MVCOS)).toBeUndefined();
    engine.gr({ 0: SECONDARY | KEY_3 });
    expect(engine.execute(MVCOS)).toBeUndefined();
    expect(engine.text(0x5100, 4)).toBe("seco");
  });

  it("needs DAT, the secondary-space control, and in the problem state a permitted key and no home space", () => {
    engine.setPsw("64");
    engine.gr({ 0: 0, 2: 4, 4: 0x5000, 5: 0x5100 });
    expect(engine.execute(MVCOS)).toBe(SPECIAL_OPERATION);
    engine.setPsw("64", PswBit.dat | PswBit.problemState);
    engine.gr({ 0: KEY_3 });
    expect(engine.execute(MVCOS)).toBe(PRIVILEGED_OPERATION);
    cpu.setCr(3, 1n << (31n - 3n));
    expect(engine.execute(MVCOS)).toBeUndefined();
    engine.gr({ 0: 0x00c1_0000 });
    expect(engine.execute(MVCOS)).toBe(SPECIAL_OPERATION);
    cpu.setCr(0, cpu.cr(0) & ~SECONDARY_SPACE_CONTROL);
    engine.gr({ 0: SECONDARY });
    expect(engine.execute(MVCOS)).toBe(SPECIAL_OPERATION);
  });
});

describe("MOVE TO PRIMARY, MOVE TO SECONDARY", () => {
  it("move at most 256 bytes between the two spaces", () => {
    spaces();
    engine.gr({ 2: 9, 3: 0, 4: 0x5000, 5: 0x5100 });
    expect(engine.execute("da2350004000")).toBeUndefined(); // 0(%r2,%r5),0(%r4),%r3
    expect(engine.text(0x5100, 9)).toBe("secondary");
    engine.gr({ 2: 0x101 });
    expect(engine.execute("db2350004000")).toBeUndefined();
    expect(cpu.cc).toBe(3);
    expect(engine.text(0x8100, 7)).toBe("primary");
  });
});

describe("moves with keys", () => {
  it("MVCK fetches, MVCDK stores with another key than the PSW's", () => {
    engine.reset("64", 2n << 52n); // PSW key 2
    engine.storage.setKey(0x1000, 0x20);
    engine.storage.setKey(0x5000, 0x38);
    engine.storage.setKey(0x6000, 0x20);
    engine.put(0x5000, "fetched with key 3");
    engine.gr({ 2: 7, 3: 0x20, 4: 0x5000, 5: 0x6000 });
    expect(engine.execute("d92350004000")).toBe(PROTECTION);
    engine.gr({ 3: 0x30 });
    expect(engine.execute("d92350004000")).toBeUndefined();
    expect(engine.text(0x6000, 8)).toBe("fetched\0");
    engine.gr({ 0: 6, 1: 0x30, 4: 0x6000, 5: 0x5100 });
    expect(engine.execute("e50f50004000")).toBeUndefined();
    expect(engine.text(0x5100, 8)).toBe("fetched\0");
    engine.gr({ 1: 0x20 });
    expect(engine.execute("e50f50004000")).toBe(PROTECTION);
    engine.gr({ 4: 0x5000, 5: 0x6100, 1: 0x30 });
    expect(engine.execute("e50e50004000")).toBeUndefined();
    expect(engine.text(0x6100, 8)).toBe("fetched\0");
  });
});

describe("MOVE PAGE", () => {
  const MVPG = "b2540024";
  it("moves a page, and has a code for a page that is not there", () => {
    spaces();
    engine.gr({ 0: 0, 2: 0x6123, 4: 0x5456 });
    expect(engine.execute(MVPG)).toBeUndefined();
    expect(engine.text(0x6000, 7)).toBe("primary");
    engine.gr({ 0: 0x100, 4: 0x9000 });
    expect(engine.execute(MVPG)).toBeUndefined();
    expect(cpu.cc).toBe(2);
    engine.gr({ 2: 0x9000, 4: 0x5000 });
    expect(engine.execute(MVPG)).toBeUndefined();
    expect(cpu.cc).toBe(1);
    engine.gr({ 0: 0 });
    expect(engine.execute(MVPG)).toBe(PAGE_TRANSLATION);
    expect(engine.hex(0xa2, 1)).toBe("24");
    engine.gr({ 0: 0x100, 2: 0x10_0000 });
    expect(engine.execute(MVPG)).toBe(SEGMENT_TRANSLATION);
    engine.gr({ 0: 0xc00 });
    expect(engine.execute(MVPG)).toBe(SPECIFICATION);
  });
});

describe("MOVE INVERSE", () => {
  it("moves from the right", () => {
    engine.reset();
    engine.put(0x5000, "reversed");
    engine.gr({ 2: 0x6ffd, 4: 0x5007 });
    engine.execute("e80720004000");
    expect(engine.text(0x6ffd, 8)).toBe("desrever");
  });
});
