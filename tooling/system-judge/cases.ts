/**
 * The cases: privileged and control instructions, and what depends on the addressing mode, with operands at random.
 * QEMU 7.2 aborts in access-register mode and when a PSW has bit 31 without bit 32, so those are not among them.
 */
import type { Random } from "@lockframe/testkit";
import { place, type SystemCase } from "./program.ts";

const PAGE = 0x1000n;
const WINDOW = BigInt(place.window);
const UNMAPPED = WINDOW + PAGE;
const PROTECTED = WINDOW + 2n * PAGE;
/** Beyond the 64 MiB that both machines have. */
const NOWHERE = 0x7000_0000n;

const mode = { 24: 0n, 31: 0x8000_0000n, 64: 0x1_8000_0000n } as const;
type Mode = keyof typeof mode;
const modes: readonly Mode[] = [24, 31, 64];
const DAT = 1n << 58n;
const PROBLEM = 1n << 48n;
const SECONDARY = 1n << 47n;
const HOME = 3n << 46n;
const key = (n: number): bigint => BigInt(n) << 52n;
const programMask = (n: number): bigint => BigInt(n) << 40n;

/** Bits that the mode ignores in an address. */
const aboveMode = { 24: 0xdead_beef_ff00_0000n, 31: 0x1234_5678_8000_0000n, 64: 0n } as const;

/** One line of the table: what runs, with registers that hold what its operands need. */
interface Family {
  readonly name: string;
  readonly code: string | readonly string[];
  /** Registers, made anew for each case. */
  readonly gr?: (random: Random, mode: Mode) => Readonly<Record<number, bigint | string>>;
  readonly cr?: (random: Random) => Readonly<Record<number, bigint>>;
  /** PSW bits besides the addressing mode: one of these. */
  readonly psw?: readonly bigint[];
  readonly modes?: readonly Mode[];
}

/** An address somewhere in the window, with bits that the mode must ignore. */
function address(random: Random, m: Mode, ...places: bigint[]): bigint {
  // In 24 bits, every address is somewhere.
  const usable = places.filter((wanted) => m !== 24 || wanted !== NOWHERE);
  const base = random.pick(usable.length > 0 ? usable : [WINDOW, WINDOW + 0x40n]);
  return base + BigInt(8 * random.below(4)) + (random.below(2) === 0 ? aboveMode[m] : 0n);
}
const small = (random: Random): bigint => BigInt(random.below(16));
const everywhere = [WINDOW, WINDOW + 1n, UNMAPPED, PROTECTED, PROTECTED + PAGE, NOWHERE];

/** Operands in the window: registers 2 and 4 have addresses, 6 and 8 values. */
const operands = (random: Random, m: Mode): Record<number, bigint> => ({
  2: address(random, m),
  4: address(random, m, WINDOW + 0x30n, WINDOW + PAGE * 3n),
  6: random.bits64(),
  8: random.bits64(),
});
const anywhere = (random: Random, m: Mode): Record<number, bigint> => ({
  2: address(random, m, ...everywhere),
  4: address(random, m, ...everywhere),
  6: random.bits64(),
  8: random.bits64(),
});
const all = [0n, DAT, PROBLEM, DAT | PROBLEM];
const supervisorOrProblem = [0n, PROBLEM];

