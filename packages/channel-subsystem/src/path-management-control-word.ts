/**
 * Path-management-control word, the first 28 bytes of the subchannel-information block.
 * Source: Principles of Operation, "Path-Management-Control Word".
 */

/** Bits of the halfword in front of the device number. */
export const pmcwFlag = {
  interruptionSubclass: 0x3800,
  enabled: 0x0080,
  limitMode: 0x0060,
  measurementMode: 0x0018,
  blockUpdate: 0x0010,
  connectTime: 0x0008,
  multipath: 0x0004,
  timing: 0x0002,
  deviceNumberValid: 0x0001,
} as const;

/** Bits of the last word. */
export const pmcwMode = { blockFormat1: 0x4, extendedMeasurement: 0x2, concurrentSense: 0x1 } as const;

/** Bits 0, 1, 6 and 7. Bit 5 is ignored. */
const RESERVED_FLAGS = 0xc300;
const RESERVED_MODES = 0xff1ffff8;
/** What MODIFY SUBCHANNEL changes. */
const MODIFIABLE_FLAGS =
  pmcwFlag.interruptionSubclass |
  pmcwFlag.enabled |
  pmcwFlag.limitMode |
  pmcwFlag.measurementMode |
  pmcwFlag.multipath;
const MODIFIABLE_MODES = pmcwMode.blockFormat1 | pmcwMode.concurrentSense;
/** The one channel path that every device has. */
const PATH = 0x80;
const RESERVED_LIMIT_MODE = 0x60;
const BLOCK_ALIGNMENT = 0x3fn;

/** The program's part of a subchannel. */
export class PathManagementControlWord {
  parameter = 0;
  flags: number = pmcwFlag.deviceNumberValid | pmcwFlag.timing;
  modes = 0;
  logicalPaths = PATH;
  notOperational = 0;
  lastPathUsed = 0;
  operational = 0xff;
  /** Index of the measurement block of format 0. */
  measurementIndex = 0;
  /** Address of the measurement block of format 1. */
  measurementBlock = 0n;
  readonly deviceNumber: number;
  readonly channelPath: number;

  constructor(deviceNumber: number, channelPath: number) {
    this.deviceNumber = deviceNumber;
    this.channelPath = channelPath;
  }

  get enabled(): boolean {
    return (this.flags & pmcwFlag.enabled) !== 0;
  }
  get interruptionSubclass(): number {
    return (this.flags & pmcwFlag.interruptionSubclass) >> 11;
  }
  get availablePaths(): number {
    return PATH;
  }

  /** Write it, and the measurement-block address, into a subchannel-information block. */
  write(view: DataView): void {
    view.setUint32(0, this.parameter);
    view.setUint16(4, this.flags);
    view.setUint16(6, this.deviceNumber);
    for (const [index, byte] of [
      this.logicalPaths,
      this.notOperational,
      this.lastPathUsed,
      PATH, // installed
    ].entries())
      view.setUint8(8 + index, byte);
    view.setUint16(12, this.measurementIndex);
    view.setUint8(14, this.operational);
    view.setUint8(15, PATH); // available
    view.setUint8(16, this.channelPath);
    view.setUint32(24, this.modes);
    view.setBigUint64(40, this.measurementBlock);
  }

  /** Take over what a program may change. */
  modify(schib: DataView): void {
    this.parameter = schib.getUint32(0);
    this.flags = (this.flags & ~MODIFIABLE_FLAGS) | (schib.getUint16(4) & MODIFIABLE_FLAGS);
    this.logicalPaths = schib.getUint8(8);
    this.measurementIndex = schib.getUint16(12);
    this.operational = schib.getUint8(14);
    this.modes = schib.getUint32(24) & MODIFIABLE_MODES;
    this.measurementBlock = schib.getBigUint64(40);
  }
}

/** Whether a block for MODIFY SUBCHANNEL has what must be zero zero, and asks for nothing that is not installed. */
export function isValidForModify(schib: DataView): boolean {
  const flags = schib.getUint16(4);
  const modes = schib.getUint32(24);
  if ((flags & RESERVED_FLAGS) !== 0 || (flags & pmcwFlag.limitMode) === RESERVED_LIMIT_MODE) return false;
  if ((modes & RESERVED_MODES) !== 0 || (modes & pmcwMode.extendedMeasurement) !== 0) return false;
  const format1 = (modes & pmcwMode.blockFormat1) !== 0;
  return !format1 || (schib.getBigUint64(40) & BLOCK_ALIGNMENT) === 0n;
}
