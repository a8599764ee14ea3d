import type { TransportOptions, VirtioFunction } from "@lockframe/virtio";
import { z } from "zod";
import type { Capabilities, CapabilityName } from "./capabilities.ts";
import {
  type DefinitionParts,
  type Device,
  type DeviceContext,
  type DeviceDefinition,
  type DeviceLife,
  lifeOf,
  pick,
  type Restored,
} from "./device.ts";

/** A virtio device and how it is to be offered to its driver. */
export interface AttachedVirtio {
  readonly function: VirtioFunction;
  readonly transport: TransportOptions;
}

/** What `create` of a virtio device returns: the virtio side, and what else concerns it. */
export type VirtioDeviceParts = VirtioFunction & DeviceLife;

/** Properties that every virtio device has, by QEMU's names. */
const transportConfig = z.strictObject({
  iommu_platform: z
    .boolean()
    .default(false)
    .meta({ description: "Offer VIRTIO_F_ACCESS_PLATFORM: the device reaches only what its driver shares" }),
  packed: z.boolean().default(false).meta({ description: "Offer packed queues" }),
  indirect_desc: z.boolean().default(true).meta({ description: "Offer indirect descriptors" }),
  event_idx: z.boolean().default(true).meta({ description: "Offer notification suppression by index" }),
  max_revision: z
    .int()
    .min(0)
    .max(2)
    .default(2)
    .meta({ description: "Highest revision of the virtio-ccw transport" }),
});

/**
 * Define a virtio device attached by channel I/O. Its properties are those of `config` and those of every virtio device.
 *
 * @param definition.deviceId - virtio device type: 1 network, 2 block, 3 console, 4 entropy, ...
 */
export function virtioDevice<
  Config extends z.ZodObject,
  const Needs extends readonly CapabilityName[],
  State extends z.ZodType = z.ZodType<undefined>,
>(
  definition: DefinitionParts<Config, Needs, State> & {
    readonly deviceId: number;
    create(
      context: DeviceContext<z.output<Config>, Needs[number]> & Restored<z.output<State>>,
    ): VirtioDeviceParts;
  },
): DeviceDefinition {
  const { type, title, deviceId, config, state, needs, create } = definition;
  return Object.freeze({
    type,
    title,
    class: "virtio" as const,
    config: config.extend(transportConfig.shape),
    state,
    needs,
    instantiate(properties: unknown, capabilities: Partial<Capabilities>, saved?: unknown): Device {
      const { own, common } = split(properties);
      const transport = transportOptions(deviceId, transportConfig.parse(common));
      const made = create({
        config: config.parse(own),
        restored: saved === undefined ? undefined : state?.parse(saved),
        ...pick(capabilities, needs, type),
      });
      return { virtio: { function: made, transport }, ...lifeOf(made) };
    },
  });
}

/** Properties of the device apart from those of every virtio device. */
function split(properties: unknown): { own: unknown; common: Record<string, unknown> } {
  if (typeof properties !== "object" || properties === null) return { own: properties, common: {} };
  const [own, common]: Record<string, unknown>[] = [{}, {}];
  for (const [key, value] of Object.entries(properties)) {
    Object.assign(key in transportConfig.shape ? (common ?? {}) : (own ?? {}), { [key]: value });
  }
  return { own, common: common ?? {} };
}

function transportOptions(deviceId: number, config: z.output<typeof transportConfig>): TransportOptions {
  return {
    deviceId,
    accessPlatform: config.iommu_platform,
    packedRing: config.packed,
    indirectDescriptors: config.indirect_desc,
    eventIndex: config.event_idx,
    maximumRevision: config.max_revision,
  };
}