const branches: readonly Family[] = [
  { name: "BALR", code: "balr %r6,%r4\n nopr\n$t: nopr", gr: () => ({ 4: "$t" }) },
  { name: "BALR, no branch", code: "balr %r6,%r0", psw: [0n, programMask(0xa)] },
  {
    name: "BAL",
    code: "bal %r6,0(%r4)\n nopr\n$t: nopr",
    gr: () => ({ 4: "$t" }),
    psw: [0n, programMask(5)],
  },
  { name: "BASR", code: "basr %r6,%r4\n nopr\n$t: nopr", gr: () => ({ 4: "$t" }) },
  { name: "BAS", code: "bas %r6,0(%r4)\n nopr\n$t: nopr", gr: () => ({ 4: "$t" }) },
  { name: "BRAS", code: "bras %r6,$t\n nopr\n$t: nopr" },
  { name: "BRASL", code: "brasl %r6,$t\n nopr\n$t: nopr" },
  ...["$t", "$t+0x80000000", "$t+1"].map((to) => ({
    name: `BSM to ${to}`,
    code: "bsm %r6,%r4\n nopr\n$t: nopr",
    gr: () => ({ 4: to }),
  })),
  ...["$t", "$t+0x80000000", "$t+1"].map((to) => ({
    name: `BASSM to ${to}`,
    code: "bassm %r6,%r4\n nopr\n$t: nopr",
    gr: () => ({ 4: to }),
  })),
  { name: "BSM without a branch", code: "bsm %r6,%r0", gr: (r) => ({ 6: r.bits64() }) },
  { name: "BCR to an odd address", code: "bcr 15,%r4\n$t: nopr", gr: () => ({ 4: "$t+1" }) },
  { name: "BCR to nowhere", code: "bcr 15,%r4", gr: (r, m) => ({ 4: address(r, m, NOWHERE) }) },
  {
    name: "BXH",
    code: "bxh %r6,%r8,$t-$(%r10)\n nopr\n$t: nopr",
    gr: (r) => ({ 6: r.bits64(), 8: r.bits64(), 9: r.bits64(), 10: "$" }),
  },
  {
    name: "BRXLE",
    code: "brxle %r6,%r8,$t\n nopr\n$t: nopr",
    gr: (r) => ({ 6: r.bits64(), 8: r.bits64(), 9: r.bits64() }),
  },
  {
    name: "BRCT",
    code: "brct %r6,$t\n nopr\n$t: nopr",
    gr: (r) => ({ 6: BigInt(r.below(3)) | (1n << 40n) }),
  },
  { name: "SAM24", code: "sam24\n basr %r6,%r0\n la %r7,0x123(%r8)", gr: (r) => ({ 8: r.bits64() }) },
  { name: "SAM31", code: "sam31\n basr %r6,%r0\n la %r7,0x123(%r8)", gr: (r) => ({ 8: r.bits64() }) },
  { name: "SAM64", code: "sam64\n basr %r6,%r0\n la %r7,0x123(%r8)", gr: (r) => ({ 8: r.bits64() }) },
  {
    name: "EX of BALR",
    code: "ex %r0,$x-$(%r10)\n nopr\n j $t\n$x: balr %r6,%r4\n$t: nopr",
    gr: () => ({ 4: "$t", 10: "$" }),
  },
  { name: "EXRL of BRAS", code: "exrl %r0,$x\n nopr\n j $t\n$x: bras %r6,$t\n nopr\n$t: nopr" },
  {
    name: "EXRL of BCR",
    code: "exrl %r0,$x\n nopr\n j $t\n$x: bcr 15,%r4\n$t: nopr\n .short 0",
    gr: () => ({ 4: "$t" }),
  },
];

