/** Channel-command word. Source: Principles of Operation, "Channel-Command Word". */
export interface ChannelCommandWord {
  readonly command: number;
  readonly flags: number;
  readonly count: number;
  /** Of data, of a list of addresses, or of the next word. */
  readonly address: number;
}

export const ccwFlag = {
  chainData: 0x80,
  chainCommand: 0x40,
  suppressLength: 0x20,
  skip: 0x10,
  programControlledInterruption: 0x08,
  indirect: 0x04,
  suspend: 0x02,
  modifiedIndirect: 0x01,
} as const;

/** Take the 8 bytes of a word apart. */
export function parseCcw(bytes: Uint8Array, format: 0 | 1): ChannelCommandWord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return format === 0
    ? {
        command: view.getUint8(0),
        flags: view.getUint8(4),
        count: view.getUint16(6),
        address: view.getUint32(0) & 0xffffff,
      }
    : {
        command: view.getUint8(0),
        flags: view.getUint8(1),
        count: view.getUint16(2),
        address: view.getUint32(4),
      };
}

/** Transfer in channel: in format 0 the left half of the command code does not count. */
export function isTransferInChannel({ command }: ChannelCommandWord, format: 0 | 1): boolean {
  return format === 0 ? (command & 0xf) === 8 : command === 8;
}

/**
 * Whether a transfer in channel is as it must be: format 1 has zeros in its unused places. That of its address is
 * checked when the next word is fetched.
 */
export function isValidTransferInChannel({ flags, count }: ChannelCommandWord, format: 0 | 1): boolean {
  return format === 0 || (flags === 0 && count === 0);
}

/** Whether data goes from the device into storage. */
export function isInput(command: number): boolean {
  return (command & 3) === 2 || (command & 0xf) === 4;
}
