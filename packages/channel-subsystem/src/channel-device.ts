/** What a channel-attached device is to the channel subsystem: a table of commands, its identification, its status. */

declare const unitStatusBrand: unique symbol;
/** Unit-status bits. Made from `status`, so that a bare number does not pass for one. */
export type UnitStatus = number & { readonly [unitStatusBrand]: true };

const unit = (bit: number): UnitStatus => bit as UnitStatus;

/** Unit status. Source: Principles of Operation, "Device-Status Field". */
export const status = {
  attention: unit(0x80),
  statusModifier: unit(0x40),
  controlUnitEnd: unit(0x20),
  busy: unit(0x10),
  channelEnd: unit(0x08),
  deviceEnd: unit(0x04),
  unitCheck: unit(0x02),
  unitException: unit(0x01),
} as const;

/** Bits of sense byte 0 that mean the same on all devices. */
export const senseBit = {
  commandReject: 0x80,
  interventionRequired: 0x40,
  busOutCheck: 0x20,
  equipmentCheck: 0x10,
  dataCheck: 0x08,
  overrun: 0x04,
} as const;

/** How a command ended. Make it with `end` or `unitCheck`. */
export interface Ending {
  readonly status: UnitStatus;
  /** With unit check: what a Sense command tells next. At most 32 bytes. */
  readonly sense?: Uint8Array;
}

/** The command ended: channel end and device end, and what else is said. */
export function end(...more: readonly UnitStatus[]): Ending {
  const bits = more.reduce((sum, each) => sum | each, status.channelEnd | status.deviceEnd);
  return { status: unit(bits) };
}

/** The command could not be done. @param sense sense bytes, the first made of `senseBit`s */
export function unitCheck(...sense: readonly number[]): Ending {
  return { ...end(status.unitCheck), sense: Uint8Array.from(sense) };
}

/** What the device says that does not know a command. */
export const commandReject: Ending = unitCheck(senseBit.commandReject);

/**
 * The data of one command, between the device and wherever the channel program's CCWs, chained or not, direct or
 * indirect, say. Count, skipping, incorrect length and residual count are the channel's business. Storage that cannot
 * be reached ends the channel program; the device need not look.
 */
export interface Transfer {
  /** Command code. */
  readonly command: number;
  /** Bytes that the command's first CCW designates. Control units on a wire are not told; virtual ones are. */
  readonly count: number;
  /** Give bytes to the program. May be called again and goes on where it was. Returns `end()`. */
  toStorage(bytes: Uint8Array): Ending;
  /** Take up to `limit` bytes from the program, fewer if it gives no more. Goes on where it was. */
  fromStorage(limit: number): Uint8Array;
  /** Look at up to `limit` bytes that lie where the next ones would come from or go to, without moving on. */
  preview(limit: number): Uint8Array;
}

/** Does a command. A promise keeps subchannel and device active until it is settled. */
export type CommandHandler = (transfer: Transfer) => Ending | Promise<Ending>;

/** What Sense ID tells. */
export interface SenseId {
  /** Control-unit type, four hexadecimal digits, for instance 0x3505. */
  readonly cuType: number;
  readonly cuModel: number;
  /** 0: the device has no type of its own. */
  readonly deviceType: number;
  readonly deviceModel: number;
}

/** A device as a subchannel drives it. Sense, Sense ID and, unless it has its own, No-Operation are done for it. */
export interface ChannelDevice {
  /** By command code. A command that is not here is rejected. */
  readonly commands: Readonly<Record<number, CommandHandler>>;
  /** Called once: the way to tell the program of something that it did not ask for. */
  attached?(line: DeviceLine): void;
  /** The program cleared or halted what the device was doing. */
  halted?(): void;
  /** The subchannel was disabled. */
  disabled?(): void;
  /** I/O-system reset. */
  reset?(): void;
}

/** From a device to its subchannel. */
export interface DeviceLine {
  /** Present unsolicited status, such as attention. It waits while other status is pending. */
  present(status: UnitStatus): void;
  /**
   * Interrupt with alert status alone, unless status is pending anyway. Virtio's classic indicators are told of so.
   */
  alert(): void;
}

export const command = {
  basicSense: 0x04,
  senseId: 0xe4,
  noOperation: 0x03,
  transferInChannel: 0x08,
} as const;
