import { readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProfileFiles } from "@lockframe/profile";

/** Where the profiles that come along stand. */
const PROFILES = fileURLToPath(new URL("../../../profiles/", import.meta.url));

/** Profiles from the host's files, and those that come along by name. */
export function profileFiles(): ProfileFiles {
  const names = readdirSync(PROFILES).filter((name) => extname(name) === ".yaml");
  return {
    read: (path) => readFileSync(path, "utf8"),
    builtIn: new Map(names.toSorted().map((name) => [basename(name, ".yaml"), join(PROFILES, name)])),
  };
}
