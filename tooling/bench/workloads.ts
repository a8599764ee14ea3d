/** The rows of guest workloads as data: what runs in the guest, how much of it, and what must come out. */
import type { Build } from "./toolchain.ts";

/** How much a workload does: `full` takes the peer about a second, `short` asks for the result alone. */
export type Size = "full" | "short";

/** Rows that are judged together by a geometric mean. */
export type Group = "integer" | "strings" | "memory" | "floating point" | "system calls" | "processes";

/** The ratio that each row of a group is to reach, and its geometric mean where more is asked of that. */
export const needs: Readonly<Record<Group, number>> = {
  integer: 1.2,
  strings: 4,
  memory: 1,
  "floating point": 1,
  "system calls": 4,
  processes: 1.2,
};
export const meanNeeds: Readonly<Record<string, number>> = { ...needs, integer: 1.6 };

export interface Workload {
  readonly name: string;
  readonly group: Group;
  readonly builds: readonly Build[];
  /** Amounts of work. */
  readonly scale: Readonly<Record<Size, number>>;
  /** Shell commands in the guest; `$W` is the workloads program, `$N` the amount. What is timed prints the result. */
  readonly before?: string;
  readonly command: string;
  readonly after?: string;
  /** What it prints, by size. Source: the same program run by qemu-user, where possible also natively on x86-64. */
  readonly result: Readonly<Record<Size, string>>;
}

const both: readonly Build[] = ["z10", "z13"];
/** Where the C library, which chooses at run time what suits the machine, or the kernel does the work. */
const one: readonly Build[] = ["z10"];

const program = (
  name: string,
  group: Group,
  full: number,
  short: number,
  result: Readonly<Record<Size, string>>,
  built: readonly Build[] = one,
): Workload => ({ name, group, builds: built, scale: { full, short }, command: `$W ${name} $N`, result });

/** A tree of text files in a tmpfs, about 250 KiB for each unit. */
const makeTree = "cd /tmp && rm -rf * && $W make-tree $N tree > /dev/null";

export const workloads: readonly Workload[] = [
  // Several programs in one: compiling takes as long as a run of the others, which half of the runs would otherwise wait for.
  program(
    "mix",
    "integer",
    24000,
    20,
    { full: "checksum a285fbc110e5c96c", short: "checksum 3737a6258edcb359" },
    both,
  ),
  program(
    "sha256",
    "integer",
    20,
    1,
    { full: "checksum 0524a7610d638d14", short: "checksum 3c302da080a0defc" },
    both,
  ),
  program(
    "crc32",
    "integer",
    96,
    1,
    { full: "checksum 00000000ae99c297", short: "checksum 00000000299258bd" },
    both,
  ),
  program(
    "sort",
    "integer",
    500,
    20,
    { full: "checksum 703297457ad7d3c7", short: "checksum b663238f41c6c1e4" },
    both,
  ),
  program(
    "sieve",
    "integer",
    12,
    1,
    { full: "checksum ac091cb9182d5c61", short: "checksum 87e2993215f74d8c" },
    both,
  ),
  program(
    "switch",
    "integer",
    1500,
    8,
    { full: "checksum 008d2bef66ce54fb", short: "checksum 31ccb797712bba05" },
    both,
  ),
  program(
    "calls",
    "integer",
    37,
    20,
    { full: "checksum 6b43173b91620df2", short: "checksum 375789635fdc3fae" },
    both,
  ),
  program(
    "lz",
    "integer",
    30,
    1,
    { full: "checksum 20f787c322446f07", short: "checksum 5beac7fbb9d1497f" },
    both,
  ),
  program("strlen", "strings", 3000, 10, {
    full: "checksum 000000000c5662cc",
    short: "checksum 00000000000a86d6",
  }),
  program("strcmp", "strings", 2000, 10, {
    full: "checksum 00000000007ac91b",
    short: "checksum 0000000000009d30",
  }),
  program("strcpy", "strings", 2000, 10, {
    full: "checksum b9f7c60b7eae3948",
    short: "checksum 3477f39910938c95",
  }),
  program("memchr", "strings", 3000, 10, {
    full: "checksum 000000004327b28d",
    short: "checksum 0000000000395082",
  }),
  program("memcpy", "memory", 1024, 8, {
    full: "checksum 5307938e5eb6831e",
    short: "checksum 90b7af10f6686477",
  }),
  program("memset", "memory", 1024, 16, {
    full: "checksum 7914d0dff2e12ff7",
    short: "checksum 88201db960ff60ff",
  }),
  program("chase", "memory", 6, 0, { full: "checksum 0f5b823261d072ba", short: "checksum a8c7f832281a39c5" }),
  program("random", "memory", 80, 1, {
    full: "checksum 8e535c776d49b616",
    short: "checksum 481926236d3f906d",
  }),
  program(
    "matmul",
    "floating point",
    3,
    1,
    { full: "checksum 90f48e94299362fd", short: "checksum c8e523ded960b406" },
    both,
  ),
  program(
    "nbody",
    "floating point",
    80,
    1,
    { full: "checksum 32c2ca6e2fec076e", short: "checksum ea0c4d4fad89c99b" },
    both,
  ),
  program(
    "mandelbrot",
    "floating point",
    250,
    20,
    { full: "checksum 10621015ceee4fad", short: "checksum c5d62e911fe1285c" },
    both,
  ),
  // A large part of the C library: as for `mix`.
  program("printf-long-double", "floating point", 240, 1, {
    full: "checksum 391bdf91b2b7d576",
    short: "checksum 268d2ccb76bc9cb7",
  }),
  program("getppid", "system calls", 1000, 2, {
    full: "checksum 00000000000f4240",
    short: "checksum 00000000000007d0",
  }),
  program("pipe", "system calls", 20, 1, {
    full: "checksum 198bbbad8ddb43c5",
    short: "checksum ab622389226b20bd",
  }),
  program("fork-exec", "processes", 500, 4, {
    full: "checksum 00000000000001f4",
    short: "checksum 0000000000000004",
  }),
  program("mmap", "processes", 40, 2, {
    full: "checksum 300d2a37aa9e1725",
    short: "checksum 4f6ac58a91a7fc25",
  }),
  {
    name: "gzip",
    group: "processes",
    builds: one,
    scale: { full: 12, short: 1 },
    before: `${makeTree}; cat tree/*/* > all`,
    command: "gzip -c < all > all.gz && gunzip -c < all.gz > back",
    after: "cmp all back && wc -c < all.gz",
    result: { full: "924360", short: "72669" },
  },
  {
    name: "tar",
    group: "processes",
    builds: one,
    scale: { full: 12, short: 1 },
    before: `${makeTree}; mkdir out`,
    command: "tar -cf all.tar tree && tar -xf all.tar -C out",
    after: "$W hash-tree 1 out/tree",
    result: { full: "checksum d2f1e4d65bd9977b", short: "checksum 170f7645944339bb" },
  },
];
