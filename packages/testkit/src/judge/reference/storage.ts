import type { Case } from "../case.ts";
import { contentsWith, windowAt } from "../window-contents.ts";
import { windows } from "../case.ts";

/** A case's storage before the instruction, as a function that gives an operand's bytes, or undefined outside the windows. */
export function storageOf({ before }: Case): (address: bigint, length: number) => Uint8Array | undefined {
  const contents = contentsWith(before.storage);
  return (address, length) => {
    const window = windowAt(address, length);
    if (window === undefined) return undefined;
    const offset = Number(address - window.address);
    return contents[windows.indexOf(window)]?.subarray(offset, offset + length);
  };
}

/** Four bits of the instruction, by their number from the left. */
export function digit({ bytes }: Case, number: number): number {
  const byte = bytes[number >> 1] ?? 0;
  return number % 2 === 0 ? byte >> 4 : byte & 15;
}

/** Base and displacement of four hexadecimal digits, from the given one on. */
export function operandAddress(subject: Case, from: number): bigint {
  const base = digit(subject, from);
  const displacement = [1, 2, 3].reduce((sum, n) => sum * 16 + digit(subject, from + n), 0);
  const contents = base === 0 ? 0n : (subject.before.gr[base] ?? 0n);
  return BigInt.asUintN(64, contents + BigInt(displacement));
}

/** Bytes in storage order as a number. */
export const unsigned = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
