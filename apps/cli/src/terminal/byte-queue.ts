/** Bytes in the order they came, kept in the pieces they came in. */
export class ByteQueue {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** Take up to `limit` bytes from the front. */
  take(limit: number): Uint8Array {
    const taken = new Uint8Array(Math.min(limit, this.#length));
    let filled = 0;
    while (filled < taken.length) {
      const piece = this.#pieces[0];
      if (piece === undefined) break;
      const part = piece.subarray(0, taken.length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#length -= filled;
    return taken;
  }
}
