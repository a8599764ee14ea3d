/** General instructions in which QEMU 7.2 is wrong or crashes, over again from the Principles of Operation. */
import { type Case, type MachineState, type Outcome, windows } from "../case.ts";
import { bigEndian } from "../edge-values.ts";
import { changesBetween, contentsWith, windowAt } from "../window-contents.ts";

const mask64 = (1n << 64n) - 1n;

function completed({ before, bytes }: Case, changes: Partial<MachineState> = {}): Outcome {
  return { state: { ...before, storage: [], address: before.address + BigInt(bytes.length), ...changes } };
}

/** LOAD ADDRESS RELATIVE LONG: twice the signed 32-bit field from the instruction. */
export function loadAddressRelativeLong(subject: Case): Outcome {
  const { before, bytes } = subject;
  const offset = 2n * BigInt(Buffer.from(bytes).readInt32BE(2));
  const address = (before.address + offset) & mask64;
  return completed(subject, { gr: before.gr.with((bytes[1] ?? 0) >> 4, address) });
}

/** ROTATE THEN {AND, OR, EXCLUSIVE OR} SELECTED BITS; bit 0 of I3 asks for the condition code only. */
export const rotateThen =
  (operation: (a: bigint, b: bigint) => bigint) =>
  (subject: Case): Outcome => {
    const { before, bytes } = subject;
    const [, registers = 0, i3 = 0, i4 = 0, i5 = 0] = bytes;
    const first = before.gr[registers >> 4] ?? 0n;
    const second = before.gr[registers & 15] ?? 0n;
    const [start, end, amount] = [i3 & 63, i4 & 63, BigInt(i5 & 63)];
    const rotated = ((second << amount) | (second >> (64n - amount))) & mask64;
    let selected = 0n;
    for (let bit = start; ; bit = (bit + 1) & 63) {
      selected |= 1n << BigInt(63 - bit);
      if (bit === end) break;
    }
    const result = operation(first, rotated) & selected;
    const value = (i3 & 0x80) === 0 ? (first & ~selected) | result : first;
    return completed(subject, { gr: before.gr.with(registers >> 4, value), cc: result === 0n ? 0 : 1 });
  };

/** STORE MULTIPLE HIGH: bits 0-31 of R1 to R3, one word each. */
export function storeMultipleHigh(subject: Case): Outcome {
  const { before, bytes } = subject;
  const [, registers = 0, b = 0, low = 0, high = 0] = bytes;
  const [r1, r3] = [registers >> 4, registers & 15];
  const base = b >> 4 === 0 ? 0n : (before.gr[b >> 4] ?? 0n);
  const displacement = BigInt.asIntN(20, BigInt((high << 12) | ((b & 15) << 8) | low));
  const address = (base + displacement) & mask64;
  const words = Array.from({ length: ((r3 - r1) & 15) + 1 }, (_, n) =>
    bigEndian((before.gr[(r1 + n) & 15] ?? 0n) >> 32n, 4),
  );
  const stored = Buffer.concat(words);
  const contents = contentsWith(before.storage);
  const old = contents.map((window) => window.slice());
  const window = windowAt(address, stored.length);
  if (window === undefined) return { interruption: { class: "access" }, state: { ...before, storage: [] } };
  contents[windows.indexOf(window)]?.set(stored, Number(address - window.address));
  return completed(subject, { storage: changesBetween(old, contents) });
}

/** MOVE RIGHT TO LEFT: byte by byte from the right, one more than the rightmost byte of general register 0 says. */
export function moveRightToLeft(subject: Case): Outcome {
  const { before, bytes } = subject;
  const [, , b1 = 0, low1 = 0, b2 = 0, low2 = 0] = bytes;
  const address = (b: number, low: number): bigint =>
    ((b >> 4 === 0 ? 0n : (before.gr[b >> 4] ?? 0n)) + BigInt(((b & 15) << 8) | low)) & mask64;
  const [to, from] = [address(b1, low1), address(b2, low2)];
  const length = Number((before.gr[0] ?? 0n) & 0xffn) + 1;
  const contents = contentsWith(before.storage);
  const old = contents.map((window) => window.slice());
  const [target, source] = [windowAt(to, length), windowAt(from, length)];
  if (target === undefined || source === undefined) {
    return { interruption: { class: "access" }, state: { ...before, storage: [] } };
  }
  const [written, read] = [contents[windows.indexOf(target)], contents[windows.indexOf(source)]];
  for (let n = length - 1; n >= 0; n--) {
    const byte = read?.[Number(from - source.address) + n] ?? 0;
    written?.fill(byte, Number(to - target.address) + n, Number(to - target.address) + n + 1);
  }
  return completed(subject, { storage: changesBetween(old, contents) });
}
