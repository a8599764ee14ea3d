/**
 * The program that both sides run: case after case in supervisor or problem state, in any addressing mode, with what
 * each left behind copied to a record. Interruption handlers end a case; a disabled wait ends the program.
 */
import { assemble } from "@lockframe/assembler";

/** A few instructions in a state of their own. */
export interface SystemCase {
  readonly name: string;
  /** Bits 0-63 of the PSW at its start. */
  readonly mask: bigint;
  /** Contents of general registers by number: a number, or an expression with labels. Others have a pattern. */
  readonly gr?: Readonly<Record<number, bigint | string>>;
  /** Control registers, by number. */
  readonly cr?: Readonly<Record<number, bigint>>;
  /** What runs; the SUPERVISOR CALL behind it ends the case, as does any program interruption. `$` is the case's own prefix for labels. */
  readonly code: string;
}

/** What a case left behind. */
export interface SystemRecord {
  readonly gr: readonly bigint[];
  readonly cr: readonly bigint[];
  readonly ar: readonly number[];
  /** Absolute 80 to BF: codes and parameters of the interruption. */
  readonly parameters: string;
  readonly svcOld: string;
  readonly programOld: string;
  readonly breakingEvent: bigint;
  readonly key: number;
  readonly prefix: number;
  /** Pages of the window, their first bytes. */
  readonly window: readonly string[];
}

/** Where things lie; absolute addresses below 1 MiB are mapped to themselves when DAT is on. */
export const place = {
  descriptors: 0x2_0000,
  code: 0x4_0000,
  /** Pages for the cases to work on: usable, not mapped, protected, and the usable one of the secondary space. */
  window: 0xc_0000,
  segmentTable: 0xd_0000,
  secondarySegmentTable: 0xd_1000,
  pageTable: 0xd_2000,
  secondaryPageTable: 0xd_2800,
  records: 0x10_0000,
} as const;
const PAGE = 0x1000;
const WINDOW_PAGES = 4;
const WINDOW_BYTES = 128;
export const RECORD_SIZE = 0x600;
const DESCRIPTOR_SIZE = 288;
const WINDOW_KEY = 0x30;

const pageEntry = (page: number, secondary: boolean): number => {
  const address = page * PAGE;
  if (address === place.window && secondary) return place.window + 3 * PAGE;
  if (address === place.window + PAGE) return 0x400;
  if (address === place.window + 2 * PAGE) return address | 0x200;
  return address;
};
const pageTable = (secondary: boolean): string =>
  Array.from({ length: 256 }, (_, page) => `    .quad ${pageEntry(page, secondary)}`).join("\n");
/** One segment; addresses of others are not there. */
const segmentTable = (table: number): string => `    .quad ${table}\n${"    .quad 0x20\n".repeat(511)}`;

/** CR0 with AFP registers, as for most of what Linux runs. */
const defaultCr = (n: number): bigint =>
  ({
    0: 0x40000n,
    1: BigInt(place.segmentTable),
    7: BigInt(place.secondarySegmentTable),
    13: BigInt(place.segmentTable),
    14: 0xc200_0000n,
  })[n] ?? 0n;
const pattern = (n: number): bigint => 0x0101_0101_0101_0101n * BigInt(n);

const quads = (values: readonly (bigint | string)[]): string =>
  values.map((value) => `    .quad ${value}`).join("\n");

function descriptor({ mask, gr = {}, cr = {} }: SystemCase, n: number): string {
  const numbers = Array.from({ length: 16 }, (_, register) => register);
  const own = (text: bigint | string): bigint | string =>
    typeof text === "string" ? text.replaceAll("$", `case${n}`) : text;
  return quads([
    ...numbers.map((register) => own(gr[register] ?? pattern(register))),
    ...numbers.map((register) => cr[register] ?? defaultCr(register)),
    mask,
    `case${n}`,
    0n,
    0n,
  ]);
}

const codeOf = ({ code }: SystemCase, n: number): string =>
  `    .balign 8\ncase${n}:\n${code.replaceAll("$", `case${n}`)}\n    svc 0xff`;

