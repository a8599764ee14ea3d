/** IPL, resets, the way into protected mode and out of it, and why the machine stopped. */
import { LockframeError } from "@lockframe/architecture";
import type { Diagnose308, IplAction, IplParameterBlock } from "@lockframe/ccw-bios";
import { expandShortPsw } from "@lockframe/ccw-bios";
import type { ChannelSubsystem } from "@lockframe/channel-subsystem";
import type { Cpu, Processors } from "@lockframe/cpu";
import type { Storage } from "@lockframe/memory";
import type {
  Device,
  IplEntry,
  IplSource,
  Log,
  MachinePlan,
  SecureTransition,
  Stop,
} from "@lockframe/plugin-api";
import type { ServiceProcessor } from "@lockframe/sclp";
import {
  type GuestStop,
  type StartFailure,
  type Ultravisor,
  explainStartFailure,
  failureRegister,
} from "@lockframe/ultravisor";
import type { MachineEvents } from "./api.ts";
import type { Hooks } from "./hooks.ts";
import type { InitialProgramLoad } from "./initial-program-load.ts";

export interface LifeCycleOptions {
  readonly plan: MachinePlan;
  readonly hooks: Hooks;
  readonly source: IplSource;
  readonly initialProgramLoad: InitialProgramLoad;
  readonly diagnose308: Diagnose308;
  readonly storage: Storage;
  readonly ultravisor: Ultravisor;
  readonly processors: Processors;
  readonly serviceProcessor: ServiceProcessor;
  readonly channelSubsystem: ChannelSubsystem;
  readonly events: MachineEvents;
  readonly log: Log;
}

type CpuReset = Extract<IplAction, { kind: "reset" }>["issuingCpu"];
/** The actions of DIAGNOSE 308 that concern the whole machine. */
type MachineAction = Exclude<IplAction, { kind: "resume" } | { kind: "exception" }>;

export class LifeCycle {
  readonly #o: LifeCycleOptions;
  #stop: Stop | undefined;
  /** The first refusal of protection: what a guest that then gives up died of. */
  #refusal: Extract<Stop, { kind: "protection-refused" }> | undefined;

  constructor(options: LifeCycleOptions) {
    this.#o = options;
  }

  /** Why the machine is to stop, once it is. */
  get stop(): Stop | undefined {
    return this.#stop;
  }
  requestStop(stop: Stop): void {
    this.#stop ??= stop;
    this.#o.processors.leave();
  }
  /** A guest that stops after its image was refused stops for that reason. */
  stopWaiting(stop: Stop): void {
    this.requestStop(this.#refusal ?? stop);
  }
  guestStopped({ message, address }: GuestStop): void {
    this.requestStop({ kind: "integrity-violation", address: BigInt(address), message });
  }

  /**
   * Power on, and the IPL that follows; also every re-IPL.
   * @param block the device to boot from that the guest named
   */
  start(block?: IplParameterBlock): void {
    const { plan, hooks, source, initialProgramLoad, ultravisor, processors } = this.#o;
    if (ultravisor.isProtected) this.#leaveProtection("re-ipl");
    this.#refusal = undefined;
    for (const cpu of processors.cpus) {
      processors.clearReset(cpu);
      cpu.state = "stopped";
    }
    this.#resetSubsystem();
    hooks.reset({ kind: "clear", cpu: undefined });
    const first = processors.cpus[0];
    if (first === undefined) throw new Error("a machine has at least one CPU");
    const begin = ({ psw }: IplEntry): void => {
      first.loadPsw(psw.mask, psw.address);
      first.state = "operating";
    };
    const entry = hooks.ipl({ plan, source, storage: ultravisor.hostView }) ?? initialProgramLoad.load(block);
    if (entry instanceof Promise) this.#loading = this.#finishLoading(entry, begin);
    else begin(entry);
  }

  /** While something is loaded, no CPU runs; resolves when one does, or there is a stop. */
  get loading(): Promise<void> | undefined {
    return this.#loading;
  }
  #loading: Promise<void> | undefined;

  async #finishLoading(loaded: Promise<IplEntry>, begin: (entry: IplEntry) => void): Promise<void> {
    try {
      begin(await loaded);
    } catch (error) {
      if (!(error instanceof LockframeError)) throw error;
      this.requestStop({ kind: "ipl-failed", code: error.code, message: error.message, hint: error.hint });
    } finally {
      this.#loading = undefined;
    }
  }

  /** Everything but CPUs and storage: I/O, the service processor, what devices are reached by DIAGNOSE. */
  #resetSubsystem(): void {
    const { channelSubsystem, serviceProcessor, processors } = this.#o;
    channelSubsystem.reset();
    serviceProcessor.reset();
    processors.floating.clear();
    for (const device of this.#devices) device.reset?.();
  }
  /** Devices that a reset concerns. */
  set devices(devices: readonly Device[]) {
    this.#devices = devices;
  }
  #devices: readonly Device[] = [];

  /** A reset from outside: the machine starts again as it was started first. */
  externalReset(): void {
    this.#o.diagnose308.externalReset();
    this.#restart(undefined);
  }
  #restart(block: IplParameterBlock | undefined): void {
    if (this.#o.plan.onReboot === "stop") return this.requestStop({ kind: "rebooted" });
    this.#o.events.rebooting?.();
    this.#o.storage.clearPages(0, this.#o.storage.pageCount);
    this.start(block);
    this.#o.processors.leave();
  }

