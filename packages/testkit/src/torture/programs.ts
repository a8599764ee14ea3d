/**
 * Guests that torture an engine: each is made from a seed, comes to an end, and leaves the same whichever engine runs it.
 * They are for `Bench`, which gives them 1 MiB of storage, a place for code that changes from run to run, and `data`.
 */
import { randomProgram } from "../engines/random-program.ts";
import { structuredProgram } from "../engines/structured-program.ts";
import type { Random } from "../judge/random.ts";

/** A program for so many rounds. Register 13 counts them down; 12 is the address of the data. */
export type TortureProgram = (random: Random, rounds: number) => string;

/** Ends everything: real addresses, disabled wait. */
const END = `
    larl %r15,done
    lpswe 0(%r15)
    .align 8
done: .quad 0x0002000180000000, 0
`;

const loop = (rounds: number, body: string): string => `
    llilf %r12,data
    lghi %r1,0
    lgfi %r13,${rounds}
again:
${body}
    brctg %r13,again
`;

const pick = <T>(random: Random, first: T, ...more: readonly T[]): T => {
  const list = [first, ...more];
  return list[random.below(list.length)] ?? first;
};

/** Harmless instructions that fill exactly so many halfwords. */
function filling(random: Random, halfwords: number): string {
  const lines: string[] = [];
  for (let left = halfwords; left > 0;) {
    const length = Math.min(left, 1 + random.below(3));
    left -= length;
    if (length === 1)
      lines.push(`    ${pick(random, "lr %r6,%r13", "xr %r7,%r7", "or %r6,%r7", "nopr %r7")}`);
    if (length === 2)
      lines.push(`    ${pick(random, "ahi %r6,3", "lghi %r7,9", "agr %r6,%r7", "tmll %r6,4")}`);
    if (length === 3) lines.push(`    ${pick(random, "lgfi %r7,100000", "afi %r6,77", "lg %r7,8(%r12)")}`);
  }
  return lines.join("\n");
}

/**
 * A store changes an instruction at a distance of 0 to 4200 bytes, before or behind it, by one of the instructions that
 * store. The changed instruction is LGHI's immediate or a whole instruction.
 */
export const selfModifying: TortureProgram = (random, rounds) => {
  const distance = pick(random, random.below(24), random.below(300), random.below(2100));
  const store = pick(
    random,
    "stc %r13,3(%r2)",
    "sth %r13,2(%r2)",
    "mvc 3(1,%r2),7(%r12)",
    "mvi 3(%r2),5\n    stc %r13,3(%r2)",
    "xi 3(%r2),1",
    "l %r4,0(%r2)\n    xilf %r4,3\n    st %r4,0(%r2)",
    "lg %r4,0(%r2)\n    stg %r4,0(%r2)\n    xi 3(%r2),2",
    "nc 2(2,%r2),ff-to(%r2)\n    oi 3(%r2),1",
  );
  const change = `    stg %r13,0(%r12)\n    larl %r2,to\n    ${store}`;
  const target = "to: lghi %r3,0\n    agr %r1,%r3\n    j behind\nff: .short 0xff7f\nbehind:";
  const between = filling(random, distance);
  const padding = `    j start\n    .align 4096\n    .skip ${2 * random.below(2047)}\nstart:\n`;
  const body = random.below(2) === 0 ? [change, between, target] : [target, between, change];
  return `${padding}${loop(rounds, body.join("\n"))}${END}`;
};

/** Jumps into the middle of instructions, where the immediate operand is an instruction itself. */
export const intoTheMiddle: TortureProgram = (random, rounds) => {
  const inner = pick(random, "a71b0003", "a71a0007", "b9080011", "a7a90001", "18b11ab1");
  const bit = 1 << random.below(4);
  const body = `    tmll %r13,${bit}
    jne middle+2
${filling(random, random.below(5))}
middle: .byte 0xc0,0x31
    .long 0x${inner}
    agr %r1,%r13
    tmll %r13,${bit << 1}
    je over
    larl %r5,middle
    aghi %r5,2
    aghi %r13,-1
    br %r5
over:
    cghi %r13,0
    jle out`;
  return `${loop(rounds, body)}out:${END}`;
};

/** Random programs that begin at every halfword of a page, so that regions and instructions cross its end. */
export const pageEnds: TortureProgram = (random, rounds) => {
  const program = randomProgram(random)(Math.ceil(rounds / 12));
  return `    j start\n    .align 4096\n    .skip ${3600 + 2 * random.below(248)}\nstart:\n${program}${END}`;
};

