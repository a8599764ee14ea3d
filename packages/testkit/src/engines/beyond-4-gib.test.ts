/** Storage of more than 4 GiB: code and data on both sides of the line, as each engine sees them. */
import { assemble } from "@lockframe/assembler";
import { absentServices, type Engine, engineArea, hostRoutines, Processors } from "@lockframe/cpu";
import { instructions } from "@lockframe/instructions";
import { Storage } from "@lockframe/memory";
import { expect, it } from "vitest";

const LINE = 0x1_0000_0000;
const SIZE = LINE + 0x80_0000;
const CODE = 0x1_0000;
const EXTENDED = 0x0000_0001_8000_0000n;
const DISABLED_WAIT = 0x0002_0001_8000_0000n;
const programNew = 0x1d0;
const ADDRESSING = 0x05;

/**
 * Stores the rounds across the line in many ways and adds up what is fetched; jumps into code beyond the line, which is a
 * copy of what stands at `routine`, and back; changes that copy.
 */
const program = (rounds: number): string => `
    llihl %r12,1            # the line
    lgr %r11,%r12
    aghi %r11,-4
    llihl %r10,1
    oilh %r10,0x20          # code beyond it
    larl %r2,routine
    mvc 0(64,%r10),0(%r2)
    lgr %r9,%r10
    aghi %r9,4096
    mvc 0(64,%r9),0(%r2)
    lghi %r1,0
    llilf %r13,${rounds}
again:
    stg %r13,0(%r11)        # four bytes on either side
    ag %r1,0(%r11)
    l %r3,0(%r12)
    agr %r1,%r3
    stmg %r11,%r2,56(%r11)
    lmg %r3,%r6,60(%r11)
    agr %r1,%r5
    mvc 256(200,%r11),0(%r11)
    mvc 257(200,%r11),256(%r11)
    xc 300(40,%r11),20(%r11)
    clc 256(100,%r11),0(%r11)
    ipm %r7
    agr %r1,%r7
    tmll %r13,15
    jne called
    lgr %r2,%r11            # MOVE LONG, 8 KiB from both sides of the line
    aghi %r2,-4096
    llill %r3,8192
    lgr %r4,%r12
    oilh %r4,0x10
    llill %r5,8192
    mvcl %r4,%r2
    lghi %r8,0
    lgr %r4,%r12
    oilh %r4,0x10
    llill %r5,8192
    cksm %r8,%r4
    jo .-4
    agr %r1,%r8
called:
    basr %r14,%r10
    basr %r14,%r9
    tmll %r13,63
    jne more
    xi 3(%r9),1             # another immediate in the copy
more:
    lg %r3,2048(%r10)
    csg %r3,%r1,2048(%r10)
    agsi 2048(%r10),1
    ag %r1,2048(%r10)
    vl %v1,0(%r11),0
    vst %v1,1000(%r12),0
    brctg %r13,again
    lg %r2,0(%r15)          # beyond the end of storage
    .align 8
routine:
    aghi %r1,3
    br %r14
`;

function run(engine: Engine, rounds: number) {
  const storage = Storage.create({ size: SIZE, reserved: engineArea(1) });
  expect(storage.form).toBe("wide");
  const processors = new Processors({
    storage,
    count: 1,
    definitions: instructions,
    services: absentServices,
    routines: hostRoutines,
    engine,
  });
  const [cpu] = processors.cpus;
  if (cpu === undefined) throw new Error("a machine of one CPU has none");
  storage.storeBytes(CODE, assemble(program(rounds), { origin: CODE }).bytes);
  storage.store64(programNew, DISABLED_WAIT);
  processors.clearReset(cpu);
  cpu.setCr(0, 0x6_0000n | cpu.cr(0)); // floating-point and vector registers
  cpu.setGr(15, BigInt(SIZE - 4));
  cpu.loadPsw(EXTENDED, BigInt(CODE));
  cpu.state = "operating";
  for (let n = 0; n < 40 && processors.run(1000).kind === "yield"; n++);
  const around = (address: number) => Buffer.from(storage.fetch(address, 0x4000)).toString("base64");
  return {
    code: storage.fetch16(0x8e),
    sum: cpu.gr(1),
    contents: [LINE - 0x2000, LINE + 0x10_0000, LINE + 0x20_0000].map(around),
    key: storage.getKey(LINE + 0x20_0000),
    low: storage.isZeroPage(0x20_0000 / 0x1000),
    regions: processors.jit?.regions ?? 0,
  };
}

it.each([
  ["jit-all", 300],
  ["jit", 250_000],
  ["both-all", 200],
] as const)("is the same for the interpreter and for %s", { timeout: 60_000 }, (engine, rounds) => {
  const { regions, ...compiled } = run(engine, rounds);
  expect(regions).toBeGreaterThan(0);
  expect(compiled).toMatchObject({ code: ADDRESSING, key: 6, low: true });
  const { regions: _, ...interpreted } = run("interpreter", rounds);
  expect(compiled).toEqual(interpreted);
});
