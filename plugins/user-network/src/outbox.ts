import type { Frame } from "@lockframe/plugin-api";

/** Something that makes a frame when there is room for one: it never queues more than its peer takes. */
export interface FrameSource {
  /** The next frame; undefined: nothing to say now. */
  next(): Frame | undefined;
}

/** Frames that wait without a source of their own. More are lost, as on any network. */
const MOST_WAITING = 512;

/** Frames on their way to the guest. Sources take turns. */
export class Outbox {
  readonly #frames: Frame[] = [];
  readonly #ready = new Set<FrameSource>();
  #listener: () => void = () => undefined;
  #drained = true;

  onFrames(listener: () => void): void {
    this.#listener = listener;
  }

  /** A frame of its own. */
  post(frame: Frame): void {
    if (this.#frames.length >= MOST_WAITING) return;
    this.#frames.push(frame);
    this.#tell();
  }

  /** A source has something to say. */
  ready(source: FrameSource): void {
    this.#ready.add(source);
    this.#tell();
  }

  forget(source: FrameSource): void {
    this.#ready.delete(source);
  }

  take(): Frame | undefined {
    const posted = this.#frames.shift();
    if (posted !== undefined) return posted;
    for (const source of this.#ready) {
      this.#ready.delete(source);
      const frame = source.next();
      if (frame === undefined) continue;
      this.#ready.add(source); // behind all others
      return frame;
    }
    const late = this.#frames.shift(); // what a source could not say may have led to a question
    this.#drained = late === undefined;
    return late;
  }

  #tell(): void {
    if (!this.#drained) return;
    this.#drained = false;
    this.#listener();
  }
}
