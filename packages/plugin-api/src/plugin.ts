import type { FacilityName } from "@lockframe/architecture";
import type { DeviceDefinition } from "./device.ts";
import type { Taps } from "./hooks.ts";

/** Raised only when the contract breaks. */
export const PLUGIN_API = 1;

/** A facility that machines can have because this plugin is there. */
export interface FacilityOffer {
  readonly facility: FacilityName;
  /** The first machine generation that may have it (15 is z15). The model `max` always may. */
  readonly since: number;
  /** What it does, one line. */
  readonly title: string;
}

export interface PluginDefinition {
  /** The npm name, or `@lockframe/plugin-...` for those that come with the project. */
  readonly name: string;
  readonly api: typeof PLUGIN_API;
  /** What it is for, one line. */
  readonly title: string;
  readonly facilities?: readonly FacilityOffer[];
  readonly devices?: readonly DeviceDefinition[];
  readonly taps?: Taps;
}

/** A definition with every list present. */
export interface Plugin {
  readonly name: string;
  readonly api: typeof PLUGIN_API;
  readonly title: string;
  readonly facilities: readonly FacilityOffer[];
  readonly devices: readonly DeviceDefinition[];
  readonly taps: Taps;
}

/** Make a plugin. It is frozen: what it contributes cannot change from one machine to the next. */
export function definePlugin(definition: PluginDefinition): Plugin {
  return Object.freeze({
    name: definition.name,
    api: definition.api,
    title: definition.title,
    facilities: Object.freeze([...(definition.facilities ?? [])]),
    devices: Object.freeze([...(definition.devices ?? [])]),
    taps: Object.freeze({ ...definition.taps }),
  });
}

/** Whether a module's default export is a plugin that this version of the contract can load. */
export function isPlugin(value: unknown): value is Plugin {
  return (
    typeof value === "object" &&
    value !== null &&
    "api" in value &&
    value.api === PLUGIN_API &&
    "name" in value &&
    typeof value.name === "string" &&
    "devices" in value &&
    Array.isArray(value.devices) &&
    "facilities" in value &&
    Array.isArray(value.facilities) &&
    "taps" in value &&
    typeof value.taps === "object"
  );
}
