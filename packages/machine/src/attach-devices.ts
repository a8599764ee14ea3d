/** Brings the devices of a plan to the channel subsystem. */
import { LockframeError } from "@lockframe/architecture";
import type { Attachment, AttachOptions, ChannelSubsystem } from "@lockframe/channel-subsystem";
import type { BootMedium, Device, DeviceRequest } from "@lockframe/plugin-api";
import type { VirtioDevices } from "./virtio-devices.ts";

/** A device and what the user said of it. */
export interface CreatedDevice {
  readonly request: DeviceRequest;
  readonly device: Device;
}

/** A device with a subchannel. */
export interface AttachedDevice extends CreatedDevice {
  readonly attachment: Attachment;
}

export interface AttachTarget {
  readonly channelSubsystem: ChannelSubsystem;
  readonly virtioDevices: VirtioDevices;
}

/** A device that the machine can boot from, and its number. */
export interface AttachedMedium {
  readonly set: number;
  readonly deviceNumber: number;
  /** Subsystem-identification word. */
  readonly identification: number;
  /** What messages call it. */
  readonly name: string;
  readonly medium: BootMedium;
}

/** Channel path of devices without virtio. */
const FICON = { id: 1, type: 0x1b };
/** Devices of the virtual channel-subsystem image (X'FE') are in image 0 for a guest, as with QEMU. */
const VIRTUAL_IMAGE = 0xfe;

interface DeviceNumber {
  readonly set: number;
  readonly deviceNumber: number;
}

/**
 * Attach devices in their order; returns those that have subchannels. One without a device number gets the lowest that
 * nobody asked for.
 * @throws LockframeError LF-MACHINE-011 the number does not exist here, LF-MACHINE-012 it is taken, LF-MACHINE-013 the
 *   device is not one that has a number
 */
export function attachDevices(
  created: readonly CreatedDevice[],
  target: AttachTarget,
): readonly AttachedDevice[] {
  const numberOf = numbering(created);
  return created.flatMap((each) => {
    if (isAttached(each)) return [attach(each, numberOf(each.request), target, false)];
    if (each.request.at !== undefined) throw hasNoNumber(each.request);
    return [];
  });
}

/**
 * Attach a device to a machine that runs; the program is told.
 * @throws LockframeError as `attachDevices`; LF-MACHINE-017 the device cannot come later
 */
export function plugDevice(created: CreatedDevice, target: AttachTarget): AttachedDevice {
  const { request } = created;
  if (!isAttached(created)) {
    throw new LockframeError(
      "LF-MACHINE-017",
      `${nameOf(request)} cannot be plugged while the machine runs: it has no subchannel`,
      "Name it when the machine is started.",
    );
  }
  const place =
    request.at === undefined ? { set: 0, deviceNumber: undefined } : parseNumber(request.at, request.type);
  try {
    return attach(created, place, target, true);
  } catch (error) {
    if (error instanceof RangeError) throw isTaken(request.at ?? "of any", nameOf(request), "another device");
    throw error;
  }
}

function attach(
  created: CreatedDevice,
  place: Pick<AttachOptions, "set" | "deviceNumber">,
  { channelSubsystem, virtioDevices }: AttachTarget,
  running: boolean,
): AttachedDevice {
  const { channel, virtio } = created.device;
  if (virtio !== undefined) {
    const name = nameOf(created.request);
    return { ...created, attachment: virtioDevices.attach(virtio, place, name, running) };
  }
  if (channel === undefined) throw new Error(`${nameOf(created.request)} has no subchannel`);
  const options = { ...place, senseId: channel.senseId, path: FICON };
  const attachment = running
    ? channelSubsystem.plug(channel.device, options)
    : channelSubsystem.attach(channel.device, options);
  return { ...created, attachment };
}

/** Take a device away from a machine that runs; the program is told. */
export function unplugDevice({ device, attachment }: AttachedDevice, target: AttachTarget): void {
  if (device.virtio !== undefined) target.virtioDevices.detach(attachment);
  else target.channelSubsystem.unplug(attachment);
}

/** Those that a machine can boot from. */
export function bootMedia(attached: readonly AttachedDevice[]): readonly AttachedMedium[] {
  return attached.flatMap(({ request, device, attachment: { set, deviceNumber, identification } }) =>
    device.boot === undefined
      ? []
      : [{ set, deviceNumber, identification, name: nameOf(request), medium: device.boot }],
  );
}

function isAttached({ device }: CreatedDevice): boolean {
  return device.channel !== undefined || device.virtio !== undefined;
}

/** Device numbers: those that were asked for, and the lowest free ones of set 0 for the others. */
function numbering(created: readonly CreatedDevice[]): (request: DeviceRequest) => DeviceNumber {
  const taken = new Map<string, string>();
  for (const { request } of created) {
    if (request.at === undefined) continue;
    const { set, deviceNumber } = parseNumber(request.at, request.type);
    const other = taken.get(`${set}.${deviceNumber}`);
    if (other !== undefined) throw isTaken(request.at, other, nameOf(request));
    taken.set(`${set}.${deviceNumber}`, nameOf(request));
  }
  let next = 0;
  return ({ at, type }) => {
    if (at !== undefined) return parseNumber(at, type);
    while (taken.has(`0.${next}`)) next += 1;
    return { set: 0, deviceNumber: next++ };
  };
}

/** `css.ssid.devno`, hexadecimal. */
function parseNumber(at: string, type: string): DeviceNumber {
  const [image, set, deviceNumber] = at.split(".").map((part) => Number.parseInt(part, 16));
  if ((image !== 0 && image !== VIRTUAL_IMAGE) || set === undefined || deviceNumber === undefined) {
    throw new LockframeError(
      "LF-MACHINE-011",
      `there is no channel-subsystem image for device number ${at} of ${type}`,
      "Device numbers here begin with 0 or, as with QEMU, with fe.",
    );
  }
  return { set, deviceNumber };
}

/** What messages call a device. */
export function nameOf({ type, id }: DeviceRequest): string {
  return id === undefined ? type : `${type} '${id}'`;
}

function isTaken(at: string, one: string, other: string): LockframeError {
  return new LockframeError(
    "LF-MACHINE-012",
    `device number ${at} is asked for by ${one} and by ${other}`,
    "Give one of them another number, or none.",
  );
}

function hasNoNumber(request: DeviceRequest): LockframeError {
  return new LockframeError(
    "LF-MACHINE-013",
    `${nameOf(request)} has no subchannel, so it cannot have device number ${request.at}`,
    "Leave the number out.",
  );
}
