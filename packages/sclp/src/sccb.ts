import type { ResponseCode } from "./response-code.ts";

const LENGTH = 0;
const FUNCTION_CODE = 2;
const CONTROL_MASK_2 = 5;
const RESPONSE_CODE = 6;
const VARIABLE_LENGTH_RESPONSE = 0x80;

/**
 * A service-call control block being worked on, always on a copy of the guest's bytes:
 * {length 2, function code 1, control mask 3, response code 2, data}.
 */
export class Sccb {
  /** Bytes of the header, the least length of a block. */
  static readonly HEADER = 8;

  readonly bytes: Uint8Array;
  readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Length that the program states, header included. It can exceed the bytes copied. */
  get length(): number {
    return this.view.getUint16(LENGTH);
  }

  set length(bytes: number) {
    this.view.setUint16(LENGTH, bytes);
  }

  get functionCode(): number {
    return this.view.getUint8(FUNCTION_CODE);
  }

  /** Whether the program lets the length field be changed by the response. */
  get variableLengthResponse(): boolean {
    return (this.view.getUint8(CONTROL_MASK_2) & VARIABLE_LENGTH_RESPONSE) !== 0;
  }

  clearVariableLengthResponse(): void {
    this.view.setUint8(CONTROL_MASK_2, this.view.getUint8(CONTROL_MASK_2) & ~VARIABLE_LENGTH_RESPONSE);
  }

  respond(code: ResponseCode): void {
    this.view.setUint16(RESPONSE_CODE, code);
  }
}
