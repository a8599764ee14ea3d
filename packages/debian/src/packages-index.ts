import { parseControl, type Paragraph } from "./control-file.ts";
import { failure } from "./errors.ts";
import { compareVersions } from "./version.ts";

/** One package of a suite, as its signed index describes it. */
export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  /** `s390x`, or `all` for a package of any machine. */
  readonly architecture: string;
  /** Path below the mirror's folder. */
  readonly filename: string;
  /** Bytes of the .deb. */
  readonly size: number;
  /** SHA256 of the .deb, lower-case hexadecimal. */
  readonly sha256: string;
  /** Relations that installing it demands, Pre-Depends first, in Debian's notation; empty if none. */
  readonly depends: string;
}

/** A `Packages` file. It is searched as it lies: an index of a suite has some 60 MB, of which few records are asked for. */
export class PackagesIndex {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * The newest version of a package, or undefined.
   * @throws LockframeError LF-DEBIAN-032 if its record lacks what fetching needs.
   */
  find(name: string): PackageRecord | undefined {
    return this.findAll(name).sort((a, b) => compareVersions(b.version, a.version))[0];
  }

  /** All versions of a package. */
  findAll(name: string): PackageRecord[] {
    return this.#linesFrom(`Package: ${name}\n`)
      .map((at) => this.#paragraphAt(at))
      .filter((paragraph) => paragraph.get("package") === name)
      .map((paragraph) => readRecord(name, paragraph));
  }

  /** Packages whose `Provides` names a virtual package. */
  findProviders(name: string): PackageRecord[] {
    return this.#linesFrom("Provides: ")
      .filter((at) => relationNames(this.#lineAt(at)).flat().includes(name))
      .map((at) => this.#paragraphAt(at))
      .map((paragraph) => readRecord(paragraph.get("package") ?? "?", paragraph));
  }

  /** Offsets of all lines that begin with a text. */
  #linesFrom(text: string): readonly number[] {
    const found = this.#bytes.indexOf(text) === 0 ? [0] : [];
    for (let at = this.#bytes.indexOf(`\n${text}`); at >= 0; at = this.#bytes.indexOf(`\n${text}`, at + 1))
      found.push(at + 1);
    return found;
  }

  /** The value of the field whose line begins at an offset. */
  #lineAt(at: number): string {
    const end = this.#bytes.indexOf("\n", at);
    return this.#bytes.toString("utf8", this.#bytes.indexOf(":", at) + 1, end < 0 ? this.#bytes.length : end);
  }

  #paragraphAt(at: number): Paragraph {
    const previous = this.#bytes.lastIndexOf("\n\n", at);
    const next = this.#bytes.indexOf("\n\n", at);
    const end = next < 0 ? this.#bytes.length : next;
    return parseControl(this.#bytes.toString("utf8", previous < 0 ? 0 : previous, end))[0] ?? new Map();
  }
}

/** The names in a relation field: for each relation its alternatives, without versions and qualifiers. */
export function relationNames(relations: string): readonly (readonly string[])[] {
  return relations
    .split(",")
    .map((relation) => relation.split("|").map((name) => name.trim().split(/[\s(:[]/)[0] ?? ""))
    .filter((alternatives) => alternatives[0] !== "");
}

function readRecord(name: string, paragraph: Paragraph): PackageRecord {
  const field = (key: string): string => {
    const value = paragraph.get(key);
    if (value === undefined) throw failure.badRecord(name, `it has no ${key}`);
    return value;
  };
  const [filename, sha256, size] = [field("filename"), field("sha256"), field("size")];
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw failure.badRecord(name, `its SHA256 is '${sha256}'`);
  if (!/^\d+$/.test(size)) throw failure.badRecord(name, `its size is '${size}'`);
  if (!/^[\w.+~:-]+(?:\/[\w.+~:-]+)*$/.test(filename) || filename.split("/").includes(".."))
    throw failure.badRecord(name, `its file name is '${filename}'`);
  return {
    name,
    version: field("version"),
    architecture: field("architecture"),
    filename,
    size: Number(size),
    sha256,
    depends: [paragraph.get("pre-depends"), paragraph.get("depends")].filter(Boolean).join(", "),
  };
}
