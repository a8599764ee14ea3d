/** Where two engines differ, in words. */
import { LockframeError } from "@lockframe/architecture";
import type { Storage } from "@lockframe/memory";
import type { Cpu } from "../cpu.ts";
import { Event, cpu as at } from "../state.ts";
import { pageOf } from "./follower.ts";

/** Something that should be the same: by name, and as each side has it. */
export interface Difference {
  readonly what: string;
  readonly interpreter: string;
  readonly compiled: string;
}

/** An instruction that was executed: its address, its bytes in hexadecimal, its source text. */
export interface Step {
  readonly address: bigint;
  readonly code: string;
  readonly text: string;
}

export interface Report {
  readonly cpu: number;
  /** Instructions that were alike before. */
  readonly alike: number;
  readonly differences: readonly Difference[];
  /** What was executed since both were last alike, the last of it at the end. */
  readonly steps: readonly Step[];
  /** How many steps are not shown before those. */
  readonly omitted: number;
  readonly note: string | undefined;
}

/** Two engines did not do the same. */
export class EngineDifference extends LockframeError {
  readonly report: Report;

  constructor(report: Report) {
    super("LF-ENGINE-001", textOf(report), "This is a bug in Lockframe: one of its engines is wrong.");
    this.name = "EngineDifference";
    this.report = report;
  }
}

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, "0");

/** What differs between two CPUs in the same place. */
export function differencesOf(interpreter: Cpu, compiled: Cpu): Difference[] {
  const found: Difference[] = [];
  const compare = (what: string, size: 4 | 8, offset: number): void => {
    const of = (cpu: Cpu): bigint => (size === 8 ? cpu.u64(offset) : BigInt(cpu.u32(offset)));
    const [a, b] = [of(interpreter), of(compiled)];
    if (a !== b) found.push({ what, interpreter: hex(a, 2 * size), compiled: hex(b, 2 * size) });
  };
  compare("PSW mask", 8, at.pswMask);
  compare("PSW address", 8, at.pswAddress);
  compare("condition code", 4, at.cc);
  for (let n = 0; n < 16; n++) compare(`general register ${n}`, 8, at.gr + 8 * n);
  for (let n = 0; n < 16; n++) compare(`access register ${n}`, 4, at.ar + 4 * n);
  for (let n = 0; n < 16; n++) compare(`control register ${n}`, 8, at.cr + 8 * n);
  for (let n = 0; n < 32; n++) {
    compare(n < 16 ? `floating-point register ${n}` : `vector register ${n}, left`, 8, at.vr + 16 * n + 8);
    compare(`vector register ${n}, right`, 8, at.vr + 16 * n);
  }
  compare("floating-point control", 4, at.fpc);
  compare("prefix", 4, at.prefix);
  compare("TOD programmable register", 4, at.todProgrammable);
  compare("breaking-event address", 8, at.breakingEvent);
  compare("event", 4, at.event);
  const event = compiled.u32(at.event);
  if (event !== interpreter.u32(at.event)) return found;
  if (event === Event.program || event === Event.programAfter) {
    compare("interruption code", 4, at.programCode);
    compare("instruction length", 4, at.instructionLength);
    compare("translation-exception identification", 8, at.teid);
    compare("exception access identification", 4, at.accessId);
    compare("data-exception code", 4, at.dxc);
  }
  if (event === Event.supervisorCall) compare("supervisor-call number", 4, at.svcNumber);
  return found;
}

/** What differs in pages of storage and in their keys. */
export function storageDifferences(
  interpreter: Storage,
  compiled: Storage,
  pages: Iterable<number>,
): Difference[] {
  const found: Difference[] = [];
  for (const page of pages) {
    const [a, b] = [pageOf(interpreter, page), pageOf(compiled, page)];
    if (Buffer.compare(a, b) === 0) continue;
    // Storage is reversed: the first address is the last byte.
    let offset = 0;
    while (a[4095 - offset] === b[4095 - offset]) offset += 1;
    const from = page * 4096 + (offset & ~7);
    const bytesAt = (storage: Storage): string => Buffer.from(storage.fetch(from, 16)).toString("hex");
    found.push({
      what: `storage at absolute ${hex(from, 8)}`,
      interpreter: bytesAt(interpreter),
      compiled: bytesAt(compiled),
    });
  }
  return found;
}

function textOf({ cpu, alike, differences, steps, omitted, note }: Report): string {
  const width = Math.max(...differences.map(({ what }) => what.length));
  const column = Math.max(11, ...differences.map(({ interpreter }) => interpreter.length));
  const lines = steps.map(({ address, code, text }) => `  ${hex(address, 16)}  ${code.padEnd(12)}  ${text}`);
  return [
    `the engines differ on CPU ${cpu} after ${alike.toLocaleString("en")} instructions.`,
    `  ${"".padEnd(width)}  ${"interpreter".padEnd(column)}  compiled`,
    ...differences.map(
      ({ what, interpreter, compiled }) =>
        `  ${what.padEnd(width)}  ${interpreter.padEnd(column)}  ${compiled}`,
    ),
    ...(steps.length > 0 ? ["Executed since both were alike, the last one at the end:"] : []),
    ...(omitted > 0 ? [`  (${omitted} before these)`] : []),
    ...lines,
    ...(note === undefined ? [] : [note]),
  ].join("\n");
}
