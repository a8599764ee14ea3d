/** The virtio devices of a machine: each carried by a subchannel, notified by a hypervisor call. */
import type { Attachment, AttachOptions, ChannelSubsystem } from "@lockframe/channel-subsystem";
import type { HostView } from "@lockframe/memory";
import type { AttachedVirtio, Log } from "@lockframe/plugin-api";
import { VirtioCcw } from "@lockframe/virtio";

export interface VirtioDevicesOptions {
  readonly storage: HostView;
  readonly channelSubsystem: ChannelSubsystem;
  readonly log: Log;
  /** The machine is to become a protected one: a device that reaches all of storage is no use then. */
  readonly protectionRequested: boolean;
}

const EINVAL = 22n;
/** Virtual channel path. */
const PATH = { id: 0, type: 0x32 };

export class VirtioDevices {
  readonly #options: VirtioDevicesOptions;
  /** By subsystem-identification word. */
  readonly #transports = new Map<number, VirtioCcw>();

  constructor(options: VirtioDevicesOptions) {
    this.#options = options;
  }

  /** Attach a device. @param name what messages call it; @param running the program is told of it */
  attach(
    device: AttachedVirtio,
    place: Pick<AttachOptions, "set" | "deviceNumber">,
    name: string,
    running = false,
  ): Attachment {
    const { storage, channelSubsystem, log, protectionRequested } = this.#options;
    if (protectionRequested && !device.transport.accessPlatform)
      log.warn(`${name} has iommu_platform=off: a protected guest's driver refuses it`);
    const transport = new VirtioCcw(device.function, device.transport, {
      storage,
      adapterInterruption: (subclass) => channelSubsystem.interruptions.presentAdapter(subclass),
      later: setImmediate,
      brokenByGuest: (reason) => log.warn(`the guest's driver broke a queue of ${name}: ${reason}`),
      now: () => performance.now(),
    });
    const options = { ...place, senseId: transport.senseId, path: PATH };
    const attachment = running
      ? channelSubsystem.plug(transport, options)
      : channelSubsystem.attach(transport, options);
    this.#transports.set(attachment.identification, transport);
    return attachment;
  }

  /** Take a device away; the program is told. */
  detach(attachment: Attachment): void {
    this.#transports.delete(attachment.identification);
    this.#options.channelSubsystem.unplug(attachment);
  }

  /**
   * A driver notifies of a queue, by DIAGNOSE 500.
   * @param data the queue in the rightmost halfword
   * @returns the driver's cookie, or -22 for no such device or queue
   */
  notify(subchannel: bigint, data: bigint, cookie: bigint): bigint {
    const transport = this.#transports.get(Number(BigInt.asUintN(32, subchannel)));
    return transport?.notify(Number(data & 0xffffn)) === true ? cookie : -EINVAL;
  }
}
