import { isAbsolute, resolve as resolvePath } from "node:path";
import { check } from "./check.ts";
import { type Diagnostic, ProfileError, throwIfAny } from "./diagnostic.ts";
import type { Path, Place } from "./origin.ts";
import { EMBEDDED_BIOS, layerSchema, type ProfileLayer } from "./schema.ts";
import { suggest } from "./suggest.ts";
import { readYaml } from "./yaml-text.ts";

/** Part of a profile with a source of its own: a file, a command line, a caller. */
export interface Layer {
  readonly source: string;
  readonly value: ProfileLayer;
  placeOf(path: Path): Place;
}

/** What loading needs of the host. */
export interface ProfileFiles {
  /** The text of a file. @throws when it cannot be read */
  read(path: string): string;
  /** Profiles that come along, by name. */
  readonly builtIn: ReadonlyMap<string, string>;
}

/** Deep enough for every honest chain of `extends`. */
const MAXIMUM_DEPTH = 16;

/**
 * Load a profile and all that it extends, the most basic first.
 *
 * @param reference - a path, or the name of a built-in profile; a name has neither `/` nor `.`
 * @param directory - directory against which a relative path is taken
 * @throws ProfileError LF-PROFILE-001 to LF-PROFILE-006
 */
export function loadLayers(reference: string, directory: string, files: ProfileFiles): readonly Layer[] {
  const layers: Layer[] = [];
  const seen: string[] = [];
  let next: { reference: string; directory: string; askedAt: Place } | undefined = {
    reference,
    directory,
    askedAt: { source: reference },
  };
  while (next !== undefined) {
    const path = locate(next.reference, next.directory, next.askedAt, files);
    if (seen.includes(path) || seen.length >= MAXIMUM_DEPTH) {
      const chain = [...seen, path].join(" -> ");
      fail("LF-PROFILE-006", next.askedAt, ["extends"], `profiles extend each other in a circle: ${chain}`);
    }
    seen.push(path);
    const layer = readLayer(path, next.askedAt, files);
    layers.unshift(layer);
    next =
      layer.value.extends === undefined
        ? undefined
        : {
            reference: layer.value.extends,
            directory: resolvePath(path, ".."),
            askedAt: layer.placeOf(["extends"]),
          };
  }
  return layers;
}

/** A layer from data that is no file: a command line, or a TypeScript program. */
export function dataLayer(source: string, value: unknown, directory: string): Layer {
  const place = (): Place => ({ source });
  const { value: layer, diagnostics } = check(layerSchema, { value, placeOf: place, placeOfKey: place });
  throwIfAny(diagnostics);
  if (layer === undefined) throw new TypeError(`${source} was refused without a diagnostic`);
  return { source, value: absolutePaths(layer, directory), placeOf: place };
}

function locate(reference: string, directory: string, askedAt: Place, files: ProfileFiles): string {
  if (/[/.]/.test(reference)) return isAbsolute(reference) ? reference : resolvePath(directory, reference);
  const path = files.builtIn.get(reference);
  if (path === undefined) {
    const names = [...files.builtIn.keys()];
    const near = suggest(reference, names);
    const known = near === undefined ? `built in are ${names.join(", ")}` : `did you mean \`${near}\`?`;
    return fail("LF-PROFILE-001", askedAt, [], `no profile is named \`${reference}\` (${known})`);
  }
  return path;
}

function readLayer(path: string, askedAt: Place, files: ProfileFiles): Layer {
  let content: string;
  try {
    content = files.read(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail("LF-PROFILE-001", askedAt, [], `the profile cannot be read: ${reason}`);
  }
  const text = readYaml(path, content);
  const { value, diagnostics } = check(layerSchema, text);
  throwIfAny(diagnostics);
  if (value === undefined) throw new TypeError(`${path} was refused without a diagnostic`);
  return { source: path, value: absolutePaths(value, resolvePath(path, "..")), placeOf: text.placeOf };
}

/** Paths are taken against the file that names them, whoever extends it. */
function absolutePaths(layer: ProfileLayer, directory: string): ProfileLayer {
  const absolute = (path: string): string => resolvePath(directory, path);
  const { ipl, protection } = layer;
  return {
    ...layer,
    ...(ipl && {
      ipl: {
        ...ipl,
        ...(ipl.kernel !== undefined && { kernel: absolute(ipl.kernel) }),
        ...(ipl.initrd !== undefined && { initrd: absolute(ipl.initrd) }),
        ...(ipl.bios !== undefined && ipl.bios !== EMBEDDED_BIOS && { bios: absolute(ipl.bios) }),
      },
    }),
    ...(protection?.hostKeys && {
      protection: { ...protection, hostKeys: protection.hostKeys.map(absolute) },
    }),
  };
}

function fail(code: Diagnostic["code"], place: Place, path: Path, message: string): never {
  throw new ProfileError([{ code, place, path, message }]);
}
