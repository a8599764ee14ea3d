import { beforeEach, describe, expect, it } from "vitest";
import { PageState } from "@lockframe/memory";
import { TestMachine } from "../test/machine.ts";
import { PswBit } from "./cpu.ts";

const machine = new TestMachine(2);
const { cpu, processors, storage } = machine;
const [, other] = processors.cpus;
if (other === undefined) throw new Error("there is one CPU only");

const DAT = PswBit.dat;
const SECONDARY = 2n << 46n;
const PAGE_TRANSLATION = 0x11;
const SEGMENT_TRANSLATION = 0x10;
const PROTECTION = 0x04;

/** Two spaces: segment and page table each; page n of both is frame n, but page 5 of the second is frame 6. */
const spaces = [
  { segments: 0x1_0000, pages: 0x1_4000 },
  { segments: 0x1_8000, pages: 0x1_c000 },
] as const;
const [first, second] = spaces;
const asce = ({ segments }: { segments: number }): bigint => BigInt(segments) | 3n;
const setPage = ({ pages }: { pages: number }, page: number, entry: number): void =>
  storage.store64(pages + 8 * page, BigInt(entry));

const LOAD = "58305000"; // L %r3,0(%r5)
const STORE = "50305000"; // ST %r3,0(%r5)

beforeEach(() => {
  for (const { segments, pages } of spaces) {
    for (let n = 0; n < 2048; n++) storage.store64(segments + 8 * n, 0x20n);
    storage.store64(segments, BigInt(pages));
    for (let n = 0; n < 256; n++) storage.store64(pages + 8 * n, BigInt(n << 12));
  }
  setPage(second, 5, 0x6000);
  storage.clearKeys();
  storage.setPageStates(0, storage.pageCount, PageState.normal);
  for (const each of processors.cpus) {
    each.state = "stopped";
    each.clearReset();
    each.setCr(0, 0n);
    each.setCr(1, asce(first));
    each.setGr(5, 0x5000n);
  }
  storage.store32(0x5000, 0x5555);
  storage.store32(0x6000, 0x6666);
});

/** What the CPU loads from page 5. */
function loaded(on = cpu): number {
  const code = machine.run(LOAD, DAT, on);
  if (code !== undefined) throw new Error(`program interruption ${code}`);
  return on.grLow(3);
}

describe("what a TLB has keeps being used until it is told to forget", () => {
  it("which a table entry alone does not, so that tests here can fail", () => {
    expect(loaded()).toBe(0x5555);
    setPage(first, 5, 0x6000);
    expect(loaded()).toBe(0x5555);
    cpu.flushTlb();
    expect(loaded()).toBe(0x6666);
  });

  it("other spaces keep theirs", () => {
    expect(loaded()).toBe(0x5555);
    cpu.setCr(1, asce(second));
    expect(loaded()).toBe(0x6666);
    cpu.setCr(1, asce(first));
    setPage(first, 5, 0x7000);
    expect(loaded()).toBe(0x5555);
  });

  it("LOAD CONTROL changes the space at once", () => {
    const LCTLG = "eb116000002f"; // %c1,%c1,0(%r6)
    storage.store64(0x7000, asce(second));
    cpu.setGr(6, 0x7000n);
    expect(machine.run(LOAD + LCTLG + "58405000", DAT)).toBeUndefined();
    expect([cpu.grLow(3), cpu.grLow(4)]).toEqual([0x5555, 0x6666]);
  });
});

