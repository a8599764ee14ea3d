import { describe, expect, it } from "vitest";
import { randomFrom } from "../judge/random.ts";
import { Bench } from "./program.ts";
import { randomProgram } from "./random-program.ts";
import { choosingProgram, storingProgram, structuredProgram, tangledProgram } from "./structured-program.ts";

const END = `
    larl %r15,done
    lpswe 0(%r15)
    .align 8
done: .quad 0x0002000180000000, 0
`;

/** Each beside an interpreter that runs the same programs at the same places. */
const makeBenches = () =>
  ({
    jit: [new Bench("jit"), new Bench("interpreter")],
    "jit-all": [new Bench("jit-all"), new Bench("interpreter")],
  }) as const;
const benches = makeBenches();

/** How often a loop runs: until it is hot; a few times where everything is compiled again after each change. */
const rounds = { jit: 1_000_000, "jit-all": 60 } as const;

/** Each engine must leave what the interpreter leaves. */
function everywhere(program: (rounds: number) => string, data?: Uint8Array, endsAt = 0n, on = benches): void {
  for (const engine of ["jit", "jit-all"] as const) {
    const source = program(rounds[engine]);
    const [bench, interpreter] = on[engine];
    const expected = interpreter.run(source, data);
    expect(expected).toMatchObject({ kind: "disabledWait", psw: [expect.anything(), endsAt] });
    const { regions, ...ending } = bench.run(source, data);
    expect({ ...ending, regions: 0 }, engine).toEqual(expected);
    expect(regions, engine).toBeGreaterThan(0);
  }
}

/** A loop that runs `count` times: `r13` counts down. */
const repeat =
  (body: string) =>
  (count: number): string =>
    `
    llilf %r12,data
    lghi %r1,0
    lgfi %r13,${count}
again:
${body}
    brctg %r13,again
`;

describe("code that changes itself", () => {
  it.each([
    ["the next instruction", "larl %r2,to\n stc %r13,3(%r2)\nto: lghi %r3,0\n agr %r1,%r3"],
    ["a later one", "larl %r2,to\n stc %r13,3(%r2)\n lr %r4,%r13\n ar %r4,%r4\nto: lghi %r3,0\n agr %r1,%r3"],
    ["an earlier one", "to: lghi %r3,0\n agr %r1,%r3\n larl %r2,to\n stc %r13,3(%r2)"],
    ["by MVC", "larl %r2,to\n stg %r13,0(%r12)\n mvc 3(1,%r2),7(%r12)\nto: lghi %r3,0\n agr %r1,%r3"],
    [
      "by executed MVC",
      "larl %r2,to\n stg %r13,0(%r12)\n exrl 0,mv\nto: lghi %r3,0\n agr %r1,%r3\n j over\nmv: mvc 3(1,%r2),7(%r12)\nover:",
    ],
    [
      "by NI and OI",
      "larl %r2,to\n ni 3(%r2),0xf0\n oi 3(%r2),5\n xi 3(%r2),2\nto: lghi %r3,0\n agr %r1,%r3",
    ],
    [
      "by COMPARE AND SWAP",
      "larl %r2,to\n l %r4,0(%r2)\n lr %r5,%r4\n xilf %r5,1\n cs %r4,%r5,0(%r2)\n j to\n.align 4\nto: lghi %r3,0\n agr %r1,%r3",
    ],
    [
      "by STORE MULTIPLE",
      "larl %r2,to\n lg %r4,0(%r2)\n aghi %r4,0\n stmg %r4,%r4,0(%r2)\n j to\n.align 8\nto: lghi %r3,7\n agr %r1,%r3\n",
    ],
    [
      "by ADD TO STORAGE",
      "larl %r2,to\n asi 0(%r2),1\n j to\n.align 4\nto: lghi %r3,0\n agr %r1,%r3\n asi 0(%r2),-1\n agr %r1,%r3",
    ],
    [
      "by XC, which makes it invalid, and back",
      "larl %r2,to\n mvc 16(4,%r12),0(%r2)\n xc 0(4,%r2),0(%r2)\n mvc 0(4,%r2),16(%r12)\nto: lghi %r3,3\n agr %r1,%r3",
    ],
  ])("sees %s at once", (_, body) => {
    everywhere((count) => repeat(body)(count) + END);
  });

  it("sees an instruction become a longer one", () => {
    const body = `larl %r2,to
    tmll %r13,1
    je even
    larl %r3,long
    j change
even: larl %r3,short
change: mvc 0(6,%r2),0(%r3)
to: lr %r4,%r13
    lr %r5,%r13
    lr %r6,%r13
    agr %r1,%r6`;
    const others = `long: lgfi %r6,1000
short: lr %r6,%r13
    lr %r7,%r6
    lr %r8,%r7`;
    everywhere((count) => `${repeat(body)(count)}${END}${others}`);
  });
});

