/**
 * Programs as compilers make them: routines with stack frames, loops within loops, structures by pointers that change.
 * They always come to an end: loops are counted, routines call later ones alone, other branches go forward. And programs
 * as no compiler makes them, whose blocks lead to each other at random.
 */
import type { Random } from "../judge/random.ts";

/** Structures, and how far apart; some lie across a page's end. Stores leave the pointers to others alone. */
const STRUCTURES = 8;
const APART = 0x0fd0;
const POINTERS = 0x70;
const STACK = 0xc000;

/** Registers 0 to 5 are for values, 6 counts a routine's loop, 7 to 10 are pointers, 11 and 13 count the program's loops. */
const value = (random: Random): string => `%r${random.below(6)}`;
const pointer = (random: Random): string => `%r${7 + random.below(4)}`;
/** Operands by the first pointer are as frequent as by all others, so that accesses by one that changes meet. */
const base = (random: Random): string => (random.below(2) === 0 ? "%r7" : pointer(random));
const field = (random: Random, size: number): string =>
  `${size * random.below(0x60 / size)}(${base(random)})`;
const pick = <T>(random: Random, list: readonly T[]): T => {
  const chosen = list[random.below(list.length)];
  if (chosen === undefined) throw new Error("nothing to pick from");
  return chosen;
};

const fetches: readonly (readonly [string, number])[] = [
  ...["lg", "ag", "sg", "xg", "cg", "clg", "ltg"].map((m) => [m, 8] as const),
  ...["l", "a", "s", "x", "c", "cl", "lgf", "llgf"].map((m) => [m, 4] as const),
  ["lh", 2],
  ["llgc", 1],
  ["ic", 1],
];
const stores: readonly (readonly [string, number])[] = [
  ["stg", 8],
  ["st", 4],
  ["sth", 2],
  ["stc", 1],
];
const registers = "agr ar alr sgr sr slgr ngr nr ogr xgr xr lgr lr ltgr lcgr lgfr llgfr cgr cr clgr".split(
  " ",
);
const rotates = "risbg rxsbg rosbg rnsbg".split(" ");

type Maker = (random: Random) => string;
const some = (random: Random): string[] =>
  Array.from({ length: 1 + random.below(7) }, () => `    ${pick(random, makers)(random)}`);
/** From registers into registers and the condition code. */
const computing: readonly Maker[] = [
  (r) => `${pick(r, registers)} ${value(r)},${value(r)}`,
  (r) => `${pick(r, ["aghi", "ahi", "cghi", "chi", "lghi", "lhi"])} ${value(r)},${r.below(200) - 100}`,
  (r) => `${pick(r, ["nill", "oill", "tmll", "tmlh"])} ${value(r)},${r.below(0x1_0000)}`,
  (r) => `${pick(r, ["xilf", "nilf", "oilf"])} ${value(r)},${r.below(0x7fff_ffff)}`,
  (r) => `${pick(r, ["sllg", "srlg", "srag", "rllg"])} ${value(r)},${value(r)},${r.below(64)}`,
  (r) => {
    const [first, zeros] = [r.below(64), 128 * r.below(2)];
    const last = pick(r, [63, 60, 62, r.below(64)]);
    const mnemonic = pick(r, rotates);
    return `${mnemonic} ${value(r)},${value(r)},${first},${mnemonic === "risbg" ? last + zeros : last},${r.below(64)}`;
  },
];
/** The condition code stays. */
const quietFetches = fetches.filter(([mnemonic]) => /^l[^t]|^ic/.test(mnemonic));
const quiet: readonly Maker[] = [
  (r) => `${pick(r, ["lgr", "lr", "lgfr", "llgfr", "lgbr", "llghr"])} ${value(r)},${value(r)}`,
  (r) => `${pick(r, ["lghi", "lhi", "iill", "llihl"])} ${value(r)},${r.below(200)}`,
  (r) => `${pick(r, ["sllg", "srlg", "rllg"])} ${value(r)},${value(r)},${r.below(64)}`,
  (r) => `${pick(r, ["sll", "srl"])} ${value(r)},${r.below(32)}`,
  (r) => `la ${value(r)},${r.below(200)}(${value(r)})`,
  (r) => `risbgn ${value(r)},${value(r)},${r.below(64)},${r.below(64)},${r.below(64)}`,
  (r) => `${pick(r, ["msgr", "msr"])} ${value(r)},${value(r)}`,
];
const makers: readonly Maker[] = [
  ...computing,
  ...Array.from({ length: 8 }, (): Maker => (r) => {
    const [mnemonic, size] = pick(r, fetches);
    return `${mnemonic} ${value(r)},${field(r, size)}`;
  }),
  ...Array.from({ length: 8 }, (): Maker => (r) => {
    const [mnemonic, size] = pick(r, stores);
    return `${mnemonic} ${value(r)},${field(r, size)}`;
  }),
  (r) => `${pick(r, ["agsi", "mvghi"])} ${field(r, 8)},${r.below(100)}`,
  (r) => `${pick(r, ["asi", "mvhi"])} ${field(r, 4)},${r.below(100)}`,
  (r) => `${pick(r, ["tm", "cli", "mvi", "oi"])} ${field(r, 1)},${r.below(256)}`,
  ...Array.from({ length: 3 }, (): Maker => (r) => `lgr ${base(r)},${pointer(r)}`),
  (r) => `lg ${pointer(r)},${POINTERS + 8 * r.below(2)}(${pointer(r)})`,
  (r) => `ipm ${value(r)}`,
  (r) => `${pick(r, ["locgr", "locr"])} ${value(r)},${value(r)},${r.below(16)}`,
  (r) => `locgr ${pointer(r)},${pointer(r)},${r.below(16)}`,
];

