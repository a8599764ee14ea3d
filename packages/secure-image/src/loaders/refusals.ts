import { asm } from "@lockframe/assembler";
import { SeHeaderRefusal, type UvReturnCode } from "../open-se-header.ts";

/** The Ultravisor's refusals in words, for the person at the console. */
interface Refusal extends UvReturnCode {
  readonly words: string;
}

/** Of SET SECURE CONFIGURATION PARAMETERS: the header was not accepted. */
const headerWords: Readonly<Record<keyof typeof SeHeaderRefusal, string>> = {
  versionUnsupported: "The machine does not know this version of the SE header.",
  pcfUnsupported: "The machine does not know a plain-text control flag of the image.",
  noMatchingSlot: "The image was not made for this machine: no key slot fits its host key.",
  customerKeyInvalid: "The customer public key in the SE header is no point of the curve.",
  backupKeyMismatch: "The image was not made for the backup host key of this machine.",
  scfUnsupported: "The machine does not know a secret control flag of the image.",
  lengthMismatch: "The SE header does not have the length that it claims.",
  encryptedSizeInvalid: "The encrypted area of the SE header has an impossible size.",
  noSlots: "The SE header has no key slots.",
  tagMismatch: "The SE header was changed after the image was made.",
  magicMismatch: "There is no SE header where the image says.",
  optionalItems: "The SE header has optional items, which the machine does not know.",
};

/** Also of SET SECURE CONFIGURATION PARAMETERS. */
const accessRefusals: readonly Refusal[] = [
  { rc: 0x103, rrc: 0x00, words: "The SE header does not lie in the storage of the machine." },
];

/** Of VERIFY IMAGE: what was unpacked is not what the header promises. */
const imageRefusals: readonly Refusal[] = [
  { rc: 0x102, rrc: 0x1a, words: "The image was tampered with: address list digest does not match." },
  { rc: 0x102, rrc: 0x1b, words: "The image was tampered with: page list digest does not match." },
  { rc: 0x102, rrc: 0x1c, words: "The image was tampered with: tweak list digest does not match." },
  { rc: 0x102, rrc: 0x1d, words: "The image was tampered with: number of pages does not match." },
];

const refusals: readonly Refusal[] = [
  ...Object.entries(headerWords).map(([fault, words]) => ({
    ...SeHeaderRefusal[fault as keyof typeof SeHeaderRefusal],
    words,
  })),
  ...accessRefusals,
  ...imageRefusals,
];

/** Rows of return code, reason code, and distance of the words from the table's beginning; then a zero row. */
export const refusalTable = asm("refusals.s")`
    .align 8
refusals:
${refusals.map(({ rc, rrc }, i) => `    .short ${rc},${rrc}\n    .long  refusal_${i}-refusals`).join("\n")}
    .quad  0
${refusals.map(({ words }, i) => `refusal_${i}: .asciz "${words}"`).join("\n")}
`;