describe("where control goes", () => {
  it("enters the middle of an instruction", () => {
    // The immediate of LGFI is AGHI %r1,3 when it is entered two bytes on.
    const body = `tmll %r13,1
    jne middle+2
middle: lgfi %r3,0xa71b0003-0x100000000
    agr %r1,%r13`;
    everywhere((count) => repeat(body)(count) + END);
  });

  it("calls, returns and goes by registers", () => {
    const body = `brasl %r14,double
    larl %r5,double
    basr %r14,%r5
    aghi %r1,1`;
    const routine = `double: sllg %r1,%r1,1
    nilf %r1,0xfffff
    br %r14`;
    everywhere((count) => repeat(body)(count) + END + routine);
  });

  it("calls routines that call others, from several places", () => {
    const body = `brasl %r14,outer
    aghi %r1,3
    brasl %r14,inner
    brasl %r14,outer
    xilf %r1,0x55`;
    const routines = `outer: lgr %r10,%r14
    tmll %r1,2
    je direct
    brasl %r14,inner
direct: brasl %r14,inner
    aghi %r1,7
    br %r10
inner: sllg %r2,%r1,3
    agr %r1,%r2
    nilf %r1,0xffffff
    cghi %r1,1000
    blr %r14
    srlg %r1,%r1,1
    br %r14`;
    everywhere((count) => repeat(body)(Math.ceil(count / 4)) + END + routines);
  });

  it("calls itself", () => {
    const body = `lghi %r2,9
    brasl %r14,fib
    agr %r1,%r2`;
    const routine = `fib: cghi %r2,2
    blr %r14
    stmg %r6,%r14,48(%r15)
    aghi %r15,-160
    lgr %r6,%r2
    aghi %r2,-1
    brasl %r14,fib
    lgr %r7,%r2
    lgr %r2,%r6
    aghi %r2,-2
    brasl %r14,fib
    agr %r2,%r7
    lmg %r6,%r14,208(%r15)
    aghi %r15,160
    br %r14`;
    everywhere((count) => `llilf %r15,data+0x8000\n${repeat(body)(Math.ceil(count / 200))}${END}${routine}`);
  });

  it("returns to somewhere else than behind the call", () => {
    const body = `brasl %r14,routine
    aghi %r1,1
other: aghi %r1,100`;
    const routine = `routine: tmll %r13,8
    je back
    aghi %r14,other-other+4
back: br %r14`;
    everywhere((count) => repeat(body)(count) + END + routine);
  });

  it("comes to places that share an entry of the table of places", () => {
    // The routine is half a MiB beyond the loop; each takes the entry from the other and is asked for again.
    const program = (count: number) => `
    llilf %r12,data
    lghi %r1,0
    larl %r5,again
    llilf %r6,0x80000
    agr %r6,%r5
    mvhhi 0(%r6),0x07fe
    lghi %r7,4
outer: lgfi %r13,2000
again: aghi %r1,1
    brctg %r13,again
    basr %r14,%r6
    brctg %r7,outer
    lgr %r8,%r7
    lghi %r7,1
    lgfi %r13,${count}
    aghi %r9,1
    cghi %r9,1
    je again
${END}`;
    everywhere(program);
  });

  it("goes to pages that are mapped to other ones meanwhile", () => {
    // Page table at F5000, page E0 of which is F6000 and F7000 in turn.
    const program = (count: number) => `
    llilf %r12,data
    llilf %r2,data+0x5000
    lghi %r3,0
fill: sllg %r4,%r3,12
    sllg %r5,%r3,3
    stg %r4,0(%r5,%r2)
    aghi %r3,1
    cghi %r3,256
    jl fill
    llilf %r3,data+0x4000
    stg %r2,0(%r3)
    larl %r4,adding
    llilf %r5,data+0x6000
    mvc 0(16,%r5),0(%r4)
    larl %r4,counting
    llilf %r5,data+0x7000
    mvc 0(16,%r5),0(%r4)
    larl %r4,space
    lctlg %c1,%c1,0(%r4)
    larl %r4,translated
    lpswe 0(%r4)
    .align 8
space: .quad data+0x4000
translated: .quad 0x0400000180000000, begin
adding: agr %r1,%r13
    br %r14
    .align 8
    .quad 0
counting: aghi %r1,1
    br %r14
    .align 8
    .quad 0
begin: lghi %r1,0
    lgfi %r13,${count}
again: srlg %r9,%r13,${count > 1000 ? 12 : 2}
    nill %r9,1
    sllg %r9,%r9,12
    llilf %r10,data+0x6000
    agr %r10,%r9
    cg %r10,512(%r12)
    je same
    stg %r10,512(%r12)
    llilf %r11,data+0x5000
    llilf %r7,data-0x10000
    ipte %r11,%r7,0
    stg %r10,0x700(%r11)
same: brasl %r14,data-0x10000
    brctg %r13,again
${END}`;
    everywhere(program);
  });

  it.each(["", "lr %r0,%r0"])("crosses the end of a page, in an instruction too (%s)", (odd) => {
    const body = `agr %r1,%r13
    llilf %r3,7
    agr %r1,%r3
    ahi %r1,5
    llilf %r4,9
    sgr %r1,%r4
    lr %r6,%r1`;
    everywhere((count) => `    j start\n.align 4096\n.skip 4064\nstart: ${odd}${repeat(body)(count)}${END}`);
  });

  it("ends at the right instruction when one fails in the middle", () => {
    const body = `agr %r1,%r13
    lgr %r5,%r12
    sllg %r6,%r13,3
    cgr %r1,%r13
    chi %r13,30
    jne over
    llihf %r5,0x40000000
over: lg %r4,0(%r5)
    aghi %r1,2
    stg %r1,8(%r12)`;
    everywhere((count) => repeat(body)(count) + END, undefined, 0xdeadn);
  });

  it("has a loop that is entered in its middle", () => {
    const body = `tmll %r13,1
    lghi %r4,3
    jne second
first: aghi %r1,1
second: agr %r1,%r4
    brct %r4,first`;
    everywhere((count) => repeat(body)(count) + END);
  });

  // Every second halfword begins a lasting region.
  it.each(["", "lr %r0,%r0"])("enters a loop's middle, and its begin with another base (%s)", (odd) => {
    const program = (count: number) => `
    llilf %r12,data
    lghi %r1,0
    lgfi %r13,${count}
    ${odd}
again: lgr %r2,%r12
    lg %r3,0(%r2)
    lg %r4,8(%r2)
    lghi %r5,1
    tmll %r13,15
    jne change
    lghi %r5,2
    j second
change: la %r2,64(%r2)
first: ag %r3,16(%r2)
second: agr %r1,%r3
    brct %r5,first
    agr %r1,%r4
    brctg %r13,again
    ${END}`;
    everywhere(
      program,
      Uint8Array.from({ length: 128 }, (_, n) => n),
    );
  });
});

