import { failure } from "./loader-error.ts";

/** What the loader reads: a disk of the machine. */
export interface Medium {
  /** Bytes. */
  readonly size: number;
  /** Bytes in a block, as the guest is told. */
  readonly blockSize: number;
  readonly geometry?: { readonly heads: number; readonly sectors: number } | undefined;
  /** Read all of `target` from a place within `size`. */
  read(offset: number, target: Uint8Array): void;
}

/** Blocks of a medium. A block that it does not have is refused by number and purpose. */
export class BlockReader {
  readonly blockSize: number;
  readonly blocks: number;
  readonly #medium: Medium;

  constructor(medium: Medium, blockSize: number) {
    this.#medium = medium;
    this.blockSize = blockSize;
    this.blocks = Math.floor(medium.size / blockSize);
  }

  /** Refuse blocks that are not there. @throws LoaderError LF-IPL-002 */
  check(block: number, count: number, what: string): void {
    if (block >= this.blocks) throw failure.outside(what, block);
    if (count > this.blocks - block) throw failure.outside(what, block + count - 1);
  }

  /** @throws LoaderError LF-IPL-002 not there, LF-IPL-003 unreadable */
  read(block: number, what: string, count = 1): Uint8Array<ArrayBuffer> {
    this.check(block, count, what);
    const bytes = new Uint8Array(count * this.blockSize);
    try {
      this.#medium.read(block * this.blockSize, bytes);
    } catch (error) {
      throw failure.unreadable(error);
    }
    return bytes;
  }
}
