import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LockframeError } from "@lockframe/architecture";
import { isPlugin, type Plugin, PLUGIN_API } from "@lockframe/plugin-api";
import { didYouMean } from "@lockframe/profile";

const PREFIX = "@lockframe/plugin-";

/** Plugins that come along, by their short name. Each is loaded when a machine names it. */
const firstParty: Readonly<Record<string, () => Promise<{ readonly default: Plugin }>>> = {
  unpack: () => import("@lockframe/plugin-unpack"),
  "iommu-by-default": () => import("@lockframe/plugin-iommu-by-default"),
  "no-huge-page-backing": () => import("@lockframe/plugin-no-huge-page-backing"),
  "no-balloon": () => import("@lockframe/plugin-no-balloon"),
  "no-passthrough": () => import("@lockframe/plugin-no-passthrough"),
  "sclp-console": () => import("@lockframe/plugin-sclp-console"),
  diag288: () => import("@lockframe/plugin-diag288"),
  "disk-images": () => import("@lockframe/plugin-disk-images"),
  "virtio-blk": () => import("@lockframe/plugin-virtio-blk"),
  "virtio-serial": () => import("@lockframe/plugin-virtio-serial"),
  "user-network": () => import("@lockframe/plugin-user-network"),
  "virtio-net": () => import("@lockframe/plugin-virtio-net"),
  "host-folders": () => import("@lockframe/plugin-host-folders"),
  "virtio-9p": () => import("@lockframe/plugin-virtio-9p"),
  "virtio-rng": () => import("@lockframe/plugin-virtio-rng"),
};

/** Short names of the plugins that come along. */
export const firstPartyNames: readonly string[] = Object.keys(firstParty);

/**
 * Load plugins in order, by short name, package name, or path of a module.
 *
 * @param directory - packages are resolved and relative paths are taken from here
 * @throws LockframeError LF-PLUGIN-001 not found or not a plugin, LF-PLUGIN-004 another API version
 */
export async function loadPlugins(names: readonly string[], directory: string): Promise<readonly Plugin[]> {
  const plugins: Plugin[] = [];
  for (const name of names) plugins.push(await loadPlugin(name, directory));
  return plugins;
}

async function loadPlugin(name: string, directory: string): Promise<Plugin> {
  const short = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  const own = firstParty[short];
  if (own !== undefined) return (await own()).default;
  const loaded = await importFrom(name, directory);
  if (isPlugin(loaded)) return loaded;
  const api = typeof loaded === "object" && loaded !== null && "api" in loaded ? loaded.api : undefined;
  if (api !== undefined && api !== PLUGIN_API) {
    throw new LockframeError(
      "LF-PLUGIN-004",
      `the plugin ${name} is made for API ${String(api)}, this is API ${PLUGIN_API}`,
      "Install the version of the plugin that fits.",
    );
  }
  throw new LockframeError(
    "LF-PLUGIN-001",
    `${name} is no plugin: its default export was not made by definePlugin`,
  );
}

async function importFrom(name: string, directory: string): Promise<unknown> {
  try {
    const path = createRequire(join(directory, "profile.yaml")).resolve(name);
    const module: object = await import(pathToFileURL(path).href);
    return "default" in module ? module.default : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new LockframeError(
      "LF-PLUGIN-001",
      `the plugin ${name} cannot be loaded: ${reason}${didYouMean(name, firstPartyNames)}`,
      `Plugins that come along: ${firstPartyNames.join(", ")}. Others are installed beside the profile.`,
      { cause: error },
    );
  }
}
