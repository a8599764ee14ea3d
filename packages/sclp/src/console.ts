/** What a console of the service processor needs from its surroundings. */
export interface ConsoleOptions {
  /** Show bytes that the program wrote. They must not be kept: they are a view of a working copy. */
  output(bytes: Uint8Array): void;
  /** Called when a console that had to turn input away has room again. */
  onRoom?(): void;
}

/** Input side of a console: bounded, so that a fast sender waits for the program to read. */
export interface ConsoleInput {
  /** How many bytes {@link input} would take now. */
  readonly room: number;
  /**
   * Type bytes.
   * @returns how many were taken; offer the rest again after `onRoom`
   */
  input(bytes: Uint8Array): number;
}
