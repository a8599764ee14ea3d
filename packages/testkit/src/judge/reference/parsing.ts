/**
 * TRANSLATE AND TEST (REVERSE) EXTENDED over again, from the Principles of Operation ("General Instructions") and apart
 * from the routine: the judge of what QEMU lacks. Cases that meet an access exception are left open, because how much is
 * handled before it is the CPU's choice.
 */
import type { Case, Outcome } from "../case.ts";
import { digit, storageOf, unsigned } from "./storage.ts";

export function parsingReference(subject: Case): Outcome | undefined {
  const { before, bytes, mnemonic } = subject;
  const [m3, r1, r2] = [digit(subject, 4), digit(subject, 6), digit(subject, 7)];
  const unchanged = { ...before, storage: [] };
  const argumentSize = m3 & 8 ? 2 : 1;
  const length = before.gr[r1 | 1] ?? 0n;
  if (r1 % 2 === 1 || length % BigInt(argumentSize) !== 0n)
    return { interruption: { class: "execute-specification-operand" }, state: unchanged };
  // The table's address must not change between two executions, nor the code replace an address or a length.
  if (r1 === 0 || (r2 & ~1) === r1) return undefined;

  const fetch = storageOf(subject);
  const table = before.gr[1] ?? 0n;
  const functionSize = m3 & 4 ? 2 : 1;
  let [address, left, code] = [before.gr[r1] ?? 0n, length, 0];
  while (left > 0n && code === 0) {
    const argument = fetch(address, argumentSize);
    if (argument === undefined) return undefined;
    const index = unsigned(argument);
    if ((m3 & 2) === 0 || index < 256) {
      const found = fetch(table + BigInt(index * functionSize), functionSize);
      if (found === undefined) return undefined;
      code = unsigned(found);
    }
    if (code !== 0) break;
    left -= BigInt(argumentSize);
    address += BigInt(mnemonic === "TRTRE" ? -argumentSize : argumentSize);
  }
  const gr = before.gr.with(r1, BigInt.asUintN(64, address)).with(r1 | 1, left);
  return {
    state: {
      ...unchanged,
      address: before.address + BigInt(bytes.length),
      cc: code === 0 ? 0 : 1,
      gr: length === 0n ? gr : gr.with(r2, BigInt(code)),
    },
  };
}
