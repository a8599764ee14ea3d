import fc from "fast-check";
import { instructions } from "@lockframe/instructions";
import { describe, expect, test } from "vitest";
import { AssemblyError, createAssembler } from "../src/index.ts";
import type { AssembleOptions, Diagnostic } from "../src/index.ts";

const assembler = createAssembler(instructions);

const hex = (text: string, options?: AssembleOptions): string =>
  Buffer.from(assembler.assemble(text, options).bytes).toString("hex");

function diagnose(text: string): readonly Diagnostic[] {
  try {
    assembler.assemble({ name: "test.s", text });
  } catch (error) {
    if (error instanceof AssemblyError) return error.diagnostics;
    throw error;
  }
  return [];
}

const doublings = (count: number, operator: string): string =>
  Array.from({ length: count }, (_, i) => `a${i + 1} = a${i} ${operator} a${i}\n`).join("");
const chain = (count: number): string =>
  Array.from({ length: count }, (_, i) => `a${i} = a${i + 1}\n`).join("");

/** What the GNU assembler makes of the same line. */
const agreed: readonly (readonly [source: string, bytes: string])[] = [
  ["lr %r1,%r2", "1812"],
  ["lr r1,2", "1812"],
  ["sam64", "010e"],
  ["svc 5", "0a05"],
  ["br %r14", "07fe"],
  ["ber %r14", "078e"],
  ["nopr", "0700"],
  ["nopr %r7", "0707"],
  ["nop", "47000000"],
  ["b 4(%r1,%r2)", "47f12004"],
  ["bnz 8(%r3)", "47703008"],
  ["lghi %r1,-1", "a719ffff"],
  ["j .", "a7f40000"],
  ["j .+8", "a7f40004"],
  ["jne .-2", "a774ffff"],
  ["jgz .", "c08400000000"],
  ["jg .", "c0f400000000"],
  ["brc 4,.", "a7440000"],
  ["brasl %r14,.+0x100", "c0e500000080"],
  ["jas %r1,.", "a7150000"],
  ["larl %r3,.", "c03000000000"],
  ["lg %r1,8", "e31000080004"],
  ["lg %r1,8(%r2)", "e31020080004"],
  ["lg %r1,8(%r2,0)", "e31200080004"],
  ["lg %r1,8(,%r2)", "e31020080004"],
  ["lg %r1,-1(%r2,%r3)", "e3123fffff04"],
  ["lay %r15,-160(%r15)", "e3f0ff60ff71"],
  ["mvc 0(8,%r1),4(%r2)", "d20710002004"],
  ["mvc 8(1),4", "d20000080004"],
  ["pack 0(2,%r1),4(16,%r2)", "f21f10002004"],
  ["mvck 0(%r1,%r2),3(%r4),%r5", "d91520004003"],
  ["tm 0(%r1),0x80", "91801000"],
  ["mvghi 8(%r1),-2", "e5481008fffe"],
  ["agsi 0(%r1),-1", "ebff1000007a"],
  ["lctlg %c0,%c15,0(%r1)", "eb0f1000002f"],
  ["lam_is_not_here: ear %r1,%a2", "b24f0012"],
  ["ldgr %f1,%r2", "b3c10012"],
  ["lgdr %r1,%f2", "b3cd0012"],
  ["cgije %r1,3,.", "ec180000037c"],
  ["cgijnle %r1,3,.", "ec120000037c"],
  ["clgij %r1,200,8,.", "ec180000c87d"],
  ["cgrjl %r1,%r2,.+4", "ec1200024064"],
  ["cgrte %r1,%r2", "b9608012"],
  ["locgrnz %r1,%r2", "b9e27012"],
  ["locghio %r1,7", "ec1100070046"],
  ["stocgh %r1,8(%r2)", "eb12200800e3"],
  ["risbg %r1,%r2,3,132,5", "ec1203840555"],
  ["diag %r1,%r3,0x308", "83130308"],
  ["sigp %r1,%r3,0x12", "ae130012"],
  ["srp 0(4,%r1),5(%r2),3", "f03310002005"],
  ["mvcos 0(%r1),8(%r2),%r3", "c83010002008"],
  ["plo %r1,0(%r2),%r3,8(%r4)", "ee1320004008"],
];

