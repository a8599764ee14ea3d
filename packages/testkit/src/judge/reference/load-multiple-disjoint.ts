import type { Case, Outcome } from "../case.ts";
import { digit, operandAddress, storageOf, unsigned } from "./storage.ts";

/** LOAD MULTIPLE DISJOINT over again: left halves from the second operand, right halves from the fourth. */
export function loadMultipleDisjoint(subject: Case): Outcome {
  const { before, bytes } = subject;
  const [r1, r3] = [digit(subject, 2), digit(subject, 3)];
  const fetch = storageOf(subject);
  const unchanged = { ...before, storage: [] };
  const count = ((r3 - r1 + 16) % 16) + 1;
  const left = fetch(operandAddress(subject, 4), 4 * count);
  const right = fetch(operandAddress(subject, 8), 4 * count);
  if (left === undefined || right === undefined)
    return { interruption: { class: "access" }, state: unchanged };
  const gr = [...before.gr];
  for (let n = 0; n < count; n++) {
    const [high, low] = [left, right].map((half) => BigInt(unsigned(half.subarray(4 * n, 4 * n + 4))));
    gr[(r1 + n) % 16] = ((high ?? 0n) << 32n) | (low ?? 0n);
  }
  return { state: { ...unchanged, address: before.address + BigInt(bytes.length), gr } };
}
