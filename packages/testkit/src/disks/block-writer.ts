/** Collects blocks of a disk and gives each piece of data its place, one after the other. */
export class BlockWriter {
  readonly blockSize: number;
  readonly #pieces: { readonly block: number; readonly bytes: Uint8Array }[] = [];
  #next: number;

  /** @param first the first block that is free */
  constructor(blockSize: number, first: number) {
    this.blockSize = blockSize;
    this.#next = first;
  }

  /** Put data into the next free blocks. Returns the first of them and how many they are. */
  append(bytes: Uint8Array): { readonly block: number; readonly count: number } {
    const block = this.#next;
    const count = Math.max(1, Math.ceil(bytes.length / this.blockSize));
    this.#pieces.push({ block, bytes });
    this.#next += count;
    return { block, count };
  }

  /** Put data into blocks of its own choice. */
  put(block: number, bytes: Uint8Array): void {
    this.#pieces.push({ block, bytes });
  }

  /** The disk, as long as what is on it or longer. */
  finish(leastBlocks = 0): Uint8Array {
    const disk = new Uint8Array(Math.max(this.#next, leastBlocks) * this.blockSize);
    for (const { block, bytes } of this.#pieces) disk.set(bytes, block * this.blockSize);
    return disk;
  }
}
