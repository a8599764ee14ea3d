/** Vector instructions in which QEMU 7.2 is wrong, over again from the Principles of Operation. */
import type { Case, Outcome } from "../case.ts";

const mask32 = (1n << 32n) - 1n;
const word = (vector: bigint, n: number): bigint => (vector >> BigInt(32 * (3 - n))) & mask32;

/** VECTOR CHECKSUM: each word is added to the sum, whose carry is added on its right; the sum is word 1 of the result. */
export function vectorChecksum({ before, bytes }: Case): Outcome | undefined {
  const { vr } = before;
  if (vr === undefined) return undefined;
  const [, registers = 0, third = 0, , rxb = 0] = bytes;
  const [v1, v2, v3] = [
    (registers >> 4) | ((rxb & 8) << 1),
    (registers & 15) | ((rxb & 4) << 2),
    (third >> 4) | ((rxb & 2) << 3),
  ];
  let sum = word(vr[v3] ?? 0n, 1);
  for (let n = 0; n < 4; n++) {
    sum += word(vr[v2] ?? 0n, n);
    sum = (sum & mask32) + (sum >> 32n);
  }
  const state = { ...before, storage: [], address: before.address + 6n, vr: vr.with(v1, sum << 64n) };
  return { state };
}
