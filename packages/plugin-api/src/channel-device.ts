import type { ChannelDevice, SenseId } from "@lockframe/channel-subsystem";
import type { z } from "zod";
import type { CapabilityName } from "./capabilities.ts";
import {
  type DefinitionParts,
  device,
  lifeOf,
  type DeviceContext,
  type DeviceDefinition,
  type DeviceLife,
  type Restored,
} from "./device.ts";

/** What `create` of a channel-attached device returns: its commands and what else concerns it. */
export type ChannelDeviceParts = ChannelDevice & DeviceLife;

/**
 * Define a device that hangs from a channel path: a table of commands, by command code. Handlers see a transfer, never
 * storage. Count, length, chaining, residual count and keys belong to the channel subsystem.
 */
export function channelDevice<
  Config extends z.ZodObject,
  const Needs extends readonly CapabilityName[],
  State extends z.ZodType = z.ZodType<undefined>,
>(
  definition: DefinitionParts<Config, Needs, State> & {
    readonly senseId: SenseId;
    create(
      context: DeviceContext<z.output<Config>, Needs[number]> & Restored<z.output<State>>,
    ): ChannelDeviceParts;
  },
): DeviceDefinition {
  const { senseId, create, ...parts } = definition;
  return device<Config, Needs, State>({
    ...parts,
    class: "channel",
    create(context) {
      const made = create(context);
      return { channel: { device: made, senseId }, ...lifeOf(made) };
    },
  });
}