const branch = (random: Random, there: string): string =>
  pick(random, [
    `brc ${random.below(16)},${there}`,
    `cgrj ${value(random)},${value(random)},${2 * random.below(8)},${there}`,
    `clij ${value(random)},${random.below(256)},${2 * random.below(8)},${there}`,
    `cgij ${value(random)},${random.below(16)},${2 * random.below(8)},${there}`,
    `j ${there}`,
  ]);

/** Blocks with branches forward; some of them go round by themselves, counted in a register. */
function body(
  random: Random,
  name: string,
  callees: readonly string[],
  counter: string | undefined,
): string[] {
  const blocks = 2 + random.below(6);
  const lines: string[] = [];
  const loop = counter === undefined ? -1 : random.below(blocks);
  for (let n = 0; n < blocks; n++) {
    lines.push(`${name}${n}:`);
    if (n === loop) lines.push(`    lghi ${counter},${1 + random.below(5)}`, `${name}loop:`);
    lines.push(...some(random));
    if (callees.length > 0 && random.below(3) === 0)
      lines.push(
        `    lgr %r2,${pointer(random)}`,
        `    lgr %r3,${pointer(random)}`,
        `    brasl %r14,${pick(random, callees)}`,
      );
    if (n === loop) {
      lines.push(
        `    ${branch(random, `${name}next`)}`,
        `    ${pick(random, makers)(random)}`,
        `${name}next:`,
      );
      lines.push(`    brctg ${counter},${name}loop`);
    }
    const to = n + 1 + random.below(blocks - n);
    lines.push(`    ${branch(random, to >= blocks ? `${name}end` : `${name}${to}`)}`);
  }
  return [...lines, `${name}end:`];
}

/** Values, pointers to structures, and structures that point to each other. */
function beginning(random: Random): string[] {
  const lines = [
    "    llilf %r15,data",
    `    agfi %r15,${STACK + 8 * random.below(40)}`,
    "    llilf %r12,data",
  ];
  for (let n = 0; n < STRUCTURES; n++) {
    for (const slot of [0, 8]) {
      lines.push(`    lgr %r1,%r12`, `    agfi %r1,${APART * random.below(STRUCTURES)}`, `    lgr %r2,%r12`);
      lines.push(`    agfi %r2,${APART * n}`, `    stg %r1,${POINTERS + slot}(%r2)`);
    }
  }
  for (let n = 0; n < 6; n++) lines.push(`    lgfi %r${n},${random.below(0x7fff_ffff)}`);
  for (let n = 7; n <= 10; n++)
    lines.push(`    lgr %r${n},%r12`, `    agfi %r${n},${APART * random.below(STRUCTURES)}`);
  return lines;
}

/**
 * Loops whose branches go over an instruction or two that only compute, or fetch what an access test before the loop was for,
 * or have as much to do on their other way, which stands behind the first one or elsewhere.
 * In the last round operands are outside of storage, if no branch goes over them, so that the breaking-event address and the
 * condition code are seen in the middle of the loop.
 */
