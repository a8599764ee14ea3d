import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type AptSource, parseDeb822Sources, parseSourcesList } from "./apt-sources.ts";
import { failure } from "./errors.ts";

/** Where Debian's archive is, and what this machine's apt says about reaching it. */
export interface Mirror {
  /** Folder that holds `dists/` and `pool/`; ends in a slash. Scheme http, https or file. */
  readonly url: URL;
  /** Who named it: an option, the environment, or the file of apt's configuration. */
  readonly origin: string;
  /** False where apt is told to accept a Release file past its Valid-Until. */
  readonly checkValidUntil: boolean;
  /** Proxy that apt uses, as an `http_proxy`-like value; the environment's own settings come first. */
  readonly aptProxy: string | undefined;
}

export interface MirrorQuery {
  /** A mirror named by the user; nothing else is looked at then. */
  readonly mirror?: string | undefined;
  /** Default: `process.env`. `LOCKFRAME_MIRROR` names a mirror, `LOCKFRAME_CHECK_VALID_UNTIL=no` accepts stale ones. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Default: `/etc/apt`. */
  readonly aptDirectory?: string | undefined;
  /** Text of `apt-config dump`. Default: what that command prints, nothing where it is missing. */
  readonly aptConfiguration?: string | undefined;
}

/**
 * Finds the mirror: `mirror`, else `LOCKFRAME_MIRROR`, else the first Debian archive among apt's `deb` entries.
 * @throws LockframeError LF-DEBIAN-001 if none is named, LF-DEBIAN-002 if what is named is no http, https or file URL.
 */
export async function discoverMirror(query: MirrorQuery = {}): Promise<Mirror> {
  const environment = query.environment ?? process.env;
  const apt = query.aptConfiguration ?? (await dumpAptConfiguration());
  const named = query.mirror ?? (environment["LOCKFRAME_MIRROR"] || undefined);
  const origin = query.mirror === undefined ? "LOCKFRAME_MIRROR" : "option";
  const found =
    named === undefined
      ? await fromApt(query.aptDirectory ?? "/etc/apt")
      : { uri: named, origin, checkValidUntil: true };
  if (found === undefined) throw failure.noMirror();
  const url = parseMirror(found.uri);
  const accepted =
    isNo(environment["LOCKFRAME_CHECK_VALID_UNTIL"]) || isNo(aptValue(apt, "Acquire::Check-Valid-Until"));
  return {
    url,
    origin: found.origin,
    checkValidUntil: found.checkValidUntil && !accepted,
    aptProxy: aptValue(apt, `Acquire::${url.protocol.slice(0, -1)}::Proxy`),
  };
}

/** A mirror's URL, checked and with a slash at its end. */
export function parseMirror(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw failure.badMirror(text, "it is not a URL");
  if (!["http:", "https:", "file:"].includes(url.protocol))
    throw failure.badMirror(text, `'${url.protocol}' is not http:, https: or file:`);
  if (url.search !== "" || url.hash !== "")
    throw failure.badMirror(text, "a query or fragment has no place in it");
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

type Found = { readonly uri: string; readonly origin: string; readonly checkValidUntil: boolean };

async function fromApt(directory: string): Promise<Found | undefined> {
  const parts = join(directory, "sources.list.d");
  const names = (await readdir(parts).catch(() => [])).sort();
  for (const file of [join(directory, "sources.list"), ...names.map((name) => join(parts, name))]) {
    const parse = file.endsWith(".sources")
      ? parseDeb822Sources
      : file.endsWith(".list")
        ? parseSourcesList
        : undefined;
    const text = parse && (await readFile(file, "utf8").catch(() => undefined));
    if (parse === undefined || text === undefined) continue;
    for (const source of readable(parse, text).filter(isDebianArchive)) {
      const uri = await resolveMirrorList(source.uri);
      if (uri !== undefined) return { uri, origin: file, checkValidUntil: source.checkValidUntil };
    }
  }
  return undefined;
}

/** apt itself reports a file that it cannot read; here it just names no mirror. */
function readable(parse: (text: string) => readonly AptSource[], text: string): readonly AptSource[] {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

const SUITES =
  /^(?:old-?old-?stable|oldstable|stable|testing|unstable|experimental|sid|bullseye|bookworm|trixie|forky|duke)(?:-updates|-backports)?$/;

/**
 * Tells Debian's own archive from other repositories with no list of hosts: one of Debian's suites, component `main`,
 * and a URL that fetching knows. The security archive carries only part of the packages and is passed over.
 */
function isDebianArchive({ uri, suite, components }: AptSource): boolean {
  return (
    /^(?:https?:\/\/|file:|mirror\+file:)/.test(uri) &&
    !/debian-security/.test(uri) &&
    SUITES.test(suite) &&
    components.includes("main")
  );
}

/** `mirror+file:` names a local list of mirrors, the first of which is taken. Source: apt-transport-mirror(1). */
async function resolveMirrorList(uri: string): Promise<string | undefined> {
  if (!uri.startsWith("mirror+file:")) return uri;
  const list = await readFile(fileURLToPath(uri.slice("mirror+".length)), "utf8").catch(() => "");
  return list.split(/\s+/).find((word) => /^(?:https?|file):/.test(word));
}

async function dumpAptConfiguration(): Promise<string> {
  const dump = promisify(execFile)("apt-config", ["dump"], { timeout: 5000 });
  return dump.then(({ stdout }) => stdout).catch(() => "");
}

/** The value of one setting in the output of `apt-config dump`, `Name "value";` a line. */
function aptValue(dump: string, name: string): string | undefined {
  const line = dump.split("\n").find((text) => text.toLowerCase().startsWith(`${name.toLowerCase()} `));
  const value = line === undefined ? undefined : /"(.*)";/.exec(line)?.[1];
  return value === "" ? undefined : value;
}

function isNo(text: string | undefined): boolean {
  return text !== undefined && /^(?:no|false|0|off)$/i.test(text);
}
