/** The control flags of an SE header: plain text (PCF) and secret (SCF). Bit 0 is the leftmost of 64. */

function bit(n: number): bigint {
  return 1n << BigInt(63 - n);
}

/** Plain-text control flags. */
export const Pcf = {
  /** The host may use the dump Ultravisor calls. */
  allowDumping: bit(34),
  /** Components are stored as plain text: unpack does not decrypt, digests still count. */
  noComponentEncryption: bit(35),
  pckmoDea: bit(56),
  pckmoAes: bit(57),
  pckmoEcc: bit(58),
  pckmoHmac: bit(59),
  /** A key slot may be meant for the backup host key. */
  backupTargetKeys: bit(62),
} as const;

/** PCKMO functions DEA/TDEA, AES and ECC: on unless somebody turns them off. */
export const PCF_PCKMO = Pcf.pckmoDea | Pcf.pckmoAes | Pcf.pckmoEcc;
export const PCF_DEFAULT = PCF_PCKMO;

/** Secret control flags. */
export const Scf = {
  /** Add-secret requests must carry the extension secret derived from the customer communication key. */
  cckExtensionSecretEnforcement: bit(1),
  cckUpdateAllowed: bit(2),
} as const;

export const SCF_DEFAULT = 0n;

export type PcfName = keyof typeof Pcf;
export type ScfName = keyof typeof Scf;

/** Names of the flags that are set; bits without a name come as `bit-<n>`. */
export function flagNames(value: bigint, names: Readonly<Record<string, bigint>>): string[] {
  const found: string[] = [];
  for (let n = 0; n < 64; n++) {
    if ((value & bit(n)) === 0n) continue;
    const known = Object.entries(names).find(([, mask]) => mask === bit(n));
    found.push(known === undefined ? `bit-${n}` : known[0]);
  }
  return found;
}