/** Routines, structures and loops. */
const structured: TortureProgram = (random, rounds) =>
  `${structuredProgram(random)(Math.ceil(rounds / 12))}${END}`;

/** Where tables are: segment table, and page tables. Two address spaces. */
const SPACES = [0x4000, 0x5000] as const;
const PAGE_TABLES = 0x6000;
const TABLE = 0x800;
/** Segments of each space in use: the TLB's index is the same for those that are 4 MiB apart. */
const SEGMENTS = [0, 1, 4, 8] as const;

/**
 * Translation tables: segment 0 maps storage as it is, the others map it with pages exchanged (by XOR of the page number
 * with 0 to 15), each space in its own way. Leaves DAT on in space 0.
 */
function translationTables(random: Random): string {
  const lines: string[] = [];
  SPACES.forEach((space, s) => {
    SEGMENTS.forEach((segment, n) => {
      const table = PAGE_TABLES + (s * SEGMENTS.length + n) * TABLE;
      const exchange = segment === 0 ? 0 : random.below(16);
      lines.push(`    llilf %r2,${table}
    lghi %r3,0
table${s}${n}: sllg %r4,%r3,12
    xilf %r4,${exchange << 12}
    stg %r4,0(%r2)
    la %r2,8(%r2)
    aghi %r3,1
    cghi %r3,256
    jl table${s}${n}
    llilf %r2,${table}
    llilf %r5,${space + 8 * segment}
    stg %r2,0(%r5)`);
    });
  });
  return `${lines.join("\n")}
    larl %r2,asces
    lctlg %c1,%c1,0(%r2)
    larl %r2,translating
    lpswe 0(%r2)
    .align 8
asces: .quad ${SPACES[0]}, ${SPACES[1]}
translating: .quad 0x0400000180000000, translated
translated:`;
}

/** Loads and stores by several addresses of the same frames, in two spaces that change; entries are invalidated. */
export const aliasing: TortureProgram = (random, rounds) => {
  const addresses = `    llilf %r12,data
    lgr %r5,%r12
    lgr %r6,%r12
    oilh %r6,0x0010
    lgr %r7,%r12
    oilh %r7,0x0040
    lgr %r8,%r12
    oilh %r8,0x0080`;
  const base = (): string => `%r${5 + random.below(4)}`;
  const place = (): string => `${8 * random.below(500)}(${base()})`;
  const operations = Array.from({ length: 12 + random.below(24) }, (_, n) =>
    pick(
      random,
      () => `    lg %r3,${place()}\n    agr %r1,%r3`,
      () => `    lg %r3,${place()}\n    agr %r1,%r3`,
      () => `    algr %r1,%r13\n    stg %r1,${place()}`,
      () => `    stg %r13,${place()}`,
      () => `    mvc ${place().replace("(", "(8,")},${place()}`,
      () => `    agsi ${place()},7`,
      () => `    larl %r2,asces\n    lctlg %c1,%c1,${8 * random.below(2)}(%r2)`,
      () => `    ptlb`,
      () => invalidation(random, n),
      () => `    xi ${4095 - random.below(64)}(${base()}),${random.below(256)}`,
    )(),
  ).join("\n");
  return `${translationTables(random)}\n${addresses}\n    lghi %r1,0\n    lgfi %r13,${rounds}
again:\n${operations}\n    brctg %r13,again${END}`;
};

/** IPTE of the page of the data, as one segment has it; then the entry becomes valid again, for another frame maybe. */
function invalidation(random: Random, n: number): string {
  const [space, segment] = [random.below(2), 1 + random.below(SEGMENTS.length - 1)];
  const table = PAGE_TABLES + (space * SEGMENTS.length + segment) * TABLE;
  const page = `    lgr %r4,%r12\n    srlg %r4,%r4,9`;
  return `    llilf %r3,${table}
    ipte %r3,%r${5 + segment},0
${page}
    agr %r3,%r4
    lg %r4,0(%r3)
    nill %r4,0xfbff
    xilf %r4,${random.below(4) << 12}
    stg %r4,0(%r3)
    tmll %r13,1
    je even${n}
    stg %r1,16(%r${5 + segment})
even${n}:`;
}

/**
 * The same code executed by several addresses, in two spaces, and changed by a store to another of its addresses. Where it
 * is found depends on how pages are exchanged, so the code calls itself by addresses that it looks up.
 */
