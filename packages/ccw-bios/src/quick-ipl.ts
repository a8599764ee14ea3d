/**
 * What boot firmware finds in low storage beside its IPL parameter block: how to treat the menu, and where the blocks of
 * the next devices in the boot order lie. Source: QEMU include/hw/s390x/ipl/qipl.h.
 */

/** Absolute address of the structure, and its length. */
export const QUICK_IPL_AT = 0xcc;
const LENGTH = 28;

const MENU_BY_COMMAND_LINE = 0x80;
const MENU_BY_DISK = 0x40;
const TIMEOUT_AT = 0x0c;
const CHAIN_LENGTH_AT = 0x12;
const CHAIN_AT = 0x14;

export interface QuickIpl {
  /** `disk`: by the settings that the disk's own loader has. */
  readonly menu: "shown" | "hidden" | "disk";
  /** Milliseconds, 0 without limit. */
  readonly menuTimeout: number;
  /** IPL parameter blocks of the devices after the first. */
  readonly chainLength: number;
  /** Absolute address of the first of them; each has a page. */
  readonly chainAddress: number;
}

export function quickIplBlock({ menu, menuTimeout, chainLength, chainAddress }: QuickIpl): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  const view = new DataView(bytes.buffer);
  bytes[0] = menu === "shown" ? MENU_BY_COMMAND_LINE : menu === "disk" ? MENU_BY_DISK : 0;
  view.setUint32(TIMEOUT_AT, menuTimeout);
  view.setUint16(CHAIN_LENGTH_AT, chainLength);
  view.setBigUint64(CHAIN_AT, BigInt(chainAddress));
  return bytes;
}
