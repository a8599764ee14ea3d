import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Registers and storage around one instruction; see harness.c for the conventions. */
export interface InstructionState {
  fpc: number;
  cc: number;
  /** 16 floating-point registers. */
  fpr: bigint[];
  /** General registers 2, 3 and 4. */
  gr: bigint[];
  /** Storage that general register 5 points to, 64 bytes. */
  first: Uint8Array;
  /** Storage that general register 6 points to, 64 bytes. */
  second: Uint8Array;
}

export interface InstructionResult extends InstructionState {
  /** Signal number, 0 for none: 8 for a data, overflow or divide exception, 4 for operation and specification. */
  signal: number;
}

export interface InstructionGroup {
  instruction: Uint8Array;
  cases: InstructionState[];
}

const STATE = 304;

/** QEMU 10 or newer is worth having: 7.2 multiplies wrongly to longer formats and reports fewer exceptions. */
export const emulator = process.env["QEMU_S390X"] ?? "qemu-s390x-static";

export function blankState(): InstructionState {
  return {
    fpc: 0,
    cc: 0,
    fpr: Array.from({ length: 16 }, () => 0n),
    gr: [0n, 0n, 0n],
    first: new Uint8Array(64),
    second: new Uint8Array(64),
  };
}

/** The harness, cross-compiled into a folder of its own and run under qemu-s390x. */
export class QemuUser implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "lockframe-judge-"));
  readonly #program = join(this.#folder, "harness");

  constructor() {
    const source = join(import.meta.dirname, "harness.c");
    const compiled = spawnSync("s390x-linux-gnu-gcc", ["-O1", "-static", "-o", this.#program, source]);
    if (compiled.status !== 0) throw new Error(`s390x-linux-gnu-gcc: ${compiled.stderr ?? compiled.error}`);
  }

  run(groups: readonly InstructionGroup[]): InstructionResult[][] {
    const input = Buffer.concat(
      groups.flatMap(({ instruction, cases }) => [header(instruction, cases.length), ...cases.map(encode)]),
    );
    const { status, stdout, stderr } = spawnSync(emulator, [this.#program], { input, maxBuffer: 2 ** 31 });
    if (status !== 0) throw new Error(`${emulator} ended with ${status}: ${stderr}`);
    let offset = 0;
    return groups.map(({ cases }) =>
      cases.map(() => {
        const result = decode(stdout.subarray(offset, offset + STATE));
        offset += STATE;
        return result;
      }),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function header(instruction: Uint8Array, count: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.set(instruction);
  bytes[6] = instruction.length;
  bytes.writeUInt32BE(count, 8);
  return bytes;
}

function encode(state: InstructionState): Buffer {
  const bytes = Buffer.alloc(STATE);
  bytes.writeUInt32BE(state.fpc, 0);
  bytes.writeUInt32BE(state.cc, 4);
  state.fpr.forEach((value, index) => bytes.writeBigUInt64BE(value, 8 + 8 * index));
  state.gr.forEach((value, index) => bytes.writeBigUInt64BE(value, 136 + 8 * index));
  bytes.set(state.first, 168);
  bytes.set(state.second, 232);
  return bytes;
}

function decode(bytes: Buffer): InstructionResult {
  return {
    fpc: bytes.readUInt32BE(0),
    cc: bytes.readUInt32BE(4),
    fpr: Array.from({ length: 16 }, (_, index) => bytes.readBigUInt64BE(8 + 8 * index)),
    gr: Array.from({ length: 3 }, (_, index) => bytes.readBigUInt64BE(136 + 8 * index)),
    first: Uint8Array.from(bytes.subarray(168, 232)),
    second: Uint8Array.from(bytes.subarray(232, 296)),
    signal: bytes.readUInt32BE(296),
  };
}
