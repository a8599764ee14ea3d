import { LockframeError } from "@lockframe/architecture";

/** An access reaches beyond guest storage. To a guest it is an addressing exception; nothing was changed. */
export class AddressingError extends LockframeError {
  readonly address: number;
  readonly length: number;

  constructor(address: number, length: number, size: number) {
    super(
      "LF-MEMORY-001",
      `${length} bytes at absolute address 0x${address.toString(16)} are not within storage of 0x${size.toString(16)} bytes`,
    );
    this.name = "AddressingError";
    this.address = address;
    this.length = length;
  }
}
