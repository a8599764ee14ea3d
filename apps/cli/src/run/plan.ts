import { dirname } from "node:path";
import { startCompilingThread } from "@lockframe/cpu/compiling-thread";
import type { PlannedMachine } from "@lockframe/machine";
import type { Plugin } from "@lockframe/plugin-api";
import type { ResolvedProfile } from "@lockframe/profile";
import { loadPlugins } from "../plugins.ts";

/** Load the plugins of a profile, from beside the file that names each. */
export async function pluginsOf(resolved: ResolvedProfile, directory: string): Promise<readonly Plugin[]> {
  const plugins: Plugin[] = [];
  for (const [index, name] of resolved.profile.plugins.entries()) {
    const { source, line } = resolved.placeOf(["plugins", index]);
    plugins.push(...(await loadPlugins([name], line === undefined ? directory : dirname(source))));
  }
  return plugins;
}

/**
 * Plan a machine that is going to run: while it is planned and assembled, what compiles hot code is loaded.
 * @throws LockframeError
 */
export function planToRun(resolved: ResolvedProfile, directory: string): Promise<PlannedMachine> {
  if (resolved.profile.cpus.engine === "jit") startCompilingThread();
  return planOf(resolved, directory);
}

/** Plan the machine of a profile. @throws LockframeError */
export async function planOf(resolved: ResolvedProfile, directory: string): Promise<PlannedMachine> {
  const plugins = await pluginsOf(resolved, directory);
  const { implementedFacilities, planMachine } = await import("@lockframe/machine");
  return planMachine(resolved, plugins, implementedFacilities);
}