const addressing: readonly Family[] = [
  { name: "LA", code: "la %r1,0x7ff(%r6,%r8)", gr: operands },
  { name: "LAY", code: "lay %r1,-5(%r6,%r8)", gr: operands },
  { name: "LARL", code: "larl %r1,$t\n$t: nopr" },
  { name: "L", code: "l %r1,0(%r2)", gr: anywhere, psw: all },
  { name: "LG", code: "lg %r1,4(%r2)", gr: anywhere, psw: all },
  { name: "ST", code: "st %r6,4(%r2)", gr: anywhere, psw: all },
  { name: "STG", code: "stg %r6,0(%r2)", gr: anywhere, psw: all },
  { name: "STM", code: "stm %r6,%r9,0(%r2)", gr: anywhere, psw: all },
  { name: "LMG", code: "lmg %r5,%r9,0(%r2)", gr: anywhere, psw: all },
  { name: "MVC", code: "mvc 0(20,%r2),4(%r4)", gr: anywhere, psw: all },
  { name: "CLC", code: "clc 0(20,%r2),4(%r4)", gr: anywhere, psw: all },
  { name: "TR", code: "tr 0(8,%r2),0(%r4)", gr: operands, psw: all },
  {
    name: "MVCL",
    code: "mvcl %r2,%r4",
    gr: (r, m) => ({
      ...operands(r, m),
      3: BigInt(r.below(40)) | (0xffn << 32n),
      5: BigInt(r.below(40)) | (0x40n << 24n),
    }),
    psw: [0n, DAT],
  },
  {
    name: "CLCL",
    code: "clcl %r2,%r4",
    gr: (r, m) => ({ ...operands(r, m), 3: BigInt(r.below(40)), 5: BigInt(r.below(40)) }),
    psw: [0n, DAT],
  },
  {
    name: "MVCLE",
    code: "mvcle %r2,%r4,0x40",
    gr: (r, m) => ({ ...operands(r, m), 3: BigInt(r.below(40)), 5: BigInt(r.below(40)) }),
    psw: [0n, DAT],
  },
  {
    name: "SRST",
    code: "lghi %r0,0x70\n srst %r2,%r4",
    gr: (r, m) => ({ 4: address(r, m), 2: address(r, m, WINDOW + 0x70n) }),
  },
  {
    name: "MVST",
    code: "lghi %r0,0\n mvst %r2,%r4",
    gr: (r, m) => ({ 2: address(r, m), 4: address(r, m, WINDOW + 3n * PAGE) }),
  },
  { name: "CLST", code: "lghi %r0,0\n clst %r2,%r4", gr: operands },
  { name: "CKSM", code: "cksm %r6,%r4", gr: (r, m) => ({ ...operands(r, m), 5: BigInt(r.below(30)) }) },
  { name: "CS", code: "cs %r6,%r8,0(%r2)", gr: anywhere, psw: all },
  {
    name: "LOCATE beyond the mode's end",
    code: "l %r1,0(%r2)",
    gr: () => ({ 2: 0x00ff_fffdn }),
    modes: [24],
  },
];

const storageKeys: readonly Family[] = [
  { name: "SSKE", code: "sske %r6,%r2", gr: anywhere, psw: supervisorOrProblem },
  { name: "ISKE", code: "iske %r6,%r2", gr: anywhere, psw: supervisorOrProblem },
  { name: "RRBE", code: "rrbe %r6,%r2\n iske %r7,%r2", gr: anywhere, psw: supervisorOrProblem },
  {
    name: "TPROT",
    code: "tprot 0(%r2),0(%r6)",
    gr: (r, m) => ({ ...anywhere(r, m), 6: BigInt(16 * r.below(16)) }),
    psw: all,
  },
  { name: "key 5 fetches", code: "l %r1,0(%r2)", gr: operands, psw: [key(5), key(3), key(5) | DAT] },
  {
    name: "key 5 stores",
    code: "st %r1,0(%r2)",
    gr: operands,
    psw: [key(5), key(3), key(5) | DAT, key(3) | DAT],
  },
  {
    name: "key 5 under fetch protection",
    code: "lghi %r1,0x38\n sske %r1,%r2\n spka 0x50\n l %r1,0(%r2)",
    gr: operands,
  },
  {
    name: "SPKA",
    code: "spka 0(%r6)\n epsw %r1,%r7",
    gr: (r) => ({ 6: r.bits64() }),
    psw: [0n, PROBLEM],
    cr: (r) => ({ 3: BigInt(r.below(0x10000)) << 16n }),
  },
  { name: "IPK", code: "ipk", psw: [key(7), key(9) | PROBLEM] },
  {
    name: "PFMF",
    code: "pfmf %r6,%r2",
    gr: (r, m) => ({
      ...operands(r, m),
      2: WINDOW,
      6: 0x20000n | (BigInt(r.below(2)) << 15n) | BigInt(r.below(128) * 2),
    }),
    psw: supervisorOrProblem,
  },
  {
    name: "TB",
    code: "lghi %r0,0\n tb %r0,%r2",
    gr: (r, m) => ({ 2: address(r, m, WINDOW, NOWHERE) }),
    psw: supervisorOrProblem,
  },
];

