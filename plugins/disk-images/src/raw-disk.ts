import type { Disk } from "@lockframe/plugin-api";
import type { ImageFile } from "./image-file.ts";

const SECTOR = 512;
const ZEROS = new Uint8Array(0x10000);
/** First bytes of the formats that a guessed raw image must not turn into. */
const MAGICS = [Buffer.from("QFI\xfb", "latin1")];

/** An image whose bytes are those of the disk. A file that ends within a sector is padded with zeros. */
export class RawDisk implements Disk {
  readonly size: number;
  readonly readOnly: boolean;
  readonly #file: ImageFile;
  readonly #guarded: boolean;

  /** @param guarded the format was guessed: refuse what would make it look like another one the next time */
  constructor(file: ImageFile, guarded: boolean) {
    this.#file = file;
    this.#guarded = guarded;
    this.readOnly = file.readOnly;
    this.size = Math.ceil(file.size / SECTOR) * SECTOR;
  }

  read(offset: number, target: Uint8Array): void {
    this.#file.read(offset, target);
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.#guarded && offset < 4) this.#checkMagic(offset, bytes);
    this.#file.write(offset, bytes);
  }

  #checkMagic(offset: number, bytes: Uint8Array): void {
    const first = new Uint8Array(4);
    this.#file.read(0, first);
    first.set(bytes.subarray(0, 4 - offset), offset);
    if (MAGICS.some((magic) => magic.equals(first)))
      throw new Error("a raw image whose format was guessed would turn into another format");
  }

  writeZeroes(offset: number, length: number): void {
    for (let done = 0; done < length; done += ZEROS.length)
      this.#file.write(offset + done, ZEROS.subarray(0, length - done));
  }

  /** The host has no way to punch holes here: the blocks stay. */
  discard(): void {}

  flush(): Promise<void> {
    return this.readOnly ? Promise.resolve() : this.#file.synchronize();
  }

  close(): Promise<void> {
    this.#file.close();
    return Promise.resolve();
  }
}
