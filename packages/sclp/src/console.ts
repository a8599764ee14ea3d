/** What a console of the service processor needs from its surroundings. */
export interface ConsoleOptions {
  /** Show bytes that the program wrote. They are the receiver's to keep. */
  output(bytes: Uint8Array): void;
  /** Called when the program has read input, so that there is more room. */
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
