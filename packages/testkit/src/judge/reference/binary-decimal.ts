/** CONVERT TO BINARY and CONVERT TO DECIMAL over again, from the Principles of Operation ("General Instructions"). */
import type { Case, MachineState, Outcome } from "../case.ts";
import { bigEndian } from "../edge-values.ts";
import { changesBetween, contentsWith, windowAt } from "../window-contents.ts";
import { windows } from "../case.ts";

interface Shape {
  readonly toBinary: boolean;
  /** Bits of the register, bytes of the packed number. */
  readonly bits: 32 | 64;
  readonly bytes: 8 | 16;
}

const shapes: Readonly<Record<string, Shape>> = {
  CVB: { toBinary: true, bits: 32, bytes: 8 },
  CVBY: { toBinary: true, bits: 32, bytes: 8 },
  CVBG: { toBinary: true, bits: 64, bytes: 16 },
  CVD: { toBinary: false, bits: 32, bytes: 8 },
  CVDY: { toBinary: false, bits: 32, bytes: 8 },
  CVDG: { toBinary: false, bits: 64, bytes: 16 },
};

/** Instructions that `binaryDecimalReference` knows. */
export const binaryDecimalInstructions: readonly string[] = Object.keys(shapes);

/** The outcome of a case of one of `binaryDecimalInstructions`. */
export function binaryDecimalReference(subject: Case): Outcome | undefined {
  const { before, bytes, mnemonic } = subject;
  const shape = shapes[mnemonic];
  if (shape === undefined) return undefined;
  const r1 = (bytes[1] ?? 0) >> 4;
  const unchanged: MachineState = { ...before, storage: [] };
  const completed = { ...unchanged, address: before.address + BigInt(bytes.length) };
  const contents = contentsWith(before.storage);
  const old = contents.map((window) => window.slice());
  const operand = operandIn(contents, operandAddress(subject), shape.bytes);
  if (operand === undefined) return { interruption: { class: "access" }, state: unchanged };
  const register = before.gr[r1] ?? 0n;
  if (!shape.toBinary) {
    const value = BigInt.asIntN(shape.bits, register);
    const digits = (value < 0n ? -value : value).toString();
    operand.set(bigEndian(BigInt(`0x${digits}${value < 0n ? "d" : "c"}`), shape.bytes));
    return { state: { ...completed, storage: changesBetween(old, contents) } };
  }
  const packed = Buffer.from(operand).toString("hex");
  if (!/^[0-9]*[a-f]$/.test(packed)) {
    return { interruption: { class: "data" }, state: { ...unchanged, fpc: (before.fpc & ~0xff00) >>> 0 } };
  }
  const magnitude = BigInt(packed.slice(0, -1));
  const value = /[bd]$/.test(packed) ? -magnitude : magnitude;
  const right = BigInt.asUintN(shape.bits, value);
  const result = shape.bits === 64 ? right : (register & ~0xffff_ffffn) | right;
  const gr = before.gr.with(r1, result);
  if (value === BigInt.asIntN(shape.bits, value)) return { state: { ...completed, gr } };
  // The 32-bit forms complete before the exception, the 64-bit form suppresses.
  return {
    interruption: { class: "fixed-point-divide" },
    state: shape.bits === 32 ? { ...unchanged, gr } : unchanged,
  };
}

/** Base, index and displacement of RX and RXY. */
function operandAddress({ before, bytes }: Case): bigint {
  const [, x = 0, b = 0, low = 0, high = 0] = bytes;
  const register = (number: number): bigint => (number === 0 ? 0n : (before.gr[number] ?? 0n));
  const short = ((b & 15) << 8) | low;
  const displacement = bytes.length === 4 ? BigInt(short) : BigInt.asIntN(20, BigInt((high << 12) | short));
  return BigInt.asUintN(64, register(b >> 4) + register(x & 15) + displacement);
}

function operandIn(contents: readonly Uint8Array[], address: bigint, length: number): Uint8Array | undefined {
  const window = windowAt(address, length);
  const offset = Number(address - (window?.address ?? 0n));
  return window && contents[windows.indexOf(window)]?.subarray(offset, offset + length);
}