const control: readonly Family[] = [
  { name: "STCTG", code: "stctg %c1,%c3,0(%r2)", gr: anywhere, psw: all },
  { name: "STCTL", code: "stctl %c13,%c1,0(%r2)", gr: anywhere, psw: all },
  { name: "LCTL", code: "lctl %c2,%c4,0(%r2)", gr: operands, psw: supervisorOrProblem },
  { name: "LCTLG", code: "lctlg %c2,%c4,0(%r2)", gr: operands, psw: supervisorOrProblem },
  { name: "EPSW", code: "epsw %r6,%r7", psw: [0n, key(4) | programMask(9), PROBLEM, DAT | SECONDARY] },
  { name: "STNSM", code: "stnsm 0(%r2),0xfc\n epsw %r6,%r7", gr: anywhere, psw: supervisorOrProblem },
  {
    name: "STOSM",
    code: "stosm 0(%r2),0x04\n epsw %r6,%r7\n stnsm 0(%r2),0xfb",
    gr: operands,
    psw: supervisorOrProblem,
  },
  {
    name: "SSM",
    code: "ssm 0(%r2)\n epsw %r6,%r7",
    gr: (r, m) => ({ 2: address(r, m, NOWHERE, WINDOW + 1n) }),
    psw: [PROBLEM],
  },
  { name: "STPX", code: "stpx 0(%r2)", gr: anywhere, psw: supervisorOrProblem },
  { name: "STAP", code: "stap 0(%r2)", gr: anywhere, psw: supervisorOrProblem },
  {
    name: "SPX that may not be",
    code: "spx 0(%r2)",
    gr: (r, m) => ({ 2: address(r, m, WINDOW + 2n, NOWHERE) }),
    psw: supervisorOrProblem,
  },
  {
    name: "IAC",
    code: "iac %r6",
    psw: [0n, DAT, DAT | SECONDARY, DAT | HOME, PROBLEM | DAT],
    cr: () => ({ 0: 0x4_0000n | (1n << 27n) }),
  },
  {
    name: "SAC",
    code: "sac 0(%r6)\n iac %r7",
    gr: (r) => ({ 6: BigInt(r.pick([0, 1, 3, 4])) << 8n }),
    psw: [0n, DAT, DAT | PROBLEM],
    cr: () => ({ 0: 0x4_0000n | (1n << 26n) }),
  },
  {
    name: "SACF",
    code: "sacf 0(%r6)\n iac %r7",
    gr: (r) => ({ 6: BigInt(r.pick([0, 1, 3, 4])) << 8n }),
    psw: [0n, DAT, DAT | PROBLEM],
    cr: () => ({ 0: 0x4_0000n | (1n << 26n) }),
  },
  { name: "EPAR", code: "epar %r6", psw: [0n, DAT, DAT | PROBLEM], cr: (r) => ({ 4: r.bits64() }) },
  { name: "ESAR", code: "esar %r6", psw: [0n, DAT, DAT | PROBLEM], cr: (r) => ({ 3: r.bits64() }) },
  { name: "PTLB", code: "ptlb", psw: supervisorOrProblem },
  { name: "LURA", code: "lura %r6,%r2", gr: anywhere, psw: all },
  { name: "LURAG", code: "lurag %r6,%r2", gr: anywhere, psw: all },
  { name: "STURA", code: "stura %r6,%r2", gr: operands, psw: all },
  { name: "STURG", code: "sturg %r6,%r2", gr: operands, psw: all },
  { name: "SPM", code: "spm %r6\n ipm %r7", gr: (r) => ({ 6: r.bits64() }) },
  { name: "IPM", code: "ipm %r6", psw: [programMask(0), programMask(0xf)] },
  { name: "SVC", code: "svc 7" },
  {
    name: "MC",
    code: "mc 0x123(%r6),5",
    gr: (r) => ({ 6: r.bits64() }),
    cr: (r) => ({ 8: BigInt(r.below(0x10000)) }),
  },
  { name: "operation", code: ".long 0" },
  { name: "EX of EX", code: "ex %r0,$x-$(%r4)\n$x: ex %r0,0", gr: () => ({ 4: "$" }) },
  { name: "EXRL of EXRL", code: "exrl %r0,$x\n$x: exrl %r0,$x" },
  { name: "odd EX target", code: "ex %r0,1(%r4)", gr: () => ({ 4: "$" }) },
  { name: "DIAG in problem state", code: "diag %r2,%r4,0x308", psw: [PROBLEM] },
  { name: "SERVC in problem state", code: "servc %r2,%r4", psw: [PROBLEM] },
  { name: "SIGP in problem state", code: "sigp %r2,%r4,1", psw: [PROBLEM] },
  { name: "PTLB after LCTLG", code: "lctlg %c1,%c1,0(%r2)", psw: [PROBLEM | DAT], gr: operands },
];