/** Operands 9 bytes before to 9 bytes behind each other, within a page and across its end. */
const blocks = (count: number): string => {
  const each = (length: number) => `
    stmg %r4,%r6,0(%r2)
    clc 0(${length},%r3),0(%r2)
    ipm %r0
    agr %r1,%r0
    mvc 0(${length},%r3),0(%r2)
    xc 1(${length},%r2),0(%r3)
    ipm %r0
    agr %r1,%r0
    oc 0(${length},%r2),${length}(%r2)
    ipm %r0
    agr %r1,%r0
    nc 1(${length},%r2),0(%r2)
    ipm %r0
    agr %r1,%r0
    xc 3(${length},%r3),3(%r3)
    mvc 2(${length},%r2),0(%r2)
    lmg %r7,%r9,0(%r2)
    xgr %r1,%r7
    agr %r1,%r8
    xgr %r1,%r9
    rllg %r1,%r1,7`;
  const body = `
    lgr %r3,%r13
    nilf %r3,31
    la %r2,4075(%r3,%r12)
    tmll %r13,64
    jz within
    aghi %r2,-200
within:
    lgr %r3,%r13
    srlg %r3,%r3,5
    nilf %r3,15
    la %r3,0(%r3,%r2)
    aghi %r3,-8
    xgrk %r4,%r13,%r1
    sllg %r5,%r13,40
    lgr %r6,%r13
    tmll %r13,3
    jnz unlike
    llihf %r4,0x01020102
    oilf %r4,0x01020102
    lgr %r5,%r4
unlike:
${[1, 2, 3, 4, 8, 12].map(each).join("")}`;
  return repeat(body)(count);
};

