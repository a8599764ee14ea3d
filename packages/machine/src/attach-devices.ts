/** Brings the devices of a plan to the channel subsystem. */
import { LockframeError } from "@lockframe/architecture";
import type { Attachment, AttachOptions, ChannelSubsystem } from "@lockframe/channel-subsystem";
import type { Device, DeviceRequest } from "@lockframe/plugin-api";

/** A device and what the user said of it. */
export interface CreatedDevice {
  readonly request: DeviceRequest;
  readonly device: Device;
}

/** Channel paths: one for each way of attachment. */
const FICON = { id: 1, type: 0x1b };
/** Devices of the virtual channel-subsystem image (X'FE') are in image 0 for a guest, as with QEMU. */
const VIRTUAL_IMAGE = 0xfe;

interface Number {
  readonly set: number;
  readonly deviceNumber: number | undefined;
}

/**
 * Attach devices in their order. One without a device number gets the lowest that nobody asked for.
 * @throws LockframeError LF-MACHINE-011 the number does not exist here, LF-MACHINE-012 it is taken
 */
export function attachDevices(created: readonly CreatedDevice[], css: ChannelSubsystem): void {
  const taken = new Map<string, string>();
  for (const { request } of created) {
    if (request.at === undefined) continue;
    const { set, deviceNumber } = parseNumber(request.at, request.type);
    const key = `${set}.${deviceNumber}`;
    const other = taken.get(key);
    if (other !== undefined) {
      throw new LockframeError(
        "LF-MACHINE-012",
        `device number ${request.at} is asked for by ${other} and by ${request.type}`,
        "Give one of them another number, or none.",
      );
    }
    taken.set(key, request.type);
  }
  let next = 0;
  const free = (): number => {
    while (taken.has(`0.${next}`)) next += 1;
    return next++;
  };
  for (const { request, device } of created) {
    if (device.channel === undefined) continue;
    const place: Number =
      request.at === undefined ? { set: 0, deviceNumber: free() } : parseNumber(request.at, request.type);
    attach(css, device.channel, { ...place, path: FICON });
  }
}

function attach(
  css: ChannelSubsystem,
  device: NonNullable<Device["channel"]>,
  options: AttachOptions,
): Attachment {
  return css.attach(device, options);
}

/** `css.ssid.devno`, hexadecimal. */
function parseNumber(at: string, type: string): Number {
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