const spaces: readonly Family[] = [
  { name: "LRA", code: "lra %r6,0(%r2)", gr: anywhere, psw: all },
  { name: "LRAG", code: "lrag %r6,0(%r2)", gr: anywhere, psw: all },
  { name: "LRAY", code: "lray %r6,-8(%r2)", gr: anywhere, psw: [DAT, DAT | SECONDARY] },
  {
    name: "MVCP",
    code: "mvcp 0(%r6,%r2),0(%r4),%r8",
    gr: (r, m) => ({ ...operands(r, m), 6: BigInt(r.below(300)), 8: small(r) << 4n }),
    psw: [DAT, DAT | PROBLEM, 0n],
    cr: () => ({ 0: 0x4_0000n | (1n << 26n), 3: 0xffff_0000n }),
  },
  {
    name: "MVCS",
    code: "mvcs 0(%r6,%r2),0(%r4),%r8",
    gr: (r, m) => ({ ...operands(r, m), 6: BigInt(r.below(100)), 8: small(r) << 4n }),
    psw: [DAT, DAT | PROBLEM, 0n],
    cr: () => ({ 0: 0x4_0000n | (1n << 26n), 3: 0xffff_0000n }),
  },
  {
    name: "MVCK",
    code: "mvck 0(%r6,%r2),0(%r4),%r8",
    gr: (r, m) => ({ ...operands(r, m), 6: BigInt(r.below(100)), 8: small(r) << 4n }),
    psw: [0n, DAT, DAT | PROBLEM],
    cr: () => ({ 3: 0xffff_0000n }),
  },
  {
    name: "MVCSK",
    code: "mvcsk 0(%r2),0(%r4)",
    gr: (r, m) => ({ ...operands(r, m), 0: BigInt(r.below(100)), 1: small(r) << 4n }),
    psw: [0n, DAT, DAT | PROBLEM],
    cr: () => ({ 3: 0xffff_0000n }),
  },
  {
    name: "MVCDK",
    code: "mvcdk 0(%r2),0(%r4)",
    gr: (r, m) => ({ ...operands(r, m), 0: BigInt(r.below(100)), 1: small(r) << 4n }),
    psw: [0n, DAT, DAT | PROBLEM],
    cr: () => ({ 3: 0xffff_0000n }),
  },
  {
    name: "MVCOS",
    code: "mvcos 0(%r2),0(%r4),%r6",
    gr: (r, m) => ({
      ...operands(r, m),
      0: r.pick([0n, 0x10000n, 0x810000n, 0x810081n, 0x81n]),
      6: BigInt(r.below(100)),
    }),
    psw: [DAT, DAT | HOME],
    cr: () => ({ 0: 0x4_0000n | (1n << 26n), 3: 0xffff_0000n }),
  },
  { name: "secondary space", code: "mvc 0(16,%r2),0(%r4)", gr: anywhere, psw: [DAT | SECONDARY] },
  { name: "home space", code: "mvc 0(16,%r2),0(%r4)", gr: anywhere, psw: [DAT | HOME] },
  {
    name: "low-address protection",
    code: "stg %r6,0(%r2)",
    gr: (r) => ({ 2: r.pick([0x1f8n, 0x1f9n, 0x200n, 0x11f8n, 0x1200n]) }),
    psw: [0n, DAT],
    cr: () => ({ 0: 0x4_0000n | (1n << 28n) }),
  },
];

