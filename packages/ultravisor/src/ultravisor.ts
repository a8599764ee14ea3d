import type { GuestView, HostView, Storage } from "@lockframe/memory";
import { refuseStart, startImage, type StartOutcome, type StartProgress } from "./direct-start.ts";
import { GuestStopError, type GuestStop } from "./guest-stop.ts";
import { ProtectedGuestView, ProtectedHostView } from "./protected-views.ts";
import { Uv, type UvResult } from "./return-code.ts";
import { SecureConfiguration, type ConfigurationOptions, type StartPsw } from "./secure-configuration.ts";
import { executeUvCall, type UvcbAccess } from "./uv-call.ts";

export interface UltravisorOptions extends ConfigurationOptions {
  readonly storage: Storage;
  /** The protected guest cannot go on and never runs again. */
  readonly onGuestStop?: (stop: GuestStop) => void;
}

/**
 * The Ultravisor of one machine in direct mode: emulator and hypervisor are one, the machine has one guest, and
 * that guest is protected or not. The views hold for the machine's whole life.
 */
export class Ultravisor {
  /** For devices, monitor, debugger, dump and snapshot. */
  readonly hostView: HostView;
  /** For what acts on behalf of the guest. */
  readonly guestView: GuestView;
  readonly #options: UltravisorOptions;
  #configuration: SecureConfiguration | undefined;

  constructor(options: UltravisorOptions) {
    this.#options = options;
    this.hostView = new ProtectedHostView(options.storage, (page) =>
      this.#configuration?.convertFromSecure(page),
    );
    this.guestView = new ProtectedGuestView(options.storage, () => this.#stopError());
  }

  /** The secure configuration, if there is one. */
  get configuration(): SecureConfiguration | undefined {
    return this.#configuration;
  }

  /** Whether the guest is protected: it has facility 158, and registers and storage are its own. */
  get isProtected(): boolean {
    return this.#configuration !== undefined;
  }

  /** CREATE SECURE CONFIGURATION. A machine has one guest: a second one gets rc 0x104. */
  create(): UvResult {
    if (this.#configuration !== undefined) return Uv.storageInUse;
    const { storage, onGuestStop } = this.#options;
    this.#configuration = new SecureConfiguration(storage, this.#options, (stop) => onGuestStop?.(stop));
    return Uv.executed;
  }

  /** DESTROY SECURE CONFIGURATION: all that the guest owned is zero and its keys are gone. */
  destroy(): void {
    this.#configuration?.destroy();
    this.#configuration = undefined;
  }

  /**
   * DIAGNOSE 308 subcode 10 after the resets: create, set parameters, unpack, verify, start. On failure
   * nothing of the image is left in plain text and the rest of storage is untouched.
   * @param iplBlock bytes of the IPL parameter block of type 5
   */
  startProtected(iplBlock: Uint8Array, onProgress: StartProgress = () => {}): StartOutcome {
    const created = this.create();
    const configuration = this.#configuration;
    if (created !== Uv.executed || configuration === undefined) return refuseStart(created);
    let outcome: StartOutcome | undefined;
    try {
      outcome = startImage(configuration, this.#options.storage, iplBlock, onProgress);
      return outcome;
    } finally {
      if (outcome?.ok !== true) this.destroy();
    }
  }

  /**
   * First half of DIAGNOSE 308 subcodes 0 and 1 in a protected guest, with all its CPUs stopped: every page is
   * the guest's alone again. Storage keeps its content, except that pages that were shared become zero.
   */
  prepareReset(): UvResult {
    const unshared = this.#configuration?.unshareAll() ?? Uv.invalidState;
    return unshared === Uv.executed ? (this.#configuration?.prepareReset() ?? Uv.invalidState) : unshared;
  }

  /** Second half, after the CPU resets: the PSW at absolute 0. Undefined if it cannot be had. */
  restart(): StartPsw | undefined {
    return this.#configuration?.start();
  }

  /**
   * ULTRAVISOR CALL by the guest's CPU: as a protected guest if there is one, else as a host program.
   * @returns condition code; GPRs do not change
   */
  call(access: UvcbAccess): 0 | 1 {
    return executeUvCall(this.isProtected ? "guest" : "host", access, this.#configuration);
  }

  #stopError(): Error {
    const stop = this.#configuration?.stop;
    return stop === undefined ? new Error("import refused for an unowned page") : new GuestStopError(stop);
  }
}
