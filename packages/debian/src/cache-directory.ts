import { homedir } from "node:os";
import { join } from "node:path";

/** `$XDG_CACHE_HOME/lockframe`, else `~/.cache/lockframe`. Relative values do not count (XDG Base Directory). */
export function defaultCacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const xdg = environment["XDG_CACHE_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homedir(), ".cache"), "lockframe");
}
