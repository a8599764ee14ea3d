import { LockframeError } from "@lockframe/architecture";
import { formatPath, formatPlace, type Path, type Place } from "./origin.ts";

/** Something wrong in a profile, with the place where a person can mend it. */
export interface Diagnostic {
  readonly code: `LF-PROFILE-${string}`;
  readonly place: Place;
  readonly path: Path;
  readonly message: string;
}

/** `z15.yaml:3:5 cpus.cuont: unknown key (did you mean `count`?)` */
export function formatDiagnostic({ place, path, message }: Diagnostic): string {
  return `${formatPlace(place)} ${path.length === 0 ? "" : `${formatPath(path)}: `}${message}`;
}

/** A profile that cannot be used. Carries every diagnostic; the code is that of the first one. */
export class ProfileError extends LockframeError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly [Diagnostic, ...Diagnostic[]], hint?: string) {
    super(diagnostics[0].code, diagnostics.map(formatDiagnostic).join("\n"), hint);
    this.name = "ProfileError";
    this.diagnostics = diagnostics;
  }
}

/** Throw if there is anything to say. */
export function throwIfAny(diagnostics: readonly Diagnostic[], hint?: string): void {
  const [first, ...others] = diagnostics;
  if (first !== undefined) throw new ProfileError([first, ...others], hint);
}
