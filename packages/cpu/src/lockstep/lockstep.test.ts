import { assemble } from "@lockframe/assembler";
import { instructions, routines } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import { describe, expect, it } from "vitest";
import { Cpu, PswBit } from "../cpu.ts";
import { type HostFunctions, buildInterpreter } from "../interpreter.ts";
import { type HostRoutines, callable } from "../routines/host.ts";
import { hostRoutines } from "../routines/index.ts";
import { Event, cpu as at, cpuBlock, engineArea } from "../state.ts";
import { EngineDifference } from "./difference.ts";
import { Lockstep } from "./lockstep.ts";
import { Recorder } from "./recorder.ts";

const SIZE = 0x10_0000;
const CODE = 0x1000;
const DATA = 0x8000;

/** A machine of one CPU in lockstep. The first side is an interpreter that `spoil` may disturb when it is at `where`. */
class Pair {
  readonly storage = Storage.create({ size: SIZE, reserved: engineArea(1) });
  readonly cpu: Cpu;
  readonly lockstep: Lockstep;

  constructor(source: string, spoil: (cpu: Cpu) => void = () => undefined, where = "spoiled") {
    const { storage } = this;
    const recorder = new Recorder(storage);
    const known: HostRoutines = {
      ...Object.fromEntries(routines().map(({ name }) => [name, () => undefined])),
      ...hostRoutines,
      // One that never says the same.
      storeCpuId: (cpu) =>
        cpu.storeBytes(cpu.arg64(0), Buffer.from([0, 0, 0, 0, 0, 0, 0, (this.#time += 3)])),
    };
    const host: HostFunctions = {
      importPage: () => 0,
      codeStored: (page) => recorder.stored(page),
      codeWanted: () => undefined,
      hostNanoseconds: () => 0,
      accessRegisterTranslation: () => 0,
      unknownOperation: () => undefined,
      routines: new Map(
        Object.entries(known).map(([name, routine]) => {
          const recording = recorder.recording(
            name,
            callable(() => this.cpu, routine),
          );
          return [name, (block: number) => this.lockstep.repeated(block) ?? recording(block)];
        }),
      ),
    };
    const { interpreter } = buildInterpreter(instructions, storage, host, { compile: undefined });
    this.cpu = new Cpu(0, cpuBlock(0), storage, interpreter);
    const program = assemble(source, { origin: CODE });
    const at = program.symbols.get(where);
    this.lockstep = new Lockstep({
      recorder,
      storage,
      reserved: engineArea(1),
      count: 1,
      definitions: instructions,
      routines: known,
      own: new Set(Object.keys(hostRoutines)),
      accessRegisterTranslation: () => 0,
      cpus: [this.cpu],
      // One at a time, so that it can be disturbed between two.
      run: (block, budget) => {
        let left = budget;
        do {
          left -= 1 - interpreter.run(block, 1);
          if (this.cpu.pswAddress === at) spoil(this.cpu);
        } while (left > 0 && this.cpu.u32(EVENT) === Event.slice);
        return left;
      },
      hostNanoseconds: () => 0,
      forgetStores: () => this.cpu.forgetStoresToCode(),
    });
    storage.storeBytes(CODE, program.bytes);
    this.cpu.clearReset();
    this.cpu.loadPsw(PswBit.basicAddressing | PswBit.extendedAddressing, BigInt(CODE));
  }
  #time = 0;

  /** Run on to the first event that is not the end of a slice. */
  toTheEnd(slice: number): void {
    do this.lockstep.run(this.cpu, slice);
    while (this.cpu.u32(EVENT) === Event.slice);
  }
}
const EVENT = at.event;

const program = `
       llilf %r2,${DATA}
       lghi %r13,40
again: stidp 0(%r2)
       ag %r3,0(%r2)
       stg %r3,8(%r2)
       mvc 16(8,%r2),8(%r2)
       lay %r2,4096(%r2)
spoiled: brctg %r13,again
       .short 0
`;

function differenceOf(pair: Pair, slice: number): EngineDifference {
  try {
    pair.toTheEnd(slice);
  } catch (error) {
    if (error instanceof EngineDifference) return error;
    throw error;
  }
  throw new Error("no difference was found");
}

describe("lockstep", () => {
  it.each([1, 7, 1000])("meets the same clocks on both sides, slices of %i", (slice) => {
    const pair = new Pair(program);
    pair.toTheEnd(slice);
    expect(pair.cpu.gr(13)).toBe(0n);
    expect(pair.cpu.gr(3)).toBe((40n * 41n * 3n) / 2n);
  });

  it("hands over what the host stores between runs", () => {
    const pair = new Pair(`llilf %r2,${DATA}\nspoiled: lg %r3,0(%r2)\n .short 0`);
    pair.lockstep.run(pair.cpu, 1);
    pair.storage.store64(DATA, 0x1234n);
    pair.storage.setKey(DATA, 0x30);
    pair.toTheEnd(10);
    expect(pair.cpu.gr(3)).toBe(0x1234n);
  });

  it("stops at a register that differs, and names the instruction before it", () => {
    const pair = new Pair(program, (cpu) => {
      if (cpu.gr(13) === 20n) cpu.setGr(5, 0x55n);
    });
    const { code, message, report } = differenceOf(pair, 1000);
    expect(code).toBe("LF-ENGINE-001");
    expect(report.differences).toContainEqual({
      what: "general register 5",
      interpreter: "0000000000000000",
      compiled: "0000000000000055",
    });
    // Twenty times around the loop of six, two before it, and five on: LAY is what both did last.
    expect(report.alike).toBe(2 + 20 * 6 + 4);
    expect(report.steps.map(({ text }) => text)).toEqual(["lay %r2,4096(%r2)"]);
    expect(message).toMatch(/general register 5 +0000000000000000 +0000000000000055/);
  });

  it("stops at storage that differs", () => {
    const pair = new Pair(program, (cpu) => {
      if (cpu.gr(13) === 3n) cpu.storage.part(cpu.storage.top - (DATA + 37 * 0x1000 + 9), 1).fill(0xee);
    });
    const { report } = differenceOf(pair, 50);
    expect(report.differences.map(({ what }) => what)).toEqual(["storage at absolute 0002d008"]);
  });
});
