import { dataLayer, type Layer, loadLayers, type ProfileFiles } from "./load.ts";
import { resolveProfile, type ResolvedProfile } from "./resolve.ts";
import type { ProfileLayer } from "./schema.ts";

/** Type a profile that a program computes. Nothing is checked until it is resolved. */
export function defineMachine(profile: ProfileLayer): ProfileLayer {
  return profile;
}

/**
 * Resolve a profile from a file or by name.
 *
 * @param changes - layers on top of it, for instance what a command line says
 * @throws ProfileError when anything is wrong, with every place
 */
export function resolveFile(
  reference: string,
  directory: string,
  files: ProfileFiles,
  changes: readonly Layer[] = [],
): ResolvedProfile {
  return resolveProfile([...loadLayers(reference, directory, files), ...changes]);
}

/** Resolve a profile made by a program. Relative paths and `extends` are taken against `directory`. */
export function resolveMachine(
  source: string,
  machine: ProfileLayer,
  directory: string,
  files: ProfileFiles,
  changes: readonly Layer[] = [],
): ResolvedProfile {
  const layer = dataLayer(source, machine, directory);
  const base = layer.value.extends === undefined ? [] : loadLayers(layer.value.extends, directory, files);
  return resolveProfile([...base, layer, ...changes]);
}
