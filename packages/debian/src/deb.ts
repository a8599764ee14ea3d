import { chmod, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { LockframeError } from "@lockframe/architecture";
import { extract, type Header } from "tar-stream";
import { type ArMember, parseAr } from "./ar.ts";
import { parseControl, type Paragraph } from "./control-file.ts";
import { collect, type Compression, decompress } from "./decompress.ts";
import { failure } from "./errors.ts";

/** A file, link or folder of a package. */
export interface DebEntry {
  /** Path in the guest, with no leading slash or dot: `usr/bin/busybox`. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "hardlink";
  /** Permission bits. */
  readonly mode: number;
  /** Content of a file; empty for all else. */
  readonly bytes: Uint8Array;
  /** Where a link points: as written for a symbolic link, a path in the package for a hard link. */
  readonly target: string | undefined;
}

/** A .deb file in memory. Source: deb(5), format 2.0. */
export class DebFile {
  readonly #what: string;
  readonly #control: ArMember;
  readonly #data: ArMember;

  /**
   * @param what names the file in errors.
   * @throws LockframeError LF-DEBIAN-040 if it is no .deb.
   */
  constructor(bytes: Uint8Array, what: string) {
    this.#what = what;
    const members = this.#orBadDeb(() => parseAr(bytes));
    const version =
      members[0]?.name === "debian-binary" ? new TextDecoder().decode(members[0].bytes) : "missing";
    if (!version.startsWith("2.")) throw failure.badDeb(what, `its debian-binary is '${version.trim()}'`);
    this.#control = this.#member(members, "control.tar");
    this.#data = this.#member(members, "data.tar");
  }

  /** The package's own control paragraph. */
  async control(): Promise<Paragraph> {
    for await (const entry of this.#walk(this.#control, (path) => path === "control")) {
      const paragraph = this.#orBadDeb(() => parseControl(new TextDecoder().decode(entry.bytes))[0]);
      if (paragraph !== undefined) return paragraph;
    }
    throw failure.noFile(`${this.#what}'s control.tar`, ["control"]);
  }

  /**
   * The files at these paths. Reading ends at the last of them.
   * @throws LockframeError LF-DEBIAN-043 if one is missing.
   */
  async files(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    for await (const entry of this.#walk(this.#data, (path) => paths.includes(path))) {
      if (entry.type === "file") found.set(entry.path, entry.bytes);
      if (found.size === new Set(paths).size) break;
    }
    const missing = paths.filter((path) => !found.has(path));
    if (missing.length > 0) throw failure.noFile(this.#what, missing);
    return found;
  }

  /** The first entry whose path is wanted, or undefined. */
  async first(wanted: (path: string) => boolean): Promise<DebEntry | undefined> {
    for await (const entry of this.#walk(this.#data, wanted)) return entry;
    return undefined;
  }

  /** All entries whose path is wanted, in the package's order; content of others is not kept. */
  async entries(wanted: (path: string) => boolean = () => true): Promise<readonly DebEntry[]> {
    return collect(this.#walk(this.#data, wanted));
  }

  /**
   * Unpacks into a folder. Every path is checked before the first is written; symbolic links are made last, so that none
   * can lead a file elsewhere. Owners are the caller's; an existing file is not overwritten.
   * @throws LockframeError LF-DEBIAN-044 for a path that leads out of the folder.
   */
  async unpack(directory: string): Promise<void> {
    const entries = await this.entries();
    const contents = new Map(
      entries.filter(({ type }) => type === "file").map((entry) => [entry.path, entry]),
    );
    for (const entry of entries.filter(({ type }) => type === "directory"))
      await this.#makeFolder(directory, entry.path);
    for (const entry of entries.filter(({ type }) => type === "file" || type === "hardlink")) {
      const source = entry.type === "file" ? entry : contents.get(entry.target ?? "");
      if (source === undefined)
        throw failure.badDeb(this.#what, `'${entry.path}' links to a file it does not hold`);
      await this.#makeFolder(directory, dirname(entry.path));
      await writeFile(join(directory, entry.path), source.bytes, { flag: "wx" });
      await chmod(join(directory, entry.path), source.mode & 0o777);
    }
    for (const entry of entries.filter(({ type }) => type === "symlink")) {
      await this.#makeFolder(directory, dirname(entry.path));
      await symlink(entry.target ?? "", join(directory, entry.path));
    }
  }

  /** Makes a folder below `directory`, none of whose steps may be a link. */
  async #makeFolder(directory: string, path: string): Promise<void> {
    let current = directory;
    for (const step of path.split("/").filter((name) => name !== "" && name !== ".")) {
      current = join(current, step);
      await mkdir(current, { recursive: true });
      if ((await lstat(current)).isSymbolicLink()) throw failure.unsafePath(this.#what, path);
    }
  }

  #orBadDeb<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw error instanceof SyntaxError ? failure.badDeb(this.#what, error.message) : error;
    }
  }

  #member(members: readonly ArMember[], name: string): ArMember {
    const member = members.find(
      (candidate) => candidate.name === name || candidate.name.startsWith(`${name}.`),
    );
    if (member === undefined) throw failure.badDeb(this.#what, `it has no ${name}`);
    return member;
  }

  async *#walk(member: ArMember, wanted: (path: string) => boolean): AsyncGenerator<DebEntry> {
    const tar = extract();
    const source = Readable.from(decompress(member.bytes, this.#compression(member)));
    source.on("error", (error) => tar.destroy(error));
    source.pipe(tar);
    try {
      for await (const entry of tar) {
        const path = this.#confine(entry.header.name);
        const type = entryType(entry.header);
        if (type !== undefined && path !== "" && wanted(path))
          yield {
            path,
            type,
            mode: (entry.header.mode ?? 0o644) & 0o7777,
            bytes: Buffer.concat(await collect(entry as AsyncIterable<Uint8Array>)),
            target: this.#target(type, entry.header),
          };
        entry.resume();
      }
    } catch (error) {
      throw error instanceof LockframeError
        ? error
        : failure.damaged(`${this.#what}'s ${member.name}`, error);
    } finally {
      source.destroy();
    }
  }

  #compression(member: ArMember): Compression {
    const [, ending = ""] = /\.tar(?:\.(\w+))?$/.exec(member.name) ?? [];
    if (ending === "") return "none";
    if (ending === "xz" || ending === "zst" || ending === "gz") return ending;
    throw failure.badCompression(this.#what, member.name);
  }

  #target(type: DebEntry["type"], header: Header): string | undefined {
    if (type === "hardlink") return this.#confine(header.linkname ?? "");
    return type === "symlink" ? (header.linkname ?? "") : undefined;
  }

  #confine(name: string): string {
    const steps = name.split("/").filter((step) => step !== "" && step !== ".");
    if (name.startsWith("/") || steps.includes("..") || name.includes("\0"))
      throw failure.unsafePath(this.#what, name);
    return steps.join("/");
  }
}

/** Devices and other special files have no use here and are passed over. */
function entryType(header: Header): DebEntry["type"] | undefined {
  switch (header.type) {
    case "file":
    case "contiguous-file":
      return "file";
    case "directory":
      return "directory";
    case "symlink":
      return "symlink";
    case "link":
      return "hardlink";
    default:
      return undefined;
  }
}
