/**
 * Whether a kernel file is a Secure Execution image, by its marks alone. Nothing is checked: what is wrong with
 * such an image, the package secure-image tells.
 */

const PAGE = 4096;
const METADATA_AT = 0xc000;
const METADATA_MAGIC = new TextEncoder().encode("SeImgLnx");
const HEADER_MAGIC = new TextEncoder().encode("IBMSecEx");
/** Pages in which every known builder puts the SE header when it writes no metadata. */
const HEADER_FIRST = 0x13000;
const HEADER_LAST = 0x14000 + 0x15 * PAGE;

export function findSecureImage(file: Uint8Array): boolean {
  if (startsWith(file, METADATA_AT, METADATA_MAGIC)) return true;
  for (let at = HEADER_FIRST; at <= HEADER_LAST; at += PAGE) {
    if (startsWith(file, at, HEADER_MAGIC)) return true;
  }
  return false;
}

function startsWith(file: Uint8Array, at: number, mark: Uint8Array): boolean {
  return mark.every((byte, i) => file[at + i] === byte);
}
