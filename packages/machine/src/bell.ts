/**
 * Wakes a machine whose CPUs have nothing to do. A ring between the look at what is pending and the sleep is not lost:
 * the sleep ends at once.
 */
export class Bell {
  #rung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** CPUs are about to look at everything that is pending: what rang before is served. */
  silence(): void {
    this.#rung = false;
  }

  /** Sleep until it rings, at most so long. */
  async sleep(milliseconds: number): Promise<void> {
    if (this.#rung) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}
