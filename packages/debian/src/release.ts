import { parseControl, type Paragraph } from "./control-file.ts";
import { failure } from "./errors.ts";

/** What a Release file promises about one index file. */
export interface IndexEntry {
  /** Path below the suite's folder, such as `main/binary-s390x/Packages.xz`. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** SHA256, lower-case hexadecimal. */
  readonly sha256: string;
}

/** A suite's Release file. Source: the Debian wiki's description of the repository format, "Release files". */
export interface Release {
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  readonly version: string | undefined;
  readonly date: Date;
  readonly validUntil: Date | undefined;
  /** Indexes can also be had under the name of their checksum, which never changes its content. */
  readonly acquireByHash: boolean;
  readonly indexes: ReadonlyMap<string, IndexEntry>;
}

/**
 * Reads a Release file whose signature has been verified.
 * @throws LockframeError LF-DEBIAN-023 if a field that we rely on is missing or malformed.
 */
export function parseRelease(what: string, text: string): Release {
  const paragraph = onlyParagraph(what, text);
  const validUntil = paragraph.get("valid-until");
  return {
    suite: paragraph.get("suite"),
    codename: paragraph.get("codename"),
    version: paragraph.get("version"),
    date: readDate(what, "Date", paragraph.get("date")),
    validUntil: validUntil === undefined ? undefined : readDate(what, "Valid-Until", validUntil),
    acquireByHash: paragraph.get("acquire-by-hash") === "yes",
    indexes: readChecksums(what, paragraph.get("sha256")),
  };
}

/** How old a Release file may be, and what it must be about. */
export interface ReleasePolicy {
  readonly suite: string;
  readonly now: Date;
  readonly checkValidUntil: boolean;
}

/** Clocks of mirrors and machines may differ by this much. */
const CLOCK_TOLERANCE = 24 * 60 * 60 * 1000;

/**
 * Refuses a properly signed Release file that is not the one asked for: another suite's, a stale one, one from the future.
 * @throws LockframeError LF-DEBIAN-024, -025 or -026.
 */
export function admitRelease(what: string, release: Release, policy: ReleasePolicy): void {
  if (release.suite !== policy.suite && release.codename !== policy.suite)
    throw failure.otherSuite(what, policy.suite, `${release.suite ?? "?"}/${release.codename ?? "?"}`);
  if (release.date.getTime() > policy.now.getTime() + CLOCK_TOLERANCE)
    throw failure.fromFuture(what, release.date.toISOString());
  if (policy.checkValidUntil && release.validUntil !== undefined && release.validUntil < policy.now)
    throw failure.expired(what, release.validUntil.toISOString());
}

function onlyParagraph(what: string, text: string): Paragraph {
  try {
    const paragraphs = parseControl(text);
    if (paragraphs.length === 1 && paragraphs[0] !== undefined) return paragraphs[0];
    throw new SyntaxError(`${paragraphs.length} paragraphs instead of one`);
  } catch (error) {
    throw error instanceof SyntaxError ? failure.badRelease(what, error.message) : error;
  }
}

function readDate(what: string, field: string, text: string | undefined): Date {
  const date = new Date(text ?? "");
  if (Number.isNaN(date.getTime())) throw failure.badRelease(what, `its ${field} is '${text ?? "missing"}'`);
  return date;
}

function readChecksums(what: string, text: string | undefined): ReadonlyMap<string, IndexEntry> {
  if (text === undefined) throw failure.badRelease(what, "it has no SHA256 checksums");
  const lines = text.split("\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const [, sha256, size, path] = /^([0-9a-f]{64})\s+(\d+)\s+(\S+)$/.exec(line) ?? [];
      if (sha256 === undefined || size === undefined || path === undefined)
        throw failure.badRelease(what, `'${line.slice(0, 80)}' is no checksum line`);
      return [path, { path, size: Number(size), sha256 }];
    }),
  );
}
