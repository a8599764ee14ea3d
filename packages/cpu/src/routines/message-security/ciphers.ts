/** KM, KMC, KMF, KMO, KMCTR and KMAC: AES and DES in their modes of operation. */
import { type BlockCipher, tripleDes, xor } from "../../cryptography/block-cipher.ts";
import { tweaks } from "../../cryptography/galois.ts";
import type { WrappingKeys } from "../../cryptography/wrapping-keys.ts";
import type { Cpu } from "../../cpu.ts";
import type { HostRoutines } from "../host.ts";
import { type CiphersByCode, blockCiphers, xtsCiphers } from "./block-ciphers.ts";
import {
  Message,
  fetchParameter,
  functionCode,
  modifier,
  query,
  specification,
  storeParameter,
  testParameter,
  unmodifiedFunctionCode,
} from "./message.ts";

/** What a portion of the message is made from. */
interface Portion {
  readonly parameter: Uint8Array;
  readonly input: Uint8Array;
  /** Third operand. */
  readonly counters: Uint8Array;
  readonly decipher: boolean;
}
interface Result {
  readonly output: Uint8Array;
  /** New contents of the chaining field. */
  readonly chaining?: Uint8Array;
}
interface CipherFunction {
  /** The message has a multiple of so many bytes. */
  readonly unit: number;
  /** Bytes of the parameter block. */
  readonly parameterLength: number;
  /** Where the chaining field stands in it, and its length. */
  readonly chaining?: readonly [offset: number, length: number];
  readonly run: (portion: Portion) => Result;
}

/** How one of the instructions uses a block cipher; LCFB matters to KMF alone. */
type Use = (cipher: BlockCipher, feedback: number) => CipherFunction;

const lastBlock = ({ blockSize }: BlockCipher, bytes: Uint8Array): Uint8Array =>
  bytes.subarray(bytes.length - blockSize);

const electronicCodebook: Use = (cipher) => ({
  unit: cipher.blockSize,
  parameterLength: cipher.keySize,
  run: ({ parameter, input, decipher }) => ({
    output: cipher.run("ecb", parameter, undefined, input, decipher),
  }),
});

/** Those that begin with a chaining value and go on with the key. */
const chained =
  (
    act: (cipher: BlockCipher, key: Uint8Array, iv: Uint8Array, portion: Portion, feedback: number) => Result,
    unit = ({ blockSize }: BlockCipher, _feedback: number): number => blockSize,
  ): Use =>
  (cipher, feedback) => ({
    unit: unit(cipher, feedback),
    parameterLength: cipher.blockSize + cipher.keySize,
    chaining: [0, cipher.blockSize],
    run: (portion) => {
      const { parameter } = portion;
      const [iv, key] = [parameter.subarray(0, cipher.blockSize), parameter.subarray(cipher.blockSize)];
      return act(cipher, key, iv, portion, feedback);
    },
  });

const blockChaining = chained((cipher, key, iv, { input, decipher }) => {
  const output = cipher.run("cbc", key, iv, input, decipher);
  return { output, chaining: lastBlock(cipher, decipher ? input : output) };
});
const authentication = chained((cipher, key, iv, { input }) => {
  const chaining = lastBlock(cipher, cipher.run("cbc", key, iv, input));
  return { output: chaining, chaining };
});
const outputFeedback = chained((cipher, key, iv, { input }) => {
  const output = cipher.run("ofb", key, iv, input);
  return { output, chaining: xor(lastBlock(cipher, input), lastBlock(cipher, output)) };
});
const cipherFeedback = chained(
  (cipher, key, iv, { input, decipher }, feedback) => {
    const output = feedBack(cipher, key, iv, input, feedback, decipher);
    return { output, chaining: lastBlock(cipher, Buffer.concat([iv, decipher ? input : output])) };
  },
  (_, feedback) => feedback,
);

/** Cipher feedback of so many bytes; the host's library has those of a block and of one byte. */
function feedBack(
  cipher: BlockCipher,
  key: Uint8Array,
  iv: Uint8Array,
  input: Uint8Array,
  feedback: number,
  decipher: boolean,
): Uint8Array {
  if (feedback === cipher.blockSize) return cipher.run("cfb", key, iv, input, decipher);
  if (feedback === 1) return cipher.run("cfb8", key, iv, input, decipher);
  const output = new Uint8Array(input.length);
  let chaining = iv;
  for (let at = 0; at < input.length; at += feedback) {
    const piece = input.subarray(at, at + feedback);
    const result = xor(piece, cipher.run("ecb", key, undefined, chaining));
    output.set(result, at);
    chaining = Buffer.concat([chaining.subarray(feedback), decipher ? piece : result]);
  }
  return output;
}

const counter: Use = (cipher) => ({
  unit: cipher.blockSize,
  parameterLength: cipher.keySize,
  run: ({ parameter, input, counters }) => ({
    output: xor(input, cipher.run("ecb", parameter, undefined, counters)),
  }),
});

