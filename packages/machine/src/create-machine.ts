/** One machine from its plan: assembled, run, and given up. */
import { randomBytes } from "node:crypto";
import { LockframeError, unimplemented, UnimplementedError } from "@lockframe/architecture";
import { type DiagnoseTable, specification } from "@lockframe/ccw-bios";
import { ProgramInterruption, type RunResult } from "@lockframe/cpu";
import type {
  AssembleContext,
  Capabilities,
  CharacterPorts,
  HostStorage,
  MachinePlan,
  Stop,
} from "@lockframe/plugin-api";
import type { DeviceEntry } from "@lockframe/profile";
import { GuestStopError } from "@lockframe/ultravisor";
import type { CreateMachine, Machine, MachineOptions, MachineStats, PluggedDevice } from "./api.ts";
import { attachDevices, bootMedia, type CreatedDevice } from "./attach-devices.ts";
import { type Begun, type Parts, assemble } from "./composition/assemble.ts";
import { HotPlug } from "./hot-plug.ts";
import { IdleSlack } from "./idle-slack.ts";
import { InputPacing } from "./input-pacing.ts";
import { hostTimers } from "./machine-control.ts";

/** How long CPUs run before the host's own work (console, signals) gets a turn. */
const TURN_MS = 8;
/** Longest sleep of an idle machine: a guest whose clock is far off is looked at once a minute. */
const LONGEST_SLEEP_MS = 60_000;

export const createMachine: CreateMachine = async (options) => {
  const { hooks, plan } = options.planned;
  const begun = assemble(options);
  const { devices, capabilities } = await createDevices(options, begun);
  const parts = begun.complete();
  parts.lifeCycle.devices = devices.map(({ device }) => device);
  addDiagnoses(devices, parts.diagnoseTable);
  const attached = attachDevices(devices, parts);
  const media = bootMedia(attached);
  parts.initialProgramLoad.offer(media);
  checkNetworkBoot(devices, options, media.length > 0);
  await hooks.devicesReady({ plan, devices: devices.map(({ request, device }) => ({ request, device })) });
  const hotPlug = new HotPlug(devices, attached, {
    planned: options.planned,
    capabilities,
    target: parts,
    changed: (now) => parts.initialProgramLoad.offer(bootMedia(now)),
  });
  return new RunningMachine(options, parts, hotPlug);
};

/** Devices in the order of the plan, each with the capabilities that it named. */
async function createDevices(
  { planned, characterPorts, log, timers = hostTimers }: MachineOptions,
  { consoles, control }: Begun,
): Promise<{ readonly devices: readonly CreatedDevice[]; readonly capabilities: Partial<Capabilities> }> {
  const capabilities: Partial<Capabilities> = {
    log,
    consoles,
    control,
    timers,
    entropy: { bytes: (count) => randomBytes(count) },
    characterPorts: oneTimePorts(characterPorts),
  };
  const context: AssembleContext = {
    plan: planned.plan,
    provide(name, capability) {
      if (capabilities[name] !== undefined) {
        throw new LockframeError(
          "LF-PLUGIN-006",
          `two parts of the machine provide ${name}`,
          "Take one of the plugins out of the profile.",
        );
      }
      capabilities[name] = capability;
    },
  };
  await planned.hooks.assemble(context);
  const devices = planned.devices.map(({ definition, request, properties }) => ({
    request,
    device: definition.instantiate(properties, capabilities),
  }));
  return { devices, capabilities };
}

/**
 * Devices in the boot order that nothing boots from: interfaces of a network.
 * @throws UnimplementedError there is nothing else to start
 */
function checkNetworkBoot(
  devices: readonly CreatedDevice[],
  { source, log }: MachineOptions,
  hasOther: boolean,
): void {
  for (const { request, device } of devices) {
    if (request.properties["bootindex"] === undefined || device.boot !== undefined) continue;
    if (source.kernel === undefined && !hasOther) unimplemented(`booting from a network (${request.type})`);
    log.warn(`the machine cannot boot from ${request.type}: booting from a network is not implemented`);
  }
}

