/** The host's side of an SE header: what the Ultravisor does with it at SET SECURE CONFIGURATION PARAMETERS. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { sameBytes } from "./bytes.ts";
import { Pcf } from "./control-flags.ts";
import { decodePoint, publicKeyHash } from "./ec-point.ts";
import { type KeySlot, unwrapKey } from "./key-exchange.ts";
import {
  inspectSeHeader,
  openSecrets,
  type SeHeader,
  type SeHeaderFault,
  type SeHeaderSecrets,
} from "./se-header.ts";

/** Return and reason return code of SET SECURE CONFIGURATION PARAMETERS. */
export interface UvReturnCode {
  readonly rc: number;
  readonly rrc: number;
}

/**
 * The codes for a header that is refused. Published (stage3a of s390-tools decodes them) but for the last three,
 * which are ours: the firmware's codes for those cases are unknown.
 */
export const SeHeaderRefusal = {
  versionUnsupported: { rc: 0x104, rrc: 0x01 },
  pcfUnsupported: { rc: 0x106, rrc: 0x30 },
  noMatchingSlot: { rc: 0x108, rrc: 0x05 },
  customerKeyInvalid: { rc: 0x108, rrc: 0x0b },
  backupKeyMismatch: { rc: 0x108, rrc: 0x34 },
  scfUnsupported: { rc: 0x109, rrc: 0x00 },
  lengthMismatch: { rc: 0x10a, rrc: 0x31 },
  encryptedSizeInvalid: { rc: 0x10a, rrc: 0x39 },
  noSlots: { rc: 0x10a, rrc: 0x40 },
  /** Private: the tag of the key slot or of the header does not fit. */
  tagMismatch: { rc: 0x10a, rrc: 0xf001 },
  /** Private: the magic is not IBMSecEx. */
  magicMismatch: { rc: 0x10a, rrc: 0xf002 },
  /** Private: optional items are present. */
  optionalItems: { rc: 0x10a, rrc: 0xf003 },
} as const satisfies Record<string, UvReturnCode>;

export interface OpenSeHeaderOptions {
  /** Plain-text control flags that this host knows (QUI 0xb8); others are refused. */
  readonly supportedPcf: bigint;
  /** Secret control flags that this host knows; others are refused. */
  readonly supportedScf: bigint;
  /** Private backup host key; used only for headers with PCF bit 62. */
  readonly backupHostKey?: KeyObject;
}

/** A header that this host can start. */
export interface OpenedSeHeader {
  readonly ok: true;
  readonly header: SeHeader;
  readonly secrets: SeHeaderSecrets;
  /** Hash of the host key that opened it. */
  readonly hostKeyHash: Uint8Array;
  /** True when it was the backup host key. */
  readonly usedBackupKey: boolean;
}

/** A header that this host refuses. */
export interface RefusedSeHeader extends UvReturnCode {
  readonly ok: false;
  /** Name of the case, a key of {@link SeHeaderRefusal}. */
  readonly reason: keyof typeof SeHeaderRefusal;
}

/**
 * Checks and opens a header with the host's private keys. Pure; never throws on header content.
 *
 * @param header exactly the bytes that were handed to the Ultravisor: their number must be the header's size field.
 * @param hostKeys private P-521 keys of this host, tried in order.
 */
export function openSeHeader(
  header: Uint8Array,
  hostKeys: readonly KeyObject[],
  options: OpenSeHeaderOptions,
): OpenedSeHeader | RefusedSeHeader {
  const inspected = inspectSeHeader(header);
  if (inspected.header === undefined) return refuse(SHAPE_REFUSAL[inspected.fault]);
  const parsed = inspected.header;
  if (parsed.size !== header.length) return refuse("lengthMismatch");
  if ((parsed.pcf & ~options.supportedPcf) !== 0n) return refuse("pcfUnsupported");

  const customerKey = decodePoint(parsed.customerKey);
  if (customerKey === undefined) return refuse("customerKeyInvalid");
  const match = findSlot(parsed, hostKeys, options.backupHostKey);
  if (typeof match === "string") return refuse(match);

  const headerKey = unwrapKey(match.slot, match.hostKey, customerKey);
  if (headerKey === undefined) return refuse("tagMismatch");
  const secrets = openSecrets(header, parsed, headerKey);
  if (secrets === undefined) return refuse("tagMismatch");
  if ((secrets.scf & ~options.supportedScf) !== 0n) return refuse("scfUnsupported");
  if (secrets.optionalItemCount !== 0) return refuse("optionalItems");
  return {
    ok: true,
    header: parsed,
    secrets,
    hostKeyHash: match.slot.hostKeyHash,
    usedBackupKey: match.usedBackupKey,
  };
}

const SHAPE_REFUSAL: Record<SeHeaderFault, keyof typeof SeHeaderRefusal> = {
  magic: "magicMismatch",
  version: "versionUnsupported",
  size: "lengthMismatch",
  "no-slots": "noSlots",
  "encrypted-size": "encryptedSizeInvalid",
};

function refuse(reason: keyof typeof SeHeaderRefusal): RefusedSeHeader {
  return { ok: false, reason, ...SeHeaderRefusal[reason] };
}

interface SlotMatch {
  readonly slot: KeySlot;
  readonly hostKey: KeyObject;
  readonly usedBackupKey: boolean;
}

/** The slot for one of our keys. A header that allows backup keys, on a host that has one, fails with its own code. */
function findSlot(
  header: SeHeader,
  hostKeys: readonly KeyObject[],
  backup: KeyObject | undefined,
): SlotMatch | "noMatchingSlot" | "backupKeyMismatch" {
  const mayUseBackup = backup !== undefined && (header.pcf & Pcf.backupTargetKeys) !== 0n;
  for (const hostKey of mayUseBackup ? [...hostKeys, backup] : hostKeys) {
    const hash = publicKeyHash(createPublicKey(hostKey));
    const slot = header.slots.find((candidate) => sameBytes(candidate.hostKeyHash, hash));
    if (slot !== undefined) return { slot, hostKey, usedBackupKey: hostKey === backup };
  }
  return mayUseBackup ? "backupKeyMismatch" : "noMatchingSlot";
}