  /** No CPU runs any more. */
  pause(): void {
    this.#paused = true;
    this.#o.processors.leave();
  }
  get paused(): boolean {
    return this.#paused;
  }
  #paused = false;

  /** Do what DIAGNOSE 308 asked for on behalf of a CPU. */
  ipl(issuer: Cpu, action: MachineAction): void {
    switch (action.kind) {
      case "re-ipl":
        return this.#restart(action.block);
      case "reset":
        return this.#loadNormal(issuer, action);
      case "start-protected":
        return this.#startProtected(issuer, action);
    }
  }

  /** Subcodes 0 and 1: resets, then the short PSW at absolute 0. Storage stays. */
  #loadNormal(issuer: Cpu, { issuingCpu, otherCpus }: Extract<MachineAction, { kind: "reset" }>): void {
    const { ultravisor, storage, processors } = this.#o;
    this.#o.initialProgramLoad.handedOver();
    this.#resetSubsystem();
    const wasProtected = ultravisor.isProtected;
    if (wasProtected) ultravisor.prepareReset();
    for (const cpu of processors.cpus) {
      this.#reset(cpu, cpu === issuer ? issuingCpu : otherCpus);
      if (cpu !== issuer) cpu.state = "stopped";
    }
    const psw = wasProtected ? ultravisor.restart() : expandShortPsw(storage.fetch(0, 8));
    if (psw === undefined) {
      this.requestStop({
        kind: "check-stop",
        cpu: issuer.number,
        reason: "the PSW at absolute 0 cannot be had",
      });
      return;
    }
    issuer.early = !issuer.loadPsw(psw.mask, psw.address);
  }
  #reset(cpu: Cpu, kind: CpuReset): void {
    const { processors, hooks } = this.#o;
    if (kind === "normal") processors.reset(cpu);
    else if (kind === "initial") processors.initialReset(cpu);
    else processors.clearReset(cpu);
    hooks.reset({
      kind: kind === "normal" ? "cpu" : kind === "initial" ? "initial-cpu" : "clear",
      cpu: cpu.number,
    });
  }

  /** Subcode 10. On success the guest goes on at its header's PSW with registers of its own; else after the DIAGNOSE. */
  #startProtected(
    issuer: Cpu,
    {
      block,
      issuingCpu,
      otherCpus,
      failureRegister: register,
    }: Extract<MachineAction, { kind: "start-protected" }>,
  ): void {
    const { plan, ultravisor, processors, serviceProcessor } = this.#o;
    const veto = plan.protection.vetoes[0];
    if (veto !== undefined) {
      issuer.setGr(register, BigInt(veto.responseCode));
      this.#refused({
        code: "LF-PV-010",
        message: veto.message,
        hint: undefined,
        returnCode: 0,
        reasonCode: 0,
      });
      return;
    }
    this.#transition({ kind: "entering" });
    this.#resetSubsystem();
    for (const cpu of processors.cpus) {
      this.#reset(cpu, cpu === issuer ? issuingCpu : otherCpus);
      if (cpu !== issuer) cpu.state = "stopped";
    }
    const began = performance.now();
    let pages = 0;
    const outcome = ultravisor.startProtected(block.bytes, (done) => {
      pages = done;
    });
    if (!outcome.ok) {
      issuer.setGr(register, failureRegister(outcome.failure));
      this.#explain(outcome.failure);
      return;
    }
    serviceProcessor.protectedGuest = true;
    processors.clearReset(issuer);
    issuer.early = !issuer.loadPsw(outcome.psw.mask, outcome.psw.address);
    this.#refusal = undefined;
    this.#transition({ kind: "entered", pages, milliseconds: performance.now() - began });
  }
  /** The block with which the guest would become a protected one is none. */
  blockRefused(why: string): void {
    this.#refused({
      code: "LF-UV-100",
      message: `the protected guest was not started: there is no valid IPL parameter block for it: ${why}`,
      hint: "the image is damaged; copy or build it again",
      returnCode: 0,
      reasonCode: 0,
    });
  }
  #explain(failure: StartFailure): void {
    const { code, message, hint } = explainStartFailure(failure);
    this.#refused({ code, message, hint, returnCode: failure.rc, reasonCode: failure.rrc });
  }
  #refused(why: Omit<Extract<Stop, { kind: "protection-refused" }>, "kind">): void {
    this.#refusal ??= { kind: "protection-refused", ...why };
    this.#o.log.warn(`${why.code}: ${why.message}`);
    this.#transition({
      kind: "refused",
      returnCode: why.returnCode,
      reasonCode: why.reasonCode,
      message: why.message,
    });
  }
  #leaveProtection(reason: "re-ipl" | "shutdown"): void {
    this.#o.ultravisor.destroy();
    this.#o.serviceProcessor.protectedGuest = false;
    this.#transition({ kind: "left", reason });
  }
  #transition(transition: SecureTransition): void {
    this.#o.events.secureTransition?.(transition);
    this.#o.hooks.secureTransition(transition);
  }
}