/** Functions of DIAGNOSE that devices bring. @throws LockframeError LF-MACHINE-014 two devices bring the same */
function addDiagnoses(devices: readonly CreatedDevice[], table: DiagnoseTable): void {
  const codes = new Map<number, string>();
  for (const { request, device } of devices) {
    const { diagnose } = device;
    if (diagnose === undefined) continue;
    if (codes.has(diagnose.code)) {
      throw new LockframeError(
        "LF-MACHINE-014",
        `${request.type} and ${codes.get(diagnose.code)} are both reached by DIAGNOSE ${diagnose.code.toString(16)}`,
        "Take one of the two devices out.",
      );
    }
    codes.set(diagnose.code, request.type);
    table.add(diagnose.code, ({ r1, r3, gr }) => {
      const registers = diagnose.execute({ r1, r3, gr });
      return registers === undefined ? specification : { kind: "resume", registers };
    });
  }
}

/** A character device serves one console. */
function oneTimePorts(ports: MachineOptions["characterPorts"]): CharacterPorts {
  const taken = new Set<string>();
  return {
    open(name) {
      const port = ports.get(name);
      if (port === undefined) {
        const known = [...ports.keys()].join(", ");
        throw new LockframeError(
          "LF-CHARDEV-001",
          `there is no character device '${name}'`,
          `There is: ${known}.`,
        );
      }
      if (taken.has(name))
        throw new LockframeError("LF-CHARDEV-002", `character device '${name}' is used twice`);
      taken.add(name);
      return port;
    },
  };
}

class RunningMachine implements Machine {
  readonly plan: MachinePlan;
  readonly storage: HostStorage;
  readonly #options: MachineOptions;
  readonly #parts: Parts;
  readonly #hotPlug: HotPlug;
  #began = 0;
  #ended: number | undefined;
  #idleMs = 0;
  readonly #pacing: InputPacing;

  constructor(options: MachineOptions, parts: Parts, hotPlug: HotPlug) {
    this.plan = options.planned.plan;
    this.#options = options;
    this.#parts = parts;
    this.#hotPlug = hotPlug;
    this.#pacing = new InputPacing(parts.consoles);
    // X-ray was asked for by name and is said aloud at start: the host then sees what the guest sees.
    this.storage = this.plan.protection.xray ? parts.ultravisor.guestView : parts.ultravisor.hostView;
  }

  async run(): Promise<Stop> {
    const { lifeCycle, consoles } = this.#parts;
    this.#began = performance.now();
    consoles.onInput(() => this.#parts.bell.ring());
    lifeCycle.start();
    consoles.begin();
    const stop = await this.#untilStopped();
    this.#ended = performance.now();
    await consoles.flush();
    await this.#options.planned.hooks.shutdown({ stop });
    return stop;
  }

  async #untilStopped(): Promise<Stop> {
    const { lifeCycle, consoles } = this.#parts;
    for (;;) {
      if (lifeCycle.stop !== undefined) return lifeCycle.stop;
      if (lifeCycle.loading !== undefined) {
        await this.#untilLoaded(lifeCycle.loading);
        continue;
      }
      if (lifeCycle.paused) {
        await this.#parts.bell.sleep(LONGEST_SLEEP_MS);
        this.#parts.bell.silence();
        continue;
      }
      const stop = this.#turn();
      if (stop !== undefined) return stop;
      const behind = consoles.drained();
      if (behind !== undefined) await behind;
      const result = this.#result;
      if (result?.kind === "idle" && lifeCycle.stop === undefined) await this.#sleep(result.nanoseconds);
      else {
        this.#pacing.working();
        await nextTurn();
      }
    }
  }
  #result: RunResult | undefined;