export function choosingProgram(random: Random): (rounds: number) => string {
  let labels = 0;
  /** Operands by the last base lie on two pages; the second one changes from round to round. */
  const bases = ["%r12", "%r7", "%r10"];
  const compute = () => `    ${pick(random, computing)(random)}`;
  const fetch = (by: readonly string[], list = fetches) => {
    const [mnemonic, size] = pick(random, list);
    return `    ${mnemonic} ${value(random)},${size * random.below(0x60 / size)}(${pick(random, by)})`;
  };
  const elsewhere: string[] = [];
  const asking = () => (random.below(2) === 0 ? [`    ipm ${value(random)}`] : []);
  const over = (by: readonly string[]): string[] => {
    const behind = `o${labels++}`;
    const one = () => (random.below(2) === 0 ? fetch(by) : compute());
    const least = Array.from({ length: 1 + random.below(2) }, one);
    return [compute(), `    ${branch(random, behind)}`, ...least, `${behind}:`, ...asking()];
  };
  const either = (by: readonly string[]): string[] => {
    const [other, behind] = [`o${labels++}`, `o${labels++}`];
    const keeping = () => `    ${pick(random, quiet)(random)}`;
    const odd = pick(random, [keeping, keeping, compute, () => fetch(by, quietFetches)]);
    const one = () => (random.below(2) === 0 ? keeping() : odd());
    const way = () => Array.from({ length: random.below(3) }, one);
    const first = way();
    const second = [`${other}:`, ...way()];
    const begin = [compute(), `    ${branch(random, other)}`, ...first];
    const [next, end] = [`    j ${behind}`, [`${behind}:`, ...asking()]];
    if (random.below(2) === 0) return [...begin, next, ...second, ...end];
    elsewhere.push(...second, next);
    return [...begin, ...(random.below(4) === 0 ? [next] : []), ...end];
  };
  const choice = (by: readonly string[]): string[] => (random.below(2) === 0 ? over(by) : either(by));
  const choices = (most: number, ...by: readonly string[]) =>
    Array.from({ length: 1 + random.below(most) }, () => choice(by)).flat();
  const counted = choices(5, ...bases, "%r8,%r12");
  const inner = [`    lhi %r6,${1 + random.below(20)}`, "inner:", ...counted, "    brct %r6,inner"];
  const failing = ["    lgr %r8,%r13", "    aghi %r8,-2", "    srag %r8,%r8,63", "    sllg %r8,%r8,40"];
  const changing = ["    risbg %r7,%r13,60,188,0", "    agr %r7,%r12"];
  const round = [
    ...failing,
    ...changing,
    ...choices(3, ...bases),
    ...inner,
    ...choices(3, ...bases),
    "    lg %r9,0(%r8,%r12)",
  ];
  const start = [...beginning(random), "    lgr %r10,%r12", `    agfi %r10,${APART}`];
  const end = ["    brctg %r13,again", "    j over", ...elsewhere, "over:"];
  return (rounds) => [...start, `    lgfi %r13,${rounds}`, "again:", ...round, ...end].join("\n");
}

/** A loop of stores and fetches of the same bytes, of some of them, or of others beside them. */
export function storingProgram(random: Random): (rounds: number) => string {
  const pair = (): string[] => {
    const [[store, bytes], [fetch, size]] = [pick(random, stores), pick(random, fetches)];
    const at = 64 + random.below(16);
    const from = pick(random, [at, at + bytes - size, at + random.below(bytes), at - 1]);
    const between = pick(random, [
      [],
      ["    ahi %r3,77"],
      ["    la %r9,1(%r9)"],
      ["    aghi %r9,-1"],
      [`    stc %r5,${at + bytes - 1}(%r12)`],
      [`    asi ${at}(%r9),3`],
      ["    clr %r3,%r5", `    brc ${random.below(16)},p${labels}`],
      ["    stmg %r4,%r5,64(%r12)"],
    ]);
    const label = between.length > 1 ? [`p${labels++}:`] : [];
    const by = pick(random, ["%r9", "%r9", "%r12"]);
    return [
      `    ${store} %r3,${at}(%r9)`,
      ...between,
      `    ${fetch} %r4,${from}(${by})`,
      ...label,
      "    agr %r5,%r4",
      "    rllg %r3,%r5,11",
    ];
  };
  let labels = 0;
  const round = ["    lgr %r9,%r12", ...Array.from({ length: 12 }, pair).flat()];
  const start = [...beginning(random), ...pick(random, [[], ["    bcr 0,0"]])];
  return (rounds) =>
    [...start, `    lgfi %r13,${rounds}`, "again:", ...round, "    brctg %r13,again"].join("\n");
}

/** Blocks that lead to each other at random, into the middle of loops too, so often; all goes on behind the program. */
export function tangledProgram(random: Random): (rounds: number) => string {
  const count = 3 + random.below(12);
  const lines = beginning(random);
  const anywhere = () => `t${random.below(count)}`;
  const blocks = Array.from({ length: count }, (_, n) => [
    `t${n}:`,
    ...some(random),
    "    aghi %r13,-1",
    "    jle over",
    `    ${branch(random, anywhere())}`,
    ...(n + 1 < count && random.below(2) === 0 ? [] : [`    j ${anywhere()}`]),
  ]).flat();
  return (rounds) => [...lines, `    lgfi %r13,${rounds}`, ...blocks, "over:", ""].join("\n");
}

/** A loop within a loop that runs so often, and the routines that it calls; all goes on behind the program. */
export function structuredProgram(random: Random): (rounds: number) => string {
  const names = Array.from({ length: 1 + random.below(4) }, (_, n) => `f${n}x`);
  const lines = beginning(random);
  const main = body(random, "m", names, undefined);
  const routines = names.flatMap((name, n) => [
    `${name}:`,
    "    stmg %r6,%r15,48(%r15)",
    "    lay %r15,-160(%r15)",
    `    lgr ${pointer(random)},%r2`,
    `    lgr ${pointer(random)},%r3`,
    ...body(random, `${name}b`, names.slice(n + 1), "%r6"),
    ...pick(random, [
      ["    lmg %r6,%r15,208(%r15)", "    br %r14"],
      ["    lg %r4,272(%r15)", "    lmg %r6,%r15,208(%r15)", "    br %r4"],
    ]),
  ]);
  return (rounds) =>
    [
      ...lines,
      `    lgfi %r13,${rounds}`,
      "outer: lghi %r11,7",
      "inner:",
      ...main,
      "    brctg %r11,inner",
      "    brctg %r13,outer",
      "    j over",
      ...routines,
      "over:",
      "",
    ].join("\n");
}
