/**
 * Where the bytes of a console go and come from: the terminal, a pipe, a file, nothing.
 *
 * Input is pulled, so a guest that does not read leaves it with the host, which stops reading its own source. Output
 * is pushed with a sign when the host falls behind.
 */
export interface CharacterPort {
  /** A person types at a terminal in raw mode: whoever reads lines must echo what is typed. */
  readonly interactive: boolean;
  /**
   * Take bytes from the guest. They are never lost.
   * @returns false when the host is behind: the machine should wait for `drained` before it runs on
   */
  write(bytes: Uint8Array): boolean;
  /** Resolves when the host has caught up. */
  drained(): Promise<void>;
  /** Bytes that wait to be read by the guest. */
  readonly waiting: number;
  /** Take up to `limit` waiting bytes, in order. */
  read(limit: number): Uint8Array;
  /** Call `listener` whenever bytes have come in. One listener; the last one set stands. */
  onInput(listener: () => void): void;
}
