/** Bytes from the host that the guest has not acknowledged yet, in the pieces in which they came. */
export class SendBuffer {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** Forget bytes at the front. */
  drop(count: number): void {
    let left = Math.min(count, this.#length);
    this.#length -= left;
    while (left > 0) {
      const first = this.#pieces[0];
      if (first === undefined) return;
      if (first.length > left) {
        this.#pieces[0] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#pieces.shift();
    }
  }

  /** So many bytes from a place on, not copied. */
  slice(from: number, count: number): Uint8Array[] {
    const slices: Uint8Array[] = [];
    let skip = from;
    let left = count;
    for (const piece of this.#pieces) {
      if (left === 0) break;
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      const part = piece.subarray(skip, skip + left);
      slices.push(part);
      left -= part.length;
      skip = 0;
    }
    return slices;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#length = 0;
  }
}
