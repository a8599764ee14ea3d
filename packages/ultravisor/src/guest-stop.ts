import { LockframeError } from "@lockframe/architecture";

/** Why a protected guest cannot go on. The guest is not told; it never runs again. */
export interface GuestStop {
  readonly code: "LF-UV-010" | "LF-UV-011";
  readonly reason: "integrity" | "not-owned";
  readonly message: string;
  /** Absolute address of the page concerned. */
  readonly address: number;
}

/** The stop as a failure, for code that acts on behalf of the guest. */
export class GuestStopError extends LockframeError {
  readonly stop: GuestStop;

  constructor(stop: GuestStop) {
    super(stop.code, stop.message, "the guest's storage was changed from outside; start the guest again");
    this.name = "GuestStopError";
    this.stop = stop;
  }
}
