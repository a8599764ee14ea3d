/** Subchannel-status word, 12 bytes. Source: Principles of Operation, "Subchannel-Status Word". */

/** Bits of the first halfword. The first seven are copies of bits in the operation-request block. */
export const scswFlag = {
  key: 0xf000,
  suspendControl: 0x0800,
  /** A format-0 extended-status word with more than its bits zero is there. */
  extendedStatusFormat: 0x0400,
  deferredCondition: 0x0300,
  format1: 0x0080,
  prefetch: 0x0040,
  initialStatus: 0x0020,
  addressLimit: 0x0010,
  suppressSuspended: 0x0008,
  zeroCondition: 0x0004,
  extendedControl: 0x0002,
  pathNotOperational: 0x0001,
} as const;

/** Bits of the second halfword: functions, activities, status. */
export const scswControl = {
  start: 0x4000,
  halt: 0x2000,
  clear: 0x1000,
  functions: 0x7000,
  resumePending: 0x0800,
  startPending: 0x0400,
  haltPending: 0x0200,
  clearPending: 0x0100,
  subchannelActive: 0x0080,
  deviceActive: 0x0040,
  suspended: 0x0020,
  activities: 0x0fe0,
  alert: 0x0010,
  intermediate: 0x0008,
  primary: 0x0004,
  secondary: 0x0002,
  statusPending: 0x0001,
  status: 0x001f,
} as const;

/** Subchannel status, the last byte but two. */
export const subchannelStatus = {
  programControlledInterruption: 0x80,
  incorrectLength: 0x40,
  programCheck: 0x20,
  protectionCheck: 0x10,
  channelDataCheck: 0x08,
  channelControlCheck: 0x04,
  interfaceControlCheck: 0x02,
  chainingCheck: 0x01,
} as const;

export class SubchannelStatusWord {
  flags = 0;
  control = 0;
  /** 8 more than the address of the last CCW that was used. */
  address = 0;
  unitStatus = 0;
  subchannelStatus = 0;
  /** Residual count. */
  count = 0;

  has(bits: number): boolean {
    return (this.control & bits) !== 0;
  }

  write(view: DataView, at: number): void {
    view.setUint16(at, this.flags);
    view.setUint16(at + 2, this.control);
    view.setUint32(at + 4, this.address);
    view.setUint8(at + 8, this.unitStatus);
    view.setUint8(at + 9, this.subchannelStatus);
    view.setUint16(at + 10, this.count);
  }
}
