/** Work asked for twice under one key is done once; what failed may be tried again. */
export class Memo<T> {
  readonly #running = new Map<string, Promise<T>>();

  get(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = work();
    this.#running.set(key, started);
    started.catch(() => this.#running.delete(key));
    return started;
  }
}
