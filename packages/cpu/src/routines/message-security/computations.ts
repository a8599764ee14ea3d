/** PCC: the last block of a CMAC, and the parameter with which XTS begins. */
import type { BlockCipher } from "../../cryptography/block-cipher.ts";
import { xor } from "../../cryptography/block-cipher.ts";
import { doubled, tweakOfBlock } from "../../cryptography/galois.ts";
import type { WrappingKeys } from "../../cryptography/wrapping-keys.ts";
import type { Cpu } from "../../cpu.ts";
import type { HostRoutines } from "../host.ts";
import { blockCiphers, xtsCiphers } from "./block-ciphers.ts";
import { fetchParameter, query, specification, storeParameter, unmodifiedFunctionCode } from "./message.ts";

/** The parameter block does not make sense. */
const INVALID = 2;
/** Length field and what is reserved after it. */
const MESSAGE = 8;

/** Length of the block in bits, 7 bytes reserved, block, chaining value, key. */
function lastBlockOfCmac(cpu: Cpu, cipher: BlockCipher): number {
  const { blockSize, keySize } = cipher;
  const chaining = MESSAGE + blockSize;
  const parameter = fetchParameter(cpu, 0, chaining + blockSize + keySize);
  const bits = parameter[0] ?? 0;
  if (bits > blockSize * 8) return INVALID;
  const key = parameter.subarray(chaining + blockSize);
  const encrypt = (block: Uint8Array) => cipher.run("ecb", key, undefined, block);
  const whole = bits === blockSize * 8;
  const subkey = doubled(encrypt(new Uint8Array(blockSize)));
  const block = padded(parameter.subarray(MESSAGE, chaining), bits);
  const icv = parameter.subarray(chaining, chaining + blockSize);
  storeParameter(cpu, chaining, encrypt(xor(xor(block, icv), whole ? subkey : doubled(subkey))));
  return 0;
}
/** So many bits of a block, then a one, then zeros. */
function padded(block: Uint8Array, bits: number): Uint8Array {
  const width = block.length * 8;
  const all = BigInt(`0x${Buffer.from(block).toString("hex")}`);
  if (bits === width) return block;
  const rest = BigInt(width - bits);
  const kept = ((all >> rest) << rest) | (1n << (rest - 1n));
  return Buffer.from(kept.toString(16).padStart(width / 4, "0"), "hex");
}

/** Key, tweak, number of the block, how far a computation went (all or nothing here), the parameter. */
function xtsParameter(cpu: Cpu, cipher: BlockCipher): number {
  const { keySize } = cipher;
  const parameter = fetchParameter(cpu, 0, keySize + 48);
  const field = (n: number) => parameter.subarray(keySize + 16 * n, keySize + 16 * n + 16);
  const first = cipher.run("ecb", parameter.subarray(0, keySize), undefined, field(0));
  const block = BigInt(`0x${Buffer.from(field(1)).toString("hex")}`);
  storeParameter(cpu, keySize + 48, tweakOfBlock(first, block));
  return 0;
}

export function computationRoutines(keys: WrappingKeys): HostRoutines {
  const [ciphers, xts] = [blockCiphers(keys), xtsCiphers(keys)];
  return {
    performComputation(cpu) {
      const code = unmodifiedFunctionCode(cpu);
      if (code === 0) return query(cpu, [...ciphers.keys(), ...xts.keys()]);
      const tweakCipher = xts.get(code);
      if (tweakCipher !== undefined) return xtsParameter(cpu, tweakCipher);
      return lastBlockOfCmac(cpu, ciphers.get(code) ?? specification());
    },
  };
}
