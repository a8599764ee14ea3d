/**
 * The hooks of a machine: few, cold, named. Nothing that happens per instruction, per storage access or per
 * interruption is a hook.
 */
import type { Capabilities, CapabilityName } from "./capabilities.ts";
import type { Device } from "./device.ts";
import type { DeviceRequest, MachinePlan } from "./plan.ts";
import type { Stop } from "./stop.ts";

/** Order among the taps of a hook: by phase, then by the order of `plugins` in the profile. */
export type Phase = "early" | "normal" | "late";

/** A function, in the phase `normal`, or a function with a phase. */
export type Tap<Handler> = Handler | { readonly phase: Phase; readonly run: Handler };

/** Services that devices may ask for are added here, before any device is created. */
export interface AssembleContext {
  readonly plan: MachinePlan;
  /** @throws LockframeError LF-PLUGIN-006 when another plugin provides it already */
  provide<Name extends CapabilityName>(name: Name, capability: Capabilities[Name]): void;
}

export interface DevicesReadyContext {
  readonly plan: MachinePlan;
  readonly devices: readonly { readonly request: DeviceRequest; readonly device: Device }[];
}

/** Resets as the Principles of Operation name them. */
export type ResetKind = "cpu" | "initial-cpu" | "subsystem" | "clear" | "power-on";

export interface ResetContext {
  readonly kind: ResetKind;
  /** The CPU that is reset; absent when the reset is for the whole machine. */
  readonly cpu: number | undefined;
}

/** Storage as devices, monitors and loaders reach it: secure pages read as ciphertext. */
export interface HostStorage {
  /** Bytes. */
  readonly size: number;
  /** A copy of `length` bytes from an absolute address. */
  read(address: number, length: number): Uint8Array;
  write(address: number, bytes: Uint8Array): void;
}

/** What a machine is to be started from. */
export interface IplSource {
  /** Raw or ELF kernel, or a Secure Execution image; undefined: the machine boots from a device. */
  readonly kernel: Uint8Array | undefined;
  readonly initrd: Uint8Array | undefined;
  readonly commandLine: string | undefined;
  /** How it boots from a device, at once or when the guest asks for an IPL from one. */
  readonly boot?: DeviceBoot | undefined;
}

/** How a machine boots from a device. */
export interface DeviceBoot {
  /** Boot firmware that runs as guest code (`s390-ccw.img`); undefined: the embedded loader does its work. */
  readonly firmware?: Uint8Array | undefined;
  /** Show the boot menu, or do not; undefined: as the disk's own settings say. */
  readonly menu?: boolean | undefined;
  /** How long the menu waits for a choice, in milliseconds; undefined or 0: without limit. */
  readonly menuTimeout?: number | undefined;
  /** Load parameter of every device that has none of its own, up to 8 characters. */
  readonly loadParameter?: string | undefined;
}

/** Where CPU 0 begins. */
export interface IplEntry {
  /** 64 bits each, bit 0 leftmost. */
  readonly psw: { readonly mask: bigint; readonly address: bigint };
}

export interface IplContext {
  readonly plan: MachinePlan;
  readonly source: IplSource;
  readonly storage: HostStorage;
}

/** A configuration enters or leaves protected mode. Observers only; no guest content. */
export type SecureTransition =
  | { readonly kind: "entering" }
  | { readonly kind: "entered"; readonly pages: number; readonly milliseconds: number }
  | {
      readonly kind: "refused";
      readonly returnCode: number;
      readonly reasonCode: number;
      readonly message: string;
    }
  | { readonly kind: "left"; readonly reason: "reset" | "re-ipl" | "shutdown" };

export interface CheckstopContext {
  readonly cpu: number;
  readonly reason: string;
}

export interface ShutdownContext {
  readonly stop: Stop;
}

/** What a plugin may tap. */
export interface Taps {
  /** Waterfall: offer (phase `early`), then restrict (phase `late`). Returns the plan, changed or not, or refuses it. */
  readonly facilities?: Tap<(plan: MachinePlan) => MachinePlan>;
  /** Series: add services, before devices. */
  readonly assemble?: Tap<(context: AssembleContext) => void | Promise<void>>;
  /** Series: every device exists, nothing runs yet. */
  readonly devicesReady?: Tap<(context: DevicesReadyContext) => void | Promise<void>>;
  /** Sync: after the machine did the reset. */
  readonly reset?: Tap<(context: ResetContext) => void>;
  /** Bail: the first tap that returns an entry has loaded the source. Without one the machine loads a kernel directly. */
  readonly ipl?: Tap<(context: IplContext) => IplEntry | undefined>;
  /** Sync, observers. */
  readonly secureTransition?: Tap<(transition: SecureTransition) => void>;
  /** Sync, observers. */
  readonly checkstop?: Tap<(context: CheckstopContext) => void>;
  /** Series: the machine has stopped; give back what the host lent. */
  readonly shutdown?: Tap<(context: ShutdownContext) => void | Promise<void>>;
}

export type HookName = keyof Taps;
