import { LockframeError } from "@lockframe/architecture";

/** A machine that a plugin does not let come to life, or a step that it forbids. The hook adds who refused. */
export class Refusal extends LockframeError {
  constructor(code: string, message: string, hint?: string) {
    super(code, message, hint);
    this.name = "Refusal";
  }
}

/**
 * Refuse the machine that is being planned.
 *
 * @param code - stable: `LF-<AREA>-<NNN>`
 * @param message - what is refused and why, without a full stop
 * @param hint - what the user can do, one sentence
 */
export function refuse(code: string, message: string, hint?: string): never {
  throw new Refusal(code, message, hint);
}
