/** The deterministic random bit generator Hash_DRBG with SHA-512. Source: NIST SP 800-90A, 10.1.1. */
import { createHash } from "node:crypto";

/** 888 bits. */
const SEED_LENGTH = 111;
const DIGEST_LENGTH = 64;
const MODULUS = 1n << BigInt(SEED_LENGTH * 8);

export interface DrbgState {
  /** V and C: `SEED_LENGTH` bytes each. */
  readonly v: Uint8Array;
  readonly c: Uint8Array;
  readonly reseedCounter: number;
}

const sha512 = (...parts: Uint8Array[]): Uint8Array =>
  createHash("sha512").update(Buffer.concat(parts)).digest();

function derive(...parts: Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (let n = 1; n * DIGEST_LENGTH < SEED_LENGTH + DIGEST_LENGTH; n++) {
    const head = Buffer.from([n, 0, 0, 0, 0]);
    head.writeUInt32BE(SEED_LENGTH * 8, 1);
    pieces.push(sha512(head, ...parts));
  }
  return Buffer.concat(pieces).subarray(0, SEED_LENGTH);
}

/** A generator that was never seeded (reseed counter 0) is instantiated, another reseeded. */
export function seed(state: DrbgState, material: Uint8Array): DrbgState {
  const v = state.reseedCounter === 0 ? derive(material) : derive(Buffer.of(1), state.v, material);
  return { v, c: derive(Buffer.of(0), v), reseedCounter: 1 };
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const bytes = (value: bigint): Uint8Array =>
  Buffer.from((value % MODULUS).toString(16).padStart(2 * SEED_LENGTH, "0"), "hex");

export function generate(state: DrbgState, length: number): { state: DrbgState; random: Uint8Array } {
  const start = number(state.v);
  const pieces = Array.from({ length: Math.ceil(length / DIGEST_LENGTH) }, (_, n) =>
    sha512(bytes(start + BigInt(n))),
  );
  const hash = sha512(Buffer.of(3), state.v);
  const v = bytes(start + number(hash) + number(state.c) + BigInt(state.reseedCounter));
  return {
    random: Buffer.concat(pieces).subarray(0, length),
    state: { v, c: state.c, reseedCounter: state.reseedCounter + 1 },
  };
}