describe("short blocks", () => {
  it("overlap as bytes do, one after the other", () => {
    everywhere((count) => blocks(Math.max(Math.ceil(count / 20), 1100)) + END);
  });
});

describe("the program mask", () => {
  /** Adds 1 each round, `early` rounds before an overflow; the mask comes on after half of them. */
  const program = (count: number, early: number, set: string) => `
    lgfi %r13,${count}
    llilf %r5,${0x7fff_ffff - early}
again:
    lghi %r6,0
    cgfi %r13,${count / 2}
    jh over
    llilh %r6,0x0800
over:
    ${set}
    ahi %r5,1
    ipm %r7
    xr %r8,%r7
    brctg %r13,again
    ${END}
mask: spm %r6
`;

  it.each([
    ["SET PROGRAM MASK", "spm %r6"],
    ["an executed one", "exrl 0,mask"],
  ])("that comes on by %s makes overflows interruptions", (_, set) => {
    for (const [engine, count] of [
      ["jit", 400_000],
      ["jit-all", 400],
    ] as const) {
      const [bench, interpreter] = [new Bench(engine), new Bench("interpreter")];
      for (const [part, endsAt] of [
        [1 / 4, 0n],
        [3 / 4, 0xdeadn],
        [1 / 4, 0n],
      ] as const) {
        const source = program(count, count * part, set);
        const expected = interpreter.run(source);
        expect(expected).toMatchObject({ kind: "disabledWait", psw: [expect.anything(), endsAt] });
        const { regions, ...ending } = bench.run(source);
        expect({ ...ending, regions: 0 }, engine).toEqual(expected);
        expect(regions, engine).toBeGreaterThan(0);
      }
    }
  });
});

describe("regions that lead to each other", () => {
  it("become lasting before many slices have ended in them", () => {
    const source = `${repeat(`    larl %r7,one
    tmll %r13,1
    je call
    larl %r7,two
call: basr %r14,%r7`)(3_000_000)}${END}
one: aghi %r1,3
    br %r14
two: xgr %r1,%r13
    br %r14`;
    const [bench, interpreter] = [new Bench("jit"), new Bench("interpreter")];
    const expected = interpreter.run(source);
    expect({ ...bench.run(source), regions: 0 }).toEqual(expected);
    expect(bench.compiled?.lasting).toBeGreaterThan(0);
  });
});

describe("a branch over operands that are fetched in vain", () => {
  // A lasting region is made for every second place where all is compiled.
  it.each([
    ["on one page", "0x20(%r12)", ""],
    ["on two pages", "0xffc(%r12)", ""],
    ["on one page, elsewhere", "0x20(%r12)", "    bcr 0,0"],
    ["on two pages, elsewhere", "0xffc(%r12)", "    bcr 0,0"],
  ])("says how it went: %s", (_, operand, before) => {
    const data = Uint8Array.from({ length: 0x1010 }, (__, n) => n * 7);
    const program = repeat(`    lr %r3,%r13
    tmll %r3,5
    jnm over
    xg %r4,${operand}
over:
    ipm %r5
    alr %r1,%r5
    rll %r1,%r1,1
    agr %r1,%r4`);
    everywhere((count) => `${before}${program(count)}${END}`, data);
  });

  it.each(["", "    bcr 0,0"])("are fetched from elsewhere each time: %s", (before) => {
    const data = Uint8Array.from({ length: 0x1010 }, (_, n) => n * 7);
    const program = repeat(`    lgr %r9,%r13
    nilf %r9,0x1ff
    sllg %r9,%r9,3
    agr %r9,%r12
    tmll %r13,5
    jnm over
    xg %r4,0(%r9)
    xg %r4,8(%r9)
over:
    rll %r1,%r1,1
    agr %r1,%r4`);
    everywhere((count) => `${before}${program(count)}${END}`, data);
  });
});

