import { instructions } from "@lockframe/instructions";
import { describe, expect, it } from "vitest";
import { Engine } from "../test/engine.ts";
import { PswBit } from "./cpu.ts";
import { handlersFor, hotMnemonics } from "./hot.ts";
import { Event, cpu as at } from "./state.ts";

const engine = new Engine();
const { cpu } = engine;
const PRIVILEGED_OPERATION = 0x02;
const EXECUTE = 0x03;
const SPECIFICATION = 0x06;
const bytes = (hex: string): Uint8Array => Buffer.from(hex, "hex");

/** Adds 3 to a number in storage until it is 30; keeps a copy of what it was before. */
const countTo30 = [
  "e31020000004", // 00: lg    %r1,0(%r2)
  "a71b0003", //     06: aghi  %r1,3
  "e31020000024", // 0a: stg   %r1,0(%r2)
  "ec18000e1e7c", // 10: cgije %r1,30,2c
  "ec35003f0055", // 16: risbg %r3,%r5,0,63
  "c04000000007", // 1c: larl  %r4,2a
  "d20720082000", // 22: mvc   8(8,%r2),0(%r2)
  "a7f4ffec", //     28: j     00
  "b2b20000", //     2c: lpswe 0
].join("");
const DATA = 0x8000;

/** Run the program at an address in problem state, in pieces of so many instructions, to its privileged end. */
function count(start: number, budget: number): unknown {
  engine.reset("64", PswBit.problemState);
  engine.put(start, bytes(countTo30));
  engine.gr({ 2: DATA, 5: 0x1234_5678_9abc_def0n });
  cpu.pswAddress = BigInt(start);
  let instructionCount = 0;
  do {
    instructionCount += budget - engine.interpreter.run(cpu.block, budget);
  } while (cpu.u32(at.event) === Event.slice && instructionCount < 1000);
  const registers = engine.gr();
  return {
    event: cpu.u32(at.event),
    code: cpu.u32(at.programCode),
    instructionCount,
    end: Number(cpu.pswAddress) - start,
    instructionLength: cpu.u32(at.instructionLength),
    relativeAddress: Number(registers[4]) - start,
    selected: registers[3],
    data: engine.hex(DATA, 16),
  };
}

describe("a program", () => {
  const expected = {
    event: Event.program,
    code: PRIVILEGED_OPERATION,
    instructionCount: 77,
    end: 0x2c,
    instructionLength: 4,
    relativeAddress: 0x2a,
    selected: 0x1234_5678_9abc_def0n,
    data: "000000000000001e000000000000001b",
  };
  const boundaries = Array.from({ length: countTo30.length / 4 + 1 }, (_, n) => 2 * n);
  it.each(boundaries)("runs with its byte %i at the beginning of a page", (offset) => {
    expect(count(0x3000 - offset, 1000)).toEqual(expected);
    expect(count(0x3000 - offset, 1)).toEqual(expected);
  });
});

describe("a branch to an odd address", () => {
  it.each([
    ["BRANCH ON CONDITION", "07f1"],
    ["BRANCH ON CONDITION, executed", "c60000000004000007f1"],
  ])("is recognised there: %s", (_, program) => {
    for (const target of [0x2001n, 0x1003n, 0xffff_ffff_ffff_ffffn]) {
      engine.reset();
      engine.gr({ 1: target });
      engine.put(0x1000, bytes(program));
      engine.interpreter.run(cpu.block, 5);
      expect(cpu.u32(at.event)).toBe(Event.program);
      expect(cpu.u32(at.programCode)).toBe(SPECIFICATION);
      expect(cpu.pswAddress).toBe(target);
    }
  });
});

describe("EXECUTE", () => {
  const exrl = "c61000000004"; // exrl %r1,1008
  it("goes on after itself, modifies its target in the word only, and leaves with its own address", () => {
    engine.reset();
    engine.gr({ 1: 7, 2: DATA, 3: DATA + 8 });
    engine.put(DATA + 8, "storage!");
    engine.put(0x1000, bytes(`${exrl}0000d20020003000`)); // mvc 0(1,%r2),0(%r3)
    expect(engine.interpreter.run(cpu.block, 1)).toBe(0);
    expect(cpu.u32(at.event)).toBe(Event.slice);
    expect(cpu.pswAddress).toBe(0x1006n);
    expect(engine.text(DATA, 8)).toBe("storage!");
    expect(engine.hex(0x1008, 2)).toBe("d200");
  });
  it.each([
    ["branches", "07f4", 0x1000n],
    ["does not branch", "0704", 0x77n],
  ])("is the breaking event when its target %s", (_, target, breaking) => {
    engine.reset();
    engine.gr({ 4: 0x2000 });
    cpu.setU64(at.breakingEvent, 0x77n);
    engine.put(0x1000, bytes(`c600000000040000${target}`)); // exrl %r0,1008
    engine.interpreter.run(cpu.block, 1);
    expect(cpu.u64(at.breakingEvent)).toBe(breaking);
  });
  it.each([
    ["EX", "440010080000", 0x8000_1004n],
    ["EXRL", "c60000000004", 0xc000_1006n],
  ])("is what BRANCH AND LINK remembers the length of in 24-bit mode: %s", (_, program, link) => {
    engine.reset("24");
    engine.gr({ 1: 0x1000, 4: 0x2000, 5: 0 });
    engine.put(0x1000, bytes(`${program}00000554`)); // balr %r5,%r4
    engine.interpreter.run(cpu.block, 1);
    expect(engine.gr()[5]).toBe(link);
  });
  it("does not execute EXECUTE", () => {
    engine.reset();
    engine.put(0x1000, bytes(`${exrl}0000${exrl}`));
    engine.interpreter.run(cpu.block, 1);
    expect(cpu.u32(at.programCode)).toBe(EXECUTE);
    expect(cpu.pswAddress).toBe(0x1000n);
    expect(cpu.u32(at.instructionLength)).toBe(6);
  });
});

describe("LOAD ADDRESS", () => {
  const modes = [
    ["64", 0x2222_2223_8765_5321n],
    ["31", 0x1111_1111_0765_5321n],
    ["24", 0x1111_1111_0065_5321n],
  ] as const;
  it.each(modes)("in %s-bit mode sets as much of the register as an address has", (mode, address) => {
    for (const program of ["41123321", "e31233210071"]) {
      engine.reset(mode);
      engine.put(0x1000, bytes(program)); // la or lay %r1,0x321(%r2,%r3)
      engine.gr({ 1: 0x1111_1111_1111_1111n, 2: 0x2222_2222_8000_0000n, 3: 0x1_0765_5000n });
      engine.interpreter.run(cpu.block, 1);
      expect(engine.gr()[1]).toBe(address);
    }
  });
});

describe("the interpreter's loop", () => {
  it("names instructions that exist", () => {
    const known = new Set(instructions.map(({ mnemonic }) => mnemonic));
    expect([...hotMnemonics].filter((mnemonic) => !known.has(mnemonic))).toEqual([]);
  });
  it("has a general handler for each definition", () => {
    const general = handlersFor(instructions).filter(({ fixed }) => Object.keys(fixed).length === 0);
    expect(new Set(general.map(({ definition }) => definition)).size).toBe(instructions.length);
  });
});
