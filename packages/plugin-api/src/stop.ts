/**
 * Why a machine stopped. One of these ends every run; `lockframe` maps each to an exit status.
 *
 * Addresses and codes are what a console operator would see; no register or storage content of a protected guest.
 */
export type Stop =
  /** All CPUs stopped, or the guest issued a shutdown by SCLP or SIGP. */
  | { readonly kind: "powered-off" }
  /** The guest asked for a re-IPL and the plan says `onReboot: "stop"`. */
  | { readonly kind: "rebooted" }
  /** There is nothing to boot, or what is on the device cannot be; `code` begins with `LF-IPL-`. */
  | {
      readonly kind: "ipl-failed";
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
    }
  /** Disabled wait: all CPUs wait and none can be interrupted. `address` is that of the wait PSW. */
  | { readonly kind: "disabled-wait"; readonly cpu: number; readonly address: bigint }
  /** A new PSW that causes the very interruption it is for. */
  | {
      readonly kind: "interruption-loop";
      readonly cpu: number;
      readonly class: string;
      readonly address: bigint;
    }
  | { readonly kind: "check-stop"; readonly cpu: number; readonly reason: string }
  /**
   * The guest asked to become a protected one, was refused, and gave up. `code` and `message` are those of the first
   * step that failed; `returnCode` and `reasonCode` are the Ultravisor call's rc and rrc.
   */
  | {
      readonly kind: "protection-refused";
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
      readonly returnCode: number;
      readonly reasonCode: number;
    }
  /** A watchdog ran out, and was told to end the machine then. */
  | { readonly kind: "watchdog" }
  /** A secure page did not come back as it was exported. */
  | { readonly kind: "integrity-violation"; readonly address: bigint; readonly message: string }
  /** The guest asked for something that this emulator lacks and that cannot be refused by an exception. */
  | { readonly kind: "unimplemented"; readonly what: string }
  /** The person at the console, or a signal, ended the run. */
  | { readonly kind: "quit"; readonly by: "user" | "timeout" | "SIGHUP" | "SIGINT" | "SIGPIPE" | "SIGTERM" };

export type StopKind = Stop["kind"];
