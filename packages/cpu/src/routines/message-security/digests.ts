/** KIMD and KLMD: chaining values of the SHA functions and of GHASH, and the last one with its padding. */
import { ghash } from "../../cryptography/galois.ts";
import { type Compression, sha1, sha256, sha512 } from "../../cryptography/sha.ts";
import type { Cpu } from "../../cpu.ts";
import type { HostRoutines } from "../host.ts";
import {
  Message,
  fetchParameter,
  query,
  specification,
  storeParameter,
  testParameter,
  unmodifiedFunctionCode,
} from "./message.ts";

const compressions: ReadonlyMap<number, Compression> = new Map([
  [1, sha1],
  [2, sha256],
  [3, sha512],
]);
const GHASH = 65;
const GHASH_BLOCK = 16;

/** Bytes after the state that the function needs, and the new state. */
interface Digest {
  readonly blockSize: number;
  readonly stateSize: number;
  readonly parameterLength: number;
  readonly update: (parameter: Uint8Array, blocks: Uint8Array) => Uint8Array;
}
const ofCompression = ({ blockSize, stateSize, compress }: Compression): Digest => ({
  blockSize,
  stateSize,
  parameterLength: stateSize,
  update: compress,
});
/** The digest, then the hash subkey. */
const galois: Digest = {
  blockSize: GHASH_BLOCK,
  stateSize: GHASH_BLOCK,
  parameterLength: 2 * GHASH_BLOCK,
  update: (parameter, blocks) =>
    ghash(parameter.subarray(GHASH_BLOCK), parameter.subarray(0, GHASH_BLOCK), blocks),
};

function digestBlocks(cpu: Cpu, message: Message, r2: number, digest: Digest, rest = 0): number {
  const { blockSize, stateSize, parameterLength, update } = digest;
  return message.process(
    blockSize,
    (count) => {
      const parameter = fetchParameter(cpu, 0, parameterLength);
      const blocks = message.fetch(r2, count);
      testParameter(cpu, 0, stateSize);
      storeParameter(cpu, 0, update(parameter, blocks));
    },
    rest,
  );
}

function computeIntermediateDigest(cpu: Cpu): number {
  const code = unmodifiedFunctionCode(cpu);
  if (code === 0) return query(cpu, [...compressions.keys(), GHASH]);
  const compression = compressions.get(code);
  if (compression === undefined && code !== GHASH) specification();
  const digest = compression === undefined ? galois : ofCompression(compression);
  const r2 = cpu.arg32(1);
  const message = new Message(cpu, [r2], r2 + 1);
  if (message.length % BigInt(digest.blockSize) !== 0n) specification();
  return digestBlocks(cpu, message, r2, digest);
}

/** The parameter block ends with the length of the whole message in bits, which the padding takes over. */
function computeLastDigest(cpu: Cpu): number {
  const code = unmodifiedFunctionCode(cpu);
  if (code === 0) return query(cpu, compressions.keys());
  const compression = compressions.get(code) ?? specification();
  const { blockSize, stateSize, compress } = compression;
  const r2 = cpu.arg32(1);
  const message = new Message(cpu, [r2], r2 + 1);
  const rest = Number(message.length % BigInt(blockSize));
  const cc = digestBlocks(cpu, message, r2, ofCompression(compression), rest);
  if (cc !== 0) return cc;

  const lengthSize = blockSize / 8;
  const parameter = fetchParameter(cpu, 0, stateSize + lengthSize);
  const tail = rest === 0 ? new Uint8Array() : message.fetch(r2, rest);
  const padded = new Uint8Array(rest + 1 + lengthSize > blockSize ? 2 * blockSize : blockSize);
  padded.set(tail);
  padded[rest] = 0x80;
  padded.set(parameter.subarray(stateSize), padded.length - lengthSize);
  storeParameter(cpu, 0, compress(parameter.subarray(0, stateSize), padded));
  message.advance(rest);
  message.commit();
  return 0;
}

export const digestRoutines: HostRoutines = { computeIntermediateDigest, computeLastDigest };
