/**
 * The start of a protected guest when emulator and hypervisor are one: what QEMU and KVM do between them for
 * DIAGNOSE 308 subcode 10. Source of the order and of the command numbers: QEMU hw/s390x/pv.c, Linux
 * arch/s390/kvm/pv.c.
 */
import { PAGE_SIZE, type Storage } from "@lockframe/memory";
import { parseProtectedIplBlock, type ImageComponent } from "./protected-ipl-block.ts";
import { Uv, type UvResult } from "./return-code.ts";
import type { SecureConfiguration, StartPsw } from "./secure-configuration.ts";

/** Numbers of the KVM commands, as the failure register of DIAGNOSE 308 subcode 10 names the failing step. */
export const PvCommand = { enable: 0, setSecParms: 2, unpack: 3, verify: 4 } as const;

/** Response codes of DIAGNOSE 308 subcode 10. */
const NO_PROTECTED_BLOCK = 0x0902;
const START_FAILED = 0x0a02;

export interface StartFailure extends UvResult {
  readonly pvCommand: (typeof PvCommand)[keyof typeof PvCommand];
  /** Response code of DIAGNOSE 308 subcode 10. */
  readonly diagnoseCode: number;
}

export type StartOutcome =
  | { readonly ok: true; readonly psw: StartPsw }
  | { readonly ok: false; readonly failure: StartFailure };

/** Told how many of the image's pages are unpacked. */
export type StartProgress = (done: number, total: number) => void;

/** Pages that are unpacked between two reports of progress. */
const BATCH = 64;

/** The odd register of DIAGNOSE 308 subcode 10 after a failure: command, reason, return code, response code. */
export function failureRegister({ pvCommand, rrc, rc, diagnoseCode }: StartFailure): bigint {
  return (BigInt(pvCommand) << 48n) | (BigInt(rrc) << 32n) | (BigInt(rc) << 16n) | BigInt(diagnoseCode);
}

/** No configuration can be created, or the block is not one: nothing was changed. */
export function refuseStart(result: UvResult, diagnoseCode = START_FAILED): StartOutcome {
  return { ok: false, failure: { pvCommand: PvCommand.enable, diagnoseCode, ...result } };
}

/**
 * Take a created configuration through all steps. After a failure the caller destroys the configuration; then
 * nothing of the image is left in plain text.
 */
export function startImage(
  configuration: SecureConfiguration,
  storage: Storage,
  blockBytes: Uint8Array,
  onProgress: StartProgress,
): StartOutcome {
  const block = parseProtectedIplBlock(blockBytes);
  if (block === undefined) return refuseStart({ rc: 0, rrc: 0 }, NO_PROTECTED_BLOCK);
  const fail = (pvCommand: StartFailure["pvCommand"], { rc, rrc }: UvResult): StartOutcome => ({
    ok: false,
    failure: { pvCommand, rc, rrc, diagnoseCode: START_FAILED },
  });

  const parameters = configuration.setParameters(block.headerAddress, block.headerSize);
  if (parameters !== Uv.executed) return fail(PvCommand.setSecParms, parameters);
  const placement = checkPlacement(block.components, storage);
  if (placement !== Uv.executed) return fail(PvCommand.unpack, placement);
  const unpacked = unpackAll(configuration, block.components, onProgress);
  if (unpacked !== Uv.executed) return fail(PvCommand.unpack, unpacked);
  const verified = configuration.verify();
  if (verified !== Uv.executed) return fail(PvCommand.verify, verified);
  const psw = configuration.start();
  return psw === undefined ? fail(PvCommand.verify, Uv.invalidState) : { ok: true, psw };
}

/** Components that leave storage or overlap are refused before the first page is touched. */
function checkPlacement(components: readonly ImageComponent[], storage: Storage): UvResult {
  const inOrder = components.toSorted((a, b) => a.address - b.address);
  let end = 0;
  for (const { address, pageCount } of inOrder) {
    if (!storage.contains(address, pageCount * PAGE_SIZE)) return Uv.pageNotMapped;
    if (address < end) return Uv.pageNotUnpackable;
    end = address + pageCount * PAGE_SIZE;
  }
  return Uv.executed;
}

function unpackAll(
  configuration: SecureConfiguration,
  components: readonly ImageComponent[],
  onProgress: StartProgress,
): UvResult {
  const total = components.reduce((sum, { pageCount }) => sum + pageCount, 0);
  let done = 0;
  for (const { address, pageCount, tweakPrefix } of components) {
    for (let page = 0; page < pageCount; page += BATCH) {
      const count = Math.min(BATCH, pageCount - page);
      const offset = page * PAGE_SIZE;
      const result = configuration.unpack(address + offset, count, tweakPrefix, offset);
      if (result !== Uv.executed) return result;
      done += count;
      onProgress(done, total);
    }
  }
  return Uv.executed;
}