export const twoMappings: TortureProgram = (random, rounds) => {
  const other = pick(random, 0x0040, 0x0080);
  const body = `    larl %r2,to
    larl %r3,called
${filling(random, random.below(40))}
    tmll %r13,${1 << random.below(3)}
    je direct
    oilh %r3,0x0040
direct:
    tmll %r13,${1 << random.below(3)}
    je store
    oilh %r2,${other}
store:
    stc %r13,3(%r2)
    basr %r14,%r3
    agr %r1,%r3
    j behind
called: ${filling(random, random.below(4)).trim()}
to: lghi %r3,0
    br %r14
behind:`;
  // No exchange: the aliases are the same pages.
  const plain: Random = { ...random, below: () => 0 };
  return `${translationTables(plain)}\n${loop(rounds, body)}${END}`;
};

/** Where the interruptions of `ticking` are counted, a doubleword. */
export const TICKS = 0xe28;

/** Any program, with the clock comparator interrupting it ten thousand times a second. */
export function ticking(program: string): string {
  return `    larl %r2,handler
    stg %r2,0x1b8(%r0)
    larl %r2,masks
    mvc 0x1b0(8,%r0),0(%r2)
    lctlg %c0,%c0,8(%r2)
    stck 0xe20(%r0)
    sckc 0xe20(%r0)
    larl %r2,enabled
    lpswe 0(%r2)
    .align 8
masks: .quad 0x0000000180000000, 0x8e0
enabled: .quad 0x0100000180000000, begin
handler: stmg %r0,%r4,0xe30(%r0)
    stckf 0xe20(%r0)
    lg %r1,0xe20(%r0)
    algfi %r1,409600
    stg %r1,0xe20(%r0)
    sckc 0xe20(%r0)
    agsi ${TICKS}(%r0),1
    lmg %r0,%r4,0xe30(%r0)
    lpswe 0x130(%r0)
begin:
${program}`;
}

/** A routine is copied to place after place and called there: new code every time, and no end of it. */
export const churn: TortureProgram = (random, rounds) => `
    llilf %r12,data
    lghi %r1,0
    lgfi %r13,${rounds}
again: lgr %r2,%r13
    msgfi %r2,${2 * (1 + random.below(3)) * 74}
    nilf %r2,0xfffe
    larl %r3,space
    agr %r2,%r3
    larl %r4,routine
    mvc 0(${"end-routine"},%r2),0(%r4)
    basr %r14,%r2
    brctg %r13,again
${END}
routine: agr %r1,%r13
    tmll %r1,1
    je odd
    aghi %r1,3
odd: xgr %r1,%r2
    br %r14
end:
    .align 8
space:
`;

/** Routines of `crowd`. */
export const CROWD = 8192;

/**
 * More routines than compiled modules are kept for, called in no order: what is compiled for one makes room for another's
 * again and again. Each adds its number; a wrong sum ends at 0xbad.
 */
export const crowd: TortureProgram = (random, rounds) => `
    larl %r2,again
    llilf %r3,0x10000
    clgfi %r2,0x80000
    jnl fill
    llilf %r3,0x84000
fill: lgr %r8,%r3
    lghi %r5,0
next: larl %r4,routine
    mvc 0(${"end-routine"},%r3),0(%r4)
    sth %r5,2(%r3)
    la %r3,32(%r3)
    aghi %r5,1
    cghi %r5,${CROWD}
    jl next
    lghi %r1,0
    lghi %r6,0
    llilf %r5,${random.below(CROWD)}
    lgfi %r13,${rounds}
again: msgfi %r5,${4 * random.below(400) + 5}
    aghi %r5,${2 * random.below(3000) + 1}
    nilf %r5,${CROWD - 1}
    llgfr %r5,%r5
    agr %r6,%r5
    sllg %r2,%r5,5
    agr %r2,%r8
    basr %r14,%r2
    cgr %r1,%r6
    jne bad
    brctg %r13,again
${END}
bad: larl %r15,wrong
    lpswe 0(%r15)
    .align 8
wrong: .quad 0x0002000180000000, 0xbad
routine: aghi %r1,0
    br %r14
end:
`;

/** By name, for reports. */
export const torturePrograms: Readonly<Record<string, TortureProgram>> = {
  "self-modifying": selfModifying,
  "into-the-middle": intoTheMiddle,
  "page-ends": pageEnds,
  aliasing,
  "two-mappings": twoMappings,
  structured,
  "structured, ticking": (random, rounds) => ticking(structured(random, rounds)),
  "self-modifying, ticking": (random, rounds) => ticking(selfModifying(random, rounds)),
  "page-ends, ticking": (random, rounds) => ticking(pageEnds(random, rounds)),
};