/** `r11` leads to the data, but out of storage in the last round; `r3` is how many rounds are left. */
const failingLast = `    lgr %r3,%r13
    aghi %r3,-1
    lgr %r7,%r3
    aghi %r7,-1
    srag %r7,%r7,63
    llihf %r8,1
    ngr %r7,%r8
    la %r11,0(%r7,%r12)`;

describe("where a third way leads to the place behind a short branch", () => {
  it.each(["", "    bcr 0,0"])("the last branch is known: %s", (before) => {
    // Every eighth round takes the third way, and so does the last one, in which the operand is outside of storage.
    const program = repeat(`${failingLast}
    tmll %r3,7
    je third
    tmll %r3,5
    jnm over
    agr %r4,%r3
over:
    lg %r5,0(%r11)
    agr %r1,%r4`);
    const third = `
third: aghi %r6,1
    j over`;
    everywhere((count) => `${before}${program(count)}${END}${third}`, undefined, 0xdeadn);
  });
});

describe("a branch both of whose ways do something", () => {
  const on = makeBenches();
  // In the last round the operand behind the meeting is outside of storage, and the first way's window is closed.
  const pairs = [
    ["lgr %r4,%r13", "lgr %r4,%r3"],
    ["lg %r4,8(%r9)", "lgr %r4,%r3"],
    ["lgr %r4,%r13", "aghi %r4,3"],
    ["lgr %r4,%r13", "lg %r4,0(%r11)"],
  ];
  const cases = pairs.flatMap((pair) =>
    ["je", "jne"].flatMap((branch) =>
      ["behind", "elsewhere"].flatMap((place) =>
        ["", "    bcr 0,0"].map((before) => [branch, ...pair, place, before]),
      ),
    ),
  );
  it.each(cases)("%s: %s or %s, which is %s %s", (branch, first, second, place, before) => {
    const isBehind = place === "behind";
    const other = `
other:
    ${second}
${isBehind ? "" : "    j over"}`;
    const program = repeat(`${failingLast}
    lcgr %r9,%r13
    nilf %r9,0x1ff
    llgfr %r9,%r9
    sllg %r9,%r9,3
    agr %r9,%r12
    lg %r5,0(%r9)
    tmll %r3,7
    ${branch} other
    ${first}
${isBehind ? `    j over${other}` : ""}
over:
    lg %r6,0(%r11)
    ipm %r5
    alr %r1,%r5
    agr %r1,%r4`);
    const data = Uint8Array.from({ length: 0x1010 }, (_, n) => n * 7);
    everywhere((count) => `${before}${program(count)}${END}${isBehind ? "" : other}`, data, 0xdeadn, on);
  });
});

describe("programs with routines, structures and loops", () => {
  // Code that changes too often is not compiled any more.
  const on = makeBenches();

  it.each(Array.from({ length: 12 }, (_, n) => n))("leave the same on every engine: %i", (n) => {
    const program = structuredProgram(randomFrom(`structured/${n}`));
    everywhere((count) => `${program(Math.ceil(count / 20))}${END}`, undefined, 0n, on);
  });

  it.each(Array.from({ length: 12 }, (_, n) => n))("the same, with loops entered anywhere: %i", (n) => {
    const program = tangledProgram(randomFrom(`tangled/${n}`));
    everywhere((count) => `${program(count)}${END}`, undefined, 0n, on);
  });

  it.each(Array.from({ length: 36 }, (_, n) => n))("the same, with both ways gone at once: %i", (n) => {
    const random = randomFrom(`choosing/${n}`);
    const program = choosingProgram(random);
    const data = Uint8Array.from({ length: 0x2000 }, () => random.below(256));
    everywhere((count) => `${program(Math.max(20_000, count / 5))}${END}`, data, 0xdeadn, on);
  });
});

describe("what has just been stored", () => {
  it.each(Array.from({ length: 24 }, (_, n) => n))("is fetched: %i", (n) => {
    const program = storingProgram(randomFrom(`storing/${n}`));
    everywhere((count) => `${program(Math.ceil(count / 20))}${END}`);
  });
});

describe("random programs", () => {
  it.each(Array.from({ length: 25 }, (_, n) => n))("leave the same on every engine: %i", (n) => {
    const random = randomFrom(`engines/${n}`);
    const data = Uint8Array.from({ length: 0x400 }, () => random.below(256));
    const program = randomProgram(random);
    everywhere((count) => `${program(Math.ceil(count / 20))}${END}`, data);
  });
});
