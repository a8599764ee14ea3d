/** PCKMO: keys of programs, encrypted under the machine's wrapping keys. */
import type { WrappingKeys } from "../../cryptography/wrapping-keys.ts";
import type { Cpu } from "../../cpu.ts";
import type { HostRoutines } from "../host.ts";
import { clearKeys } from "./block-ciphers.ts";
import { fetchParameter, query, specification, storeParameter, unmodifiedFunctionCode } from "./message.ts";

/** The parameter block's key becomes the encrypted one, with the verification pattern behind it. */
function manageKeys(cpu: Cpu, keys: WrappingKeys): void {
  const code = unmodifiedFunctionCode(cpu);
  if (code === 0) {
    query(cpu, clearKeys.keys());
    return;
  }
  const { family, keySize } = clearKeys.get(code) ?? specification();
  storeParameter(cpu, 0, keys.wrap(family, fetchParameter(cpu, 0, keySize)));
}

export const keyManagementRoutines = (keys: WrappingKeys): HostRoutines => ({
  manageKeys: (cpu) => manageKeys(cpu, keys),
});
