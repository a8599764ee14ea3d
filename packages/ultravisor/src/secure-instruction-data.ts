/**
 * Operands of intercepted instructions. While storage is secret, the Ultravisor copies the operand of an
 * instruction that the host completes (SCCB, IPL block, ORB, SCHIB, IRB, SYSIB ...) to and from the secure
 * instruction data area, one page for each CPU; that copy is all that the host gets to see.
 */
import { PAGE_SIZE, type GuestView } from "@lockframe/memory";

export class SecureInstructionData {
  readonly #guest: GuestView;
  /** Largest operand in bytes. */
  readonly size: number;

  /** @param pages size of the area; KVM uses one page for each CPU */
  constructor(guest: GuestView, pages = 1) {
    this.#guest = guest;
    this.size = pages * PAGE_SIZE;
  }

  /**
   * Copy an operand out of guest storage.
   * @returns undefined if it does not fit the area
   * @throws AddressingError, GuestStopError
   */
  copyIn(address: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    return length > this.size ? undefined : this.#guest.read(address, length);
  }

  /**
   * Copy an operand whose first bytes are its length: SCCB (2 bytes), IPL parameter block (4 bytes).
   * @returns undefined if it does not fit the area, or is shorter than its length field
   */
  copyInCounted(address: number, lengthBytes: 2 | 4): Uint8Array<ArrayBuffer> | undefined {
    const field = this.#guest.read(address, lengthBytes);
    const length = field.reduce((value, byte) => value * 0x100 + byte, 0);
    return length < lengthBytes ? undefined : this.copyIn(address, length);
  }

  /**
   * Copy a result into guest storage.
   * @returns false if it does not fit the area; nothing is stored then
   */
  copyOut(address: number, bytes: Uint8Array): boolean {
    if (bytes.length > this.size) return false;
    this.#guest.write(address, bytes);
    return true;
  }
}
