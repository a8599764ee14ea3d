import type { ChannelDevice, SenseId } from "@lockframe/channel-subsystem";
import type { z } from "zod";
import type { BootMedium } from "./boot-medium.ts";
import type { Capabilities, CapabilityName } from "./capabilities.ts";
import type { AttachedVirtio } from "./virtio-device.ts";

/** A function that a guest calls by DIAGNOSE. A program in problem state never reaches it. */
export interface DiagnoseFunction {
  /** Code of the function, as in DIAGNOSE X'288'. */
  readonly code: number;
  /** @returns registers to be set; undefined: a specification exception */
  execute(call: DiagnoseCall): ReadonlyMap<number, bigint> | undefined;
}

export interface DiagnoseCall {
  /** Numbers of the registers that the instruction names. */
  readonly r1: number;
  readonly r3: number;
  /** Contents of a general register, 0 to 2^64-1. */
  gr(register: number): bigint;
}

/** A device in a running machine, as the machine's life cycle sees it. */
export interface Device {
  /** It is attached by a subchannel, and this is what the channel subsystem drives. */
  readonly channel?: { readonly device: ChannelDevice; readonly senseId: SenseId };
  /** It is a virtio device, attached by a subchannel that carries virtio. */
  readonly virtio?: AttachedVirtio;
  /** A guest reaches it by DIAGNOSE. */
  readonly diagnose?: DiagnoseFunction;
  /** A machine can boot from it. */
  readonly boot?: BootMedium;
  /** What a snapshot keeps of it, fit for the definition's `state`. */
  save?(): unknown;
  /** Back to the state after power-on. Absent: a reset does not concern it. A subchannel resets its device itself. */
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
 * - `diagnose`: a function of DIAGNOSE.
 */
export type DeviceClass = "sclp-event" | "virtio" | "channel" | "diagnose";

/** A kind of device that profiles can name. Make it with `device`, `channelDevice` or `virtioDevice`. */
export interface DeviceDefinition {
  /** The word in profiles and in `-device`. */
  readonly type: string;
  readonly title: string;
  readonly class: DeviceClass;
  /** Properties besides `type`, `id` and `at`; strict. */
  readonly config: z.ZodObject;
  /** What a snapshot keeps of it; undefined: nothing. */
  readonly state: z.ZodType | undefined;
  readonly needs: readonly CapabilityName[];
  /**
   * Parse the properties and create the device.
   * @param saved what the same kind of device saved; absent: it is as after power-on
   * @throws ZodError when they do not fit
   */
  instantiate(properties: unknown, capabilities: Partial<Capabilities>, saved?: unknown): Device;
}

/** What the makers of definitions have in common. */
export interface DefinitionParts<
  Config extends z.ZodObject,
  Needs extends readonly CapabilityName[],
  State extends z.ZodType,
> {
  readonly type: string;
  readonly title: string;
  readonly config: Config;
  /** What a snapshot keeps. Absent: nothing, a new device is as good as an old one. */
  readonly state?: State;
  readonly needs: Needs;
}

/** What `create` of a device with state is given besides: the state to go on from, undefined after power-on. */
export interface Restored<State> {
  readonly restored: State | undefined;
}

/**
 * Define a device.
 *
 * `needs` lists the capabilities that `create` receives; using another one does not compile.
 */
export function device<
  Config extends z.ZodObject,
  const Needs extends readonly CapabilityName[],
  State extends z.ZodType = z.ZodType<undefined>,
>(
  definition: DefinitionParts<Config, Needs, State> & {
    readonly class: DeviceClass;
    create(context: DeviceContext<z.output<Config>, Needs[number]> & Restored<z.output<State>>): Device;
  },
): DeviceDefinition {
  const { type, title, config, state, needs } = definition;
  return Object.freeze({
    type,
    title,
    class: definition.class,
    config,
    state,
    needs,
    instantiate(properties: unknown, capabilities: Partial<Capabilities>, saved?: unknown): Device {
      return definition.create({
        config: config.parse(properties),
        restored: saved === undefined ? undefined : state?.parse(saved),
        ...pick(capabilities, needs, type),
      });
    },
  });
}

/** Of the capabilities of a machine, those that a definition names. @throws TypeError the machine lacks one */
export function pick<const Names extends readonly CapabilityName[]>(
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

/** What every device may have, whatever it hangs from. */
export type DeviceLife = Pick<Device, "boot" | "save" | "dispose">;

/** What concerns a machine's life cycle of something that a definition made. It may be a class. */
export function lifeOf(made: DeviceLife): DeviceLife {
  return {
    ...(made.boot !== undefined && { boot: made.boot }),
    ...(made.save !== undefined && { save: () => made.save?.() }),
    ...(made.dispose !== undefined && { dispose: () => made.dispose?.() }),
  };
}
