/** The ring of pieces that `DigestThread` and its thread share: one writes, the other reads. */
/** Cells of the ring's control part: 32-bit counts that only grow, modulo 2^32. */
export const Cell = { ready: 0, produced: 1, consumed: 2, count: 4 } as const;
/** Each piece has two cells, `what` and `length`, and room for bytes. */
export const Piece = { what: 0, length: 1, cells: 2, count: 16, size: 0x10000 } as const;
/** What a piece asks for. */
export const What = { begin: 0, bytes: 1, value: 2 } as const;
export const DIGEST_SIZE = 64;

/** The ring, as both sides see it. */
export class Ring {
  static readonly bytes =
    4 * (Cell.count + Piece.count * Piece.cells) + DIGEST_SIZE + Piece.count * Piece.size;
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly digest: Uint8Array;
  readonly pieces: Uint8Array;

  constructor(buffer: SharedArrayBuffer) {
    const cells = Cell.count + Piece.count * Piece.cells;
    this.cells = new Int32Array(buffer, 0, cells);
    this.digest = new Uint8Array(buffer, 4 * cells, DIGEST_SIZE);
    this.pieces = new Uint8Array(buffer, 4 * cells + DIGEST_SIZE);
  }
  /** First cell of the piece with this number. */
  cellsOf(number: number): number {
    return Cell.count + ((number >>> 0) % Piece.count) * Piece.cells;
  }
  bytesOf(number: number): Uint8Array {
    const first = ((number >>> 0) % Piece.count) * Piece.size;
    return this.pieces.subarray(first, first + Piece.size);
  }
}
