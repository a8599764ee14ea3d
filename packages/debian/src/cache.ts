import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Lower-case hexadecimal SHA256. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Files kept between runs. Contents lie under their SHA256 and are verified whenever they are read; a few small files
 * that are signed themselves lie under a name. Several processes may use one cache: a file appears whole or not at all.
 */
export class Cache {
  readonly directory: string;
  readonly #onDefect: (message: string) => void;
  #writable = true;

  /** @param onDefect is told of damaged entries and of a folder that cannot be written; neither is fatal. */
  constructor(directory: string, onDefect: (message: string) => void = () => {}) {
    this.directory = directory;
    this.#onDefect = onDefect;
  }

  /** The content with this checksum, or undefined. A damaged copy is removed and counts as absent. */
  async read(checksum: string): Promise<Uint8Array | undefined> {
    const path = this.#contentPath(checksum);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes === undefined || sha256(bytes) === checksum) return bytes;
    this.#onDefect(`${path} was damaged and is fetched anew`);
    await rm(path, { force: true }).catch((error: Error) => this.#onDefect(error.message));
    return undefined;
  }

  /** Keeps a content whose checksum the caller has verified. */
  async write(checksum: string, bytes: Uint8Array): Promise<void> {
    await this.#place(this.#contentPath(checksum), bytes);
  }

  /** A file kept under a relative path of plain segments. Its content is as trustworthy as its own signature. */
  async readNamed(name: string): Promise<Uint8Array | undefined> {
    return readFile(join(this.directory, name)).catch(() => undefined);
  }

  async writeNamed(name: string, bytes: Uint8Array): Promise<void> {
    await this.#place(join(this.directory, name), bytes);
  }

  async removeNamed(name: string): Promise<void> {
    await rm(join(this.directory, name), { force: true }).catch((error: Error) =>
      this.#onDefect(error.message),
    );
  }

  #contentPath(checksum: string): string {
    return join(this.directory, "sha256", checksum.slice(0, 2), checksum);
  }

  /** A cache that cannot be written only costs time. */
  async #place(path: string, bytes: Uint8Array): Promise<void> {
    if (!this.#writable) return;
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeAtomically(path, bytes);
    } catch (error) {
      this.#writable = false;
      this.#onDefect(
        `the cache cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

/** Written beside its place and renamed into it, which is atomic. */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.part`;
  try {
    await writeFile(temporary, bytes, { flag: "wx", flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
