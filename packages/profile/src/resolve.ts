import { type Diagnostic, throwIfAny } from "./diagnostic.ts";
import type { Layer } from "./load.ts";
import { formatPath, type Path, type Place } from "./origin.ts";
import { defaults, type DeviceEntry, type Profile, type ProfileLayer, profileSchema } from "./schema.ts";
import { parseSize } from "./size.ts";

/** A profile with every value, and where each came from. */
export interface ResolvedProfile {
  readonly profile: Profile;
  /** Place of each leaf value by its path (`cpus.count`); absent: the default. */
  readonly origins: ReadonlyMap<string, Place>;
  /** Place of the value at a path, or of the nearest thing around it. */
  placeOf(path: Path): Place;
}

/** Where a value came from that nobody wrote. */
export const DEFAULT_PLACE: Place = { source: "default" };

/**
 * Merge layers, the most basic first, and check what no single layer can know.
 *
 * Maps merge key by key; scalars and plain lists are replaced. `plugins` is a union in order. `facilities`: a later
 * layer's `add` takes back an earlier `remove`, and the other way round. `devices` merge with those of earlier layers
 * by `at`, or else by `id`; an entry with neither is added.
 *
 * @throws ProfileError LF-PROFILE-101 to LF-PROFILE-104
 */
export function resolveProfile(layers: readonly Layer[]): ResolvedProfile {
  const merger = new Merger();
  for (const layer of layers) merger.add(layer);
  const profile = profileSchema.parse(merger.profile);
  const resolved: ResolvedProfile = {
    profile,
    origins: merger.origins,
    placeOf: (path) => nearest(merger.origins, path),
  };
  throwIfAny(crossChecks.flatMap((crossCheck) => crossCheck(resolved)));
  return resolved;
}

class Merger {
  profile: Profile = structuredClone(defaults);
  readonly origins = new Map<string, Place>();

  add(layer: Layer): void {
    const { extends: _base, plugins, facilities, devices, ...plain } = layer.value;
    this.#mergeMap(this.profile, plain, [], layer);
    for (const plugin of plugins ?? []) this.#addPlugin(plugin, layer);
    this.#changeFacilities(facilities, layer);
    this.#mergeDevices(devices ?? [], layer);
  }

  #mergeMap(target: object, value: object, path: Path, layer: Layer): void {
    for (const [key, part] of Object.entries(value)) {
      if (part === undefined) continue;
      const here = [...path, key];
      const existing: unknown = Reflect.get(target, key);
      if (isMap(part) && isMap(existing)) {
        this.#mergeMap(existing, part, here, layer);
      } else {
        Reflect.set(target, key, part);
        this.origins.set(formatPath(here), layer.placeOf(here));
      }
    }
  }

  #addPlugin(plugin: string, layer: Layer): void {
    if (this.profile.plugins.includes(plugin)) return;
    const index = layer.value.plugins?.indexOf(plugin) ?? 0;
    this.origins.set(formatPath(["plugins", this.profile.plugins.length]), layer.placeOf(["plugins", index]));
    this.profile.plugins.push(plugin);
  }

  #changeFacilities(changes: ProfileLayer["facilities"], layer: Layer): void {
    const lists = this.profile.facilities;
    for (const [list, opposite] of [
      ["add", "remove"],
      ["remove", "add"],
    ] as const) {
      for (const [index, name] of (changes?.[list] ?? []).entries()) {
        lists[opposite] = lists[opposite].filter((other) => other !== name);
        this.origins.delete(`facilities.${opposite}.${name}`);
        if (!lists[list].includes(name)) lists[list].push(name);
        this.origins.set(`facilities.${list}.${name}`, layer.placeOf(["facilities", list, index]));
      }
    }
  }

  /** Two entries of one layer are two devices, whatever they are called: that they clash is told of, not hidden. */
  #mergeDevices(entries: readonly DeviceEntry[], layer: Layer): void {
    const { devices } = this.profile;
    const earlier = new Set(devices.keys());
    for (const [index, entry] of entries.entries()) {
      const known = devices.findIndex((other, at) => earlier.has(at) && isSameDevice(other, entry));
      earlier.delete(known);
      const position = known === -1 ? devices.length : known;
      devices[position] = { ...devices[position], ...entry };
      for (const key of Object.keys(entry)) {
        this.origins.set(formatPath(["devices", position, key]), layer.placeOf(["devices", index, key]));
      }
    }
  }
}

function isSameDevice(one: DeviceEntry, other: DeviceEntry): boolean {
  return one.at !== undefined && one.at === other.at
    ? true
    : one.id !== undefined && one.id === other.id && (one.at === undefined || other.at === undefined);
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function nearest(origins: ReadonlyMap<string, Place>, path: Path): Place {
  for (let length = path.length; length > 0; length -= 1) {
    const prefix = formatPath(path.slice(0, length));
    const exact = origins.get(prefix);
    if (exact !== undefined) return exact;
    for (const [key, place] of origins) if (key.startsWith(`${prefix}.`)) return place;
  }
  return DEFAULT_PLACE;
}

type CrossCheck = (resolved: ResolvedProfile) => readonly Diagnostic[];

const MIB = 2 ** 20;

/** WebAssembly memories end here, and storage begins a little above their start. */
const STORAGE_END = 16 * 2 ** 30;

const storageCanBeHad: CrossCheck = ({ profile, placeOf }) => {
  const path = ["storage", "size"];
  const bytes = parseSize(profile.storage.size);
  const place = placeOf(path);
  if (bytes % MIB !== 0)
    return [{ code: "LF-PROFILE-101", place, path, message: `${bytes} bytes are no multiple of 1 MiB` }];
  if (bytes >= STORAGE_END)
    return [{ code: "LF-PROFILE-105", place, path, message: "guest storage has to be less than 16 GiB" }];
  return [];
};

const iplHasKernel: CrossCheck = ({ profile, placeOf }) => {
  if (profile.ipl.kernel !== undefined) return [];
  return (["initrd", "commandLine"] as const)
    .filter((key) => profile.ipl[key] !== undefined)
    .map((key) => {
      const path = ["ipl", key];
      return {
        code: "LF-PROFILE-102",
        place: placeOf(path),
        path,
        message: "is for a kernel, and there is no ipl.kernel",
      };
    });
};

const devicesAreDistinct: CrossCheck = ({ profile, placeOf }) =>
  (["at", "id"] as const).flatMap((key) =>
    profile.devices.flatMap((entry, index): Diagnostic[] => {
      const value = entry[key];
      const first = value === undefined ? index : profile.devices.findIndex((other) => other[key] === value);
      if (first === index) return [];
      const path = ["devices", index, key];
      const message = `${String(value)} is taken by devices.${first} (${profile.devices[first]?.type})`;
      return [{ code: "LF-PROFILE-103", place: placeOf(path), path, message }];
    }),
  );

const pluginsBringDevices: CrossCheck = ({ profile, placeOf }) => {
  if (profile.devices.length === 0 || profile.plugins.length > 0) return [];
  const path = ["devices"];
  return [
    {
      code: "LF-PROFILE-104",
      place: placeOf(path),
      path,
      message: "devices come from plugins, and `plugins` is empty",
    },
  ];
};

const crossChecks: readonly CrossCheck[] = [
  storageCanBeHad,
  iplHasKernel,
  devicesAreDistinct,
  pluginsBringDevices,
];
