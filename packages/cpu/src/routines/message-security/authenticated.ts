/** KMA: AES in Galois/counter mode, a message and the data that are authenticated with it in as many parts as one likes. */
import type { BlockCipher } from "../../cryptography/block-cipher.ts";
import { xor } from "../../cryptography/block-cipher.ts";
import { ghash } from "../../cryptography/galois.ts";
import type { WrappingKeys } from "../../cryptography/wrapping-keys.ts";
import type { Cpu } from "../../cpu.ts";
import type { HostRoutines } from "../host.ts";
import { blockCiphers } from "./block-ciphers.ts";
import {
  Message,
  fetchParameter,
  functionCode,
  modifier,
  query,
  specification,
  storeParameter,
  testParameter,
} from "./message.ts";

const BLOCK = 16;
/** Flags in general register 0: subkey supplied, last additional data, last of the message. */
const Flag = { subkey: 0x400, lastData: 0x200, lastMessage: 0x100 } as const;
/** Parameter block; counter value, tag, hash subkey, lengths in bits of data and message, first counter block, key. */
const Offset = { counter: 12, tag: 16, subkey: 32, lengths: 48, firstBlock: 64, key: 80 } as const;

interface State {
  readonly counter: number;
  readonly tag: Uint8Array;
  readonly subkey: Uint8Array;
  readonly lengths: Uint8Array;
  readonly firstBlock: Uint8Array;
  readonly encrypt: (blocks: Uint8Array) => Uint8Array;
}

function stateOf(cpu: Cpu, cipher: BlockCipher): State {
  const block = fetchParameter(cpu, 0, Offset.key + cipher.keySize);
  testParameter(cpu, Offset.counter, Offset.lengths - Offset.counter);
  const field = (offset: number) => block.subarray(offset, offset + BLOCK);
  const encrypt = (blocks: Uint8Array) => cipher.run("ecb", block.subarray(Offset.key), undefined, blocks);
  const supplied = (cpu.grLow(0) & Flag.subkey) !== 0;
  return {
    counter: new DataView(block.buffer, block.byteOffset).getUint32(Offset.counter),
    tag: field(Offset.tag),
    subkey: supplied ? field(Offset.subkey) : encrypt(new Uint8Array(BLOCK)),
    lengths: field(Offset.lengths),
    firstBlock: field(Offset.firstBlock),
    encrypt,
  };
}

const padded = (bytes: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
  whole.set(bytes);
  return whole;
};
const authenticate = ({ subkey, tag }: State, bytes: Uint8Array): Uint8Array =>
  ghash(subkey, tag, padded(bytes));

/** Key stream from the counter block after this one on. */
function keyStream({ firstBlock, counter, encrypt }: State, length: number): Uint8Array {
  const blocks = Buffer.alloc(Math.ceil(length / BLOCK) * BLOCK);
  for (let at = 0; at < blocks.length; at += BLOCK) {
    blocks.set(firstBlock.subarray(0, Offset.counter), at);
    blocks.writeUInt32BE((counter + at / BLOCK + 1) >>> 0, at + Offset.counter);
  }
  return encrypt(blocks);
}

/** Data that are authenticated and not enciphered: the third operand. */
function handleData(cpu: Cpu, cipher: BlockCipher, r3: number): number {
  const data = new Message(cpu, [r3], r3 + 1);
  const tail = Number(data.length % BigInt(BLOCK));
  const act = (count: number): void => {
    const state = stateOf(cpu, cipher);
    storeParameter(cpu, Offset.tag, authenticate(state, data.fetch(r3, count)));
  };
  const cc = data.process(BLOCK, act, tail);
  return cc !== 0 || tail === 0 ? cc : data.process(tail, act);
}

function handleMessage(cpu: Cpu, cipher: BlockCipher, r1: number, r2: number): number {
  const message = new Message(cpu, [r1, r2], r2 + 1);
  const tail = Number(message.length % BigInt(BLOCK));
  const act = (count: number): void => {
    const state = stateOf(cpu, cipher);
    const input = message.fetch(r2, count);
    message.testStore(r1, count);
    const output = xor(input, keyStream(state, count));
    const head = Buffer.alloc(4);
    head.writeUInt32BE((state.counter + Math.ceil(count / BLOCK)) >>> 0);
    const tag = authenticate(state, modifier(cpu) ? input : output);
    message.store(r1, output);
    storeParameter(cpu, Offset.counter, Buffer.concat([head, tag]));
  };
  const cc = message.process(BLOCK, act, tail);
  return cc !== 0 || tail === 0 ? cc : message.process(tail, act);
}

/** The lengths close the digest, and the first counter block hides it. */
function close(cpu: Cpu, cipher: BlockCipher): void {
  const state = stateOf(cpu, cipher);
  const digest = authenticate(state, state.lengths);
  storeParameter(cpu, Offset.tag, xor(digest, state.encrypt(state.firstBlock)));
}

/** (R1, R2, R3): enciphered or deciphered message, message, additional data. */
function cipherWithAuthentication(cpu: Cpu, keys: WrappingKeys): number {
  const ciphers = new Map([...blockCiphers(keys)].filter(([, { family }]) => family === "aes"));
  const code = functionCode(cpu);
  if (code === 0) return query(cpu, ciphers.keys());
  const cipher = ciphers.get(code) ?? specification();
  const [r1, r2, r3] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2)];
  if (r3 === r1 || r3 === r2) specification();
  const flags = cpu.grLow(0);
  const part = (register: number) => (cpu.gr(register + 1) & BigInt(BLOCK - 1)) !== 0n;
  if ((flags & Flag.lastData) === 0 && part(r3)) specification();
  if ((flags & Flag.lastMessage) === 0 && part(r2)) specification();

  if ((flags & Flag.subkey) === 0) {
    storeParameter(cpu, Offset.subkey, stateOf(cpu, cipher).subkey);
    cpu.setGrLow(0, flags | Flag.subkey);
  }
  const cc = handleData(cpu, cipher, r3);
  if (cc !== 0 || (flags & Flag.lastData) === 0) return cc;
  const rest = handleMessage(cpu, cipher, r1, r2);
  if (rest !== 0 || (flags & Flag.lastMessage) === 0) return rest;
  close(cpu, cipher);
  return 0;
}

export const authenticatedRoutines = (keys: WrappingKeys): HostRoutines => ({
  cipherWithAuthentication: (cpu) => cipherWithAuthentication(cpu, keys),
});
