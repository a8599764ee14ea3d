/** The thread of `DigestThread`. */
import { createHash } from "node:crypto";
import { workerData } from "node:worker_threads";
import { Cell, Piece, Ring, What } from "./digest-ring.ts";

const ring = new Ring(workerData as SharedArrayBuffer);
const { cells } = ring;
let digest = createHash("sha512");

Atomics.store(cells, Cell.ready, 1);
for (let number = 0; ; number = (number + 1) | 0) {
  while (Atomics.load(cells, Cell.produced) === number) Atomics.wait(cells, Cell.produced, number);
  const length = cells[ring.cellsOf(number) + Piece.length];
  switch (cells[ring.cellsOf(number) + Piece.what]) {
    case What.begin:
      digest = createHash("sha512");
      break;
    case What.bytes:
      digest.update(ring.bytesOf(number).subarray(0, length));
      break;
    default:
      ring.digest.set(digest.copy().digest());
  }
  Atomics.store(cells, Cell.consumed, (number + 1) | 0);
  Atomics.notify(cells, Cell.consumed);
}
