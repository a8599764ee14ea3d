import { formatPlace } from "./origin.ts";
import { DEFAULT_PLACE, type ResolvedProfile } from "./resolve.ts";

/** A leaf value of a resolved profile and where it came from. */
export interface ShownValue {
  readonly path: string;
  readonly value: unknown;
  /** `file:line:column`, `command line`, `default`. */
  readonly origin: string;
}

/** Every value of a profile with its origin, in the order of the schema. */
export function shownValues({ profile, origins }: ResolvedProfile): readonly ShownValue[] {
  return leaves(profile, "").map(({ path, value, key }) => ({
    path,
    value,
    origin: formatPlace(origins.get(key) ?? DEFAULT_PLACE),
  }));
}

interface Leaf {
  readonly path: string;
  readonly value: unknown;
  /** Where `origins` keeps it: list entries of `facilities` are kept by name. */
  readonly key: string;
}

function leaves(value: unknown, path: string): Leaf[] {
  if (typeof value !== "object" || value === null) return [{ path, value, key: path }];
  const entries = Object.entries(value);
  if (entries.length === 0) return path === "ipl" ? [] : [{ path, value, key: path }];
  return entries.flatMap(([name, part]) => {
    const here = path === "" ? name : `${path}.${name}`;
    if (path.startsWith("facilities.")) return [{ path: here, value: part, key: `${path}.${String(part)}` }];
    return leaves(part, here);
  });
}
