import {
  backgroundState,
  backgroundVectors,
  type Case,
  instructionAddresses,
  type MachineState,
  type StorageBytes,
  windows,
} from "./case.ts";
import { type BinaryFormat, bigEndian, edgeFloat, edgeInteger, packedDecimal } from "./edge-values.ts";
import { edgeVector, likeVector, type VectorKind } from "./edge-vectors.ts";
import type { DataKind } from "./hints.ts";
import type { Random } from "./random.ts";
import { windowAt } from "./window-contents.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A case in the making: registers and storage that get their values one after the other. */
export class CaseBuilder {
  readonly random: Random;
  readonly gr: bigint[];
  readonly ar: number[];
  readonly fr: bigint[];
  /** Vector registers, in a case that is about them. */
  readonly vr: bigint[] | undefined;
  readonly address: bigint;
  /** Length of the program that will stand at `address`. */
  readonly length: number;
  readonly #state: Mutable<MachineState>;
  readonly #storage: StorageBytes[] = [];
  readonly #operands: bigint[] = [];
  /** Registers that hold operand values. */
  readonly #valued: number[] = [];

  /** Vector registers that hold operand values. */
  readonly #vectors: number[] = [];

  constructor(random: Random, length: number, vectors = false) {
    this.random = random;
    this.length = length;
    this.#state = { ...backgroundState() };
    this.gr = [...this.#state.gr];
    this.ar = [...this.#state.ar];
    this.fr = [...this.#state.fr];
    this.vr = vectors ? backgroundVectors() : undefined;
    const fitting = instructionAddresses.filter((at) => windowAt(at, length) !== undefined);
    this.address = random.chance(0.8) ? (instructionAddresses[0] ?? 0n) : random.pick(fitting);
    this.#state.address = this.address;
    this.#state.cc = random.below(4);
    this.#state.fpc = edgeFpc(random);
  }

  /** Program mask: exceptions that are masked off unless this is called. */
  enableProgramExceptions(mask: number): void {
    this.#state.programMask = mask;
  }

  /** A register operand's number: any, often one that has been used, even or a pair where asked for. */
  registerNumber(used: readonly number[], only?: "even" | "float-pair"): number {
    const { random } = this;
    if (used.length > 0 && random.chance(0.15)) {
      return random.pick(used);
    }
    const number = random.below(16);
    if (random.chance(0.03)) {
      return number;
    }
    return only === "even" ? number & 14 : only === "float-pair" ? number & 13 : number;
  }

  /** Gives the general, access and floating-point registers of this number values of interest. */
  setValue(number: number, float: BinaryFormat | undefined): void {
    const { random } = this;
    const earlier = this.#valued.length > 0 && random.chance(0.25) ? random.pick(this.#valued) : undefined;
    this.#valued.push(number);
    this.gr[number] = earlier === undefined ? edgeInteger(random) : relative(random, this.gr[earlier] ?? 0n);
    this.ar[number] = random.word();
    const format = random.chance(0.05) ? undefined : float;
    if (format === undefined) {
      this.fr[number] = edgeInteger(random);
    } else if (earlier !== undefined) {
      this.fr[number] = (this.fr[earlier] ?? 0n) ^ random.pick([0n, 0n, 1n << 63n, 1n, 1n << 32n]);
    } else if (format === "short") {
      this.fr[number] = (edgeFloat(random, "short") << 32n) | BigInt(random.word());
    } else if (format === "long") {
      this.fr[number] = edgeFloat(random, "long");
    } else {
      const datum = edgeFloat(random, "extended");
      this.fr[number] = datum >> 64n;
      this.fr[(number + 2) & 15] = BigInt.asUintN(64, datum);
    }
  }

  /** Gives a vector register elements of interest, often like those of one before. */
  setVector(number: number, kind: VectorKind): void {
    const { random, vr } = this;
    if (vr === undefined) throw new Error("the case is not about vector registers");
    const earlier = this.#vectors.length > 0 && random.chance(0.5) ? random.pick(this.#vectors) : undefined;
    this.#vectors.push(number);
    const value = edgeVector(random, kind);
    vr[number] = earlier === undefined ? value : likeVector(random, vr[earlier] ?? 0n, value);
  }

  /** An address for `length` bytes of data: mostly inside a window, often where something can go wrong. */
  dataAddress(length: number): bigint {
    const { random } = this;
    const earlier = this.#operands.at(-1);
    if (earlier !== undefined && random.chance(0.3)) {
      return BigInt.asUintN(64, earlier + BigInt(random.below(2 * length + 1) - length));
    }
    const { address: start } = random.pick(windows.slice(1));
    const page = 0x1000n;
    const span = BigInt(random.below(length + 2));
    switch (random.below(20)) {
      case 0:
        return start - span; // before the window
      case 1:
      case 2:
        return start + 2n * page - span; // at or across its end
      case 3:
      case 4:
      case 5:
        return start + page - span; // across its middle
      case 6:
        return random.chance(0.2) ? random.doubleword() | (1n << 62n) : start; // nowhere
      case 7:
      case 8:
      case 9:
      case 10:
        return start + BigInt(random.below(0x1800) & ~15);
      case 11:
      case 12:
      case 13:
        return start + BigInt(random.below(0x1800) & ~7);
      default:
        return start + 0x200n + BigInt(random.below(0x1600));
    }
  }

  /** An address that is aligned on the given boundary in most cases. */
  alignedDataAddress(length: number): bigint {
    const address = this.dataAddress(length);
    return this.random.chance(0.85) ? address & -BigInt(length) : address;
  }

  /** Where a branch may go: halfwords of zeros in the code window outside the program; seldom where no code is. */
  branchTarget(): bigint {
    const { random } = this;
    if (random.chance(0.04)) {
      return random.pick([
        windows[2].address + 0x2000n,
        windows[0].address - 2n,
        windows[0].address + 0x2000n,
      ]);
    }
    for (;;) {
      const target = windows[0].address + BigInt(random.below(0x2000) & ~1);
      if (target + 2n <= this.address || target >= this.address + BigInt(this.length)) {
        return target;
      }
    }
  }

  /** Notes an operand's address, so that a later one may overlap with it. */
  noteOperand(address: bigint): void {
    this.#operands.push(address);
  }

  /** Puts bytes of a kind at an address, as far as a data window is there. */
  fill(address: bigint, length: number, kind: DataKind): void {
    this.put(address, dataOf(this.random, kind, length, this.#related()));
  }

  /** Puts bytes at an address, as far as a data window is there. */
  put(address: bigint, bytes: Uint8Array): void {
    for (const window of windows.slice(1)) {
      const end = window.address + BigInt(window.size);
      const from = address < window.address ? window.address : address;
      const to = address + BigInt(bytes.length) < end ? address + BigInt(bytes.length) : end;
      if (from < to) {
        this.#storage.push({
          address: from,
          bytes: bytes.slice(Number(from - address), Number(to - address)),
        });
      }
    }
  }

  /** Puts code into the code window. */
  putCode(address: bigint, bytes: Uint8Array): void {
    this.#storage.push({ address, bytes });
  }

  build(mnemonic: string, bytes: Uint8Array): Case {
    const state: MachineState = {
      ...this.#state,
      gr: this.gr.map((value) => BigInt.asUintN(64, value)),
      ar: this.ar.map((value) => value >>> 0),
      fr: this.fr.map((value) => BigInt.asUintN(64, value)),
      ...(this.vr && { vr: this.vr }),
      storage: this.#storage,
    };
    return { mnemonic, bytes, before: state };
  }

  /** A value that storage may repeat, so that comparisons meet equality. */
  #related(): bigint {
    const number = this.random.pick([...this.#valued, 0]);
    return (this.random.chance(0.7) ? this.gr[number] : this.fr[number]) ?? 0n;
  }
}

/** A value with which another makes zero, a carry, an equality, or just not. */
function relative(random: Random, value: bigint): bigint {
  const near = value + BigInt(random.pick([0, 0, 0, 1, -1]));
  const related = random.pick([near, near, -near, -near, ~near, near ^ (1n << 31n), near ^ (1n << 63n)]);
  const half = random.chance(0.2) ? random.doubleword() & (0xffff_ffffn << 32n) : 0n;
  return BigInt.asUintN(64, half === 0n ? related : (related & 0xffff_ffffn) | half);
}

/** A valid FPC: mostly nothing but a rounding mode, else masks and flags too. */
function edgeFpc(random: Random): number {
  const rounding = random.chance(0.3) ? random.pick([0, 1, 2, 3, 7]) : 0;
  const masks = random.chance(0.25) ? random.below(32) << 27 : 0;
  const flags = random.chance(0.2) ? random.below(32) << 19 : 0;
  return (masks | flags | rounding) >>> 0;
}

function dataOf(random: Random, kind: DataKind, length: number, related: bigint): Uint8Array {
  switch (kind) {
    case "packed":
      return packedDecimal(random, length);
    case "zoned":
      return Uint8Array.from(
        { length },
        () => random.pick([0xf0, 0xc0, 0xd0, 0x30, 0x00]) | random.below(10),
      );
    case "characters":
      return Uint8Array.from({ length }, () => (random.chance(0.9) ? 0x40 : random.below(256)));
    case "table":
      return Uint8Array.from({ length }, () => (random.chance(0.97) ? 0 : random.below(256)));
    case "pattern":
      return Uint8Array.from({ length }, () =>
        random.chance(0.85) ? random.pick([0x20, 0x20, 0x21, 0x22]) : random.below(256),
      );
    case "short":
      return repeat(length, 4, () => edgeFloat(random, "short"));
    case "long":
      return repeat(length, 8, () => edgeFloat(random, "long"));
    case "any":
      return anyData(random, length, related);
  }
}

function anyData(random: Random, length: number, related: bigint): Uint8Array {
  const bytes = repeat(length, 8, () => edgeInteger(random));
  if (random.chance(0.3)) {
    const width = random.pick([1, 2, 4, 8]);
    const near = related + BigInt(random.pick([-1, 0, 0, 0, 1]));
    const value = random.chance(0.8) ? near : near >> BigInt(64 - 8 * width);
    bytes.set(bigEndian(value, width).subarray(0, length));
  }
  return bytes;
}

function repeat(length: number, width: number, value: () => bigint): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += width) {
    bytes.set(bigEndian(value(), width).subarray(0, Math.min(width, length - start)), start);
  }
  return bytes;
}