/** The image to be loaded at 0, which starts at its short PSW. */
export function buildProgram(cases: readonly SystemCase[]): Uint8Array {
  return assemble(
    {
      name: "system-judge",
      text: `
    .quad  0x0008000180000400
    .org   0x1c0
    .quad  0x0000000180000000, ended
    .quad  0x0000000180000000, ended
    .org   0x300
    .quad  ${place.records}, ${place.descriptors}
    .org   0x400
    j      next
ended:
    stmg   %r0,%r15,0x200
    lg     %r15,0x300
    mvc    0(128,%r15),0x200
    stctg  %c0,%c15,0x80(%r15)
    stam   %a0,%a15,0x100(%r15)
    mvc    0x140(64,%r15),0x80
    mvc    0x180(16,%r15),0x140
    mvc    0x190(16,%r15),0x150
    mvc    0x1a0(8,%r15),0x110
    stpx   0x1a8(%r15)
    llilh  %r1,${place.window >> 16}
    lghi   %r0,0
    iske   %r0,%r1
    stg    %r0,0x1b0(%r15)
    la     %r14,0x200(%r15)
    lghi   %r2,${WINDOW_PAGES}
copy:
    mvc    0(${WINDOW_BYTES},%r14),0(%r1)
    aghi   %r14,${WINDOW_BYTES}
    aghi   %r1,${PAGE}
    brctg  %r2,copy
    aghi   %r15,${RECORD_SIZE}
    stg    %r15,0x300
next:
    lctlg  %c0,%c15,defaults
    xc     0x80(64),0x80
    xc     0x110(8),0x110
    xc     0x140(32),0x140
    llilh  %r1,${place.window >> 16}
    lghi   %r2,${WINDOW_PAGES}
    lghi   %r0,${WINDOW_KEY}
fill:
    larl   %r3,template
    mvc    0(${WINDOW_BYTES},%r1),0(%r3)
    xc     ${WINDOW_BYTES}(256,%r1),${WINDOW_BYTES}(%r1)
    sske   %r0,%r1
    aghi   %r1,${PAGE}
    brctg  %r2,fill
    larl   %r3,zeros
    lam    %a0,%a15,0(%r3)
    ptlb
    lg     %r14,0x308
    larl   %r13,descriptorsEnd
    cgr    %r14,%r13
    je     done
    mvc    0x320(16),256(%r14)
    lctlg  %c0,%c15,128(%r14)
    la     %r13,${DESCRIPTOR_SIZE}(%r14)
    stg    %r13,0x308
    lmg    %r0,%r15,0(%r14)
    lpswe  0x320
done:
    larl   %r1,end
    lpswe  0(%r1)
    .balign 8
end:
    .quad  0x0002000180000000, 0x600d
defaults:
${quads(Array.from({ length: 16 }, (_, n) => defaultCr(n)))}
zeros:
    .zero  64
template:
${quads(Array.from({ length: WINDOW_BYTES / 8 }, (_, n) => 0x1020_3040_5060_7080n + BigInt(n) * 0x0101n))}
    .org   ${place.descriptors}
${cases.map(descriptor).join("\n")}
descriptorsEnd:
    .org   ${place.code}
${cases.map(codeOf).join("\n")}
    .org   ${place.segmentTable}
${segmentTable(place.pageTable)}
${segmentTable(place.secondaryPageTable)}
${pageTable(false)}
${pageTable(true)}
`,
    },
    { origin: 0 },
  ).bytes;
}

export function readRecord(bytes: Uint8Array): SystemRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hex = (at: number, length: number): string =>
    Buffer.from(bytes.subarray(at, at + length)).toString("hex");
  const numbers = Array.from({ length: 16 }, (_, n) => n);
  return {
    gr: numbers.map((n) => view.getBigUint64(8 * n)),
    cr: numbers.map((n) => view.getBigUint64(0x80 + 8 * n)),
    ar: numbers.map((n) => view.getUint32(0x100 + 4 * n)),
    parameters: hex(0x140, 64),
    svcOld: hex(0x180, 16),
    programOld: hex(0x190, 16),
    breakingEvent: view.getBigUint64(0x1a0),
    prefix: view.getUint32(0x1a8),
    key: Number(view.getBigUint64(0x1b0)),
    window: Array.from({ length: WINDOW_PAGES }, (_, n) => hex(0x200 + n * WINDOW_BYTES, WINDOW_BYTES)),
  };
}
