import type { CharacterPort } from "@lockframe/plugin-api";

/** A console in the test's own hands: what the guest prints, and keys to type. */
export class TestConsole implements CharacterPort {
  readonly interactive = false;
  #printed = "";
  #passed = 0;
  #keys: number[] = [];
  #onInput: () => void = () => undefined;
  #onOutput: () => void = () => undefined;

  /** Everything that the guest has printed. */
  get text(): string {
    return this.#printed;
  }
  type(text: string): void {
    this.#keys.push(...Buffer.from(text, "latin1"));
    this.#onInput();
  }
  /** Wait until the guest prints the pattern; returns what came since the last wait, the match included. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const fresh = this.#printed.slice(this.#passed);
      const match = pattern.exec(fresh);
      if (match !== null) {
        this.#passed += match.index + match[0].length;
        return fresh.slice(0, match.index + match[0].length);
      }
      await new Promise<void>((resolve) => (this.#onOutput = resolve));
    }
  }

  write(bytes: Uint8Array): boolean {
    this.#printed += Buffer.from(bytes).toString("latin1");
    this.#onOutput();
    return true;
  }
  drained(): Promise<void> {
    return Promise.resolve();
  }
  get waiting(): number {
    return this.#keys.length;
  }
  read(limit: number): Uint8Array {
    return Uint8Array.from(this.#keys.splice(0, limit));
  }
  onInput(listener: () => void): void {
    this.#onInput = listener;
  }
}
