/** A failure that a user can act on. Codes are stable: `LF-<AREA>-<NNN>`. */
export class LockframeError extends Error {
  readonly code: string;
  /** What to do about it, one sentence. */
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LockframeError";
    this.code = code;
    this.hint = hint;
  }
}

/** Something the architecture has and this emulator lacks: it stops by name rather than misbehave. */
export class UnimplementedError extends LockframeError {
  /** What is missing, by name. */
  readonly what: string;

  constructor(what: string) {
    super("LF-UNIMPLEMENTED", `${what} is not implemented`, "`lockframe guest gaps` lists what is missing");
    this.name = "UnimplementedError";
    this.what = what;
  }
}

/** Stop loudly, by name. */
export function unimplemented(what: string): never {
  throw new UnimplementedError(what);
}
