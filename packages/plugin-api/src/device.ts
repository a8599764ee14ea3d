import type { z } from "zod";
import type { Capabilities, CapabilityName } from "./capabilities.ts";

/** A device in a running machine, as the machine's life cycle sees it. */
export interface Device {
  /** Back to the state after power-on. Absent: a reset does not concern it. */
  reset?(): void;
  /** Give up what it holds of the host. */
  dispose?(): void | Promise<void>;
}

/** What `create` is given: the parsed configuration and the capabilities named in `needs`. */
export type DeviceContext<Config, Needs extends CapabilityName> = { readonly config: Config } & Pick<
  Capabilities,
  Needs
>;

/**
 * Devices by what they hang from. A default such as `iommu_platform` is for a whole class.
 * - `sclp-event`: the service-call processor's event facility.
 * - `virtio`: any virtio device, whatever its transport.
 * - `channel`: a channel-attached device without virtio.
 */
export type DeviceClass = "sclp-event" | "virtio" | "channel";

/** A kind of device that profiles can name. Make it with `device`. */
export interface DeviceDefinition {
  /** The word in profiles and in `-device`. */
  readonly type: string;
  readonly title: string;
  readonly class: DeviceClass;
  /** Properties besides `type`, `id` and `at`; strict. */
  readonly config: z.ZodObject;
  readonly needs: readonly CapabilityName[];
  /** Parse the properties and create the device. @throws ZodError when they do not fit */
  instantiate(properties: unknown, capabilities: Partial<Capabilities>): Device;
}

/**
 * Define a device.
 *
 * `needs` lists the capabilities that `create` receives; using another one does not compile.
 */
export function device<
  Config extends z.ZodObject,
  const Needs extends readonly CapabilityName[],
>(definition: {
  readonly type: string;
  readonly title: string;
  readonly class: DeviceClass;
  readonly config: Config;
  readonly needs: Needs;
  create(context: DeviceContext<z.output<Config>, Needs[number]>): Device;
}): DeviceDefinition {
  const { type, title, config, needs } = definition;
  return Object.freeze({
    type,
    title,
    class: definition.class,
    config,
    needs,
    instantiate(properties: unknown, capabilities: Partial<Capabilities>): Device {
      return definition.create({ config: config.parse(properties), ...pick(capabilities, needs, type) });
    },
  });
}

function pick<const Names extends readonly CapabilityName[]>(
  capabilities: Partial<Capabilities>,
  names: Names,
  type: string,
): Pick<Capabilities, Names[number]> {
  const picked: Partial<Capabilities> = {};
  for (const name of names) Object.assign(picked, { [name]: required(capabilities, name, type) });
  return picked as Pick<Capabilities, Names[number]>;
}

function required<Name extends CapabilityName>(
  capabilities: Partial<Capabilities>,
  name: Name,
  type: string,
): Capabilities[Name] {
  const capability: Partial<Capabilities>[Name] = capabilities[name];
  if (capability === undefined)
    throw new TypeError(`device ${type} needs ${name}, which this machine does not provide`);
  return capability;
}