/** XTS: the key, then the tweak of the next block. */
const tweaked = (cipher: BlockCipher): CipherFunction => ({
  unit: cipher.blockSize,
  parameterLength: cipher.keySize + cipher.blockSize,
  chaining: [cipher.keySize, cipher.blockSize],
  run: ({ parameter, input, decipher }) => {
    const [key, first] = [parameter.subarray(0, cipher.keySize), parameter.subarray(cipher.keySize)];
    const { all, next } = tweaks(first, input.length / cipher.blockSize);
    const output = xor(cipher.run("ecb", key, undefined, xor(input, all), decipher), all);
    return { output, chaining: next };
  },
});

/** Pseudorandom numbers as in ANSI X9.17: a chaining value and three DES keys. */
const random: CipherFunction = {
  unit: 8,
  parameterLength: 32,
  chaining: [0, 8],
  run({ parameter, input }) {
    const des = tripleDes(3);
    const encrypt = (block: Uint8Array) => des.run("ecb", parameter.subarray(8), undefined, block);
    const output = new Uint8Array(input.length);
    let chaining = parameter.subarray(0, 8);
    for (let at = 0; at < input.length; at += 8) {
      const intermediate = encrypt(input.subarray(at, at + 8));
      const number = encrypt(xor(intermediate, chaining));
      output.set(number, at);
      chaining = encrypt(xor(intermediate, number));
    }
    return { output, chaining };
  },
};

interface CipherInstruction {
  readonly use: Use;
  /** Functions of its own. */
  readonly more?: ReadonlyMap<number, CipherFunction>;
  /** There is no first operand. */
  readonly digestOnly?: true;
  readonly counters?: true;
  readonly feedback?: true;
}

const PSEUDORANDOM = 67;
const instructions = (keys: WrappingKeys): Readonly<Record<string, CipherInstruction>> => ({
  cipherMessage: {
    use: electronicCodebook,
    more: new Map(Array.from(xtsCiphers(keys), ([code, cipher]) => [code, tweaked(cipher)])),
  },
  cipherMessageWithChaining: { use: blockChaining, more: new Map([[PSEUDORANDOM, random]]) },
  cipherMessageWithFeedback: { use: cipherFeedback, feedback: true },
  cipherMessageWithOutputFeedback: { use: outputFeedback },
  cipherMessageWithCounter: { use: counter, counters: true },
  computeAuthenticationCode: { use: authentication, digestOnly: true },
});

/** Length of cipher feedback: general register 0, bits 32-39. */
function feedbackLength(cpu: Cpu, cipher: BlockCipher): number {
  const length = cpu.grLow(0) >>> 24;
  return length === 0 || length > cipher.blockSize ? specification() : length;
}

function functionOf(
  cpu: Cpu,
  ciphers: CiphersByCode,
  { use, more, feedback }: CipherInstruction,
): CipherFunction {
  const code = functionCode(cpu);
  const cipher = ciphers.get(code);
  if (cipher !== undefined) return use(cipher, feedback === true ? feedbackLength(cpu, cipher) : 0);
  return more?.get(code) ?? specification();
}

/** (R1, R2, R3): R1 is not used without a first operand, R3 only with counters. */
function perform(cpu: Cpu, ciphers: CiphersByCode, instruction: CipherInstruction): number {
  if (instruction.digestOnly) unmodifiedFunctionCode(cpu);
  if (functionCode(cpu) === 0) return query(cpu, [...ciphers.keys(), ...(instruction.more?.keys() ?? [])]);
  const { unit, parameterLength, chaining, run } = functionOf(cpu, ciphers, instruction);
  const [r1, r2, r3] = [cpu.arg32(0), cpu.arg32(1), cpu.arg32(2)];
  const targets = instruction.digestOnly ? [] : [r1];
  const counters = instruction.counters ? [r3] : [];
  const message = new Message(cpu, [...targets, r2, ...counters], r2 + 1);
  if (message.length % BigInt(unit) !== 0n) specification();
  return message.process(unit, (count) => {
    const portion: Portion = {
      parameter: fetchParameter(cpu, 0, parameterLength),
      input: message.fetch(r2, count),
      counters: instruction.counters ? message.fetch(r3, count) : new Uint8Array(),
      decipher: modifier(cpu),
    };
    for (const target of targets) message.testStore(target, count);
    if (chaining !== undefined) testParameter(cpu, ...chaining);
    const result = run(portion);
    for (const target of targets) message.store(target, result.output);
    if (chaining !== undefined && result.chaining !== undefined)
      storeParameter(cpu, chaining[0], result.chaining);
  });
}

export function cipherRoutines(keys: WrappingKeys): HostRoutines {
  const ciphers = blockCiphers(keys);
  return Object.fromEntries(
    Object.entries(instructions(keys)).map(([name, instruction]) => [
      name,
      (cpu: Cpu) => perform(cpu, ciphers, instruction),
    ]),
  );
}