describe("INVALIDATE PAGE TABLE ENTRY", () => {
  const IPTE = "b2210067"; // %r6,%r7
  const IPTE_LOCAL = "b2210167";
  beforeEach(() => {
    for (const each of processors.cpus) {
      each.setGr(6, BigInt(first.pages));
      each.setGr(7, 0x5000n);
    }
  });

  it.each([
    ["fetching", LOAD],
    ["storing", STORE],
  ])("is noticed when %s next", (_, access) => {
    expect(machine.run(access, DAT)).toBeUndefined();
    expect(machine.run(IPTE + access, DAT)).toBe(PAGE_TRANSLATION);
    expect(storage.fetch64(first.pages + 40) & 0x400n).toBe(0x400n);
  });
  it("is noticed when the next instruction is fetched", () => {
    // The program is in page 1, where IPTE stands itself.
    cpu.setGr(7, 0x1000n);
    expect(machine.run(IPTE + LOAD, DAT)).toBe(PAGE_TRANSLATION);
    expect(storage.fetch64(0xa8) & ~0xfffn).toBe(0x1000n);
  });
  it("leaves other page indexes alone", () => {
    expect(loaded()).toBe(0x5555);
    setPage(first, 5, 0x6000);
    cpu.setGr(7, 0x8000n);
    expect(machine.run(IPTE + LOAD, DAT)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x5555);
  });
  it("may name a range", () => {
    const RANGE = "b2218067"; // %r6,%r7,%r8
    expect(loaded()).toBe(0x5555);
    cpu.setGr(7, 0x4000n);
    cpu.setGr(8, 2n);
    expect(machine.run(RANGE + LOAD, DAT)).toBe(PAGE_TRANSLATION);
    cpu.setGr(8, 0xffn);
    expect(machine.run(RANGE, DAT)).toBe(0x06);
  });
  it("reaches the other CPUs", () => {
    expect(loaded(other)).toBe(0x5555);
    expect(machine.run(IPTE, DAT)).toBeUndefined();
    expect(machine.run(LOAD, DAT, other)).toBe(PAGE_TRANSLATION);
  });
  it("does not, when it is local", () => {
    expect(loaded(other)).toBe(0x5555);
    expect(machine.run(IPTE_LOCAL + LOAD, DAT)).toBe(PAGE_TRANSLATION);
    expect(loaded(other)).toBe(0x5555);
  });
  it("reaches spaces that are not in use now", () => {
    expect(loaded()).toBe(0x5555);
    cpu.setCr(1, asce(second));
    expect(machine.run(IPTE, DAT)).toBeUndefined();
    cpu.setCr(1, asce(first));
    expect(machine.run(LOAD, DAT)).toBe(PAGE_TRANSLATION);
  });
});

describe("INVALIDATE DAT TABLE ENTRY", () => {
  const IDTE = "b98e8067"; // %r6,%r8,%r7
  beforeEach(() => {
    cpu.setGr(8, asce(first));
  });

  it("invalidates a segment", () => {
    expect(loaded()).toBe(0x5555);
    cpu.setGr(6, BigInt(first.segments));
    cpu.setGr(7, 0n);
    expect(machine.run(IDTE + LOAD, DAT)).toBe(SEGMENT_TRANSLATION);
  });
  it("clears a space, and no other", () => {
    const run = (space: bigint) => {
      cpu.setCr(1, space);
      return loaded();
    };
    expect([run(asce(first)), run(asce(second))]).toEqual([0x5555, 0x6666]);
    setPage(first, 5, 0x6000);
    setPage(second, 5, 0x5000);
    cpu.setGr(7, 0x800n);
    expect(machine.run(IDTE, DAT)).toBeUndefined();
    expect([run(asce(first)), run(asce(second))]).toEqual([0x6666, 0x6666]);
  });
});

describe("other instructions that clear", () => {
  beforeEach(() => {
    expect(loaded()).toBe(0x5555);
    setPage(first, 5, 0x6000);
  });
  it("PURGE TLB", () => {
    expect(machine.run(`b20d0000${LOAD}`, DAT)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x6666);
  });
  it("COMPARE AND SWAP AND PURGE, when asked to", () => {
    const CSPG = "b98a0067"; // %r6,%r7
    cpu.setGr(6, storage.fetch64(0x8000));
    cpu.setGr(7, 0x8000n);
    expect(machine.run(CSPG + LOAD, DAT)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x5555);
    cpu.setGr(7, 0x8001n);
    cpu.setGr(6, storage.fetch64(0x8000));
    expect(machine.run(CSPG + LOAD, DAT)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x6666);
  });
  it("SET PREFIX", () => {
    storage.store32(0x7000, 0x8_0000);
    cpu.setGr(7, 0x7000n);
    storage.store64(0x8_0000 + 0x1d0, storage.fetch64(0x1d0));
    const program = `b2107000${LOAD}`;
    storage.storeBytes(0x8_1000, Buffer.from(`${program}0000`, "hex"));
    machine.run(program, DAT); // goes on, and ends, in the new prefix area
    expect(cpu.grLow(3)).toBe(0x6666);
  });
});