  /** Until what boots has been loaded, or something rings. */
  async #untilLoaded(loading: Promise<void>): Promise<void> {
    const { bell } = this.#parts;
    await Promise.race([loading.finally(() => bell.ring()), bell.sleep(LONGEST_SLEEP_MS)]);
    bell.silence();
  }

  /** Let the CPUs run for a while; a stop when they are at their end. */
  #turn(): Stop | undefined {
    const { processors, lifeCycle } = this.#parts;
    try {
      this.#parts.bell.silence();
      const result = processors.run(TURN_MS);
      this.#sample();
      this.#result = result;
      if (lifeCycle.stop !== undefined) return lifeCycle.stop;
      switch (result.kind) {
        case "stopped":
          lifeCycle.stopWaiting({ kind: "powered-off" });
          break;
        case "disabledWait":
          lifeCycle.stopWaiting({
            kind: "disabled-wait",
            cpu: result.cpu.number,
            address: result.cpu.pswAddress,
          });
          break;
        case "interruptionLoop":
          lifeCycle.stopWaiting({
            kind: "interruption-loop",
            cpu: result.cpu.number,
            class: result.class,
            address: result.cpu.pswAddress,
          });
          break;
        default:
      }
    } catch (error) {
      if (error instanceof GuestStopError) lifeCycle.guestStopped(error.stop);
      else if (error instanceof UnimplementedError)
        lifeCycle.requestStop({ kind: "unimplemented", what: error.what });
      // An interruption found its assigned storage locations gone: the guest has been stopped for that.
      else if (!(error instanceof ProgramInterruption && lifeCycle.stop !== undefined)) throw error;
    }
    return lifeCycle.stop;
  }

  /** Until a clock of the guest, input, a device or a quit; or until the guest may be given a line from a pipe. */
  async #sleep(nanoseconds: bigint | undefined): Promise<void> {
    const began = performance.now();
    const untilInput = this.#pacing.waiting(began);
    if (untilInput === 0) return;
    if (nanoseconds !== undefined && this.#parts.processors.skipTime(nanoseconds)) {
      await nextTurn();
      return;
    }
    const untilClock =
      nanoseconds === undefined ? Infinity : Number(nanoseconds) / 1e6 + this.#slack.milliseconds;
    await this.#parts.bell.sleep(Math.min(untilClock, untilInput, LONGEST_SLEEP_MS));
    const now = performance.now();
    this.#idleMs += now - began;
    this.#pacing.slept(now);
    this.#slack.note(began - this.#sleptUntil, now - began);
    this.#sleptUntil = now;
  }
  #sleptUntil = 0;
  readonly #slack = new IdleSlack();

  quit(stop: Extract<Stop, { kind: "quit" }>): void {
    this.#parts.lifeCycle.requestStop(stop);
    this.#parts.bell.ring();
  }
  requestShutdown(): boolean {
    return this.#parts.requestShutdown();
  }
  get devices(): readonly PluggedDevice[] {
    return this.#hotPlug.devices;
  }
  plug(entry: DeviceEntry): Promise<string> {
    return this.#hotPlug.plug(entry);
  }
  unplug(id: string): Promise<void> {
    return this.#hotPlug.unplug(id);
  }
  samples(): ReadonlyMap<bigint, number> {
    return this.#samples;
  }
  readonly #samples = new Map<bigint, number>();
  /** A protected guest's instruction address is its own. */
  #sample(): void {
    const { processors, ultravisor } = this.#parts;
    if (this.#options.sampling !== true || ultravisor.isProtected) return;
    for (const cpu of processors.cpus) {
      if (cpu.state !== "operating" || cpu.waiting) continue;
      this.#samples.set(cpu.pswAddress, (this.#samples.get(cpu.pswAddress) ?? 0) + 1);
    }
  }
  stats(): MachineStats {
    return {
      instructions: this.#parts.processors.instructions,
      elapsedMs: (this.#ended ?? performance.now()) - this.#began,
      idleMs: this.#idleMs,
      unimplemented: this.#parts.services.unimplemented,
      compiled: this.#parts.processors.jit,
      exits: this.#parts.processors.exits,
      protected: this.#parts.ultravisor.isProtected,
    };
  }
  async dispose(): Promise<void> {
    await this.#hotPlug.dispose();
    await this.#parts.dispose();
  }
}

/** One turn of the host's event loop: timers, input and output have been served. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
