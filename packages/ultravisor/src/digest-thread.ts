/**
 * SHA-512 over an image's pages by a thread of its own, while the caller decrypts them: the digest is the longer part.
 * It gets pages as they stand in the image, and no key. Caller and thread share a ring of pieces; neither needs an
 * event loop for it, so that unpacking stays one synchronous step of the guest.
 */
import type { ContentDigest } from "@lockframe/secure-image";
import { Worker } from "node:worker_threads";
import { Cell, Piece, Ring, What } from "./digest-ring.ts";

/** Milliseconds without any progress after which the thread counts as lost. */
const PATIENCE = 20_000;

const fromSource = import.meta.url.endsWith(".ts");

export class DigestThread {
  readonly #ring = new Ring(new SharedArrayBuffer(Ring.bytes));
  readonly #worker: Worker;
  #broken = false;

  /** The thread comes up meanwhile; `open` says when it is there. */
  constructor() {
    this.#worker = new Worker(new URL(`./digest-thread-main.${fromSource ? "ts" : "js"}`, import.meta.url), {
      workerData: this.#ring.cells.buffer,
      execArgv: [],
    });
    this.#worker.on("error", () => (this.#broken = true));
    this.#worker.unref();
  }

  /** A new digest, which ends the one before; undefined while the thread is not there. */
  open(): ContentDigest | undefined {
    if (this.#broken || Atomics.load(this.#ring.cells, Cell.ready) === 0) return undefined;
    this.#post(What.begin);
    return { update: (bytes) => this.#update(bytes), value: () => this.#value() };
  }

  async dispose(): Promise<void> {
    this.#broken = true;
    await this.#worker.terminate();
  }

  #update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += Piece.size)
      this.#post(What.bytes, bytes.subarray(at, at + Piece.size));
  }
  #value(): Uint8Array {
    this.#post(What.value);
    this.#awaitConsumed(0);
    return this.#ring.digest.slice();
  }

  #post(what: number, bytes: Uint8Array = new Uint8Array()): void {
    this.#awaitConsumed(Piece.count - 1);
    const { cells } = this.#ring;
    const number = Atomics.load(cells, Cell.produced);
    this.#ring.bytesOf(number).set(bytes);
    cells[this.#ring.cellsOf(number) + Piece.what] = what;
    cells[this.#ring.cellsOf(number) + Piece.length] = bytes.length;
    Atomics.store(cells, Cell.produced, number + 1);
    Atomics.notify(cells, Cell.produced);
  }
  /** Wait until at most so many pieces are outstanding. @throws Error the thread has come to an end */
  #awaitConsumed(most: number): void {
    const { cells } = this.#ring;
    for (;;) {
      const consumed = Atomics.load(cells, Cell.consumed);
      if (((Atomics.load(cells, Cell.produced) - consumed) | 0) <= most) return;
      if (Atomics.wait(cells, Cell.consumed, consumed, PATIENCE) === "timed-out") {
        this.#broken = true;
        throw new Error("the thread that digests pages does not answer");
      }
    }
  }
}
