/**
 * Cases and results as `harness.s` reads and writes them. All numbers are big-endian.
 *
 * Input: the windows' backgrounds, then cases, then a word of zeros.
 * Case: length of the case, number of its instruction address (words); condition code and program mask as SPM
 * takes them, FPC (words); 16 general and 16 floating-point registers (doublewords), 16 access registers
 * (words); count of patches (word), nonzero where vector registers count (word), 32 vector registers; patches: address (doubleword), length 1-256 (word), 4 bytes
 * unused, the bytes, filled up to a doubleword.
 * Result: its length, signal number, signal code, what IPM stored (words); fault address, PSW mask, PSW address
 * (doublewords); FPC, count of changed doublewords (words); registers as above, 32 vector registers; changes: address,
 * value.
 */
import {
  backgroundOf,
  backgroundState,
  type Case,
  instructionAddresses,
  type MachineState,
  type StorageBytes,
  windows,
} from "./case.ts";

const caseHead = 856;
const resultHead = 880;
const caseVectors = 344;
const resultVectors = 368;
const largestPatch = 256;

/** A result as the program wrote it; `outcomeOf` makes sense of it. */
export interface HarnessResult {
  readonly signal: number;
  readonly signalCode: number;
  readonly faultAddress: bigint;
  readonly state: MachineState;
}

/** The whole input for a batch of cases. */
export function encodeBatch(cases: readonly Case[]): Uint8Array {
  const parts = [...windows.map(backgroundOf), ...cases.map(encodeCase), new Uint8Array(8)];
  return Buffer.concat(parts);
}

function encodeCase(subject: Case): Uint8Array {
  const { before } = subject;
  const patches = [...before.storage, { address: before.address, bytes: subject.bytes }].flatMap(inPieces);
  const length = patches.reduce((sum, { bytes }) => sum + 16 + roundUp8(bytes.length), caseHead);
  const stub = instructionAddresses.indexOf(before.address);
  if (stub < 0) {
    throw new RangeError(`no launch stub for instruction address 0x${before.address.toString(16)}`);
  }
  const record = Buffer.alloc(length);
  record.writeUInt32BE(length, 0);
  record.writeUInt32BE(stub, 4);
  record.writeUInt32BE((before.cc << 28) | (before.programMask << 24), 8);
  record.writeUInt32BE(before.fpc, 12);
  before.gr.forEach((value, index) => record.writeBigUInt64BE(value, 16 + 8 * index));
  before.fr.forEach((value, index) => record.writeBigUInt64BE(value, 144 + 8 * index));
  before.ar.forEach((value, index) => record.writeUInt32BE(value, 272 + 4 * index));
  record.writeUInt32BE(patches.length, 336);
  record.writeUInt32BE(before.vr === undefined ? 0 : 1, 340);
  before.vr?.forEach((value, index) => writeVector(record, value, caseVectors + 16 * index));
  let offset = caseHead;
  for (const { address, bytes } of patches) {
    record.writeBigUInt64BE(address, offset);
    record.writeUInt32BE(bytes.length, offset + 8);
    record.set(bytes, offset + 16);
    offset += 16 + roundUp8(bytes.length);
  }
  return record;
}

function writeVector(record: Buffer, value: bigint, offset: number): void {
  record.writeBigUInt64BE(value >> 64n, offset);
  record.writeBigUInt64BE(BigInt.asUintN(64, value), offset + 8);
}
const readVector = (record: Buffer, offset: number): bigint =>
  (record.readBigUInt64BE(offset) << 64n) | record.readBigUInt64BE(offset + 8);

const roundUp8 = (length: number): number => (length + 7) & ~7;

function inPieces({ address, bytes }: StorageBytes): StorageBytes[] {
  const pieces: StorageBytes[] = [];
  for (let start = 0; start < bytes.length; start += largestPatch) {
    pieces.push({ address: address + BigInt(start), bytes: bytes.subarray(start, start + largestPatch) });
  }
  return pieces;
}

/** Every complete result in `output`; the program writes whole results, so a rest means that it was killed. */
export function decodeResults(output: Uint8Array): HarnessResult[] {
  const view = Buffer.from(output.buffer, output.byteOffset, output.byteLength);
  const results: HarnessResult[] = [];
  for (let offset = 0; offset + resultHead <= view.length;) {
    const length = view.readUInt32BE(offset);
    if (length < resultHead || offset + length > view.length) {
      break;
    }
    results.push(decodeResult(view.subarray(offset, offset + length)));
    offset += length;
  }
  return results;
}

function decodeResult(record: Buffer): HarnessResult {
  const numbers = [...backgroundState().gr.keys()];
  const ipm = record.readUInt32BE(12);
  const storage: StorageBytes[] = [];
  for (let offset = resultHead; offset < record.length; offset += 16) {
    storage.push({
      address: record.readBigUInt64BE(offset),
      bytes: record.subarray(offset + 8, offset + 16),
    });
  }
  return {
    signal: record.readUInt32BE(4),
    signalCode: record.readInt32BE(8),
    faultAddress: record.readBigUInt64BE(16),
    state: {
      address: record.readBigUInt64BE(32),
      cc: (ipm >>> 28) & 3,
      programMask: (ipm >>> 24) & 15,
      fpc: record.readUInt32BE(40),
      gr: numbers.map((index) => record.readBigUInt64BE(48 + 8 * index)),
      fr: numbers.map((index) => record.readBigUInt64BE(176 + 8 * index)),
      ar: numbers.map((index) => record.readUInt32BE(304 + 4 * index)),
      vr: Array.from({ length: 32 }, (_, index) => readVector(record, resultVectors + 16 * index)),
      storage,
    },
  };
}