test.each(agreed)("%s", (source, bytes) => {
  expect(hex(source)).toBe(bytes);
});

describe("data", () => {
  test("numbers are big-endian, signed or unsigned", () => {
    expect(hex(".byte 1,-1,0xff\n.short -2\n.long 0x80000000\n.quad -1, 1")).toBe(
      "01ffff" + "fffe" + "80000000" + "ffffffffffffffff" + "0000000000000001",
    );
  });

  test("text in ASCII and EBCDIC", () => {
    expect(hex(String.raw`.ascii "a#\n", "\x41"`)).toBe("61230a41");
    expect(hex(`.asciz "a"`)).toBe("6100");
    expect(hex(`.ebcdic "zIPL"`)).toBe("a9c9d7d3");
    expect(hex(`.byte 'a','\\''`)).toBe("6127");
  });

  test("space", () => {
    expect(hex(".byte 1\n.align 4\n.byte 2\n.skip 2,0xee\n.org 12,'x'")).toBe(
      "01000000" + "02eeee" + "7878787878",
    );
  });
});

describe("symbols", () => {
  test("labels, differences and definitions that look ahead", () => {
    expect(hex("size = end - begin\nbegin: .quad end-begin\n.equ twice, size*2\n.byte twice\nend:")).toBe(
      "000000000000000912",
    );
  });

  test("numeric labels mean the nearest one", () => {
    expect(hex("1: j 1f\n1: j 1b\n j 1b")).toBe("a7f40002" + "a7f40000" + "a7f4fffe");
  });

  test("operators bind as in C", () => {
    expect(hex(".long 2+3*4, (2+3)*4, 1<<4|3, 0xff&~0xf, 7-2-1, 9/2%3, -(1+1)")).toBe(
      ["0e", "14", "13", "f0", "04", "01"].map((byte) => `000000${byte}`).join("") + "fffffffe",
    );
  });

  test("a leading .org says where the program begins, later ones fill", () => {
    const program = assembler.assemble(
      "limit = 0x80000000\n.org limit\nstart: .byte 1\n.org start+4\n.quad .",
    );
    expect(program.origin).toBe(0x8000_0000n);
    expect(Buffer.from(program.bytes).toString("hex")).toBe("010000000000000080000004");
    expect(program.symbols.get("start")).toBe(0x8000_0000n);
  });

  test("the caller's origin and symbols", () => {
    expect(hex(".org 0x1004\n.long answer", { origin: 0x1000, symbols: { answer: 42 } })).toBe(
      "000000000000002a",
    );
  });

  test("several sources are one program; comments are no code", () => {
    const sources = [
      { name: "a.s", text: "* heading\n# note\n  j there # go" },
      { name: "b.s", text: "there:" },
    ];
    expect(Buffer.from(assembler.assemble(sources).bytes).toString("hex")).toBe("a7f40002");
  });

  test("the listing says where each line went", () => {
    const { listing } = assembler.assemble("\n lr 1,2\n .byte 7", { origin: 16 });
    expect(listing.map(({ place, address, bytes }) => [place.line, address, [...bytes]])).toEqual([
      [2, 16n, [0x18, 0x12]],
      [3, 18n, [7]],
    ]);
  });
});