describe("storage keys", () => {
  const SSKE = "b22b0067"; // %r6,%r7
  const RRBE = "b22a0067"; // %r6,%r7
  const PSW_KEY = 3n << 52n;
  beforeEach(() => {
    cpu.setGr(7, 0x5000n);
  });
  const marks = () => storage.getKey(0x5000) & 6;

  it("accesses are recorded again after the bits were reset", () => {
    expect(machine.run(LOAD)).toBeUndefined();
    expect(marks()).toBe(4);
    expect(machine.run(RRBE + LOAD)).toBeUndefined();
    expect(marks()).toBe(4);
    expect(machine.run(STORE + SSKE)).toBeUndefined(); // the new key is zero
    expect(marks()).toBe(0);
    expect(machine.run(STORE)).toBeUndefined();
    expect(marks()).toBe(6);
  });
  it("a store is recorded that follows a change bit being reset alone", () => {
    cpu.setGr(6, 4n);
    expect(machine.run(STORE + SSKE + STORE)).toBeUndefined();
    expect(marks()).toBe(6);
  });
  it("protection counts at once, for every CPU", () => {
    storage.setKey(0x5000, 0x30);
    storage.setKey(0x1000, 0x30);
    expect(machine.run(STORE, PSW_KEY, other)).toBeUndefined();
    cpu.setGr(6, 0x48n);
    expect(machine.run(SSKE)).toBeUndefined();
    expect(machine.run(STORE, PSW_KEY, other)).toBe(PROTECTION);
    expect(machine.run(LOAD, PSW_KEY, other)).toBe(PROTECTION);
  });
  it("spaces and modes see the change of a frame, too", () => {
    expect(loaded()).toBe(0x5555);
    cpu.setGr(7, 0x5000n);
    expect(machine.run(RRBE)).toBeUndefined(); // without DAT
    expect(marks()).toBe(0);
    expect(loaded()).toBe(0x5555);
    expect(marks()).toBe(4);
  });
});

describe("pages that the Ultravisor takes away", () => {
  it("are asked for again", () => {
    expect(machine.run(LOAD)).toBeUndefined();
    let asked = 0;
    storage.setPageImporter((page) => {
      asked += 1;
      storage.setPageStates(page, 1, PageState.secure);
      return true;
    });
    storage.setPageStates(5, 1, PageState.secure);
    storage.setPageStates(5, 1, PageState.exported);
    expect(machine.run(LOAD)).toBeUndefined();
    expect(asked).toBe(1);
    storage.setPageImporter(undefined);
  });
});

describe("stores into the first 512 bytes of the first two pages", () => {
  const LOW_ADDRESS_PROTECTION = 1n << 28n;
  it.each([0x1fcn, 0x11fcn])("are refused when CR0 says so, after others to the page: %s", (address) => {
    cpu.setCr(0, LOW_ADDRESS_PROTECTION);
    for (const allowed of [0x200n, 0xfe0n]) {
      cpu.setGr(5, (address & ~0xfffn) + allowed);
      expect(machine.run(STORE)).toBeUndefined();
    }
    cpu.setGr(5, address);
    expect(machine.run(STORE)).toBe(PROTECTION);
    cpu.setCr(0, 0n);
    expect(machine.run(STORE)).toBeUndefined();
  });
  it("are forgotten like others", () => {
    cpu.setCr(0, LOW_ADDRESS_PROTECTION);
    cpu.setGr(5, 0x300n);
    expect(machine.run(STORE, DAT)).toBeUndefined();
    cpu.setGr(6, BigInt(first.pages));
    cpu.setGr(7, 0n);
    expect(machine.run(`b2210067${STORE}`, DAT)).toBe(PAGE_TRANSLATION);
  });
});

describe("the secondary space", () => {
  it("has its own translations", () => {
    cpu.setCr(7, asce(second));
    expect(loaded()).toBe(0x5555);
    expect(machine.run(LOAD, DAT | SECONDARY)).toBeUndefined();
    expect(cpu.grLow(3)).toBe(0x6666);
  });
});
