import { LockframeError } from "@lockframe/architecture";
import { Cache, sha256 } from "./cache.ts";
import { defaultCacheDirectory } from "./cache-directory.ts";
import { DebFile } from "./deb.ts";
import { decompressWhole } from "./decompress.ts";
import { failure } from "./errors.ts";
import { type ArchiveKey, debianArchiveKeys } from "./keyring.ts";
import { Memo } from "./memo.ts";
import { discoverMirror, type Mirror, type MirrorQuery } from "./mirror.ts";
import { type PackageRecord, PackagesIndex } from "./packages-index.ts";
import { admitRelease, type IndexEntry, parseRelease, type Release } from "./release.ts";
import { type SignedRelease, verifyRelease } from "./signature.ts";
import { decodeSigned, encodeSigned, signedReleaseName, wholeReleaseName } from "./signed-release-file.ts";
import { show, Transport, UNREACHABLE } from "./transport.ts";

/** How far one file has come. Sent at its start, for each piece, and at its end. */
export interface FetchProgress {
  /** What is fetched, for people: `trixie package index`, `busybox-static 1:1.37.0-6`. */
  readonly file: string;
  /** Bytes so far. */
  readonly received: number;
  /** Bytes in all, where that is known. */
  readonly total: number | undefined;
  /** A file from the cache comes in one event. */
  readonly origin: "network" | "cache";
}

export interface ArchiveOptions extends MirrorQuery {
  /** Default: `lockframe` in the user's cache folder. */
  readonly cacheDirectory?: string | undefined;
  /** Use only what the cache holds. */
  readonly offline?: boolean | undefined;
  /** Keys that may sign Release files. Default: Debian's. */
  readonly keys?: readonly ArchiveKey[] | undefined;
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  /** Told in one line of what the user should know though it is no failure, such as a mirror that cannot be reached. */
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly now?: (() => Date) | undefined;
  /** Milliseconds of silence after which a mirror counts as unreachable. */
  readonly silence?: number | undefined;
  /** Milliseconds before a second try where a failure may pass. */
  readonly pause?: number | undefined;
}

/** Where a package is looked for. */
export interface Place {
  /** Default `trixie`. */
  readonly suite?: string | undefined;
  /** Default `s390x`. Packages for all architectures are found too. */
  readonly arch?: string | undefined;
}

/** A package whose bytes have the checksum that Debian signed for. */
export interface FetchedPackage {
  readonly record: PackageRecord;
  readonly suite: string;
  readonly bytes: Uint8Array;
  readonly deb: DebFile;
}

const MAX_RELEASE = 8 << 20;
const MAX_INDEX = 256 << 20;
const MAX_PACKAGE = 2 ** 31;

/**
 * A Debian archive, on a mirror and in the cache. Whatever it returns is covered by a chain of checksums that ends at a
 * Release file signed by one of Debian's archive keys.
 */
export class DebianArchive {
  readonly #options: ArchiveOptions;
  readonly #cache: Cache;
  readonly #mirror = new Memo<Mirror>();
  readonly #transport = new Memo<Transport>();
  readonly #keys = new Memo<readonly ArchiveKey[]>();
  readonly #releases = new Memo<Release>();
  readonly #indexes = new Memo<PackagesIndex>();
  readonly #packages = new Memo<FetchedPackage>();

  constructor(options: ArchiveOptions = {}) {
    this.#options = options;
    const directory = options.cacheDirectory ?? defaultCacheDirectory(options.environment);
    this.#cache = new Cache(directory, (message) => this.#notice(message));
  }

  /** The mirror that is used; see `discoverMirror`. */
  mirror(): Promise<Mirror> {
    return this.#mirror.get("", () => discoverMirror(this.#options));
  }

  /**
   * A suite's Release file, verified. Without network the one of an earlier run is used, with a notice.
   * @throws LockframeError LF-DEBIAN-020 to -026; -050 if `offline` and not in the cache.
   */
  release(suite: string): Promise<Release> {
    checkName("suite", suite, /^[a-z][a-z0-9.+-]*$/);
    return this.#releases.get(suite, () => this.#loadRelease(suite));
  }

  /** The index of a suite's packages (component `main`) for one architecture. */
  packages({ suite = "trixie", arch = "s390x" }: Place = {}): Promise<PackagesIndex> {
    checkName("architecture", arch, /^[a-z][a-z0-9-]*$/);
    return this.#indexes.get(`${suite} ${arch}`, () => this.#loadPackages(suite, arch));
  }

