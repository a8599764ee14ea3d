/** Operation-request block, 32 bytes, of which a command-mode one without extension uses the first 12. */
export interface OperationRequestBlock {
  readonly parameter: number;
  /** The bits that the subchannel-status word repeats, in its places. */
  readonly flags: number;
  /** Storage key of the channel program, in the leftmost four bits of a byte. */
  readonly key: number;
  readonly suspendControl: boolean;
  readonly ccwFormat: 0 | 1;
  readonly initialStatus: boolean;
  readonly addressLimit: boolean;
  readonly suppressSuspended: boolean;
  readonly idawFormat: 1 | 2;
  /** Bytes that an IDAW's block has. */
  readonly idawBlock: 2048 | 4096;
  readonly pathMask: number;
  /** Incorrect length of immediate operations of format 1 is not indicated. */
  readonly suppressIncorrectLength: boolean;
  readonly modifiedIndirect: boolean;
  /** Address of the channel program. */
  readonly address: number;
}

const TRANSPORT_MODE = 0x0004;
const RESERVED = 0x3e;
const EXTENSION = 0x01;
/** Bits that the subchannel-status word repeats: key, S, F, P, I, A, U. */
const REPEATED = 0xf8f8;

/**
 * Take an operation-request block apart. Undefined: START SUBCHANNEL recognises an operand exception. The facilities
 * for transport mode and for the extension are not installed.
 * Source: Principles of Operation, "Operation-Request Block".
 */
export function parseOperationRequestBlock(orb: Uint8Array): OperationRequestBlock | undefined {
  const view = new DataView(orb.buffer, orb.byteOffset, orb.byteLength);
  const flags = view.getUint16(4);
  const more = view.getUint8(7);
  const address = view.getUint32(8);
  if ((flags & TRANSPORT_MODE) !== 0 || (more & (RESERVED | EXTENSION)) !== 0 || address >= 0x80000000) {
    return undefined;
  }
  const idawFormat = (flags & 0x0002) === 0 ? 1 : 2;
  return {
    parameter: view.getUint32(0),
    flags: flags & REPEATED,
    key: (flags >> 8) & 0xf0,
    suspendControl: (flags & 0x0800) !== 0,
    ccwFormat: (flags & 0x0080) === 0 ? 0 : 1,
    initialStatus: (flags & 0x0020) !== 0,
    addressLimit: (flags & 0x0010) !== 0,
    suppressSuspended: (flags & 0x0008) !== 0,
    idawFormat,
    idawBlock: idawFormat === 2 && (flags & 0x0001) === 0 ? 4096 : 2048,
    pathMask: view.getUint8(6),
    suppressIncorrectLength: (more & 0x80) !== 0,
    modifiedIndirect: (more & 0x40) !== 0,
    address,
  };
}
