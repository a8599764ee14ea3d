/** PRNO: random numbers of the host, and a deterministic generator in the guest's hands. */
import { randomFillSync } from "node:crypto";
import { type DrbgState, generate, seed } from "../../cryptography/hash-drbg.ts";
import type { Cpu } from "../../cpu.ts";
import type { HostRoutines } from "../host.ts";
import { addressIn, lengthIn } from "../registers.ts";
import {
  Message,
  fetchParameter,
  functionCode,
  modifier,
  query,
  specification,
  storeParameter,
} from "./message.ts";

const Code = { sha512Generator: 3, conditioningRatio: 112, trueRandom: 114 } as const;

/** Parameter block of the generator: reserved, reseed counter, bytes given so far, V and C (each after a byte of zeros). */
const Block = { reseedCounter: 4, streamBytes: 8, v: 17, c: 129, length: 240 } as const;
const SEED_LENGTH = 111;
/** The longest seed: 512 bytes. */
const LONGEST_SEED = 512n;
/** Bytes that one generation gives; more are given by generations in turn. */
const GENERATION = 0x1_0000;

function generatorOf(block: Uint8Array): DrbgState {
  return {
    v: block.subarray(Block.v, Block.v + SEED_LENGTH),
    c: block.subarray(Block.c, Block.c + SEED_LENGTH),
    reseedCounter: new DataView(block.buffer, block.byteOffset).getUint32(Block.reseedCounter),
  };
}
function blockOf({ v, c, reseedCounter }: DrbgState, streamBytes: bigint): Uint8Array {
  const block = new Uint8Array(Block.length);
  const view = new DataView(block.buffer);
  view.setUint32(Block.reseedCounter, reseedCounter);
  view.setBigUint64(Block.streamBytes, BigInt.asUintN(64, streamBytes));
  block.set(v, Block.v);
  block.set(c, Block.c);
  return block;
}

/** The second operand is the seed; a generator that has one is seeded anew. */
function seedGenerator(cpu: Cpu, r2: number): number {
  const length = lengthIn(cpu, r2 + 1);
  if (length > LONGEST_SEED) specification();
  const block = fetchParameter(cpu, 0, Block.length);
  const material = cpu.fetchBytes(addressIn(cpu, r2), Number(length), r2);
  storeParameter(cpu, 0, blockOf(seed(generatorOf(block), material), 0n));
  return 0;
}

/** The first operand gets random numbers. */
function generateNumbers(cpu: Cpu, r1: number): number {
  const message = new Message(cpu, [r1], r1 + 1);
  if (message.length > BigInt(GENERATION)) message.length = BigInt(GENERATION);
  const given = Number(message.length);
  const block = fetchParameter(cpu, 0, Block.length);
  message.testStore(r1, given);
  const { state, random } = generate(generatorOf(block), given);
  const before = new DataView(block.buffer, block.byteOffset).getBigUint64(Block.streamBytes);
  storeParameter(cpu, 0, blockOf(state, before + BigInt(given)));
  message.store(r1, random);
  message.length = lengthIn(cpu, r1 + 1);
  message.advance(given);
  message.commit();
  return message.length === 0n ? 0 : 3;
}

/** Random bytes of the host into an operand, which advances. */
function fill(cpu: Cpu, register: number): number {
  const message = new Message(cpu, [register], register + 1);
  return message.process(1, (count) => {
    message.testStore(register, count);
    message.store(register, randomFillSync(new Uint8Array(count)));
  });
}

/** (R1, R2). True random numbers go to both operands: raw ones to the first, conditioned ones to the second. */
function performRandomNumberOperation(cpu: Cpu): number {
  const [r1, r2] = [cpu.arg32(0), cpu.arg32(1)];
  switch (functionCode(cpu)) {
    case 0:
      return query(cpu, Object.values(Code));
    case Code.sha512Generator:
      return modifier(cpu) ? seedGenerator(cpu, r2) : generateNumbers(cpu, r1);
    case Code.conditioningRatio: {
      if (modifier(cpu)) specification();
      // Two words: so many raw bytes make so many conditioned ones.
      storeParameter(cpu, 0, Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1));
      return 0;
    }
    case Code.trueRandom:
      if (modifier(cpu)) specification();
      return fill(cpu, r1) || fill(cpu, r2);
    default:
      return specification();
  }
}

export const randomRoutines: HostRoutines = { performRandomNumberOperation };