  /**
   * The newest record of a package.
   * @throws LockframeError LF-DEBIAN-031 if the suite has none.
   */
  async find(name: string, { suite = "trixie", arch = "s390x" }: Place = {}): Promise<PackageRecord> {
    checkName("package", name, /^[a-z0-9][a-z0-9.+-]+$/);
    const record = (await this.packages({ suite, arch })).find(name);
    if (record === undefined) throw failure.noPackage(name, suite, arch);
    return record;
  }

  /** Fetches the newest version of a package. */
  async fetchPackage(name: string, place: Place = {}): Promise<FetchedPackage> {
    const record = await this.find(name, place);
    return this.#packages.get(record.sha256, async () => {
      const label = `${record.name} ${record.version}`;
      const bytes = await this.#fetch(label, [record.filename], record, MAX_PACKAGE);
      return { record, suite: place.suite ?? "trixie", bytes, deb: new DebFile(bytes, label) };
    });
  }

  /**
   * Files of a package, by their paths in it (`usr/bin/busybox`).
   * @throws LockframeError LF-DEBIAN-043 if the package lacks one.
   */
  async fetchFiles(
    name: string,
    paths: readonly string[],
    place: Place = {},
  ): Promise<ReadonlyMap<string, Uint8Array>> {
    return (await this.fetchPackage(name, place)).deb.files(paths);
  }

  async #loadRelease(suite: string): Promise<Release> {
    if (this.#options.offline) return this.#cachedRelease(suite);
    try {
      const signed = await this.#downloadRelease(suite);
      const release = await this.#admit(suite, signed, (await this.mirror()).checkValidUntil);
      await this.#cache.writeNamed(signedReleaseName(suite), encodeSigned(signed));
      return release;
    } catch (error) {
      const kept = FALL_BACK.includes(error instanceof LockframeError ? error.code : "")
        ? await this.#cache.readNamed(signedReleaseName(suite))
        : undefined;
      if (kept === undefined || !(error instanceof LockframeError)) throw error;
      const release = await this.#cachedRelease(suite);
      this.#notice(
        `${error.message}; suite ${suite} is used as of ${release.date.toISOString().slice(0, 10)}`,
      );
      return release;
    }
  }

  /** The Release file of an earlier run. It was fresh when it was admitted, so its age is not held against it. */
  async #cachedRelease(suite: string, name = signedReleaseName(suite)): Promise<Release> {
    const bytes = await this.#cache.readNamed(name);
    const signed = bytes === undefined ? undefined : decodeSigned(bytes);
    if (signed === undefined) throw failure.notCached(`the Release file of suite '${suite}'`);
    return this.#admit(suite, signed, false);
  }

  async #admit(suite: string, signed: SignedRelease, checkValidUntil: boolean): Promise<Release> {
    const what = `the Release file of suite '${suite}'`;
    const now = this.#options.now?.() ?? new Date();
    const keys = this.#options.keys ?? (await this.#keys.get("", debianArchiveKeys));
    const release = parseRelease(what, await verifyRelease(what, signed, keys, now));
    admitRelease(what, release, { suite, now, checkValidUntil });
    return release;
  }

  async #downloadRelease(suite: string): Promise<SignedRelease> {
    const label = `${suite} release`;
    const get = (name: string) => this.#download(label, `dists/${suite}/${name}`, undefined, MAX_RELEASE);
    const inline = await get("InRelease");
    if (inline !== undefined) return { inline };
    const release = await get("Release");
    const signature = release === undefined ? undefined : await get("Release.gpg");
    const { url } = await this.mirror();
    if (release === undefined) throw failure.noSuite(show(url), suite);
    if (signature === undefined) throw failure.missingFile(show(new URL(`dists/${suite}/Release.gpg`, url)));
    return { release, signature };
  }

  async #loadPackages(suite: string, arch: string): Promise<PackagesIndex> {
    const release = await this.release(suite);
    try {
      const index = await this.#index(suite, release, arch);
      const signed = await this.#cache.readNamed(signedReleaseName(suite));
      if (signed !== undefined) await this.#cache.writeNamed(wholeReleaseName(suite, arch), signed);
      return index;
    } catch (error) {
      if (!(error instanceof LockframeError) || !HALF_UPDATED.includes(error.code)) throw error;
      const older = await this.#olderIndex(suite, release, arch);
      if (older === undefined) throw error;
      this.#notice(`${error.message}; suite ${suite} is used as of ${older.date.toISOString().slice(0, 10)}`);
      return older.index;
    }
  }

  /** While a mirror is being updated: by the last Release file whose index was had, or the one under the suite's other name. */
  async #olderIndex(
    suite: string,
    { suite: status, codename }: Release,
    arch: string,
  ): Promise<{ index: PackagesIndex; date: Date } | undefined> {
    const names = this.#options.offline ? [] : [status, codename];
    const others = names.flatMap((name) => (name === undefined || name === suite ? [] : [name]));
    const ways: (() => Promise<{ index: PackagesIndex; date: Date }>)[] = [
      async () => {
        const release = await this.#cachedRelease(suite, wholeReleaseName(suite, arch));
        return { index: await this.#index(suite, release, arch), date: release.date };
      },
      ...others.map((name) => async () => {
        const signed = await this.#downloadRelease(name);
        const release = await this.#admit(suite, signed, (await this.mirror()).checkValidUntil);
        const index = await this.#index(name, release, arch);
        await this.#cache.writeNamed(wholeReleaseName(suite, arch), encodeSigned(signed));
        return { index, date: release.date };
      }),
    ];
    for (const way of ways) {
      try {
        return await way();
      } catch (error) {
        // What is told is why the suite itself could not be had.
        if (!(error instanceof LockframeError)) throw error;
      }
    }
    return undefined;
  }

  /** `name`: folder of the suite on the mirror. */
  async #index(name: string, { indexes, acquireByHash }: Release, arch: string): Promise<PackagesIndex> {
    const path = `main/binary-${arch}/Packages`;
    const plain = indexes.get(path);
    const kept = plain && (await this.#cache.read(plain.sha256));
    if (kept !== undefined) return new PackagesIndex(kept);
    const compression = indexes.has(`${path}.xz`) ? "xz" : "gz";
    const entry = indexes.get(`${path}.${compression}`);
    if (entry === undefined) throw failure.noIndex(name, `${path}.xz`);
    const byHash = `dists/${name}/main/binary-${arch}/by-hash/SHA256/${entry.sha256}`;
    const paths = [...(acquireByHash ? [byHash] : []), `dists/${name}/${entry.path}`];
    const bytes = await this.#fetch(`${name} package index`, paths, entry, MAX_INDEX);
    const content = await decompressWhole(bytes, compression).catch((error: unknown) => {
      throw failure.damaged(entry.path, error);
    });
    await this.#keepPlain(plain, content);
    return new PackagesIndex(content);
  }

  /** The unpacked index is kept too: it has a signed checksum of its own, and unpacking takes seconds. */
  async #keepPlain(plain: IndexEntry | undefined, content: Uint8Array): Promise<void> {
    if (plain === undefined) return;
    const found = sha256(content);
    if (found !== plain.sha256) throw failure.checksum(plain.path, found, plain.sha256);
    await this.#cache.write(found, content);
  }

  /** A file whose checksum is known: from the cache, else from the first of these paths that the mirror has. */
  async #fetch(
    label: string,
    paths: readonly string[],
    { size, sha256: expected }: { readonly size: number; readonly sha256: string },
    limit: number,
  ): Promise<Uint8Array> {
    const kept = await this.#cache.read(expected);
    if (kept !== undefined) {
      this.#options.onProgress?.({ file: label, received: kept.length, total: kept.length, origin: "cache" });
      return kept;
    }
    if (this.#options.offline) throw failure.notCached(label);
    for (const path of paths) {
      const bytes = await this.#download(label, path, size, limit);
      if (bytes === undefined) continue;
      const found = sha256(bytes);
      if (found !== expected) throw failure.checksum(path, found, expected);
      await this.#cache.write(expected, bytes);
      return bytes;
    }
    throw failure.missingFile(show(new URL(paths.at(-1) ?? "", (await this.mirror()).url)));
  }

  async #download(
    file: string,
    path: string,
    size: number | undefined,
    limit: number,
  ): Promise<Uint8Array | undefined> {
    const { url } = await this.mirror();
    const transport = await this.#transport.get("", () => this.#makeTransport());
    const { onProgress } = this.#options;
    const onBytes = (received: number, total: number | undefined) =>
      onProgress?.({ file, received, total, origin: "network" });
    return transport.get(new URL(encodeURI(path), url), { size, limit, onBytes });
  }

  async #makeTransport(): Promise<Transport> {
    const { environment = process.env, silence, pause, signal } = this.#options;
    return new Transport({ environment, silence, pause, signal, aptProxy: (await this.mirror()).aptProxy });
  }

  #notice(message: string): void {
    this.#options.onNotice?.(message);
  }
}

/** Failures to reach a mirror, after which a Release file of an earlier run will do. */
const FALL_BACK = ["LF-DEBIAN-001", UNREACHABLE, "LF-DEBIAN-015"];

/** A Release file is newer than the indexes that can be had: wrong length, no such file, wrong checksum, not in the cache. */
const HALF_UPDATED = ["LF-DEBIAN-012", "LF-DEBIAN-014", "LF-DEBIAN-030", "LF-DEBIAN-050"];

function checkName(kind: string, name: string, pattern: RegExp): void {
  if (!pattern.test(name)) throw failure.badName(kind, name);
}
