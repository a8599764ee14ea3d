/**
 * What a caller has of a machine: options in, a `Stop` out, ports for its consoles, a view for dumps, figures.
 *
 * `run` is the only loop. A machine runs once; a re-IPL that its guest asks for happens inside the run.
 */
import type { KeyObject } from "node:crypto";
import type { ExitStatistics, JitStatistics } from "@lockframe/cpu";
import type {
  CharacterPort,
  HostStorage,
  IplSource,
  Log,
  MachinePlan,
  SecureTransition,
  Stop,
  Timers,
} from "@lockframe/plugin-api";
import type { DeviceEntry } from "@lockframe/profile";
import type { PlannedMachine } from "./plan/plan-machine.ts";

export interface MachineOptions {
  readonly planned: PlannedMachine;
  /** What to start; it is kept, so that a re-IPL starts the same again. */
  readonly source: IplSource;
  /** Private host keys of the Ultravisor (P-521). None: no image can be unpacked. */
  readonly hostKeys: readonly KeyObject[];
  /** Character devices of the host by name (`stdio`, or what `-chardev` named). */
  readonly characterPorts: ReadonlyMap<string, CharacterPort>;
  readonly log: Log;
  /** Time for devices; absent: the host's. */
  readonly timers?: Timers;
  /** Look at instruction addresses now and then; see `Machine.samples`. */
  readonly sampling?: boolean;
  /** Told as they happen. */
  readonly events?: MachineEvents;
}

export interface MachineEvents {
  secureTransition?(transition: SecureTransition): void;
  /** The guest asked for a re-IPL and the machine starts it again. */
  rebooting?(): void;
}

/** Figures of a run so far. */
export interface MachineStats {
  /** Instructions that the guest completed. */
  readonly instructions: number;
  /** Milliseconds of host time since `run`, and how many of them the machine was idle in wait states. */
  readonly elapsedMs: number;
  readonly idleMs: number;
  /** Operation exceptions for instructions that the architecture has and this emulator lacks, by mnemonic. */
  readonly unimplemented: ReadonlyMap<string, number>;
  /** Whether the guest is a protected one now. */
  readonly protected: boolean;
  /** What was compiled; undefined when the engine is the interpreter. */
  readonly compiled: JitStatistics | undefined;
  /** How often the engine came back, and why; what it called out for; TLB misses. */
  readonly exits: ExitStatistics;
}

/** A device with a subchannel. */
export interface PluggedDevice {
  readonly type: string;
  readonly id: string | undefined;
  /** `css.ssid.number`, hexadecimal, as Linux shows it. */
  readonly subchannel: string;
  /** `css.ssid.devno`, hexadecimal. */
  readonly deviceNumber: string;
}

export interface Machine {
  readonly plan: MachinePlan;
  /** All of storage as the host may see it: secure pages read as ciphertext, unless x-ray was asked for. */
  readonly storage: HostStorage;
  /** Run until something stops the machine. @throws LockframeError what cannot be started; any other error is a bug */
  run(): Promise<Stop>;
  /** End the run from outside; `run` resolves with this stop in a few milliseconds. */
  quit(stop: Extract<Stop, { kind: "quit" }>): void;
  /** Ask the guest to shut down, as by a power button. False when it does not listen. */
  requestShutdown(): boolean;
  /** Devices that have subchannels now. */
  readonly devices: readonly PluggedDevice[];
  /**
   * Plug a device; a guest that listens for channel reports finds it. Resolves with its device number.
   * @throws LockframeError what is wrong with it; nothing has changed then
   */
  plug(entry: DeviceEntry): Promise<string>;
  /** Take a device away, by its id; the guest is told, not asked. @throws LockframeError there is none */
  unplug(id: string): Promise<void>;
  stats(): MachineStats;
  /**
   * Where CPUs were when the host looked, between turns of some milliseconds: how often, by instruction address. Of a
   * protected guest nothing is seen. Empty unless `sampling` was asked for.
   */
  samples(): ReadonlyMap<bigint, number>;
  /** Give up memory and host resources. After `run` has ended. */
  dispose(): Promise<void>;
}

/**
 * Assemble a machine. Everything that can be refused is refused here, before anything runs.
 *
 * @throws LockframeError what is wrong with the source, the keys, the size, or what a plugin or device refuses
 */
export type CreateMachine = (options: MachineOptions) => Promise<Machine>;