describe("mistakes", () => {
  const cases: readonly (readonly [source: string, code: string, column: number, words: RegExp])[] = [
    [" lr %r1,%r2 @", "LF-ASM-001", 13, /cannot read @/],
    [" lr %r16,%r2", "LF-ASM-007", 5, /%r16/],
    [' .ascii "abc', "LF-ASM-001", 9, /string does not end/],
    [" .byte 010", "LF-ASM-001", 8, /octal/],
    [" lr %r1,,%r2", "LF-ASM-002", 9, /expected a number.*found ,/],
    [" lr %r1,%r2 %r3", "LF-ASM-002", 13, /unexpected %r3/],
    [" frob %r1", "LF-ASM-003", 2, /unknown instruction frob/],
    [" .frob 1", "LF-ASM-004", 2, /unknown directive .frob/],
    [" lr %r1", "LF-ASM-005", 2, /takes 2 operands, found 1/],
    [" lr %c1,%r2", "LF-ASM-006", 5, /R1 of lr is a general register/],
    [" lctlg %r1,%c2,0", "LF-ASM-006", 8, /R1 of lctlg is a control register/],
    [" lghi %r1,%r2", "LF-ASM-006", 11, /I2 of lghi is a number/],
    [" mvc 0(,%r1),0", "LF-ASM-006", 6, /needs a length/],
    [" stfle 0(%r1,%r2)", "LF-ASM-006", 8, /too many subscripts/],
    [" lghi %r1,0x8000", "LF-ASM-007", 11, /I2 is 32768, not between -32768 and 32767/],
    [" l %r1,4096", "LF-ASM-007", 8, /D2 is 4096/],
    [" mvc 0(257,%r1),0", "LF-ASM-007", 8, /length 257/],
    [" .byte 256", "LF-ASM-007", 8, /256 does not fit into 1 bytes/],
    [" j .+0x10000", "LF-ASM-007", 4, /65536 bytes away/],
    [" .align 3", "LF-ASM-007", 9, /power of two/],
    [" .quad nowhere", "LF-ASM-008", 8, /nowhere is not defined/],
    ["a: \na:", "LF-ASM-009", 1, /a is already defined at test.s:1:1/],
    [".equ a, b\n.equ b, a", "LF-ASM-010", 9, /defined through itself/],
    [".byte 1\n .org 0", "LF-ASM-011", 7, /1 bytes before/],
    [" j .+1", "LF-ASM-012", 4, /halfword/],
    [" .skip later\nlater:", "LF-ASM-013", 8, /depends on later/],
    [' .ebcdic "€"', "LF-ASM-014", 10, /code page 500/],
    [' .ascii "€"', "LF-ASM-014", 9, /Latin-1/],
    [" .byte 1/0", "LF-ASM-015", 9, /division by zero/],
    [" .skip 1<<40", "LF-ASM-016", 9, /not between 0 and/],
  ];

  test.each(cases)("%j", (source, code, column, words) => {
    const [first, ...more] = diagnose(source);
    expect(first).toMatchObject({ code, place: { file: "test.s", column } });
    expect(first?.message).toMatch(words);
    expect(more.length).toBeLessThanOrEqual(code === "LF-ASM-010" ? 1 : 0);
  });

  test("all are told at once, each with its place", () => {
    expect(() => assembler.assemble({ name: "x.s", text: "a:\n lr 1\n b a\n frob\n" })).toThrow(
      "x.s:4:2: LF-ASM-003",
    );
    const text = " j one\n lghi 1,1<<20\n j two";
    expect(diagnose(text).map(({ code, place }) => [code, place.line])).toEqual([
      ["LF-ASM-008", 1],
      ["LF-ASM-007", 2],
      ["LF-ASM-008", 3],
    ]);
  });

  const exhausting: readonly (readonly [what: string, source: string, code: string])[] = [
    ["space", " .skip 0x1000000\n".repeat(5), "LF-ASM-016"],
    ["parentheses", ` .quad ${"(".repeat(100_000)}`, "LF-ASM-016"],
    ["signs", ` .quad ${"-".repeat(100_000)}1`, "LF-ASM-016"],
    ["operators", ` .quad 1${"+1".repeat(100_000)}`, "LF-ASM-016"],
    ["digits", "a0=1<<64\n" + doublings(64, "*") + " .quad a64", "LF-ASM-007"],
    ["steps", "a0=1\n" + doublings(64, "+") + " .byte a64", "LF-ASM-007"],
    ["a chain", chain(20_000) + " .quad a0\na20000=1", "LF-ASM-016"],
  ];

  test.each(exhausting)("a program cannot exhaust the host: %s", (_, source, code) => {
    expect(diagnose(source)[0]?.code).toBe(code);
  });

  test("no source makes the assembler fail in any other way", () => {
    const words =
      ' lr j .quad .skip .org .align .ascii a: a 1: 1b 1f %r1 %f2 ( ) , + - * / << 0x10 = "x" # \n \n . \' é';
    const word = fc.constantFrom(...words.split(" "), "\n");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 40 }), (parts) => {
        for (const { code, place } of diagnose(parts.join(" "))) {
          expect(code).toMatch(/^LF-ASM-0\d\d$/);
          expect(place.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
