/** Programs of random instructions that always come to an end: loops are counted, other branches go forward. */
import type { Random } from "../judge/random.ts";

const pick = <T>(random: Random, list: readonly T[]): T => {
  const chosen = list[random.below(list.length)];
  if (chosen === undefined) throw new Error("nothing to pick from");
  return chosen;
};
/** Registers 0 to 10 are the program's; 11 counts the inner loop, 12 has the data's address, 13 counts the outer loop. */
const register = (random: Random): string => `%r${random.below(11)}`;
const operand = (random: Random, size: number): string => `${random.below(0x300 - size)}(%r12)`;
const immediate = (random: Random): number => pick(random, [0, 1, -1, 2, 127, -128, 32767, -32768, 255]);
const mask = (random: Random): number => random.below(16);

const registers =
  "agr agfr ar algr alr sgr sr slgr slr ngr nr ogr or xgr xr lgr lr ltgr ltr lcgr lcr lpgr lngr lpr lgfr llgfr llgcr lghr alcgr slbgr alcr slbr cgr cr clgr clr msgr msr flogr".split(
    " ",
  );
const fetches: readonly (readonly [string, number])[] = [
  ...["lg", "ag", "sg", "ng", "og", "xg", "cg", "clg", "alg", "slg", "ltg"].map((m) => [m, 8] as const),
  ...["l", "a", "s", "n", "o", "x", "c", "cl", "al", "sl", "lt", "lgf", "llgf", "agf"].map(
    (m) => [m, 4] as const,
  ),
  ...["lh", "ah", "ch", "lgh", "llgh", "mh"].map((m) => [m, 2] as const),
  ...["ic", "llgc", "lgb"].map((m) => [m, 1] as const),
];
const stores: readonly (readonly [string, number])[] = [
  ["stg", 8],
  ["st", 4],
  ["sth", 2],
  ["stc", 1],
];

type Maker = (random: Random) => string;
const makers: readonly Maker[] = [
  (r) => `${pick(r, registers)} ${pick(r, ["%r0", "%r2", "%r4", "%r6"])},${register(r)}`,
  (r) => `${pick(r, registers)} ${pick(r, ["%r0", "%r2", "%r8", "%r10"])},${register(r)}`,
  (r) => `${pick(r, ["aghi", "ahi", "cghi", "chi", "lghi", "lhi", "mghi"])} ${register(r)},${immediate(r)}`,
  (r) => `${pick(r, ["nill", "nilh", "oill", "tmll", "tmlh", "llill"])} ${register(r)},${r.below(0x1_0000)}`,
  (r) => `${pick(r, ["sllg", "srlg", "srag", "rllg", "slag"])} ${register(r)},${register(r)},${r.below(64)}`,
  (r) =>
    `risbg ${register(r)},${register(r)},${r.below(64)},${r.below(64) + 128 * r.below(2)},${r.below(64)}`,
  (r) => {
    const [mnemonic, size] = pick(r, fetches);
    return `${mnemonic} ${register(r)},${operand(r, size)}`;
  },
  (r) => {
    const [mnemonic, size] = pick(r, stores);
    return `${mnemonic} ${register(r)},${operand(r, size)}`;
  },
  (r) => `${pick(r, ["agsi", "asi", "algsi", "alsi"])} ${operand(r, 8)},${r.below(256) - 128}`,
  (r) => `${pick(r, ["tm", "cli", "mvi", "ni", "oi"])} ${operand(r, 1)},${r.below(256)}`,
  (r) =>
    `${pick(r, ["mvc", "clc", "xc", "oc"])} ${r.below(0x200)}(${r.below(64) + 1},%r12),${operand(r, 64)}`,
  (r) => `${pick(r, ["lmg", "stmg", "lm", "stm"])} %r${r.below(5)},%r${5 + r.below(5)},${operand(r, 128)}`,
  (r) => `ipm ${register(r)}`,
  (r) => `${pick(r, ["locgr", "locr"])} ${register(r)},${register(r)},${mask(r)}`,
];

/** Blocks of instructions with branches between them, in a loop within a loop that runs so often. */
export function randomProgram(random: Random): (rounds: number) => string {
  const blocks = 4 + random.below(8);
  const lines: string[] = [];
  for (let n = 0; n <= 10; n++) lines.push(`    lgfi %r${n},${random.below(0x7fff_ffff)}`);
  lines.push("outer: lghi %r11,12", "inner:");
  for (let n = 0; n < blocks; n++) {
    lines.push(`b${n}:`);
    for (let k = 1 + random.below(7); k > 0; k--) lines.push(`    ${pick(random, makers)(random)}`);
    const to = n + 1 + random.below(blocks - n);
    const there = to >= blocks ? "last" : `b${to}`;
    lines.push(`    ${branch(random, there)}`);
  }
  lines.push("last: brctg %r11,inner", "    brctg %r13,outer");
  return (rounds) => `    llilf %r12,data\n    lgfi %r13,${rounds}\n${lines.join("\n")}\n`;
}

const branch = (random: Random, there: string): string =>
  pick(random, [
    `brc ${mask(random)},${there}`,
    `brc ${mask(random)},${there}`,
    `cgrj ${register(random)},${register(random)},${2 * random.below(8)},${there}`,
    `clij ${register(random)},${random.below(256)},${2 * random.below(8)},${there}`,
    `j ${there}`,
  ]);