const newPsws: readonly (readonly [what: string, psw: string])[] = [
  ["valid", "0x0000000180000000, $t"],
  ["31-bit", "0x0000000080000000, $t"],
  ["24-bit", "0x0000000000000000, $t"],
  ["an odd address", "0x0000000180000000, $t+1"],
  ["bit 0", "0x8000000180000000, $t"],
  ["bit 12", "0x0008000180000000, $t"],
  ["bit 24", "0x0000008180000000, $t"],
  ["bit 33", "0x00000001c0000000, $t"],
  ["a 24-bit address too long", "0x0000000000000000, $t+0x1000000"],
  ["a 31-bit address too long", "0x0000000080000000, $t+0x80000000"],
  ["problem state and key", "0x0051100180000000, $t"],
  ["nowhere", "0x0000000180000000, 0x70000000"],
];
const shortPsws: readonly (readonly [what: string, psw: string])[] = [
  ["valid", "0x0008000180000000+$t"],
  ["31-bit", "0x0008000080000000+$t"],
  ["24-bit", "0x0008000000000000+$t"],
  ["without bit 12", "0x0000000180000000+$t"],
  ["an odd address", "0x0008000180000001+$t"],
  ["problem state", "0x0059300180000000+$t"],
];
const programStatus: readonly Family[] = [
  ...newPsws.map(([what, psw]) => ({
    name: `LPSWE: ${what}`,
    code: `lpswe $p-$(%r4)\n .balign 8\n$p: .quad ${psw}\n$t: basr %r6,%r0`,
    gr: () => ({ 4: "$" }),
    psw: supervisorOrProblem,
  })),
  ...shortPsws.map(([what, psw]) => ({
    name: `LPSW: ${what}`,
    code: `lpsw $p-$(%r4)\n .balign 8\n$p: .quad ${psw}\n$t: basr %r6,%r0`,
    gr: () => ({ 4: "$" }),
    psw: supervisorOrProblem,
  })),
];

const families = [...branches, ...addressing, ...storageKeys, ...control, ...spaces, ...programStatus];

/** Each family in each of its modes and states, `times` over. */
export function makeCases(random: Random, times: number): SystemCase[] {
  const cases: SystemCase[] = [];
  for (const { name, code, gr, cr, psw = [0n], modes: own = modes } of families)
    for (const m of own)
      for (const bits of psw)
        for (let n = 0; n < times; n++)
          cases.push({
            name: `${name}, ${m}-bit${describe(bits)}`,
            mask: mode[m] | bits,
            code: String(code),
            ...(gr !== undefined && { gr: gr(random, m) }),
            ...(cr !== undefined && { cr: cr(random) }),
          });
  return cases;
}

function describe(bits: bigint): string {
  const space = (bits >> 46n) & 3n;
  return [
    bits & DAT ? `, DAT${["", " (access registers)", " (secondary)", " (home)"][Number(space)] ?? ""}` : "",
    bits & PROBLEM ? ", problem state" : "",
    (bits >> 52n) & 15n ? `, key ${(bits >> 52n) & 15n}` : "",
    (bits >> 40n) & 15n ? `, program mask ${(bits >> 40n) & 15n}` : "",
  ].join("");
}
