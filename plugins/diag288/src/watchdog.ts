import type { DiagnoseCall, Log, MachineControl, Timers } from "@lockframe/plugin-api";

/** What happens when the time is up, by QEMU's words for it. */
export const watchdogActions = [
  "reset",
  "shutdown",
  "poweroff",
  "inject-nmi",
  "pause",
  "debug",
  "none",
] as const;
export type WatchdogAction = (typeof watchdogActions)[number];

export interface WatchdogParts {
  readonly control: MachineControl;
  readonly timers: Timers;
  readonly log: Log;
}

/** Function codes. */
const code = { init: 0n, change: 1n, cancel: 2n } as const;
const LEAST_SECONDS = 15n;
/** What a timer of the host can count: somewhat more than three weeks. */
const MOST_SECONDS = 2_000_000n;

/**
 * DIAGNOSE 288: the register pair at R1 has a function and a number of seconds, R3 an action, of which there is none but
 * 0. Source: QEMU target/s390x/diag.c and hw/watchdog/wdt_diag288.c, Linux drivers/watchdog/diag288_wdt.c.
 */
export class Watchdog {
  readonly #action: WatchdogAction;
  readonly #parts: WatchdogParts;
  /** Undefined: it does not run. */
  #callOff: (() => void) | undefined;

  constructor(action: WatchdogAction, parts: WatchdogParts) {
    this.#action = action;
    this.#parts = parts;
  }

  /** Undefined: a specification exception. */
  execute({ r1, r3, gr }: DiagnoseCall): ReadonlyMap<number, bigint> | undefined {
    if (r1 % 2 !== 0 || gr(r3) !== 0n) return undefined;
    const seconds = gr(r1 + 1);
    switch (gr(r1)) {
      case code.init:
        return this.#windUp(seconds);
      case code.change:
        return this.#callOff === undefined ? undefined : this.#windUp(seconds);
      case code.cancel:
        return this.#callOff === undefined ? undefined : this.#stop();
      default:
        return undefined;
    }
  }

  /** It stops, as at power-on. */
  reset(): void {
    this.#stop();
  }

  #windUp(seconds: bigint): ReadonlyMap<number, bigint> | undefined {
    if (seconds < LEAST_SECONDS) return undefined;
    const done = this.#stop();
    const milliseconds = 1000 * Number(seconds > MOST_SECONDS ? MOST_SECONDS : seconds);
    this.#callOff = this.#parts.timers.after(milliseconds, () => this.#bite());
    return done;
  }

  #stop(): ReadonlyMap<number, bigint> {
    this.#callOff?.();
    this.#callOff = undefined;
    return new Map();
  }

  #bite(): void {
    const { control, log } = this.#parts;
    this.#stop();
    if (this.#action === "none") return;
    log.warn(`the guest did not wind up its watchdog in time: ${this.#action}`);
    switch (this.#action) {
      case "reset":
        return control.reset();
      case "shutdown":
        if (!control.requestShutdown()) log.warn("the guest does not listen when it is asked to shut down");
        return;
      case "poweroff":
        return control.end({ kind: "watchdog" });
      case "inject-nmi":
        return control.restart();
      case "pause":
        return control.pause();
      case "debug":
        return;
    }
  }
}
