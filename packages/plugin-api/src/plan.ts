import type { FacilityName } from "@lockframe/architecture";
import type { DeviceClass } from "./device.ts";

/** A device as the user asked for it, before its properties are parsed. */
export interface DeviceRequest {
  readonly type: string;
  /** Unique name; consoles and backends are referred to by it. */
  readonly id: string | undefined;
  /** Device number `css.ssid.devno`. */
  readonly at: string | undefined;
  /** Properties that the user gave. A default from the plan is added only where one is absent. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A property that every device of a class gets unless the user gave it. */
export interface DeviceDefault {
  readonly class: DeviceClass;
  readonly property: string;
  readonly value: unknown;
}

/** What stands behind guest storage on the host. */
export type StorageBacking = "anonymous" | "huge-pages";

/** A reason for which the Ultravisor will not start this machine as a protected one. */
export interface ProtectionVeto {
  /** Return code of DIAGNOSE 308 subcode 10, for instance 0x0a02 (invalid for a protected configuration). */
  readonly responseCode: number;
  readonly message: string;
}

/**
 * A machine before it exists. The `facilities` hook hands it from plugin to plugin: each returns it as it is, or a
 * changed copy. Whatever a plugin changes is recorded under its name.
 */
export interface MachinePlan {
  readonly name: string;
  /** What STSI 3.2.2 presents; undefined: none. */
  readonly uuid: string | undefined;
  readonly cpu: {
    /** QEMU's word for the model, or `max`. */
    readonly model: string;
    /** Machine generation; the newest one known for `max`. */
    readonly generation: number;
    readonly count: number;
    readonly maxCount: number;
    readonly engine: "interpreter" | "jit" | "both";
  };
  readonly facilities: ReadonlySet<FacilityName>;
  readonly storage: {
    /** Bytes. */
    readonly size: number;
    readonly backing: StorageBacking;
    /** Whether the host may merge equal pages of this and other machines. */
    readonly mergeable: boolean;
  };
  readonly devices: readonly DeviceRequest[];
  readonly deviceDefaults: readonly DeviceDefault[];
  readonly protection: {
    /** The user asked for a machine that can become a protected one (`confidential-guest-support`). */
    readonly requested: boolean;
    /** Let the host look into a protected guest. Said aloud at start. */
    readonly xray: boolean;
    readonly vetoes: readonly ProtectionVeto[];
  };
  /** What a reset that the guest asks for does. */
  readonly onReboot: "reboot" | "stop";
}

/** The plan with more facilities. */
export function offer(plan: MachinePlan, ...names: readonly FacilityName[]): MachinePlan {
  return { ...plan, facilities: new Set([...plan.facilities, ...names]) };
}

/** The plan with fewer facilities. */
export function withdraw(plan: MachinePlan, ...names: readonly FacilityName[]): MachinePlan {
  const facilities = new Set(plan.facilities);
  for (const name of names) facilities.delete(name);
  return { ...plan, facilities };
}

/** The plan with a default for a class of devices. What the user gave to a device wins. */
export function withDeviceDefault(plan: MachinePlan, deviceDefault: DeviceDefault): MachinePlan {
  return { ...plan, deviceDefaults: [...plan.deviceDefaults, deviceDefault] };
}

/** The plan of a machine that runs but cannot become a protected one, for a reason that its guest is told. */
export function withVeto(plan: MachinePlan, veto: ProtectionVeto): MachinePlan {
  return { ...plan, protection: { ...plan.protection, vetoes: [...plan.protection.vetoes, veto] } };
}
